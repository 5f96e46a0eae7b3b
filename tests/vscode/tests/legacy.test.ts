/** Without an admin key: gateways, session tokens, ordinary keys, and files that somebody saved. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { after, before, describe } from "node:test";
import { pathToFileURL } from "node:url";
import { type Decimal, decimal, dollars, plain, sum, sumBy } from "../harness/decimal.ts";
import { DemoApi } from "../harness/demoApi.ts";
import { eventually } from "../harness/eventually.ts";
import { cents, LegacyApi } from "../harness/legacyApi.ts";
import { type Days, day, days, firstOfMonth, type Row, total } from "../harness/openaiApi.ts";
import { session } from "../harness/session.ts";
import type { Bar, Contents } from "../harness/usagePanel.ts";
import type { VsCode } from "../harness/vscode.ts";
import type { Workbench } from "../harness/workbench.ts";

const MONTH: Days = { first: day(29), last: day(0) };
/** So many days of a minute's are no wait. */
const AT_ONCE = ["--requests-per-minute", "1000"];
/** Made up: they open nothing but the demo organisation. */
const SESSION_TOKEN = `sess-${"0".repeat(40)}`;
const ORDINARY_KEY = `sk-proj-${"0".repeat(40)}`;
const GATEWAY_KEY = `sk-${"0".repeat(48)}`;

