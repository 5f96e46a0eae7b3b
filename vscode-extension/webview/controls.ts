// The bar of controls, and below it the filters in force with the ways back.

import type { Control, Filter, Option, PanelView, WorkspaceKey } from "../src/protocol";
import { dateInput } from "./dates";
import { h } from "./dom";
import { icon } from "./icons";
import { selects } from "./messages";
import { FilterPicker } from "./picker";

export function controls({ controls: all, workspace, locale }: PanelView): HTMLElement {
  return h(
    "div",
    { class: "controls", "data-key": "controls", role: "region", "aria-label": "What is shown" },
    ...all.map((one) => (one.kind === "multiselect" ? new FilterPicker(one, locale) : labelled(one))),
    workspace ? workspaceKey(workspace) : null,
  );
}

/** The filter of one click: it stands beside the others, and is in or out. */
function workspaceKey({ label, text, detail, isSelected, select }: WorkspaceKey): HTMLElement {
  return h(
    "div",
    { class: "control", "data-key": "workspace" },
    // The button has both names; this one is for the eyes.
    h("span", { class: "label", "aria-hidden": "true" }, label),
    h(
      "button",
      {
        type: "button",
        class: "toggle",
        // The name, too: there may be little room for it.
        title: `${text} · ${detail}`,
        "aria-label": `${label}: ${text}`,
        "aria-pressed": String(isSelected),
        "data-workspace": true,
        ...selects(select),
      },
      icon("key"),
      h("bdi", { class: "text" }, text),
    ),
  );
}

function labelled(control: Control): HTMLElement {
  return h(
    "label",
    { class: "control", "data-key": `control-${control.id}` },
    h("span", { class: "label" }, control.label),
    control.kind === "date" ? dateInput(control) : dropDown(control),
  );
}

function dropDown({ id, options, selected }: Control): HTMLElement {
  const choices = options.map((option) =>
    h(
      "option",
      {
        value: option.id,
        selected: selected.includes(option.id),
        "data-select": option.select ? JSON.stringify(option.select) : null,
      },
      optionText(option),
    ),
  );
  return h("select", { "data-control": id }, ...choices);
}

function optionText({ label, detail }: Option): string {
  return detail ? `${label} · ${detail}` : label;
}

/** What narrows the figures down, each with its way out; null where nothing does. It stays in sight. */
export function inForce({ filters, noFilters, back }: PanelView): HTMLElement | null {
  if (filters.length === 0 && !back) return null;
  const clear = { type: "button", class: "link", "data-key": "clear", "data-action": "clear-filters" };
  return h(
    "div",
    { class: "in-force", "data-key": "in-force", role: "region", "aria-label": "Filters in force" },
    back
      ? h(
          "button",
          { type: "button", class: "secondary", "data-key": "back", "data-back": true, ...selects(back) },
          icon("back"),
          "Back",
        )
      : null,
    ...filters.map(chip),
    filters.length > 0 && noFilters ? h("button", { ...clear, ...selects(noFilters) }, "Clear all") : null,
  );
}

function chip({ label, text, select }: Filter): HTMLElement {
  return h(
    "button",
    {
      type: "button",
      class: "chip",
      "data-key": `filter-${label}-${text}`,
      "data-filter": label,
      "aria-label": `Remove filter ${label}: ${text}`,
      title: `Remove filter ${label}: ${text}`,
      ...selects(select),
    },
    h("span", { class: "label" }, `${label}: `),
    h("bdi", { class: "text" }, text),
    icon("close"),
  );
}
