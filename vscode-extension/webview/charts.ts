// A chart with what belongs to it: legend, tooltip, keyboard, and the same figures as a table.

import type { Chart } from "../src/protocol";
import { h, morph, type SelfDrawn, svg } from "./dom";
import { fill, isEstimate, slots } from "./palette";
import { type Drawing, drawPlot } from "./plot";
import { scrollBox } from "./tables";
import { fullText, pageOf, rowText, type Step, stepOf } from "./time";

const WIDEST_CURSOR = 84;
const NARROWEST_CURSOR = 2;

/** An element that draws `chart` at its own width, and again when that or the theme changes. */
export class UsageChart extends HTMLElement implements SelfDrawn {
  private chart: Chart;
  private locale: string;
  /** What it shows as one text, to compare with. */
  private content: string;
  private drawing: Drawing | null = null;
  private drawnWidth = 0;
  /** Index of the category that the tooltip is for. */
  private active: number | null = null;
  private readonly resized = new ResizeObserver(() => this.draw());

  private readonly frame = h("figure", { class: "chart" });
  private readonly canvas = h("div", { class: "canvas" });
  private readonly plot = h("div", { class: "plot", role: "slider", tabindex: 0 });
  private readonly cursor = h("div", { class: "cursor", hidden: true });
  private readonly tooltip = h("div", { class: "tooltip", hidden: true, "aria-hidden": "true" });
  private readonly heading = h("div", { class: "chart-heading" });
  private readonly alternative: HTMLDetailsElement;

  /**
   * @param locale In which the numbers at its axis are written, BCP 47.
   * @param asTable Whether its table is open at first; from then on that is the reader's.
   */
  constructor(chart: Chart, locale: string, asTable: boolean) {
    super();
    this.chart = chart;
    this.locale = locale;
    this.content = JSON.stringify([chart, locale]);
    this.setAttribute("data-chart", chart.id);
    this.setAttribute("data-key", `chart-${chart.id}`);
    this.alternative = h(
      "details",
      { class: "alternative", open: asTable },
      h("summary", {}, "Show as table"),
    );
    this.plot.append(this.cursor);
    this.canvas.append(this.plot, this.tooltip);
    this.frame.append(this.heading, this.canvas, this.alternative);
    this.plot.addEventListener("pointermove", (event) => this.point(event));
    this.plot.addEventListener("pointerdown", (event) => this.point(event));
    this.plot.addEventListener("pointerleave", () => this.activate(null));
    this.plot.addEventListener("focus", () => this.activate(this.active ?? this.last()));
    this.plot.addEventListener("blur", () => this.activate(null));
    this.plot.addEventListener("keydown", (event) => this.press(event));
    this.alternative.addEventListener("toggle", () => this.fillAlternative());
    this.heading.addEventListener("pointerover", (event) => this.emphasise(event.target));
    this.heading.addEventListener("pointerleave", () => this.emphasise(null));
  }

  /** Nothing is drawn before: of most charts that are made, another one only takes over the contents. */
  connectedCallback(): void {
    this.append(this.frame);
    this.resized.observe(this.canvas);
    this.redraw();
  }

  disconnectedCallback(): void {
    this.resized.disconnect();
  }

  adopt(next: HTMLElement): void {
    if (!(next instanceof UsageChart) || next.content === this.content) return;
    const category = this.active === null ? undefined : this.chart.categories[this.active];
    this.chart = next.chart;
    this.locale = next.locale;
    this.content = next.content;
    const kept = category === undefined ? -1 : this.chart.categories.indexOf(category);
    this.active = kept < 0 ? null : kept;
    this.redraw();
  }

  /** Draws again even at the same width: the figures, the theme or the font changed. */
  redraw(): void {
    const { chart } = this;
    this.frame.setAttribute("aria-label", summary(chart));
    this.plot.setAttribute("aria-label", chart.title);
    this.plot.setAttribute("aria-valuemin", "0");
    this.plot.setAttribute("aria-valuemax", String(this.last()));
    morph(this.heading, h("div", { class: "chart-heading" }, h("h3", {}, chart.title), legend(chart)));
    this.drawnWidth = 0;
    this.draw();
    this.fillAlternative();
  }

