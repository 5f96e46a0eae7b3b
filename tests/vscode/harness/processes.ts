/** Child processes that never outlive the tests: each is the head of its own group, and the group goes as a whole. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const running = new Set<Child>();
process.on("exit", () => {
  for (const child of running) child.kill();
});

/** A started program, with the end of what it printed kept for error messages. */
export class Child {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #name: string;
  readonly #lines: string[] = [];
  readonly #exited: Promise<void>;
  readonly #waiting = new Set<(line: string) => void>();

  constructor(
    name: string,
    command: string,
    args: string[],
    options: { env: NodeJS.ProcessEnv; cwd?: string },
  ) {
    this.#name = name;
    this.#process = spawn(command, args, { ...options, detached: true, stdio: "pipe" });
    running.add(this);
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      createInterface({ input: stream }).on("line", (line) => this.#read(line));
    }
    this.#exited = new Promise((resolve) => {
      this.#process.on("error", (error) => {
        this.#read(String(error));
        resolve();
      });
      this.#process.on("close", () => resolve());
    });
  }

  get pid(): number {
    return this.#process.pid ?? -1;
  }

  /** The last lines it printed, on stdout and stderr. */
  get output(): string {
    return this.#lines.join("\n");
  }

  /**
   * The first match of `pattern` in what it prints.
   * @throws Error with its output, when it ends before or prints no such line in time.
   */
  async printed(pattern: RegExp, milliseconds = 20_000): Promise<RegExpMatchArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpMatchArray>();
    const look = (line: string) => {
      const match = line.match(pattern);
      if (match) resolve(match);
    };
    this.#lines.forEach(look);
    this.#waiting.add(look);
    const fail = (what: string) => reject(new Error(`${this.#name} ${what}. It printed:\n${this.output}`));
    const timer = setTimeout(
      () => fail(`did not print ${pattern} within ${milliseconds / 1000} s`),
      milliseconds,
    );
    void this.#exited.then(() => fail(`ended (exit code ${this.#process.exitCode})`));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(look);
    }
  }

  /** Its exit code, once it ended by itself. */
  async ended(): Promise<number | null> {
    await this.#exited;
    running.delete(this);
    return this.#process.exitCode;
  }

  /** Ends it and all that it started. */
  async stop(): Promise<void> {
    this.kill();
    await this.#exited;
    running.delete(this);
  }

  kill(): void {
    if (this.#process.pid === undefined) return;
    for (const pid of [-this.#process.pid, this.#process.pid]) {
      try {
        process.kill(pid, "SIGKILL"); // the negative one is the group; on Windows there are none
      } catch {
        // Ended already.
      }
    }
  }

  #read(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > 200) this.#lines.shift();
    for (const look of this.#waiting) look(line);
  }
}

export interface Process {
  pid: number;
  /** The program and its arguments. */
  command: string[];
}

/** The processes below `pid`, children first. Linux only: it reads /proc, for `ps` is not on every machine. */
export function descendants(pid: number): Process[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = parentOf(Number(entry));
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const below = (parent: number): number[] =>
    (children.get(parent) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(pid).map((child) => ({ pid: child, command: commandOf(child) }));
}

function parentOf(pid: number): number | undefined {
  try {
    // The program's name is in brackets and may itself hold brackets; the parent is the second field after it.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined; // Ended meanwhile.
  }
}

function commandOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
  } catch {
    return [];
  }
}
