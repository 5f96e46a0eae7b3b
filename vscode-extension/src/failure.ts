import { Uri } from "vscode";
import { type Command, OPEN_SETTINGS, SHOW, SHOW_LOG } from "./protocol";
import { NoPython } from "./python";

/** The extension's own command, the only one the server does not name. */
export const RESTART = "openaiUsage.restart";

/** Why there is no server, in the user's words, and what can be done. */
export interface Failure {
  /** For the status bar, where it has no figures to keep. */
  short: string;
  text: string;
  /** What the server printed at last, where that may explain it. */
  detail?: string;
  /** The next step where there is room for one: a click on the status item, a button in the panel. */
  command: Command;
  /** All of them, the most useful first. Ids of commands that VS Code has. */
  steps: Command[];
}

const restart: Command = { title: "Restart", command: RESTART };
const showLog: Command = { title: "Show log", command: SHOW_LOG };

/** The server process could not be started or did not get as far as answering. */
export class StartFailed extends Error {
  readonly detail: string;

  constructor(why: string, detail: string) {
    super(`The OpenAI Usage server did not start: ${why}.`);
    this.detail = detail;
  }
}

export function failureToStart(error: unknown): Failure {
  const text = error instanceof Error ? error.message : String(error);
  if (!(error instanceof NoPython)) {
    const detail = error instanceof StartFailed ? error.detail : "";
    return { short: "OpenAI usage did not start", text, detail, command: restart, steps: [restart, showLog] };
  }
  const steps = [
    {
      title: "Get Python",
      command: "vscode.open",
      arguments: [Uri.parse("https://www.python.org/downloads/")],
    },
    { title: "Choose interpreter", command: OPEN_SETTINGS, arguments: ["openaiUsage.interpreter"] },
    { title: "Try again", command: RESTART },
  ];
  // Showing looks for Python once more, and offers these steps where there still is none.
  const command = { title: "Choose a Python", command: SHOW };
  return { short: "OpenAI usage needs Python", text, command, steps };
}

export function failureToStay(how: string): Failure {
  return {
    short: "OpenAI usage stopped",
    text: `The OpenAI Usage server ended again and again (${how}) and is not started any more.`,
    command: restart,
    steps: [restart, showLog],
  };
}
