// A `multiselect` control: a button that says what is chosen, and a list to tick in.

import type { Control, Option } from "../src/protocol";
import { countText } from "./axis";
import { h, morph, type SelfDrawn } from "./dom";
import { icon } from "./icons";
import { choose } from "./messages";

/** With more options than this there is a field to search in. */
const FEW = 8;
/** So many options are in the list at most; the others are found by searching. */
const MOST_SHOWN = 100;
/** Until then an answer may be one to an earlier tick, and does not undo a later one. */
const ANSWERED_WITHIN = 1_000;
const MARGIN = 8;

export class FilterPicker extends HTMLElement implements SelfDrawn {
  private control: Control;
  private locale: string;
  /** What is ticked: ahead of what the view says while that is on its way. */
  private chosen: Set<string>;
  /** What was ticked when the list opened; it stands first. */
  private first: ReadonlySet<string> = new Set();
  private answer: number | undefined;

  private readonly label = h("span", { class: "label" });
  private readonly button = h("button", { type: "button", class: "picker" });
  private readonly popup = h("div", { class: "popup", popover: "auto", role: "group" });
  private readonly search = h("input", { type: "text", class: "search", spellcheck: "false" });
  private readonly list = h("div", { class: "choices" });
  private readonly note = h("p", { class: "note", role: "status" });
  private readonly clear = h("button", { type: "button", class: "link" }, "Clear");

  constructor(control: Control, locale: string) {
    super();
    this.control = control;
    this.locale = locale;
    this.chosen = new Set(control.selected);
    this.className = "control";
    this.setAttribute("data-control", control.id);
    this.setAttribute("data-key", `control-${control.id}`);
    this.popup.append(this.search, this.list, h("div", { class: "popup-foot" }, this.note, this.clear));
    // So that a click on the button is not taken for one beside the list.
    this.button.popoverTargetElement = this.popup;
    this.button.addEventListener("click", (event) => this.toggle(event));
    this.popup.addEventListener("toggle", () => this.isOpen || this.onClosed());
    this.search.addEventListener("input", () => this.fill(true));
    this.list.addEventListener("change", (event) => this.tick(event.target));
    this.clear.addEventListener("click", () => this.send([]));
    this.popup.addEventListener("keydown", (event) => this.press(event));
    this.popup.addEventListener("focusout", ({ relatedTarget }) => this.leave(relatedTarget));
  }

  connectedCallback(): void {
    this.append(this.label, this.button, this.popup);
    this.draw();
  }

  adopt(next: HTMLElement): void {
    if (!(next instanceof FilterPicker)) return;
    this.control = next.control;
    this.locale = next.locale;
    if (this.answer === undefined) this.chosen = next.chosen;
    this.draw();
  }

  private get isOpen(): boolean {
    return this.popup.matches(":popover-open");
  }

  private draw(): void {
    const { label, options } = this.control;
    const summary = this.summary();
    this.label.textContent = label;
    this.button.title = summary;
    this.button.classList.toggle("set", this.chosen.size > 0);
    this.button.setAttribute("aria-label", `${label}: ${summary}`);
    this.button.setAttribute("aria-expanded", String(this.isOpen));
    morph(this.button, this.face(summary));
    this.popup.setAttribute("aria-label", label);
    this.search.hidden = options.length <= FEW;
    this.search.placeholder = "Search";
    this.search.setAttribute("aria-label", `Search in ${label}`);
    if (this.isOpen) this.fill(false);
  }

  /** The button as it is to look, with the attributes it has. */
  private face(summary: string): Element {
    const next = this.button.cloneNode() as Element;
    next.append(h("bdi", { class: "picked" }, summary), icon("chevron"));
    return next;
  }

  private summary(): string {
    const [only, ...others] = this.chosen;
    if (only === undefined) return "All";
    if (others.length > 0) return `${countText(this.chosen.size, this.locale)} chosen`;
    return this.control.options.find(({ id }) => id === only)?.label ?? only;
  }

  /** @param fromTop Other options than before: from the first one on. */
  private fill(fromTop: boolean): void {
    const found = this.found();
    const shown = found.slice(0, MOST_SHOWN);
    morph(this.list, h("div", { class: "choices" }, ...shown.map(choice)));
    for (const box of this.list.querySelectorAll("input")) box.checked = this.chosen.has(box.value);
    if (fromTop) this.list.scrollTop = 0;
    const text = remaining(found.length - shown.length, shown.length, this.locale);
    if (this.note.textContent !== text) this.note.textContent = text;
    this.clear.setAttribute("aria-disabled", String(this.chosen.size === 0));
  }

