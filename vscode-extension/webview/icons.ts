import { svg } from "./dom";

const PATHS = {
  info: "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13ZM8 7v4.5M8 4.5v1",
  warning: "M8 1.8 15 14H1ZM8 6v4.2M8 11.4v1",
  error: "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13ZM5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8",
  back: "M7 3.5 2.5 8 7 12.5M3 8h10.5",
  chevron: "M3.2 6 8 10.8 12.8 6",
  close: "M4.5 4.5l7 7M11.5 4.5l-7 7",
  copy: "M5.5 5.5h8v8h-8ZM10.5 5.5v-3h-8v8h3",
  descending: "M8 3v9.5M4.5 9 8 12.5 11.5 9",
  ascending: "M8 13V3.5M4.5 7 8 3.5 11.5 7",
  key: "M10.5 2a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7ZM8 8 2.3 13.7M4.2 11.8l1.9 1.9",
  export: "M8 10V2.5M5 5.3 8 2.3l3 3M3 8.5v5h10v-5",
  import: "M8 2.5V10M5 7.2l3 3 3-3M3 8.5v5h10v-5",
  refresh: "M13.5 8A5.5 5.5 0 1 1 11.6 3.8L13.6 5.6M13.8 2.2v3.5h-3.5",
};

/** A line icon in the text's colour; decoration only, the words beside it say the same. */
export function icon(name: keyof typeof PATHS): SVGSVGElement {
  return svg(
    "svg",
    { class: `icon ${name}`, viewBox: "0 0 16 16", "aria-hidden": "true" },
    svg("path", { d: PATHS[name] }),
  );
}
