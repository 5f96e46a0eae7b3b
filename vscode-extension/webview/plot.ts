// A Chart of the view as SVG, by Observable Plot.

import * as Plot from "@observablehq/plot";
import type { Chart } from "../src/protocol";
import { isCurrency, niceTicks, tickFormat } from "./axis";
import { svg } from "./dom";
import { colour, fill, HATCH, isEstimate, slots } from "./palette";
import { axisText, named, stepOf } from "./time";

interface Point {
  category: string;
  series: string;
  exact: string;
  /** For heights only; what is shown as text comes from the view. NaN where there is none. */
  value: number;
  slot: number;
}

/** How far a column reaches below and above zero. */
type Reach = [below: number, above: number];

/** A height in pixels. */
type Scale = (value: number) => number;

/** The drawing, and where its columns are, in pixels. */
export interface Drawing {
  svg: SVGSVGElement;
  /** Left edge of each category's column, then the right edge of the last. */
  edges: number[];
  top: number;
  bottom: number;
}

/** Up to so many categories each bar is an element of its own. */
const MOST_BARS = 200;
const WIDEST_BAR = 64;
const MARGIN = { top: 10, right: 2, bottom: 24 };
const LETTER = 6.4;

export function drawPlot(chart: Chart, width: number, height: number, locale: string): Drawing {
  const { categories, kind } = chart;
  const numbers = chart.series.map(({ values }) => categories.map((_, at) => numberAt(values, at)));
  const reach = reaches(chart, numbers);
  const low = Math.min(0, ...reach.map(([below]) => below));
  const high = Math.max(0, ...reach.map(([, above]) => above));
  const ticks = niceTicks(
    low,
    high,
    height < 200 ? 3 : 4,
    !isCurrency(chart.unit) && chart.unit !== "percent",
  );
  const label = tickFormat(chart, ticks, locale);
  const marginLeft = 10 + LETTER * Math.max(...ticks.map((tick) => label(tick).length));
  const column = (width - marginLeft - MARGIN.right) / Math.max(1, categories.length);
  const edges = Array.from({ length: categories.length + 1 }, (_, index) => marginLeft + index * column);
  const gap = gapOf(column);
  const partial = chart.partialCategory ?? "";
  const partialReach = kind === "bar" ? reach[categories.indexOf(partial)] : undefined;
  const marginBottom = MARGIN.bottom + (partial ? 14 : 0);
  const many = categories.length > MOST_BARS;

  const picture = Plot.plot({
    className: "plot-svg",
    width,
    height,
    marginLeft,
    marginRight: MARGIN.right,
    marginTop: MARGIN.top,
    marginBottom,
    x: { type: "band", domain: categories, padding: 0, round: false, axis: null },
    // The highest bar stays below a line with a number at it, so that it can be read.
    y: { domain: low < high ? [low, Math.max(high, ticks.at(-1) ?? high)] : [0, 1], axis: null },
    marks: [
      Plot.ruleY(ticks, { className: "grid" }),
      Plot.axisY({ ticks, tickFormat: label, tickSize: 0, tickPadding: 8, label: null }),
      ...(kind === "bar" && !many ? bars(chart, numbers, gap, column) : []),
      ...(kind === "bar" && many ? [shapes(chart, (y) => barShapes(chart, numbers, edges, gap, y))] : []),
      ...(kind === "line" ? [shapes(chart, (y) => numbers.map((line) => lineShape(line, edges, y)))] : []),
      ...(partialReach ? [hatch(partial, partialReach, gap)] : []),
      Plot.ruleY([0], { className: "baseline" }),
      ...labels(chart, column, width - marginLeft),
    ],
  }) as SVGSVGElement;
  // Plot's own style element: the content security policy refuses it, panel.css says the same.
  picture.querySelector("style")?.remove();
  picture.setAttribute("aria-hidden", "true");
  return { svg: picture, edges, top: MARGIN.top, bottom: height - marginBottom };
}

function numberAt(values: string[], at: number): number {
  const exact = values[at] ?? "";
  return exact === "" ? Number.NaN : Number(exact);
}

/** Between a bar and the edge of its column. */
function gapOf(column: number): number {
  if (column < 2.5) return 0;
  return Math.max(column > 6 ? 1 : 0.5, column * 0.13, (column - WIDEST_BAR) / 2);
}

/** How far each category's column reaches. */
function reaches(chart: Chart, numbers: number[][]): Reach[] {
  const stacked = chart.stacked && chart.kind === "bar";
  const all = chart.categories.map((): Reach => [0, 0]);
  for (const line of numbers) {
    line.forEach((value, at) => {
      const reach = all[at];
      if (reach && value) extend(reach, value, stacked); // neither 0 nor NaN
    });
  }
  return all;
}

function extend(reach: Reach, value: number, stacked: boolean): void {
  const side = value < 0 ? 0 : 1;
  if (stacked) reach[side] += value;
  else reach[side] = side === 0 ? Math.min(reach[side], value) : Math.max(reach[side], value);
}

function bars(chart: Chart, numbers: number[][], gap: number, column: number): Plot.Markish[] {
  const drawn = pointsOf(chart, numbers).filter((point) => Number.isFinite(point.value));
  if (chart.stacked)
    return [barMark(chart, drawn, { y: "value", z: "series", insetLeft: gap, insetRight: gap })];
  const width = (column - 2 * gap) / Math.max(1, chart.series.length);
  return chart.series.map(({ id }, index) => {
    const insetLeft = gap + index * width;
    const own = drawn.filter((point) => point.series === id);
    return barMark(chart, own, { y1: 0, y2: "value", insetLeft, insetRight: column - insetLeft - width });
  });
}

