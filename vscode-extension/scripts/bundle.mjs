/** Makes what the extension runs: `dist` (its own code) and `bundled` (the server with its libraries). */
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { hostTarget, TARGETS } from "./targets.mjs";
import { CACHE, EXTENSION, Failed, fingerprint, ROOT, run, SERVER, script, VENV_PYTHON } from "./tools.mjs";

/** One set of compiled libraries each, side by side: their file names carry the version. */
const PYTHON_VERSIONS = ["3.11", "3.12", "3.13", "3.14"];

/** @param {string} folder Where `dist` is written: `extension.js`, `webview.js`, `webview.css`. */
export async function bundleCode(folder) {
  const { build } = await import("esbuild"); // not there before `npm ci`
  const dist = join(folder, "dist");
  const common = {
    absWorkingDir: EXTENSION,
    outdir: dist,
    bundle: true,
    minify: true,
    sourcemap: "linked",
    metafile: true,
    legalComments: "none", // They are in the licences below.
    logLevel: "warning",
    logOverride: { "unsupported-require-call": "silent" },
  };
  await rm(dist, { recursive: true, force: true });
  const results = await Promise.all([
    build({
      ...common,
      entryPoints: ["src/extension.ts"],
      platform: "node",
      format: "cjs",
      target: "node20",
      external: ["vscode"],
    }),
    build({
      ...common,
      entryPoints: [
        { in: "webview/main.ts", out: "webview" },
        { in: "webview/panel.css", out: "webview" },
      ],
      platform: "browser",
      format: "iife",
      target: "es2022",
    }),
  ]);
  const warnings = results.flatMap((result) => result.warnings);
  if (warnings.length > 0) throw new Failed(`esbuild gave ${warnings.length} warnings`);
  await writeFile(join(dist, "LICENSES.txt"), await licences(results));
}

/** The licences of everything that went into the bundles. */
async function licences(results) {
  const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const packages = inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  const texts = [...new Set(packages)].sort().map(async (path) => {
    const folder = join(EXTENSION, path);
    const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    return `${name} ${version} (${license})\n\n${file ? await readFile(join(folder, file), "utf8") : ""}`;
  });
  return (await Promise.all(texts)).join(`\n${"-".repeat(80)}\n\n`);
}

/** @param {string} folder Where `bundled` is written: `launch.py` and `libs`. */
export async function bundleServer(target, folder) {
  const [libraries, wheel] = await Promise.all([librariesFor(target), serverWheel()]);
  const bundled = join(folder, "bundled");
  const libs = join(bundled, "libs");
  await rm(bundled, { recursive: true, force: true });
  await cp(libraries, libs, { recursive: true });
  await run([VENV_PYTHON, "-m", "zipfile", "-e", wheel, libs]);
  await cp(join(EXTENSION, "python", "launch.py"), join(bundled, "launch.py"));
}

/** The server as a wheel: that is what gives it its metadata. */
async function serverWheel() {
  const folder = join(
    CACHE,
    "wheel",
    await fingerprint([join(SERVER, "openai_usage"), join(ROOT, "pyproject.toml")]),
  );
  const built = await wheelIn(folder);
  if (built !== undefined) return built;
  await whole(folder, (partial) =>
    run([VENV_PYTHON, "-m", "hatchling", "build", "-t", "wheel", "-d", partial]),
  );
  return wheelIn(folder);
}

async function wheelIn(folder) {
  const files = await readdir(folder).catch(() => []);
  return files.map((file) => join(folder, file)).find((file) => file.endsWith(".whl"));
}

/** The folder with the server's libraries for a target, for every Python version. Kept until the lock file changes. */
async function librariesFor(target) {
  const { tags, markers } = TARGETS[target];
  const lock = join(SERVER, "requirements.txt");
  const key = await fingerprint([lock, fileURLToPath(import.meta.url)], tags, markers);
  const folder = join(CACHE, "libs", `${target}-${key}`);
  if ((await readdir(folder).catch(() => [])).length > 0) return folder;
  await whole(folder, async (partial) => {
    const folders = PYTHON_VERSIONS.map((version) => join(partial, version));
    await Promise.all(folders.map((into) => install(lock, TARGETS[target], basename(into), into)));
    for (const from of folders.slice(1)) await merge(from, folders[0]);
    await prune(folders[0]);
    return folders[0];
  });
  return folder;
}

async function install(lock, { tags, markers }, version, folder) {
  const environment = {
    ...markers,
    implementation_name: "cpython",
    platform_python_implementation: "CPython",
    python_version: version,
    python_full_version: `${version}.0`,
  };
  const filter = join(EXTENSION, "scripts", "lock_for.py");
  const { stdout } = await run([VENV_PYTHON, filter, lock, JSON.stringify(environment)]);
  const requirements = `${folder}.txt`;
  await writeFile(requirements, stdout);
  const platforms = tags.flatMap((tag) => ["--platform", tag]);
  const options = ["--quiet", "--no-deps", "--no-compile", "--only-binary=:all:", "--require-hashes"];
  await run(
    [
      ...[VENV_PYTHON, "-m", "pip", "install", ...options, ...platforms],
      ...["--implementation", "cp", "--python-version", version, "--target", folder, "-r", requirements],
    ],
    { env: { PIP_DISABLE_PIP_VERSION_CHECK: "1" } },
  );
}

/** Adds what `into` does not have. What both have must be the same: only one of them can be shipped. */
async function merge(from, into) {
  for (const entry of await readdir(from, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath ?? entry.path, entry.name);
    const path = relative(from, source);
    const destination = join(into, path);
    const there = await readFile(destination).catch(() => undefined);
    if (there === undefined) {
      await mkdir(dirname(destination), { recursive: true });
      await cp(source, destination);
    } else if (!path.includes(".dist-info") && !there.equals(await readFile(source))) {
      throw new Failed(`${path} differs between Python versions and cannot be shipped for all of them`);
    }
  }
}

/** Leaves out what nobody runs: console scripts and type stubs. */
async function prune(folder) {
  await rm(join(folder, "bin"), { recursive: true, force: true });
  for (const path of await readdir(folder, { recursive: true })) {
    if (path.endsWith(".pyi")) await rm(join(folder, path));
  }
}

/**
 * Makes a folder appear only once it is complete.
 *
 * @param {(partial: string) => Promise<unknown>} make Fills `partial`; may return the folder in it that is the result.
 */
async function whole(folder, make) {
  await mkdir(dirname(folder), { recursive: true });
  const partial = await mkdtemp(`${folder}.`);
  try {
    const result = await make(partial);
    await rm(folder, { recursive: true, force: true });
    await rename(typeof result === "string" ? result : partial, folder);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Bundles for this machine into this folder, where an extension development host finds it. */
export async function bundleHere() {
  const target = hostTarget();
  if (!(target in TARGETS))
    throw new Failed(`No build for ${target}; there are ${Object.keys(TARGETS).join(", ")}`);
  await Promise.all([bundleCode(EXTENSION), bundleServer(target, EXTENSION)]);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await script(async () => {
    const { setUpNode, setUpPython } = await import("./setup.mjs");
    await Promise.all([setUpNode(), setUpPython()]);
    await bundleHere();
  });
}
