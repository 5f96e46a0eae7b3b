// What the user should know, with the next step.

import type { Command, Notice } from "../src/protocol";
import { h } from "./dom";
import { icon } from "./icons";
import { runs } from "./messages";

export function notices(all: Notice[], key: string): HTMLElement {
  return h("div", { class: "notices", "data-key": key, "aria-live": "polite" }, ...all.map(notice));
}

function notice({ id, severity, text, command, more }: Notice): HTMLElement {
  return h(
    "div",
    { class: `notice ${severity}`, "data-key": `notice-${id}`, "data-notice": id, "data-severity": severity },
    icon(severity),
    h("p", {}, text),
    command ? step(command, "secondary") : null,
    further(more ?? []),
  );
}

/** The page without figures: the one thing to know. */
export function emptyState(main: Notice | undefined): HTMLElement {
  if (!main) return h("div", { class: "empty" }, h("p", {}, "Nothing to show yet."));
  const { id, severity, text, command, more } = main;
  return h(
    "div",
    { class: `empty ${severity}`, role: "status", "data-notice": id, "data-severity": severity },
    icon(severity),
    h("p", {}, text),
    command ? step(command, "primary") : null,
    further(more ?? []),
  );
}

/** Further steps. Several are a list to choose from, each with all of its words. */
function further(commands: Command[]): HTMLElement | null {
  const [only, ...others] = commands;
  if (only === undefined) return null;
  if (others.length === 0) return step(only, "secondary");
  const items = commands.map((one) => h("li", {}, step(one, "secondary")));
  return h("ul", { class: "further" }, ...items);
}

function step(command: Command, look: string): HTMLElement {
  return h("button", { type: "button", class: look, ...runs(command) }, command.title);
}
