// GENERATED from server/openai_usage/protocol.py by `npm run protocol`. Do not edit.

export const STATUS = "openaiUsage/status";
export const PANEL = "openaiUsage/panel";
export const SHOW = "openaiUsage.show";
export const REFRESH = "openaiUsage.refresh";
export const SELECT = "openaiUsage.select";
export const SET_ADMIN_KEY = "openaiUsage.setAdminKey";
export const FORGET_ADMIN_KEY = "openaiUsage.forgetAdminKey";
export const SHOW_LOG = "openaiUsage.showLog";
export const OPEN_SETTINGS = "openaiUsage.openSettings";
export const SETTINGS_SECTION = "openaiUsage";

export type Severity = "ok" | "warning" | "error";
export type NoticeSeverity = "info" | "warning" | "error";
export type Period = "today" | "7d" | "30d" | "month" | "last-month" | "90d";
export type GroupBy = "line_item" | "model" | "project_id";

/**
 * One cell: `text` to show and, for a number, its exact `value`.
 */
export interface Cell {
  text: string;
  value?: string | null;
}
/**
 * Figures over time. The table alternative for screen readers is drawn from the same fields.
 */
export interface Chart {
  id: string;
  title: string;
  kind: "bar" | "line";
  stacked: boolean;
  unit: string;
  /**
   * ISO dates (UTC days), oldest first, without gaps.
   */
  categories: string[];
  /**
   * Largest first; small ones are summed in a last one called Other.
   */
  series: Series[];
  /**
   * Formatted sum of each category over all series.
   */
  totals: string[];
  /**
   * The category that is not over yet (today), drawn lighter.
   */
  partialCategory?: string | null;
}
/**
 * One layer of a stacked chart, or one line.
 */
export interface Series {
  id: string;
  name: string;
  /**
   * Exact plain decimal strings, one for each of the chart's categories.
   */
  values: string[];
  /**
   * The same, formatted.
   */
  texts: string[];
}
/**
 * A column of a Table.
 */
export interface Column {
  id: string;
  title: string;
  unit?: string | null;
  align: "left" | "right";
}
/**
 * An LSP Command: something to click.
 */
export interface Command {
  title: string;
  command: string;
  arguments?: unknown[] | null;
}
/**
 * A drop-down above the panel. `id` is the Selection field (wire name) that it sets.
 */
export interface Control {
  id: "period" | "groupBy";
  label: string;
  kind: "select";
  options: Option[];
  selected: string[];
}
/**
 * One choice of a Control.
 */
export interface Option {
  id: string;
  label: string;
}
/**
 * One figure at the top of the panel.
 */
export interface Metric {
  /**
   * `spend`, `today`, `month`, `tokens`, `requests`.
   */
  id: string;
  label: string;
  /**
   * Exact plain decimal string; null when it is not known (then `text` is a dash).
   */
  value: string | null;
  /**
   * `tokens`, `requests`, or a currency in lower-case ISO 4217.
   */
  unit: string;
  text: string;
  detail?: string | null;
  /**
   * Between 0 and 1, as a decimal string: how much of the whole, where there is a whole.
   */
  share?: string | null;
  severity?: "ok" | "warning" | "error";
}
/**
 * Something the user should know, with the next step where there is one.
 */
export interface Notice {
  id: string;
  severity: "info" | "warning" | "error";
  text: string;
  command?: Command | null;
}
/**
 * The whole panel, each time.
 *
 * No metrics and `busy`: still loading. No metrics and not busy: a notice says why and what to do.
 */
export interface PanelView {
  title: string;
  subtitle: string;
  /**
   * The figures are made up: the demo organisation.
   */
  sample: boolean;
  /**
   * When the figures were fetched, ISO 8601 UTC ("2026-11-22T14:03:00Z"); null when nothing was yet.
   */
  asOf: string | null;
  busy: boolean;
  /**
   * The user asked to see the panel: bring it to the front.
   */
  reveal: boolean;
  controls: Control[];
  notices: Notice[];
  metrics: Metric[];
  sections: Section[];
}
/**
 * A part of the panel under a heading.
 */
export interface Section {
  id: string;
  title: string;
  charts: Chart[];
  tables: Table[];
}
/**
 * A ranking, largest first. `total`, where present, is a last row that sums the columns up.
 */
export interface Table {
  id: string;
  title: string;
  columns: Column[];
  rows: Row[];
  total?: Row | null;
}
/**
 * One row of a Table. `select`, where present, is what a click on it selects.
 */
export interface Row {
  id: string;
  cells: Cell[];
  select?: Selection | null;
}
/**
 * What the panel shows; the argument of `openaiUsage.select`. A field that is absent stays as it is.
 */
export interface Selection {
  period?: ("today" | "7d" | "30d" | "month" | "last-month" | "90d") | null;
  groupBy?: ("line_item" | "model" | "project_id") | null;
}
/**
 * What the status bar shows, whole.
 */
export interface StatusView {
  /**
   * May hold one `$(icon)`.
   */
  text: string;
  /**
   * Markdown; whatever came from the network in it is escaped.
   */
  tooltip: string;
  /**
   * The text for a screen reader, without icons.
   */
  accessibleLabel: string;
  severity: "ok" | "warning" | "error";
  busy: boolean;
  command: Command1;
}
/**
 * An LSP Command: something to click.
 */
export interface Command1 {
  title: string;
  command: string;
  arguments?: unknown[] | null;
}
