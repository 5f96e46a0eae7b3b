import {
  env,
  InputBoxValidationSeverity,
  type SecretStorage,
  ThemeIcon,
  Uri,
  window,
  workspace,
} from "vscode";
import { SETTINGS_SECTION } from "./protocol";

const SECRET = "openaiUsage.adminKey";
const KEYS_PAGE = "https://platform.openai.com/settings/organization/admin-keys";

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

  /** Asks for the key and stores it. */
  async set(): Promise<void> {
    const key = await askForKey();
    if (key !== undefined) await this.#secrets.store(SECRET, key);
  }

  /** Deletes the key, once the user has agreed. */
  async forget(): Promise<void> {
    const fromEnvironment = process.env.OPENAI_ADMIN_KEY
      ? " OPENAI_ADMIN_KEY in the environment is used."
      : "";
    if ((await this.stored()) === undefined) {
      void window.showInformationMessage(`VS Code keeps no admin key.${fromEnvironment}`);
      return;
    }
    const forget = "Forget";
    const answer = await window.showWarningMessage(
      "Forget the admin key that VS Code keeps?",
      {
        modal: true,
        detail: `OpenAI goes on accepting the key until it is deleted there.${fromEnvironment.replace("is used", "will be used")}`,
      },
      forget,
    );
    if (answer === forget) await this.#secrets.delete(SECRET);
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
  input.onDidTriggerButton(() => env.openExternal(Uri.parse(KEYS_PAGE)));
  input.onDidChangeValue(() => {
    const key = input.value.trim();
    const problem = key === "" ? undefined : problemWith(key);
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
  if (!isSentToOpenAI() || key.startsWith("sk-admin-")) return undefined;
  const needed = "Usage is read with an admin key (sk-admin-…), made by an organisation owner.";
  if (key.startsWith("sk-proj-")) return `This is a project key. ${needed}`;
  if (key.startsWith("sk-svcacct-")) return `This is a service account's key. ${needed}`;
  if (key.startsWith("sk-")) return `This is a user's API key. ${needed}`;
  // Nothing is wrong yet while the prefix is still being typed.
  return "sk-admin-".startsWith(key) ? undefined : `An admin key starts with sk-admin-. ${needed}`;
}

function isSentToOpenAI(): boolean {
  const setting = workspace.getConfiguration(SETTINGS_SECTION).get<string>("baseUrl", "");
  const address = setting.trim() || process.env.OPENAI_BASE_URL || "https://api.openai.com/v1";
  try {
    return /(^|\.)openai\.com$/.test(new URL(address).hostname);
  } catch {
    return true; // The server will say that this is no address, and use OpenAI's.
  }
}
