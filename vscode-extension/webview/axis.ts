// Ticks and their labels: the only numbers and dates that this page formats by itself.

import type { Chart } from "../src/protocol";

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

/** As the views write them, whatever Intl would abbreviate to in the language. */
const SCALES = ["", "K", "M", "B", "T"];
const BYTES = ["B", "kB", "MB", "GB", "TB", "PB"].map((unit) => `\u00a0${unit}`);

/** Formats the ticks of a chart's y axis like its figures, with as many digits as their step needs. */
export function tickFormat(
  { unit, totals }: Pick<Chart, "unit" | "totals">,
  ticks: number[],
  locale: string,
): (value: number) => string {
  const step = Math.abs((ticks[1] ?? 1) - (ticks[0] ?? 0));
  const scales = unit === "bytes" ? BYTES : SCALES;
  const isMoney = isCurrency(unit);
  const { before, after } = isMoney || unit === "percent" ? aroundNumber(totals) : NOTHING;
  return (value) => {
    const size = Math.abs(value);
    const power = size < 1000 ? 0 : Math.min(scales.length - 1, Math.floor(Math.log10(size) / 3 + 1e-9));
    const digits = Math.min(20, Math.max(0, -Math.floor(Math.log10(step / 1000 ** power) + 1e-9)));
    const least = power > 0 ? 0 : isMoney && digits > 0 ? Math.max(2, digits) : digits;
    const format = numberFormat(locale, {
      minimumFractionDigits: least,
      maximumFractionDigits: Math.max(least, digits),
    });
    const text = `${format.format(size / 1000 ** power)}${scales[power]}`;
    return `${value < 0 ? "-" : ""}${before}${text}${after}`;
  };
}

const NOTHING = { before: "", after: "" };

/** The symbol before or behind the number, with its space, as the view has it: "$1.50", "≈ $1.50" or "1,50 €". */
function aroundNumber(texts: string[]): { before: string; after: string } {
  const [, before = "", after = ""] =
    texts.map((text) => /^[-<≈\s]*(\D*)\d(?:.*\d)?(\D*)$/.exec(text)).find(Boolean) ?? [];
  return { before, after };
}

/** A count of something, such as rows. */
export function countText(count: number, locale: string): string {
  return numberFormat(locale, {}).format(count);
}

/** @param locale BCP 47; where it is no such thing, the numbers are English. */
function numberFormat(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  // Every thousand apart, in languages too that keep four digits together: so the views do it.
  const all: Intl.NumberFormatOptions = { ...options, useGrouping: true };
  try {
    return new Intl.NumberFormat(locale, all);
  } catch {
    return new Intl.NumberFormat("en", all);
  }
}
