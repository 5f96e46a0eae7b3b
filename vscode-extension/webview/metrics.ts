// Figures in boxes.

import type { Estimate, Metric } from "../src/protocol";
import { h } from "./dom";

export function metrics(all: Metric[], key: string, size: "large" | "small"): HTMLElement {
  return h("dl", { class: `metrics ${size}`, "data-key": key }, ...all.map(metric));
}

function metric(shown: Metric): HTMLElement {
  const { id, label, value, text, detail, change, estimate, share, severity } = shown;
  const part = share == null ? Number.NaN : Number(share);
  return h(
    "div",
    { class: `metric ${severity}`, "data-key": `metric-${id}`, "data-metric": id },
    h("dt", {}, label),
    h(
      "dd",
      {
        class: "value",
        title: value !== text ? value : null,
        "data-value": value,
        "--characters": text.length,
      },
      text,
    ),
    change
      ? h(
          "dd",
          { class: "change", title: change.detail },
          change.text,
          h("span", { class: "hidden" }, ` ${change.detail}`),
        )
      : null,
    estimate ? estimated(estimate) : null,
    Number.isFinite(part) ? h("dd", { class: "meter-line" }, meter(label, part)) : null,
    detail ? h("dd", { class: "detail" }, detail) : null,
  );
}

/** It must not pass for what was billed: neither to the eyes nor to the ears. */
function estimated({ value, text, detail, title }: Estimate): HTMLElement {
  return h(
    "dd",
    { class: "estimate", title: title ?? value, "data-value": value },
    h("span", { class: "hidden" }, "Estimated: "),
    h("span", { class: "amount" }, text),
    ` ${detail}`,
  );
}

/** How much of the whole; beyond it, the bar is the part and a line in it is where the whole ends. */
function meter(label: string, part: number): HTMLElement {
  const percent = Math.round(Math.max(0, part) * 100);
  return h("span", {
    class: part > 1 ? "meter over" : "meter",
    role: "meter",
    "aria-label": label,
    "aria-valuemin": 0,
    "aria-valuemax": Math.max(100, percent),
    "aria-valuenow": percent,
    "aria-valuetext": `${percent}%`,
    "--share": Math.min(1, Math.max(0, part)).toFixed(4),
    "--whole": part > 1 ? (1 / part).toFixed(4) : null,
  });
}