function pointsOf(chart: Chart, numbers: number[][]): Point[] {
  const colours = slots(chart.series.map((series) => series.id));
  return chart.series.flatMap(({ id, values }, index) =>
    chart.categories.map((category, at) => ({
      category,
      series: id,
      exact: values[at] ?? "",
      value: numbers[index]?.[at] ?? Number.NaN,
      slot: colours[index] ?? 0,
    })),
  );
}

function barMark(chart: Chart, points: Point[], options: Plot.BarYOptions): Plot.Markish {
  return Plot.barY(points, {
    x: "category",
    ...options,
    render(index, scales, values, dimensions, context, next) {
      const group = next?.(index, scales, values, dimensions, context) ?? null;
      index.forEach((at, place) => {
        const point = points[at];
        if (point) describe(group?.children[place], point, isEstimate(chart));
      });
      return group;
    },
  });
}

/** The hooks by which tests and the legend find a bar. */
function describe(bar: Element | undefined, point: Point, isEstimate: boolean): void {
  if (!bar) return;
  bar.setAttribute("fill", fill(point.slot, isEstimate));
  bar.setAttribute("data-bar", "");
  bar.setAttribute("data-category", point.category);
  bar.setAttribute("data-series", point.series);
  bar.setAttribute("data-value", point.exact);
}

function hatch(category: string, [y1, y2]: Reach, gap: number): Plot.Markish {
  const options = {
    x: "x",
    y1: "y1",
    y2: "y2",
    fill: HATCH,
    insetLeft: gap,
    insetRight: gap,
    className: "partial",
  };
  return Plot.barY([{ x: category, y1, y2 }], options);
}

/** One path for each series: an element for each of thousands of bars would take a second to draw. */
function shapes(chart: Chart, paths: (y: Scale) => string[]): Plot.Markish {
  const colours = slots(chart.series.map((series) => series.id));
  return (_index, scales) => {
    const drawn = paths(scales.y as Scale).map((d, index) => {
      const slot = colours[index] ?? 0;
      const look: Record<string, string> =
        chart.kind === "bar"
          ? { class: "bars", fill: fill(slot, isEstimate(chart)) }
          : { class: "line", fill: "none", stroke: colour(slot) };
      return svg("path", { d, "data-series": chart.series[index]?.id ?? "", ...look });
    });
    return svg("g", {}, ...drawn);
  };
}

function barShapes(chart: Chart, numbers: number[][], edges: number[], gap: number, y: Scale): string[] {
  const column = (edges[1] ?? 0) - (edges[0] ?? 0);
  const width = (column - 2 * gap) / (chart.stacked ? 1 : Math.max(1, numbers.length));
  const below = new Float64Array(chart.categories.length);
  const above = new Float64Array(chart.categories.length);
  return numbers.map((line, index) => {
    const inset = gap + (chart.stacked ? 0 : index * width);
    let d = "";
    line.forEach((value, at) => {
      if (!value) return; // 0 or NaN
      const ends = value < 0 ? below : above;
      const from = chart.stacked ? (ends[at] ?? 0) : 0;
      ends[at] = from + value;
      const left = (edges[at] ?? 0) + inset;
      // By its edges, not its width: neighbours without a gap meet.
      d += `M${pixels(left)} ${pixels(y(from))}V${pixels(y(from + value))}H${pixels(left + width)}V${pixels(y(from))}z`;
    });
    return d;
  });
}

function lineShape(line: number[], edges: number[], y: Scale): string {
  const half = ((edges[1] ?? 0) - (edges[0] ?? 0)) / 2;
  let d = "";
  let goesOn = false;
  line.forEach((value, at) => {
    const known = Number.isFinite(value);
    // A line of no length is drawn as a dot, so that a value between two unknown ones is seen.
    if (known)
      d += `${goesOn ? "L" : "M"}${pixels((edges[at] ?? 0) + half)} ${pixels(y(value))}${goesOn ? "" : "h0"}`;
    goesOn = known;
  });
  return d;
}

function pixels(length: number): number {
  return Math.round(length * 100) / 100;
}

/** As many categories as have room are named below the axis. */
function labels(chart: Chart, column: number, available: number): Plot.Markish[] {
  const { categories } = chart;
  // Between times a midnight has the name of its day.
  const isTimed = ["hour", "minute"].includes(stepOf(categories));
  const width = LETTER * (isTimed ? 6 : Math.max(1, ...categories.map((one) => axisText(one).length)));
  const shown = named(categories, Math.max(1, Math.floor(available / (width + 28))));
  const text = (data: string[], words: (category: string) => string, dy: number): Plot.Markish[] =>
    data.map((category) => {
      // A label in the middle of its column may be wider than what is left of the picture.
      const left = (categories.length - categories.indexOf(category) - 0.5) * column;
      const fits = left >= width / 2;
      return Plot.text([category], {
        x: [category],
        text: [words(category)],
        frameAnchor: "bottom",
        textAnchor: fits ? "middle" : "end",
        dx: fits ? 0 : left,
        dy,
        className: "date-label",
      });
    });
  const partial = chart.partialCategory;
  return [...text(shown, axisText, 17), ...text(partial ? [partial] : [], () => "so far", 31)];
}
