// GENERATED from server/openai_usage/protocol.py by `npm run protocol`. Do not edit.

export const STATUS = "openaiUsage/status";
export const PANEL = "openaiUsage/panel";
export const WINDOW = "openaiUsage/window";
export const SHOW = "openaiUsage.show";
export const REFRESH = "openaiUsage.refresh";
export const SELECT = "openaiUsage.select";
export const FETCH_HISTORY = "openaiUsage.fetchHistory";
export const EXPORT = "openaiUsage.export";
export const TABLE_AS_MARKDOWN = "openaiUsage.tableAsMarkdown";
export const CHOOSE_KEY = "openaiUsage.chooseKey";
export const ERASE = "openaiUsage.erase";
export const IMPORT = "openaiUsage.import";
export const CLOSE_IMPORT = "openaiUsage.closeImport";
export const READ_DAYS = "openaiUsage.readDays";
export const SET_ADMIN_KEY = "openaiUsage.setAdminKey";
export const FORGET_ADMIN_KEY = "openaiUsage.forgetAdminKey";
export const SHOW_LOG = "openaiUsage.showLog";
export const OPEN_SETTINGS = "openaiUsage.openSettings";
export const COPY_TABLE = "openaiUsage.copyTable";
export const OPEN_KEYS_PAGE = "openaiUsage.openKeysPage";
export const SETTINGS_SECTION = "openaiUsage";

export type Severity = "ok" | "warning" | "error";
export type NoticeSeverity = "info" | "warning" | "error";
export type Period = "today" | "7d" | "30d" | "month" | "last-month" | "90d" | "365d" | "all";
export type BucketWidth = "1d" | "1h" | "1m";
export type GroupBy =
  | "auto"
  | "model"
  | "line_item"
  | "api_key_id"
  | "project_id"
  | "user_id"
  | "service_tier"
  | "batch"
  | "api_source"
  | "token_type"
  | "capability"
  | "size"
  | "source"
  | "context_level"
  | "vector_store_id";
export type Measure =
  | "spend"
  | "estimate"
  | "tokens"
  | "requests"
  | "images"
  | "characters"
  | "seconds"
  | "sessions"
  | "calls"
  | "bytes";
export type SectionId =
  | "overview"
  | "models"
  | "api-keys"
  | "projects"
  | "users"
  | "line-items"
  | "limits"
  | "completions"
  | "decisions"
  | "embeddings"
  | "moderations"
  | "images"
  | "audio_speeches"
  | "audio_transcriptions"
  | "vector_stores"
  | "code_interpreter_sessions"
  | "file_search_calls"
  | "web_search_calls";

/**
 * One cell: `text` to show and, for a number, its exact `value`.
 */
export interface Cell {
  text: string;
  value?: string | null;
  /**
   * What is shown smaller beside it: a redacted key, an e-mail address.
   */
  detail?: string | null;
  /**
   * What is shown on hover, where that is not the value.
   */
  title?: string | null;
  /**
   * A word that marks it among the others: "This workspace".
   */
  badge?: string | null;
}
/**
 * Against the period of the same length before.
 */
export interface Change {
  /**
   * The part by which it grew, as a decimal string ("0.123"); null when there was nothing before.
   */
  value: string | null;
  /**
   * "+12.3%", "new".
   */
  text: string;
  /**
   * What it is compared with, in words.
   */
  detail: string;
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
   * Months ("2026-11"), days ("2026-11-22") or the moments at which hours or minutes begin ("2026-11-22T14:00Z").
   *
   * In UTC, and without gaps.
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
   * The category that is not over yet, drawn lighter.
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
  /**
   * How the rows are ordered, on the column that orders them.
   */
  sorted?: ("ascending" | "descending") | null;
  /**
   * What a click on the heading selects: the rows ordered by this column.
   */
  select?: Selection | null;
}
/**
 * What the panel shows; the argument of `openaiUsage.select`. A field that is absent or null stays as it is.
 *
 * `period` and `start`/`end` exclude each other: the one that is sent replaces the other. An empty list is no filter.
 */
