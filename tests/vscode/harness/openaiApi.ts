/**
 * Reads the API as plainly as can be, to compare what the extension shows with: every page, every digit, split by no
 * more than is asked for. Knows nothing of the extension and its server.
 */
import { type Decimal, decimal, sum, ZERO } from "./decimal.ts";

/** A result of a bucket: its texts are what it is of, its numbers what it counts. */
export interface Row {
  /** ISO date, UTC. */
  day: string;
  /** When its bucket begins: "2026-11-22T14:00Z". */
  start: string;
  /** By dimension; "" where the API says null. */
  of: Record<string, string>;
  /** By metric; `amount` is the money. */
  numbers: Record<string, Decimal>;
}

/** The usage endpoints, in the order in which the panel shows them, each with the dimensions that OpenAI documents. */
export const CAPABILITIES = {
  completions: dimensions("model", "service_tier", "batch", "api_source"),
  decisions: dimensions("model", "service_tier", "batch", "api_source"),
  embeddings: dimensions("model"),
  moderations: dimensions("model"),
  images: dimensions("model", "size", "source"),
  audio_speeches: dimensions("model"),
  audio_transcriptions: dimensions("model"),
  vector_stores: ["project_id"],
  code_interpreter_sessions: ["project_id"],
  file_search_calls: dimensions("vector_store_id"),
  web_search_calls: dimensions("model", "context_level", "api_source"),
} as const satisfies Record<string, string[]>;

export type Capability = keyof typeof CAPABILITIES;

function dimensions(...own: string[]): string[] {
  return ["project_id", "user_id", "api_key_id", ...own];
}

export interface Days {
  first: string;
  last: string;
}

export interface Question extends Days {
  /** Dimensions. */
  by?: string[];
  /** By the API's own parameters: `project_ids`, `models` and so on. */
  only?: Record<string, string[]>;
  width?: "1d" | "1h" | "1m";
}

/** A page of buckets, or of a list. */
// biome-ignore lint/suspicious/noExplicitAny: JSON as it comes
export type Page = Record<string, any>;

const DAY = 86_400;
const LIMITS = { "1d": "31", "1h": "168", "1m": "1440" };

/** Days counted back from today, today first: `day(0)` is today, `day(29)` the first of the last 30. */
export function day(back: number): string {
  return new Date(Date.now() - back * DAY * 1000).toISOString().slice(0, 10);
}

export function firstOfMonth(): string {
  return `${day(0).slice(0, 7)}-01`;
}

/** Both days inclusive, oldest first. */
export function days(first: string, last: string): string[] {
  const count = (Date.parse(last) - Date.parse(first)) / (DAY * 1000) + 1;
  return Array.from({ length: count }, (_, at) =>
    new Date(Date.parse(first) + at * DAY * 1000).toISOString().slice(0, 10),
  );
}

export class Refused extends Error {
  readonly status: number;

  constructor(path: string, status: number, body: string) {
    super(`${path}: ${status} ${body}`);
    this.status = status;
  }
}

export class OpenAiApi {
  readonly #baseUrl: string;
  readonly #key: string;

  constructor(baseUrl: string, key: string) {
    this.#baseUrl = baseUrl;
    this.#key = key;
  }

  costs(question: Question): Promise<Row[]> {
    return this.#rows("costs", question);
  }

  usage(capability: Capability, question: Question): Promise<Row[]> {
    return this.#rows(`usage/${capability}`, question);
  }

  /** Every object of a list. */
  async list(path: string): Promise<Page[]> {
    const objects = [];
    for (let after = ""; ; ) {
      const page = await this.get(path, new URLSearchParams(after ? { after } : {}));
      objects.push(...page.data);
      if (!page.has_more) return objects;
      after = page.last_id;
    }
  }

  async get(path: string, query: URLSearchParams = new URLSearchParams()): Promise<Page> {
    const response = await fetch(`${this.#baseUrl}/organization/${path}?${query}`, {
      headers: { authorization: `Bearer ${this.#key}` },
    });
    if (!response.ok) throw new Refused(path, response.status, await response.text());
    return parseExactly(await response.text());
  }

  async #rows(path: string, { first, last, by = [], only = {}, width = "1d" }: Question): Promise<Row[]> {
    const query = new URLSearchParams({
      start_time: String(Date.parse(first) / 1000),
      end_time: String(Date.parse(last) / 1000 + DAY),
      bucket_width: width,
      limit: LIMITS[width],
    });
    for (const name of by) query.append("group_by[]", name);
    for (const [name, values] of Object.entries(only))
      for (const value of values) query.append(`${name}[]`, value);
    const rows: Row[] = [];
    for (let next: string | null = ""; next !== null; ) {
      if (next) query.set("page", next);
      const page = await this.get(path, query);
      for (const bucket of page.data) {
        const start = new Date(Number(bucket.start_time) * 1000).toISOString();
        for (const result of bucket.results)
          rows.push({ day: start.slice(0, 10), start: `${start.slice(0, 16)}Z`, ...split(result) });
      }
      next = page.next_page;
    }
    return rows;
  }
}

/** The exact sum of a metric over the rows that pass. */
export function total(rows: Row[], metric = "amount", passes: (row: Row) => boolean = () => true): Decimal {
  return sum(rows.filter(passes).map((row) => row.numbers[metric] ?? ZERO));
}

function split({ object: _, amount, ...result }: Page): Pick<Row, "of" | "numbers"> {
  const of: Record<string, string> = {};
  const numbers: Record<string, Decimal> = {};
  if (amount) numbers.amount = decimal(String(amount.value));
  for (const [name, value] of Object.entries(result)) {
    // Which of the nulls are numbers is not told; as a number, null counts for nothing.
    if (value instanceof Exact) numbers[name] = decimal(value.text);
    else of[name] = value === null ? "" : String(value);
  }
  return { of, numbers };
}

/** A number as the text it was sent as: a JavaScript number would lose digits. */
export class Exact {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

/** @returns JSON whose numbers are `Exact`. */
export function parseExactly(text: string): Page {
  const reviver = (_key: string, value: unknown, context?: { source?: string }) =>
    typeof value === "number" ? new Exact(context?.source ?? "") : value;
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown);
}
