// Categories of a chart as moments: ISO dates, or "2026-11-22T14:00Z", where an hour or a minute begins. All in UTC.

export type Step = "day" | "hour" | "minute";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LENGTHS: Record<Step, number> = { day: DAY, hour: HOUR, minute: MINUTE };

/** Between two labels below an axis with times: midnights are always among those labelled. */
const INTERVALS = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12, 24, 48, 96].map((count) => count * HOUR),
];

export function stepOf(categories: string[]): Step {
  const [first, second] = categories;
  if (!first?.includes("T")) return "day";
  return second !== undefined && Date.parse(second) - Date.parse(first) < HOUR ? "minute" : "hour";
}

/** How many categories PageUp and PageDown move: a week, a month of a long period, a day of hours, an hour of minutes. */
export function pageOf(categories: string[]): number {
  const step = stepOf(categories);
  if (step === "day") return categories.length > 120 ? 30 : 7;
  return step === "hour" ? 24 : 60;
}

/** The categories that are named below the axis, at most so many. */
export function named(categories: string[], most: number): string[] {
  const step = stepOf(categories);
  if (step === "day") {
    // Counted back from the newest, so that today always is named.
    const every = Math.max(1, Math.ceil(categories.length / most));
    return categories.filter((_, index) => (categories.length - 1 - index) % every === 0);
  }
  const moments = categories.map((category) => Date.parse(category));
  const fits = INTERVALS.filter((interval) => interval >= LENGTHS[step]).find(
    (interval) => moments.filter((moment) => moment % interval === 0).length <= most,
  );
  return categories.filter((_, index) => (moments[index] ?? 0) % (fits ?? DAY) === 0);
}

// The views write days as "22 Nov"; so does the axis below them.
const LOCALE = "en-GB";
const TIME: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const SHORT_DAY: Intl.DateTimeFormatOptions = { month: "short", day: "numeric" };
const LONG_DAY: Intl.DateTimeFormatOptions = { ...SHORT_DAY, weekday: "short", year: "numeric" };

// Made once: making a format costs far more than using it.
const shortDay = utc(SHORT_DAY);
const time = utc(TIME);
const dayAndTime = utc({ ...SHORT_DAY, ...TIME });
const longDay = utc(LONG_DAY);
const longDayAndTime = utc({ ...LONG_DAY, ...TIME });

function utc(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(LOCALE, { ...options, timeZone: "UTC" });
}

/** For the axis: "22 Nov"; "14:00" where it has a time, but at midnight the day that begins. */
export function axisText(category: string): string {
  return written(category, shortDay, category.includes("T00:00") ? shortDay : time);
}

/** For the rows of a table: "22 Nov", "22 Nov, 14:00". */
export function rowText(category: string): string {
  return written(category, shortDay, dayAndTime);
}

/** In full: "Sun, 22 Nov 2026 UTC", "Sun, 22 Nov 2026, 14:00 UTC". */
export function fullText(category: string): string {
  const text = written(category, longDay, longDayAndTime);
  return text === category ? category : `${text} UTC`;
}

function written(category: string, day: Intl.DateTimeFormat, moment: Intl.DateTimeFormat): string {
  const date = new Date(category);
  if (Number.isNaN(date.getTime())) return category;
  // British English has one month of four letters.
  return (category.includes("T") ? moment : day).format(date).replace("Sept", "Sep");
}
