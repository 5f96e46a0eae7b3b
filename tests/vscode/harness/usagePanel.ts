/** The panel's page inside its webview, found by the hooks it offers (`data-…`). */
import type { Frame, FrameLocator, Locator, Page } from "playwright-core";
import { eventually } from "./eventually.ts";

export interface Bar {
  category: string;
  series: string;
  value: string;
}

export interface Figure {
  text: string;
  /** The exact one; "" when it is not known. */
  value: string;
  detail: string;
}

export interface TableRow {
  id: string;
  /** The first cell's text. */
  name: string;
  /** The word that marks it among the others, else "". */
  badge: string;
  /** By column: the exact values, or the texts where there are none. */
  cells: Record<string, string>;
  /** The same, as they are shown. */
  texts: Record<string, string>;
}

export interface TableContents {
  columns: string[];
  /** Column and direction. */
  sorted: string | null;
  rows: TableRow[];
  total: TableRow | null;
}

/** All of the page at one moment. */
export interface Contents {
  state: string;
  isBusy: boolean;
  /** What is chosen is not yet what is shown. */
  isLoading: boolean;
  /** What a screen reader was told of what is shown. */
  spoken: string;
  section: string;
  /** The ids of the sections that can be gone to. */
  nav: string[];
  /** What is chosen in each drop-down, and in the fields for days. */
  controls: Record<string, string>;
  /** "Project: Support assistant" */
  filters: string[];
  /** At the top. */
  metrics: Record<string, Figure>;
  /** The section's. */
  own: Record<string, Figure>;
  charts: Record<string, { title: string; bars: Bar[] }>;
  tables: Record<string, TableContents>;
  /** Text by id. */
  notices: Record<string, string>;
  /** Those of them that stand in the section. */
  ownNotices: string[];
}

export type DropDown = "period" | "groupBy" | "measure" | "bucket";
export type Picker = "projectIds" | "apiKeyIds" | "userIds" | "models";

export class UsagePanel {
  readonly frame: FrameLocator;
  readonly app: Locator;

  constructor(page: Page) {
    // VS Code wraps a webview's page in a frame inside a frame.
    this.frame = page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame");
    this.app = this.frame.locator("#app");
  }

  /** Waits until the page is in that state. */
  async reaches(state: "loading" | "empty" | "ready"): Promise<void> {
    await this.frame.locator(`#app[data-state="${state}"]`).waitFor();
  }

  /** Waits until VS Code has told the page of that theme and the page has taken it over. */
  async hasTheme(kind: string): Promise<void> {
    await this.frame.locator(`body.vscode-${kind}`).waitFor();
  }

  /** Where scripts can be run in the page. */
  async ownFrame(): Promise<Frame> {
    const page = await (await this.app.elementHandle())?.ownerFrame();
    if (!page) throw new Error("the panel has no page");
    return page;
  }

  /** All that it shows now. */
  read(): Promise<Contents> {
    return this.app.evaluate(contentsOf);
  }

  /** Waits until what it shows passes, and returns that. */
  until(check: (contents: Contents) => void): Promise<Contents> {
    return eventually(async () => {
      const contents = await this.read();
      check(contents);
      return contents;
    });
  }

  metric(id: string): Locator {
    return this.frame.locator(`.metrics.large [data-metric="${id}"] .value`);
  }

  control(id: DropDown | Picker | "start" | "end"): Locator {
    return this.frame.locator(`[data-control="${id}"]`);
  }

  /** Chooses in a drop-down. The page that answers comes when it comes. */
  async choose(id: DropDown, option: string): Promise<void> {
    await this.control(id).selectOption(option);
  }

  /** Opens a picker, ticks or unticks these, and closes it. */
  async pick(id: Picker, ...names: string[]): Promise<void> {
    const picker = this.control(id);
    await picker.locator("button.picker").click();
    for (const name of names) await picker.locator(".choice .name").getByText(name, { exact: true }).click();
    await picker.locator("button.picker").click();
    await picker.locator(".popup").waitFor({ state: "hidden" });
  }

  /** One click. */
  async goTo(section: string): Promise<void> {
    await this.frame.locator(`[data-nav="${section}"]`).click();
    await this.frame.locator(`[data-section="${section}"]`).waitFor();
  }

  /** One click. */
  async drill(table: string, name: string): Promise<void> {
    await this.table(table).getByRole("button", { name, exact: true }).first().click();
  }

  async back(): Promise<void> {
    await this.frame.locator("[data-back]").click();
  }

  async clearFilters(): Promise<void> {
    await this.frame.locator('[data-action="clear-filters"]').click();
    await this.frame.locator("[data-filter]").first().waitFor({ state: "detached" });
  }

