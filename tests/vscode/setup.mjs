/** Before all tests: what all of them need, or one message about what is not there. */
import { rmSync } from "node:fs";
import { theBrowser } from "./harness/browser.ts";
import { RUN } from "./harness/paths.ts";
import { installedExtensions } from "./harness/vscode.ts";

export async function globalSetup() {
  rmSync(RUN, { recursive: true, force: true });
  await Promise.all([theBrowser(), installedExtensions()]);
}
