/** A real VS Code (code-server) with the packaged extension, in folders of its own. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { install } from "../install.mjs";
import { eventually } from "./eventually.ts";
import { REPOSITORY, RUN, scratch } from "./paths.ts";
import { Child, descendants, type Process } from "./processes.ts";

export interface VsCodeOptions {
  /** Names its folder under .run/. */
  name: string;
  settings?: Record<string, unknown>;
  /** What the folder that is opened brings along in .vscode/settings.json. It is then not trusted until the user says so. */
  workspaceSettings?: Record<string, unknown>;
  /** What is in the folder that is opened: contents by path. */
  files?: Record<string, string>;
  /** Whether the user trusts what is opened; by default, where it brings no settings. */
  isTrusted?: boolean;
  /** Folders in that folder: these are opened together, as a workspace of several, in its place. */
  folders?: string[];
  /** Environment of VS Code, and so of the extension and the Python server. */
  env?: Record<string, string>;
}

/** Quiet, and nothing in the way of what is tested or shown. */
const SETTINGS = {
  "chat.disableAIFeatures": true,
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "git.enabled": false,
  "remote.autoForwardPorts": false,
  "security.workspace.trust.startupPrompt": "never",
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "workbench.colorTheme": "Dark 2026",
  "workbench.enableExperiments": false,
  "workbench.layoutControl.enabled": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
};

export class VsCode {
  readonly url: string;
  /** Everything this VS Code and the Python server write is below. */
  readonly folder: string;
  readonly #child: Child;
  #settings: Record<string, unknown>;

  private constructor(url: string, folder: string, child: Child, settings: Record<string, unknown>) {
    this.url = url;
    this.folder = folder;
    this.#child = child;
    this.#settings = settings;
  }

  static async start(options: VsCodeOptions): Promise<VsCode> {
    const { name, settings = {}, workspaceSettings, env = {} } = options;
    const [{ node, entry }, extensions] = await Promise.all([
      install({ browser: true }),
      installedExtensions(),
    ]);
    const folder = scratch(name);
    const workspace = scratch(name, WORKSPACE);
    writeSettings(folder, settings);
    writeFiles(workspace, contentsOf(options));
    const { isTrusted = workspaceSettings === undefined } = options;
    const flags = isTrusted ? [...FLAGS, "--disable-workspace-trust"] : FLAGS;
    const child = new Child(
      `VS Code "${name}"`,
      node,
      // The last arguments of code-server: port 0 is one that is free.
      [entry, ...foldersOf(folder, extensions), ...flags, "--bind-addr", "127.0.0.1:0", workspace],
      { env: environment(folder, env), cwd: folder },
    );
    const [, origin] = await child.printed(/listening on (http:\S+?)\/?$/);
    const opened = options.folders ? `workspace=${join(workspace, SEVERAL)}` : `folder=${workspace}`;
    return new VsCode(`${origin}/?${opened}`, folder, child, settings);
  }

