import { Disposable, type LogOutputChannel, window } from "vscode";
import type { Panel } from "./panel";
import { WINDOW, type WindowState } from "./protocol";
import type { Server } from "./server";
import type { Session } from "./session";

/** Whether anybody looks. Each server is told when it starts to run, and then whenever that changes. */
export class Attention implements Disposable {
  readonly #server: Server;
  readonly #panel: Panel;
  readonly #log: LogOutputChannel;
  readonly #listeners: Disposable;
  #told: { session: Session; state: WindowState } | undefined;

  constructor(server: Server, panel: Panel, log: LogOutputChannel) {
    this.#server = server;
    this.#panel = panel;
    this.#log = log;
    const tell = () => this.#tell();
    this.#listeners = Disposable.from(
      window.onDidChangeWindowState(tell),
      panel.onDidChangeVisibility(tell),
      server.onDidChangeState(tell),
    );
  }

  dispose(): void {
    this.#listeners.dispose();
  }

  #tell(): void {
    const { state: server } = this.#server;
    if (server.kind !== "running") return;
    const { session } = server;
    const { focused, active } = window.state;
    const state: WindowState = { isActive: focused && active, isPanelVisible: this.#panel.isVisible };
    if (this.#told?.session === session && isSame(this.#told.state, state)) return;
    this.#told = { session, state };
    session.notify(WINDOW, state).catch((error) => {
      // It is about to end, then; the next one is told afresh.
      this.#log.info("The server was not told whether anybody looks:", error);
    });
  }
}

function isSame(one: WindowState, other: WindowState): boolean {
  return one.isActive === other.isActive && one.isPanelVisible === other.isPanelVisible;
}
