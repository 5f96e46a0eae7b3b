import { type ExtensionContext, workspace } from "vscode";
import { Attention } from "./attention";
import { Choice } from "./choice";
import { registerCommands, tell } from "./commands";
import { LastView } from "./lastView";
import { createLog } from "./log";
import { Panel } from "./panel";
import { AdminKey } from "./secrets";
import { Server, type ServerState } from "./server";
import { StatusBar } from "./statusBar";

let server: Server | undefined;

export function activate(context: ExtensionContext): void {
  const log = createLog();
  const key = new AdminKey(context.secrets);
  const statusBar = new StatusBar(log);
  const theServer = new Server(context.extensionPath, context.globalStorageUri.fsPath, key, log);
  const choice = new Choice(context.workspaceState, log);
  const parts = { server: theServer, choice, log };
  const last = new LastView(context.workspaceState, log);
  const panel = new Panel(context.extensionUri, choice, last, log, () => onState(theServer.state));

  const onState = (state: ServerState): void => {
    if (state.kind !== "running") choice.untold();
    if (state.kind === "starting") {
      statusBar.starting();
      panel.starting();
    }
    if (state.kind === "failed") {
      statusBar.failed(state.failure);
      panel.failed(state.failure);
    }
    // Not SHOW: a panel that lies behind another tab stays there.
    if (state.kind === "running" && panel.isOpen) void tell(parts, state.session);
  };

  const onKey = async (): Promise<void> => {
    if (!(await theServer.hasOtherKey())) return;
    // Another key may be another account: the old one's figures must not pass for its own.
    statusBar.forget();
    panel.forget();
    choice.forgetFilters();
    await theServer.restart();
  };

  context.subscriptions.push(
    log,
    statusBar,
    panel,
    // Before all else that a new server is told or asked.
    new Attention(theServer, panel, log),
    theServer.onStatus((view) => statusBar.update(view)),
    theServer.onPanel((view) => panel.update(view)),
    theServer.onDidChangeState(onState),
    key.onDidChange(() => void onKey()),
    workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("openaiUsage.interpreter")) void theServer.restart();
    }),
    // It was told of no folder. The way back needs nothing: VS Code then starts its extensions anew.
    workspace.onDidGrantWorkspaceTrust(() => void theServer.restart()),
    registerCommands({ ...parts, panel, key }),
  );

  server = theServer;
  void server.restart();
}

export async function deactivate(): Promise<void> {
  await server?.dispose();
}
