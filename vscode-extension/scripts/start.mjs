/**
 * Opens VS Code with the extension running: the one on PATH (`code`), else VS Code in the browser, at an address it
 * prints (environment variable PORT: at that port). With OPENAI_ADMIN_KEY it shows that account, else sample data.
 */
import { access, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { bundleHere } from "./bundle.mjs";
import { packageFor } from "./package.mjs";
import { setUpNode, setUpPython } from "./setup.mjs";
import { hostTarget } from "./targets.mjs";
import { EXTENSION, Failed, fingerprint, once, onPath, ROOT, run, script, VSCODE_TESTS } from "./tools.mjs";

const PROFILE = join(EXTENSION, ".profile");
const BROWSER = join(PROFILE, "browser");
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
    "--disable-workspace-trust",
  ];
  await run([code, ...options, ROOT], { env, inherit: true });
}

async function inBrowser(env, demo) {
  const { install } = await import(pathToFileURL(join(VSCODE_TESTS, "install.mjs")).href);
  const userData = await profile("browser", "user-data");
  const port = await choosePort();
  const [{ node, entry }, vsix] = await Promise.all([
    install({ log: console.log }),
    Promise.all([setUpNode(), setUpPython()]).then(() => packageFor(hostTarget())),
  ]);
  const extensions = join(BROWSER, "extensions");
  // A configuration of its own: the user's may be for a code-server of theirs.
  const config = ["--config", join(BROWSER, "config.yaml")];
  const codeServer = [node, entry, ...config, "--user-data-dir", userData, "--extensions-dir", extensions];
  // In a terminal of VS Code it would else talk to that window instead of starting.
  const own = { ...env, VSCODE_IPC_HOOK_CLI: undefined };
  // Only where there is something new: a VS Code that runs already has its files open.
  await once(join(extensions, ".installed"), await fingerprint([vsix]), () =>
    run([...codeServer, "--install-extension", vsix, "--force"], { env: own }),
  );
  const options = ["--auth", "none", "--bind-addr", `127.0.0.1:${port}`];
  const quiet = ["--disable-telemetry", "--disable-update-check", "--disable-workspace-trust"];
  const ended = new AbortController();
  const server = run([...codeServer, ...options, ...quiet, ROOT], { env: own }).finally(() => ended.abort());
  await Promise.race([server, answering(port, ended.signal)]);
  console.log(
    `\nVS Code with OpenAI Usage:  http://127.0.0.1:${port}/\n\n${whose(demo)} Press Ctrl+C to end.`,
  );
  await server;
}

function whose(demo) {
  return demo
    ? 'With no admin key set it shows sample data; "OpenAI: Set admin key" or OPENAI_ADMIN_KEY leads to your own.'
    : "It uses OPENAI_ADMIN_KEY, unless an admin key was set in it.";
}

/** A folder of the profile that outlives this run, with calm settings where there are none yet. */
async function profile(kind, name) {
  const folder = join(PROFILE, kind, name);
  await mkdir(join(folder, "User"), { recursive: true });
  const settings = join(folder, "User", "settings.json");
  await access(settings).catch(() => writeFile(settings, JSON.stringify(QUIET, undefined, 2)));
  return folder;
}

/** PORT, else the port of the last time: a browser keeps what it is told, the key too, for one address. */
async function choosePort() {
  const { PORT } = process.env;
  if (PORT) {
    if ((await freePort(PORT)) === undefined)
      throw new Failed(`Port ${PORT} cannot be used; set PORT to another`);
    return PORT;
  }
  const memory = join(BROWSER, "port");
  const last = await readFile(memory, "utf8").catch(() => undefined);
  const port = (last && (await freePort(last))) || (await freePort("0"));
  // A second one beside it does not take the first one's place.
  if (last === undefined) await writeFile(memory, String(port));
  return port;
}

/**
 * @param {string} wanted "0": any.
 * @returns {Promise<number | undefined>} The port; undefined where it is taken, or none.
 */
async function freePort(wanted) {
  const probe = createServer();
  try {
    await new Promise((resolve, reject) => {
      probe.once("error", reject).listen({ port: wanted, host: "127.0.0.1" }, resolve);
    });
    return probe.address().port;
  } catch {
    return undefined;
  } finally {
    await new Promise((resolve) => probe.close(resolve));
  }
}

/** Resolves once something answers there, or `signal` says that nothing will. */
async function answering(port, signal) {
  while (!signal.aborted) {
    const answered = await fetch(`http://127.0.0.1:${port}/healthz`, { signal }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
