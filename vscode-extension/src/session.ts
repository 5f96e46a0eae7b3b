import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { LogOutputChannel } from "vscode";
import { StreamMessageReader, StreamMessageWriter } from "vscode-languageclient/node";
import { Client } from "./client";
import { StartFailed } from "./failure";
import { ServerLog } from "./log";
import { PANEL, STATUS } from "./protocol";
import { within } from "./within";

/** Importing everything for the first time, from a slow disk, takes seconds. */
const START_WITHIN = 30_000;
const STOP_WITHIN = 2_000;
/** Enough for a traceback's last lines, where the cause stands. */
const TAIL_LINES = 12;

export interface SessionOptions {
  /** The path of the Python to run. */
  python: string;
  /** The extension's folder. */
  folder: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  log: LogOutputChannel;
  onStatus(view: unknown): void;
  onPanel(view: unknown): void;
}

/** One server process, from its start to its end. */
export class Session {
  /** How the process ended: "exit code 1", "signal SIGKILL". */
  readonly ended: Promise<string>;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #client: Client;
  readonly #tail: string[] = [];

  constructor({ python, folder, args, env, log, onStatus, onPanel }: SessionOptions) {
    // -I and -S: neither the environment's variables nor the packages of this Python reach the server.
    const launch = ["-I", "-S", "-X", "utf8", join(folder, "bundled", "launch.py")];
    this.#process = spawn(python, [...launch, ...args], { cwd: folder, env, windowsHide: true });
    this.ended = new Promise((resolve) => {
      this.#process.on("error", (error) => resolve(error.message));
      this.#process.once("close", (code, signal) =>
        resolve(signal ? `signal ${signal}` : `exit code ${code}`),
      );
    });

    const serverLog = new ServerLog(log);
    const redact = redactor(env.OPENAI_ADMIN_KEY, env.OPENAI_API_KEY);
    createInterface({ input: this.#process.stderr, crlfDelay: Number.POSITIVE_INFINITY }).on(
      "line",
      (line) => {
        const safe = redact(line);
        serverLog.line(safe);
        this.#tail.push(safe);
        if (this.#tail.length > TAIL_LINES) this.#tail.shift();
      },
    );

    const { stdout, stdin } = this.#process;
    const transports = { reader: new StreamMessageReader(stdout), writer: new StreamMessageWriter(stdin) };
    this.#client = new Client(transports, log);
    this.#client.onNotification(STATUS, onStatus);
    this.#client.onNotification(PANEL, onPanel);
  }

  /** @throws {StartFailed} telling how the process ended and the last of what it wrote to stderr. */
  async start(): Promise<void> {
    const early = this.ended.then((how) => Promise.reject(new Error(how)));
    try {
      await within(START_WITHIN, Promise.race([this.#client.start(), early]));
    } catch (error) {
      const gone = await within(500, this.ended).catch(() => undefined);
      await this.#kill();
      const why = gone ?? (error instanceof Error ? error.message : String(error));
      throw new StartFailed(why, this.#tail.join("\n"));
    }
  }

  /** What the server answers. @throws {Error} with its words, where it refuses. */
  execute(command: string, ...args: unknown[]): Promise<unknown> {
    return this.#client.execute(command, ...args);
  }

  /** Tells the server something to which there is no answer. @throws {Error} where it has gone. */
  notify(method: string, params: object): Promise<void> {
    return this.#client.sendNotification(method, params);
  }

  async stop(): Promise<void> {
    try {
      await this.#client.dispose(STOP_WITHIN);
      await within(STOP_WITHIN, this.ended);
    } catch {
      // It did not go when asked to: the client has logged why.
      await this.#kill();
    }
  }

  async #kill(): Promise<void> {
    this.#process.kill();
    await within(STOP_WITHIN, this.ended).catch(() => this.#process.kill("SIGKILL"));
  }
}

/** The server writes no key; this is for whatever Python, or a library, may print beside it. */
function redactor(...keys: (string | undefined)[]): (line: string) => string {
  const secrets = keys.map((key) => key?.trim()).filter((key): key is string => Boolean(key));
  return (line) => secrets.reduce((text, key) => text.replaceAll(key, "[key]"), line);
}
