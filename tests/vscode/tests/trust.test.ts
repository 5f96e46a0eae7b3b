/** A folder's own settings choose neither the program that runs nor the address that the key is sent to. */
import assert from "node:assert/strict";
import { describe } from "node:test";
import { ADMIN_KEY } from "../harness/demoApi.ts";
import { session } from "../harness/session.ts";

describe("a folder that brings settings", () => {
  const test = session("untrusted", (demo) => ({
    env: { OPENAI_BASE_URL: demo.baseUrl, OPENAI_ADMIN_KEY: ADMIN_KEY },
    // Nobody may call there: the port is closed, and there is no such program.
    workspaceSettings: {
      "openaiUsage.baseUrl": "http://127.0.0.1:9/v1",
      "openaiUsage.interpreter": "/no/such/python3",
    },
  }));

  test("is not obeyed while it is not trusted", async ({ workbench, demo }) => {
    await workbench.page.getByText("Restricted Mode").first().waitFor();
    await workbench.status.shows(/^\$\(graph\) .* today/);
    assert.ok((await demo.requests()).length > 0);
  });
});
