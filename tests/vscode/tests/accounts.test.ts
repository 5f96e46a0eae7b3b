/** Other accounts than the usual one: with hundreds of keys, and such that OpenAI refuses things. */
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { decimal, minus, order, plain, sum } from "../harness/decimal.ts";
import { ADMIN_KEY, DemoApi } from "../harness/demoApi.ts";
import { type Days, day } from "../harness/openaiApi.ts";
import { session } from "../harness/session.ts";
import { Truth } from "../harness/truth.ts";

const MONTH: Days = { first: day(29), last: day(0) };

describe("other accounts", () => {
  const test = session(
    "accounts",
    (demo) => ({ env: { OPENAI_BASE_URL: demo.baseUrl, OPENAI_ADMIN_KEY: ADMIN_KEY } }),
    "--large",
  );
  let poor: DemoApi;

  before(async () => {
    poor = await DemoApi.start("--no-decisions", "--no-limits", "--no-cost-by-user-and-project");
  });
  after(() => poor.stop());

  test("of hundreds of keys the first are shown, then all, then the first again", async ({
    workbench: { status, panel },
    demo,
  }) => {
    const truth = new Truth(demo.api, MONTH);
    const [spend, amounts] = await Promise.all([truth.spend(), truth.spendBy("api_key_id")]);
    const keys = Object.keys(amounts).length;
    assert.ok(keys > 300, `${keys}`);
    await status.shows(/today/);
    await status.click();
    await panel.until(({ metrics }) => assert.equal(metrics.spend?.value, plain(spend)));
    await panel.table("api-keys").locator("[data-open]").click();
    const shown = (rows: number) =>
      panel.until(({ tables, section }) => {
        assert.equal(section, "api-keys");
        const table = tables["api-keys"];
        assert.equal(table?.rows.filter(({ id }) => id !== "remainder").length, rows);
        assert.equal(table.total?.cells.spend, plain(spend));
      });
    const first = (await shown(50)).tables["api-keys"]?.rows ?? [];
    const ranked = Object.values(amounts).sort((a, b) => order(decimal(b), decimal(a)));
    assert.deepEqual(
      first.slice(0, 50).map(({ cells }) => cells.spend),
      ranked.slice(0, 50),
    );
    const expand = panel.frame.locator("[data-expand=api-keys]");
    assert.equal(await expand.getAttribute("aria-expanded"), "false");
    assert.equal(await expand.innerText(), `Show all ${keys}`);
    assert.equal(await panel.table("api-keys").locator(".part").innerText(), `50 of ${keys}`);
    await expand.click();
    const all = (await shown(keys)).tables["api-keys"]?.rows ?? [];
    const attributed = all.filter(({ id }) => id !== "remainder").map(({ cells }) => cells.spend ?? "");
    assert.deepEqual(attributed, ranked);
    const rest = minus(spend, sum(attributed.map(decimal)));
    assert.equal(all.at(-1)?.cells.spend, plain(rest), "not attributed");
    assert.equal(await expand.getAttribute("aria-expanded"), "true");
    await expand.click();
    await shown(50);
  });

  test("a key among hundreds is found by searching", async ({ workbench: { panel } }) => {
    const picker = panel.control("apiKeyIds");
    await picker.locator("button.picker").click();
    await picker.getByText(/more: search to find them/).waitFor();
    await picker.locator("input.search").fill("key 017");
    const [one, ...others] = await picker.locator(".choice .name").allInnerTexts();
    assert.equal(one, "Key 017");
    // Of the others some id holds it.
    assert.ok(others.length < 10, others.join());
    await picker.locator(".choice input").first().check();
    await panel.until(({ filters }) => assert.deepEqual(filters, ["API key: Key 017"]));
    await panel.clearFilters();
  });

  test("another address forgets the figures, and an account without Decisions has no such section", async ({
    workbench: { panel },
    vscode,
  }) => {
    const spend = plain(await new Truth(poor.api, MONTH).spend());
    vscode.configure({ "openaiUsage.baseUrl": poor.baseUrl });
    await panel.goTo("overview");
    await panel.until(({ metrics, nav, notices }) => {
      assert.equal(metrics.spend?.value, spend);
      assert.ok(nav.includes("completions") && !nav.includes("decisions"), nav.join());
      assert.deepEqual(notices, {});
      assert.equal(metrics.budget, undefined);
    });
  });

  test("the budget that the user set stands where the account has no limit", async ({
    workbench: { panel },
    vscode,
  }) => {
    const month = await new Truth(poor.api, { first: `${day(0).slice(0, 8)}01`, last: day(0) }).spend();
    await panel.goTo("limits");
    await panel.until(({ ownNotices }) => assert.ok(ownNotices.includes("no-limit")));
    vscode.configure({ "openaiUsage.monthlyBudget": 99.99 });
    await panel.until(({ metrics, tables, ownNotices }) => {
      assert.equal(metrics.budget?.value, "99.99");
      const percent = Math.round((Number(plain(month)) / 99.99) * 100);
      assert.ok(metrics.budget.detail.startsWith(`${percent || "<1"}% · `), metrics.budget.detail);
      assert.equal(tables["spend-limits"]?.rows[0]?.cells.limit, "99.99");
      assert.ok(!ownNotices.includes("no-limit"));
    });
    vscode.configure({ "openaiUsage.monthlyBudget": undefined });
    await panel.until(({ metrics }) => assert.equal(metrics.budget, undefined));
  });

  test("spend by user and project is refused: that is said where it is missing, and all else is there", async ({
    workbench: { panel },
  }) => {
    const [project] = (await poor.api.list("projects")).filter(({ name }) => name === "Support assistant");
    const truth = new Truth(poor.api, MONTH, { project_id: [project?.id] });
    const [spend, tokens, models] = await Promise.all([
      truth.spend(),
      truth.tokens(),
      truth.spendBy("model"),
    ]);
    await panel.goTo("users");
    await panel.until(({ notices }) => assert.deepEqual(notices, {}));
    await panel.pick("projectIds", "Support assistant");
    await panel.until(({ notices, ownNotices, metrics, tables }) => {
      assert.deepEqual(ownNotices, ["split"]);
      assert.match(notices.split ?? "", /^Spend by user is not there: .*cannot be combined with project_id/);
      assert.deepEqual([metrics.spend?.value, metrics.tokens?.value], [plain(spend), tokens]);
      assert.ok((tables.users?.rows.length ?? 0) > 1, "what they used is there");
    });
    await panel.goTo("models");
    await panel.until(({ notices, tables, metrics }) => {
      assert.deepEqual(notices, {});
      assert.equal(metrics.spend?.value, plain(spend));
      for (const { id, cells } of tables.models?.rows ?? [])
        if (cells.spend !== "—") assert.equal(cells.spend, models[id.slice(1)] ?? "0", id);
    });
    await panel.clearFilters();
  });
});
