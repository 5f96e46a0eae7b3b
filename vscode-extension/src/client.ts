import { type LogOutputChannel, workspace } from "vscode";
import {
  CloseAction,
  type DynamicFeature,
  ErrorAction,
  ExecuteCommandRequest,
  LanguageClient,
  type MessageTransports,
  type StaticFeature,
} from "vscode-languageclient/node";
import { SETTINGS_SECTION } from "./protocol";

/**
 * The LSP client of one server process.
 *
 * It differs from its base in two ways. It registers no commands: the extension's own stay registered all the time,
 * so that a click is answered while there is no server too. And it opens no message boxes about the connection:
 * the status item tells, and `Server` decides about restarts.
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
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => ({ action: CloseAction.DoNotRestart, handled: true, message: "The server has gone" }),
      },
    });
  }

  override registerFeature(feature: StaticFeature | DynamicFeature<unknown>): void {
    const method = "registrationType" in feature ? feature.registrationType.method : undefined;
    super.registerFeature(method === ExecuteCommandRequest.method ? commandsWithoutRegistration : feature);
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
