/** The demo organisation over HTTP on loopback: what OpenAI's API answers, with faults on demand. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { day, OpenAiApi } from "./openaiApi.ts";
import { REPOSITORY } from "./paths.ts";
import { Child } from "./processes.ts";

/** Looks like an admin key, and the demo organisation takes it for one. Searched for in everything written. */
export const ADMIN_KEY = "sk-admin-vscodetest0000T3BlbkFJ1111";

/** As in tests/support/demo_server.py. */
export interface Fault {
  kind: "status" | "truncated" | "repeated_cursor" | "missing_cursor" | "close" | "hang";
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  path?: string;
  times?: number | null;
}

/** An API key, and what OpenAI itself shows of one only once: the key. */
export interface DemoKey {
  id: string;
  name: string;
  projectId: string;
  redacted: string;
  /** Made up: it opens nothing. */
  secret: string;
}

export class DemoApi {
  readonly baseUrl: string;
  /** Reads it the plain way. */
  readonly api: OpenAiApi;
  readonly #child: Child;

  private constructor(baseUrl: string, child: Child) {
    this.baseUrl = baseUrl;
    this.api = new OpenAiApi(baseUrl, ADMIN_KEY);
    this.#child = child;
  }

  /** @param options As of tests/support/demo_server.py: another organisation. */
  static async start(...options: string[]): Promise<DemoApi> {
    const virtual = join(
      REPOSITORY,
      ".venv",
      process.platform === "win32" ? "Scripts/python.exe" : "bin/python",
    );
    const python = process.env.PYTHON ?? (existsSync(virtual) ? virtual : "python3");
    const child = new Child(
      "The demo API",
      python,
      // Its clock stands still, in the evening: today has figures, and they do not change between two looks at them.
      [join(REPOSITORY, "tests", "support", "demo_server.py"), "--now", `${day(0)}T20:00:00Z`, ...options],
      {
        env: { PATH: process.env.PATH, PYTHONPATH: join(REPOSITORY, "server"), PYTHONDONTWRITEBYTECODE: "1" },
      },
    );
    const [baseUrl] = await child.printed(/^http:\S+\/v1$/);
    return new DemoApi(baseUrl, child);
  }

  /** From now on requests meet these, in this order. */
  async inject(...faults: Fault[]): Promise<void> {
    await this.#control("POST", "faults", faults);
  }

  /** Forgets faults and requests. */
  async reset(): Promise<void> {
    await this.#control("POST", "reset", []);
  }

  /** What was asked since the last reset, as path and query. */
  async requests(): Promise<string[]> {
    const { requests } = await this.#control("GET", "requests");
    return requests.map(({ path, query }: { path: string; query: string }) => `${path}?${query}`);
  }

  /** The API keys of the active projects. */
  async keys(): Promise<DemoKey[]> {
    const { keys } = await this.#control("GET", "keys");
    return keys;
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }

  // biome-ignore lint/suspicious/noExplicitAny: JSON as it comes
  async #control(method: string, what: string, body?: unknown): Promise<any> {
    const url = new URL(`/control/${what}`, this.baseUrl);
    const response = await fetch(url, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}
