/** Before all tests: what all of them need, or one message about what is not there. */
import { rmSync } from "node:fs";
import { theBrowser } from "./harness/browser.ts";
import { RUN, SCREENSHOTS } from "./harness/paths.ts";
import { installedExtensions } from "./harness/vscode.ts";

export async function globalSetup() {
  for (const folder of [RUN, SCREENSHOTS]) rmSync(folder, { recursive: true, force: true });
  await Promise.all([theBrowser(), installedExtensions()]);
}
