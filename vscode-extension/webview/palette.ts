// Which colour a series has, and, in high contrast, which pattern.

import { svg } from "./dom";

/** Colours for named series; the one after them is for "Other". panel.css defines `--series-0` and so on. */
const NAMED = 8;
const OTHER = NAMED;
/** By series id; the second is for what belongs to none of the series. */
const RESERVED: Record<string, number> = { other: OTHER, remainder: OTHER + 1 };

/** What a chart of estimates is called: it must not pass for one of bills. */
const ESTIMATES = "estimated-spend";
/** From the upper left to the lower right: what is not over yet is hatched the other way. */
const ESTIMATE = "M-2 2 6 10M2-2 10 6";

/** Lines over the colour; the first series is plain. */
const PATTERNS = [
  "",
  "M-2 2 2-2M0 8 8 0M6 10 10 6",
  "M0 4H8",
  "M4 0V8",
  "M-2 6 2 10M0 0 8 8M6-2 10 2",
  "M0 4H8M4 0V8",
  "M0 8 8 0M0 0 8 8",
  "M2 2h.01M6 6h.01",
  "M2 2h.01M6 2h.01M2 6h.01M6 6h.01",
  "M0 2H3M4 6H7",
];

const remembered = new Map<string, number>();

/** A colour slot for each series id. An id keeps its slot while the page lives, as far as two do not collide. */
export function slots(ids: string[]): number[] {
  const taken = new Set<number>();
  const chosen = new Map<string, number>();
  for (const id of ids) {
    const slot = RESERVED[id] ?? remembered.get(id);
    if (slot === undefined || taken.has(slot)) continue;
    chosen.set(id, slot);
    taken.add(slot);
  }
  for (const id of ids) {
    if (chosen.has(id)) continue;
    let slot = 0;
    while (slot < OTHER && taken.has(slot)) slot += 1;
    chosen.set(id, slot);
    taken.add(slot);
    if (!remembered.has(id)) remembered.set(id, slot);
  }
  return ids.map((id) => chosen.get(id) ?? OTHER);
}

export function isHighContrast(): boolean {
  return document.body.matches(".vscode-high-contrast, .vscode-high-contrast-light");
}

/** Whether all that a chart shows is estimated. */
export function isEstimate(chart: { id: string }): boolean {
  return chart.id === ESTIMATES;
}

export function colour(slot: number): string {
  return `var(--series-${slot})`;
}

/** A value for an SVG `fill`: the colour, or in high contrast a pattern of it; of what is estimated, its hatching. */
export function fill(slot: number, isEstimate: boolean): string {
  if (isEstimate) return `url(#estimate-${slot})`;
  return isHighContrast() ? `url(#series-${slot})` : colour(slot);
}

/** For laying over what is not over yet. */
export const HATCH = "url(#hatch)";

/** The patterns that `fill` and `HATCH` name; once in a page. */
export function patterns(): SVGSVGElement {
  const tile = { width: 8, height: 8, patternUnits: "userSpaceOnUse" };
  const series = PATTERNS.map((d, slot) =>
    svg(
      "pattern",
      { id: `series-${slot}`, ...tile },
      svg("rect", { width: 8, height: 8, fill: colour(slot) }),
      d ? svg("path", { d, class: "pattern-line" }) : null,
    ),
  );
  const estimates = PATTERNS.map((d, slot) =>
    svg(
      "pattern",
      { id: `estimate-${slot}`, ...tile },
      svg("rect", { width: 8, height: 8, class: "estimate-ground", fill: colour(slot) }),
      svg("path", { d: ESTIMATE, class: "estimate-line", stroke: colour(slot) }),
      d ? svg("path", { d, class: "pattern-line estimate-own" }) : null,
    ),
  );
  const hatch = svg(
    "pattern",
    { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    svg("rect", { width: 3, height: 6, class: "hatch-line" }),
  );
  return svg(
    "svg",
    { class: "patterns", "aria-hidden": "true" },
    svg("defs", {}, ...series, ...estimates, hatch),
  );
}