  private draw(): void {
    const width = this.canvas.clientWidth;
    if (width === 0 || width === this.drawnWidth) return;
    this.drawnWidth = width;
    const next = drawPlot(this.chart, width, width < 480 ? 190 : 240, this.locale);
    if (this.drawing) this.drawing.svg.replaceWith(next.svg);
    else this.plot.append(next.svg);
    this.drawing = next;
    this.activate(this.active);
  }

  private point(event: PointerEvent): void {
    if (!this.drawing) return;
    const x = event.clientX - this.plot.getBoundingClientRect().left;
    const { edges } = this.drawing;
    const index = edges.findIndex((edge, at) => at > 0 && x < edge) - 1;
    this.activate(index < 0 || x < (edges[0] ?? 0) ? null : index);
  }

  private press(event: KeyboardEvent): void {
    const at = this.active ?? this.last();
    const page = pageOf(this.chart.categories);
    const moves: Record<string, number> = {
      ArrowLeft: at - 1,
      ArrowDown: at - 1,
      ArrowRight: at + 1,
      ArrowUp: at + 1,
      PageUp: at + page,
      PageDown: at - page,
      Home: 0,
      End: this.last(),
    };
    const to = moves[event.key];
    if (event.key === "Escape") this.activate(null);
    else if (to === undefined) return;
    else this.activate(Math.min(this.last(), Math.max(0, to)));
    event.preventDefault();
  }

  private last(): number {
    return Math.max(0, this.chart.categories.length - 1);
  }

  /** Shows the tooltip of a category, or none. */
  private activate(index: number | null): void {
    this.active = index;
    const { chart, drawing } = this;
    if (!drawing) return;
    const spoken = index ?? this.last();
    this.plot.setAttribute("aria-valuenow", String(spoken));
    this.plot.setAttribute("aria-valuetext", sentence(chart, spoken));
    const category = index === null ? undefined : chart.categories[index];
    this.cursor.hidden = this.tooltip.hidden = category === undefined;
    if (index === null || category === undefined) return;
    const [left = 0, right = 0] = drawing.edges.slice(index, index + 2);
    const middle = (left + right) / 2;
    const half = Math.min(Math.max(right - left, NARROWEST_CURSOR), WIDEST_CURSOR) / 2;
    const { top, bottom } = drawing;
    place(this.cursor, { left: middle - half, width: 2 * half, top, height: bottom - top });
    morph(this.tooltip, tooltip(chart, index));
    const free = this.drawnWidth - this.tooltip.offsetWidth;
    const onTheRight = middle + half + 8;
    const beside = onTheRight <= free ? onTheRight : middle - half - 8 - this.tooltip.offsetWidth;
    place(this.tooltip, { left: Math.max(0, Math.min(beside, free)), top });
  }

  /** Fades the other series while the pointer is over one in the legend. */
  private emphasise(target: EventTarget | null): void {
    const item = target instanceof Element ? target.closest("[data-legend]") : null;
    const series = item?.getAttribute("data-legend") ?? null;
    for (const bar of this.plot.querySelectorAll("[data-series]")) {
      bar.classList.toggle("faded", series !== null && bar.getAttribute("data-series") !== series);
    }
  }

  /** The table is built when it is asked for: it has as many cells as the chart has bars. */
  private fillAlternative(): void {
    const old = this.alternative.querySelector(".scroll");
    const wanted = this.alternative.open ? alternative(this.chart) : null;
    if (old && wanted) morph(old, wanted);
    else if (wanted) this.alternative.append(wanted);
    else old?.remove();
  }
}

customElements.define("usage-chart", UsageChart);

function place(element: HTMLElement, box: Record<string, number>): void {
  for (const [side, pixels] of Object.entries(box)) element.style.setProperty(side, `${pixels}px`);
}

