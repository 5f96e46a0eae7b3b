/** VS Code's window as a user sees it: status bar, command palette, input boxes, notifications, editors. */
import type { Browser, Locator, Page } from "playwright-core";
import { eventually } from "./eventually.ts";
import { screenshotPath } from "./paths.ts";
import { UsagePanel } from "./usagePanel.ts";

const SIZE = { width: 1280, height: 800 };

export class Workbench {
  readonly page: Page;
  readonly status: StatusItem;
  readonly panel: UsagePanel;
  /** The box at the top that asks for something or finds something. */
  readonly quickInput: Locator;
  readonly notifications: Locator;

  private constructor(page: Page) {
    this.page = page;
    this.status = new StatusItem(page);
    this.panel = new UsagePanel(page);
    this.quickInput = page.locator(".quick-input-widget:visible");
    this.notifications = page.locator(".notification-toast");
  }

  /** A window of its own: what VS Code keeps in the browser, secrets among them, is not shared with another. */
  static async open(browser: Browser, url: string): Promise<Workbench> {
    // Days are counted in UTC, wherever the user sits: +13 shows a mistake for most of the day.
    const context = await browser.newContext({
      viewport: SIZE,
      timezoneId: "Pacific/Auckland",
      locale: "en-US",
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const workbench = await Workbench.#opened(await context.newPage(), url);
    await workbench.run("View: Close Primary Side Bar");
    return workbench;
  }

  static async #opened(page: Page, url: string): Promise<Workbench> {
    page.setDefaultTimeout(15_000);
    const workbench = new Workbench(page);
    await page.goto(url);
    await workbench.#started();
    return workbench;
  }

  /** Another window of the same user's, closed when `use` is done. */
  async besides(url: string, use: (other: Workbench) => Promise<void>): Promise<void> {
    const other = await Workbench.#opened(await this.page.context().newPage(), url);
    try {
      await use(other);
    } finally {
      await other.page.close();
      await this.page.bringToFront();
    }
  }

  /** As a user reloads the window: VS Code first writes down what is open. */
  async reload(): Promise<void> {
    const loaded = this.page.waitForEvent("load");
    await this.run("Developer: Reload Window");
    await loaded;
    await this.#started();
  }

  /** All that VS Code keeps in the browser for this user, as one text: state of editors and extensions among it. */
  async kept(): Promise<string> {
    return this.page.evaluate(async () => {
      const done = <T>(request: IDBRequest<T>) =>
        new Promise<T>((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        });
      const texts: string[] = [];
      for (const { name = "" } of await indexedDB.databases()) {
        const database = await done(indexedDB.open(name));
        for (const store of database.objectStoreNames) {
          const values: unknown[] = await done(database.transaction(store).objectStore(store).getAll());
          texts.push(...values.map((value) => (typeof value === "string" ? value : JSON.stringify(value))));
        }
        database.close();
      }
      return texts.join("\n");
    });
  }

  async #started(): Promise<void> {
    await this.status.item.waitFor({ timeout: 45_000 });
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }

  /** Runs a command by its title, from the palette. */
  async run(title: string): Promise<void> {
    // The one before fades out, and would take this one with it.
    await this.quickInput.waitFor({ state: "hidden" });
    const input = this.quickInput.locator("input.input");
    await eventually(async () => {
      // It goes nowhere while the focus moves, as to an editor that has just been opened.
      await this.page.keyboard.press("F1");
      await input.waitFor({ timeout: 2_000 });
    });
    await input.fill(`>${title}`);
    // What is found loosely, or was used lately, may stand above it.
    const exactly = this.page.getByText(title, { exact: true });
    await this.quickInput.locator(".monaco-list-row").filter({ has: exactly }).first().click();
  }

  /** Types into the input box, as soon as that is the one for the key. */
  async typeKey(key: string): Promise<void> {
    const input = this.quickInput.locator('input[type="password"]');
    await input.waitFor();
    await input.fill(key);
  }

  async setKey(key: string): Promise<void> {
    await this.run("OpenAI: Set admin key");
    await this.typeKey(key);
    await this.page.keyboard.press("Enter");
  }

  /** Of the extension's log. */
  async setLogLevel(level: "Info" | "Trace"): Promise<void> {
    await this.run("Developer: Set Log Level...");
    for (const choice of ["OpenAI Usage", level])
      await this.quickInput.locator(".monaco-list-row").filter({ hasText: choice }).first().click();
  }

  /** Opens a file of the workspace, by its name. */
  async openFile(name: string): Promise<void> {
    await this.run("Go to File...");
    await this.quickInput.locator("input.input").fill(name);
    await this.quickInput.locator(".monaco-list-row").filter({ hasText: name }).first().click();
    await this.tabs(name).waitFor();
  }

  /** The tabs of the editors of that name. */
  tabs(name: string): Locator {
    return this.page.locator(".tabs-container .tab").filter({ hasText: name });
  }

  /** The file name is the screenshot's name; the folder is not in git. */
  async screenshot(name: string): Promise<void> {
    await this.page.evaluate(async () => {
      const ending = document.getAnimations().filter(({ effect }) => {
        return effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY;
      });
      await Promise.allSettled(ending.map((animation) => animation.finished));
    });
    await this.page.screenshot({ path: screenshotPath(name) });
  }
}

/** The extension's item in the status bar. */
export class StatusItem {
  readonly item: Locator;
  readonly #tooltip: Locator;
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    this.item = page.locator('.statusbar-item[id^="openai-usage.openai-usage."]');
    this.#tooltip = page.locator(".monaco-hover:visible").filter({ hasText: "OpenAI" });
  }

  /** Its text as the extension set it, with "$(icon)" where there is an icon. */
  text(): Promise<string> {
    return this.item.locator(".statusbar-item-label").evaluate((label) => {
      const parts = [...label.childNodes].map((node) => {
        const icon = node instanceof Element ? /codicon-([a-z-]+)/.exec(node.className)?.[1] : undefined;
        return icon ? `$(${icon})` : (node.textContent ?? "");
      });
      return parts.join("").replaceAll("\u00a0", " ").trim();
    });
  }

  /** What a screen reader says. */
  async spoken(): Promise<string> {
    return (await this.item.getAttribute("aria-label")) ?? "";
  }

  /** Waits until the text is or matches `expected`, and returns it. */
  async shows(expected: string | RegExp, milliseconds?: number): Promise<string> {
    return eventually(async () => {
      const text = await this.text();
      const fits = typeof expected === "string" ? text === expected : expected.test(text);
      if (!fits) throw new Error(`the status bar shows ${JSON.stringify(text)}, not ${expected}`);
      return text;
    }, milliseconds);
  }

  /** Points at the item and returns the tooltip, which is there until `leave`. */
  async hover(): Promise<Locator> {
    await this.leave();
    await this.item.hover();
    await this.#tooltip.waitFor();
    return this.#tooltip;
  }

  /** Takes the pointer away, to where VS Code sees it: over a webview it would not. */
  async leave(): Promise<void> {
    await this.#page.mouse.move(200, 18);
    await this.#tooltip.waitFor({ state: "hidden" });
  }

  /** The tooltip's text. */
  async tooltip(): Promise<string> {
    const text = await (await this.hover()).innerText();
    await this.leave();
    return text;
  }

  /** As with a mouse, which then moves on. */
  async click(): Promise<void> {
    await this.item.click();
    await this.leave();
  }
}
