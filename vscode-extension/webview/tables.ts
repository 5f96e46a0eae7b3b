import { type Cell, COPY_TABLE, type Column, type Row, type Table } from "../src/protocol";
import { countText } from "./axis";
import { h } from "./dom";
import { icon } from "./icons";
import { runs, selects } from "./messages";

/** @param under The heading above it, which is not said twice. */
export function table(view: Table, under: string, locale: string): HTMLElement {
  const shares = sharesOf(view);
  return h(
    "div",
    { class: "table", "data-key": `table-${view.id}`, "data-table": view.id },
    headingLine(view, under, locale),
    scrollBox(
      view.title,
      h(
        "table",
        {},
        h("caption", { class: "hidden" }, view.title),
        h("thead", {}, h("tr", {}, ...view.columns.map(heading))),
        h("tbody", {}, ...view.rows.map((one, index) => row(view, one, shares[index] ?? 0))),
        view.total ? h("tfoot", {}, row(view, view.total, 0)) : null,
      ),
    ),
    more(view, locale),
  );
}

/** Room for something wide; `main` makes it reachable by keyboard while it scrolls. */
export function scrollBox(label: string, content: HTMLElement): HTMLElement {
  return h("div", { class: "scroll", role: "group", "aria-label": label }, content);
}

function headingLine(view: Table, under: string, locale: string): HTMLElement {
  const { id, title, rows, rowCount, open } = view;
  const copy = `Copy ${title} as Markdown`;
  const isPart = rows.length < rowCount;
  const { shown, all } = counts(view, locale);
  // What it opens has more columns too.
  const opens = isPart ? "Show all" : "Details";
  return h(
    "div",
    { class: "table-heading" },
    title === under ? null : h("h3", {}, title),
    isPart ? h("span", { class: "part" }, `${shown} of ${all}`) : null,
    open
      ? h(
          "button",
          {
            type: "button",
            class: "link",
            "data-open": id,
            "aria-label": `${opens}: ${title}`,
            ...selects(open),
          },
          opens,
        )
      : null,
    h(
      "button",
      {
        type: "button",
        class: "quiet",
        title: copy,
        "aria-label": copy,
        "data-action": "copy",
        ...runs({ title: copy, command: COPY_TABLE, arguments: [id] }),
      },
      icon("copy"),
    ),
  );
}

function heading({ id, title, align, sorted, select }: Column): HTMLElement {
  const order = sorted ? { class: "order", "data-order": sorted } : { class: "order" };
  return h(
    "th",
    { scope: "col", class: align, "aria-sort": sorted, "data-column": id },
    select
      ? h(
          "button",
          { type: "button", class: "sort", "data-sort": id, ...selects(select) },
          h("span", {}, title),
          h("span", order, icon(sorted ?? "descending")),
        )
      : title,
  );
}

/** How many rows are there and how many in all. What is not attributed is a row, but none of its kind. */
function counts({ rows, rowCount }: Table, locale: string): { shown: string; all: string } {
  const others = rows.filter(({ isRemainder }) => isRemainder).length;
  return { shown: countText(rows.length - others, locale), all: countText(rowCount - others, locale) };
}

function more(view: Table, locale: string): HTMLElement | null {
  const { id, title, rows, rowCount, more: select } = view;
  if (!select) return null;
  // Of a very long table not even "all" is sent: what the click leads to tells.
  const isWhole = rows.length >= rowCount || !select.allRows?.includes(id);
  const text = isWhole ? "Show fewer" : `Show all ${counts(view, locale).all}`;
  return h(
    "button",
    {
      type: "button",
      class: "link more",
      "data-expand": id,
      "aria-expanded": String(isWhole),
      "aria-label": `${text}: ${title}`,
      ...selects(select),
    },
    text,
  );
}

/** How long each row's bar is, from the first column with numbers, against the largest one. */
function sharesOf({ rows, columns, bars }: Table): number[] {
  const column = columns.findIndex(({ id }) => id === bars);
  const numbers = rows.map(({ cells }) => Number(cells[column]?.value ?? 0));
  const largest = Math.max(0, ...numbers);
  return numbers.map((number) => (largest > 0 && number > 0 ? number / largest : 0));
}

function row(view: Table, { id, cells, select, isRemainder }: Row, share: number): HTMLElement {
  const [first, ...rest] = cells;
  const name = h("bdi", { class: "name" }, first?.text);
  const action = select ? { type: "button", class: "link row-link", ...selects(select) } : null;
  return h(
    "tr",
    { class: isRemainder ? "remainder" : null, "data-key": `row-${id}`, "data-row": id },
    h(
      "th",
      { scope: "row", class: view.columns[0]?.align, title: titleOf(first) ?? words(first) },
      share > 0 ? h("span", { class: "share", "--share": share.toFixed(4) }) : null,
      action ? h("button", action, name) : name,
      badgeOf(first),
      detailOf(first),
    ),
    ...rest.map((cell, index) =>
      h(
        "td",
        { class: view.columns[index + 1]?.align, title: titleOf(cell), "data-value": cell.value },
        h("bdi", {}, cell.text),
        badgeOf(cell),
        detailOf(cell),
      ),
    ),
  );
}

function badgeOf(cell: Cell | undefined): HTMLElement | null {
  return cell?.badge ? h("bdi", { class: "badge" }, cell.badge) : null;
}

function detailOf(cell: Cell | undefined): HTMLElement | null {
  return cell?.detail ? h("bdi", { class: "detail" }, cell.detail) : null;
}

function words(cell: Cell | undefined): string {
  return [cell?.text, cell?.badge, cell?.detail].filter(Boolean).join(" · ");
}

/** What the view says on hover, else the exact value, where the text is not that already. */
function titleOf(cell: Cell | undefined): string | null {
  return cell?.title ?? (cell?.value != null && cell.value !== cell.text ? cell.value : null);
}
