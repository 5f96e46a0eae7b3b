/**
 * Reads the API as plainly as can be, to compare what the extension shows with: whole days, one query, every page,
 * every digit. Knows nothing of the extension and its server.
 */
import { type Decimal, decimal, sum } from "./decimal.ts";

export interface CostRow {
  /** ISO date, UTC. */
  day: string;
  lineItem: string;
  projectId: string;
  amount: Decimal;
}

export interface UsageRow {
  day: string;
  model: string;
  requests: number;
  inputTokens: number;
  outputTokens: number;
}

/** The API's JSON, with every number as text. */
interface ApiPage<Result> {
  data: { start_time: string; results: Result[] }[];
  next_page: string | null;
}

interface CostResult {
  amount: { value: string };
  line_item: string | null;
  project_id: string | null;
}

interface UsageResult {
  model: string | null;
  num_model_requests: string;
  input_tokens: string;
  output_tokens: string;
}

const DAY = 86_400;

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

export class OpenAiApi {
  readonly #baseUrl: string;
  readonly #key: string;

  constructor(baseUrl: string, key: string) {
    this.#baseUrl = baseUrl;
    this.#key = key;
  }

  async costs(first: string, last: string): Promise<CostRow[]> {
    const rows = [];
    for (const { day, result } of await this.#rows<CostResult>("costs", first, last, [
      "line_item",
      "project_id",
    ])) {
      rows.push({
        day,
        lineItem: result.line_item ?? "",
        projectId: result.project_id ?? "",
        amount: decimal(result.amount.value),
      });
    }
    return rows;
  }

  async usage(first: string, last: string): Promise<UsageRow[]> {
    const rows = [];
    for (const { day, result } of await this.#rows<UsageResult>("usage/completions", first, last, [
      "model",
    ])) {
      rows.push({
        day,
        model: result.model ?? "",
        requests: Number(result.num_model_requests),
        inputTokens: Number(result.input_tokens),
        outputTokens: Number(result.output_tokens),
      });
    }
    return rows;
  }

  async #rows<Result>(
    endpoint: string,
    first: string,
    last: string,
    groupBy: string[],
  ): Promise<{ day: string; result: Result }[]> {
    const query = new URLSearchParams({
      start_time: String(Date.parse(first) / 1000),
      end_time: String(Date.parse(last) / 1000 + DAY),
      bucket_width: "1d",
      limit: "31",
    });
    for (const name of groupBy) query.append("group_by[]", name);
    const rows = [];
    for (let page: string | null = ""; page !== null; ) {
      if (page) query.set("page", page);
      const response = await fetch(`${this.#baseUrl}/organization/${endpoint}?${query}`, {
        headers: { authorization: `Bearer ${this.#key}` },
      });
      if (!response.ok) throw new Error(`${endpoint}: ${response.status} ${await response.text()}`);
      const { data, next_page } = parseExactly<ApiPage<Result>>(await response.text());
      for (const bucket of data) {
        const day = new Date(Number(bucket.start_time) * 1000).toISOString().slice(0, 10);
        for (const result of bucket.results) rows.push({ day, result });
      }
      page = next_page;
    }
    return rows;
  }
}

/** The exact sum of the rows that pass. */
export function total(rows: CostRow[], passes: (row: CostRow) => boolean = () => true): Decimal {
  return sum(rows.filter(passes).map((row) => row.amount));
}

/** JSON with every number as the text it was sent as: a JavaScript number would lose digits. */
function parseExactly<T>(text: string): T {
  const reviver = (_key: string, value: unknown, context?: { source?: string }) =>
    typeof value === "number" ? context?.source : value;
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown);
}
