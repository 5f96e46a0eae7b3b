// Categories of a chart as moments: months ("2026-11"), ISO dates, or "2026-11-22T14:00Z", where an hour or a minute
// begins. All in UTC.

export type Step = "month" | "day" | "hour" | "minute";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const YEAR = 12; // in months

/** Between two labels below an axis of months: Januaries are always among those labelled, while not years are left out. */
const MONTHS = [1, 2, 3, 6, ...[1, 2, 3, 5, 10].map((count) => count * YEAR)];

/** Between two labels below an axis with times: midnights are always among those labelled. */
const INTERVALS = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12, 24, 48, 96].map((count) => count * HOUR),
];

export function stepOf(categories: string[]): Step {
  const [first, second] = categories;
  if (first !== undefined && isMonth(first)) return "month";
  if (!first?.includes("T")) return "day";
  return second !== undefined && Date.parse(second) - Date.parse(first) < HOUR ? "minute" : "hour";
}

function isMonth(category: string): boolean {
  return /^\d{4}-\d\d$/.test(category);
}

/**
 * How many categories PageUp and PageDown move: a year of months, a week of days, or of many a month, a day of hours, an
 * hour of minutes.
 */
export function pageOf(categories: string[]): number {
  const step = stepOf(categories);
  if (step === "month") return YEAR;
  if (step === "day") return categories.length > 120 ? 30 : 7;
  return step === "hour" ? 24 : 60;
}

/** The categories that are named below the axis, at most so many. */
export function named(categories: string[], most: number): string[] {
  const step = stepOf(categories);
  if (step === "month") {
    // Counted from the newest January.
    const newest = categories.findLastIndex((category) => category.endsWith("-01"));
    return evenly(
      categories,
      categories.map((_, index) => index - newest),
      MONTHS,
      most,
    );
  }
  if (step === "day") {
    // Counted back from the newest, so that today always is named.
    const every = Math.max(1, Math.ceil(categories.length / most));
    return categories.filter((_, index) => (categories.length - 1 - index) % every === 0);
  }
  const moments = categories.map((category) => Date.parse(category));
  const intervals = INTERVALS.filter((interval) => interval >= (step === "hour" ? HOUR : MINUTE));
  return evenly(categories, moments, intervals, most);
}

/** The categories at the multiples of an interval: of the first that has at most so many of them, else of the last. */
function evenly(categories: string[], moments: number[], intervals: number[], most: number): string[] {
  const at = (interval: number) => categories.filter((_, index) => (moments[index] ?? 0) % interval === 0);
  return at(intervals.find((interval) => at(interval).length <= most) ?? intervals.at(-1) ?? 1);
}

// The views write days as "22 Nov"; so does the axis below them.
const LOCALE = "en-GB";
const TIME: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const SHORT_DAY: Intl.DateTimeFormatOptions = { month: "short", day: "numeric" };
const LONG_DAY: Intl.DateTimeFormatOptions = { ...SHORT_DAY, weekday: "short", year: "numeric" };
const SHORT_MONTH: Intl.DateTimeFormatOptions = { month: "short", year: "numeric" };

// Made once: making a format costs far more than using it.
const shortMonth = utc(SHORT_MONTH);
const longMonth = utc({ ...SHORT_MONTH, month: "long" });
const shortDay = utc(SHORT_DAY);
const time = utc(TIME);
const dayAndTime = utc({ ...SHORT_DAY, ...TIME });
const longDay = utc(LONG_DAY);
const longDayAndTime = utc({ ...LONG_DAY, ...TIME });

function utc(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(LOCALE, { ...options, timeZone: "UTC" });
}

/** For the axis: "Nov 2026", "22 Nov"; "14:00" where it has a time, but at midnight the day that begins. */
export function axisText(category: string): string {
  return written(category, shortMonth, shortDay, category.includes("T00:00") ? shortDay : time);
}

/** For the rows of a table: "Nov 2026", "22 Nov", "22 Nov, 14:00". */
export function rowText(category: string): string {
  return written(category, shortMonth, shortDay, dayAndTime);
}

/** In full: "November 2026 UTC", "Sun, 22 Nov 2026 UTC", "Sun, 22 Nov 2026, 14:00 UTC". */
export function fullText(category: string): string {
  const text = written(category, longMonth, longDay, longDayAndTime);
  return text === category ? category : `${text} UTC`;
}

function written(
  category: string,
  month: Intl.DateTimeFormat,
  day: Intl.DateTimeFormat,
  moment: Intl.DateTimeFormat,
): string {
  const date = new Date(category);
  if (Number.isNaN(date.getTime())) return category;
  const format = isMonth(category) ? month : category.includes("T") ? moment : day;
  // British English abbreviates one month to four letters.
  return format.format(date).replace(/\bSept\b/, "Sep");
}
