import { type LogOutputChannel, window } from "vscode";

const LEVEL = /^(?:\S+ \S+ )?\[?(CRITICAL|ERROR|WARNING|INFO|DEBUG)\b/;

/** The extension's own log; the server's stderr ends up here too. Levels are set with "Developer: Set Log Level". */
export function createLog(): LogOutputChannel {
  return window.createOutputChannel("OpenAI Usage", { log: true });
}

/** Writes what a Python process printed to stderr at the level its logging gave it. */
export class ServerLog {
  readonly #log: LogOutputChannel;
  #level = "INFO";

  constructor(log: LogOutputChannel) {
    this.#log = log;
  }

  line(text: string): void {
    // A line without a level goes on with the message before it, for example a traceback.
    this.#level = LEVEL.exec(text)?.[1] ?? this.#level;
    if (this.#level === "CRITICAL" || this.#level === "ERROR") this.#log.error(text);
    else if (this.#level === "WARNING") this.#log.warn(text);
    else if (this.#level === "DEBUG") this.#log.debug(text);
    else this.#log.info(text);
  }
}
