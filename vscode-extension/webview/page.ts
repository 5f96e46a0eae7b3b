// The whole page from a PanelView, afresh each time; `morph` brings what is shown into line with it.

import {
  CLOSE_IMPORT,
  EXPORT,
  type Imported,
  type Notice,
  type PanelView,
  REFRESH,
  type Section,
} from "../src/protocol";
import { UsageChart } from "./charts";
import { controls, inForce } from "./controls";
import { h } from "./dom";
import { icon } from "./icons";
import { bones, loadingLine, skeleton } from "./loading";
import { runs } from "./messages";
import { metrics } from "./metrics";
import { nav } from "./nav";
import { emptyState, notices } from "./notices";
import { currentSection, isAwaited } from "./sections";
import { spoken } from "./spoken";
import { table } from "./tables";

/** @param asTables Whether the figures of charts are shown as tables too. */
export function page(view: PanelView, asTables: boolean): HTMLElement {
  const state = stateOf(view);
  const app = h("div", { id: "app", "data-state": state });
  const main = state === "empty" ? mainNotice(view.notices) : undefined;
  const others = view.notices.filter((one) => one !== main);
  const current = currentSection(view);
  const isAwaitedHere = view.outdated === true || (current !== undefined && isAwaited(current, view));
  const isLoading = state === "loading" || (state === "ready" && isAwaitedHere);
  app.append(header(view, state, current));
  if (view.controls.length > 0) app.append(controls(view));
  const filters = inForce(view);
  if (filters) app.append(filters);
  app.append(
    notices(others, "notices"),
    // Not in `main`: what happens inside of what is busy is not said.
    spoken(view),
    loadingLine(isLoading),
    h(
      "main",
      { "data-key": "main", class: view.outdated ? "outdated" : null, "aria-busy": String(isLoading) },
      ...body(view, state, main, current, asTables),
    ),
  );
  return app;
}

type State = "loading" | "empty" | "ready";

function stateOf({ metrics: figures, busy }: PanelView): State {
  if (figures.length > 0) return "ready";
  return busy ? "loading" : "empty";
}

/** The one that offers a way out. */
function mainNotice(notices: Notice[]): Notice | undefined {
  return notices.find((one) => one.command || one.more?.length) ?? notices[0];
}

function body(
  view: PanelView,
  state: State,
  main: Notice | undefined,
  current: Section | undefined,
  asTables: boolean,
): HTMLElement[] {
  if (state === "empty") return [emptyState(main)];
  if (state === "loading") return [skeleton()];
  return [
    metrics(view.metrics, "metrics", "large"),
    ...(view.sections.length > 1 ? [nav(view.sections, current)] : []),
    ...(current ? [section(current, view, asTables)] : []),
  ];
}

function progress(running: boolean): HTMLElement {
  const attributes = running ? { role: "progressbar", "aria-label": "Fetching usage" } : {};
  return h("div", { class: running ? "progress running" : "progress", ...attributes });
}

function header(view: PanelView, state: State, current: Section | undefined): HTMLElement {
  // What is exported is what was used and billed, not what is allowed.
  const canExport = state === "ready" && current?.id !== "limits";
  return h(
    "header",
    { "data-key": "header" },
    progress(view.busy && state === "ready"),
    h(
      "div",
      { class: "heading" },
      h(
        "div",
        { class: "title" },
        h("h1", {}, view.title || "OpenAI usage"),
        view.sample ? h("span", { class: "sample" }, "Sample data") : null,
        ...(view.imported ? fromFiles(view.imported) : []),
      ),
      h(
        "p",
        { class: "subtitle" },
        view.subtitle ? h("bdi", {}, view.subtitle) : null,
        view.asOf ? updated(view.asOf) : null,
      ),
    ),
    h(
      "div",
      { class: "actions" },
      // Files are read once.
      view.imported ? null : action("refresh", "Refresh", REFRESH),
      canExport ? action("export", "Export…", EXPORT) : null,
    ),
  );
}

/** That the figures are of files, and the way back to the account's. */
function fromFiles({ label, detail }: Imported): HTMLElement[] {
  const command = { title: "Close the imported usage", command: CLOSE_IMPORT };
  return [
    h(
      "span",
      { class: "imported", "data-key": "imported", "data-imported": true, title: detail },
      icon("import"),
      label,
      h("span", { class: "hidden" }, `: ${detail}`),
    ),
    h(
      "button",
      {
        type: "button",
        class: "link",
        "aria-label": command.title,
        "data-action": "close-import",
        "data-key": "close-import",
        ...runs(command),
      },
      "Close",
    ),
  ];
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

/** Its heading is for screen readers and the keyboard: who sees has it in the navigation right above. */
function section(shown: Section, view: PanelView, asTables: boolean): HTMLElement {
  const { id, title, notices: all, metrics: figures, charts, tables } = shown;
  const { locale } = view;
  return h(
    "section",
    { "data-key": `section-${id}`, "data-section": id, "aria-labelledby": "section" },
    h("h2", { id: "section", class: "hidden", tabindex: -1 }, title),
    notices(all, "notices"),
    figures.length > 0 ? metrics(figures, "metrics", "small") : null,
    isAwaited(shown, view) ? bones() : null,
    ...charts.map((one) => new UsageChart(one, locale, asTables)),
    tables.length > 0
      ? h("div", { class: "tables", "data-key": "tables" }, ...tables.map((one) => table(one, title, locale)))
      : null,
  );
}
