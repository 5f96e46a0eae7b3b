import { env, Uri } from "vscode";

const KEYS_PAGE = "https://platform.openai.com/settings/organization/admin-keys";

/** Opens OpenAI's page on which admin keys are made. */
export async function openKeysPage(): Promise<void> {
  await env.openExternal(Uri.parse(KEYS_PAGE));
}
