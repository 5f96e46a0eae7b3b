/** With an admin key in the environment: what the API says is what the user sees, to the last digit. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { describe } from "node:test";
import { type Decimal, decimal, dollars, plain, sum, sumBy } from "../harness/decimal.ts";
import { ADMIN_KEY, type Fault } from "../harness/demoApi.ts";
import { eventually } from "../harness/eventually.ts";
import { day, days, firstOfMonth, type OpenAiApi, type Row, total } from "../harness/openaiApi.ts";
import { session } from "../harness/session.ts";
import { modelOf, Truth } from "../harness/truth.ts";
import type { Contents, UsagePanel } from "../harness/usagePanel.ts";
import type { VsCode } from "../harness/vscode.ts";

const FAILURES: { what: string; faults: Fault[]; says: RegExp; next: RegExp }[] = [
  {
    what: "401",
    faults: [{ kind: "status", status: 401, times: null }],
    says: /does not accept this key/,
    next: /Set admin key/,
  },
  {
    what: "403",
    faults: [
      {
        kind: "status",
        status: 403,
        times: null,
        body: JSON.stringify({
          error: {
            message: "You have insufficient permissions for this operation. Missing scopes: api.usage.read.",
            type: "invalid_request_error",
          },
        }),
      },
    ],
    says: /lacks the permission api\.usage\.read/,
    next: /Set admin key/,
  },
  {
    what: "500",
    faults: [{ kind: "status", status: 500, times: null }],
    says: /problem of its own/,
    next: /Try again/,
  },
  {
    what: "HTML",
    faults: [{ kind: "status", status: 200, body: "<html><body>Sign in</body></html>", times: null }],
    says: /is not OpenAI's API/,
    next: /Open settings/,
  },
];

/** The demo organisation's first day, further back than any period that can be chosen but "all". */
const FOUNDED = "2024-09-02";