  /** The options that hold every word that is searched for; those that were chosen first. */
  private found(): Option[] {
    const words = this.search.hidden ? [] : this.search.value.toLowerCase().split(/\s+/);
    const matching = this.control.options.filter(({ id, label, detail }) => {
      const text = `${label} ${detail ?? ""} ${id}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const [before, after] = [true, false].map((wanted) =>
      matching.filter(({ id }) => this.first.has(id) === wanted),
    );
    return [...(before ?? []), ...(after ?? [])];
  }

  private tick(target: EventTarget | null): void {
    if (!(target instanceof HTMLInputElement)) return;
    const ticked = new Set(this.chosen);
    if (target.checked) ticked.add(target.value);
    else ticked.delete(target.value);
    this.send([...ticked]);
  }

  private send(chosen: string[]): void {
    if (chosen.length === 0 && this.chosen.size === 0) return;
    this.chosen = new Set(chosen);
    window.clearTimeout(this.answer);
    this.answer = window.setTimeout(() => {
      this.answer = undefined;
      this.chosen = new Set(this.control.selected);
      this.draw();
    }, ANSWERED_WITHIN);
    this.draw();
    choose(this, { [this.control.id]: chosen });
  }

  /** At once, not in an event that follows: the list would be seen where it does not belong, and without the focus. */
  private toggle(event: Event): void {
    event.preventDefault();
    this.popup.togglePopover();
    if (!this.isOpen) return;
    this.button.setAttribute("aria-expanded", "true");
    this.first = new Set(this.chosen);
    this.fill(true);
    this.place();
    const start = this.search.hidden ? this.list.querySelector("input") : this.search;
    start?.focus({ preventScroll: true });
  }

  private onClosed(): void {
    this.button.setAttribute("aria-expanded", "false");
    this.search.value = "";
    this.list.replaceChildren();
  }

  /** Below the button, or above it where there is more room, and never beyond the page's edges. */
  private place(): void {
    const { documentElement: page } = document;
    const button = this.button.getBoundingClientRect();
    const below = page.clientHeight - button.bottom - MARGIN;
    const above = button.top - MARGIN;
    const goesUp = below < 220 && above > below;
    const { style } = this.popup;
    style.setProperty("max-height", `${Math.max(160, Math.min(380, goesUp ? above : below) - 4)}px`);
    const width = this.popup.offsetWidth;
    const left = button.left + width + MARGIN <= page.clientWidth ? button.left : button.right - width;
    const top = goesUp ? button.top - this.popup.offsetHeight - 3 : button.bottom + 3;
    style.setProperty("left", `${Math.max(MARGIN, left) + window.scrollX}px`);
    style.setProperty("top", `${top + window.scrollY}px`);
  }

  /** The arrows go through the list; Tab leads out of it after one step, not after a hundred. */
  private press(event: KeyboardEvent): void {
    const boxes = [...this.list.querySelectorAll("input")];
    const at = boxes.indexOf(document.activeElement as HTMLInputElement);
    const inSearch = document.activeElement === this.search;
    if (at < 0 && !inSearch) return;
    const moves: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1 };
    if (!inSearch)
      Object.assign(moves, { Home: 0, End: boxes.length - 1, PageDown: at + 10, PageUp: at - 10 });
    const to = moves[event.key];
    if (to === undefined) return;
    event.preventDefault();
    if (to < 0 && !this.search.hidden) this.search.focus();
    else boxes[Math.min(boxes.length - 1, Math.max(0, to))]?.focus();
  }

  private leave(to: EventTarget | null): void {
    if (to instanceof Node && !this.popup.contains(to) && to !== this.button) this.popup.hidePopover();
  }
}

customElements.define("usage-picker", FilterPicker);

function choice({ id, label, detail }: Option, index: number): HTMLElement {
  return h(
    "label",
    { class: "choice", "data-key": id, title: [label, detail].filter(Boolean).join(" · ") },
    h("input", { type: "checkbox", value: id, tabindex: index > 0 ? -1 : null }),
    h("bdi", { class: "name" }, label),
    detail ? h("bdi", { class: "detail" }, detail) : null,
  );
}

function remaining(more: number, shown: number, locale: string): string {
  if (shown === 0) return "Nothing found";
  return more > 0 ? `${countText(more, locale)} more: search to find them` : "";
}
