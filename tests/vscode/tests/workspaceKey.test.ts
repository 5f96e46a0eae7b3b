/** The API key of the workspace: found in its .env, shown first, one click away, and never written down. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { describe } from "node:test";
import { type Decimal, dollars, plain } from "../harness/decimal.ts";
import { ADMIN_KEY, type DemoApi, type DemoKey } from "../harness/demoApi.ts";
import { eventually } from "../harness/eventually.ts";
import { type Days, day, firstOfMonth, type OpenAiApi, total } from "../harness/openaiApi.ts";
import { type Session, session } from "../harness/session.ts";
import { Truth } from "../harness/truth.ts";
import type { VsCodeOptions } from "../harness/vscode.ts";

const MONTH: Days = { first: day(29), last: day(0) };
const OF_KEY = /^\$\(key\) \$[\d.,]+ today · \$[\d.,]+ this month of \$[\d.,]+$/;
const OF_ORGANISATION = /^\$\(graph\) \$[\d.,]+ today · \$[\d.,]+ this month$/;
/** Looks like a key of the organisation, and is none. */
const STRANGER = `sk-proj-${"0123456789abcdef".repeat(9)}stranger0000`;

/** The first is listed with an asterisk for each character that is not shown, the other with three dots. */
const [WEBSITE, URGENT] = ["Website chat", "Urgent tickets"];

describe("a folder whose .env holds an API key", () => {
  const test = session("workspace-key", async (demo) => ({
    ...account(demo),
    files: { ".env": `# Of the website\nexport OPENAI_API_KEY="${(await keyOf(demo, WEBSITE)).secret}"\n` },
  }));

  test("the status bar shows what that key was billed, of the organisation's bill", async ({
    workbench: { status },
    demo,
  }) => {
    const text = await status.shows(OF_KEY);
    assert.equal(text, await statusOf(demo.api, await keyOf(demo, WEBSITE)));
  });

  test("the tooltip says whose key it is and where it was found", async ({ workbench, demo }) => {
    const key = await keyOf(demo, WEBSITE);
    const { project, owner } = await about(demo.api, key);
    const tooltip = await workbench.status.hover();
    await workbench.screenshot("workspace-key-tooltip");
    const text = await tooltip.innerText();
    for (const part of [key.name, project, owner, ".env"]) assert.ok(text.includes(part), `${part}: ${text}`);
    await workbench.status.leave();
  });

  test("one click in the panel narrows it to the key, another takes that away", async ({
    workbench: { status, panel },
    demo,
  }) => {
    const key = await keyOf(demo, WEBSITE);
    const all = await new Truth(demo.api, MONTH).spend();
    const own = await new Truth(demo.api, MONTH, { api_key_id: [key.id] }).spend();
    const shows = async (spend: Decimal, filters: string[]) => {
      await panel.until((contents) => {
        assert.equal(contents.metrics.spend?.value, plain(spend));
        assert.deepEqual(contents.filters, filters);
      });
      assert.equal(await panel.workspaceKey.getAttribute("aria-pressed"), String(filters.length > 0));
    };
    await status.click();
    await shows(all, []);
    const button = panel.frame.getByRole("button", { name: `This workspace: ${key.name}`, exact: true });
    await button.click();
    await shows(own, [`API key: ${key.name}`]);
    await button.click();
    await shows(all, []);
  });

  test("in the table of API keys its row has a badge, and no other has", async ({ workbench, demo }) => {
    const key = await keyOf(demo, WEBSITE);
    const { panel } = workbench;
    await panel.goTo("api-keys");
    await panel.until(({ tables, isLoading }) => {
      assert.ok(!isLoading);
      const marked = tables["api-keys"]?.rows.filter(({ badge }) => badge !== "");
      assert.deepEqual(
        marked?.map(({ id, badge }) => [id, badge]),
        [[`=${key.id}`, "This workspace"]],
      );
    });
    await workbench.screenshot("workspace-key-panel");
    await panel.goTo("overview");
  });

  test("a setting has the status bar show the organisation alone", async ({
    workbench: { status },
    vscode,
    demo,
  }) => {
    vscode.configure({ "openaiUsage.statusBar.scope": "organization" });
    assert.equal(await status.shows(OF_ORGANISATION), await statusOf(demo.api));
    vscode.configure({ "openaiUsage.statusBar.scope": undefined });
    await status.shows(OF_KEY);
  });

  test("another key in the file that no project has: the organisation's spend, and why", async ({
    workbench: { status },
    vscode,
    demo,
  }) => {
    writeFileSync(vscode.inWorkspace(".env"), `OPENAI_API_KEY=${STRANGER}\n`);
    assert.equal(await status.shows(OF_ORGANISATION), await statusOf(demo.api));
    // Not before the keys were read for it.
    const tooltip = await eventually(async () => {
      const text = await status.tooltip();
      assert.match(text, /in \.env\) is none of the \d+ API keys of the projects /);
      return text;
    });
    assert.match(tooltip, /Open settings/);
    assert.ok(!tooltip.includes(STRANGER));
    const { secret } = await keyOf(demo, WEBSITE);
    writeFileSync(vscode.inWorkspace(".env"), `OPENAI_API_KEY=${secret}\n`);
    await status.shows(OF_KEY);
  });

  test("neither key is written down", async (session) => {
    const { secret } = await keyOf(session.demo, WEBSITE);
    await isNowhere(session, OF_KEY, secret, STRANGER);
  });
});

