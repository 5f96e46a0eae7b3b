/** With an admin key in the environment: what the API says is what the user sees, to the last digit. */
import assert from "node:assert/strict";
import { describe } from "node:test";
import { decimal, dollars, plain, sumBy } from "../harness/decimal.ts";
import { ADMIN_KEY, type Fault } from "../harness/demoApi.ts";
import { eventually } from "../harness/eventually.ts";
import { day, days, firstOfMonth, type OpenAiApi, total } from "../harness/openaiApi.ts";
import { session } from "../harness/session.ts";
import type { UsagePanel } from "../harness/usagePanel.ts";

const FAILURES: { what: string; faults: Fault[]; says: RegExp; next: RegExp }[] = [
  {
    what: "401",
    faults: [{ kind: "status", status: 401, times: 50 }],
    says: /does not accept this key/,
    next: /Set admin key/,
  },
  {
    what: "403",
    faults: [
      {
        kind: "status",
        status: 403,
        times: 50,
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
    faults: [{ kind: "status", status: 500, times: 50 }],
    says: /problem of its own/,
    next: /Try again/,
  },
  {
    what: "HTML",
    faults: [{ kind: "status", status: 200, body: "<html><body>Sign in</body></html>", times: 50 }],
    says: /is not OpenAI's API/,
    next: /Open settings/,
  },
];

describe("an account with an admin key", () => {
  const test = session("account", (demo) => ({
    env: { OPENAI_BASE_URL: demo.baseUrl, OPENAI_ADMIN_KEY: ADMIN_KEY },
  }));

  test("the status bar shows what was billed today and this month", async ({ workbench, demo }) => {
    const text = await workbench.status.shows(await expectedStatus(demo.api));
    const spoken = text.replace("$(graph) ", "").replace(" · ", ", ");
    assert.equal(await workbench.status.spoken(), `OpenAI usage: ${spoken}.`);
  });

  test("the tooltip shows the days around today and the largest line items", async ({ workbench, demo }) => {
    const rows = await demo.api.costs(earliest(day(6), firstOfMonth()), day(0));
    const month = rows.filter((row) => row.day >= firstOfMonth());
    const tooltip = await workbench.status.tooltip();
    for (const amount of [
      total(rows, (row) => row.day === day(0)),
      total(rows, (row) => row.day === day(1)),
      total(rows, (row) => row.day >= day(6)),
      total(month),
    ]) {
      assert.ok(tooltip.includes(dollars(amount)), `${dollars(amount)} is not in ${tooltip}`);
    }
    const largest = [...sumBy(month, (row) => row.lineItem)].sort(([, a], [, b]) => Number(b) - Number(a));
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
    const rows = await demo.api.costs(day(6), day(0));
    await eventually(async () => {
      const layers = await layersOf(panel);
      const models = [...layers.keys()].filter((id) => /^=./.test(id)).map((id) => id.slice(1));
      assert.ok(models.includes("gpt-5-mini-2025-08-07"), [...layers.keys()].join());
      for (const model of models) {
        const own = rows.filter((row) => row.lineItem.replace(/( (text|image|audio))?,.*/, "") === model);
        assert.equal(layers.get(`=${model}`), plain(total(own)), model);
      }
    });
    await shows(panel, demo.api, day(6), day(0));
    await panel.choose("groupBy", "line_item");
    await eventually(async () => assert.ok((await layersOf(panel)).has("=web search tool calls")));
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

  test("a panel that is opened anew while its tab is not loaded yet is still one panel", async ({
    workbench,
    demo,
  }) => {
    const { status, panel } = workbench;
    const own = workbench.tabs("OpenAI usage");
    await workbench.tabs("Untitled-1").click();
    await panel.app.waitFor({ state: "hidden" });
    await workbench.reload();
    await status.shows(await expectedStatus(demo.api));
    assert.equal(await own.count(), 1, "the panel's tab is back");
    await status.click();
    await panel.reaches("ready");
    await own.first().click();
    await eventually(async () => assert.equal(await own.count(), 1));
    await panel.choose("period", "7d");
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
    const killed = await vscode.pythonServer();
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
      assert.match(await notice.getByRole("button").innerText(), next);
      assert.equal(await panel.metric("spend").innerText(), spend);
      if (what === "500") await workbench.screenshot("error-with-numbers");

      await demo.reset();
      await panel.refresh();
      await status.shows(good);
      await notice.waitFor({ state: "detached" });
    });
  }
});

async function expectedStatus(api: OpenAiApi): Promise<string> {
  const rows = await api.costs(firstOfMonth(), day(0));
  const today = dollars(total(rows, (row) => row.day === day(0)));
  return `$(graph) ${today} today · ${dollars(total(rows))} this month`;
}

/** Waits until the panel shows these days, and all of it agrees with the API. */
async function shows(panel: UsagePanel, api: OpenAiApi, first: string, last: string): Promise<void> {
  const [costs, usage] = await Promise.all([api.costs(first, last), api.usage(first, last)]);
  await eventually(async () => {
    const bars = await panel.bars("daily-spend");
    const shownDays = [...new Set(bars.map((bar) => bar.category))].sort();
    assert.deepEqual(shownDays, days(first, last));
    const shownAmounts = bars.map((bar) => ({ day: bar.category, amount: decimal(bar.value) }));
    assertSame(
      sumBy(shownAmounts, (bar) => bar.day),
      sumBy(costs, (row) => row.day),
    );

    assert.equal(plain(decimal(await panel.metricValue("spend"))), plain(total(costs)), "spend");
    assert.equal(await panel.metric("spend").innerText(), dollars(total(costs)));
    const sum = (of: (row: (typeof usage)[number]) => number) =>
      String(usage.reduce((so, row) => so + of(row), 0));
    assert.equal(
      await panel.metricValue("requests"),
      sum((row) => row.requests),
      "requests",
    );
    assert.equal(
      await panel.metricValue("tokens"),
      sum((row) => row.inputTokens + row.outputTokens),
      "tokens",
    );

    assertSame(
      await amountsInTable(panel, "line-items"),
      sumBy(costs, (row) => row.lineItem),
    );
    assertSame(
      await amountsInTable(panel, "projects"),
      sumBy(costs, (row) => row.projectId),
    );
    const models = new Map(
      [...(await panel.rows("models"))].map(([id, [, , requests]]) => [id.slice(1), requests]),
    );
    for (const { model } of usage) {
      const requests = usage.filter((row) => row.model === model).reduce((so, row) => so + row.requests, 0);
      assert.equal(models.get(model), String(requests), `requests of ${model}`);
    }
  });
}

async function amountsInTable(panel: UsagePanel, table: string): Promise<Map<string, string>> {
  const rows = await panel.rows(table);
  return new Map([...rows].map(([id, [, amount = ""]]) => [id.replace(/^=/, ""), plain(decimal(amount))]));
}

/** The chart's layers, each with its exact sum. */
async function layersOf(panel: UsagePanel): Promise<Map<string, string>> {
  const bars = await panel.bars("daily-spend");
  const amounts = bars.map((bar) => ({ layer: bar.series, amount: decimal(bar.value) }));
  return sumBy(amounts, (bar) => bar.layer);
}

/** A line that came to nothing may be left out. */
function assertSame(shown: Map<string, string>, expected: Map<string, string>): void {
  const withoutZeros = (all: Map<string, string>) =>
    Object.fromEntries([...all].filter(([, amount]) => amount !== "0").sort(([a], [b]) => (a < b ? -1 : 1)));
  assert.deepEqual(withoutZeros(shown), withoutZeros(expected));
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
