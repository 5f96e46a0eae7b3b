import { type Disposable, EventEmitter, type LogOutputChannel } from "vscode";
import { coalesced } from "./coalesce";
import { type Failure, failureToStart, failureToStay } from "./failure";
import { findPython } from "./python";
import type { AdminKey } from "./secrets";
import { Session } from "./session";

export type ServerState =
  | { kind: "starting" }
  | { kind: "running"; session: Session }
  | { kind: "failed"; failure: Failure };

/** So many unasked-for ends within so many milliseconds, and it is not started again by itself. */
const MOST_CRASHES = 4;
const CRASHES_WITHIN = 3 * 60_000;

/** The server as the rest of the extension sees it, through all its processes. */
export class Server implements Disposable {
  readonly #changed = new EventEmitter<ServerState>();
  readonly #status = new EventEmitter<unknown>();
  readonly #panel = new EventEmitter<unknown>();
  readonly onDidChangeState = this.#changed.event;
  /** What arrived as a StatusView or a PanelView, not yet checked. */
  readonly onStatus = this.#status.event;
  readonly onPanel = this.#panel.event;

  /** Where the server keeps what it fetched; all windows share it. */
  readonly dataFolder: string;
  readonly #folder: string;
  readonly #key: AdminKey;
  readonly #log: LogOutputChannel;
  readonly #cycle = coalesced(() => this.#stopAndStart());
  #state: ServerState = { kind: "starting" };
  #settled: Promise<void> = Promise.resolve();
  #crashes: number[] = [];
  #usedKey: string | undefined;
  #disposed = false;

  /**
   * @param folder The extension's folder.
   * @param dataFolder Need not be there: the server makes it.
   */
  constructor(folder: string, dataFolder: string, key: AdminKey, log: LogOutputChannel) {
    this.#folder = folder;
    this.dataFolder = dataFolder;
    this.#key = key;
    this.#log = log;
  }

  get state(): ServerState {
    return this.#state;
  }

  /** Starts it, or stops and starts it. Settles when it runs or has failed; never rejects. */
  restart(): Promise<void> {
    this.#settled = this.#cycle();
    return this.#settled;
  }

  /** Whether it runs with another key than the stored one. Every window hears of every change. */
  async hasOtherKey(): Promise<boolean> {
    return (await this.#key.stored()) !== this.#usedKey;
  }

  /** The state after every restart that was asked for: running or failed, but for the extension's end. */
  async settled(): Promise<ServerState> {
    let awaited: Promise<void>;
    do {
      awaited = this.#settled;
      await awaited;
    } while (awaited !== this.#settled);
    return this.#state;
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    await this.restart();
    for (const emitter of [this.#changed, this.#status, this.#panel]) emitter.dispose();
  }

  async #stopAndStart(): Promise<void> {
    const before = this.#state;
    if (before.kind !== "starting" || this.#disposed) this.#set({ kind: "starting" });
    if (before.kind === "running") await before.session.stop();
    if (this.#disposed) return;
    try {
      const session = await this.#start();
      this.#set({ kind: "running", session });
      void session.ended.then((how) => this.#onEnded(session, how));
    } catch (error) {
      const failure = failureToStart(error);
      this.#log.error(failure.text);
      this.#set({ kind: "failed", failure });
    }
  }

  async #start(): Promise<Session> {
    const python = await findPython(this.#folder, this.#log);
    const { args, env } = await this.#launchOptions();
    this.#log.info(`Starting the server with ${[python, ...args].join(" ")}`);
    const session = new Session({
      python,
      folder: this.#folder,
      args,
      env,
      log: this.#log,
      onStatus: (view) => this.#status.fire(view),
      onPanel: (view) => this.#panel.fire(view),
    });
    await session.start();
    return session;
  }

  async #launchOptions(): Promise<{ args: string[]; env: NodeJS.ProcessEnv }> {
    const { OPENAI_USAGE_DEMO: demo, ...env } = process.env;
    this.#usedKey = await this.#key.stored();
    // Without the line end that a file or a secret manager left there: as it is sent, and so as it is redacted.
    env.OPENAI_ADMIN_KEY = (this.#usedKey ?? env.OPENAI_ADMIN_KEY)?.trim();
    env.OPENAI_API_KEY = env.OPENAI_API_KEY?.trim();
    const sample = demo === "1" && !env.OPENAI_ADMIN_KEY ? ["--demo"] : [];
    return { args: ["--data-dir", this.dataFolder, ...sample], env };
  }

  #onEnded(session: Session, how: string): void {
    if (this.#state.kind !== "running" || this.#state.session !== session) return; // We stopped it.
    this.#log.warn(`The server ended by itself: ${how}`);
    const now = Date.now();
    this.#crashes = [...this.#crashes.filter((time) => now - time < CRASHES_WITHIN), now];
    if (this.#crashes.length > MOST_CRASHES) {
      this.#crashes = [];
      this.#set({ kind: "failed", failure: failureToStay(how) });
    } else {
      this.#set({ kind: "starting" });
      void this.restart();
    }
  }

  #set(state: ServerState): void {
    this.#state = state;
    this.#changed.fire(state);
  }
}