export interface Selection {
  period?: ("today" | "7d" | "30d" | "month" | "last-month" | "90d" | "365d" | "all") | null;
  start?: string | null;
  /**
   * UTC days, both included.
   */
  end?: string | null;
  bucket?: ("1d" | "1h" | "1m") | null;
  groupBy?:
    | (
        | "auto"
        | "model"
        | "line_item"
        | "api_key_id"
        | "project_id"
        | "user_id"
        | "service_tier"
        | "batch"
        | "api_source"
        | "token_type"
        | "capability"
        | "size"
        | "source"
        | "context_level"
        | "vector_store_id"
      )
    | null;
  measure?:
    | (
        | "spend"
        | "estimate"
        | "tokens"
        | "requests"
        | "images"
        | "characters"
        | "seconds"
        | "sessions"
        | "calls"
        | "bytes"
      )
    | null;
  projectIds?: string[] | null;
  apiKeyIds?: string[] | null;
  userIds?: string[] | null;
  models?: string[] | null;
  section?:
    | (
        | "overview"
        | "models"
        | "api-keys"
        | "projects"
        | "users"
        | "line-items"
        | "limits"
        | "completions"
        | "decisions"
        | "embeddings"
        | "moderations"
        | "images"
        | "audio_speeches"
        | "audio_transcriptions"
        | "vector_stores"
        | "code_interpreter_sessions"
        | "file_search_calls"
        | "web_search_calls"
      )
    | null;
  sort?: Sort | null;
  /**
   * The ids of the tables of which more than the first rows are sent.
   */
  allRows?: string[] | null;
}
/**
 * How the rows of one table are ordered.
 */
