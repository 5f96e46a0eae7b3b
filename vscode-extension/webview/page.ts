// The whole page from a PanelView, afresh each time; `morph` brings what is shown into line with it.

import { EXPORT, type Notice, type PanelView, REFRESH, type Section } from "../src/protocol";
import { UsageChart } from "./charts";
import { controls, inForce } from "./controls";
import { h } from "./dom";
import { icon } from "./icons";
import { runs } from "./messages";
import { metrics } from "./metrics";
import { nav } from "./nav";
import { emptyState, notices } from "./notices";
import { table } from "./tables";

export function page(view: PanelView | null): HTMLElement {
  const state = stateOf(view);
  const app = h("div", { id: "app", "data-state": state, "aria-busy": String(state === "loading") });
  const all = view?.notices ?? [];
  const main = state === "empty" ? mainNotice(all) : undefined;
  const others = all.filter((one) => one !== main);
  app.append(header(view, state));
  if (view && view.controls.length > 0) app.append(controls(view));
  const filters = view && inForce(view);
  if (filters) app.append(filters);
  app.append(notices(others, "notices"), h("main", { "data-key": "main" }, ...body(view, state, main)));
  return app;
}

/** The one section of the view that is filled. */
export function currentSection(view: PanelView): Section | undefined {
  return view.sections.find(({ id }) => id === view.selection.section) ?? view.sections[0];
}

function stateOf(view: PanelView | null): "loading" | "empty" | "ready" {
  if (view !== null && view.metrics.length > 0) return "ready";
  return view === null || view.busy ? "loading" : "empty";
}

/** The one that offers a way out. */
function mainNotice(notices: Notice[]): Notice | undefined {
  return notices.find((one) => one.command) ?? notices[0];
}

function body(view: PanelView | null, state: string, main: Notice | undefined): HTMLElement[] {
  if (state === "empty") return [emptyState(main)];
  if (view === null || state === "loading") return [skeleton()];
  const current = currentSection(view);
  return [
    metrics(view.metrics, "metrics", "large"),
    ...(view.sections.length > 1 ? [nav(view.sections, current)] : []),
    ...(current ? [section(current, view)] : []),
  ];
}

function progress(running: boolean): HTMLElement {
  const attributes = running ? { role: "progressbar", "aria-label": "Fetching usage" } : {};
  return h("div", { class: running ? "progress running" : "progress", ...attributes });
}

function header(view: PanelView | null, state: string): HTMLElement {
  return h(
    "header",
    { "data-key": "header" },
    progress(view?.busy === true && state === "ready"),
    h(
      "div",
      { class: "heading" },
      h(
        "div",
        { class: "title" },
        h("h1", {}, view?.title || "OpenAI usage"),
        view?.sample ? h("span", { class: "sample" }, "Sample data") : null,
      ),
      h(
        "p",
        { class: "subtitle" },
        view?.subtitle ? h("bdi", {}, view.subtitle) : null,
        view?.asOf ? updated(view.asOf) : null,
      ),
    ),
    h(
      "div",
      { class: "actions" },
      view ? action("refresh", "Refresh", REFRESH) : null,
      state === "ready" ? action("export", "Export…", EXPORT) : null,
    ),
  );
}

function action(name: "refresh" | "export", title: string, command: string): HTMLElement {
  return h(
    "button",
    {
      type: "button",
      class: "secondary",
      title,
      "data-action": name,
      "data-key": name,
      ...runs({ title, command }),
    },
    icon(name),
    h("span", { class: "words" }, title),
  );
}

function updated(asOf: string): HTMLElement {
  return h(
    "time",
    { class: "updated", datetime: asOf, title: asOf },
    `Updated ${timeText(asOf, new Date())}`,
  );
}

/** As in the tooltip and the notices: "21:14 UTC", with its day when that is another one, "21 Nov 21:14 UTC". */
function timeText(iso: string, now: Date): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const [, day, month, year, time = ""] = date.toUTCString().split(" ");
  const isToday = now.toUTCString().includes(`${day} ${month} ${year}`);
  return `${isToday ? "" : `${Number(day)} ${month} `}${time.slice(0, 5)} UTC`;
}

function skeleton(): HTMLElement {
  const cards = Array.from({ length: 6 }, () => h("div", { class: "bone card" }));
  return h(
    "div",
    { class: "skeleton", "data-key": "skeleton" },
    h("p", { role: "status" }, "Loading usage…"),
    h("div", { class: "metrics large", "aria-hidden": "true" }, ...cards),
    h("div", { class: "bone block", "aria-hidden": "true" }),
  );
}

/** Its heading is for screen readers and the keyboard: who sees has it in the navigation right above. */
function section(view: Section, { locale }: PanelView): HTMLElement {
  const { id, title, notices: all, metrics: figures, charts, tables } = view;
  return h(
    "section",
    { "data-key": `section-${id}`, "data-section": id, "aria-labelledby": "section" },
    h("h2", { id: "section", class: "hidden", tabindex: -1 }, title),
    notices(all, "notices"),
    figures.length > 0 ? metrics(figures, "metrics", "small") : null,
    ...charts.map((one) => new UsageChart(one, locale)),
    tables.length > 0
      ? h("div", { class: "tables", "data-key": "tables" }, ...tables.map((one) => table(one, title, locale)))
      : null,
  );
}
