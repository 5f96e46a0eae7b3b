// What goes between this page and the extension.

import type { Command, PanelView, Selection } from "../src/protocol";

export type ToPage = { type: "view"; view: PanelView };

export type FromPage =
  | { type: "ready" }
  | { type: "select"; selection: Selection }
  | { type: "command"; command: Command };

/** The attribute that makes a click send `message`. */
export function post(message: FromPage): { "data-post": string } {
  return { "data-post": JSON.stringify(message) };
}
