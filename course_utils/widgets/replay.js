// A stored training, moment by moment: the kernels of the first layer, loss and accuracy, and the table of mistakes.
// replay.py gives, for M moments: steps and epochs, loss, training (loss and accuracy over an epoch, or null), and as
// arrays kernels (M, K, h, w) and confusion (M, classes, classes). Nothing is computed here but what stands in them.

import {
  add, atMostOnceAFrame, button, COLORS, field, frame, inkOn, number, paint, sentence, signed, thousands,
  unpacked,
} from "./parts.js";

const PACE = 1200; // milliseconds from moment to moment
const STILL = "(prefers-reduced-motion: reduce)";
// From white to brown: some of matplotlib's "Oranges", as in the course's tables of mistakes.
const ORANGES = [[255, 245, 235], [253, 208, 162], [253, 141, 60], [217, 72, 1], [127, 39, 4]]; // prettier-ignore
const STYLE = `
.course-replay label:has(> input[type=range]) { flex-basis: 180px; }
.course-replay .says { min-height: 4.4em; margin: 4px 0; }
.course-replay .left { width: 320px; }
.course-replay .kernels { display: grid; grid-template-columns: repeat(var(--across), 1fr); gap: 8px; }
.course-replay .kernels canvas { width: 100%; height: auto; }
.course-replay .curve { width: 320px; max-width: 100%; }
.course-replay svg { display: block; width: 100%; height: auto; overflow: visible; }
.course-replay svg text { font: 12px sans-serif; fill: currentColor; }
.course-replay .mistakes { table-layout: fixed; width: 340px; max-width: 100%; font-size: 12px; line-height: 1.2; margin: 4px 0; }
.course-replay .mistakes :is(th, td) { padding: 0; height: 26px; text-align: center; border: 1px solid var(--soft); overflow: hidden; background: none; }
.course-replay .mistakes caption { text-align: left; opacity: 0.85; font-size: 14px; caption-side: bottom; padding-top: 6px; }
@media (max-width: 600px) {
  .course-replay .says { min-height: 9em; }
  .course-replay .kernels { grid-template-columns: repeat(var(--across-phone), 1fr); gap: 6px; }
}
`;

/**
 * The state as numbers.
 * @param {Object} state what replay.py gives
 * @returns {Object[]} a moment each: steps, epochs (null within the first), loss, training ([loss, accuracy] or null),
 *   kernels (K arrays of h * w), confusion (classes * classes), right, samples, and the most frequent mistake: truth,
 *   answer, times
 */
export function momentsOf(state) {
  const [kernels, confusion] = [unpacked(state.kernels), unpacked(state.confusion)];
  const [, count, height, width] = kernels.shape;
  const classes = confusion.shape[1];
  return state.steps.map((steps, m) => {
    const own = confusion.data.subarray(m * classes * classes, (m + 1) * classes * classes);
    let [right, samples, times, place] = [0, 0, 0, 1];
    own.forEach((n, i) => {
      samples += n;
      if (i % (classes + 1) === 0) right += n;
      else if (n > times) [times, place] = [n, i];
    });
    return {
      steps,
      epochs: state.epochs[m],
      loss: state.loss[m],
      training: state.training[m],
      kernels: Array.from({ length: count }, (_, k) => {
        const start = (m * count + k) * height * width;
        return kernels.data.subarray(start, start + height * width);
      }),
      confusion: own,
      right,
      samples,
      truth: Math.floor(place / classes),
      answer: place % classes,
      times,
    };
  });
}

/**
 * How far the weights of the kernels are from those at the start.
 * @param {Object[]} moments of `momentsOf`
 * @param {number} m number of the moment
 * @returns {{largest: number, change: number}} the largest weight without its sign; the mean change of a weight
 */
export function weightsAt(moments, m) {
  let [largest, change, n] = [0, 0, 0];
  moments[m].kernels.forEach((kernel, k) =>
    kernel.forEach((weight, i) => {
      largest = Math.max(largest, Math.abs(weight));
      change += Math.abs(weight - moments[0].kernels[k][i]);
      n++;
    }),
  );
  return { largest, change: change / n };
}

/** When a moment is, such as "after 30 steps" or "after epoch 2". */
export function timeOf({ steps, epochs }) {
  if (steps === 0) return "at the start";
  return epochs === null ? `after ${thousands(steps)} steps` : `after epoch ${epochs}`;
}

const percent = (part) => `${(100 * part).toFixed(2)} %`;

