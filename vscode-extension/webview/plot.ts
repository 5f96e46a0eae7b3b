// A Chart of the view as SVG, by Observable Plot.

import * as Plot from "@observablehq/plot";
import type { Chart } from "../src/protocol";
import { niceTicks, shortDate, tickFormat } from "./axis";
import { colour, fill, HATCH, slots } from "./palette";

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

/** The drawing, and where its columns are, in pixels. */
export interface Drawing {
  svg: SVGSVGElement;
  /** Left edge of each category's column, then the right edge of the last. */
  edges: number[];
  top: number;
  bottom: number;
}

const WIDEST_BAR = 64;
const MARGIN = { top: 10, right: 2, bottom: 24 };

export function drawPlot(chart: Chart, width: number, height: number): Drawing {
  const { categories } = chart;
  const points = pointsOf(chart);
  const reach = reaches(chart, points);
  const low = Math.min(0, ...[...reach.values()].map(([below]) => below));
  const high = Math.max(0, ...[...reach.values()].map(([, above]) => above));
  const ticks = niceTicks(
    low,
    high,
    height < 200 ? 3 : 4,
    chart.unit === "tokens" || chart.unit === "requests",
  );
  const label = tickFormat(chart.unit, ticks);
  const marginLeft = 10 + 6.4 * Math.max(...ticks.map((tick) => label(tick).length));
  const column = (width - marginLeft - MARGIN.right) / Math.max(1, categories.length);
  const gap = Math.max(column > 6 ? 1 : 0.5, column * 0.13, (column - WIDEST_BAR) / 2);
  const partial = chart.partialCategory ?? "";
  const partialReach = chart.kind === "bar" ? reach.get(partial) : undefined;
  const marginBottom = MARGIN.bottom + (partial ? 14 : 0);

  const svg = Plot.plot({
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
      ...(chart.kind === "line" ? lines(points) : bars(chart, points, gap, column)),
      ...(partialReach ? [hatch(partial, partialReach, gap)] : []),
      Plot.ruleY([0], { className: "baseline" }),
      ...dateLabels(chart, column, width - marginLeft),
    ],
  }) as SVGSVGElement;
  // Plot's own style element: the content security policy refuses it, panel.css says the same.
  svg.querySelector("style")?.remove();
  svg.setAttribute("aria-hidden", "true");
  const edges = Array.from({ length: categories.length + 1 }, (_, index) => marginLeft + index * column);
  return { svg, edges, top: MARGIN.top, bottom: height - marginBottom };
}

function pointsOf(chart: Chart): Point[] {
  const colours = slots(chart.series.map((series) => series.id));
  return chart.series.flatMap((series, index) =>
    chart.categories.map((category, at) => {
      const exact = series.values[at] ?? "";
      const value = exact === "" ? Number.NaN : Number(exact);
      return { category, series: series.id, exact, value, slot: colours[index] ?? 0 };
    }),
  );
}

/** How far each category's column reaches. */
function reaches(chart: Chart, points: Point[]): Map<string, Reach> {
  const stacked = chart.stacked && chart.kind === "bar";
  const found = new Map<string, Reach>();
  for (const { category, value } of points) {
    if (!Number.isFinite(value)) continue;
    const reach = found.get(category) ?? [0, 0];
    const side = value < 0 ? 0 : 1;
    if (stacked) reach[side] += value;
    else reach[side] = value < 0 ? Math.min(reach[side], value) : Math.max(reach[side], value);
    found.set(category, reach);
  }
  return found;
}

function bars(chart: Chart, points: Point[], gap: number, column: number): Plot.Markish[] {
  const drawn = points.filter((point) => Number.isFinite(point.value));
  if (chart.stacked) return [barMark(drawn, { y: "value", z: "series", insetLeft: gap, insetRight: gap })];
  const width = (column - 2 * gap) / Math.max(1, chart.series.length);
  return chart.series.map(({ id }, index) => {
    const insetLeft = gap + index * width;
    const own = drawn.filter((point) => point.series === id);
    return barMark(own, { y1: 0, y2: "value", insetLeft, insetRight: column - insetLeft - width });
  });
}

function barMark(points: Point[], options: Plot.BarYOptions): Plot.Markish {
  return Plot.barY(points, {
    x: "category",
    ...options,
    render(index, scales, values, dimensions, context, next) {
      const group = next?.(index, scales, values, dimensions, context) ?? null;
      index.forEach((at, place) => {
        const point = points[at];
        if (point) describe(group?.children[place], point);
      });
      return group;
    },
  });
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

/** The hooks by which tests and the legend find a bar. */
function describe(bar: Element | undefined, point: Point): void {
  if (!bar) return;
  bar.setAttribute("fill", fill(point.slot));
  bar.setAttribute("data-bar", "");
  bar.setAttribute("data-category", point.category);
  bar.setAttribute("data-series", point.series);
  bar.setAttribute("data-value", point.exact);
}

function lines(points: Point[]): Plot.Markish[] {
  const colours = new Map(points.map((point) => [point.series, colour(point.slot)]));
  return [...colours].map(([series, stroke]) =>
    Plot.lineY(
      points.filter((point) => point.series === series),
      { x: "category", y: "value", stroke, strokeWidth: 2 },
    ),
  );
}

/** Every n-th day named, counted back from the newest, so that today always is. */
function dateLabels(chart: Chart, column: number, available: number): Plot.Markish[] {
  const { categories } = chart;
  const widest = Math.max(1, ...categories.map((category) => shortDate(category).length)) * 6.4 + 28;
  const most = Math.max(1, Math.floor(available / widest));
  const every = Math.max(1, Math.ceil(categories.length / most));
  const last = categories.length - 1;
  const named = categories.filter((_, index) => (last - index) % every === 0);
  const text = (data: string[], words: (category: string) => string, dy: number): Plot.Markish[] =>
    // A label wider than its column would leave the picture on the right.
    [false, true].map((atEnd) =>
      Plot.text(
        data.filter((category) => (category === categories[last] && column < widest) === atEnd),
        {
          x: (category: string) => category,
          text: words,
          frameAnchor: "bottom",
          textAnchor: atEnd ? "end" : "middle",
          dx: atEnd ? column / 2 : 0,
          dy,
          className: "date-label",
        },
      ),
    );
  const partial = chart.partialCategory;
  return [...text(named, shortDate, 17), ...text(partial ? [partial] : [], () => "so far", 31)];
}
