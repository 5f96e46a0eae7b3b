/** The whole usage page: every figure that OpenAI's API has is within two clicks, exact, however it is looked at. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe } from "node:test";
import { decimal, minus, order, plain, sum, sumBy } from "../harness/decimal.ts";
import { ADMIN_KEY } from "../harness/demoApi.ts";
import { eventually } from "../harness/eventually.ts";
import {
  CAPABILITIES,
  type Capability,
  type Days,
  day,
  type OpenAiApi,
  total,
} from "../harness/openaiApi.ts";
import { type Session, session } from "../harness/session.ts";
import { ALL_CAPABILITIES, type Dimension, type Filters, sumOf, Truth } from "../harness/truth.ts";
import type { Contents, TableContents, UsagePanel } from "../harness/usagePanel.ts";
import type { Workbench } from "../harness/workbench.ts";

const MONTH: Days = { first: day(29), last: day(0) };
const WEEK: Days = { first: day(6), last: day(0) };
const VIEWS = ["overview", "models", "api-keys", "projects", "users", "line-items", "limits"];
const RANKED: Record<string, Dimension> = {
  models: "model",
  "api-keys": "api_key_id",
  projects: "project_id",
  users: "user_id",
  "line-items": "line_item",
};
const PROJECT = "Support assistant";
const MODEL = "gpt-5.4-2026-03-05";

describe("the usage page", () => {
  const inSession = session("page", (demo) => ({
    env: { OPENAI_BASE_URL: demo.baseUrl, OPENAI_ADMIN_KEY: ADMIN_KEY },
  }));
  const test = (title: string, check: (session: Session) => Promise<void>) =>
    inSession(title, async (session) => {
      await home(session.workbench);
      await check(session);
    });

  test("it has a section for every view and for every capability that was used", async ({
    workbench: { panel },
    demo,
  }) => {
    const used = await new Truth(demo.api, MONTH).capabilities();
    assert.deepEqual(used, ALL_CAPABILITIES, "the demo organisation uses everything");
    await panel.until(({ nav }) => assert.deepEqual(nav, [...VIEWS, ...used]));
  });

  for (const [section, by] of Object.entries(RANKED)) {
    inSession(`one click shows what was spent and used, by ${by}`, async ({ workbench: { panel }, demo }) => {
      const truth = new Truth(demo.api, MONTH);
      const [spend, amounts, used] = await Promise.all([truth.spend(), truth.spendBy(by), truth.usedBy(by)]);
      await panel.goTo(section);
      const { tables, charts } = await panel.until(({ tables }) => {
        const table = tables[section];
        assert.ok(table);
        const { remainder = "0", ...shown } = column(table, "spend");
        assert.deepEqual(shown, amounts);
        assert.equal(
          remainder,
          plain(minus(spend, sum(Object.values(amounts).map(decimal)))),
          "not attributed",
        );
        assert.equal(table.total?.cells.spend, plain(spend));
        for (const [metric, counts] of Object.entries(used))
          if (by !== "line_item") assert.deepEqual(column(table, metric), counts, metric);
      });
      // Of keys and users the demo organisation is not told all.
      const last = tables[section]?.rows.at(-1);
      assert.equal(last?.name === "Not attributed", by === "api_key_id" || by === "user_id");
      assert.equal(allOf(charts["daily-spend"]?.bars ?? []), plain(spend));
    });
  }

  for (const capability of ALL_CAPABILITIES) {
    inSession(
      `one click shows all that OpenAI counts of ${capability}`,
      async ({ workbench: { panel }, demo }) => {
        const truth = new Truth(demo.api, MONTH);
        const known: readonly string[] = CAPABILITIES[capability];
        const by = ["model", "vector_store_id", "project_id"].find((one) => known.includes(one)) ?? "";
        const [rows, split] = await Promise.all([truth.used(capability), truth.used(capability, [by])]);
        assert.ok(rows && split);
        const metrics = Object.keys(rows[0]?.numbers ?? {});
        assert.ok(metrics.length > 0);
        await panel.goTo(capability);
        await panel.until(({ own, tables, charts, section }) => {
          assert.equal(section, capability);
          for (const [metric, { value }] of Object.entries(own))
            assert.equal(value, plain(total(rows, metric)), metric);
          // Kinds of the kinds of tokens stand in the table alone, and what was not used in neither.
          const missing = metrics.filter((one) => !(one in own) && !isDetail(one));
          assert.deepEqual(
            missing.filter((one) => plain(total(rows, one)) !== "0"),
            [],
          );
          const [table] = Object.values(tables);
          assert.ok(table, Object.keys(tables).join());
          for (const metric of metrics) {
            const expected = plain(total(rows, metric));
            assert.equal(table.total?.cells[metric] ?? "0", expected, `${metric} in all`);
            if (expected !== "0") assert.deepEqual(column(table, metric), sumOf(metric, split, by), metric);
          }
          const [chart] = Object.values(charts);
          assert.equal(
            allOf(chart?.bars ?? []),
            plain(sum(measured(capability).map((one) => total(rows, one)))),
          );
        });
      },
    );
  }

  test("two clicks show a project's limits", async ({ workbench: { panel }, demo }) => {
    const projects = await demo.api.list("projects");
    const project = projects.find(({ name }) => name === PROJECT);
    assert.ok(project);
    const cents = await demo.api.get(`projects/${project.id}/spend_limit`);
    const all = await demo.api.get("spend_limit");
    const alerts = await demo.api.list("spend_alerts");
    const rates = await demo.api.list(`projects/${project.id}/rate_limits`);
    await panel.goTo("limits");
    await panel.until(({ tables, ownNotices }) => {
      const limits = column(tables["spend-limits"], "limit");
      assert.deepEqual([limits[""], limits[project.id]], [dollarsOf(all), dollarsOf(cents)]);
      assert.equal(tables["spend-limits"]?.rows.length, projects.length + 1);
      const reached = tables["spend-alerts"]?.rows.map(({ cells }) => cells.amount) ?? [];
      for (const alert of alerts) assert.ok(reached.includes(dollarsOf(alert)), reached.join());
      assert.ok(ownNotices.includes("choose"));
    });
    assert.equal(await panel.frame.locator("[data-action=export]").count(), 0, "they are not exported");
    await panel.drill("spend-limits", PROJECT);
    await panel.until(({ tables, section }) => {
      assert.equal(section, "limits");
      const table = tables["rate-limits"];
      const expected = (name: string) =>
        Object.fromEntries(
          rates.filter((rate) => rate[name] !== undefined).map((rate) => [rate.model, String(rate[name])]),
        );
      assert.deepEqual(column(table, "requests-per-minute"), expected("max_requests_per_1_minute"));
      assert.deepEqual(
        withoutZeros(column(table, "tokens-per-minute")),
        withoutZeros(expected("max_tokens_per_1_minute")),
      );
      assert.deepEqual(column(table, "images-per-minute"), expected("max_images_per_1_minute"));
      assert.deepEqual(column(table, "batch-per-day"), expected("batch_1_day_max_input_tokens"));
    });
  });

  test("the budget card shows the account's limit and what is used of it", async ({
    workbench: { panel },
    demo,
  }) => {
    const limit = decimal(dollarsOf(await demo.api.get("spend_limit")));
    const month = await new Truth(demo.api, { first: `${day(0).slice(0, 8)}01`, last: day(0) }).spend();
    await panel.until(({ metrics }) => {
      assert.equal(metrics.month?.value, plain(month));
      assert.equal(metrics.budget?.value, plain(limit));
      const percent = Math.round((Number(plain(month)) / Number(plain(limit))) * 100);
      assert.match(metrics.budget.detail, new RegExp(`^${percent || "<1"}% · \\d+% by \\d+ \\w{3}$`));
    });
  });

  test("hours of 7 days: the same totals, and each hour as the API has it", async ({
    workbench: { panel },
    demo,
  }) => {
    const truth = new Truth(demo.api, WEEK);
    const [spend, tokens] = [plain(await truth.spend()), await truth.tokens()];
    const now = new Date().toISOString().slice(0, 14);
    const rows = await demo.api.usage("completions", { ...WEEK, width: "1h" });
    const hours = sumBy(
      rows.filter(({ start }) => start <= `${now}00Z`),
      ({ start }) => start,
      ({ numbers }) => sum([numbers.input_tokens ?? decimal("0"), numbers.output_tokens ?? decimal("0")]),
    );
    assert.ok(Object.keys(hours).length > 100);
    await panel.choose("period", "7d");
    await panel.goTo("completions");
    await panel.choose("measure", "tokens");
    await panel.choose("bucket", "1h");
    await panel.until(({ metrics, charts }) => {
      const chart = charts["completions-tokens"];
      assert.match(chart?.title ?? "", /by hour \(UTC\)/);
      const shown = sumBy(
        chart?.bars ?? [],
        ({ category }) => category,
        ({ value }) => decimal(value),
      );
      assert.deepEqual(shown, hours);
      assert.deepEqual([metrics.spend?.value, metrics.tokens?.value], [spend, tokens]);
    });
    await panel.goTo("overview");
    await panel.choose("measure", "spend");
    await panel.until(({ charts, notices, ownNotices }) => {
      const chart = charts["daily-spend"];
      assert.match(chart?.title ?? "", /^Spend by day/);
      assert.equal(new Set(chart?.bars.map(({ category }) => category)).size, 7);
      assert.ok(ownNotices.includes("daily-money"), ownNotices.join());
      assert.match(notices["daily-money"] ?? "", /by day/);
    });
  });

  test("days typed by keyboard, and their minutes", async ({ workbench: { panel, page }, demo }) => {
    const yesterday: Days = { first: day(1), last: day(1) };
    const truth = new Truth(demo.api, yesterday);
    const [spend, requests] = [plain(await truth.spend()), await truth.requests()];
    const rows = await demo.api.usage("embeddings", { ...yesterday, width: "1m" });
    await panel.choose("period", "custom");
    for (const field of ["start", "end"] as const) {
      await panel.control(field).focus();
      await page.keyboard.type(day(1).replace(/(\d+)-(\d+)-(\d+)/, "$2$3$1"));
      await page.keyboard.press("Enter");
    }
    await panel.until(({ controls, metrics }) => {
      assert.deepEqual([controls.period, controls.start, controls.end], ["custom", day(1), day(1)]);
      assert.deepEqual([metrics.spend?.value, metrics.requests?.value], [spend, requests]);
    });
    await panel.goTo("embeddings");
    await panel.choose("measure", "requests");
    await panel.choose("bucket", "1m");
    const chart = panel.chart("embeddings-requests");
    await chart.getByText(/by minute/).waitFor();
    await chart.locator("summary").click();
    await panel.until(({ charts, metrics }) => {
      const bars = charts["embeddings-requests"]?.bars ?? [];
      assert.equal(new Set(bars.map(({ category }) => category)).size, 24 * 60);
      const shown = sumBy(
        bars,
        ({ series }) => series,
        ({ value }) => decimal(value),
      );
      const expected = plain(total(rows, "num_model_requests"));
      assert.equal(plain(sum(Object.values(shown).map(decimal))), expected);
      assert.equal(metrics.spend?.value, spend);
    });
    await chart.locator("summary").click();
    await panel.goTo("overview");
    // There is more to choose from here, and what was chosen stays so.
    await panel.until(({ controls, charts }) => {
      assert.match(Object.values(charts)[0]?.title ?? "", /^Requests by minute/);
      assert.deepEqual([controls.measure, controls.bucket], ["requests", "1m"]);
    });
  });

  test("a day to come becomes the last that can be chosen, by Enter and by going on", async ({
    workbench: { panel, page },
  }) => {
    await panel.choose("period", "custom");
    await panel.control("end").focus();
    await page.keyboard.type("01012999");
    await panel.control("period").focus();
    await panel.until(({ controls }) => assert.deepEqual([controls.start, controls.end], [day(29), day(0)]));
    await panel.control("start").focus();
    await page.keyboard.type("01012999");
    await page.keyboard.press("Enter");
    await panel.until(({ controls, spoken }) => {
      assert.deepEqual([controls.start, controls.end], [day(0), day(0)]);
      assert.match(spoken, /^Overview, \d+ \w{3} \d{4}, UTC: /);
    });
  });

  test("while figures are on their way, those before are marked, and said is only what is shown", async ({
    workbench,
    demo,
  }) => {
    const { panel } = workbench;
    const before = await panel.until(({ isBusy, spoken }) => {
      assert.ok(!isBusy);
      assert.match(spoken, /^Overview, .*, UTC: Spend \$[\d,.]+\. Spend by day \(UTC\) and line item$/);
    });
    const loading = panel.frame.getByText("Loading…", { exact: true });
    assert.equal(await loading.count(), 0);
    await demo.inject({ kind: "hang", times: null });
    await panel.choose("period", "90d");
    await loading.waitFor();
    const opacity = () =>
      panel.frame.locator(".metrics.large").evaluate((one) => getComputedStyle(one).opacity);
    await eventually(async () => assert.equal(await opacity(), "0.6"));
    const { isLoading, spoken, metrics } = await panel.read();
    assert.deepEqual([isLoading, spoken, metrics.spend], [true, before.spoken, before.metrics.spend]);
    await workbench.screenshot("outdated");
    await panel.goTo("audio_speeches");
    await panel.frame.locator("[data-section=audio_speeches] .bone").waitFor();
    await workbench.screenshot("outdated-section");
    await demo.reset();
    await panel.goTo("overview");
    await panel.until(({ isLoading, isBusy, spoken, metrics }) => {
      assert.deepEqual([isLoading, isBusy], [false, false]);
      assert.ok(spoken !== before.spoken && spoken.includes(metrics.spend?.text ?? "?"), spoken);
    });
    assert.equal(await opacity(), "1");
    assert.equal(await loading.count(), 0);
  });

  test("a chart shown as a table stays so wherever one goes, until it is closed", async ({ workbench }) => {
    const { panel } = workbench;
    const open = () => panel.frame.locator("[data-chart] details[open] tbody tr").count();
    await panel.chart("daily-spend").locator("summary").click();
    await eventually(async () => assert.ok((await open()) > 0));
    await panel.choose("measure", "tokens");
    await panel.until(({ charts }) => assert.ok(charts["overview-tokens"]));
    await eventually(async () => assert.ok((await open()) > 0));
    await panel.goTo("completions");
    await panel.until(({ charts }) => assert.ok(charts["completions-tokens"]));
    await eventually(async () => assert.ok((await open()) > 0));
    await workbench.reload();
    await panel.reaches("ready");
    await eventually(async () => assert.ok((await open()) > 0));
    await panel.chart("completions-tokens").locator("summary").click();
    await eventually(async () => assert.equal(await open(), 0));
    await panel.goTo("overview");
    await panel.until(({ charts }) => assert.ok(charts["overview-tokens"]));
    assert.equal(await open(), 0);
  });

  test("the keys of a slider go through a chart", async ({ workbench: { panel, page } }) => {
    const plot = panel.chart("daily-spend").getByRole("slider");
    await plot.focus();
    for (const [key, at] of [
      ["Home", 0],
      ["PageUp", 7],
      ["ArrowUp", 8],
      ["PageDown", 1],
      ["ArrowDown", 0],
      ["End", 29],
    ] as const) {
      await page.keyboard.press(key);
      assert.equal(await plot.getAttribute("aria-valuenow"), `${at}`, key);
    }
    await page.keyboard.press("Escape");
  });

  test("more than 400 days go by month, for eyes and for readers", async ({ workbench, demo }) => {
    const { panel, page } = workbench;
    const long: Days = { first: day(430), last: day(0) };
    const months = sumBy(
      await new Truth(demo.api, long).bill(),
      (row) => row.day.slice(0, 7),
      ({ numbers }) => numbers.amount ?? decimal("0"),
    );
    assert.ok(Object.keys(months).length >= 15);
    await panel.choose("period", "custom");
    await panel.control("start").focus();
    await page.keyboard.type(day(430).replace(/(\d+)-(\d+)-(\d+)/, "$2$3$1"));
    await page.keyboard.press("Enter");
    await panel.until(({ charts }) => {
      const chart = charts["daily-spend"];
      assert.equal(chart?.title, "Spend by month (UTC) and line item");
      const shown = sumBy(
        chart.bars,
        ({ category }) => category,
        ({ value }) => decimal(value),
      );
      assert.deepEqual(shown, months);
    });
    const chart = panel.chart("daily-spend");
    const named = (month: string, style: "long" | "short") =>
      new Date(month).toLocaleDateString("en-US", { month: style, year: "numeric", timeZone: "UTC" });
    const last = Object.keys(months).length - 1;
    const newest = day(0).slice(0, 7);
    const plot = chart.getByRole("slider");
    await plot.focus();
    const spoken = (await plot.getAttribute("aria-valuetext")) ?? "";
    assert.ok(spoken.startsWith(`${named(newest, "long")} UTC, so far: total $`), spoken);
    await page.keyboard.press("PageDown");
    assert.equal(await plot.getAttribute("aria-valuenow"), `${last - 12}`);
    await page.keyboard.press("Escape");
    const labels = await chart.locator(".date-label").allTextContents();
    const [january] = Object.keys(months).filter((month) => month.endsWith("-01"));
    assert.ok(labels.includes(named(january ?? "", "short")), labels.join());
    await chart.locator("summary").click();
    const rows = await chart.locator("tr > :first-child").allTextContents();
    assert.deepEqual(rows.slice(0, 2), ["Month (UTC)", `${named(newest, "short")} (so far)`]);
    assert.equal(rows.length, last + 2);
    await workbench.screenshot("months");
    await chart.locator("summary").click();
  });

  test("spend, tokens and requests, each split as one likes", async ({ workbench: { panel }, demo }) => {
    const truth = new Truth(demo.api, MONTH);
    const totals = {
      spend: plain(await truth.spend()),
      tokens: await truth.tokens(),
      requests: await truth.requests(),
    };
    for (const [measure, groups] of [
      ["spend", { project_id: "project", api_key_id: "API key", user_id: "user", api_source: "source" }],
      [
        "tokens",
        {
          token_type: "kind of token",
          service_tier: "service tier",
          batch: "batch",
          capability: "capability",
        },
      ],
      ["requests", { api_source: "source", capability: "capability", model: "model" }],
    ] as const) {
      await panel.choose("measure", measure);
      for (const [group, word] of Object.entries(groups)) {
        await panel.choose("groupBy", group);
        const { charts } = await panel.until(({ charts }) => {
          const [chart] = Object.values(charts);
          assert.match(chart?.title ?? "", new RegExp(`^${measure} by day \\(UTC\\) and ${word}$`, "i"));
          assert.equal(allOf(chart?.bars ?? []), totals[measure], `${measure} by ${group}`);
        });
        const layers = new Set(Object.values(charts)[0]?.bars.map(({ series }) => series));
        assert.ok(layers.size > 1, `${measure} by ${group}: ${[...layers].join()}`);
        if (group === "token_type")
          assert.deepEqual([...layers].sort(), ["=cache_write", "=cached", "=output", "=uncached"]);
      }
    }
  });

  test("filters narrow everything, together and in turn", async ({
    workbench: { panel, ...workbench },
    demo,
  }) => {
    const [project] = (await demo.api.list("projects")).filter(({ name }) => name === PROJECT);
    await panel.choose("groupBy", "model");
    await panel.pick("projectIds", PROJECT);
    await agrees(panel, demo.api, { project_id: [project?.id] }, [`Project: ${PROJECT}`]);
    await panel.pick("models", MODEL);
    await agrees(panel, demo.api, { project_id: [project?.id], model: [MODEL] }, [
      `Project: ${PROJECT}`,
      `Model: ${MODEL}`,
    ]);
    await workbench.status.leave();
    await panel.frame.locator("[data-filter=Project]").click();
    await agrees(panel, demo.api, { model: [MODEL] }, [`Model: ${MODEL}`]);
    await panel.clearFilters();
    await agrees(panel, demo.api, {}, []);
  });

  test("a click on a row goes into it, and Back comes out again", async ({ workbench: { panel }, demo }) => {
    const users = await demo.api.list("users");
    const platform = users.find(({ name }) => name === "Platform");
    await panel.goTo("users");
    await panel.drill("users", "Platform");
    await agrees(panel, demo.api, { user_id: [platform?.id] }, ["User: Platform"]);
    assert.equal((await panel.read()).section, "overview");
    const keys = await panel.read();
    const name = keys.tables["api-keys"]?.rows[0]?.name ?? "";
    const id = keys.tables["api-keys"]?.rows[0]?.id.slice(1) ?? "";
    await panel.drill("api-keys", name);
    await agrees(panel, demo.api, { user_id: [platform?.id], api_key_id: [id] }, [
      `API key: ${name}`,
      "User: Platform",
    ]);
    await panel.back();
    await agrees(panel, demo.api, { user_id: [platform?.id] }, ["User: Platform"]);
    await panel.back();
    await panel.until(({ section, filters }) => assert.deepEqual([section, filters], ["users", []]));
    assert.equal(await panel.frame.locator("[data-back]").count(), 0);
  });

  test("going into a row shows what changed from the top, and Back the row again", async ({
    workbench: { panel },
  }) => {
    await panel.goTo("line-items");
    const { tables } = await panel.read();
    const last = tables["line-items"]?.rows.at(-1);
    const link = panel.frame.locator(`[data-table="line-items"] [data-row="${last?.id}"] .row-link`);
    await link.click();
    await panel.frame.locator("[data-back]").waitFor();
    const scrolled = () => panel.app.evaluate(() => window.scrollY);
    await eventually(async () => assert.equal(await scrolled(), 0));
    await panel.back();
    await panel.until(({ section, filters }) => assert.deepEqual([section, filters], ["line-items", []]));
    await eventually(async () => {
      assert.ok(await link.evaluate((element) => element === document.activeElement));
      assert.ok((await scrolled()) > 0);
    });
  });

  test("a table is ordered by any column, either way", async ({ workbench: { panel } }) => {
    await panel.goTo("models");
    const { tables } = await panel.until(({ tables }) =>
      assert.equal(tables.models?.sorted, "spend descending"),
    );
    assert.ok((tables.models?.columns.length ?? 0) > 10);
    for (const column of ["name", "share", "change", "num_model_requests", "seconds", "spend"]) {
      const head = panel.frame.locator(`[data-table=models] [data-sort=${column}]`);
      const directions = column === "name" ? ["ascending", "descending"] : ["descending", "ascending"];
      for (const direction of directions) {
        await head.click();
        const { tables } = await panel.until(({ tables }) =>
          assert.equal(tables.models?.sorted, `${column} ${direction}`),
        );
        assertOrdered(tables.models, column, direction);
      }
    }
    await panel.frame.locator("[data-sort=spend]").click();
    await panel.until(({ tables }) => assert.equal(tables.models?.sorted, "spend descending"));
  });

  test("a capability that cannot be read is named, and the rest is there", async ({
    workbench: { panel },
    demo,
  }) => {
    const truth = new Truth(demo.api, MONTH);
    const [spend, models] = [plain(await truth.spend()), await truth.spendBy("model")];
    await panel.goTo("models");
    for (const [status, capability, name] of [
      [403, "images", "Images"],
      [500, "audio_speeches", "Speech"],
    ] as const) {
      await demo.inject({ kind: "status", status, path: `usage/${capability}`, times: null });
      await panel.refresh();
      await panel.until(({ notices, metrics, tables, nav }) => {
        assert.match(notices["usage-problem"] ?? "", new RegExp(`^${name} could not be read`));
        assert.equal(metrics.spend?.value, spend);
        assert.deepEqual(column(tables.models, "spend"), models);
        assert.ok(nav.includes(capability));
      });
      await demo.reset();
      await panel.refresh();
      await panel.until(({ notices }) => assert.deepEqual(notices, {}));
    }
  });

  test("a table is copied as Markdown", async ({ workbench: { panel, page } }) => {
    await panel.goTo("projects");
    const { tables } = await panel.until(({ tables }) => assert.ok(tables.projects));
    const table = tables.projects;
    assert.ok(table?.total);
    await page.evaluate(() => navigator.clipboard.writeText("nothing yet"));
    await panel.table("projects").locator("[data-action=copy]").click();
    await page.getByText("Copied as Markdown").first().waitFor();
    const text = await eventually(async () => {
      await page.bringToFront();
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      assert.match(copied, /^\| Project \|/);
      return copied;
    });
    const [, rules, ...lines] = text.trimEnd().split("\n");
    assert.match(rules ?? "", /^\| :-- (\| --: )+\|$/);
    const cells = lines.map((line) => line.slice(2, -2).split(" | "));
    const expected = [...table.rows, table.total].map(({ texts }) =>
      table.columns.map((one) => texts[one]?.replaceAll("\u00a0", " ")),
    );
    assert.deepEqual(cells, expected);
  });

  for (const format of ["json", "csv"] as const) {
    test(`what is shown is exported as ${format}, exact`, async ({ workbench, vscode, demo }) => {
      const { panel } = workbench;
      const [project] = (await demo.api.list("projects")).filter(({ name }) => name === PROJECT);
      await panel.choose("period", "7d");
      await panel.pick("projectIds", PROJECT);
      const filters = { project_id: [project?.id] };
      await agrees(panel, demo.api, filters, [`Project: ${PROJECT}`], WEEK);
      const { metrics } = await panel.read();
      const file = vscode.inWorkspace(`usage.${format}`);
      await panel.frame.locator("[data-action=export]").click();
      const input = workbench.quickInput.locator("input.input");
      const proposed = vscode.inWorkspace(`openai-usage-${WEEK.first}-${WEEK.last}.json`);
      await eventually(async () => assert.equal(await input.inputValue(), proposed));
      await input.fill(file);
      await workbench.page.keyboard.press("Enter");
      await workbench.notifications.getByText(`Usage exported to usage.${format}.`).waitFor();
      await workbench.run("Notifications: Clear All Notifications");
      const text = await readFile(file, "utf8");
      const rows = format === "json" ? rowsOfJson(text) : rowsOfCsv(text);
      assert.ok(rows.length > 20);
      for (const row of rows) assertOfWeek(row, project?.id);
      const sumOfAll = (capability: string, metric: string) =>
        plain(
          sum(rows.filter((row) => row.capability === capability).map((row) => decimal(row[metric] || "0"))),
        );
      assert.equal(sumOfAll("costs", "amount"), metrics.spend?.value);
      const truth = new Truth(demo.api, WEEK, filters);
      for (const capability of ALL_CAPABILITIES) {
        const used = (await truth.used(capability)) ?? [];
        for (const metric of Object.keys(used[0]?.numbers ?? {}))
          assert.equal(sumOfAll(capability, metric), plain(total(used, metric)), `${capability} ${metric}`);
      }
    });
  }

  test("all of it works without a mouse", async ({ workbench }) => {
    const { panel, page } = workbench;
    const keyboard = page.keyboard;
    const reach = async (selector: string, key: "Tab" | "Shift+Tab" = "Tab") => {
      for (let presses = 0; presses < 90; presses++) {
        if (await panel.app.evaluate((_, wanted) => document.activeElement?.matches(wanted), selector))
          return;
        await keyboard.press(key);
      }
      throw new Error(`${selector} was not reached by ${key}`);
    };
    await keyboard.press("F1");
    await workbench.quickInput.locator("input.input:focus").waitFor();
    await keyboard.type("OpenAI: Show OpenAI usage");
    await workbench.quickInput.locator(".monaco-list-row.focused").getByText("Show OpenAI usage").waitFor();
    await keyboard.press("Enter");
    await reach("[data-nav=projects]");
    await keyboard.press("Enter");
    await panel.until(({ section }) => assert.equal(section, "projects"));
    await reach("[data-control=models] .picker", "Shift+Tab");
    await keyboard.press("Enter");
    await reach("[data-control=models] .search");
    await keyboard.type("gpt-5.4");
    await keyboard.press("ArrowDown");
    await keyboard.press("Space");
    await panel.until(({ filters }) => assert.deepEqual(filters, [`Model: ${MODEL}`]));
    await keyboard.press("Escape");
    await panel.control("models").locator(".popup").waitFor({ state: "hidden" });
    await reach("[data-sort=num_model_requests]");
    await keyboard.press("Enter");
    await panel.until(({ tables }) => assert.equal(tables.projects?.sorted, "num_model_requests descending"));
    await reach("[data-row] .row-link");
    await keyboard.press("Enter");
    await panel.until(({ filters, section }) => assert.deepEqual([filters.length, section], [2, "overview"]));
    await reach("[data-back]", "Shift+Tab");
    await keyboard.press("Enter");
    await panel.until(({ filters, section }) => assert.deepEqual([filters.length, section], [1, "projects"]));
    await reach("[data-action=clear-filters]");
    await keyboard.press("Space");
    await panel.until(({ filters }) => assert.deepEqual(filters, []));
    assert.notEqual(await panel.app.evaluate(() => document.activeElement?.localName), "body");
  });

  test("period, grouping, filters and section are the same in a new window, but not in another folder", async ({
    workbench,
    vscode,
  }) => {
    const { panel } = workbench;
    await panel.goTo("completions");
    await panel.choose("period", "7d");
    await panel.choose("measure", "requests");
    await panel.choose("groupBy", "api_key_id");
    await panel.pick("projectIds", PROJECT);
    const chosen = ({ section, filters, controls }: Contents) => ({
      section,
      filters,
      period: controls.period,
      measure: controls.measure,
      groupBy: controls.groupBy,
    });
    const expected = {
      section: "completions",
      filters: [`Project: ${PROJECT}`],
      period: "7d",
      measure: "requests",
      groupBy: "api_key_id",
    };
    const before = await panel.until((contents) => {
      assert.deepEqual(chosen(contents), expected);
      assert.match(Object.values(contents.charts)[0]?.title ?? "", /Requests by day .* and API key/);
    });
    const comesBack = (contents: Contents) => {
      assert.deepEqual(chosen(contents), expected);
      assert.ok(!contents.isBusy);
      assert.deepEqual([contents.own, contents.tables], [before.own, before.tables]);
    };
    const opened = (folder: string, check: (contents: Contents) => void) =>
      workbench.besides(vscode.windowOn(folder), async (other) => {
        await other.status.shows(/today/);
        await other.run("OpenAI: Show OpenAI usage");
        // What VS Code kept of the page may stand there before: to this the server has answered.
        await other.panel.goTo("audio_speeches");
        await other.panel.goTo("completions");
        await other.panel.until(check);
      });
    await Promise.all([
      opened("my-project", comesBack),
      opened("another-project", (contents) => {
        const { filters, period, measure } = chosen(contents);
        assert.deepEqual([filters, period, measure, contents.isBusy], [[], "30d", "tokens", false]);
      }),
    ]);
  });
});

/** The overview of 30 days with nothing chosen, wherever the test before ended. */
async function home({ status, panel, page }: Workbench): Promise<void> {
  if ((await panel.app.count()) === 0) {
    await status.shows(/today/);
    await status.click();
  }
  await panel.reaches("ready");
  await page.keyboard.press("Escape");
  if ((await panel.read()).filters.length > 0) await panel.clearFilters();
  await panel.goTo("overview");
  for (const [control, option] of [
    ["period", "30d"],
    ["measure", "spend"],
    ["groupBy", "line_item"],
  ] as const) {
    await panel.control(control).locator(`option[value="${option}"]`).waitFor({ state: "attached" });
    if ((await panel.control(control).inputValue()) !== option) await panel.choose(control, option);
  }
  await panel.chart("daily-spend").getByText("Spend by day (UTC) and line item").waitFor();
  // What the test before chose may have been a day: its figures stay in sight until the month's are there.
  await panel.until(({ isLoading, metrics }) => {
    assert.ok(!isLoading);
    assert.match(metrics.spend?.detail ?? "", / – /);
  });
}

