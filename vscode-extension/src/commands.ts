import { commands, Disposable, env, type LogOutputChannel, window } from "vscode";
import { decode } from "./decode";
import { type Failure, RESTART } from "./failure";
import type { Panel } from "./panel";
import {
  FORGET_ADMIN_KEY,
  OPEN_SETTINGS,
  REFRESH,
  SELECT,
  SET_ADMIN_KEY,
  SETTINGS_SECTION,
  type Selection,
  SHOW,
  SHOW_LOG,
} from "./protocol";
import type { AdminKey } from "./secrets";
import type { Server } from "./server";
import type { Session } from "./session";

const ALL_SETTINGS = "@ext:openai-usage.openai-usage";

export interface Parts {
  server: Server;
  panel: Panel;
  key: AdminKey;
  log: LogOutputChannel;
}

/** Registers every command, once and for as long as the extension lives: each answers with or without a server. */
export function registerCommands({ server, panel, key, log }: Parts): Disposable {
  const handlers: Record<string, (argument?: unknown) => Promise<void>> = {
    [SHOW]: async () => {
      // Opened at once where something will come; the server then fills it.
      if (server.state.kind !== "failed") panel.open();
      const session = await running(server);
      if (session === undefined) return;
      panel.open();
      await session.execute(SHOW);
    },
    [REFRESH]: async () => {
      const started = server.state.kind === "running";
      const session = await running(server);
      // A server that has only just started is fetching anyway.
      if (started) await session?.execute(REFRESH);
    },
    [SELECT]: async (argument) => {
      const selection = decode<Selection>("Selection", argument);
      panel.choose(selection);
      const started = server.state.kind === "running";
      const session = await running(server);
      // A server that has only just started was told by `resumePanel`.
      if (started) await session?.execute(SELECT, selection);
    },
    [SET_ADMIN_KEY]: async () => {
      // The same key once more: it may be accepted by now, or whatever else was wrong may be over.
      if (await key.set()) await server.restart();
    },
    [FORGET_ADMIN_KEY]: () => key.forget(),
    [SHOW_LOG]: async () => log.show(),
    [RESTART]: () => server.restart(),
    [OPEN_SETTINGS]: async (setting) => {
      const ours = typeof setting === "string" && setting.startsWith(`${SETTINGS_SECTION}.`);
      const query = ours ? setting : ALL_SETTINGS;
      // In a remote window and in the browser, settings of the machine are not among the user's.
      if (env.remoteName === undefined) await commands.executeCommand("workbench.action.openSettings", query);
      else await commands.executeCommand("workbench.action.openRemoteSettings", { query });
    },
  };
  return Disposable.from(
    ...Object.entries(handlers).map(([id, handler]) =>
      commands.registerCommand(id, async (argument?: unknown) => {
        try {
          await handler(argument);
        } catch (error) {
          log.error(`${id} failed:`, error);
        }
      }),
    ),
  );
}

/** Has a server that has just started send what the open panel shows. */
export async function resumePanel(session: Session, panel: Panel): Promise<void> {
  // Not SHOW: a panel that lies behind another tab stays there.
  if (panel.isOpen) await session.execute(SELECT, panel.selection);
}

/** The running server. Waits for one that starts, starts one that had failed, and else says why there is none. */
async function running(server: Server): Promise<Session | undefined> {
  if (server.state.kind === "failed") await server.restart();
  const state = await server.settled();
  if (state.kind === "running") return state.session;
  if (state.kind === "failed") void explain(state.failure);
  return undefined;
}

async function explain({ text, steps }: Failure): Promise<void> {
  const chosen = await window.showErrorMessage(text, ...steps.map(({ title }) => title));
  const step = steps.find(({ title }) => title === chosen);
  if (step !== undefined) await commands.executeCommand(step.command, ...(step.arguments ?? []));
}
