// The panel's page: draws the PanelView it is sent and sends back what was clicked. It decides nothing.

import type { PanelView } from "../src/protocol";
import { UsageChart } from "./charts";
import { h, morph } from "./dom";
import type { FromPage, ToPage } from "./messages";
import { page } from "./page";
import { patterns } from "./palette";

/** Kept by VS Code while the panel is hidden or the window reloads. */
interface State {
  view: PanelView | null;
  /** Ids of the tables shown in full. */
  expanded: string[];
  /** Ids of the charts whose figures are shown as a table too. */
  opened: string[];
  /** How far the page is scrolled. */
  scrollY: number;
}

declare function acquireVsCodeApi(): {
  postMessage(message: FromPage): void;
  getState(): State | undefined;
  setState(state: State): void;
};

const vscode = acquireVsCodeApi();
const app = document.getElementById("app") ?? document.body.appendChild(h("div", { id: "app" }));
const nothing: State = { view: null, expanded: [], opened: [], scrollY: 0 };
let state = nothing;

function draw(next: State): void {
  const focused = document.activeElement;
  morph(app, page(next.view, new Set(next.expanded)));
  keep(next);
  if (document.activeElement !== focused && focused instanceof HTMLElement)
    focused.focus({ preventScroll: true });
  scheduleReach();
}

function keep(next: State): void {
  state = next;
  vscode.setState(state);
}

/** Brings a page that was drawn afresh to where the reader left it. */
function resume({ opened, scrollY }: State): void {
  for (const id of opened) {
    const details = document.querySelector<HTMLDetailsElement>(`[data-chart="${CSS.escape(id)}"] details`);
    if (details) details.open = true;
  }
  // In the next frame: what was opened has filled itself, and the page is long enough.
  requestAnimationFrame(() => requestAnimationFrame(() => window.scrollTo(0, scrollY)));
}

/** A box that scrolls can be focused, so that arrow keys scroll it; one that does not is no stop for Tab. */
function reachScrollBoxes(): void {
  for (const box of document.querySelectorAll<HTMLElement>(".scroll")) {
    if (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

/** In the next frame: the layout is known then, and what was opened has filled itself. */
function scheduleReach(): void {
  requestAnimationFrame(reachScrollBoxes);
}

function toggled(id: string): string[] {
  return state.expanded.includes(id)
    ? state.expanded.filter((other) => other !== id)
    : [...state.expanded, id];
}

/** The attribute of the element that was clicked or of the nearest one around it. */
function attributeAt(target: EventTarget | null, name: string): string | null {
  return target instanceof Element ? (target.closest(`[${name}]`)?.getAttribute(name) ?? null) : null;
}

app.addEventListener("click", ({ target }) => {
  const message = attributeAt(target, "data-post");
  if (message !== null) vscode.postMessage(JSON.parse(message));
  const table = attributeAt(target, "data-expand");
  if (table !== null) draw({ ...state, expanded: toggled(table) });
});

app.addEventListener("change", ({ target }) => {
  const id = attributeAt(target, "data-control");
  if (id === null || !(target instanceof HTMLSelectElement)) return;
  vscode.postMessage({ type: "select", selection: { [id]: target.value } });
});

app.addEventListener(
  "toggle",
  () => {
    const open = document.querySelectorAll("[data-chart]:has(details[open])");
    keep({ ...state, opened: [...open].map((chart) => chart.getAttribute("data-chart") ?? "") });
    scheduleReach();
  },
  { capture: true },
);
document.addEventListener("scrollend", () => keep({ ...state, scrollY: window.scrollY }));
window.addEventListener("resize", scheduleReach);

window.addEventListener("message", ({ data }: MessageEvent<ToPage>) => {
  if (data?.type === "view") draw({ ...state, view: data.view });
});

// VS Code tells the theme by the body's class; colours follow by themselves, patterns and fonts do not.
new MutationObserver(() => {
  for (const chart of document.querySelectorAll("usage-chart"))
    if (chart instanceof UsageChart) chart.redraw();
}).observe(document.body, { attributes: true, attributeFilter: ["class"] });

document.body.prepend(patterns());
try {
  draw({ ...nothing, ...vscode.getState() });
  resume(state);
} catch (error) {
  console.error("What an earlier version of this page kept cannot be drawn:", error);
  draw(nothing);
}
vscode.postMessage({ type: "ready" });
