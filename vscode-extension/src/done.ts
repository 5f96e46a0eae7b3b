import { window } from "vscode";

/** Milliseconds. */
const FOR = 3_000;

/** Says for a moment, in the status bar, that something was done. */
export function tellDone(text: string): void {
  window.setStatusBarMessage(`$(check) ${text}`, FOR);
}