export interface Sort {
  table: string;
  column: string;
  descending: boolean;
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
 * Something to choose by. `id` is the Selection field (wire name) that it sets.
 *
 * `select`: one of the options. `multiselect`: any of them, none is no filter. `date`: `selected` holds one ISO date.
 */
export interface Control {
  id:
    | "period"
    | "start"
    | "end"
    | "bucket"
    | "groupBy"
    | "measure"
    | "projectIds"
    | "apiKeyIds"
    | "userIds"
    | "models";
  label: string;
  kind: "select" | "multiselect" | "date";
  options: Option[];
  selected: string[];
  min?: string | null;
  /**
   * The first and last date that can be chosen, of a `date`.
   */
  max?: string | null;
}
/**
 * One choice of a Control.
 */
export interface Option {
  id: string;
  label: string;
  /**
   * What tells it from others of that label.
   */
  detail?: string | null;
  /**
   * What choosing it selects, where that is not the control's own field.
   */
  select?: Selection | null;
}
/**
 * Tokens times list prices, beside what was billed. Never a part of a sum of billed money.
 */
export interface Estimate {
  /**
   * Exact plain decimal string.
   */
  value: string;
  /**
   * "≈ $5.10".
   */
  text: string;
  /**
   * What it is of: "incl. not yet billed".
   */
  detail: string;
  /**
   * More of it, on hover: what could not be priced.
   */
  title?: string | null;
}
/**
 * The argument of `openaiUsage.export`: where to write the rows behind the panel, and how.
 */
export interface ExportArguments {
  /**
   * A `file:` URI.
   */
  uri: string;
  format: "csv" | "json";
}
/**
 * A filter that is in force: "Project: Support assistant". `select` takes it away.
 */
export interface Filter {
  label: string;
  text: string;
  select: Selection;
}
/**
 * The argument of `openaiUsage.import`: `file:` URIs.
 */
export interface ImportArguments {
  uris: string[];
}
/**
 * The figures were read from files, and are not the account's.
 */
export interface Imported {
  /**
   * "Imported".
   */
  label: string;
  /**
   * From which files.
   */
  detail: string;
}
/**
 * One figure at the top of the panel or of a section.
 */
export interface Metric {
  /**
   * `spend`, `today`, `month`, `budget`, `tokens`, `requests`; in a section the metric's own name.
   */
  id: string;
  label: string;
  /**
   * Exact plain decimal string; null when it is not known (then `text` is a dash).
   */
  value: string | null;
  /**
   * `tokens`, `requests` and so on, or a currency in lower-case ISO 4217.
   */
  unit: string;
  text: string;
  detail?: string | null;
  change?: Change | null;
  estimate?: Estimate | null;
  /**
   * How much of the whole, as a decimal string, where there is a whole (a budget); may be more than 1.
   */
  share?: string | null;
  severity: "ok" | "warning" | "error";
}
/**
 * Something the user should know, with the next step where there is one.
 */
export interface Notice {
  id: string;
  severity: "info" | "warning" | "error";
  text: string;
  command?: Command | null;
  /**
   * Further steps, or the things to choose from.
   */
  more?: Command[] | null;
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
   * The figures are of files; null: of the account.
   */
  imported?: Imported | null;
  /**
   * When the figures were fetched, ISO 8601 UTC ("2026-11-22T14:03:00Z"); null when nothing was yet.
   */
  asOf: string | null;
  busy: boolean;
  /**
   * The figures are of what was chosen before; those of `selection` are on their way.
   */
  outdated?: boolean;
  /**
   * The user asked to see the panel: bring it to the front.
   */
  reveal: boolean;
  /**
   * In which numbers are written, BCP 47.
   */
  locale: string;
  selection: Selection1;
  /**
   * What was shown before the last step into detail.
   */
  back?: Selection | null;
  controls: Control[];
  workspace?: WorkspaceKey | null;
  filters: Filter[];
  /**
   * Takes all filters away, where there are some.
   */
  noFilters?: Selection | null;
  notices: Notice[];
  metrics: Metric[];
  sections: Section[];
}
/**
 * What the panel shows; the argument of `openaiUsage.select`. A field that is absent or null stays as it is.
 *
 * `period` and `start`/`end` exclude each other: the one that is sent replaces the other. An empty list is no filter.
 */
export interface Selection1 {
  period?: ("today" | "7d" | "30d" | "month" | "last-month" | "90d" | "365d" | "all") | null;
  start?: string | null;
  /**
   * UTC days, both included.
   */
  end?: string | null;
  bucket?: ("1d" | "1h" | "1m") | null;
  groupBy?:
    | (
        | "auto"
        | "model"
        | "line_item"
        | "api_key_id"
        | "project_id"
        | "user_id"
        | "service_tier"
        | "batch"
        | "api_source"
        | "token_type"
        | "capability"
        | "size"
        | "source"
        | "context_level"
        | "vector_store_id"
      )
    | null;
  measure?:
    | (
        | "spend"
        | "estimate"
        | "tokens"
        | "requests"
        | "images"
        | "characters"
        | "seconds"
        | "sessions"
        | "calls"
        | "bytes"
      )
    | null;
  projectIds?: string[] | null;
  apiKeyIds?: string[] | null;
  userIds?: string[] | null;
  models?: string[] | null;
  section?:
    | (
        | "overview"
        | "models"
        | "api-keys"
        | "projects"
        | "users"
        | "line-items"
        | "limits"
        | "completions"
        | "decisions"
        | "embeddings"
        | "moderations"
        | "images"
        | "audio_speeches"
        | "audio_transcriptions"
        | "vector_stores"
        | "code_interpreter_sessions"
        | "file_search_calls"
        | "web_search_calls"
      )
    | null;
  sort?: Sort | null;
  /**
   * The ids of the tables of which more than the first rows are sent.
   */
  allRows?: string[] | null;
}
/**
 * The API key of the workspace, where it is known which one that is: a filter that is one click away.
 *
 * `select` narrows to it; where that is so already, it takes that away.
 */
export interface WorkspaceKey {
  /**
   * "This workspace".
   */
  label: string;
  /**
   * The key's name.
   */
  text: string;
  /**
   * The redacted key and where it was found, its project, its owner.
   */
  detail: string;
  /**
   * The panel is narrowed to it, and to nothing else.
   */
  isSelected: boolean;
  select: Selection;
}
/**
 * A part of the panel. All are listed, in the order in which they are shown; only the selected one is filled.
 */
export interface Section {
  id:
    | "overview"
    | "models"
    | "api-keys"
    | "projects"
    | "users"
    | "line-items"
    | "limits"
    | "completions"
    | "decisions"
    | "embeddings"
    | "moderations"
    | "images"
    | "audio_speeches"
    | "audio_transcriptions"
    | "vector_stores"
    | "code_interpreter_sessions"
    | "file_search_calls"
    | "web_search_calls";
  title: string;
  /**
   * One of the ways to use the API; else a view of all of them.
   */
  isCapability: boolean;
  /**
   * About this section alone.
   */
  notices: Notice[];
  metrics: Metric[];
  charts: Chart[];
  tables: Table[];
}
/**
 * A ranking. `total`, where present, is a last row that sums the columns up, of the rows not sent as well.
 */
export interface Table {
  id: string;
  title: string;
  columns: Column[];
  /**
   * The first ones; all of a short table.
   */
  rows: Row[];
  /**
   * How many there are.
   */
  rowCount: number;
  /**
   * Sends more of them, or, when `row_count` are there, fewer again.
   */
  more?: Selection | null;
  /**
   * Opens the section that shows this table whole, from a shortened one.
   */
  open?: Selection | null;
  total?: Row | null;
  /**
   * The column whose numbers are also drawn as bars, where that says something.
   */
  bars?: string | null;
}
/**
 * One row of a Table. `select`, where present, is what a click on it selects.
 */
export interface Row {
  id: string;
  cells: Cell[];
  select?: Selection | null;
  /**
   * Not one of its kind, but what is left: "Not attributed".
   */
  isRemainder?: boolean;
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
/**
 * Whether anybody looks: the argument of `openaiUsage/window`, sent at the start and whenever it changes.
 */
export interface WindowState {
  /**
   * The window has the focus, and its user did something lately.
   */
  isActive: boolean;
  /**
   * The panel is open, and not behind another tab.
   */
  isPanelVisible: boolean;
  /**
   * URI of the workspace folder that the user works in; null: in none of them, or in the one before.
   */
  folder?: string | null;
}
