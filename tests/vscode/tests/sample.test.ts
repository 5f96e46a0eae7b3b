/** The demo organisation: labelled as such, and the one whose pictures are taken. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { describe } from "node:test";
import { session } from "../harness/session.ts";
import type { Workbench } from "../harness/workbench.ts";

const THEMES = { dark: "Dark 2026", light: "Light 2026", "high-contrast": "Default High Contrast" };
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

describe("sample data", () => {
  const test = session("sample", () => ({ env: { OPENAI_USAGE_DEMO: "1" } }));

  test("is labelled in the tooltip and in the panel", async ({ workbench }) => {
    await workbench.status.shows(/^\$\(graph\) \$\S+ today · \$\S+ this month$/);
    const tooltip = await workbench.status.hover();
    assert.match(await tooltip.innerText(), /sample data/i);
    await workbench.screenshot("tooltip");
    await workbench.status.leave();
    await workbench.status.click();
    await workbench.panel.reaches("ready");
    await workbench.panel.frame.locator(".sample").getByText("Sample data").waitFor();
  });

  for (const [name, theme] of Object.entries(THEMES)) {
    test(`looks right and is accessible in ${theme}`, async ({ workbench, vscode }) => {
      vscode.configure({ "workbench.colorTheme": theme });
      await workbench.panel.hasTheme(name);
      await workbench.screenshot(name);
      assert.deepEqual(await violations(workbench), []);
    });
  }

  test("fits into a narrow panel and fills a large one", async ({ workbench, vscode }) => {
    vscode.configure({ "workbench.colorTheme": THEMES.dark, "workbench.activityBar.location": "hidden" });
    await workbench.panel.hasTheme("dark");
    await workbench.page.setViewportSize({ width: 410, height: 900 });
    const overflow = () =>
      workbench.panel.app.evaluate(
        ({ ownerDocument: { documentElement: page } }) => page.scrollWidth - page.clientWidth,
      );
    assert.equal(await overflow(), 0, "the page is wider than the panel");
    await workbench.screenshot("narrow");
    await workbench.page.setViewportSize({ width: 1280, height: 2000 });
    await workbench.panel.table("projects").waitFor();
    await workbench.screenshot("whole-panel");
  });
});

/** What axe-core finds wrong with the page, one line each. */
async function violations(workbench: Workbench): Promise<string[]> {
  const page = await (await workbench.panel.app.elementHandle())?.ownerFrame();
  assert.ok(page);
  // By way of the debugger, as this is: the page's own content security policy lets no such script in.
  await page.evaluate(await readFile(AXE, "utf8"));
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import("axe-core") };
    const { violations } = await axe.run(document, { iframes: false });
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map((node) => `${id}: ${help}: ${node.target.join(" ")} ${node.failureSummary ?? ""}`),
    );
  });
}