function legend(chart: Chart): HTMLElement {
  const colours = slots(chart.series.map((series) => series.id));
  const items = chart.series.map((series, index) =>
    h(
      "li",
      { "data-legend": series.id },
      swatch(colours[index] ?? 0, isEstimate(chart)),
      h("bdi", { class: "name" }, series.name),
    ),
  );
  return h("ul", { class: "legend", "aria-label": "Legend" }, ...items);
}

function swatch(slot: number, isEstimate: boolean): SVGSVGElement {
  const square = svg("rect", { width: 10, height: 10, rx: 2, fill: fill(slot, isEstimate) });
  return svg("svg", { class: "swatch", viewBox: "0 0 10 10", "aria-hidden": "true" }, square);
}

function tooltip(chart: Chart, index: number): HTMLElement {
  const category = chart.categories[index] ?? "";
  const colours = slots(chart.series.map((series) => series.id));
  const rows = chart.series.map((series, at) =>
    h(
      "div",
      { class: isZero(series.values[index]) ? "tooltip-row zero" : "tooltip-row" },
      swatch(colours[at] ?? 0, isEstimate(chart)),
      h("bdi", { class: "name" }, series.name),
      h("span", { class: "amount" }, series.texts[index] ?? ""),
    ),
  );
  return h(
    "div",
    { class: "tooltip", "aria-hidden": "true" },
    h(
      "div",
      { class: "tooltip-head" },
      h("span", {}, fullText(category)),
      category === chart.partialCategory ? h("span", { class: "so-far" }, "so far") : null,
    ),
    ...rows,
    h(
      "div",
      { class: "tooltip-row tooltip-total" },
      h("span", { class: "name" }, "Total"),
      h("span", { class: "amount" }, chart.totals[index] ?? ""),
    ),
  );
}

function isZero(value: string | undefined): boolean {
  return value === undefined || Number(value) === 0;
}

/** What a screen reader says for a category. */
function sentence(chart: Chart, index: number): string {
  const category = chart.categories[index];
  if (category === undefined) return "No data";
  const soFar = category === chart.partialCategory ? ", so far" : "";
  const parts = chart.series
    .filter((series) => !isZero(series.values[index]))
    .map((series) => `${series.name} ${series.texts[index] ?? ""}`);
  return [`${fullText(category)}${soFar}: total ${chart.totals[index] ?? ""}`, ...parts].join(", ");
}

function summary(chart: Chart): string {
  const [first, last] = [chart.categories[0], chart.categories.at(-1)];
  const kind = chart.kind === "line" ? "line chart" : chart.stacked ? "stacked bar chart" : "bar chart";
  const span = first && last ? `, ${fullText(first)} to ${fullText(last)}` : "";
  return `${chart.title}: ${kind}${span}. Series: ${chart.series.map((series) => series.name).join(", ")}.`;
}

const COLUMNS: Record<Step, string> = {
  month: "Month (UTC)",
  day: "Day (UTC)",
  hour: "Time (UTC)",
  minute: "Time (UTC)",
};

/** Newest first, as one reads it. */
function alternative(chart: Chart): HTMLElement {
  const head = h(
    "tr",
    {},
    h("th", { scope: "col" }, COLUMNS[stepOf(chart.categories)]),
    h("th", { scope: "col", class: "right" }, "Total"),
    ...chart.series.map((series) => h("th", { scope: "col", class: "right" }, h("bdi", {}, series.name))),
  );
  const rows = chart.categories.map((category, index) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, rowText(category), category === chart.partialCategory ? " (so far)" : ""),
      h("td", { class: "right" }, chart.totals[index] ?? ""),
      ...chart.series.map((series) =>
        h("td", { class: "right", title: series.values[index] }, series.texts[index] ?? ""),
      ),
    ),
  );
  return scrollBox(
    chart.title,
    h(
      "table",
      {},
      h("caption", { class: "hidden" }, chart.title),
      h("thead", {}, head),
      h("tbody", {}, ...rows.reverse()),
    ),
  );
}
