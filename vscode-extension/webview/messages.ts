// What goes between this page and the extension.

import type { Command, PanelView, Selection } from "../src/protocol";

export type ToPage = { type: "view"; view: PanelView };

export type FromPage =
  | { type: "ready" }
  | { type: "select"; selection: Selection }
  | { type: "command"; command: Command };

/** The attribute that makes a click send `message`. */
function post(message: FromPage): { "data-post": string } {
  return { "data-post": JSON.stringify(message) };
}

/** The attribute that makes a click choose what is shown. */
export function selects(selection: Selection): { "data-post": string } {
  return post({ type: "select", selection });
}

/** The attribute that makes a click run a command of the editor. */
export function runs(command: Command): { "data-post": string } {
  return post({ type: "command", command });
}

/** The event by which a part of the page with states of its own chooses what is shown. */
export const CHOICE = "usage-choice";

export function choose(from: Element, selection: Selection): void {
  from.dispatchEvent(new CustomEvent<Selection>(CHOICE, { bubbles: true, detail: selection }));
}
