/** Without a key, and without Python: what is missing is said, one click leads to it, and the key stays a secret. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe } from "node:test";
import { ADMIN_KEY } from "../harness/demoApi.ts";
import { eventually } from "../harness/eventually.ts";
import { scratch } from "../harness/paths.ts";
import { session } from "../harness/session.ts";
import type { VsCode } from "../harness/vscode.ts";
import type { Workbench } from "../harness/workbench.ts";

const NO_KEY = "$(key) Set OpenAI admin key";
const NUMBERS = /^\$\(graph\) \$[\d,]+\.\d\d today · \$[\d,]+\.\d\d this month$/;
/** Made up: neither opens anything. */
const PROJECT_KEY = "sk-proj-0000T3BlbkFJ1111";
const SESSION_TOKEN = `sess-${"0".repeat(40)}`;
const REVOKED_KEY = `${ADMIN_KEY}-revoked`;

describe("without a key", () => {
  const test = session("no-key", () => ({ env: { PATH: pathWithOldPython() } }));

  test("the status bar asks for one, and so does the panel", async ({ workbench }) => {
    await workbench.status.shows(NO_KEY);
    assert.match(
      await workbench.status.tooltip(),
      /platform\.openai\.com\/settings\/organization\/admin-keys/,
    );
    await workbench.run("OpenAI: Show OpenAI usage");
    await workbench.panel.reaches("empty");
    await workbench.screenshot("no-key");
    await workbench.panel.frame.getByRole("button", { name: "Set admin key" }).click();
    await workbench.quickInput.waitFor();
    await workbench.page.keyboard.press("Escape");
  });

  test("a click leads to the input box, which explains a project key", async ({ workbench }) => {
    await workbench.status.click();
    await workbench.typeKey("");
    await workbench.quickInput.getByText("An admin key of your organisation").waitFor();
    await workbench.screenshot("set-key");
    await workbench.typeKey("sk-admin");
    assert.doesNotMatch(await workbench.quickInput.innerText(), /user's API key/);
    await workbench.page.keyboard.press("Enter");
    await workbench.quickInput.getByText("only the beginning of a key").waitFor();
    await workbench.typeKey(PROJECT_KEY);
    await workbench.quickInput
      .getByText("with this one only OpenAI's endpoints of 2023 can be tried")
      .waitFor();
    await workbench.screenshot("project-key");
    await workbench.typeKey("sess-");
    await workbench.page.keyboard.press("Enter");
    await workbench.quickInput.getByText("only the beginning of a key").waitFor();
    await workbench.typeKey(SESSION_TOKEN);
    await workbench.quickInput.getByText("It reads the endpoints of 2023, until it expires").waitFor();
    await workbench.page.keyboard.press("Escape");
    await workbench.status.shows(NO_KEY);
  });

  test("where only the organisation's API is to be read, no other key is taken", async ({
    workbench,
    vscode,
  }) => {
    vscode.configure({ "openaiUsage.source": "organization" });
    await workbench.status.click();
    const refused = async (key: string, what: string) => {
      // The setting is there when it is there.
      await eventually(async () => {
        await workbench.typeKey("");
        await workbench.typeKey(key);
        assert.match(await workbench.quickInput.innerText(), /made by an organisation owner/);
      });
      await workbench.page.keyboard.press("Enter");
      await workbench.quickInput.getByText(what).waitFor();
    };
    await refused(PROJECT_KEY, "This is a project key. Usage is read with an admin key");
    await refused(SESSION_TOKEN, "This is a session token of a browser. Usage is read with an admin key");
    await workbench.page.keyboard.press("Escape");
    await workbench.status.shows(NO_KEY);
    vscode.configure({ "openaiUsage.source": undefined });
  });

  test("a key that OpenAI refuses is said to be refused", async ({ workbench, vscode, demo }) => {
    // Only now: what OpenAI's keys look like is known for OpenAI's own address alone.
    vscode.configure({ "openaiUsage.baseUrl": demo.baseUrl });
    await workbench.setKey(REVOKED_KEY);
    await workbench.status.shows("$(error) OpenAI key refused");
    await workbench.panel.reaches("empty");
    await workbench.screenshot("key-refused");
  });

  test("with another key, what the last one led to is no longer said", async ({ workbench, demo }) => {
    await demo.inject({ kind: "hang", times: null });
    await workbench.status.click();
    await workbench.typeKey(` ${ADMIN_KEY} `);
    await workbench.page.keyboard.press("Enter");
    await workbench.status.shows(/OpenAI usage/);
    await workbench.panel.reaches("loading");
  });

  test("with the same key once more it is tried again, and the numbers appear", async ({ workbench }) => {
    await workbench.setKey(ADMIN_KEY);
    await workbench.status.shows(NUMBERS);
    await workbench.panel.reaches("ready");
  });

  test("the key is kept when the window is opened again", async ({ workbench }) => {
    await workbench.reload();
    await workbench.status.shows(NUMBERS);
  });

  test("the key is in nothing that was written", async ({ vscode }) => {
    await assertNotWritten(vscode, ADMIN_KEY);
  });

  test("who forgets the key is told of the data on disk, and can think better of it", async ({
    workbench,
  }) => {
    await workbench.run("OpenAI: Forget admin key");
    const dialog = workbench.page.locator(".monaco-dialog-box");
    await dialog.getByText("The usage that was fetched with it is kept on this computer").waitFor();
    for (const name of ["Forget", "Forget and Erase Data"])
      await dialog.getByRole("button", { name, exact: true }).waitFor();
    await workbench.screenshot("forget-key");
    await workbench.page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await workbench.status.shows(NUMBERS);
  });

  test("a forgotten key is gone, and with it the figures of a panel behind another tab", async ({
    workbench,
    vscode,
  }) => {
    const { panel } = workbench;
    const own = workbench.tabs("OpenAI usage");
    await own.click();
    await panel.reaches("ready");
    const spend = await panel.metric("spend").innerText();
    await eventually(async () => assert.ok((await workbench.kept()).includes(spend), "nothing was kept"));
    await workbench.run("File: New Untitled Text File");
    await panel.app.waitFor({ state: "hidden" });
    await forgetKey(workbench, "Forget");
    await workbench.status.shows(NO_KEY);
    await workbench.reload();
    await workbench.status.shows(NO_KEY);
    assert.ok(!(await workbench.kept()).includes(spend), "the figures are still kept");
    await own.click();
    await panel.reaches("empty");
    await assertNotWritten(vscode, ADMIN_KEY);
  });

  test("set once more, the key brings its figures back from disk", async ({ workbench, demo }) => {
    await demo.inject({ kind: "hang", times: null });
    await workbench.setKey(ADMIN_KEY);
    await workbench.status.shows(/\$[\d,]+\.\d\d this month/);
  });

  test("the data can be erased with the key", async ({ workbench, demo }) => {
    await forgetKey(workbench, "Forget and Erase Data");
    await workbench.status.shows(NO_KEY);
    assert.equal(await workbench.notifications.count(), 0);
    await demo.reset();
    await demo.inject({ kind: "hang", times: null });
    await workbench.setKey(ADMIN_KEY);
    // What is on disk is read before anything is asked for.
    await eventually(async () => assert.notDeepEqual(await demo.requests(), []));
    assert.doesNotMatch(await workbench.status.text(), /\d/);
    await forgetKey(workbench, "Forget");
    await workbench.status.shows(NO_KEY);
  });

  test("without Python, the status bar says so and leads to the setting", async ({ workbench, vscode }) => {
    const missing = "/no/such/python3";
    vscode.configure({ "openaiUsage.interpreter": missing });
    await eventually(async () => {
      assert.equal(await workbench.status.text(), "$(error) OpenAI usage needs Python");
      assert.match(await workbench.status.tooltip(), /Python.*openaiUsage\.interpreter was not found/);
    });
    await workbench.screenshot("no-python");
    await workbench.status.click();
    await workbench.notifications
      .getByText(/Python/)
      .first()
      .waitFor();
    await workbench.notifications.getByRole("button", { name: "Choose interpreter" }).click();
    const setting = workbench.page.locator(".settings-editor .setting-item-contents");
    await setting.filter({ hasText: "Path of the Python" }).waitFor();
    await workbench.screenshot("choose-interpreter");
    await workbench.page.keyboard.press("Escape");
    vscode.configure({ "openaiUsage.interpreter": 42 });
    await eventually(async () => assert.match(await workbench.status.tooltip(), /has to be a text/));
    // Nor can anything be erased then; the key is forgotten all the same.
    await workbench.setKey(ADMIN_KEY);
    await forgetKey(workbench, "Forget and Erase Data");
    const notErased = workbench.notifications.filter({ hasText: "could not be erased" });
    await notErased.getByText(vscode.dataFolder).waitFor();
    await notErased.getByRole("button", { name: "Show log" }).waitFor();
    await workbench.screenshot("not-erased");
    vscode.configure({ "openaiUsage.interpreter": undefined });
    await workbench.status.shows(NO_KEY);
  });
});

/** As on a system that calls an old Python "python3" and has a newer one beside it. */
function pathWithOldPython(): string {
  const folder = scratch("old-python");
  const old = {
    executable: "/usr/bin/python3",
    implementation: "cpython",
    version: [3, 9],
    platform: "",
    freeThreaded: false,
  };
  writeFileSync(join(folder, "python3"), `#!/bin/sh\necho '${JSON.stringify(old)}'\n`, { mode: 0o755 });
  const python = process.env.PYTHON ?? "python3";
  const about = "import sys; print(sys.executable, 'python%d.%d' % sys.version_info[:2])";
  const [program = "", name = ""] = execFileSync(python, ["-c", about], { encoding: "utf8" })
    .trim()
    .split(" ");
  rmSync(join(folder, name), { force: true });
  symlinkSync(program, join(folder, name));
  return folder;
}

async function forgetKey(workbench: Workbench, name: string): Promise<void> {
  await workbench.run("OpenAI: Forget admin key");
  await workbench.page.locator(".monaco-dialog-box").getByRole("button", { name, exact: true }).click();
}

/** All of it: logs, state, settings, the server's files. The browser alone keeps secrets, in its own storage. */
async function assertNotWritten(vscode: VsCode, key: string): Promise<void> {
  const files = [];
  for await (const { path, bytes } of vscode.filesWritten()) {
    assert.ok(!bytes.includes(key), `the key is in ${path}`);
    files.push(path);
  }
  assert.ok(
    files.some((path) => /OpenAI Usage\.log$/.test(path)),
    `no log among the files: ${files.join(", ")}`,
  );
}