describe("an account with an admin key", () => {
  const test = session("account", (demo) => ({
    env: { OPENAI_BASE_URL: demo.baseUrl, OPENAI_ADMIN_KEY: ADMIN_KEY },
    // With what is in the messages, where the log's level is "Trace".
    settings: { "openaiUsage.trace.server": "verbose" },
  }));

  test("the status bar shows what was billed today and this month", async ({ workbench, demo }) => {
    const text = await workbench.status.shows(await expectedStatus(demo.api));
    const spoken = text.replace("$(graph) ", "").replace(" · ", ", ");
    assert.equal(await workbench.status.spoken(), `OpenAI usage: ${spoken}.`);
  });

  test("the tooltip shows the days around today and the largest line items", async ({ workbench, demo }) => {
    const rows = await demo.api.costs({
      first: earliest(day(6), firstOfMonth()),
      last: day(0),
      by: ["line_item"],
    });
    const month = rows.filter((row) => row.day >= firstOfMonth());
    const tooltip = await workbench.status.tooltip();
    for (const amount of [
      total(rows, "amount", (row) => row.day === day(0)),
      total(rows, "amount", (row) => row.day === day(1)),
      total(rows, "amount", (row) => row.day >= day(6)),
      total(month),
    ]) {
      assert.ok(tooltip.includes(dollars(amount)), `${dollars(amount)} is not in ${tooltip}`);
    }
    const byItem = sumBy(month, ({ of }) => of.line_item ?? "", amountOf);
    const largest = Object.entries(byItem).sort(([, a], [, b]) => Number(b) - Number(a));
    for (const [lineItem] of largest.slice(0, 3))
      assert.ok(tooltip.includes(lineItem), `${lineItem} is not in ${tooltip}`);
    for (const link of ["Show", "Refresh", "Log", "As of"])
      assert.ok(tooltip.includes(link), `${link} is not in ${tooltip}`);
    assert.ok(!/sample/i.test(tooltip), tooltip);
  });

  test("a click opens the panel with the last 30 days", async ({ workbench, demo }) => {
    await workbench.status.click();
    await workbench.panel.reaches("ready");
    await shows(workbench.panel, demo.api, day(29), day(0));
    assert.equal(await workbench.panel.frame.locator(".sample").count(), 0);
    const updated = workbench.panel.frame.locator("time.updated");
    const time = (await updated.getAttribute("datetime"))?.slice(11, 16);
    assert.match(await updated.innerText(), new RegExp(`^Updated .*${time} UTC$`));
  });

  for (const [period, first, last] of [
    ["today", () => day(0), () => day(0)],
    ["90d", () => day(89), () => day(0)],
    ["last-month", () => firstOfLastMonth(), () => lastOfLastMonth()],
    ["7d", () => day(6), () => day(0)],
  ] as const) {
    test(`the period "${period}" shows other days`, async ({ workbench, demo }) => {
      await workbench.panel.choose("period", period);
      await shows(workbench.panel, demo.api, first(), last());
    });
  }

  test("grouped by model, the chart has a layer for each model", async ({ workbench, demo }) => {
    const { panel } = workbench;
    await panel.choose("groupBy", "model");
    const truth = await new Truth(demo.api, { first: day(6), last: day(0) }).spendBy("model");
    await panel.until(({ charts }) => {
      const layers = sumBy(
        charts["daily-spend"]?.bars ?? [],
        ({ series }) => series,
        ({ value }) => decimal(value),
      );
      const models = Object.keys(layers).filter((id) => /^=./.test(id));
      assert.ok(models.includes("=gpt-5-mini-2025-08-07"), models.join());
      for (const model of models) assert.equal(layers[model], truth[model.slice(1)], model);
    });
    await shows(panel, demo.api, day(6), day(0));
    await panel.choose("groupBy", "line_item");
    await panel.until(({ charts }) => {
      const layers = new Set(charts["daily-spend"]?.bars.map(({ series }) => series));
      assert.ok(layers.has("=gpt-5-mini-2025-08-07, output"), [...layers].join());
    });
  });

  test("Refresh asks the API again", async ({ workbench, demo }) => {
    await demo.reset();
    await workbench.panel.refresh();
    await eventually(async () => {
      const asked = await demo.requests();
      assert.ok(
        asked.some((request) => request.startsWith("/v1/organization/costs?")),
        asked.join("\n"),
      );
    });
    await workbench.status.shows(await expectedStatus(demo.api));
  });

  test("a panel behind another tab keeps its place", async ({ workbench }) => {
    const { panel } = workbench;
    const place = () =>
      panel.app.evaluate(({ ownerDocument: { documentElement } }) => ({
        scrolled: documentElement.scrollTop,
        opened: documentElement.querySelectorAll("details[open]").length,
      }));
    await panel.chart("daily-spend").locator("summary").click();
    await panel.app.evaluate(({ ownerDocument: { documentElement } }) => {
      documentElement.scrollTop = 300;
      return new Promise((resolve) => documentElement.ownerDocument.addEventListener("scrollend", resolve));
    });
    await workbench.run("File: New Untitled Text File");
    await panel.app.waitFor({ state: "hidden" });
    await workbench.page.keyboard.type("Something to come back to");
    await workbench.tabs("OpenAI usage").click();
    await panel.reaches("ready");
    await eventually(async () => assert.deepEqual(await place(), { scrolled: 300, opened: 1 }));
  });

  test("each server is told whether anybody looks, once for each change", async ({ workbench, vscode }) => {
    const { page } = workbench;
    const expected: WindowState[] = [];
    const isTold = async (state: WindowState) => {
      expected.push(state);
      await eventually(async () => assert.deepEqual(await told(vscode), expected));
    };
    await workbench.setLogLevel("Trace");
    await workbench.tabs("Untitled-1").click();
    await isTold({ isActive: true, isPanelVisible: false });
    await workbench.tabs("OpenAI usage").click();
    await isTold({ isActive: true, isPanelVisible: true });
    // The browser of the tests gives every window the focus, always.
    await page.evaluate(() => {
      document.hasFocus = () => false;
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await isTold({ isActive: false, isPanelVisible: true });
    await page.evaluate(() => {
      Reflect.deleteProperty(document, "hasFocus");
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await isTold({ isActive: true, isPanelVisible: true });
    await workbench.run("OpenAI: Restart server");
    await isTold({ isActive: true, isPanelVisible: true });
    await workbench.setLogLevel("Info");
    await workbench.panel.reaches("ready");
  });

  test("after a reload the panel shows what was chosen, and opened before its tab is loaded it is still one", async ({
    workbench,
    demo,
  }) => {
    const { status, panel } = workbench;
    const own = workbench.tabs("OpenAI usage");
    await panel.goTo("users");
    await panel.pick("projectIds", "Support assistant");
    const chosen = { section: "users", filters: ["Project: Support assistant"], period: "7d" };
    const isAsBefore = ({ section, filters, controls: { period } }: Contents) =>
      assert.deepEqual({ section, filters, period }, chosen);
    const { tables } = await panel.until((contents) => {
      isAsBefore(contents);
      // The comparison with the days before comes after the rest.
      assert.ok(!contents.isBusy && contents.tables.users?.columns.includes("change"));
    });
    await workbench.tabs("Untitled-1").click();
    await panel.app.waitFor({ state: "hidden" });
    await workbench.reload();
    await status.shows(await expectedStatus(demo.api));
    assert.equal(await own.count(), 1, "the panel's tab is back");
    await status.click();
    await panel.reaches("ready");
    await own.first().click();
    await eventually(async () => assert.equal(await own.count(), 1));
    await panel.until((contents) => {
      isAsBefore(contents);
      assert.deepEqual(contents.tables, tables);
    });
    await panel.clearFilters();
    await panel.goTo("overview");
    await shows(panel, demo.api, day(6), day(0));
  });

  test("when the server is killed, the values stay and a new one takes over", async ({
    workbench,
    vscode,
    demo,
  }) => {
    const { status, panel } = workbench;
    const before = await expectedStatus(demo.api);
    const values = before.replace("$(graph) ", "");
    const { pid: killed } = await vscode.pythonServer();
    process.kill(killed, "SIGKILL");

    const stays = async () => {
      const text = await status.text();
      assert.ok(text.includes(values), `while no server runs the status bar shows ${text}`);
      assert.equal(await panel.app.getAttribute("data-state"), "ready");
      return false;
    };
    const restarted = vscode.pythonServer({ not: killed }).then(() => true);
    while (!(await Promise.race([restarted, stays()])));

    await status.shows(before);
    assert.equal(await panel.control("period").inputValue(), "7d");
    await shows(panel, demo.api, day(6), day(0));
    await panel.choose("period", "month");
    await shows(panel, demo.api, firstOfMonth(), day(0));
  });

  for (const { what, faults, says, next } of FAILURES) {
    test(`${what}: the numbers stay, the reason and the next step are named`, async ({ workbench, demo }) => {
      const { status, panel } = workbench;
      const good = await expectedStatus(demo.api);
      const spend = await panel.metric("spend").innerText();
      await demo.inject(...faults);
      await panel.refresh();

      await status.shows(good.replace("$(graph)", "$(warning)"));
      const tooltip = await status.tooltip();
      assert.match(tooltip, says);
      assert.match(tooltip, next);
      const notice = panel.notice("problem");
      await notice.waitFor();
      assert.match(await notice.innerText(), says);
      assert.match(await notice.getByRole("button").first().innerText(), next);
      assert.equal(await panel.metric("spend").innerText(), spend);
      if (what === "500") await workbench.screenshot("error-with-numbers");

      await demo.reset();
      await panel.refresh();
      await status.shows(good);
      await notice.waitFor({ state: "detached" });
    });
  }

  test("what was fetched is kept in the extension's own folder", async ({ vscode }) => {
    const { command } = await vscode.pythonServer();
    assert.equal(command[command.indexOf("--data-dir") + 1], vscode.dataFolder);
    await eventually(async () => assert.notDeepEqual(await readdir(vscode.dataFolder), []));
  });

  test("all history is fetched on command", async ({ workbench, demo }) => {
    await workbench.run("OpenAI: Fetch all history…");
    const first = Date.parse(FOUNDED) / 1000;
    await eventually(async () => {
      const asked = (await demo.requests()).map((request) => new URL(request, demo.baseUrl));
      const costs = asked.filter(({ pathname }) => pathname.endsWith("/organization/costs"));
      const starts = costs.map(({ searchParams }) => Number(searchParams.get("start_time")));
      assert.ok(
        starts.some((start) => start <= first),
        starts.join(),
      );
    }, 60_000);
    // It grows until all is there.
    const spend = total(await demo.api.costs({ first: FOUNDED, last: day(0) }));
    await eventually(async () => {
      const { metrics } = await workbench.panel.read();
      assert.equal(metrics.spend?.value, plain(spend));
    }, 60_000);
  });

  // The last one: after a reload this VS Code does not read again a setting that it had before.
  test("where no server starts, a panel that is back shows the last figures, until it is closed", async ({
    workbench,
    vscode,
  }) => {
    const { panel } = workbench;
    const spend = await panel.metric("spend").innerText();
    vscode.configure({ "openaiUsage.interpreter": "/no/such/python3" });
    await panel.notice("server").waitFor();
    await workbench.reload();
    await panel.notice("server").waitFor();
    assert.equal(await panel.metric("spend").innerText(), spend);
    assert.ok((await workbench.kept()).includes(spend));
    await workbench.run("View: Close Editor");
    await eventually(async () => assert.ok(!(await workbench.kept()).includes(spend)));
  });
});

async function expectedStatus(api: OpenAiApi): Promise<string> {
  const rows = await api.costs({ first: firstOfMonth(), last: day(0) });
  const today = dollars(total(rows, "amount", (row) => row.day === day(0)));
  return `$(graph) ${today} today · ${dollars(total(rows))} this month`;
}

interface WindowState {
  isActive: boolean;
  isPanelVisible: boolean;
}

/** All that servers were told of whether anybody looks, as far as the log has it. */
async function told(vscode: VsCode): Promise<WindowState[]> {
  let log = "";
  for await (const { path, bytes } of vscode.filesWritten())
    if (/OpenAI Usage\.log$/.test(path)) log += bytes.toString("utf8");
  const found = log.matchAll(/'openaiUsage\/window'\.\s*Params: (\{[^}]*\})/g);
  return [...found].map(([, params = ""]) => JSON.parse(params));
}

function amountOf({ numbers }: Row): Decimal {
  return numbers.amount ?? decimal("0");
}

/** Waits until the overview shows these days, and all of it agrees with the API. */
async function shows(panel: UsagePanel, api: OpenAiApi, first: string, last: string): Promise<void> {
  const truth = new Truth(api, { first, last });
  const [byDay, spend, tokens, requests, byItem, byProject] = await Promise.all([
    truth.spendByDay(),
    truth.spend(),
    truth.tokens(),
    truth.requests(),
    truth.spendBy("line_item"),
    truth.spendBy("project_id"),
  ]);
  await panel.until(({ metrics, charts, tables }) => {
    const bars = charts["daily-spend"]?.bars ?? [];
    assert.deepEqual([...new Set(bars.map((bar) => bar.category))].sort(), days(first, last));
    const shown = sumBy(
      bars,
      (bar) => bar.category,
      (bar) => decimal(bar.value),
    );
    assert.deepEqual(shown, byDay);
    assert.deepEqual(
      [metrics.spend?.value, metrics.spend?.text, metrics.requests?.value, metrics.tokens?.value],
      [plain(spend), dollars(spend), requests, tokens],
    );
    for (const [id, sums] of Object.entries({ "line-items": byItem, projects: byProject })) {
      const table = tables[id];
      assert.equal(table?.total?.cells.spend, plain(spend));
      assert.ok(table.rows.length === Math.min(5, Object.keys(sums).length), `${table.rows.length} of ${id}`);
      for (const { id, cells } of table.rows) assert.equal(cells.spend, sums[id.slice(1)] ?? "0", id);
    }
    for (const { id, cells } of tables.models?.rows ?? []) {
      const items = Object.entries(byItem).filter(([item]) => modelOf(item) === id.slice(1));
      assert.equal(cells.spend, plain(sumOf(items.map(([, amount]) => amount))), id);
    }
  });
}

function sumOf(amounts: string[]): Decimal {
  return sum(amounts.map(decimal));
}

function earliest(...candidates: string[]): string {
  return candidates.sort()[0] ?? "";
}

function lastOfLastMonth(): string {
  return new Date(Date.parse(firstOfMonth()) - 1).toISOString().slice(0, 10);
}

function firstOfLastMonth(): string {
  return `${lastOfLastMonth().slice(0, 7)}-01`;
}