/** The column's values by row, without those that are nothing. */
function column(table: TableContents | undefined, name: string): Record<string, string> {
  assert.ok(table, "no such table");
  const rows = table.rows.map(({ id, cells }): [string, string] => [id.replace(/^=/, ""), cells[name] ?? ""]);
  return Object.fromEntries(
    rows.filter(([, value]) => !/^(0|—|)$/.test(value)).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function withoutZeros(values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== "0"));
}

function allOf(bars: { value: string }[]): string {
  return plain(sum(bars.map(({ value }) => decimal(value))));
}

/** The metrics whose sum the chart of a capability shows first. */
function measured(capability: Capability): string[] {
  const others: Partial<Record<Capability, string[]>> = {
    completions: ["input_tokens", "output_tokens"],
    decisions: ["input_tokens", "output_tokens"],
    embeddings: ["input_tokens"],
    moderations: ["input_tokens"],
    images: ["images"],
    audio_speeches: ["characters"],
    audio_transcriptions: ["seconds"],
    vector_stores: ["usage_bytes"],
    code_interpreter_sessions: ["num_sessions"],
  };
  return others[capability] ?? ["num_requests"];
}

function isDetail(metric: string): boolean {
  return /_(text|audio|image|30m|12h)_tokens$/.test(metric);
}

