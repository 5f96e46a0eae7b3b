import { homedir } from "node:os";
import { posix } from "node:path";
import { commands, Uri, window, workspace } from "vscode";
import { LSPErrorCodes, ResponseError } from "vscode-languageclient/node";
import { type ExportArguments, type PanelView, SHOW_LOG } from "./protocol";

/**
 * Asks where to write what the panel shows.
 *
 * @param view What it shows, where that is known: the file is named after its days.
 * @returns Nothing where the user would rather not.
 */
export async function askWhere(view: PanelView | undefined): Promise<ExportArguments | undefined> {
  const days = view && daysOf(view);
  const name = ["openai-usage", ...(days ?? [])].join("-");
  const uri = await window.showSaveDialog({
    title: "Export usage",
    saveLabel: "Export",
    defaultUri: Uri.joinPath(firstFolder(), `${name}.json`),
    filters: { JSON: ["json"], CSV: ["csv"] },
  });
  if (uri === undefined) return undefined;
  if (uri.scheme !== "file") {
    await tellRefused(
      new Error("Usage can only be exported to where VS Code's extensions run: choose a folder there."),
    );
    return undefined;
  }
  return { uri: uri.toString(), format: uri.path.toLowerCase().endsWith(".csv") ? "csv" : "json" };
}

/**
 * Says that it was written, and opens it on request.
 *
 * @param missing The server's answer: what could not be read and is therefore not in the file, where it says so.
 */
export async function tellExported(target: string, missing: unknown): Promise<void> {
  const uri = Uri.parse(target);
  const open = "Open";
  const text = `Usage exported to ${posix.basename(uri.path)}.`;
  const answer =
    typeof missing === "string" && missing !== ""
      ? await window.showWarningMessage(`${text} ${missing}`, open)
      : await window.showInformationMessage(text, open);
  if (answer === open) await commands.executeCommand("vscode.open", uri);
}

/** Where files of the user's own are looked for first: the workspace, else their home. */
export function firstFolder(): Uri {
  return workspace.workspaceFolders?.find(({ uri }) => uri.scheme === "file")?.uri ?? Uri.file(homedir());
}

/** Whether the user cancelled it. */
export function isCancelled(error: unknown): boolean {
  return error instanceof ResponseError && error.code === LSPErrorCodes.RequestCancelled;
}

/** Says why the server did not do what it was asked for. */
export async function tellRefused(error: unknown): Promise<void> {
  const showLog = "Show log";
  const text = error instanceof Error ? error.message : String(error);
  if (isCancelled(error)) {
    await window.showInformationMessage(text);
    return;
  }
  if ((await window.showErrorMessage(text, showLog)) === showLog) await commands.executeCommand(SHOW_LOG);
}

/** The first and the last day of the view. */
function daysOf({ selection, controls, sections }: PanelView): [string, string] | undefined {
  const control = (wanted: string) => controls.find(({ id }) => id === wanted)?.selected[0];
  const categories = sections.flatMap(({ charts }) => charts)[0]?.categories ?? [];
  const start = selection.start ?? control("start") ?? categories[0]?.slice(0, 10);
  const end = selection.end ?? control("end") ?? categories.at(-1)?.slice(0, 10);
  return start && end ? [start, end] : undefined;
}