/** The numbers of a moment in words. */
export function wordsOf(moments, m, classes) {
  const one = moments[m];
  const { largest, change } = weightsAt(moments, m);
  const time = timeOf(one);
  const steps = one.epochs === null ? "" : ` (${thousands(one.steps)} steps)`;
  const mistake = one.times
    ? `Most frequent mistake: ${classes[one.truth]} as ${classes[one.answer]}, ${times(one.times)}.`
    : "No mistake.";
  const training = one.training
    ? ` In training: loss ${one.training[0].toFixed(4)}, ${percent(one.training[1])} right.`
    : "";
  return (
    `${time[0].toUpperCase()}${time.slice(1)}${steps}: validation loss ${one.loss.toFixed(4)}, ` +
    `${percent(one.right / one.samples)} of ${thousands(one.samples)} pictures right. ${mistake}${training} ` +
    `Kernels: the largest weight is ${largest.toFixed(3)}` +
    (m ? `; since the start, a weight has changed by ${change.toFixed(4)} on average.` : ".")
  );
}

const times = (n) => (n === 1 ? "once" : `${thousands(n)} times`);

/** The colour for a share from 0 to 1 of the most frequent mistake. */
function orange(share) {
  const place = share * (ORANGES.length - 1);
  const below = Math.min(Math.floor(place), ORANGES.length - 2);
  return ORANGES[below].map((shade, i) => Math.round(shade + (place - below) * (ORANGES[below + 1][i] - shade)));
}

/** A new element of a drawing, at the end of another one. */
function shape(parent, tag, attributes = {}, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  parent.append(element);
  return element;
}

/**
 * A chart with one place for each moment, at equal distances.
 * @param {Element} parent
 * @param {string} title
 * @param {Object[]} moments
 * @param {{ticks: number[], text: Function, validation: number[], training: (number | null)[]}} what ticks of the
 *   height, the last is the highest; their text; one number a moment
 * @returns {(m: number) => void} marks a moment
 */
function chart(parent, title, moments, { ticks, text, validation, training }) {
  const [left, right, top, bottom] = [38, 312, 10, 118];
  const x = (m) => left + ((right - left) * (m + 0.5)) / moments.length;
  const y = (value) => bottom - ((bottom - top) * value) / ticks.at(-1);
  const place = add(parent, "div", { className: "curve" });
  add(place, "div", { className: "title", textContent: title });
  const ends = [validation[0], validation.at(-1)].map(text).join(" to ");
  const svg = shape(place, "svg", { viewBox: "0 0 320 156", role: "img", "aria-label": `${title}: from ${ends}` });
  for (const tick of ticks) {
    const line = { x1: left, x2: right, y1: y(tick), y2: y(tick), stroke: "currentColor", "stroke-opacity": 0.25 };
    shape(svg, "line", line);
    shape(svg, "text", { x: left - 5, y: y(tick) + 4, "text-anchor": "end" }, text(tick));
  }
  const inside = moments.filter((one) => one.epochs === null).length; // moments before the end of an epoch
  const parts = [[0, inside, "steps of epoch 1"], [inside, moments.length, "epochs"]].filter(([a, b]) => b > a); // prettier-ignore
  for (const [from, to, name] of parts) {
    const middle = (x(from) + x(to - 1)) / 2;
    shape(svg, "text", { x: middle, y: bottom + 33, "text-anchor": "middle" }, to - from > 1 ? name : name.slice(0, 6));
    const every = Math.ceil((26 * (to - from)) / (x(to) - x(from))); // so that no number touches the next one
    for (let m = from; m < to; m += every)
      shape(svg, "text", { x: x(m), y: bottom + 16, "text-anchor": "middle" }, moments[m].epochs ?? moments[m].steps);
  }
  const border = { x1: x(inside - 0.5), x2: x(inside - 0.5), y1: top, y2: bottom + 36, stroke: "currentColor" };
  if (parts.length > 1) shape(svg, "line", { ...border, "stroke-opacity": 0.25 });
  const now = shape(svg, "line", { y1: top - 6, y2: bottom + 4, stroke: "currentColor", "stroke-width": 1.5 });
  const line = (values, more) => {
    const points = values.map((value, m) => [value, m]).filter(([value]) => value !== null);
    const path = points.map(([value, m]) => `${x(m)},${y(value)}`).join(" ");
    shape(svg, "polyline", { points: path, fill: "none", "stroke-width": 2, ...more });
    for (const [value, m] of points) shape(svg, "circle", { cx: x(m), cy: y(value), r: 2.5, fill: more.stroke });
  };
  line(training, { stroke: COLORS[1], "stroke-dasharray": "5 4" });
  line(validation, { stroke: COLORS[0] });
  const dot = shape(svg, "circle", { r: 5, fill: COLORS[0], stroke: "white", "stroke-width": 1.5 });
  return (m) => {
    for (const end of ["x1", "x2"]) now.setAttribute(end, x(m));
    dot.setAttribute("cx", x(m));
    dot.setAttribute("cy", y(validation[m]));
  };
}

/**
 * The table of mistakes: the answers to the pictures of each class.
 * @param {Element} parent
 * @param {string[]} classes
 * @returns {(moment: Object) => void} shows that of a moment
 */