// biome-ignore lint/suspicious/noExplicitAny: JSON as it comes
function dollarsOf(limit: Record<string, any>): string {
  return plain(decimal(`${limit.threshold_amount}e-2`));
}

function assertOrdered(table: TableContents | undefined, column: string, direction: string): void {
  const values = (table?.rows ?? [])
    .filter(({ id }) => id !== "remainder")
    .map(({ cells }) => cells[column] ?? "");
  const known =
    column === "name" ? values : values.filter((one) => /^-?\d/.test(one) && !one.includes("-fold"));
  assert.ok(known.length > 0, `${column}: ${values.join()}`);
  // What is not known is last, either way.
  assert.deepEqual(values.slice(0, known.length), known, column);
  const sign = direction === "ascending" ? 1 : -1;
  const sorted =
    column === "name"
      ? [...known].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -sign : sign))
      : [...known].sort((a, b) => sign * order(decimal(a), decimal(b)));
  assert.deepEqual(known, sorted, `${column} ${direction}`);
}

/** Waits until all that the overview shows is of these filters, and agrees with the API. */
async function agrees(
  panel: UsagePanel,
  api: OpenAiApi,
  filters: Filters,
  chips: string[],
  period = MONTH,
): Promise<void> {
  const truth = new Truth(api, period, filters);
  const [spend, byDay, tokens, requests, models, projects] = await Promise.all([
    truth.spend(),
    truth.spendByDay(),
    truth.tokens(),
    truth.requests(),
    truth.spendBy("model"),
    truth.spendBy("project_id"),
  ]);
  assert.notEqual(plain(spend), "0");
  await panel.until(({ metrics, charts, tables, ...contents }) => {
    assert.deepEqual(contents.filters, chips);
    assert.deepEqual(
      [metrics.spend?.value, metrics.tokens?.value, metrics.requests?.value],
      [plain(spend), tokens, requests],
    );
    const shown = sumBy(
      charts["daily-spend"]?.bars ?? [],
      ({ category }) => category,
      ({ value }) => decimal(value),
    );
    assert.deepEqual(shown, byDay);
    assertAmong(tables.models, plain(spend), models);
    assertAmong(tables.projects, plain(spend), projects);
  });
}

