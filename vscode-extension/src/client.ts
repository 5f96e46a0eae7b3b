import { type LogOutputChannel, workspace } from "vscode";
import {
  CloseAction,
  DidChangeWorkspaceFoldersNotification,
  type DynamicFeature,
  ErrorAction,
  ExecuteCommandRequest,
  type InitializeParams,
  LanguageClient,
  type MessageTransports,
  type StaticFeature,
} from "vscode-languageclient/node";
import { SETTINGS_SECTION } from "./protocol";

/**
 * The LSP client of one server process.
 *
 * It differs from its base in three ways. It registers no commands: the extension's own stay registered all the time,
 * so that a click is answered while there is no server too. It opens no message boxes about the connection: the status
 * item tells, and `Server` decides about restarts. And of a workspace that is not trusted it names no folder: the server
 * reads only in those that it is told of. Once it is trusted, another client takes over.
 */
export class Client extends LanguageClient {
  constructor(transports: MessageTransports, log: LogOutputChannel) {
    super(SETTINGS_SECTION, "OpenAI Usage", () => Promise.resolve(transports), {
      documentSelector: [],
      outputChannel: log,
      traceOutputChannel: log, // The protocol is traced into it at log level "Trace".
      initializationOptions: () => ({ ...workspace.getConfiguration().get<object>(SETTINGS_SECTION) }),
      initializationFailedHandler: () => false,
      synchronize: { configurationSection: SETTINGS_SECTION },
      middleware: {
        workspace: {
          didChangeWatchedFile: async (event, next) => (workspace.isTrusted ? next(event) : undefined),
        },
      },
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => ({ action: CloseAction.DoNotRestart, handled: true, message: "The server has gone" }),
      },
    });
  }

  override registerFeature(feature: StaticFeature | DynamicFeature<unknown>): void {
    const method = "registrationType" in feature ? feature.registrationType.method : undefined;
    // All of it: what the folders are, that others have come, and the answer to a server that asks.
    if (method === DidChangeWorkspaceFoldersNotification.method && !workspace.isTrusted) return;
    super.registerFeature(method === ExecuteCommandRequest.method ? commandsWithoutRegistration : feature);
  }

  protected override fillInitializeParams(params: InitializeParams): void {
    super.fillInitializeParams(params);
    if (workspace.isTrusted) return;
    params.workspaceFolders = null;
    params.rootUri = null;
    params.rootPath = null;
  }

  override error(message: string, data?: unknown): void {
    // With data it is an exception that also reaches whoever called, and is told there.
    if (data === undefined) super.error(message, undefined, false);
    else super.debug(message, data, false);
  }

  override warn(message: string, data?: unknown): void {
    super.warn(message, data, false);
  }

  override info(message: string, data?: unknown): void {
    super.info(message, data, false);
  }

  execute(command: string, ...args: unknown[]): Promise<unknown> {
    return this.sendRequest(ExecuteCommandRequest.type, {
      command,
      ...(args.length > 0 && { arguments: args }),
    });
  }
}

const commandsWithoutRegistration: StaticFeature = {
  getState: () => ({ kind: "static" }),
  fillClientCapabilities: (capabilities) => {
    capabilities.workspace = { ...capabilities.workspace, executeCommand: { dynamicRegistration: false } };
  },
  initialize: () => undefined,
  clear: () => undefined,
};
