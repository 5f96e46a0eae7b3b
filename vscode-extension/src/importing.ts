import { window } from "vscode";
import { tellDone } from "./done";
import { firstFolder, tellRefused } from "./exporting";
import type { ImportArguments } from "./protocol";

/**
 * Asks which files of saved usage to show.
 *
 * @returns Nothing where the user would rather not.
 */
export async function askWhich(): Promise<ImportArguments | undefined> {
  const uris = await window.showOpenDialog({
    title: "Import saved usage",
    openLabel: "Import",
    canSelectMany: true,
    defaultUri: firstFolder(),
    filters: { "Saved usage": ["json", "csv", "jsonl", "tsv"], "All files": ["*"] },
  });
  if (uris === undefined) return undefined;
  if (uris.some(({ scheme }) => scheme !== "file")) {
    await tellRefused(
      new Error("Usage can only be imported from where VS Code's extensions run: choose files there."),
    );
    return undefined;
  }
  return { uris: uris.map((uri) => uri.toString()) };
}

/** Says that it is shown. @param missing The server's answer: what could not be read, where it says so. */
export async function tellImported(missing: unknown): Promise<void> {
  if (typeof missing === "string" && missing !== "") await window.showWarningMessage(missing);
  else tellDone("Usage imported");
}