/** A table of which the first rows are shown. */
function assertAmong(table: TableContents | undefined, spend: string, sums: Record<string, string>): void {
  assert.equal(table?.total?.cells.spend, spend);
  const shown = column(table, "spend");
  assert.ok(Object.keys(shown).length > 0);
  for (const [id, amount] of Object.entries(shown))
    if (id !== "remainder") assert.equal(amount, sums[id], id);
}

type Exported = Record<string, string>;

function assertOfWeek({ date = "", capability, project_id }: Exported, project: string): void {
  assert.match(date, /^\d{4}-\d\d-\d\d$/);
  assert.ok(date >= WEEK.first && date <= WEEK.last, date);
  // What is not attributed is of nobody, as in the table.
  if (project_id || capability !== "costs") assert.equal(project_id, project);
}

function rowsOfJson(text: string): Exported[] {
  const { costs, usage, period } = JSON.parse(text);
  assert.deepEqual(period, { start: WEEK.first, end: WEEK.last });
  const texts = (row: object) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, value === null ? "" : String(value)]),
    );
  return [...costs.map((row: object) => ({ ...texts(row), capability: "costs" })), ...usage.map(texts)];
}

function rowsOfCsv(text: string): Exported[] {
  const [head = [], ...lines] = text.trimEnd().split(/\r?\n/).map(fieldsOf);
  return lines.map((line) => Object.fromEntries(head.map((name, at) => [name, line[at] ?? ""])));
}

/** As RFC 4180 has it. */
function fieldsOf(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? "",
  );
}
