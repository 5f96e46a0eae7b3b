/** The panel's page inside its webview, found by the hooks it offers (`data-…`). */
import type { FrameLocator, Locator, Page } from "playwright-core";

export interface Bar {
  category: string;
  series: string;
  value: string;
}

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

  metric(id: string): Locator {
    return this.frame.locator(`[data-metric="${id}"] .value`);
  }

  /** The exact value behind a metric's text. */
  metricValue(id: string): Promise<string> {
    // Where the text is exact already, there is no title.
    return this.metric(id).evaluate((value) => value.getAttribute("title") ?? value.textContent ?? "");
  }

  control(id: "period" | "groupBy"): Locator {
    return this.frame.locator(`[data-control="${id}"]`);
  }

  /** Chooses in a drop-down. The page that answers comes when it comes. */
  async choose(id: "period" | "groupBy", option: string): Promise<void> {
    await this.control(id).selectOption(option);
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

  bars(chart: string): Promise<Bar[]> {
    return this.chart(chart)
      .locator("[data-bar]")
      .evaluateAll((bars) =>
        bars.map((bar) => ({
          category: bar.getAttribute("data-category") ?? "",
          series: bar.getAttribute("data-series") ?? "",
          value: bar.getAttribute("data-value") ?? "",
        })),
      );
  }

  table(id: string): Locator {
    return this.frame.locator(`[data-table="${id}"]`);
  }

  /** All rows of a table by id, each as its cells' exact values, or texts where there is no other value. */
  async rows(table: string): Promise<Map<string, string[]>> {
    const more = this.table(table).locator('.more[aria-expanded="false"]');
    if (await more.count()) await more.click();
    const rows = await this.table(table)
      .locator("tbody tr[data-row]")
      .evaluateAll((rows) =>
        rows.map((row): [string, string[]] => [
          row.getAttribute("data-row") ?? "",
          [...row.querySelectorAll("th, td")].map(
            (cell) => cell.getAttribute("title") ?? cell.textContent ?? "",
          ),
        ]),
      );
    return new Map(rows);
  }
}
