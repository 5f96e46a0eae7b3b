// The two `date` controls: a range of days, chosen only once both make sense and the reader has finished with one.

import type { Control } from "../src/protocol";
import { h } from "./dom";
import { choose } from "./messages";

export function dateInput({ id, selected, min, max }: Control): HTMLElement {
  return h("input", { type: "date", "data-control": id, value: selected[0], min, max, required: true });
}

/** Keys that change a part of the date, which is then half written. */
const WRITING = /^([0-9]|ArrowUp|ArrowDown|Backspace|Delete)$/;
/** Keys that open the calendar; what is picked there is whole. */
const OPENING = /^( |F4|ArrowDown)$/;

/** Listens in the page for changes of the dates. */
export function watchDates(page: HTMLElement): void {
  let written: EventTarget | null = null;
  page.addEventListener("keydown", ({ target, key, altKey }) => {
    if (!isDate(target)) return;
    if (key === "Enter") commit(page, true);
    else if (WRITING.test(key) && !altKey) written = target;
    else if (OPENING.test(key)) written = null;
  });
  page.addEventListener("pointerdown", () => {
    written = null; // It opens the calendar.
  });
  page.addEventListener("change", ({ target }) => {
    if (isDate(target) && target !== written) commit(page, true);
  });
  page.addEventListener("focusout", ({ target }) => {
    if (!isDate(target)) return;
    written = null;
    commit(page, false);
  });
}

function isDate(target: EventTarget | null): target is HTMLInputElement {
  return target instanceof HTMLInputElement && target.type === "date";
}

/** Chooses the days where they can be chosen and are not those shown. @param aloud Says what is wrong with them. */
function commit(page: HTMLElement, aloud: boolean): void {
  const [start, end] = ["start", "end"].map((id) => page.querySelector(`input[data-control="${id}"]`));
  if (!isDate(start ?? null) || !isDate(end ?? null)) return;
  const [first, last] = [start as HTMLInputElement, end as HTMLInputElement];
  for (const input of [first, last]) if (input.value !== input.defaultValue) clamp(input);
  const reversed = first.value > last.value && last.value !== "";
  last.setCustomValidity(reversed ? "The last day is before the first." : "");
  const wrong = [first, last].find((input) => !input.checkValidity());
  if (wrong) {
    if (aloud) wrong.reportValidity();
    return;
  }
  if (first.value === first.defaultValue && last.value === last.defaultValue) return;
  choose(first, { start: first.value, end: last.value });
}

/** A day beyond those that can be chosen becomes the nearest of them. */
function clamp(input: HTMLInputElement): void {
  if (input.validity.rangeOverflow) input.value = input.max;
  else if (input.validity.rangeUnderflow) input.value = input.min;
}
