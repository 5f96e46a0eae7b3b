import { type ExtensionContext, workspace } from "vscode";
import { registerCommands, resumePanel } from "./commands";
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
  const theServer = new Server(context.extensionPath, key, log);
  const panel = new Panel(context.extensionUri, log, () => onState(theServer.state));

  const onState = (state: ServerState): void => {
    if (state.kind === "starting") {
      statusBar.starting();
      panel.starting();
    }
    if (state.kind === "failed") {
      statusBar.failed(state.failure);
      panel.failed(state.failure);
    }
    if (state.kind === "running") {
      resumePanel(state.session, panel).catch((error) =>
        log.warn("The panel could not be brought back:", error),
      );
    }
  };

  const onKey = async (): Promise<void> => {
    if (!(await theServer.hasOtherKey())) return;
    // Another key may be another account: the old one's figures must not pass for its own.
    statusBar.forget();
    panel.forget();
    await theServer.restart();
  };

  context.subscriptions.push(
    log,
    statusBar,
    panel,
    theServer.onStatus((view) => statusBar.update(view)),
    theServer.onPanel((view) => panel.update(view)),
    theServer.onDidChangeState(onState),
    key.onDidChange(() => void onKey()),
    workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("openaiUsage.interpreter")) void theServer.restart();
    }),
    registerCommands({ server: theServer, panel, key, log }),
  );

  server = theServer;
  void server.restart();
}

export async function deactivate(): Promise<void> {
  await server?.dispose();
}