  /** Changes settings while it runs, as a user would in settings.json; `undefined` removes one. */
  configure(settings: Record<string, unknown>): void {
    this.#settings = { ...this.#settings, ...settings };
    writeSettings(this.folder, this.#settings);
  }

  /** Has keys run a command with an argument, in windows that are opened or reloaded from now on. */
  bind(key: string, command: string, args: unknown): void {
    writeFileSync(
      join(this.folder, "user-data", "User", "keybindings.json"),
      JSON.stringify([{ key, command, args }]),
    );
  }

  /** The address of a window on another folder, which is made. */
  windowOn(folder: string): string {
    return `${new URL(this.url).origin}/?folder=${scratch(relative(RUN, this.folder), folder)}`;
  }

  /** The extension's own folder, which is one for all windows. */
  get dataFolder(): string {
    return join(this.folder, "user-data", "User", "globalStorage", "openai-usage.openai-usage");
  }

  /** A path in the folder that is open. */
  inWorkspace(file: string): string {
    return join(this.folder, WORKSPACE, file);
  }

  /** The Python server, once there is one of another process id than `not`. */
  async pythonServer({ not }: { not?: number } = {}): Promise<Process> {
    return eventually(() => {
      const servers = descendants(this.#child.pid)
        .filter(
          ({ command: [program = "", ...args] }) =>
            /python/.test(program) && /openai.usage/.test(args.join()),
        )
        .filter(({ pid }) => pid !== not);
      const [server, ...others] = servers;
      if (server && others.length === 0) return server;
      throw new Error(`expected one Python server, found ${JSON.stringify(servers)}`);
    });
  }

  /** Every file it and the Python server wrote, with its bytes. */
  async *filesWritten(): AsyncGenerator<{ path: string; bytes: Buffer }> {
    for (const entry of await readdir(this.folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue; // sockets, links
      const file = join(entry.parentPath, entry.name);
      const bytes = await readFile(file).catch(() => undefined); // Written a moment ago and deleted since?
      if (bytes) yield { path: relative(this.folder, file), bytes };
    }
  }

  /** The files among them that hold the text. Those in the folder that is open are the user's own, and not looked into. */
  async filesWith(text: string): Promise<string[]> {
    const found: string[] = [];
    for await (const { path, bytes } of this.filesWritten())
      if (!path.startsWith(WORKSPACE + sep) && bytes.includes(text)) found.push(path);
    return found;
  }

  /** What went wrong, as far as it tells: its own output and the extension's output channels. */
  async logs(): Promise<string> {
    const parts = [`--- code-server\n${this.#child.output}`];
    for await (const { path, bytes } of this.filesWritten()) {
      if (/openai.*\.log$/i.test(path)) parts.push(`--- ${path}\n${bytes.toString("utf8").slice(-8_000)}`);
    }
    return parts.join("\n");
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }
}

/** The folder that is opened. */
const WORKSPACE = "my-project";
/** The file that says which folders are opened together. */
const SEVERAL = "several.code-workspace";
const FLAGS = ["--auth=none", "--disable-telemetry", "--disable-update-check"];

function foldersOf(folder: string, extensions: string): string[] {
  return ["--user-data-dir", join(folder, "user-data"), "--extensions-dir", extensions];
}

/** What the folder that is opened holds before VS Code starts, by path. */
function contentsOf({ workspaceSettings, files, folders }: VsCodeOptions): Record<string, string> {
  return {
    ...(workspaceSettings && { ".vscode/settings.json": JSON.stringify(workspaceSettings) }),
    ...(folders && { [SEVERAL]: JSON.stringify({ folders: folders.map((path) => ({ path })) }) }),
    ...files,
  };
}

function writeFiles(folder: string, files: Record<string, string>): void {
  for (const [path, contents] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, contents);
  }
}

/** A machine's own settings come second: those that choose a program or an endpoint are only read from there. */
function writeSettings(folder: string, settings: Record<string, unknown>): void {
  for (const place of ["User", "Machine"]) {
    mkdirSync(join(folder, "user-data", place), { recursive: true });
    writeFileSync(
      join(folder, "user-data", place, "settings.json"),
      JSON.stringify({ ...SETTINGS, ...settings }, null, 2),
    );
  }
}

/** Nothing of the outer environment but the way to programs: no key, no proxy, no home folder of the user's. */
function environment(folder: string, env: Record<string, string>): NodeJS.ProcessEnv {
  const home = join(folder, "home");
  mkdirSync(home, { recursive: true });
  const { PATH, SystemRoot } = process.env;
  return {
    PATH,
    ...(SystemRoot === undefined ? {} : { SystemRoot }),
    HOME: home,
    USERPROFILE: home,
    LANG: "C.UTF-8",
    TZ: "Pacific/Auckland", // far from UTC: a day counted in local time shows
    VSCODE_CLI: "1", // VS Code asks no login shell for more environment
    ...env,
  };
}

let extensionsFolder: Promise<string> | undefined;

/** The packaged extension, installed once and shared: VS Code only reads from there. */
export function installedExtensions(): Promise<string> {
  extensionsFolder ??= (async () => {
    const { node, entry } = await install({ browser: true });
    const folder = scratch("extensions");
    const installer = new Child(
      "Installing the extension",
      node,
      [entry, ...foldersOf(scratch("installer"), folder), "--install-extension", packagedExtension()],
      { env: environment(scratch("installer"), {}) },
    );
    await installer.printed(/was successfully installed/, 60_000);
    await installer.ended();
    return folder;
  })();
  return extensionsFolder;
}

/** $VSIX, or what `npm run package` made for this machine. */
function packagedExtension(): string {
  const name = `openai-usage-${process.platform}-${process.arch}.vsix`;
  const vsix = process.env.VSIX ?? join(REPOSITORY, "vscode-extension", name);
  if (!existsSync(vsix))
    throw new Error(`There is no ${vsix}. Make it: npm --prefix vscode-extension run package`);
  return vsix;
}
