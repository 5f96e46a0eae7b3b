import type { LogOutputChannel, Memento } from "vscode";
import { decode } from "./decode";
import type { Selection } from "./protocol";

const KEPT = "openaiUsage.selection";

/**
 * What the panel shows, kept for the workspace: a new server, and the window's next session, go on from there.
 *
 * It takes over what a server shows once that server was told of it, not before: a new one begins with its defaults.
 */
export class Choice {
  readonly #memento: Memento;
  #selection: Selection;
  #isTold = false;

  constructor(memento: Memento, log: LogOutputChannel) {
    this.#memento = memento;
    this.#selection = kept(memento, log);
  }

  get selection(): Selection {
    return this.#selection;
  }

  /** Whether the running server goes on from here. */
  get isTold(): boolean {
    return this.#isTold;
  }

  /** The server was told. */
  told(): void {
    this.#isTold = true;
  }

  /** There is no server, or another one. */
  untold(): void {
    this.#isTold = false;
  }

  /** Something was chosen, whether or not a server hears of it. */
  add(chosen: Selection): void {
    this.#set(merged(this.#selection, chosen));
  }

  /** The server shows this. */
  follow(shown: Selection): void {
    if (this.#isTold) this.#set(shown);
  }

  /** Another key may be another account: its projects, keys, users and models are others. */
  forgetFilters(): void {
    const {
      projectIds: _projects,
      apiKeyIds: _keys,
      userIds: _users,
      models: _models,
      ...rest
    } = this.#selection;
    this.#set(rest);
  }

  #set(selection: Selection): void {
    if (JSON.stringify(selection) === JSON.stringify(this.#selection)) return;
    this.#selection = selection;
    void this.#memento.update(KEPT, selection);
  }
}

function kept(memento: Memento, log: LogOutputChannel): Selection {
  try {
    return decode<Selection>("Selection", memento.get<unknown>(KEPT, {}));
  } catch (error) {
    log.info("What the panel showed was kept by another version:", error);
    return {};
  }
}

/** As the server does it: what is absent or null stays, and a period and days exclude each other. */
function merged(before: Selection, chosen: Selection): Selection {
  const given = Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== null));
  const { period, start, end, ...rest } = before;
  const days = chosen.start != null || chosen.end != null ? { start, end } : {};
  const time = chosen.period != null ? {} : Object.keys(days).length > 0 ? days : { period, start, end };
  return { ...rest, ...defined(time), ...given };
}

function defined(selection: Record<string, unknown>): Selection {
  return Object.fromEntries(Object.entries(selection).filter(([, value]) => value !== undefined));
}
