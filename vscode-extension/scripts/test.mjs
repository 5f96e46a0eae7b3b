/**
 * Runs every check of the repository: `npm test`, or some of them by name: `npm test -- pytest biome`.
 * Two at a time; what a step printed is shown when it ends, and a table of all steps closes the run.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { packageFor } from "./package.mjs";
import { setUpNode, setUpPython } from "./setup.mjs";
import { hostTarget } from "./targets.mjs";
import { EXTENSION, Failed, inVenv, nodeTool, npm, run, script, VSCODE_TESTS } from "./tools.mjs";

const AT_ONCE = 2;

const python = (tool, ...args) => run([inVenv(tool), ...args]);
const node = async (dependency, bin, ...args) =>
  run([...(await nodeTool(dependency, bin)), ...args], { cwd: EXTENSION });

let vsix;

/**
 * In order of start: what others wait for, and what takes longest, first.
 *
 * @type {Record<string, {after?: string[], run: () => Promise<{output: string} | undefined>}>}
 */
const STEPS = {
  "set-up-python": { run: setUpPython },
  "set-up-node": { run: setUpNode },
  "set-up-vscode": { run: setUpVSCode },
  package: {
    after: ["set-up-python", "set-up-node"],
    run: async () => {
      vsix = await packageFor(hostTarget());
    },
  },
  // It drives a browser and VS Code: with the other steps beside it one core is left for each.
  vscode: {
    after: ["package", "set-up-vscode"],
    run: () => npm(["test"], VSCODE_TESTS, { env: { VSIX: vsix } }),
  },
  pytest: { after: ["set-up-python"], run: () => python("pytest") },
  mypy: { after: ["set-up-python"], run: () => python("mypy") },
  "ruff-check": { after: ["set-up-python"], run: () => python("ruff", "check", "--quiet") },
  "ruff-format": { after: ["set-up-python"], run: () => python("ruff", "format", "--check", "--quiet") },
  "import-linter": { after: ["set-up-python"], run: () => python("lint-imports") },
  biome: { after: ["set-up-node"], run: biome },
  "tsc-extension": { after: ["set-up-node"], run: () => node("typescript", "tsc", "-p", "tsconfig.json") },
  "tsc-webview": {
    after: ["set-up-node"],
    run: () => node("typescript", "tsc", "-p", "tsconfig.webview.json"),
  },
  "tsc-tests": { after: ["set-up-vscode"], run: () => npm(["run", "check"], VSCODE_TESTS) },
  protocol: {
    after: ["set-up-python", "set-up-node"],
    run: () => run([process.execPath, join(EXTENSION, "scripts", "protocol.mjs"), "--check"]),
  },
};

/** Two folders with a configuration each; one version of the tool. */
async function biome() {
  const command = [
    ...(await nodeTool("@biomejs/biome", "biome")),
    "ci",
    "--error-on-warnings",
    "--colors=off",
  ];
  const results = await Promise.all([EXTENSION, VSCODE_TESTS].map((cwd) => run(command, { cwd })));
  return { output: results.map(({ output }) => output).join("") };
}

async function setUpVSCode() {
  const { install } = await import(pathToFileURL(join(VSCODE_TESTS, "install.mjs")).href);
  await install({ browser: true });
}

await script(async (names) => {
  const steps = chosen(names);
  const results = new Map();
  const started = performance.now();
  await inOrder(steps, results);
  const failed = [...results.values()].filter(({ outcome }) => outcome !== "passed").length;
  console.log(`\n${"step".padEnd(16)}${"seconds".padStart(9)}`);
  for (const name of steps) {
    const { outcome, seconds } = results.get(name);
    console.log(`${name.padEnd(16)}${seconds.toFixed(1).padStart(9)}  ${outcome}`);
  }
  console.log(`${"all".padEnd(16)}${((performance.now() - started) / 1000).toFixed(1).padStart(9)}\n`);
  console.log(`${steps.length - failed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
});

/** The steps of those names and all they need; without names, every step. */
function chosen(names) {
  const unknown = names.find((name) => !(name in STEPS));
  if (unknown) throw new Failed(`No step ${unknown}; there are ${Object.keys(STEPS).join(", ")}`);
  const needed = new Set();
  const need = (name) => {
    needed.add(name);
    for (const other of STEPS[name].after ?? []) need(other);
  };
  for (const name of names.length > 0 ? names : Object.keys(STEPS)) need(name);
  return Object.keys(STEPS).filter((name) => needed.has(name));
}

/** Runs the steps, each once those it follows have passed, and fills `results`. */
async function inOrder(steps, results) {
  const waiting = new Set(steps);
  const running = new Map();
  while (waiting.size > 0 || running.size > 0) {
    for (const name of waiting) {
      const before = (STEPS[name].after ?? []).map((other) => results.get(other)?.outcome);
      if (before.some((outcome) => outcome !== undefined && outcome !== "passed")) {
        waiting.delete(name);
        results.set(name, { outcome: "not run", seconds: 0 });
      } else if (running.size < AT_ONCE && before.every((outcome) => outcome === "passed")) {
        waiting.delete(name);
        running.set(
          name,
          perform(name).then((result) => [name, result]),
        );
      }
    }
    if (running.size === 0) continue;
    const [name, result] = await Promise.race(running.values());
    running.delete(name);
    results.set(name, result);
  }
}

async function perform(name) {
  const started = performance.now();
  let outcome = "passed";
  let output = "";
  try {
    output = (await STEPS[name].run())?.output ?? "";
  } catch (error) {
    outcome = "FAILED";
    output = error instanceof Failed ? `${error.output}\n${error.message}` : `${error.stack}`;
  }
  const seconds = (performance.now() - started) / 1000;
  console.log(`${outcome === "passed" ? "✓" : "✗"} ${name} (${seconds.toFixed(1)} s)`);
  if (output.trim() !== "") console.log(output.trimEnd().replaceAll(/^/gm, "    "));
  return { outcome, seconds };
}
