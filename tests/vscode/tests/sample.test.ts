/** The demo organisation: labelled as such, and the one whose pictures are taken. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { describe } from "node:test";
import { session } from "../harness/session.ts";
import type { Workbench } from "../harness/workbench.ts";

const THEMES = { dark: "Dark 2026", light: "Light 2026", "high-contrast": "Default High Contrast" };
const WINDOW = { width: 1280, height: 800 };
/** So wide is the panel in it: a window's frame takes 10 pixels. */
const NARROW = { width: 410, height: 900 };
/** The rules whose outcome hangs on the theme. */
const COLOURS = ["color-contrast", "link-in-text-block"];
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
    test(`every section looks right and is accessible in ${theme}`, async ({ workbench, vscode }) => {
      const { panel } = workbench;
      vscode.configure({ "workbench.colorTheme": theme });
      await panel.hasTheme(name);
      await workbench.status.leave();
      await workbench.screenshot(name);
      // What does not hang on colours is the same in every theme.
      await everySection(workbench, name === "dark" ? undefined : COLOURS, async (section) => {
        if (name === "dark" && ["api-keys", "completions", "limits"].includes(section))
          await workbench.screenshot(section);
      });
      await panel.goTo("overview");
    });
  }

  test("pickers, filters and charts as tables are accessible too", async ({ workbench, vscode }) => {
    const { panel } = workbench;
    vscode.configure({ "workbench.colorTheme": THEMES.dark });
    await panel.hasTheme("dark");
    await panel.goTo("projects");
    await panel.drill("projects", "Support assistant");
    await panel.until(({ filters, section }) => assert.deepEqual([filters.length, section], [1, "overview"]));
    await panel.pick("models", "gpt-5.4-2026-03-05");
    await panel.until(({ filters, isBusy }) => assert.deepEqual([filters.length, isBusy], [2, false]));
    await workbench.screenshot("drill-down");
    await panel.control("apiKeyIds").locator("button.picker").click();
    await panel.control("apiKeyIds").locator(".choice").first().waitFor();
    await workbench.screenshot("picker");
    assert.deepEqual(await violations(workbench), []);
    await workbench.page.keyboard.press("Escape");
    const chart = panel.chart("daily-spend");
    await chart.locator("summary").click();
    await chart.locator("tbody").waitFor();
    assert.deepEqual(await violations(workbench), []);
    await chart.locator("summary").click();
    await panel.clearFilters();
  });

  test("every section fits into a narrow panel and is accessible there", async ({ workbench, vscode }) => {
    const { panel, page } = workbench;
    vscode.configure({ "workbench.activityBar.location": "hidden" });
    await panel.goTo("overview");
    await page.setViewportSize(NARROW);
    await panel.app.evaluate(({ ownerDocument }) => {
      const page = ownerDocument.documentElement;
      if (page.clientWidth > 400) return new Promise((resolve) => window.addEventListener("resize", resolve));
      return undefined;
    });
    await workbench.screenshot("narrow");
    await everySection(workbench, undefined, async (section) => {
      const { wide, narrow } = await panel.app.evaluate(({ ownerDocument: { documentElement } }) => ({
        wide: documentElement.scrollWidth,
        narrow: documentElement.clientWidth,
      }));
      assert.ok(narrow <= 400, `${narrow}`);
      assert.equal(wide, narrow, `${section} is wider than the panel`);
    });
    await panel.goTo("overview");
  });

  test("it fills a large window", async ({ workbench }) => {
    const { panel, page } = workbench;
    await page.setViewportSize({ ...WINDOW, height: 2000 });
    await panel.table("line-items").waitFor();
    await workbench.screenshot("whole-panel");
  });
});

/** Goes to each section, by one click, and finds nothing wrong with it. */
async function everySection(
  workbench: Workbench,
  rules: string[] | undefined,
  check: (section: string) => Promise<void>,
): Promise<void> {
  const { panel } = workbench;
  const { nav } = await panel.until(({ nav }) => assert.equal(nav.length, 18));
  for (const section of nav) {
    await panel.goTo(section);
    await panel.until(({ isLoading }) => assert.ok(!isLoading));
    await check(section);
    assert.deepEqual(await violations(workbench, rules), [], section);
  }
}

/** What axe-core finds wrong with the page, one line each. @param rules Those to check, else all. */
async function violations({ panel }: Workbench, rules?: string[]): Promise<string[]> {
  const page = await panel.ownFrame();
  // By way of the debugger, as this is: the page's own content security policy lets no such script in.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(await readFile(AXE, "utf8"));
  return page.evaluate(async (values) => {
    const { axe } = window as unknown as { axe: typeof import("axe-core") };
    const { violations } = await axe.run(document, {
      iframes: false,
      resultTypes: ["violations"],
      ...(values ? { runOnly: { type: "rule" as const, values } } : {}),
    });
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map((node) => `${id}: ${help}: ${node.target.join(" ")} ${node.failureSummary ?? ""}`),
    );
  }, rules);
}