describe("without an admin key", () => {
  const test = session(
    "legacy",
    (demo) => ({
      settings: { "openaiUsage.baseUrl": demo.baseUrl },
      env: { OPENAI_ADMIN_KEY: SESSION_TOKEN },
    }),
    ...AT_ONCE,
  );
  let gateway: DemoApi;

  before(async () => {
    gateway = await DemoApi.start("--gateway");
  });
  after(() => gateway.stop());

  test("a session token reads the bill: today's and this month's stand in the status bar", async ({
    workbench: { status },
    demo,
  }) => {
    await status.shows(await expectedStatus(new LegacyApi(demo.baseUrl, SESSION_TOKEN)));
  });

  test("the panel shows the bill by day and line item, and what is left of budget and credit", async ({
    workbench,
    demo,
  }) => {
    const { status, panel } = workbench;
    const api = new LegacyApi(demo.baseUrl, SESSION_TOKEN);
    const [bill, limit, available] = await Promise.all([api.bill(MONTH), api.hardLimit(), api.available()]);
    const byItem = sumBy(bill, ({ of }) => of.line_item ?? "", amountOf);
    await status.click();
    await panel.until(({ metrics, charts, tables }) => {
      const { bars } = charts["daily-spend"] ?? { bars: [] };
      assert.deepEqual([...new Set(bars.map(({ category }) => category))].sort(), days(MONTH.first, day(0)));
      assert.deepEqual(
        barsBy(bars, ({ category }) => category),
        sumBy(bill, (row) => row.day, amountOf),
      );
      // The others are small, and one together.
      const named = bars.filter(({ series }) => series.startsWith("="));
      for (const [series, amount] of Object.entries(barsBy(named, (bar) => bar.series)))
        assert.equal(amount, byItem[series.slice(1)], series);
      assert.equal(metrics.spend?.value, plain(total(bill)));
      assert.equal(metrics.limit?.value, plain(limit), "of a month only at OpenAI's own address");
      assert.equal(metrics.credit?.value, plain(available));
      const table = tables["line-items"];
      assert.equal(table?.total?.cells.spend, plain(total(bill)));
      for (const { id, cells } of table.rows) assert.equal(cells.spend, byItem[id.slice(1)] ?? "0", id);
    });
    await workbench.screenshot("session-token");
  });

  test("what these endpoints cannot tell is not there", async ({ workbench: { panel } }) => {
    const { nav, tables } = await panel.read();
    for (const tool of ["vector_stores", "file_search_calls", "web_search_calls"])
      assert.ok(!nav.includes(tool), nav.join());
    for (const [id, { columns }] of Object.entries(tables))
      assert.equal(columns.includes("spend"), id === "line-items", `what was billed, by ${id}`);
  });

  test("saved usage is shown from the menu of the tab, marked, and closed from the keyboard", async ({
    workbench,
    vscode,
  }) => {
    const { panel, page } = workbench;
    const before = await chosen(panel.read());
    const spend = await panel.metric("spend").innerText();
    save(vscode, SAVED);
    await workbench.tabs("OpenAI usage").click();
    await page.locator(".editor-actions").getByRole("button", { name: "More Actions..." }).first().click();
    await page.getByRole("menuitem", { name: /Import saved usage…/ }).click();
    await pick(workbench, vscode.inWorkspace(""), vscode.inWorkspace(COSTS));
    await panel.imported.waitFor();
    await panel.until(({ metrics }) => assert.equal(metrics.spend?.value, plain(total(SAVED_COSTS))));
    assert.equal(await panel.frame.locator("[data-action=refresh]").count(), 0);
    await reach(workbench, "[data-action=close-import]");
    await page.keyboard.press("Enter");
    await panel.imported.waitFor({ state: "detached" });
    assert.equal(await panel.metric("spend").innerText(), spend);
    assert.deepEqual(await chosen(panel.read()), before);
    // Who was at the keyboard is not left at nothing.
    assert.notEqual(await panel.app.evaluate(() => document.activeElement?.localName), "body");
  });

  test("several files are shown together, and what is chosen of them is not chosen of the account", async ({
    workbench,
    vscode,
  }) => {
    const { panel, page } = workbench;
    const before = await chosen(panel.read());
    const status = await workbench.status.text();
    save(vscode, SAVED);
    vscode.bind("ctrl+alt+f8", "openaiUsage.import", {
      uris: Object.keys(SAVED).map((file) => pathToFileURL(vscode.inWorkspace(file)).href),
    });
    await workbench.reload();
    await panel.until((contents) => assert.deepEqual(chosenIn(contents), before));
    await page.keyboard.press("Control+Alt+F8");
    await panel.imported.waitFor();
    assert.match(await panel.imported.innerText(), /^Imported/);
    const detail = (await panel.imported.getAttribute("title")) ?? "";
    for (const name of ["costs.csv", "usage.json"]) assert.ok(detail.includes(name), detail);
    await panel.until(({ metrics, spoken }) => {
      assert.equal(metrics.spend?.value, plain(total(SAVED_COSTS)));
      assert.deepEqual([metrics.requests?.value, metrics.tokens?.value], ["7", "1750"]);
      assert.match(spoken, /^Imported/);
    });
    for (const theme of ["Dark 2026", "Light 2026"]) {
      vscode.configure({ "workbench.colorTheme": theme });
      await panel.hasTheme(theme.startsWith("Dark") ? "dark" : "light");
      await workbench.screenshot(`imported-${theme.split(" ")[0]?.toLowerCase()}`);
    }
    vscode.configure({ "workbench.colorTheme": undefined });
    await panel.hasTheme("dark");
    await panel.choose("period", "90d");
    await panel.goTo("models");
    await panel.until(({ section, isLoading }) => assert.deepEqual([section, isLoading], ["models", false]));
    assert.equal(await workbench.status.text(), status, "the status bar is the account's");
    await panel.closeImport.click();
    await panel.imported.waitFor({ state: "detached" });
    await panel.until((contents) => assert.deepEqual(chosenIn(contents), before));
  });

  test("a file that is none is refused, and the account stays", async ({ workbench, vscode }) => {
    const { panel, notifications } = workbench;
    writeFileSync(vscode.inWorkspace("notes.json"), '{"shopping": ["bread"]}');
    await workbench.run("OpenAI: Import saved usage…");
    await pick(workbench, vscode.inWorkspace(""), vscode.inWorkspace("notes.json"));
    await notifications.filter({ hasText: "notes.json" }).first().waitFor();
    assert.equal(await panel.imported.count(), 0);
    await workbench.run("Notifications: Clear All Notifications");
  });

  test("an import is gone with its server, and with the window: the account is shown, and nothing else is kept", async ({
    workbench,
    vscode,
  }) => {
    const { panel, page } = workbench;
    const spend = await panel.metric("spend").innerText();
    const before = await chosen(panel.read());
    const importing = async () => {
      await page.keyboard.press("Control+Alt+F8");
      await panel.imported.waitFor();
      const shown = dollars(total(SAVED_COSTS));
      await eventually(async () => assert.equal(await panel.metric("spend").innerText(), shown));
      return shown;
    };
    const isAccount = async () => {
      await panel.until((contents) => {
        assert.equal(contents.metrics.spend?.text, spend);
        assert.deepEqual(chosenIn(contents), before);
      });
      assert.equal(await panel.imported.count(), 0);
    };
    await importing();
    const { pid } = await vscode.pythonServer();
    process.kill(pid, "SIGKILL");
    await panel.imported.waitFor({ state: "detached" });
    await vscode.pythonServer({ not: pid });
    await isAccount();
    await workbench.tabs("OpenAI usage").click();
    const shown = await importing();
    await panel.choose("period", "90d");
    await workbench.reload();
    await isAccount();
    assert.ok(!(await workbench.kept()).includes(shown), "figures of files are kept");
  });

  test("an ordinary key: what came of it is said, with the way to an admin key", async ({ workbench }) => {
    const { panel } = workbench;
    await workbench.setKey(ORDINARY_KEY);
    await panel.until(({ notices, metrics }) => {
      assert.match(Object.values(notices).join("\n"), /session token.*empty answer/);
      assert.equal(metrics.spend?.value ?? "", "", "nothing is not zero");
    });
    await panel.frame.getByRole("button", { name: "Set admin key" }).first().waitFor();
    assert.match(await workbench.status.tooltip(), /admin key/i);
    await workbench.screenshot("ordinary-key");
  });

  test("a gateway: what the key used of what it may, in either unit", async ({ workbench, vscode }) => {
    const { status, panel } = workbench;
    const api = new LegacyApi(gateway.baseUrl, GATEWAY_KEY);
    const [used, quota] = await Promise.all([api.totalUsage(MONTH), api.hardLimit()]);
    vscode.configure({ "openaiUsage.baseUrl": gateway.baseUrl });
    await workbench.setKey(GATEWAY_KEY);
    const shows = async (amount: Decimal) => {
      const expected = `${dollars(amount)} used of ${dollars(quota)}`;
      // More than it may, in the wrong unit: the icon may then be another one.
      await eventually(async () => assert.equal((await status.text()).replace(/^\$\(\w+\) /, ""), expected));
      await panel.until(({ metrics }) => {
        assert.equal(metrics.used?.value, plain(amount));
        assert.equal(metrics.left?.value, plain(sum([quota, { ...amount, units: -amount.units }])));
        assert.equal(metrics.spend, undefined, "what it cost in these days is not told");
      });
    };
    await shows(cents(plain(used)));
    await workbench.screenshot("gateway");
    vscode.configure({ "openaiUsage.legacyUnit": "usd" });
    await shows(used);
    vscode.configure({ "openaiUsage.legacyUnit": undefined });
    await shows(cents(plain(used)));
  });

  test("no key is written down", async ({ vscode }) => {
    for (const key of [ORDINARY_KEY, GATEWAY_KEY, SESSION_TOKEN])
      assert.deepEqual(await vscode.filesWith(key), []);
  });
});

