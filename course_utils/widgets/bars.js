// The probabilities of a network, as bars.

import { COLORS, add, number } from "./parts.js";

export const BARS_STYLE = `
.course-widget .bar { display: grid; grid-template-columns: minmax(1.2em, max-content) 1fr 3.6em; gap: 8px;
  align-items: center; }
.course-widget .track { height: 13px; border: 1px solid var(--line); }
.course-widget .fill { height: 100%; width: 0; }
.course-widget .percent { text-align: right; white-space: nowrap; }
`;

/** 0.982 as "98 %". */
export const percent = (part) => `${number(100 * part, 0)} %`;

/**
 * A bar for each class; the longest is orange.
 * @param {Element} parent
 * @param {string[]} classes
 * @returns {(probabilities: ArrayLike<number>) => void} draws the bars
 */
export function barsIn(parent, classes) {
  const bars = classes.map((name) => {
    const bar = add(parent, "div", { className: "bar" });
    add(bar, "span", { textContent: name });
    const fill = add(add(bar, "div", { className: "track" }), "div", { className: "fill" });
    return { bar, fill, text: add(bar, "span", { className: "percent" }) };
  });
  return (probabilities) => {
    const best = probabilities.indexOf(Math.max(...probabilities));
    bars.forEach(({ bar, fill, text }, i) => {
      bar.style.fontWeight = i === best ? "bold" : "normal";
      fill.style.width = `${100 * probabilities[i]}%`;
      fill.style.background = COLORS[i === best ? 1 : 0];
      text.textContent = percent(probabilities[i]);
    });
  };
}
