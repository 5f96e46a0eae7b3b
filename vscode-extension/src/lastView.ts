import type { LogOutputChannel, Memento } from "vscode";
import { decode } from "./decode";
import type { PanelView } from "./protocol";

const KEPT = "openaiUsage.view";

/**
 * The figures an open panel showed last, kept for the workspace: when the window brings the panel back, it shows them
 * until a server knows better. They are kept here, and not by the page, so that they can be deleted while there is none.
 */
export class LastView {
  readonly #memento: Memento;
  readonly #log: LogOutputChannel;
  #kept: PanelView | undefined;

  constructor(memento: Memento, log: LogOutputChannel) {
    this.#memento = memento;
    this.#log = log;
  }

  /** What was kept; nothing where another version kept it. */
  read(): PanelView | undefined {
    const kept = this.#memento.get<unknown>(KEPT);
    if (kept === undefined) return undefined;
    try {
      this.#kept = { ...decode<PanelView>("PanelView", kept), reveal: false };
      return this.#kept;
    } catch (error) {
      this.#log.info("The panel's last figures were kept by another version:", error);
      return undefined;
    }
  }

  /** Keeps the view, once all of it is there. One of files is not the account's, and gone with its server. */
  keep(view: PanelView): void {
    if (view === this.#kept || view.busy || view.outdated || view.imported) return;
    this.#kept = view;
    void this.#memento.update(KEPT, view);
  }

  /** Deletes what was kept, by an earlier window too. */
  forget(): void {
    this.#kept = undefined;
    if (this.#memento.get<unknown>(KEPT) !== undefined) void this.#memento.update(KEPT, undefined);
  }
}
