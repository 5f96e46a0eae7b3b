/** A VS Code and a window on it for the tests of one `describe`; what a failed test leaves behind to look at. */
import { after, before, test } from "node:test";
import { closeBrowser, theBrowser } from "./browser.ts";
import { DemoApi } from "./demoApi.ts";
import { screenshotPath } from "./paths.ts";
import { VsCode, type VsCodeOptions } from "./vscode.ts";
import { Workbench } from "./workbench.ts";

export interface Session {
  demo: DemoApi;
  vscode: VsCode;
  workbench: Workbench;
}

after(closeBrowser); // of all files: they run in one process

/** Every session of this run, in the order of the tests. */
const sessions: Opener[] = [];

type Options = (demo: DemoApi) => Omit<VsCodeOptions, "name"> | Promise<Omit<VsCodeOptions, "name">>;

/**
 * Opens VS Code before the tests of this `describe`, and closes all of it afterwards.
 * @param organisation Options of the demo organisation.
 * @returns `test`, whose function is handed the session. The tests share it, in order, and leave it as they found it.
 */
export function session(name: string, options: Options, ...organisation: string[]) {
  const opener = new Opener(name, options, organisation);
  const at = sessions.push(opener);
  let session: Session | undefined;

  before(
    async () => {
      session = await opener.session();
      // VS Code takes ten seconds to start, mostly of waiting: the next one may as well begin.
      sessions[at]?.session().catch(() => undefined); // It is asked again when its own tests begin.
    },
    { timeout: 120_000 },
  );
  after(() => opener.close(), { timeout: 20_000 });

  return (title: string, check: (session: Session) => Promise<void>) => {
    test(title, { timeout: 120_000 }, async () => {
      if (!session) throw new Error("VS Code did not start");
      try {
        await check(session);
      } catch (error) {
        const file = `failed-${name}-${title}`.replace(/[^\w-]+/g, "-");
        await session.workbench.page.screenshot({ path: screenshotPath(file) }).catch(console.error);
        console.error(`screenshots/${file}.png\n${await session.vscode.logs()}`);
        throw error;
      } finally {
        await session.demo.reset();
      }
    });
  };
}

class Opener {
  readonly #name: string;
  readonly #options: Options;
  readonly #organisation: string[];
  readonly #opened = new AsyncDisposableStack();
  #session: Promise<Session> | undefined;

  constructor(name: string, options: Options, organisation: string[]) {
    this.#name = name;
    this.#options = options;
    this.#organisation = organisation;
  }

  session(): Promise<Session> {
    this.#session ??= this.#open();
    return this.#session;
  }

  async close(): Promise<void> {
    await this.#session?.catch(() => undefined);
    await this.#opened.disposeAsync();
  }

  async #open(): Promise<Session> {
    const [browser, demo] = await Promise.all([theBrowser(), DemoApi.start(...this.#organisation)]);
    this.#opened.defer(() => demo.stop());
    const vscode = await VsCode.start({ name: this.#name, ...(await this.#options(demo)) });
    this.#opened.defer(() => vscode.stop());
    try {
      const workbench = await Workbench.open(browser, vscode.url);
      this.#opened.defer(() => workbench.close());
      return { demo, vscode, workbench };
    } catch (error) {
      console.error(await vscode.logs());
      throw error;
    }
  }
}
