/**
 * Packages the extension for one platform, or for all: `npm run package -- --target linux-x64|…|all`.
 * Any machine can make any platform's package. Without --target: this machine's.
 */
import { cp, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { bundleCode, bundleServer } from "./bundle.mjs";
import { setUpNode, setUpPython } from "./setup.mjs";
import { hostTarget, TARGETS } from "./targets.mjs";
import { CACHE, EXTENSION, Failed, nodeTool, ROOT, run, script } from "./tools.mjs";

const SHIPPED = ["README.md", "CHANGELOG.md", "LICENSE", "media"];

/** @returns {Promise<string>} The path of the .vsix. */
export async function packageFor(target) {
  const stage = join(CACHE, "stage", target);
  await rm(stage, { recursive: true, force: true });
  await mkdir(stage, { recursive: true });
  const manifest = await readFile(join(EXTENSION, "package.json"), "utf8");
  // What only building needs stays here.
  const { scripts: _, devDependencies: __, ...shipped } = JSON.parse(manifest);
  await Promise.all([
    writeFile(join(stage, "package.json"), JSON.stringify(shipped, undefined, 2)),
    ...SHIPPED.map((name) => cp(join(EXTENSION, name), join(stage, name), { recursive: true })),
    bundleCode(stage),
    bundleServer(target, stage),
  ]);
  await writeFile(join(stage, ".vscodeignore"), "**/*.map\n");
  const vsix = join(EXTENSION, `openai-usage-${target}.vsix`);
  const vsce = await nodeTool("@vscode/vsce", "vsce");
  // --no-dependencies: everything is bundled, there is no node_modules to look through.
  const options = ["--no-dependencies", "--allow-missing-repository", "--skip-license"];
  // One date for all files: the same contents make the same package. Zip knows none before 1980.
  const env = { SOURCE_DATE_EPOCH: String(Date.UTC(1980, 1) / 1000) };
  await run([...vsce, "package", "--target", target, "--out", vsix, ...options], { cwd: stage, env });
  return vsix;
}

async function main(args) {
  const { values } = parseArgs({ args, options: { target: { type: "string", default: hostTarget() } } });
  const targets = values.target === "all" ? Object.keys(TARGETS) : [values.target];
  const unknown = targets.find((target) => !(target in TARGETS));
  if (unknown)
    throw new Failed(`No target ${unknown}; there are ${Object.keys(TARGETS).join(", ")}, and all`);
  await Promise.all([setUpNode(), setUpPython()]);
  for (const target of targets) {
    const vsix = await packageFor(target);
    const megabytes = ((await stat(vsix)).size / 1e6).toFixed(1);
    console.log(`${relative(ROOT, vsix)}  ${megabytes} MB`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await script(main);
