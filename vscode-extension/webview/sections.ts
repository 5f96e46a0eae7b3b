// Which section is shown, and whether there is anything in it.

import type { PanelView, Section } from "../src/protocol";

/** The one section of the view that is filled. */
export function currentSection(view: PanelView): Section | undefined {
  return view.sections.find(({ id }) => id === view.selection.section) ?? view.sections[0];
}

/** Whether its contents are still on their way. */
export function isAwaited({ charts, tables, notices, metrics }: Section, view: PanelView): boolean {
  const isEmpty = [charts, tables, notices, metrics].every((all) => all.length === 0);
  return isEmpty && (view.busy || view.outdated === true);
}
