import { commands, Disposable, env, type LogOutputChannel, Uri, window } from "vscode";
import type { Choice } from "./choice";
import { decode } from "./decode";
import { tellDone } from "./done";
import { erase, tellNotErased } from "./erasing";
import { askWhere, isCancelled, tellExported, tellRefused } from "./exporting";
import { type Failure, RESTART } from "./failure";
import { askWhich, tellImported } from "./importing";
import { openKeysPage } from "./keysPage";
import type { Panel } from "./panel";
import {
  CHOOSE_KEY,
  CLOSE_IMPORT,
  COPY_TABLE,
  EXPORT,
  type ExportArguments,
  FETCH_HISTORY,
  FORGET_ADMIN_KEY,
  IMPORT,
  type ImportArguments,
  OPEN_KEYS_PAGE,
  OPEN_SETTINGS,
  READ_DAYS,
  REFRESH,
  SELECT,
  SET_ADMIN_KEY,
  SETTINGS_SECTION,
  type Selection,
  SHOW,
  SHOW_LOG,
  TABLE_AS_MARKDOWN,
} from "./protocol";
import type { AdminKey } from "./secrets";
import type { Server } from "./server";
import type { Session } from "./session";

const ALL_SETTINGS = "@ext:openai-usage.openai-usage";

export interface Parts {
  server: Server;
  panel: Panel;
  choice: Choice;
  key: AdminKey;
  log: LogOutputChannel;
}

/** Registers every command, once and for as long as the extension lives: each answers with or without a server. */
export function registerCommands(parts: Parts): Disposable {
  const { server, panel, choice, key, log } = parts;
  const handlers: Record<string, (argument?: unknown) => Promise<unknown>> = {
    [SHOW]: async () => {
      // Opened at once where something will come; the server then fills it.
      if (server.state.kind !== "failed") panel.open();
      const session = await running(server);
      if (session === undefined) return;
      panel.open();
      if (!choice.isTold) await tell(parts, session);
      await session.execute(SHOW);
    },
    [REFRESH]: async () => {
      const started = server.state.kind === "running";
      const session = await running(server);
      // A server that has only just started is fetching anyway.
      if (started) await session?.execute(REFRESH);
    },
    [FETCH_HISTORY]: async () => {
      const session = await running(server);
      await session?.execute(FETCH_HISTORY);
    },
    [READ_DAYS]: async () => {
      const session = await running(server);
      await session?.execute(READ_DAYS);
    },
    [SELECT]: async (argument) => {
      const selection = decode<Selection>("Selection", argument);
      if (panel.isImported) {
        // Chosen of files: nothing that the account, or another server, goes on from.
        await theRunning(server)?.execute(SELECT, selection);
        return;
      }
      choice.add(selection);
      const session = await running(server);
      if (session === undefined) return;
      if (choice.isTold) await session.execute(SELECT, selection);
      else await tell(parts, session);
    },
    [CHOOSE_KEY]: async (id) => {
      if (typeof id !== "string" && id !== null) throw new Error("neither the id of a key nor null");
      const session = await running(server);
      await session?.execute(CHOOSE_KEY, id);
    },
    [EXPORT]: async (argument) => {
      if ((await running(server)) === undefined) return undefined;
      const target =
        argument === undefined
          ? await askWhere(panel.view)
          : decode<ExportArguments>("ExportArguments", argument);
      if (target === undefined) return undefined;
      // Once more: while the user was asked, another server may have come.
      const session = await running(server);
      if (session === undefined) return undefined;
      if (!choice.isTold) await tell(parts, session);
      return asked(
        () => session.execute(EXPORT, target),
        (missing) => tellExported(target.uri, missing),
        log,
      );
    },
    [IMPORT]: async (argument) => {
      if ((await running(server)) === undefined) return undefined;
      const files =
        argument === undefined ? await askWhich() : decode<ImportArguments>("ImportArguments", argument);
      if (files === undefined) return undefined;
      const session = await running(server);
      if (session === undefined) return undefined;
      panel.open();
      // Before: what the panel goes back to when the import is closed.
      if (!choice.isTold) await tell(parts, session);
      return asked(() => session.execute(IMPORT, files), tellImported, log);
    },
    [CLOSE_IMPORT]: async () => {
      // Where none runs, nothing is imported.
      await theRunning(server)?.execute(CLOSE_IMPORT);
    },
    [COPY_TABLE]: async (table) => {
      const session = await running(server);
      const copy = async (text: unknown) => {
        if (typeof text !== "string") throw new Error("The server sent no table.");
        await env.clipboard.writeText(text);
        tellDone("Copied as Markdown");
      };
      await (session && asked(() => session.execute(TABLE_AS_MARKDOWN, table), copy, log));
    },
    [SET_ADMIN_KEY]: async () => {
      // The same key once more: it may be accepted by now, or whatever else was wrong may be over.
      if (await key.set()) await server.restart();
    },
    [FORGET_ADMIN_KEY]: () =>
      key.forget(async () => {
        try {
          await erase(server);
          tellDone("Fetched usage erased");
        } catch (error) {
          log.error("What is kept on disk was not erased:", error);
          // The key is forgotten all the same, and without waiting for the user to have read it.
          void tellNotErased(error, server.dataFolder);
        }
      }),
    [OPEN_KEYS_PAGE]: openKeysPage,
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
          // A menu hands over what it was opened at: that is no argument of these.
          return await handler(argument instanceof Uri ? undefined : argument);
        } catch (error) {
          log.error(`${id} failed:`, error);
          return undefined;
        }
      }),
    ),
  );
}

/** Tells a new server what the panel shows; it sends that. */
export async function tell(
  { server, choice, log }: Pick<Parts, "server" | "choice" | "log">,
  session: Session,
): Promise<void> {
  try {
    await session.execute(SELECT, choice.selection);
  } catch (error) {
    log.warn("The server does not take what the panel showed before:", error);
  }
  // Not one that has gone meanwhile: the next one is to be told, too.
  if (theRunning(server) === session) choice.told();
}

/** Does something with what the server answers. What it does not do, its user is told. */
async function asked(
  ask: () => Promise<unknown>,
  then: (answer: unknown) => Promise<void>,
  log: LogOutputChannel,
): Promise<unknown> {
  try {
    const answer = await ask();
    // Whoever asked does not wait for the user to have read it.
    then(answer).catch((error) => log.error(error));
    return answer;
  } catch (error) {
    if (!isCancelled(error)) log.error(error instanceof Error ? error : String(error));
    void tellRefused(error);
    return undefined;
  }
}

/** The server that runs now. */
function theRunning({ state }: Server): Session | undefined {
  return state.kind === "running" ? state.session : undefined;
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
