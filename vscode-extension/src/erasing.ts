import { commands, ProgressLocation, window } from "vscode";
import { ERASE, SHOW_LOG } from "./protocol";
import type { Server } from "./server";
import { within } from "./within";

/** Milliseconds. Another window's server may be writing, and the file is made smaller. */
const ERASE_WITHIN = 30_000;

/**
 * Has the server erase what it keeps on disk of the stored key's account: it goes by the key that it runs with.
 *
 * @throws {Error} telling why that could not be.
 */
export async function erase(server: Server): Promise<void> {
  if (server.state.kind === "failed") await server.restart();
  const state = await server.settled();
  if (state.kind !== "running") throw new Error("The server does not run.");
  // Another window may have stored another key a moment ago: that one's account is not this server's.
  if (await server.hasOtherKey()) throw new Error("The key has just been changed.");
  const { session } = state;
  await window.withProgress(
    { location: ProgressLocation.Window, title: "Erasing the usage that was fetched" },
    () => within(ERASE_WITHIN, session.execute(ERASE)),
  );
}

/** Says that it was not erased, and how to do that by hand. @param folder Where it lies. */
export async function tellNotErased(error: unknown, folder: string): Promise<void> {
  const showLog = "Show log";
  const why = (error instanceof Error ? error.message : String(error)).replace(/\.?$/, ".");
  const text = `The usage that was fetched with the key could not be erased. ${why} It is kept in ${folder}: close VS Code and delete that folder.`;
  if ((await window.showErrorMessage(text, showLog)) === showLog) await commands.executeCommand(SHOW_LOG);
}
