/** Exact decimal arithmetic, written apart from the server's so that both cannot share a mistake. */

/** `units` / 10^`scale` */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

export const ZERO: Decimal = { units: 0n, scale: 0 };

/** Reads "12.340", "-3", "1.5E-7". @throws Error for anything else. */
export function decimal(text: string): Decimal {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (!match) throw new Error(`not a decimal number: ${JSON.stringify(text)}`);
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  const units = BigInt(sign + whole + fraction);
  if (units === 0n) return ZERO; // OpenAI has sent 0E-6176.
  const scale = fraction.length - Number(exponent);
  return scale >= 0 ? { units, scale } : { units: units * 10n ** BigInt(-scale), scale: 0 };
}

export function sum(terms: Iterable<Decimal>): Decimal {
  let total = ZERO;
  for (const term of terms) {
    const scale = Math.max(total.scale, term.scale);
    total = { units: unitsAt(total, scale) + unitsAt(term, scale), scale };
  }
  return total;
}

/** The exact sum of each group, as `plain` writes it; groups that come to nothing are left out. */
export function sumBy<T>(
  items: Iterable<T>,
  key: (item: T) => string,
  amount: (item: T) => Decimal,
): Record<string, string> {
  const groups = [...Map.groupBy(items, key)].sort(([a], [b]) => (a < b ? -1 : 1));
  const sums = groups.map(([name, group]): [string, string] => [name, plain(sum(group.map(amount)))]);
  return Object.fromEntries(sums.filter(([, one]) => one !== "0"));
}

/** Without trailing zeros, so that equal numbers are equal strings. */
export function plain({ units, scale }: Decimal): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, "0");
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, "");
  const whole = digits.slice(0, digits.length - scale);
  return `${units < 0n ? "-" : ""}${whole}${scale > 0 && fraction ? `.${fraction}` : ""}`;
}

/** "$1,234.56", half a cent rounded away from zero. */
export function dollars({ units, scale }: Decimal): string {
  const size = units < 0n ? -units : units;
  const divisor = 10n ** BigInt(Math.max(scale, 2) - 2);
  const cents = (unitsAt({ units: size, scale }, Math.max(scale, 2)) + divisor / 2n) / divisor;
  const whole = (cents / 100n).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  return `${units < 0n ? "-" : ""}$${whole}.${(cents % 100n).toString().padStart(2, "0")}`;
}

function unitsAt({ units, scale }: Decimal, wanted: number): bigint {
  return units * 10n ** BigInt(wanted - scale);
}

/** Below, at or above zero: what `compare` functions return. */
export function order(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const difference = unitsAt(a, scale) - unitsAt(b, scale);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

export function minus(a: Decimal, b: Decimal): Decimal {
  return sum([a, { ...b, units: -b.units }]);
}
