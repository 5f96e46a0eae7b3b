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

/** Formats the ticks of a y axis alike, with as many digits as their step needs. */
export function tickFormat(unit: string, ticks: number[]): (value: number) => string {
  const step = Math.abs((ticks[1] ?? 1) - (ticks[0] ?? 0));
  const largest = Math.max(...ticks.map(Math.abs));
  const scale = largest >= 1000 ? 1000 ** Math.floor(Math.log10(largest) / 3) : 1;
  const digits = Math.min(20, Math.max(0, -Math.floor(Math.log10(step / scale) + 1e-9)));
  const options: Intl.NumberFormatOptions = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  if (scale > 1) Object.assign(options, { notation: "compact", minimumFractionDigits: 0 });
  if (unit === "percent") return (value) => `${new Intl.NumberFormat(undefined, options).format(value)}%`;
  if (/^[a-z]{3}$/i.test(unit)) {
    Object.assign(options, {
      style: "currency",
      currency: unit.toUpperCase(),
      currencyDisplay: "narrowSymbol",
    });
    if (digits > 0 && scale === 1)
      options.minimumFractionDigits = options.maximumFractionDigits = Math.max(2, digits);
  }
  const format = new Intl.NumberFormat(undefined, options);
  return (value) => format.format(value);
}

// The views write days as "22 Nov"; so does the axis below them.
const LOCALE = "en-GB";
const TIME: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const SHORT_DAY: Intl.DateTimeFormatOptions = { month: "short", day: "numeric" };
const LONG_DAY: Intl.DateTimeFormatOptions = { ...SHORT_DAY, weekday: "short", year: "numeric" };

// Made once: making a format costs far more than using it.
const shortDay = utc(SHORT_DAY);
const shortTime = utc(TIME);
const longDay = utc(LONG_DAY);
const longTime = utc({ ...LONG_DAY, ...TIME });

function utc(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(LOCALE, { ...options, timeZone: "UTC" });
}

/** Short name of a category for the axis: "22 Nov", or "14:00" where it has a time. */
export function shortDate(category: string): string {
  return dateText(category, shortDay, shortTime) ?? category;
}

/** Full name of a category: "Sun, 22 Nov 2026 UTC". */
export function longDate(category: string): string {
  const text = dateText(category, longDay, longTime);
  return text === null ? category : `${text} UTC`;
}

function dateText(category: string, day: Intl.DateTimeFormat, time: Intl.DateTimeFormat): string | null {
  const date = new Date(category);
  return Number.isNaN(date.getTime()) ? null : (category.includes("T") ? time : day).format(date);
}
