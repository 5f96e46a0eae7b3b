// The way between the sections: the views of everything, and below them the ways to use the API.

import type { Section } from "../src/protocol";
import { h } from "./dom";
import { selects } from "./messages";

export function nav(sections: Section[], current: Section | undefined): HTMLElement {
  const views = sections.filter(({ isCapability }) => !isCapability);
  const capabilities = sections.filter(({ isCapability }) => isCapability);
  const buttons = (some: Section[]) => some.map((one) => h("li", {}, button(one, one === current)));
  return h(
    "nav",
    { "data-key": "nav", "aria-label": "Sections" },
    h("ul", { class: "views" }, ...buttons(views)),
    capabilities.length > 0
      ? h(
          "div",
          { class: "capabilities" },
          h("span", { class: "label", id: "capabilities" }, "Capabilities"),
          h("ul", { "aria-labelledby": "capabilities" }, ...buttons(capabilities)),
        )
      : null,
  );
}

function button({ id, title }: Section, isCurrent: boolean): HTMLElement {
  const attributes = { type: "button", "data-nav": id, "aria-current": isCurrent ? "page" : null };
  return h("button", { ...attributes, ...selects({ section: id }) }, title);
}
