// What a screen reader is told once the figures of a selection are there; for the eyes they change by themselves.

import type { PanelView } from "../src/protocol";
import { countText } from "./axis";
import { h } from "./dom";
import { currentSection } from "./sections";

let said = "";

/** Says what is shown: "Overview, 27 Oct – 25 Nov 2026, UTC: Spend $162.42". Stays as it is while more is to come. */
export function spoken(view: PanelView): HTMLElement {
  if (view.metrics.length === 0) said = "";
  else if (!view.busy && !view.outdated) said = sentence(view);
  return h("p", { class: "hidden", role: "status", "data-key": "spoken", "data-spoken": true }, said);
}

function sentence(view: PanelView): string {
  const section = currentSection(view);
  const [first] = view.metrics;
  const what = [view.imported?.label, section?.title, filters(view), daysOf(view)].filter(Boolean).join(", ");
  const chart = section?.charts[0]?.title;
  return `${what}: ${first?.label} ${first?.text}${chart ? `. ${chart}` : ""}`;
}

function filters({ filters: [only, ...others], locale }: PanelView): string {
  if (only === undefined) return "";
  return others.length > 0
    ? `${countText(others.length + 1, locale)} filters`
    : `${only.label}: ${only.text}`;
}

/** The subtitle without the organisation, which is the same all the time. */
function daysOf({ subtitle }: PanelView): string {
  return subtitle.split(" · ").at(-1) ?? "";
}
