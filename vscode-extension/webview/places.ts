// Where the reader was before the figures were narrowed, so that the way back leads to the same row.

import type { PanelView } from "../src/protocol";

interface Place {
  /** The filters that were in force there. */
  filters: string;
  scrollY: number;
  /** Finds the row that was clicked; null where it was no row. */
  row: string | null;
}

/** What is to be done once other filters are drawn. */
export type Move = { to: "row"; place: Place } | { to: "top" } | null;

let places: Place[] = [];

/**
 * Called before other filters are drawn.
 *
 * @returns Back to the row, where the filters are those of before; to the top, where a row was clicked: what changed
 * is there; and nowhere, where a filter was chosen at the top anyway.
 */
export function moveTo(before: PanelView | null, after: PanelView | null): Move {
  if (before === null || after === null) return null;
  const [filters, wanted] = [filtersOf(before), filtersOf(after)];
  if (filters === wanted) return null;
  const last = places.at(-1);
  if (last?.filters === wanted) {
    places.pop();
    return { to: "row", place: last };
  }
  const row = rowOf(document.activeElement);
  places = after.back ? [...places, { filters, scrollY: window.scrollY, row }] : [];
  return row === null ? null : { to: "top" };
}

/** Once it is drawn. */
export function move(to: Move): void {
  if (to?.to === "top") window.scrollTo(0, 0);
  if (to?.to !== "row") return;
  const { scrollY, row } = to.place;
  window.scrollTo(0, scrollY);
  if (row !== null) document.querySelector<HTMLElement>(row)?.focus({ preventScroll: true });
}

function filtersOf({ selection }: PanelView): string {
  const { projectIds, apiKeyIds, userIds, models } = selection;
  return JSON.stringify([projectIds, apiKeyIds, userIds, models].map((ids) => [...(ids ?? [])].sort()));
}

function rowOf(element: Element | null): string | null {
  const row = element?.closest<HTMLElement>("tbody [data-row]")?.dataset.row;
  const table = element?.closest<HTMLElement>("[data-table]")?.dataset.table;
  if (row === undefined || table === undefined) return null;
  return `[data-table="${CSS.escape(table)}"] [data-row="${CSS.escape(row)}"] .row-link`;
}
