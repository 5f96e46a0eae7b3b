/** What the scripts share: folders, running programs, finding Python, remembering what is done. Built-ins only. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const EXTENSION = dirname(dirname(fileURLToPath(import.meta.url)));
export const ROOT = dirname(EXTENSION);
export const SERVER = join(ROOT, "server");
export const VSCODE_TESTS = join(ROOT, "tests", "vscode");
/** Where things are kept that can be made again; `npm ci` empties it. */
export const CACHE = join(EXTENSION, "node_modules", ".cache", "openai-usage");

const WINDOWS = process.platform === "win32";
const VENV = join(ROOT, ".venv");
export const VENV_PYTHON = inVenv("python");

/** The program `name` of the project's own Python environment. */
export function inVenv(name) {
  return WINDOWS ? join(VENV, "Scripts", `${name}.exe`) : join(VENV, "bin", name);
}

/** The start of a command that runs a program of this package's dependencies: no shell, no .cmd, on any system. */
export async function nodeTool(dependency, bin = dependency) {
  const folder = join(EXTENSION, "node_modules", dependency);
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const file = typeof manifest.bin === "string" ? manifest.bin : manifest.bin[bin];
  return [process.execPath, join(folder, file)];
}

/** A failure whose message says all there is to say; anything else is a bug and deserves its stack trace. */
export class Failed extends Error {
  name = "Failed";
  constructor(message, output = "") {
    super(message);
    this.output = output;
  }
}

/** Every program that runs, so that an interrupted script takes them along. */
const children = new Set();

export function killChildren() {
  for (const child of children) child.kill();
}

/**
 * Runs a program to its end.
 *
 * @param {string[]} command The program and its arguments.
 * @param {object} [options]
 * @param {string} [options.cwd] Default: the repository's root.
 * @param {Record<string, string | undefined>} [options.env] On top of this process's own.
 * @param {boolean} [options.inherit] Lets it talk to the terminal instead of collecting what it prints.
 * @param {string} [options.input] Written to its stdin.
 * @returns {Promise<{stdout: string, output: string}>} `output`: stdout and stderr as they came.
 * @throws {Failed} Where it cannot start or ends with anything but 0.
 */
export async function run(command, { cwd = ROOT, env = {}, inherit = false, input } = {}) {
  const [program, ...args] = command;
  const options = {
    cwd,
    env: { ...process.env, ...env },
    stdio: inherit ? "inherit" : ["pipe", "pipe", "pipe"],
    windowsHide: true,
  };
  // A .cmd of Windows runs in a shell only, and a shell splits words at their spaces.
  const child = program.endsWith(".cmd")
    ? spawn(command.map((word) => `"${word}"`).join(" "), { ...options, shell: true })
    : spawn(program, args, options);
  children.add(child);
  let stdout = "";
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (text) => {
    stdout += text;
    output += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text) => {
    output += text;
  });
  // A program may end before it has read everything; how it ended is what counts.
  child.stdin?.on("error", () => undefined).end(input);
  try {
    const ending = await new Promise((resolve, reject) => {
      child.on("error", (error) => reject(new Failed(`${program} cannot be started: ${error.message}`)));
      child.on("close", (code, signal) => resolve(code ?? signal));
    });
    if (ending !== 0) throw new Failed(`${command.join(" ")} ended with ${ending}`, output);
    return { stdout, output };
  } finally {
    children.delete(child);
  }
}

/**
 * npm, in a folder. The very npm that runs this script, where one does.
 *
 * @param {string[]} args
 * @param {string} cwd
 * @param {object} [options] As for `run`.
 */
export function npm(args, cwd, options = {}) {
  const cli = process.env.npm_execpath;
  const program = cli?.endsWith("npm-cli.js") ? [process.execPath, cli] : [onPath("npm") ?? "npm"];
  // `npm --prefix elsewhere` leaves its own prefix in our environment.
  return run([...program, `--prefix=${cwd}`, ...args], { cwd, ...options });
}

/** @returns {string | undefined} The full path of a program. */
export function onPath(program) {
  const names = WINDOWS ? [`${program}.exe`, `${program}.cmd`] : [program];
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((path) => existsSync(path));
}

/**
 * A Python for the project's own environment: the environment variable PYTHON, else the newest known on PATH.
 *
 * @returns {Promise<string[]>} The start of a command.
 */
export async function findPython() {
  const newestFirst = ["3.14", "3.13", "3.12", "3.11"];
  const candidates = process.env.PYTHON
    ? [[process.env.PYTHON]]
    : [...newestFirst.map((version) => [`python${version}`]), ["python3"], ["python"], ["py", "-3"]];
  for (const candidate of candidates) {
    const check = "import sys, venv, ensurepip; sys.exit(not ((3, 11) <= sys.version_info < (3, 15)))";
    const works = await run([...candidate, "-c", check]).then(
      () => true,
      () => false,
    );
    if (works) return candidate;
  }
  throw new Failed(
    `No Python 3.11 to 3.14 with venv and pip among: ${candidates.map((words) => words.join(" ")).join(", ")}. ` +
      "Install one (python.org; on Debian and Ubuntu: apt install python3 python3-venv), or name one in PYTHON.",
  );
}

/** A fingerprint of files, of everything below folders, and of other values: what a result depends on. */
export async function fingerprint(paths, ...values) {
  const hash = createHash("sha256").update(JSON.stringify(values));
  for (const path of paths) {
    for (const file of await filesBelow(path)) hash.update(file).update(await readFile(file));
  }
  return hash.digest("hex").slice(0, 16);
}

async function filesBelow(path) {
  let entries;
  try {
    entries = await readdir(path, { withFileTypes: true, recursive: true });
  } catch {
    return [path]; // a file
  }
  return entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".pyc"))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

/**
 * Does `work` unless it was already done for the same `key`. The stamp is written last: what was cut off is done again.
 *
 * @param {string} stamp A file that disappears together with the result.
 */
export async function once(stamp, key, work) {
  const done = await readFile(stamp, "utf8").catch(() => "");
  if (done === key) return;
  await work();
  await mkdir(dirname(stamp), { recursive: true });
  await writeFile(stamp, key);
}

/** Runs a script's `main`: a failure ends with its message, and Ctrl+C takes every program along. */
export async function script(main) {
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, () => {
      killChildren();
      process.exit(130);
    });
  }
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    console.error(`${error.output.trimEnd()}\n\n${error.message}`.trim());
    process.exitCode = 1;
  }
}