function mistakes(parent, classes) {
  add(parent, "div", { className: "title", textContent: "The table of mistakes" });
  const table = add(parent, "table", { className: "mistakes" });
  const note = "A row is a true class, a column an answer. The darkest square is the most frequent mistake of the moment.";
  add(table, "caption", { textContent: note });
  const head = add(add(table, "thead"), "tr");
  add(head, "td");
  for (const name of classes) add(head, "th", { scope: "col", textContent: name });
  const body = add(table, "tbody");
  const cells = classes.flatMap((name) => {
    const row = add(body, "tr");
    add(row, "th", { scope: "row", textContent: name });
    return classes.map(() => add(row, "td"));
  });
  return ({ confusion, times }) =>
    cells.forEach((cell, i) => {
      const [n, right] = [confusion[i], i % (classes.length + 1) === 0];
      const color = n && !right ? orange(n / times) : null;
      cell.textContent = n || right ? n : "";
      cell.style.background = color ? `rgb(${color})` : "";
      cell.style.color = color ? inkOn(color) : "";
    });
}

function render({ model, el }) {
  const keys = ["classes", "steps", "epochs", "loss", "training", "kernels", "confusion"];
  const state = Object.fromEntries(keys.map((key) => [key, model.get(key)]));
  const { classes } = state;
  const moments = momentsOf(state);
  const last = moments.length - 1;
  const [height, width] = state.kernels.shape.slice(2);
  const limit = Math.max(...moments.map((_, m) => weightsAt(moments, m).largest)); // one scale for all moments
  const still = matchMedia(STILL);
  let at = 0;
  let timer = null;

  const box = frame(el, "replay", STYLE);
  const steps = add(box, "div", { className: "beside" });
  const play = button(steps, "", pressed);
  play.style.minWidth = "84px"; // the same for all its words
  const slider = field(steps, "moment", { type: "range", min: 0, max: last, step: 1, value: 0 });
  const says = sentence(box);

  const parts = add(box, "div", { className: "columns" });
  const left = add(parts, "div", { className: "left" });
  add(left, "div", { className: "title", textContent: `The ${moments[0].kernels.length} kernels of the first layer` });
  const row = add(left, "div", { className: "kernels" });
  row.style.setProperty("--across", Math.ceil(Math.sqrt(moments[0].kernels.length)));
  row.style.setProperty("--across-phone", Math.min(moments[0].kernels.length, 6));
  const kernels = moments[0].kernels.map(() => add(row, "canvas", { role: "img" }));
  const colours = `Blue +, white 0, red -. The deepest colour is ${number(limit, 2)}, at all moments.`;
  add(left, "p", { className: "note", textContent: colours });

  const showMistakes = mistakes(add(parts, "div"), classes);

  const curves = add(box, "div", { className: "columns" });
  const highest = Math.ceil(2 * Math.max(...state.loss, ...state.training.map((pair) => pair?.[0] ?? 0))) / 2 || 1;
  const marks = [
    chart(curves, "Loss", moments, {
      ticks: [0, highest / 2, highest],
      text: (value) => number(value, 2),
      validation: state.loss,
      training: state.training.map((pair) => pair?.[0] ?? null),
    }),
    chart(curves, "Accuracy", moments, {
      ticks: [0, 0.5, 1],
      text: (value) => `${number(100 * value, 1)} %`,
      validation: moments.map((one) => one.right / one.samples),
      training: state.training.map((pair) => pair?.[1] ?? null),
    }),
  ];
  const lines = "Solid: validation, at this moment. Dashed: training, the mean of the epoch. ";
  add(box, "p", { className: "note", textContent: `${lines}The moments stand at equal distances.` });

  const draw = atMostOnceAFrame(() => {
    const one = moments[at];
    slider.value = at;
    slider.setAttribute("aria-valuetext", timeOf(one));
    play.textContent = timer ? "Pause" : still.matches ? (at < last ? "Next ▶" : "Again") : "Play";
    says(wordsOf(moments, at, classes), timer === null);
    one.kernels.forEach((kernel, k) => {
      paint(kernels[k], kernel, width, height, (value) => signed(value, limit));
      const [low, high] = [Math.min(...kernel), Math.max(...kernel)].map((value) => value.toFixed(2));
      kernels[k].setAttribute("aria-label", `kernel ${k + 1}: weights from ${low} to ${high}`);
    });
    for (const mark of marks) mark(at);
    showMistakes(one);
  });

  function go(to) {
    at = Math.min(Math.max(to, 0), last);
    draw();
  }

  // A reader who asked for no motion gets one moment at each press.
  function pressed() {
    if (timer) return stop();
    if (still.matches) return go(at < last ? at + 1 : 0);
    if (at === last) at = 0;
    timer = setInterval(() => {
      if (at + 1 >= last) stop();
      go(at + 1);
    }, PACE);
    draw();
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    draw();
  }

  slider.addEventListener("input", () => {
    stop();
    go(Number(slider.value));
  });
  still.addEventListener("change", stop);
  draw();
  return () => {
    stop();
    still.removeEventListener("change", stop);
  };
}

export default { render };
