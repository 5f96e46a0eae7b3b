import {
  type InputBoxValidationMessage,
  InputBoxValidationSeverity,
  type SecretStorage,
  ThemeIcon,
  window,
} from "vscode";
import { openKeysPage } from "./keysPage";
import { textSetting } from "./settings";

const SECRET = "openaiUsage.adminKey";
const PREFIX = "sk-admin-";
/** What other keys of OpenAI's begin with, and what they are. The last one fits all. */
const OTHERS = [
  ["sk-proj-", "project key"],
  ["sk-svcacct-", "service account's key"],
  ["sk-", "user's API key"],
] as const;
const SESSION = "sess-";

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
    input.validationMessage = isBeginning(key) ? undefined : objectionTo(key);
  });
  try {
    return await new Promise((resolve) => {
      input.onDidAccept(() => {
        const key = input.value.trim();
        const objection = key === "" ? refusal("Paste an admin key, or press Escape.") : objectionTo(key);
        if (objection?.severity === InputBoxValidationSeverity.Error) input.validationMessage = objection;
        else resolve(key);
      });
      input.onDidHide(() => resolve(undefined));
      input.show();
    });
  } finally {
    input.dispose();
  }
}

/** What is to be said of the key: an error where it is of no use, a warning where it is of little; else undefined. */
function objectionTo(key: string): InputBoxValidationMessage | undefined {
  if (!/^[\x21-\x7e]+$/.test(key))
    return refusal("No key holds spaces or such characters. Copy it once more, alone.");
  // Another address may have keys of its own kind.
  if (!isSentToOpenAI()) return undefined;
  if (isBeginning(key)) return refusal("This is only the beginning of a key. Copy it once more, all of it.");
  if (key.startsWith(PREFIX)) return undefined;
  const needed = "Usage is read with an admin key (sk-admin-…), made by an organisation owner.";
  const isOrganizationOnly = textSetting("source") === "organization";
  if (key.startsWith(SESSION)) {
    const what = "This is a session token of a browser.";
    return isOrganizationOnly
      ? refusal(`${what} ${needed}`)
      : warning(`${what} It reads the endpoints of 2023, until it expires.`);
  }
  const [, kind] = OTHERS.find(([prefix]) => key.startsWith(prefix)) ?? [];
  if (kind === undefined) return refusal(`An admin key starts with ${PREFIX}. ${needed}`);
  return isOrganizationOnly
    ? refusal(`This is a ${kind}. ${needed}`)
    : warning(
        `This is a ${kind}. Usage is read with an admin key; with this one only OpenAI's endpoints of 2023 can be tried, which tell little.`,
      );
}

function refusal(message: string): InputBoxValidationMessage {
  return { message, severity: InputBoxValidationSeverity.Error };
}

function warning(message: string): InputBoxValidationMessage {
  return { message, severity: InputBoxValidationSeverity.Warning };
}

/** Whether it may become a key of OpenAI's, as it is typed. */
function isBeginning(key: string): boolean {
  return [PREFIX, SESSION, ...OTHERS.map(([prefix]) => prefix)].some((prefix) => prefix.startsWith(key));
}

function isSentToOpenAI(): boolean {
  const address = textSetting("baseUrl") || process.env.OPENAI_BASE_URL || "https://api.openai.com/v1";
  try {
    return /(^|\.)openai\.com$/.test(new URL(address).hostname);
  } catch {
    return true; // The server will say that this is no address, and use OpenAI's.
  }
}