  /** The filter by the API key of the workspace: pressed or not. */
  get workspaceKey(): Locator {
    return this.frame.locator("[data-workspace]");
  }

  /** That the figures are of files. */
  get imported(): Locator {
    return this.frame.locator("[data-imported]");
  }

  get closeImport(): Locator {
    return this.frame.getByRole("button", { name: "Close the imported usage", exact: true });
  }

  notice(id: string): Locator {
    return this.frame.locator(`[data-notice="${id}"]`);
  }

  async refresh(): Promise<void> {
    await this.frame.locator('[data-action="refresh"]').click();
  }

  chart(id: string): Locator {
    return this.frame.locator(`[data-chart="${id}"]`);
  }

  table(id: string): Locator {
    return this.frame.locator(`[data-table="${id}"]`);
  }
}

/** Runs in the page. */
function contentsOf(app: Element): Contents {
  const all = (selector: string, inside: Element = app) => [
    ...inside.querySelectorAll<HTMLElement>(selector),
  ];
  const text = (element: Element | null | undefined) => element?.textContent?.trim() ?? "";
  const data = (element: Element, name: string) => element.getAttribute(`data-${name}`) ?? "";

  const figures = (selector: string) =>
    Object.fromEntries(
      all(selector).map((one) => {
        const value = one.querySelector(".value");
        const figure = { text: text(value), value: value?.getAttribute("data-value") ?? "" };
        return [data(one, "metric"), { ...figure, detail: text(one.querySelector(".detail")) }];
      }),
    );

  const barsOf = (chart: Element): Bar[] => {
    const bars = all("[data-bar]", chart).map((bar) => ({
      category: data(bar, "category"),
      series: data(bar, "series"),
      value: data(bar, "value"),
    }));
    if (bars.length > 0) return bars;
    // Of many categories the bars are no elements; the same figures are in the table below, when that is open.
    const [head, ...rows] = all("tr", chart);
    const names = head ? all("th", head).map(text) : [];
    return rows.reverse().flatMap((row) =>
      all("th, td", row).flatMap((cell, at) => {
        if (at < 2) return [];
        return [
          { category: text(row.firstElementChild), series: names[at] ?? "", value: cell.title || text(cell) },
        ];
      }),
    );
  };

  const tableOf = (table: Element): TableContents => {
    const heads = all("thead th", table);
    const columns = heads.map((head) => data(head, "column"));
    const rowOf = (row: Element): TableRow => {
      const cells = all("th, td", row);
      const shown = cells.map((cell) => text(cell.querySelector("bdi")));
      const exact = cells.map((cell, at) => cell.getAttribute("data-value") ?? shown[at] ?? "");
      return {
        id: data(row, "row"),
        name: shown[0] ?? "",
        badge: text(cells[0]?.querySelector(".badge")),
        cells: Object.fromEntries(columns.map((column, at) => [column, exact[at] ?? ""])),
        texts: Object.fromEntries(columns.map((column, at) => [column, shown[at] ?? ""])),
      };
    };
    const sorted = heads.find((head) => head.hasAttribute("aria-sort"));
    const foot = table.querySelector("tfoot tr");
    return {
      columns,
      sorted: sorted ? `${data(sorted, "column")} ${sorted.getAttribute("aria-sort")}` : null,
      rows: all("tbody tr[data-row]", table).map(rowOf),
      total: foot ? rowOf(foot) : null,
    };
  };

  const notices = all("[data-notice]");
  return {
    state: data(app, "state"),
    isBusy: app.querySelector(".progress.running") !== null,
    isLoading: app.querySelector("main[aria-busy=true]") !== null,
    spoken: text(app.querySelector("[data-spoken]")),
    section: all("[data-section]").map((one) => data(one, "section"))[0] ?? "",
    nav: all("[data-nav]").map((one) => data(one, "nav")),
    controls: Object.fromEntries(
      all("select[data-control], input[data-control]").map((one) => [
        data(one, "control"),
        (one as HTMLInputElement).value,
      ]),
    ),
    filters: all("[data-filter]").map(text),
    metrics: figures(".metrics.large [data-metric]"),
    own: figures("[data-section] [data-metric]"),
    charts: Object.fromEntries(
      all("[data-chart]").map((one) => [
        data(one, "chart"),
        { title: text(one.querySelector("h3")), bars: barsOf(one) },
      ]),
    ),
    tables: Object.fromEntries(all("[data-table]").map((one) => [data(one, "table"), tableOf(one)])),
    notices: Object.fromEntries(notices.map((one) => [data(one, "notice"), text(one.querySelector("p"))])),
    ownNotices: notices.filter((one) => one.closest("[data-section]")).map((one) => data(one, "notice")),
  };
}
