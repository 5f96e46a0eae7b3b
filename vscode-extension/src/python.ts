import { execFile } from "node:child_process";
import { arch } from "node:process";
import { promisify } from "node:util";
import { type Extension, extensions, type LogOutputChannel, Uri, workspace } from "vscode";
import { textSetting } from "./settings";
import { within } from "./within";

/** What the bundled libraries were made for: compiled ones exist for these versions only. */
const OLDEST = [3, 11] as const;
const NEWEST = [3, 14] as const;
export const VERSIONS = `CPython ${OLDEST.join(".")} to ${NEWEST.join(".")}`;

const MACHINES: Record<string, string[]> = { x64: ["x86_64", "amd64"], arm64: ["arm64", "aarch64"] };

const PROBE =
  "import json, sys, sysconfig; print(json.dumps(dict(executable=sys.executable, " +
  "implementation=sys.implementation.name, version=sys.version_info[:2], platform=sysconfig.get_platform(), " +
  "freeThreaded=bool(sysconfig.get_config_var('Py_GIL_DISABLED')))))";

/** What a Python says of itself. */
interface Probe {
  /** The program itself, where what was asked is a launcher or a script that leads to it. */
  executable: string;
  implementation: string;
  version: [major: number, minor: number];
  platform: string;
  freeThreaded: boolean;
}

/** Nothing that can run the server was found. The message is for the user. */
export class NoPython extends Error {}

/**
 * Finds a Python that can run the server: the setting, else the Python extension's choice, else one on PATH.
 *
 * @param folder Where to ask from: never the workspace, whose files must not be run by asking.
 * @returns The path of its program.
 * @throws {NoPython}
 */
export async function findPython(folder: string, log: LogOutputChannel): Promise<string> {
  const chosen = textSetting("interpreter");
  if (chosen === undefined) throw new NoPython("The setting openaiUsage.interpreter has to be a text.");
  if (chosen !== "") {
    const answer = await ask([chosen], folder);
    // Someone chose it: running another one instead would hide that the choice does not work.
    if ("problem" in answer)
      throw new NoPython(`The Python set in openaiUsage.interpreter ${answer.problem}.`);
    return answer.executable;
  }
  const selected = await pythonExtensionsChoice(log);
  for (const candidate of selected === undefined ? ON_PATH : [[selected] as const, ...ON_PATH]) {
    const answer = await ask(candidate, folder);
    if ("executable" in answer) return answer.executable;
    log.info(`Not used: ${candidate.join(" ")} ${answer.problem}`);
  }
  throw new NoPython(`OpenAI Usage runs on ${VERSIONS}, and none was found.`);
}

/** The start of a command. */
type Command = readonly [program: string, ...args: string[]];

const NEWEST_FIRST = Array.from(
  { length: NEWEST[1] - OLDEST[1] + 1 },
  (_, index) => `3.${NEWEST[1] - index}`,
);

/** What a system itself calls Python may be too old, or too new, with the right one beside it. */
const ON_PATH: Command[] = [
  ["python3"],
  ["python"],
  ...NEWEST_FIRST.map((version) => [`python${version}`] as const),
  ["py", "-3"],
  ...NEWEST_FIRST.map((version) => ["py", `-${version}`] as const),
];

/** The program's path, or why this Python cannot run the server. */
async function ask(python: Command, folder: string): Promise<{ executable: string } | { problem: string }> {
  const [program, ...args] = python;
  try {
    const { stdout } = await promisify(execFile)(program, [...args, "-I", "-S", "-c", PROBE], {
      cwd: folder,
      timeout: 10_000,
      windowsHide: true,
    });
    const probe: Probe = JSON.parse(stdout);
    const problem = problemWith(probe);
    return problem === undefined ? { executable: probe.executable } : { problem };
  } catch (error) {
    const missing = (error as { code?: unknown }).code === "ENOENT";
    return { problem: missing ? "was not found" : `cannot be run (${reason(error)})` };
  }
}

/** What the program said at last, or why it could not be started. */
function reason(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message?: string };
  return stderr?.trim().split("\n").at(-1) || message?.split("\n")[0] || String(error);
}

function problemWith({ implementation, version, platform, freeThreaded }: Probe): string | undefined {
  const [major, minor] = version;
  if (implementation !== "cpython") return `is ${implementation}; it needs to be ${VERSIONS}`;
  if (freeThreaded) return "is the free-threaded build; the ordinary one is needed";
  if (major !== OLDEST[0] || minor < OLDEST[1] || minor > NEWEST[1]) {
    return `is version ${version.join(".")}; it needs to be ${VERSIONS}`;
  }
  const fits = [...(MACHINES[arch] ?? [arch]), "universal2"].some((machine) => platform.endsWith(machine));
  return fits ? undefined : `is made for ${platform}; it needs to be made for ${arch}`;
}

/** The part of the Python extension's interface that is used here. */
interface PythonExtension {
  environments: {
    getActiveEnvironmentPath(): { path: string };
    resolveEnvironment(path: { path: string }): Promise<{ executable: { uri?: Uri } } | undefined>;
  };
}

async function pythonExtensionsChoice(log: LogOutputChannel): Promise<string | undefined> {
  // The choice can come from the workspace's files.
  if (!workspace.isTrusted) return undefined;
  const extension = extensions.getExtension<PythonExtension>("ms-python.python");
  if (extension === undefined) return undefined;
  try {
    // It may look through the whole disk first; PATH is a good answer too.
    return await within(5_000, askForChoice(extension));
  } catch (error) {
    log.warn("The Python extension did not say which Python it uses:", error);
    return undefined;
  }
}

async function askForChoice(extension: Extension<PythonExtension>): Promise<string | undefined> {
  const { environments } = await extension.activate();
  const environment = await environments.resolveEnvironment(environments.getActiveEnvironmentPath());
  const uri = environment?.executable.uri;
  return uri && Uri.from(uri).fsPath;
}
