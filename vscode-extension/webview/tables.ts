import type { Cell, Row, Table } from "../src/protocol";
import { h } from "./dom";
import { post } from "./messages";

/** Rows shown before the reader asks for all. */
const FIRST_ROWS = 10;

/** @param under The heading above it, which is not said twice. */
export function table(view: Table, under: string, expanded: boolean): HTMLElement {
  const shown = expanded ? view.rows : view.rows.slice(0, FIRST_ROWS);
  const shares = sharesOf(view);
  const head = view.columns.map((column) => h("th", { scope: "col", class: column.align }, column.title));
  return h(
    "div",
    { class: "table", "data-key": `table-${view.id}`, "data-table": view.id },
    view.title === under ? null : h("h3", {}, view.title),
    scrollBox(
      view.title,
      h(
        "table",
        {},
        h("caption", { class: "hidden" }, view.title),
        h("thead", {}, h("tr", {}, ...head)),
        h("tbody", {}, ...shown.map((one, index) => row(view, one, shares[index] ?? 0))),
        view.total ? h("tfoot", {}, row(view, view.total, 0)) : null,
      ),
    ),
    view.rows.length > FIRST_ROWS
      ? h(
          "button",
          { type: "button", class: "link more", "data-expand": view.id, "aria-expanded": String(expanded) },
          expanded ? `Show first ${FIRST_ROWS}` : `Show all ${view.rows.length}`,
        )
      : null,
  );
}

/** Room for something wide; `main` makes it reachable by keyboard while it scrolls. */
export function scrollBox(label: string, content: HTMLElement): HTMLElement {
  return h("div", { class: "scroll", role: "group", "aria-label": label }, content);
}

/** How long each row's bar is, from its first number against the largest one. */
function sharesOf(view: Table): number[] {
  const numbers = view.rows.map(({ cells }) => Number(cells.find((cell) => cell.value != null)?.value ?? 0));
  const largest = Math.max(0, ...numbers);
  return numbers.map((number) => (largest > 0 && number > 0 ? number / largest : 0));
}

function row(view: Table, { id, cells, select }: Row, share: number): HTMLElement {
  const [first, ...rest] = cells;
  const action = select
    ? { type: "button", class: "link row-link", ...post({ type: "select", selection: select }) }
    : null;
  const name = h("bdi", {}, first?.text);
  return h(
    "tr",
    { "data-key": `row-${id}`, "data-row": id },
    h(
      "th",
      { scope: "row", class: view.columns[0]?.align, title: titleOf(first) ?? first?.text },
      share > 0 ? h("span", { class: "share", "--share": share.toFixed(4) }) : null,
      action ? h("button", action, name) : name,
    ),
    ...rest.map((cell, index) =>
      h("td", { class: view.columns[index + 1]?.align, title: titleOf(cell) }, h("bdi", {}, cell.text)),
    ),
  );
}

/** The exact value, where the text is not that already. */
function titleOf(cell: Cell | undefined): string | null {
  return cell?.value != null && cell.value !== cell.text ? cell.value : null;
}
