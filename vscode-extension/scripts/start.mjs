/**
 * Opens VS Code with the extension running: the one on PATH (`code`), else VS Code in the browser, at an address it
 * prints (environment variable PORT: at that port). With OPENAI_ADMIN_KEY it shows that account, else sample data.
 */
import { access, mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { bundleHere } from "./bundle.mjs";
import { packageFor } from "./package.mjs";
import { setUpNode, setUpPython } from "./setup.mjs";
import { hostTarget } from "./targets.mjs";
import { EXTENSION, onPath, ROOT, run, script, VSCODE_TESTS } from "./tools.mjs";

const PROFILE = join(EXTENSION, ".profile");
const QUIET = {
  "workbench.startupEditor": "none",
  "telemetry.telemetryLevel": "off",
  "chat.disableAIFeatures": true,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
};

await script(async () => {
  const demo = !process.env.OPENAI_ADMIN_KEY;
  const env = demo ? { OPENAI_USAGE_DEMO: "1" } : {};
  console.log("Setting up (the first time takes a minute or two) …");
  // In a terminal of VS Code in the browser `code` talks to that window, which cannot open another one.
  const code = process.env.VSCODE_IPC_HOOK_CLI ? undefined : onPath("code");
  if (code === undefined) await inBrowser(env, demo);
  else await onDesktop(code, env, demo);
});

async function onDesktop(code, env, demo) {
  await Promise.all([setUpNode(), setUpPython()]);
  await bundleHere();
  const folder = await profile("desktop", "user-data");
  console.log(`Opening VS Code. ${whose(demo)} Close its window, or press Ctrl+C here, to end.`);
  const options = [
    "--new-window",
    "--wait",
    `--extensionDevelopmentPath=${EXTENSION}`,
    `--user-data-dir=${folder}`,
  ];
  await run([code, ...options, ROOT], { env, inherit: true, shell: code.endsWith(".cmd") });
}

async function inBrowser(env, demo) {
  const { install } = await import(pathToFileURL(join(VSCODE_TESTS, "install.mjs")).href);
  const [{ node, entry }, vsix, port] = await Promise.all([
    install({ log: console.log }),
    Promise.all([setUpNode(), setUpPython()]).then(() => packageFor(hostTarget())),
    process.env.PORT || freePort(),
  ]);
  const userData = await profile("browser", "user-data");
  const folders = ["--user-data-dir", userData, "--extensions-dir", join(PROFILE, "browser", "extensions")];
  await run([node, entry, ...folders, "--install-extension", vsix, "--force"]);
  const options = ["--auth", "none", "--bind-addr", `127.0.0.1:${port}`];
  const quiet = ["--disable-telemetry", "--disable-update-check", "--disable-workspace-trust"];
  const server = run([node, entry, ...folders, ...options, ...quiet, ROOT], { env });
  await Promise.race([server, answering(port)]);
  console.log(
    `\nVS Code with OpenAI Usage:  http://127.0.0.1:${port}/\n\n${whose(demo)} Press Ctrl+C to end.`,
  );
  await server;
}

function whose(demo) {
  return demo
    ? "It shows sample data; set OPENAI_ADMIN_KEY to see your own organisation's."
    : "It shows the organisation that OPENAI_ADMIN_KEY belongs to.";
}

/** A folder of the profile that outlives this run, with calm settings where there are none yet. */
async function profile(kind, name) {
  const folder = join(PROFILE, kind, name);
  await mkdir(join(folder, "User"), { recursive: true });
  const settings = join(folder, "User", "settings.json");
  await access(settings).catch(() => writeFile(settings, JSON.stringify(QUIET, undefined, 2)));
  return folder;
}

async function freePort() {
  const probe = createServer();
  await new Promise((resolve, reject) => probe.once("error", reject).listen(0, "127.0.0.1", resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Resolves once something answers there. */
async function answering(port) {
  for (;;) {
    const answered = await fetch(`http://127.0.0.1:${port}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
