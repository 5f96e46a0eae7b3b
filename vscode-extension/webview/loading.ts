// What is seen and heard while figures are on their way.

import { h } from "./dom";

/** Always in the page: a screen reader says what comes into a status line, not what arrives with one. */
export function loadingLine(isLoading: boolean): HTMLElement {
  return h(
    "p",
    { class: "loading-line", role: "status", "data-key": "loading" },
    isLoading ? h("span", { class: "loading" }, "Loading…") : null,
  );
}

/** The page without figures. */
export function skeleton(): HTMLElement {
  const cards = Array.from({ length: 6 }, () => h("div", { class: "bone card" }));
  return h(
    "div",
    { class: "skeleton", "data-key": "skeleton", "aria-hidden": "true" },
    h("div", { class: "metrics large" }, ...cards),
    bones(),
  );
}

/** A section without contents. */
export function bones(): HTMLElement {
  return h("div", { class: "bones", "aria-hidden": "true" }, h("div", { class: "bone block" }));
}