describe("two folders with a key each", () => {
  const test = session("workspace-keys", async (demo) => ({
    ...account(demo),
    folders: ["website", "support"],
    files: {
      "website/.env": `OPENAI_API_KEY=${(await keyOf(demo, WEBSITE)).secret}\n`,
      "website/about-the-website.md": "# Website\n",
      "support/.env.local": `OPENAI_API_KEY=${(await keyOf(demo, URGENT)).secret}\n`,
      "support/.env": `OPENAI_API_KEY=${STRANGER}\n`,
      "support/about-support.md": "# Support\n",
    },
  }));

  test("the status bar follows from one folder to the other, and stays where a file is of neither", async ({
    workbench,
    demo,
  }) => {
    const { status } = workbench;
    const [website, urgent] = await Promise.all(
      [WEBSITE, URGENT].map(async (name) => statusOf(demo.api, await keyOf(demo, name))),
    );
    assert.ok(website && urgent && website !== urgent);
    await workbench.openFile("about-support.md");
    await status.shows(urgent);
    await workbench.openFile("about-the-website.md");
    await status.shows(website);
    await workbench.tabs("about-support.md").click();
    await status.shows(urgent);
    await workbench.run("File: New Untitled Text File");
    await workbench.tabs("Untitled-1").waitFor();
    await status.click();
    await workbench.panel.frame.getByRole("button", { name: `This workspace: ${URGENT}` }).waitFor();
    await status.shows(urgent);
  });

  test("no key is written down", async (session) => {
    const keys = await Promise.all([WEBSITE, URGENT].map((name) => keyOf(session.demo, name)));
    await isNowhere(session, OF_KEY, STRANGER, ...keys.map(({ secret }) => secret));
  });
});

describe("a folder with a .env that is not trusted", () => {
  const test = session("workspace-key-untrusted", async (demo) => ({
    ...account(demo),
    isTrusted: false,
    files: { ".env": `OPENAI_API_KEY=${(await keyOf(demo, WEBSITE)).secret}\n` },
    workspaceSettings: { "openaiUsage.workspaceKey": ".env:OPENAI_API_KEY" },
  }));

  test("is not read", async (session) => {
    const { workbench, demo } = session;
    await workbench.page.getByText("Restricted Mode").first().waitFor();
    assert.equal(await workbench.status.shows(OF_ORGANISATION), await statusOf(demo.api));
    await workbench.status.click();
    await workbench.panel.reaches("ready");
    assert.equal(await workbench.panel.workspaceKey.count(), 0);
    const { secret } = await keyOf(demo, WEBSITE);
    await isNowhere(session, OF_ORGANISATION, secret);
  });

  test("is read once the user trusts it", async (session) => {
    const { workbench, demo } = session;
    const key = await keyOf(demo, WEBSITE);
    await workbench.run("Workspaces: Manage Workspace Trust");
    await workbench.page.getByRole("button", { name: "Trust", exact: true }).click();
    await workbench.status.shows(await statusOf(demo.api, key));
    // It lies over all the rest.
    const page = workbench.page.getByText("You trust this folder");
    await page.waitFor();
    await workbench.page.getByRole("button", { name: "Close Modal Editor" }).click();
    await page.waitFor({ state: "hidden" });
    await isNowhere(session, OF_KEY, key.secret);
  });
});

/** With what is in the messages, where the log's level is "Trace". */
function account(demo: DemoApi): Pick<VsCodeOptions, "env" | "settings"> {
  return {
    env: { OPENAI_BASE_URL: demo.baseUrl, OPENAI_ADMIN_KEY: ADMIN_KEY },
    settings: { "openaiUsage.trace.server": "verbose" },
  };
}

async function keyOf(demo: DemoApi, name: string): Promise<DemoKey> {
  const key = (await demo.keys()).find((one) => one.name === name);
  assert.ok(key, `the demo organisation has no key ${name}`);
  return key;
}

/** The status bar's text: the organisation's, or that of one of its keys. */
async function statusOf(api: OpenAiApi, key?: DemoKey): Promise<string> {
  const month: Days = { first: firstOfMonth(), last: day(0) };
  // The rows by key leave out what OpenAI attributes to none.
  const [all, byKey] = await Promise.all([api.costs(month), api.costs({ ...month, by: ["api_key_id"] })]);
  const own = key ? byKey.filter(({ of }) => of.api_key_id === key.id) : all;
  const today = dollars(total(own, "amount", (row) => row.day === day(0)));
  const text = `${today} today · ${dollars(total(own))} this month`;
  return key ? `$(key) ${text} of ${dollars(total(all))}` : `$(graph) ${text}`;
}

/** The names that OpenAI lists with a key. */
async function about(
  api: OpenAiApi,
  { id, projectId }: DemoKey,
): Promise<{ project: string; owner: string }> {
  const [projects, keys] = await Promise.all([
    api.list("projects"),
    api.list(`projects/${projectId}/api_keys`),
  ]);
  const project = projects.find((one) => one.id === projectId);
  const { owner } = keys.find((one) => one.id === id) ?? {};
  assert.ok(project && owner);
  return { project: project.name, owner: (owner.user ?? owner.service_account).name };
}

/** Not in what the server and VS Code wrote or keep, not even where a server's whole life is traced. */
async function isNowhere(
  { vscode, workbench }: Session,
  status: RegExp,
  ...secrets: string[]
): Promise<void> {
  const { pid } = await vscode.pythonServer();
  await workbench.setLogLevel("Trace");
  await workbench.run("OpenAI: Restart server");
  await vscode.pythonServer({ not: pid });
  // The status is that of the server before, until the new one is heard.
  await eventually(async () => {
    const logs = await vscode.filesWith("'openaiUsage/status'");
    assert.ok(logs.length > 0, "the messages are in no log");
  });
  await workbench.status.shows(status);
  await workbench.setLogLevel("Info");
  const kept = await workbench.kept();
  for (const secret of secrets) {
    assert.deepEqual(await vscode.filesWith(secret), []);
    assert.ok(!kept.includes(secret), "VS Code keeps it in the browser");
  }
}
