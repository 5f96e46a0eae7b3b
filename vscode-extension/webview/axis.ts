// Ticks and their labels: the only numbers and dates that this page formats by itself.

/** Round numbers from `low` to beyond `high`, 0 among them, about `count` steps; whole where the unit counts things. */
export function niceTicks(low: number, high: number, count: number, whole: boolean): number[] {
  const [from, to] = [Math.min(0, low), Math.max(0, high)];
  if (!(to - from > 0)) return [0];
  // A little finer than asked rather than half as fine.
  const rough = (0.8 * (to - from)) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const nice = [1, 2, 5].find((factor) => factor * power >= rough) ?? 10;
  const step = Math.max(nice * power, whole ? 1 : 0);
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.ceil(to / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

export function isCurrency(unit: string): boolean {
  return /^[a-z]{3}$/i.test(unit);
}

/** Formats the ticks of a y axis alike, with as many digits as their step needs. */
export function tickFormat(unit: string, ticks: number[], locale: string): (value: number) => string {
  const step = Math.abs((ticks[1] ?? 1) - (ticks[0] ?? 0));
  const largest = Math.max(...ticks.map(Math.abs));
  const thousands = largest >= 1000 ? Math.floor(Math.log10(largest) / 3 + 1e-9) : 0;
  const scale = 1000 ** thousands;
  const digits = Math.min(20, Math.max(0, -Math.floor(Math.log10(step / scale) + 1e-9)));
  const options: Intl.NumberFormatOptions = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  if (unit === "bytes") return bytesFormat(thousands, options, locale);
  if (scale > 1) Object.assign(options, { notation: "compact", minimumFractionDigits: 0 });
  if (unit === "seconds") Object.assign(options, { style: "unit", unit: "second" });
  if (isCurrency(unit)) {
    Object.assign(options, {
      style: "currency",
      currency: unit.toUpperCase(),
      currencyDisplay: "narrowSymbol",
    });
    if (digits > 0 && scale === 1)
      options.minimumFractionDigits = options.maximumFractionDigits = Math.max(2, digits);
  }
  const format = numberFormat(locale, options);
  return (value) => `${format.format(value)}${unit === "percent" ? "%" : ""}`;
}

const BYTES = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"];

function bytesFormat(
  thousands: number,
  options: Intl.NumberFormatOptions,
  locale: string,
): (value: number) => string {
  const power = Math.min(thousands, BYTES.length - 1);
  const unitDisplay = power === 0 ? "narrow" : "short";
  const format = numberFormat(locale, {
    ...options,
    style: "unit",
    unit: BYTES[power] ?? "byte",
    unitDisplay,
  });
  return (value) => format.format(value / 1000 ** power);
}

/** A count of something, such as rows. */
export function countText(count: number, locale: string): string {
  return numberFormat(locale, {}).format(count);
}

/** @param locale BCP 47; where it is no such thing, the numbers are English. */
function numberFormat(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  try {
    return new Intl.NumberFormat(locale, options);
  } catch {
    return new Intl.NumberFormat("en", options);
  }
}
