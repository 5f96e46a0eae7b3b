import { randomBytes } from "node:crypto";
import {
  commands,
  type Disposable,
  EventEmitter,
  type LogOutputChannel,
  Uri,
  ViewColumn,
  type Webview,
  type WebviewPanel,
  window,
} from "vscode";
import type { Choice } from "./choice";
import { decode } from "./decode";
import type { Failure } from "./failure";
import type { LastView } from "./lastView";
import { OWN_COMMANDS } from "./ownCommands";
import { type Command, EXPORT, IMPORT, type PanelView, SELECT, type Selection } from "./protocol";

const VIEW_TYPE = "openaiUsage.panel";

/** The panel in an editor tab: shows the last PanelView, hands on what was clicked in it. */
export class Panel implements Disposable {
  readonly #visibility = new EventEmitter<void>();
  readonly onDidChangeVisibility = this.#visibility.event;
  readonly #folder: Uri;
  readonly #choice: Choice;
  readonly #last: LastView;
  readonly #log: LogOutputChannel;
  readonly #serializer: Disposable;
  #panel: WebviewPanel | undefined;
  #view: PanelView | undefined;
  #failure: Failure | undefined;

  /**
   * @param folder The extension's folder.
   * @param choice Is kept up to date with what the panel shows.
   * @param last Is kept while the panel is open, and what a panel that is back shows first.
   * @param onRestored A panel of the window's last session is back; the server may be running already.
   */
  constructor(folder: Uri, choice: Choice, last: LastView, log: LogOutputChannel, onRestored: () => void) {
    this.#folder = folder;
    this.#choice = choice;
    this.#last = last;
    this.#log = log;
    this.#serializer = window.registerWebviewPanelSerializer(VIEW_TYPE, {
      deserializeWebviewPanel: async (panel) => {
        if (this.#panel !== undefined) {
          // Its tab was in the background, not loaded yet, when the panel was opened anew: one is enough.
          panel.dispose();
          this.#panel.reveal();
          return;
        }
        this.#adopt(panel);
        this.#view ??= this.#last.read();
        onRestored();
      },
    });
  }

  get isOpen(): boolean {
    return this.#panel !== undefined;
  }

  /** Open, and not behind another tab. */
  get isVisible(): boolean {
    return this.#panel?.visible ?? false;
  }

  /** What the panel showed last. */
  get view(): PanelView | undefined {
    return this.#view;
  }

  /** It shows files, and not the account. */
  get isImported(): boolean {
    return Boolean(this.#view?.imported);
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
    if (!this.#view.imported) {
      this.#choice.follow(this.#view.selection);
      // The server has none: those that were kept are of another account.
      if (!hasFigures(this.#view)) this.#last.forget();
    }
    if (this.#view.reveal && !this.#panel?.visible) this.open();
    this.#send();
  }

  /** What is known is not to be shown again. */
  forget(): void {
    this.#view = undefined;
    this.#last.forget();
    this.#send();
  }

  /** A server starts. */
  starting(): void {
    this.#failure = undefined;
    this.#closeImport();
    this.#keepFigures();
    this.#send();
  }

  /** There is no server: says so above what was last known. */
  failed(failure: Failure): void {
    this.#failure = failure;
    this.#closeImport();
    this.#send();
  }

  dispose(): void {
    this.#serializer.dispose();
    const panel = this.#panel;
    this.#panel = undefined; // It was not the user who closed it.
    panel?.dispose();
    this.#visibility.dispose();
  }

  #adopt(panel: WebviewPanel): void {
    this.#panel = panel;
    const dist = Uri.joinPath(this.#folder, "dist");
    panel.iconPath = Uri.joinPath(this.#folder, "media", "panel.svg");
    panel.onDidDispose(() => {
      if (this.#panel !== panel) return;
      this.#panel = undefined;
      this.#last.forget();
      this.#visibility.fire();
    });
    panel.onDidChangeViewState(() => this.#visibility.fire());
    panel.webview.onDidReceiveMessage((message) => this.#receive(message));
    // Set even for a restored panel, whose page may have been allowed something else.
    panel.webview.options = { enableScripts: true, localResourceRoots: [dist] };
    panel.webview.html = page(panel.webview, dist);
    this.#visibility.fire();
  }

  /** What was read from files has gone with the server that read them: back to the account. */
  #closeImport(): void {
    if (this.isImported) this.#view = this.#last.read();
  }

  /** Figures stay until a server knows better. What else the last one said is of no use now. */
  #keepFigures(): void {
    if (!hasFigures(this.#view)) this.#view = undefined;
  }

  #send(): void {
    if (this.#panel === undefined) return;
    if (hasFigures(this.#view)) this.#last.keep(this.#view);
    const view = this.#failure ? withFailure(this.#view, this.#failure) : (this.#view ?? LOADING);
    void this.#panel.webview.postMessage({ type: "view", view });
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
    // Where to write and what to read, the user is asked; the page has no say in it.
    const isOfFiles = command === EXPORT || command === IMPORT;
    void commands.executeCommand(command, ...(isOfFiles ? [] : (args ?? [])));
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
  locale: "en",
  selection: {},
  controls: [],
  filters: [],
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
  return { ...kept, busy: false, outdated: false, notices: [notice, ...kept.notices] };
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
