import { Disposable, type LogOutputChannel, window, workspace } from "vscode";
import type { Panel } from "./panel";
import { WINDOW, type WindowState } from "./protocol";
import type { Server } from "./server";
import type { Session } from "./session";

/** Whether anybody looks, and at which folder. Each server is told when it starts to run, and then whenever that changes. */
export class Attention implements Disposable {
  readonly #server: Server;
  readonly #panel: Panel;
  readonly #log: LogOutputChannel;
  readonly #listeners: Disposable;
  /** The folder that the user worked in last. */
  #folder: string | undefined;
  #told: { session: Session; state: WindowState } | undefined;

  constructor(server: Server, panel: Panel, log: LogOutputChannel) {
    this.#server = server;
    this.#panel = panel;
    this.#log = log;
    const tell = () => this.#tell();
    this.#listeners = Disposable.from(
      window.onDidChangeWindowState(tell),
      window.onDidChangeActiveTextEditor(tell),
      window.onDidChangeActiveNotebookEditor(tell),
      workspace.onDidChangeWorkspaceFolders(tell),
      panel.onDidChangeVisibility(tell),
      server.onDidChangeState(tell),
    );
  }

  dispose(): void {
    this.#listeners.dispose();
  }

  #tell(): void {
    // Even while there is no server, or no trust: the next one is told of the folder that was worked in last.
    this.#folder = folderAfter(this.#folder);
    const { state: server } = this.#server;
    if (server.kind !== "running") return;
    const { session } = server;
    const { focused, active } = window.state;
    const state: WindowState = {
      isActive: focused && active,
      isPanelVisible: this.#panel.isVisible,
      ...(this.#folder !== undefined && workspace.isTrusted && { folder: this.#folder }),
    };
    if (this.#told?.session === session && isSame(this.#told.state, state)) return;
    this.#told = { session, state };
    session.notify(WINDOW, state).catch((error) => {
      // It is about to end, then; the next one is told afresh.
      this.#log.info("The server was not told whether anybody looks:", error);
    });
  }
}

/** The workspace folder of the active editor, else the one before, while that is still open. */
function folderAfter(before: string | undefined): string | undefined {
  // First: the active text editor of a notebook is a cell, and no file.
  const active = window.activeNotebookEditor?.notebook.uri ?? window.activeTextEditor?.document.uri;
  const folder = active && workspace.getWorkspaceFolder(active)?.uri;
  if (folder?.scheme === "file") return folder.toString();
  return workspace.workspaceFolders?.some(({ uri }) => uri.toString() === before) ? before : undefined;
}

function isSame(one: WindowState, other: WindowState): boolean {
  return (
    one.isActive === other.isActive &&
    one.isPanelVisible === other.isPanelVisible &&
    one.folder === other.folder
  );
}
