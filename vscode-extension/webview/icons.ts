import { svg } from "./dom";

const PATHS = {
  info: "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13ZM8 7v4.5M8 4.5v1",
  warning: "M8 1.8 15 14H1ZM8 6v4.2M8 11.4v1",
  error: "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13ZM5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8",
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
