/** What the panel has to show, added up from the API's answers: one question for each split, none that the server asks. */
import { type Decimal, plain, sum, sumBy } from "./decimal.ts";
import {
  CAPABILITIES,
  type Capability,
  type Days,
  type OpenAiApi,
  Refused,
  type Row,
  total,
} from "./openaiApi.ts";

export type Dimension = "model" | "line_item" | "project_id" | "api_key_id" | "user_id";

/** By dimension, the values that are let through. */
export type Filters = Partial<Record<Exclude<Dimension, "line_item">, string[]>>;

export const ALL_CAPABILITIES = Object.keys(CAPABILITIES) as Capability[];

/** The metrics that have a column beside the spend. */
const BESIDE_SPEND = [
  "num_model_requests",
  "input_tokens",
  "input_cached_tokens",
  "output_tokens",
  "images",
  "characters",
  "seconds",
  "num_sessions",
  "web_search_calls",
  "file_search_calls",
  "usage_bytes",
];

/** One period, narrowed to something or to nothing. */
export class Truth {
  readonly #api: OpenAiApi;
  readonly #days: Days;
  readonly #filters: Filters;

  constructor(api: OpenAiApi, days: Days, filters: Filters = {}) {
    this.#api = api;
    this.#days = days;
    this.#filters = filters;
  }

  /** The bill, split by as little as can be. OpenAI itself narrows it to projects and keys, but to no users and models. */
  async bill(by?: Dimension): Promise<Row[]> {
    const { project_id, api_key_id, user_id, model } = this.#filters;
    const split = new Set<string>(by ? [by === "model" ? "line_item" : by] : []);
    if (model) split.add("line_item");
    if (user_id) split.add("user_id");
    const rows = await this.#api.costs({
      ...this.#days,
      by: [...split],
      only: {
        ...(project_id ? { project_ids: project_id } : {}),
        ...(api_key_id ? { api_key_ids: api_key_id } : {}),
      },
    });
    return rows
      .filter(({ of }) => !user_id || user_id.includes(of.user_id ?? ""))
      .filter(({ of }) => !model || model.includes(modelOf(of.line_item)));
  }

  async spend(): Promise<Decimal> {
    return total(await this.bill());
  }

  async spendByDay(): Promise<Record<string, string>> {
    return sumBy(
      await this.bill(),
      ({ day }) => day,
      ({ numbers }) => numbers.amount as Decimal,
    );
  }

  async spendBy(by: Dimension): Promise<Record<string, string>> {
    const name = ({ of }: Row) => (by === "model" ? modelOf(of.line_item) : (of[by] ?? ""));
    return sumBy(await this.bill(by), name, ({ numbers }) => numbers.amount as Decimal);
  }

  /** Undefined where the use cannot be narrowed like this, or the account does not have the capability. */
  async used(capability: Capability, by: string[] = []): Promise<Row[] | undefined> {
    const known: readonly string[] = CAPABILITIES[capability];
    const only = Object.entries(this.#filters);
    if (only.some(([dimension]) => !known.includes(dimension))) return undefined;
    try {
      return await this.#api.usage(capability, {
        ...this.#days,
        by,
        only: Object.fromEntries(only.map(([dimension, values]) => [PARAMETERS[dimension] ?? "", values])),
      });
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return undefined;
      throw error;
    }
  }

  /** The capabilities that were used at all. */
  async capabilities(): Promise<Capability[]> {
    const used = await Promise.all(ALL_CAPABILITIES.map((one) => this.used(one)));
    return ALL_CAPABILITIES.filter((_, at) =>
      used[at]?.some(({ numbers }) => Object.values(numbers).some(({ units }) => units !== 0n)),
    );
  }

  async tokens(): Promise<string> {
    const rows = await this.#ofModels();
    return plain(sum([total(rows, "input_tokens"), total(rows, "output_tokens")]));
  }

  /** Those of a web search are its model's, and counted there. */
  async requests(): Promise<string> {
    return plain(total(await this.#ofModels(), "num_model_requests"));
  }

  async #ofModels(): Promise<Row[]> {
    const names = ALL_CAPABILITIES.filter((one) => one !== "web_search_calls");
    return (await Promise.all(names.map((one) => this.used(one)))).flatMap((rows) => rows ?? []);
  }

  /** By metric and then by value of the dimension: what stands beside the spend. */
  async usedBy(by: Dimension): Promise<Record<string, Record<string, string>>> {
    const names = ALL_CAPABILITIES.filter((one) => (CAPABILITIES[one] as readonly string[]).includes(by));
    const rows = await Promise.all(names.map((one) => this.used(one, [by])));
    return Object.fromEntries(
      BESIDE_SPEND.map((metric) => {
        // The calls of two tools are two columns.
        const tool = names.indexOf(metric as Capability);
        if (metric.endsWith("_calls")) return [metric, sumOf("num_requests", rows[tool] ?? [], by)] as const;
        const counted = rows.flatMap((some, at) =>
          metric === "num_model_requests" && names[at] === "web_search_calls" ? [] : (some ?? []),
        );
        return [metric, sumOf(metric, counted, by)] as const;
      }).filter(([, sums]) => Object.keys(sums).length > 0),
    );
  }
}

/** The sum of a metric for each value of a dimension. */
export function sumOf(metric: string, rows: Row[], by: string): Record<string, string> {
  const counting = rows.filter(({ numbers }) => numbers[metric]);
  return sumBy(
    counting,
    ({ of }) => of[by] ?? "",
    ({ numbers }) => numbers[metric] as Decimal,
  );
}

/** "gpt-image-1 image, output" is billed for gpt-image-1, and "dall-e 3, standard" for dall-e-3. */
export function modelOf(lineItem: string | undefined): string {
  return (lineItem ?? "").replace(/( (text|image|audio))?,.*/, "").replace(/^dall-e /, "dall-e-");
}

const PARAMETERS: Record<string, string> = {
  project_id: "project_ids",
  api_key_id: "api_key_ids",
  user_id: "user_ids",
  model: "models",
};
