import { InputBoxValidationSeverity, type SecretStorage, ThemeIcon, window } from "vscode";
import { openKeysPage } from "./keysPage";
import { textSetting } from "./settings";

const SECRET = "openaiUsage.adminKey";
const PREFIX = "sk-admin-";

/** The admin key in VS Code's SecretStorage, and how the user sets and forgets it. */
export class AdminKey {
  readonly #secrets: SecretStorage;

  constructor(secrets: SecretStorage) {
    this.#secrets = secrets;
  }

  async stored(): Promise<string | undefined> {
    return (await this.#secrets.get(SECRET)) || undefined;
  }

  /** Called when the key changed, in this window or another. */
  onDidChange(listener: () => void) {
    return this.#secrets.onDidChange(({ key }) => {
      if (key === SECRET) listener();
    });
  }

  /**
   * Asks for the key and stores it.
   *
   * @returns Whether it is the one that was stored already: then nothing has changed, and nothing else tells of it.
   */
  async set(): Promise<boolean> {
    const key = await askForKey();
    if (key === undefined) return false;
    if (key === (await this.stored())) return true;
    await this.#secrets.store(SECRET, key);
    return false;
  }

  /**
   * Deletes the key, once the user has agreed.
   *
   * @param erase Erases what was fetched with the key, where the user wants that, too; tells itself where it cannot.
   */
  async forget(erase: () => Promise<void>): Promise<void> {
    const fromEnvironment = process.env.OPENAI_ADMIN_KEY
      ? " OPENAI_ADMIN_KEY in the environment is used."
      : "";
    if ((await this.stored()) === undefined) {
      void window.showInformationMessage(`VS Code keeps no admin key.${fromEnvironment}`);
      return;
    }
    const forget = "Forget";
    const forgetAndErase = "Forget and Erase Data";
    const answer = await window.showWarningMessage(
      "Forget the admin key that VS Code keeps?",
      {
        modal: true,
        detail:
          "The usage that was fetched with it is kept on this computer; it can be erased with the key.\n\n" +
          `OpenAI goes on accepting the key until it is deleted there.${fromEnvironment.replace("is used", "will be used")}`,
      },
      forget,
      forgetAndErase,
    );
    if (answer === undefined) return;
    // First: without the key, the server of every window starts anew and no longer knows whose data that was.
    if (answer === forgetAndErase) await erase();
    await this.#secrets.delete(SECRET);
  }
}

async function askForKey(): Promise<string | undefined> {
  const input = window.createInputBox();
  input.title = "Set admin key";
  input.prompt =
    "An admin key of your organisation; the button above opens the page that makes one. " +
    "VS Code keeps it in its secret storage.";
  input.placeholder = "sk-admin-…";
  input.password = true;
  input.ignoreFocusOut = true; // The key is fetched from another window.
  input.buttons = [
    { iconPath: new ThemeIcon("link-external"), tooltip: "Make an admin key (opens platform.openai.com)" },
  ];
  input.onDidTriggerButton(() => void openKeysPage());
  input.onDidChangeValue(() => {
    const key = input.value.trim();
    const problem = PREFIX.startsWith(key) ? undefined : problemWith(key);
    input.validationMessage = problem && { message: problem, severity: InputBoxValidationSeverity.Error };
  });
  try {
    return await new Promise((resolve) => {
      input.onDidAccept(() => {
        const key = input.value.trim();
        const problem = key === "" ? "Paste an admin key, or press Escape." : problemWith(key);
        if (problem === undefined) resolve(key);
        else input.validationMessage = problem;
      });
      input.onDidHide(() => resolve(undefined));
      input.show();
    });
  } finally {
    input.dispose();
  }
}

/** What is wrong with the key, and where to get the right one; undefined where nothing is. */
function problemWith(key: string): string | undefined {
  if (!/^[\x21-\x7e]+$/.test(key)) return "No key holds spaces or such characters. Copy it once more, alone.";
  // Another address may have keys of its own kind.
  if (!isSentToOpenAI()) return undefined;
  if (PREFIX.startsWith(key)) return "This is only the beginning of a key. Copy it once more, all of it.";
  if (key.startsWith(PREFIX)) return undefined;
  const needed = "Usage is read with an admin key (sk-admin-…), made by an organisation owner.";
  if (key.startsWith("sk-proj-")) return `This is a project key. ${needed}`;
  if (key.startsWith("sk-svcacct-")) return `This is a service account's key. ${needed}`;
  if (key.startsWith("sk-")) return `This is a user's API key. ${needed}`;
  return `An admin key starts with ${PREFIX}. ${needed}`;
}

function isSentToOpenAI(): boolean {
  const address = textSetting("baseUrl") || process.env.OPENAI_BASE_URL || "https://api.openai.com/v1";
  try {
    return /(^|\.)openai\.com$/.test(new URL(address).hostname);
  } catch {
    return true; // The server will say that this is no address, and use OpenAI's.
  }
}
