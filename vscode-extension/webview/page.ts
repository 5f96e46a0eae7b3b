// The whole page from a PanelView, afresh each time; `morph` brings what is shown into line with it.

import type { Control, Metric, Notice, PanelView, Section } from "../src/protocol";
import { UsageChart } from "./charts";
import { h } from "./dom";
import { icon } from "./icons";
import { post } from "./messages";
import { table } from "./tables";

export function page(view: PanelView | null, expanded: ReadonlySet<string>): HTMLElement {
  const state = stateOf(view);
  const app = h("div", { id: "app", "data-state": state, "aria-busy": String(state === "loading") });
  const notices = view?.notices ?? [];
  const main = state === "empty" ? mainNotice(notices) : undefined;
  app.append(
    header(view, state),
    h(
      "div",
      { class: "notices", "aria-live": "polite" },
      ...notices.filter((one) => one !== main).map(notice),
    ),
    h("main", {}, ...body(view, state, main, expanded)),
  );
  return app;
}

function stateOf(view: PanelView | null): "loading" | "empty" | "ready" {
  if (view !== null && view.metrics.length > 0) return "ready";
  return view === null || view.busy ? "loading" : "empty";
}

/** The one that offers a way out. */
function mainNotice(notices: Notice[]): Notice | undefined {
  return notices.find((one) => one.command) ?? notices[0];
}

function body(
  view: PanelView | null,
  state: string,
  main: Notice | undefined,
  expanded: ReadonlySet<string>,
): HTMLElement[] {
  if (state === "empty") return [emptyState(main)];
  if (view === null || state === "loading") return [skeleton()];
  return [
    h("dl", { class: "metrics", "data-key": "metrics" }, ...view.metrics.map(metric)),
    ...view.sections.map((one) => section(one, expanded)),
  ];
}

function progress(running: boolean): HTMLElement {
  const attributes = running ? { role: "progressbar", "aria-label": "Fetching usage" } : {};
  return h("div", { class: running ? "progress running" : "progress", ...attributes });
}

function header(view: PanelView | null, state: string): HTMLElement {
  return h(
    "header",
    {},
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
      { class: "controls" },
      ...(view?.controls ?? []).map(control),
      view
        ? h(
            "button",
            {
              type: "button",
              class: "secondary",
              "data-action": "refresh",
              "data-key": "refresh",
              ...post({ type: "command", command: { title: "Refresh", command: "openaiUsage.refresh" } }),
            },
            icon("refresh"),
            "Refresh",
          )
        : null,
    ),
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

function control({ id, label, options, selected }: Control): HTMLElement {
  const choices = options.map((option) =>
    h("option", { value: option.id, selected: selected.includes(option.id) }, option.label),
  );
  return h(
    "label",
    { class: "control", "data-key": `control-${id}` },
    h("span", {}, label),
    h("select", { "data-control": id }, ...choices),
  );
}

function notice({ id, severity, text, command }: Notice): HTMLElement {
  return h(
    "div",
    { class: `notice ${severity}`, "data-key": `notice-${id}`, "data-notice": id, "data-severity": severity },
    icon(severity),
    h("p", {}, text),
    command
      ? h(
          "button",
          { type: "button", class: "secondary", ...post({ type: "command", command }) },
          command.title,
        )
      : null,
  );
}

function emptyState(main: Notice | undefined): HTMLElement {
  if (!main) return h("div", { class: "empty" }, h("p", {}, "Nothing to show yet."));
  const { id, severity, text, command } = main;
  return h(
    "div",
    { class: `empty ${severity}`, role: "status", "data-notice": id, "data-severity": severity },
    icon(severity),
    h("p", {}, text),
    command
      ? h(
          "button",
          { type: "button", class: "primary", ...post({ type: "command", command }) },
          command.title,
        )
      : null,
  );
}

function skeleton(): HTMLElement {
  const cards = Array.from({ length: 5 }, () => h("div", { class: "bone card" }));
  return h(
    "div",
    { class: "skeleton" },
    h("p", { role: "status" }, "Loading usage…"),
    h("div", { class: "metrics", "aria-hidden": "true" }, ...cards),
    h("div", { class: "bone block", "aria-hidden": "true" }),
  );
}

function metric({ id, label, value, text, detail, share, severity }: Metric): HTMLElement {
  const part = share == null ? Number.NaN : Math.min(1, Math.max(0, Number(share)));
  return h(
    "div",
    { class: `metric ${severity}`, "data-key": `metric-${id}`, "data-metric": id },
    h("dt", {}, label),
    h("dd", { class: "value", title: value !== text ? value : null, "--characters": text.length }, text),
    Number.isNaN(part)
      ? null
      : h("dd", { class: "meter", "aria-hidden": "true", "--share": part.toFixed(4) }),
    detail ? h("dd", { class: "detail" }, detail) : null,
  );
}

function section(view: Section, expanded: ReadonlySet<string>): HTMLElement {
  return h(
    "section",
    { "data-key": `section-${view.id}`, "data-section": view.id },
    h("h2", {}, view.title),
    ...view.charts.map((one) => new UsageChart(one)),
    view.tables.length > 0
      ? h(
          "div",
          { class: "tables" },
          ...view.tables.map((one) => table(one, view.title, expanded.has(one.id))),
        )
      : null,
  );
}
