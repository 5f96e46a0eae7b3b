/** Where things are and where a run may write. */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";

/** tests/vscode */
export const HERE = resolve(import.meta.dirname, "..");
export const REPOSITORY = resolve(HERE, "..", "..");
/** Scratch space, emptied by run.mjs before each run and left behind after it, to look at. */
export const RUN = join(HERE, ".run");
/** Of one run; not in git. */
export const SCREENSHOTS = join(HERE, "screenshots");

/** A new folder under the scratch space. */
export function scratch(...names: string[]): string {
  const folder = join(RUN, ...names);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Where a screenshot of that name goes. */
export function screenshotPath(name: string): string {
  return join(SCREENSHOTS, `${name}.png`);
}
