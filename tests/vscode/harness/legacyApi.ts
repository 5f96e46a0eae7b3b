/**
 * Reads the endpoints of 2023 as plainly as can be, to compare what the extension shows with. Knows nothing of the
 * extension and its server.
 */
import { type Decimal, decimal } from "./decimal.ts";
import { type Days, days, type Page, parseExactly, Refused, type Row } from "./openaiApi.ts";

const DAY = 86_400_000;

export class LegacyApi {
  readonly #baseUrl: string;
  readonly #key: string;

  constructor(baseUrl: string, key: string) {
    this.#baseUrl = baseUrl;
    this.#key = key;
  }

  /** The bill in dollars, a row for each line item of each day; those that come to nothing among them. */
  async bill({ first, last }: Days): Promise<Row[]> {
    const { daily_costs } = await this.#usage({ first, last });
    const known = new Set(days(first, last));
    return daily_costs
      .map((one: Page) => ({
        ...one,
        day: new Date(Number(one.timestamp) * 1000).toISOString().slice(0, 10),
      }))
      .filter(({ day }: Row) => known.has(day))
      .flatMap(({ day, line_items }: Page) =>
        line_items.map(({ name, cost }: Page) => ({
          day,
          start: day,
          of: { line_item: name },
          numbers: { amount: cents(cost) },
        })),
      );
  }

  /** What was spent, as the answer itself sums it up, in its own unit. */
  async totalUsage(question: Days): Promise<Decimal> {
    return decimal(String((await this.#usage(question)).total_usage));
  }

  /** In dollars. */
  async hardLimit(): Promise<Decimal> {
    return decimal(String((await this.#get("dashboard/billing/subscription")).hard_limit_usd));
  }

  /** What is left of the credit, in dollars. */
  async available(): Promise<Decimal> {
    return decimal(String((await this.#get("dashboard/billing/credit_grants")).total_available));
  }

  #usage({ first, last }: Days): Promise<Page> {
    // One day more: whether the last one is included is not the same everywhere.
    const end = new Date(Date.parse(last) + DAY).toISOString().slice(0, 10);
    return this.#get(`dashboard/billing/usage?start_date=${first}&end_date=${end}`);
  }

  async #get(path: string): Promise<Page> {
    const response = await fetch(`${this.#baseUrl}/${path}`, {
      headers: { authorization: `Bearer ${this.#key}` },
    });
    if (!response.ok) throw new Refused(path, response.status, await response.text());
    return parseExactly(await response.text());
  }
}

/** US cents as dollars, every digit. */
export function cents(amount: unknown): Decimal {
  const { units, scale } = decimal(String(amount));
  return { units, scale: scale + 2 };
}