/** Chooses a file in VS Code's own dialog, once that shows its folder: before, it would add that to what is typed. */
async function pick({ quickInput, page }: Workbench, folder: string, file: string): Promise<void> {
  const input = quickInput.locator("input.input");
  await eventually(async () =>
    assert.equal((await input.inputValue()).replace(/\/$/, ""), folder.replace(/\/$/, "")),
  );
  await input.fill(file);
  // It looks the file up, and takes none before it has.
  await quickInput.locator(".monaco-list-row").getByText(basename(file)).waitFor();
  await page.keyboard.press("Enter");
}

const USAGE = "saved/usage.json";
const COSTS = "saved/costs.csv";
/** Amounts that no account has. */
const COSTS_BY_DAY: [back: number, lineItem: string, amount: string][] = [
  [3, "gpt-4o-2024-08-06, input", "12.345678901"],
  [3, "gpt-4o-2024-08-06, output", "900.5"],
  [2, "gpt-4o-2024-08-06, input", "0.000001"],
];
const SAVED_COSTS: Row[] = COSTS_BY_DAY.map(([back, line_item, amount]) => ({
  day: day(back),
  start: day(back),
  of: { line_item },
  numbers: { amount: decimal(amount) },
}));
/** As somebody saved them: an answer of `/v1/usage`, and an export of the dashboard. By path. */
const SAVED = { [USAGE]: savedUsage(), [COSTS]: savedCosts() };

function savedUsage(): string {
  const seconds = Date.parse(day(3)) / 1000;
  const row = (minutes: number, n_requests: number, input: number, output: number) => ({
    aggregation_timestamp: seconds + minutes * 60,
    n_requests,
    operation: "completion",
    snapshot_id: "gpt-4o-2024-08-06",
    n_context_tokens_total: input,
    n_generated_tokens_total: output,
  });
  const data = [row(0, 3, 1000, 200), row(5, 4, 500, 50)];
  return JSON.stringify({ object: "list", data, ft_data: [], dalle_api_data: [], current_usage_usd: 0 });
}

function savedCosts(): string {
  const rows = COSTS_BY_DAY.map(([back, lineItem, amount]) => {
    const start = Date.parse(day(back)) / 1000;
    return `${start},${start + 86_400},${amount},usd,"${lineItem}"`;
  });
  return `${["start_time,end_time,amount_value,amount_currency,line_item", ...rows].join("\n")}\n`;
}

function save(vscode: VsCode, files: Record<string, string>): void {
  for (const [path, contents] of Object.entries(files)) {
    mkdirSync(dirname(vscode.inWorkspace(path)), { recursive: true });
    writeFileSync(vscode.inWorkspace(path), contents);
  }
}

async function expectedStatus(api: LegacyApi): Promise<string> {
  const rows = await api.bill({ first: firstOfMonth(), last: day(0) });
  const today = dollars(total(rows, "amount", (row) => row.day === day(0)));
  return `$(graph) ${today} today · ${dollars(total(rows))} this month`;
}

function amountOf({ numbers }: Row): Decimal {
  return numbers.amount ?? decimal("0");
}

function barsBy(bars: Bar[], key: (bar: Bar) => string): Record<string, string> {
  return sumBy(bars, key, ({ value }) => decimal(value));
}

function chosenIn({ section, controls, filters }: Contents) {
  return { section, controls, filters };
}

async function chosen(contents: Promise<Contents>) {
  return chosenIn(await contents);
}

/** Goes to it as without a mouse. */
async function reach({ panel, page }: Workbench, selector: string): Promise<void> {
  await panel.app.evaluate((app) => app.ownerDocument.defaultView?.focus());
  for (let presses = 0; presses < 90; presses++) {
    if (await panel.app.evaluate((_, wanted) => document.activeElement?.matches(wanted), selector)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`${selector} was not reached`);
}
