import { workspace } from "vscode";
import { SETTINGS_SECTION } from "./protocol";

/** A setting that is a text, empty where it is not set; undefined where settings.json holds something else. */
export function textSetting(name: string): string | undefined {
  const value = workspace.getConfiguration(SETTINGS_SECTION).get<unknown>(name) ?? "";
  return typeof value === "string" ? value.trim() : undefined;
}
