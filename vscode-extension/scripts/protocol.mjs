/**
 * Generates the TypeScript side of the wire from server/openai_usage/protocol.py.
 * `npm run protocol` writes it; `npm run protocol -- --check` fails where what is there is stale.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EXTENSION, Failed, nodeTool, run, script, VENV_PYTHON } from "./tools.mjs";

const TYPES = join(EXTENSION, "src", "protocol.ts");
const SCHEMA = join(EXTENSION, "src", "protocol.schema.json");

async function generate() {
  const { stdout } = await run([VENV_PYTHON, join(EXTENSION, "scripts", "protocol_schema.py")]);
  const { names, alternatives, models } = JSON.parse(stdout);
  const types = [
    "// GENERATED from server/openai_usage/protocol.py by `npm run protocol`. Do not edit.",
    Object.entries(names)
      .map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};`)
      .join("\n"),
    Object.entries(alternatives)
      .map(
        ([name, values]) =>
          `export type ${name} = ${values.map((value) => JSON.stringify(value)).join(" | ")};`,
      )
      .join("\n"),
    await interfaces(models),
  ];
  return new Map([
    [TYPES, await formatted(types.join("\n\n"), TYPES)],
    [SCHEMA, await formatted(JSON.stringify({ $defs: models }), SCHEMA)],
  ]);
}

async function interfaces(models) {
  // Not installed yet when `npm ci` has not run: imported only where it is needed.
  const { compile } = await import("json-schema-to-typescript");
  const schema = { $defs: models, anyOf: Object.keys(models).map((name) => ({ $ref: `#/$defs/${name}` })) };
  const source = await compile(schema, "Wire", { bannerComment: "", format: false });
  // The root exists only to have every model reached.
  return source.replace(/^export type Wire =.*$/m, "");
}

async function formatted(source, path) {
  const biome = await nodeTool("@biomejs/biome", "biome");
  const { stdout } = await run([...biome, "format", `--stdin-file-path=${path}`], {
    cwd: EXTENSION,
    input: source,
  });
  return stdout;
}

await script(async (args) => {
  const files = await generate();
  for (const [path, source] of files) {
    if (!args.includes("--check")) await writeFile(path, source);
    else if ((await readFile(path, "utf8").catch(() => "")) !== source)
      throw new Failed(`${path} is stale. Run: npm --prefix vscode-extension run protocol`);
  }
});
