// The panel's page: draws the PanelView it is sent and sends back what was clicked. It decides nothing.

import type { PanelView, Selection } from "../src/protocol";
import { UsageChart } from "./charts";
import { watchDates } from "./dates";
import { h, morph } from "./dom";
import { CHOICE, type FromPage, type ToPage } from "./messages";
import { page } from "./page";
import { patterns } from "./palette";
import { move, moveTo } from "./places";
import { currentSection } from "./sections";

/** Kept by VS Code while the panel is hidden or the window reloads. No figures: those the extension keeps. */
interface State {
  /** Whether the figures of charts are shown as tables too. */
  tables: boolean;
  /** How far the page is scrolled. */
  scrollY: number;
}

declare function acquireVsCodeApi(): {
  postMessage(message: FromPage): void;
  getState(): Partial<State> | undefined;
  setState(state: State): void;
};

const vscode = acquireVsCodeApi();
const app = document.getElementById("app") ?? document.body.appendChild(h("div", { id: "app" }));
const { tables = false, scrollY = 0 } = vscode.getState() ?? {};
let state: State = { tables, scrollY };
let view: PanelView | null = null;
/** Whether the reader is where they were when the page was left. */
let resumed = false;

function draw(next: PanelView): void {
  const focused = document.activeElement;
  const [before, after] = [view, next].map((one) => one && currentSection(one)?.id);
  const place = moveTo(view, next);
  morph(app, page(next, state.tables));
  view = next;
  refocus(focused);
  if (place !== null) move(place);
  else if (before && after && before !== after) showStart();
  scheduleReach();
  if (!resumed && next.metrics.length > 0) resume();
}

/** Who is at the keyboard stays where they were; where that is gone, at the beginning of what came instead. */
function refocus(focused: Element | null): void {
  if (document.activeElement === focused || !(focused instanceof HTMLElement)) return;
  const next = focused.isConnected ? focused : app.querySelector<HTMLElement>("[data-section] > h2");
  next?.focus({ preventScroll: true });
}

/** Another section begins where it can be seen. */
function showStart(): void {
  const nav = app.querySelector("nav");
  const covered = app.querySelector(".in-force")?.clientHeight ?? 0;
  if (nav && nav.getBoundingClientRect().top < covered) nav.scrollIntoView();
}

function keep(next: State): void {
  state = next;
  vscode.setState(state);
}

/** Brings a page that has its first figures to where the reader left it. */
function resume(): void {
  resumed = true;
  const { scrollY: top } = state;
  // In the next frame: what was opened has filled itself, and the page is long enough.
  requestAnimationFrame(() => requestAnimationFrame(() => window.scrollTo(0, top)));
}

/** A box that scrolls can be focused, so that arrow keys scroll it; one that does not is no stop for Tab. */
function reachScrollBoxes(): void {
  const boxes = [...document.querySelectorAll<HTMLElement>(".scroll")];
  // All are measured before one is changed: else the page would be laid out anew for each.
  const wrong = boxes.filter((box) => {
    const scrolls = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
    return scrolls !== box.hasAttribute("tabindex");
  });
  for (const box of wrong) {
    if (box.hasAttribute("tabindex")) box.removeAttribute("tabindex");
    else box.tabIndex = 0;
  }
}

/** In the next frame: the layout is known then, and what was opened has filled itself. */
function scheduleReach(): void {
  requestAnimationFrame(reachScrollBoxes);
}

/** Opened or closed at one chart, the tables are so at all of them, those of other sections too. */
function showTables(open: boolean): void {
  if (open !== state.tables) keep({ ...state, tables: open });
  for (const details of app.querySelectorAll<HTMLDetailsElement>("[data-chart] details")) details.open = open;
  scheduleReach();
}

function select(selection: Selection): void {
  vscode.postMessage({ type: "select", selection });
}

app.addEventListener("click", ({ target }) => {
  const clicked = target instanceof Element ? target.closest<HTMLElement>("[data-post]") : null;
  if (clicked?.dataset.post) vscode.postMessage(JSON.parse(clicked.dataset.post));
});

app.addEventListener("change", ({ target }) => {
  const id = target instanceof HTMLSelectElement && target.dataset.control;
  if (!id) return;
  const own = target.selectedOptions[0]?.dataset.select;
  select(own === undefined ? { [id]: target.value } : JSON.parse(own));
});

app.addEventListener(CHOICE, (event) => select((event as CustomEvent<Selection>).detail));
watchDates(app);

app.addEventListener(
  "toggle",
  ({ target }) => {
    if (target instanceof HTMLDetailsElement) showTables(target.open);
  },
  { capture: true },
);
document.addEventListener("scrollend", () => keep({ ...state, scrollY: window.scrollY }));
window.addEventListener("resize", scheduleReach);

window.addEventListener("message", ({ data }: MessageEvent<ToPage>) => {
  if (data?.type === "view") draw(data.view);
});

// VS Code tells the theme by the body's class; colours follow by themselves, patterns and fonts do not.
new MutationObserver(() => {
  for (const chart of document.querySelectorAll("usage-chart"))
    if (chart instanceof UsageChart) chart.redraw();
}).observe(document.body, { attributes: true, attributeFilter: ["class"] });

document.body.prepend(patterns());
keep(state);
vscode.postMessage({ type: "ready" });
