import { randomBytes } from "node:crypto";
import {
  commands,
  type Disposable,
  type LogOutputChannel,
  Uri,
  ViewColumn,
  type Webview,
  type WebviewPanel,
  window,
} from "vscode";
import { decode } from "./decode";
import type { Failure } from "./failure";
import { OWN_COMMANDS } from "./ownCommands";
import { type Command, type PanelView, SELECT, type Selection } from "./protocol";

const VIEW_TYPE = "openaiUsage.panel";

/** The panel in an editor tab: shows the last PanelView, hands on what was clicked in it. */
export class Panel implements Disposable {
  readonly #folder: Uri;
  readonly #log: LogOutputChannel;
  readonly #serializer: Disposable;
  #panel: WebviewPanel | undefined;
  #view: PanelView | undefined;
  #failure: Failure | undefined;
  #chosen: Selection = {};

  /**
   * @param folder The extension's folder.
   * @param onRestored A panel of the window's last session is back; the server may be running already.
   */
  constructor(folder: Uri, log: LogOutputChannel, onRestored: () => void) {
    this.#folder = folder;
    this.#log = log;
    this.#serializer = window.registerWebviewPanelSerializer(VIEW_TYPE, {
      deserializeWebviewPanel: async (panel, state) => {
        if (this.#panel !== undefined) {
          // Its tab was in the background, not loaded yet, when the panel was opened anew: one is enough.
          panel.dispose();
          this.#panel.reveal();
          return;
        }
        this.#adopt(panel);
        this.#remember(state);
        onRestored();
      },
    });
  }

  get isOpen(): boolean {
    return this.#panel !== undefined;
  }

  /** What the panel shows, for a server that does not know it yet; empty where it never showed anything. */
  get selection(): Selection {
    const shown = (this.#view?.controls ?? []).flatMap(({ id, selected }) =>
      selected.slice(0, 1).map((choice) => [id, choice]),
    );
    return { ...Object.fromEntries(shown), ...this.#chosen };
  }

  /** Opens the panel, or brings it to the front. */
  open(): void {
    if (this.#panel !== undefined) {
      this.#panel.reveal();
      return;
    }
    this.#adopt(window.createWebviewPanel(VIEW_TYPE, "OpenAI usage", ViewColumn.Active));
  }

  update(value: unknown): void {
    try {
      this.#view = decode<PanelView>("PanelView", value);
    } catch (error) {
      this.#log.error("The server sent a panel that cannot be shown:", error);
      return;
    }
    this.#chosen = {};
    if (this.#view.reveal && !this.#panel?.visible) this.open();
    this.#send();
  }

  /** Remembers a choice until the server has answered it. */
  choose(selection: Selection): void {
    this.#chosen = { ...this.#chosen, ...selection };
  }

  /** What is known is not to be shown again, but for what was chosen. */
  forget(): void {
    this.#chosen = this.selection;
    this.#view = undefined;
    this.#send();
  }

  /** A server starts. */
  starting(): void {
    this.#failure = undefined;
    this.#keepFigures();
    this.#send();
  }

  /** There is no server: says so above what was last known. */
  failed(failure: Failure): void {
    this.#failure = failure;
    this.#send();
  }

  dispose(): void {
    this.#serializer.dispose();
    this.#panel?.dispose();
  }

  #adopt(panel: WebviewPanel): void {
    this.#panel = panel;
    const dist = Uri.joinPath(this.#folder, "dist");
    panel.iconPath = Uri.joinPath(this.#folder, "media", "panel.svg");
    panel.onDidDispose(() => {
      if (this.#panel === panel) this.#panel = undefined;
    });
    panel.webview.onDidReceiveMessage((message) => this.#receive(message));
    // Set even for a restored panel, whose page may have been allowed something else.
    panel.webview.options = { enableScripts: true, localResourceRoots: [dist] };
    panel.webview.html = page(panel.webview, dist);
  }

  #remember(state: unknown): void {
    const kept = (state as { view?: unknown } | undefined)?.view;
    if (this.#view !== undefined || !kept) return;
    try {
      this.#view = { ...decode<PanelView>("PanelView", kept), reveal: false };
      this.#keepFigures();
    } catch (error) {
      this.#log.info("The panel's last contents are of another version:", error);
    }
  }

  /** Figures stay until a server knows better. Of what else the last one said, only the choices are of use now. */
  #keepFigures(): void {
    if (hasFigures(this.#view)) return;
    this.#chosen = this.selection;
    this.#view = undefined;
  }

  #send(): void {
    const view = this.#failure ? withFailure(this.#view, this.#failure) : (this.#view ?? LOADING);
    void this.#panel?.webview.postMessage({ type: "view", view });
  }

  /** The page draws what the server sends, so what comes from it is not to be believed either. */
  #receive(message: unknown): void {
    const { type, selection, command } = (message ?? {}) as Record<string, unknown>;
    try {
      if (type === "ready") this.#send();
      else if (type === "select")
        void commands.executeCommand(SELECT, decode<Selection>("Selection", selection));
      else if (type === "command") this.#run(decode<Command>("Command", command));
      else throw new Error(`no such type: ${type}`);
    } catch (error) {
      this.#log.error("The panel's page sent something that is not understood:", error);
    }
  }

  #run({ command, arguments: args }: Command): void {
    if (!OWN_COMMANDS.has(command)) throw new Error(`not one of our commands: ${command}`);
    void commands.executeCommand(command, ...(args ?? []));
  }
}

/** Until a server has said anything. */
const LOADING: PanelView = {
  title: "OpenAI usage",
  subtitle: "",
  sample: false,
  asOf: null,
  busy: true,
  reveal: false,
  controls: [],
  notices: [],
  metrics: [],
  sections: [],
};

function hasFigures(view: PanelView | undefined): view is PanelView {
  return view !== undefined && view.metrics.length > 0;
}

function withFailure(view: PanelView | undefined, { text, command }: Failure): PanelView {
  const notice = { id: "server", severity: "error", text, command } as const;
  // Figures are kept, and what is to be known about them. A page without any says the one thing that matters.
  const kept = hasFigures(view) ? view : LOADING;
  return { ...kept, busy: false, notices: [notice, ...kept.notices] };
}

function page(webview: Webview, dist: Uri): string {
  const nonce = randomBytes(16).toString("base64");
  const script = webview.asWebviewUri(Uri.joinPath(dist, "webview.js"));
  const style = webview.asWebviewUri(Uri.joinPath(dist, "webview.css"));
  const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src ${webview.cspSource}`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>OpenAI usage</title>
<link rel="stylesheet" href="${style}">
</head>
<body>
<div id="app"></div>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}
