import {
  type Disposable,
  type LogOutputChannel,
  MarkdownString,
  StatusBarAlignment,
  type StatusBarItem,
  ThemeColor,
  window,
} from "vscode";
import { decode } from "./decode";
import type { Failure } from "./failure";
import { OWN_COMMANDS } from "./ownCommands";
import { SHOW, SHOW_LOG, type StatusView } from "./protocol";

const COLOURS = {
  ok: undefined,
  warning: new ThemeColor("statusBarItem.warningBackground"),
  error: new ThemeColor("statusBarItem.errorBackground"),
} as const;

/** The one status item: shows the last StatusView, or why there is none. */
export class StatusBar implements Disposable {
  readonly #item: StatusBarItem;
  readonly #log: LogOutputChannel;
  #last: StatusView | undefined;

  constructor(log: LogOutputChannel) {
    this.#log = log;
    this.#item = window.createStatusBarItem("openaiUsage.status", StatusBarAlignment.Right, 50);
    this.#item.name = "OpenAI Usage";
    this.starting();
    this.#item.show();
  }

  update(value: unknown): void {
    try {
      this.#last = decode<StatusView>("StatusView", value);
      this.#apply(this.#last);
    } catch (error) {
      this.#log.error("The server sent a status that cannot be shown:", error);
    }
  }

  /** What is known is not to be shown again. */
  forget(): void {
    this.#last = undefined;
  }

  /** Figures stay shown until the server knows better. What else the last one said is of no use now. */
  starting(): void {
    this.#apply(
      this.#figures ?? {
        text: "$(loading~spin) OpenAI usage",
        tooltip: "OpenAI usage: starting",
        accessibleLabel: "OpenAI usage, starting",
        severity: "ok",
        busy: true,
        command: { title: "Show OpenAI usage", command: SHOW },
      },
    );
  }

  /** There is no server: says so, and keeps the figures. */
  failed({ short, text, detail, command, steps }: Failure): void {
    const known = this.#figures;
    const links = steps
      .filter((step) => OWN_COMMANDS.has(step.command))
      .map(({ title, command, arguments: args }) => {
        return `[${title}](command:${command}?${encodeURIComponent(JSON.stringify(args ?? []))})`;
      });
    this.#apply({
      text: `$(error) ${known?.text.replace(/^\$\([^)]*\)\s*/, "") ?? short}`,
      tooltip: [
        escaped(text),
        detail && verbatim(detail),
        links.join(" · "),
        known && `---\n\n${known.tooltip}`,
      ]
        .filter(Boolean)
        .join("\n\n"),
      accessibleLabel: `OpenAI usage: ${text} ${known?.accessibleLabel ?? ""}`.trim(),
      severity: "error",
      busy: false,
      command,
    });
  }

  dispose(): void {
    this.#item.dispose();
  }

  /** The last status, where it has figures. */
  get #figures(): StatusView | undefined {
    return this.#last && /\d/.test(this.#last.text) ? this.#last : undefined;
  }

  #apply(view: StatusView): void {
    const item = this.#item;
    item.text = view.text;
    const tooltip = new MarkdownString(view.tooltip, true);
    tooltip.isTrusted = { enabledCommands: [...OWN_COMMANDS] };
    item.tooltip = tooltip;
    item.accessibilityInformation = { label: view.accessibleLabel, role: "button" };
    item.backgroundColor = COLOURS[view.severity];
    if (OWN_COMMANDS.has(view.command.command)) {
      const { title, command, arguments: args } = view.command;
      item.command = { title, command, arguments: args ?? [] };
    } else {
      this.#log.error(
        `The server put a command on the status item that is not ours: ${view.command.command}`,
      );
      item.command = SHOW_LOG;
    }
  }
}

function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>~$&]/g, "\\$&");
}

function verbatim(text: string): string {
  return text.replace(/^/gm, "    ");
}
