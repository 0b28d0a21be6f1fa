// A pad to draw a digit on, and beside it a trained network that answers while you draw: all its layers, the ten
// probabilities, and how each number of each layer was made. Nothing leaves the browser.
//
// State: classes (names), network (what describe.py wrote), note (a sentence about the network), strokes, centred.

import {
  COLORS,
  add,
  atMostOnceAFrame,
  button,
  field,
  frame,
  inkOn,
  number,
  sentence,
  signed,
  thousands,
} from "./parts.js";
import { BARS_STYLE, barsIn, percent } from "./bars.js";
import { cornerOf, layoutOf, limitOf, moved, numberAt, paintNumbers } from "./maps.js";
import { explain, indexOf, placeOf, read, run } from "./network.js";
import { PAD_STYLE, padIn } from "./pad.js";
import { SIDE, rasterize } from "./strokes.js";

const HINT =
  "Point at a square, or tap it. A click holds it, a second click lets it go. With the keyboard: Tab to a layer, then " +
  "the arrows; Page Down goes to the next map. Blue is above zero, white is zero, red is below.";
const LARGEST = 8; // so many products of a linear layer are written out, the others together

const STYLE = `
.course-lenet { --between: color-mix(in srgb, currentColor 30%, transparent); }
.course-lenet .answer { flex: 1 1 230px; max-width: 420px; min-width: 0; }
.course-lenet .says { min-height: 3em; margin-top: 0; }
.course-lenet .layers { display: flex; flex-wrap: wrap; gap: 14px 22px; align-items: flex-start; }
.course-lenet .layer { max-width: 100%; }
.course-lenet .layer .name { font-weight: bold; line-height: 1.2; }
.course-lenet .layer .size { font-size: 12.5px; margin-bottom: 4px; }
.course-lenet .maps { position: relative; width: max-content; max-width: 100%; cursor: crosshair;
  touch-action: manipulation; }
.course-lenet .maps canvas, .course-lenet .strips canvas { border-color: var(--between); background: var(--between);
  height: auto; }
.course-lenet .names { display: flex; font-size: 12.5px; }
.course-lenet .names span { flex: 1; text-align: center; }
.course-lenet .ring { position: absolute; pointer-events: none; border: 2px solid ${COLORS[1]};
  box-shadow: 0 0 0 1px white; }
.course-lenet .ring.seen { border-color: ${COLORS[4]}; }
.course-lenet .how { margin-top: 12px; padding: 2px 10px; border: 1px solid var(--line); border-radius: 6px;
  background: var(--pst-color-background, var(--jp-layout-color0, var(--vscode-editor-background, Canvas))); }
.course-lenet .how.open { position: sticky; bottom: 0; z-index: 1; height: min(46vh, 22rem); overflow: auto; }
:is(.jp-OutputArea, .jp-OutputArea-child, .jp-OutputArea-output):has(.course-lenet) { overflow: visible !important; }
.course-lenet .head { display: flex; gap: 8px; align-items: flex-start; justify-content: space-between; }
.course-lenet .head button { flex: none; }
.course-lenet .told { margin: 4px 0; }
.course-lenet .open .told { min-height: 3em; }
.course-lenet .how .beside { margin: 6px 0; gap: 4px 12px; }
.course-lenet .how input { width: 4em; }
.course-lenet .grids { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 8px;
  font-variant-numeric: tabular-nums; }
.course-lenet .grids table { table-layout: fixed; margin: 0; font-size: 12px; }
.course-lenet .grids caption { caption-side: top; text-align: left; padding: 2px 0; font-size: 13px; color: inherit; }
.course-lenet .grids td { width: 38px; height: 25px; padding: 0; text-align: center; line-height: 1;
  border: 1px solid #8888; }
.course-lenet .grids td.best { outline: 3px solid ${COLORS[1]}; outline-offset: -2px; font-weight: bold; }
.course-lenet .strips { font-size: 13px; }
.course-lenet .terms { font-size: 14px; font-variant-numeric: tabular-nums; }
.course-lenet .terms .chosen { font-weight: bold; }
.course-lenet .channels { flex-wrap: nowrap; overflow-x: auto; }
.course-lenet .channels button { flex: none; font-size: 13px; padding: 2px 8px; }
.course-lenet [hidden] { display: none; }
@media (max-width: 480px) {
  .course-lenet .pad { display: contents; } /* the answer stands right below the paper */
  .course-lenet .paper { order: -2; }
  .course-lenet .answer { order: -1; flex-basis: 100%; }
  .course-lenet .how { padding: 2px 6px; }
  .course-lenet .told { font-size: 14px; }
  .course-lenet .grids { gap: 4px; }
  .course-lenet .grids table { font-size: 10px; }
  .course-lenet .grids td { width: 28px; }
  .course-lenet .strips canvas { max-width: 25vw; }
  .course-lenet .terms th, .course-lenet .terms td { padding: 3px 5px; }
}
`;

/** 0.5, -1.25, 12.3: short enough for a small square. */
export const short = (value) => number(value, Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0);
const exact = (value) => (value && Math.abs(value) < 0.001 ? value.toExponential(1) : number(value, 4));
const signedText = (value) => (value < 0 ? `- ${exact(-value)}` : `+ ${exact(value)}`);

/** "map 2, row 5, column 7", or "unit 17". */
export function placeText(shape, i) {
  const place = placeOf(shape, i);
  if (shape.length === 1) return `unit ${i}`;
  return `${shape[0] > 1 ? `map ${place[0]}, ` : ""}row ${place[1]}, column ${place[2]}`;
}

/**
 * One sentence: how the number i of a layer was made.
 * @param {Object[]} network what `read` returned
 * @param {Values[]} values what `run` returned
 * @param {number} at which layer
 * @param {number} i which of its numbers
 * @param {string[]} classes names of the last layer's numbers
 * @param {Uint8Array} picture the greys from which the input was made
 */
export function tell(network, values, at, i, classes, picture) {
  const layer = network[at];
  const { value, bias, parts } = explain(network, values, at, i);
  const result = exact(value);
  const place = at === network.length - 1 ? `class ${classes[i]}` : placeText(values[at].shape, i);
  const input = parts[0]?.inputs[0];
  const how = {
    Input: () => {
      const part = `the grey ${picture[i]}, divided by 255, is ${exact(picture[i] / 255)}`;
      if (layer.mean === null) return `${part}.`;
      const mean = `minus the mean ${exact(layer.mean)}`;
      return `${part}; ${mean}, divided by the standard deviation ${exact(layer.std)}: ${result}.`;
    },
    Conv2d: () => products(parts, bias, result, parts.length > 1 ? ` in ${parts.length} maps` : ""),
    Linear: () => products(parts, bias, result, ""),
    MaxPool2d: () => `the largest of ${parts[0].inputs.length} numbers is ${result}.`,
    AvgPool2d: () => `the mean of ${parts[0].inputs.length} numbers is ${result}.`,
    ReLU: () =>
      input > 0 ? `${exact(input)} is above 0, and stays.` : `${exact(input)} is not above 0, and becomes 0.`,
    Tanh: () => `tanh(${exact(input)}) is ${result}.`,
    Sigmoid: () => `1 / (1 + e^-(${exact(input)})) is ${result}.`,
    Dropout: () => `${result} stays as it is; dropout works during the training only.`,
    Flatten: () => `${result} is ${placeText(values[at - 1].shape, i)} of the layer before; all maps become one list.`,
    BatchNorm: () =>
      `${exact(input)}, with the mean and the variance of its channel in the training, becomes ${result}.`,
    Softmax: () => {
      const [largest, sum] = powersOf(parts[0].inputs);
      const logit = parts[0].inputs[i];
      const power = `e^(${exact(logit)} - ${exact(largest)}) is ${exact(Math.exp(logit - largest))}`;
      return `${power}; divided by ${exact(sum)}, the sum of all ${classes.length}, it is ${result}.`;
    },
  };
  return `${layer.name}, ${place}: ${how[layer.kind]()}`;
}

function products(parts, bias, result, where) {
  const count = parts.length * parts[0].inputs.length;
  const sum = parts.reduce((total, part) => total + part.sum, 0);
  const both = `${exact(sum)} ${signedText(bias)} = ${result}`;
  return `${thousands(count)} products${where} add up to ${exact(sum)}; with the bias, ${both}.`;
}

function powersOf(logits) {
  const largest = Math.max(...logits);
  return [largest, logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0)];
}

// ---- the control ---------------------------------------------------------------------------------------------------

export function render({ model, el }) {
  const box = frame(el, "lenet", PAD_STYLE + BARS_STYLE + STYLE);
  const classes = model.get("classes");
  const network = read(model.get("network"));
  let picture = new Uint8Array(SIDE * SIDE);
  let values = run(network, picture);

  const top = add(box, "div", { className: "columns" });
  const pad = padIn(add(top, "div", { className: "pad" }), model, () => update());
  const showAnswer = answerIn(add(top, "div", { className: "answer" }), classes);

  add(box, "p", { className: "title", textContent: "Every layer of the network" });
  add(box, "p", { className: "note", textContent: `${model.get("note")} ${HINT}` });
  const layers = add(box, "div", { className: "layers" });
  const views = layersIn(layers, network, values, classes, (...chosen) => explanation.choose(...chosen));
  const how = add(box, "div", { className: "how" });
  const explanation = explanationIn(how, layers, network, views, classes, () => [values, picture]);

  const update = atMostOnceAFrame(() => {
    picture = rasterize(pad.strokes(), pad.centred());
    values = run(network, picture);
    showAnswer(
      values.at(-1).data,
      picture.some((grey) => grey),
    );
    views.forEach((view, at) => view.show(values[at], at ? null : picture));
    explanation.show();
  });
  update();
}

/** A sentence with the answer, and a bar for each class. */
function answerIn(middle, classes) {
  const say = sentence(middle);
  const show = barsIn(middle, classes);
  return (probabilities, drawn) => {
    const best = probabilities.indexOf(Math.max(...probabilities));
    const answer = `The network answers ${classes[best]} (${percent(probabilities[best])})`;
    say(drawn ? `${answer}.` : `Draw a digit. ${answer} to empty paper, too.`);
    show(probabilities);
  };
}

/** One picture for each layer; `choose(at, i, by)` is called when the reader points at a number. */
function layersIn(parent, network, values, classes, choose) {
  return network.map((layer, at) => {
    const { shape } = values[at];
    const layout = layoutOf(shape);
    const part = add(parent, "div", { className: "layer" });
    add(part, "div", { className: "name", textContent: layer.name });
    const mapsOf = shape[0] > 1 ? `${shape[0]} maps of ` : "";
    const size = shape.length === 1 ? `${shape[0]} numbers` : `${mapsOf}${shape[1]}x${shape[2]}`;
    const kind = layer.kind.replace("2d", "").toLowerCase() === layer.name.toLowerCase() ? "" : `${layer.kind}: `;
    add(part, "div", { className: "size", textContent: kind + size });
    const maps = add(part, "div", {
      className: "maps",
      tabIndex: 0,
      role: "application",
      "aria-label": `${layer.name}, ${size}. Arrow keys go from number to number.`,
    });
    const canvas = add(maps, "canvas", { width: layout.size[0], height: layout.size[1] });

    function under(event) {
      const r = canvas.getBoundingClientRect();
      const [across, down] = layout.size;
      return numberAt(
        layout,
        ((event.clientX - r.left) / r.width) * across,
        ((event.clientY - r.top) / r.height) * down,
      );
    }
    maps.addEventListener("pointermove", (event) => {
      const i = event.pointerType === "mouse" ? under(event) : null;
      if (i !== null) choose(at, i, "hover");
    });
    maps.addEventListener("click", (event) => {
      const i = under(event);
      if (i !== null) choose(at, i, "click");
    });
    if (shape[0] === classes.length && shape.length === 1) {
      const names = add(part, "div", { className: "names", "aria-hidden": "true" });
      for (const name of classes) add(names, "span", { textContent: name });
    }
    let chosen = 0; // of this layer: the keyboard goes on from here
    maps.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const next = moved(layout, chosen, event.key);
      if (next === null) return;
      event.preventDefault();
      event.stopPropagation();
      choose(at, next);
    });
    maps.addEventListener("focus", () => {
      if (maps.matches(":focus-visible") && !returning) choose(at, chosen);
    });
    let returning = false; // the focus comes back from the explanation, which is closed

    return {
      show({ data }, greys) {
        paintNumbers(canvas, layout, data, limitOf(data), greys);
      },
      /** Frames around squares: [first number, height, width, class] each. */
      mark(frames) {
        maps.querySelectorAll(".ring").forEach((ring) => ring.remove());
        for (const [i, high, wide, className] of frames) {
          const [left, top] = cornerOf(layout, i);
          const ring = add(maps, "div", { className: `ring ${className}` });
          const share = (pixels, axis) => `${(100 * pixels) / layout.size[axis]}%`;
          ring.style.left = `calc(${share(left, 0)} - 2px)`;
          ring.style.top = `calc(${share(top, 1)} - 2px)`;
          ring.style.width = `calc(${share(wide * layout.side, 0)} + 4px)`;
          ring.style.height = `calc(${share(high * layout.side, 1)} + 4px)`;
        }
      },
      keep: (i) => (chosen = i),
      focus() {
        returning = true;
        maps.focus({ preventScroll: true });
        returning = false;
      },
      layout,
      shape,
    };
  });
}

// ---- how a number was made -----------------------------------------------------------------------------------------

/** The panel below the layers, whose box is `parent`. `now()` gives the values of all layers, and the picture. */
function explanationIn(panel, parent, network, views, classes, now) {
  let [at, i, held, channel] = [null, 0, false, 0];
  const head = add(panel, "div", { className: "head" });
  const say = sentence(head, "told");
  const closing = button(head, "Close", close);
  closing.hidden = true;
  const invitation = "Point at a square of a layer: here you see how its number is made.";
  say(invitation);
  const body = add(panel, "div");
  const row = add(panel, "div", { className: "beside", hidden: true });
  const back = button(row, "\u2190 one layer back", () => choose(at - 1, largestPart()));
  const on = button(row, "one layer on \u2192", () => choose(at + 1, follower()));
  const layers = network.map((layer, k) => [k, `${k} ${layer.name}`]);
  const layerField = field(row, "layer", {}, layers);
  const fields = ["map", "row", "column", "unit"].map((name) => field(row, name, { type: "number", min: 0, step: 1 }));

  layerField.setAttribute("aria-label", "layer"); // else the names of all layers would be a part of its label
  layerField.addEventListener("change", () => choose(Number(layerField.value), 0));
  fields.forEach((input) => input.addEventListener("input", () => input.value !== "" && choose(at, typed())));
  for (const part of [panel, parent])
    part.addEventListener("keydown", (event) => event.key === "Escape" && at !== null && close());

  function close() {
    views[at].focus();
    [at, held] = [null, false];
    views.forEach((view) => view.mark([]));
    body.replaceChildren();
    row.hidden = closing.hidden = true;
    panel.classList.remove("open");
    say(invitation);
  }

  function typed() {
    const { shape } = views[at];
    const asked = shape.length === 1 ? fields.slice(3) : fields.slice(0, 3);
    const numbers = asked.map((input) => Number(input.value) || 0);
    return indexOf(
      shape,
      numbers.map((value, axis) => Math.min(Math.max(Math.round(value), 0), shape[axis] - 1)),
    );
  }

  /** Of the layer before: the number that adds or gives most. */
  function largestPart() {
    const { parts } = explain(network, now()[0], at, i);
    if (network[at].kind === "Softmax") return i;
    const all = parts.flatMap(({ inputs, products, indices }) =>
      (products ?? inputs).map((size, k) => [size, indices[k]]),
    );
    const inside = all.filter(([, index]) => index !== null);
    return inside.reduce((best, one) => (one[0] > best[0] ? one : best))[1];
  }

  /** Of the layer after: a number that is made from this one. */
  function follower() {
    const { kind, stride, padding, kernel_size, weight } = network[at + 1];
    const after = views[at + 1].shape;
    const place = placeOf(views[at].shape, i);
    if (kind === "Linear") {
      const [outputs, inputs] = weight.shape; // the one with the largest weight
      const weights = Array.from({ length: outputs }, (_, out) => weight.data[out * inputs + i]);
      return weights.indexOf(Math.max(...weights));
    }
    if (!stride) return i;
    const middle = [0, 1].map((axis) => {
      const half = kernel_size ? 0 : Math.floor(weight.shape[2 + axis] / 2); // of a convolution: in its middle
      const inside = Math.floor((place[1 + axis] + padding[axis] - half) / stride[axis]);
      return Math.min(Math.max(inside, 0), after[1 + axis] - 1);
    });
    if (kernel_size) return indexOf(after, [place[0], ...middle]);
    const all = Array.from({ length: after[0] }, (_, map) => indexOf(after, [map, ...middle])); // the largest of them
    return all.reduce((best, one) => (now()[0][at + 1].data[one] > now()[0][at + 1].data[best] ? one : best));
  }

  /** The mouse alone passes over numbers that are not held; a second click on the same number lets it go. */
  function choose(nextAt, nextI, by = "key") {
    if (by === "hover" && (held || (nextAt === at && nextI === i))) return;
    held = by !== "hover" && !(by === "click" && held && nextAt === at && nextI === i);
    if (nextAt !== at) channel = 0;
    [at, i] = [nextAt, nextI];
    views[at].keep(i);
    show();
  }

  function show() {
    if (at === null) return;
    const [values, picture] = now();
    const { shape } = views[at];
    say(tell(network, values, at, i, classes, picture));
    row.hidden = closing.hidden = false;
    panel.classList.add("open");
    layerField.value = at;
    const place = placeOf(shape, i);
    fields.forEach((input, k) => {
      const axis = shape.length === 1 ? k - 3 : k;
      input.parentElement.hidden = !(axis in shape) || (axis === 0 && shape.length === 3 && shape[0] === 1);
      if (!(axis in shape)) return;
      input.max = shape[axis] - 1;
      if (document.activeElement !== input) input.value = place[axis];
    });
    back.disabled = at === 0;
    on.disabled = at === network.length - 1;

    const given = explain(network, values, at, i);
    const frames = at ? framesOf(given, views[at - 1].shape, i) : [];
    views.forEach((view, k) => view.mark(k === at ? [[i, 1, 1, "unit"]] : k === at - 1 ? frames : []));
    const focus = [...body.querySelectorAll("button")].indexOf(document.activeElement); // it stays where it is
    body.replaceChildren();
    const kind = network[at].kind;
    const limit = at ? limitOf(values[at - 1].data) : 1;
    if (kind === "Conv2d") convolutionIn(body, given, channel, limit, (k) => ((channel = k), show()));
    else if (kind === "Linear") linearIn(body, given, views[at - 1]);
    else if (kind === "MaxPool2d" || kind === "AvgPool2d") poolingIn(body, given, kind, limit);
    else if (kind === "Softmax") softmaxIn(body, given, i, classes);
    if (focus >= 0) body.querySelectorAll("button")[focus]?.focus();
  }

  return { choose, show };
}

/** What a number is made of, as frames in the layer before. */
function framesOf({ parts, area }, shape, i) {
  if (area) {
    const [, height, width] = shape;
    const [top, left] = [Math.max(area[0], 0), Math.max(area[1], 0)];
    const [high, wide] = [Math.min(area[0] + area[2], height) - top, Math.min(area[1] + area[3], width) - left];
    const own = placeOf(
      shape,
      parts[0].indices.find((index) => index !== null),
    )[0]; // a pooling sees its own map alone
    const maps = parts[0].weights ? parts.map((part) => part.channel) : [own];
    return maps.map((map) => [indexOf(shape, [map, top, left]), high, wide, "seen"]);
  }
  return parts.length && parts[0].inputs.length === 1 ? [[i, 1, 1, "seen"]] : [];
}

/** Numbers as a table of coloured squares. */
function gridIn(parent, caption, numbers, columns, limit, best = -1) {
  const table = add(parent, "table");
  add(table, "caption", { textContent: caption });
  for (let start = 0; start < numbers.length; start += columns) {
    const line = add(table, "tr");
    numbers.slice(start, start + columns).forEach((value, k) => {
      const cell = add(line, "td", { textContent: short(value), title: String(value) });
      const color = signed(value, limit);
      cell.style.background = `rgb(${color})`;
      cell.style.color = inkOn(color);
      if (start + k === best) cell.classList.add("best");
    });
  }
}

/** For one map of the layer before: patch, kernel, products; for several also the sums of all maps. */
function convolutionIn(body, { parts, bias, value }, channel, limit, choose) {
  const { shape, inputs, weights, products: made, sum } = parts[channel];
  if (parts.length > 1) {
    const label = "the map of the layer before";
    const row = add(body, "div", { className: "beside channels", role: "group", "aria-label": label });
    parts.forEach((part, k) => button(row, `map ${k}: ${short(part.sum)}`, () => choose(k), k === channel));
  }
  const grids = add(body, "div", { className: "grids" });
  const of = parts.length > 1 ? ` of map ${channel}` : "";
  gridIn(grids, `patch${of}`, inputs, shape[1], limit);
  add(grids, "span", { textContent: "\u00d7" });
  gridIn(grids, "kernel", weights, shape[1], Math.max(...parts.map((part) => limitOf(part.weights))));
  add(grids, "span", { textContent: "=" });
  const largest = Math.max(...parts.map((part) => limitOf(part.products)));
  gridIn(grids, "products", made, shape[1], largest);
  if (parts.length === 1) return;
  const sums = parts.map((part, k) => (k ? signedText(part.sum) : exact(part.sum))).join(" ");
  const text = `The products of map ${channel} add up to ${exact(sum)}. All maps, and the bias: ${sums} ${signedText(bias)} = ${exact(value)}`;
  add(body, "p", { className: "note", textContent: text });
}

/** All inputs, weights and products as pictures, the largest products in a table. */
function linearIn(body, { parts, bias, value }, before) {
  const { inputs, weights, products: made, indices } = parts[0];
  const both = add(body, "div", { className: "columns" });
  const strips = add(both, "div", { className: "beside strips" });
  for (const [name, numbers] of [
    ["inputs", inputs],
    ["weights", weights],
    ["products", made],
  ]) {
    const part = add(strips, "div", { textContent: name });
    const canvas = add(part, "canvas");
    paintNumbers(canvas, before.layout, numbers, limitOf(numbers));
    canvas.style.width = `${Math.min(canvas.width, 200)}px`;
  }
  const order = [...made.keys()].sort((a, b) => Math.abs(made[b]) - Math.abs(made[a]));
  const largest = order.slice(0, LARGEST);
  const table = add(add(both, "div", { className: "scroll" }), "table", { className: "terms" });
  lineIn(table, ["largest products", "input", "weight", "product"], "th");
  for (const k of largest) {
    lineIn(table, [placeText(before.shape, indices[k]), exact(inputs[k]), exact(weights[k]), exact(made[k])]);
  }
  const rest = order.slice(LARGEST);
  const together = rest.reduce((sum, k) => sum + made[k], 0);
  if (rest.length) lineIn(table, [`the other ${thousands(rest.length)} together`, "", "", exact(together)]);
  lineIn(table, ["bias", "", "", exact(bias)]);
  lineIn(table, ["sum", "", "", exact(value)]).classList.add("chosen");
}

function lineIn(table, texts, tag = "td") {
  const line = add(table, "tr");
  for (const text of texts) add(line, tag, { textContent: text, ...(tag === "th" && { scope: "col" }) });
  return line;
}

/** The numbers of a window; the largest has a frame. */
function poolingIn(body, { parts, value }, kind, limit) {
  const { shape, inputs, indices } = parts[0];
  const best = kind === "MaxPool2d" ? inputs.findIndex((x, k) => x === value && indices[k] !== null) : -1;
  gridIn(add(body, "div", { className: "grids" }), "window", inputs, shape[1], limit, best);
}

/** The ten logits, their powers of e, and the shares. */
function softmaxIn(body, { parts }, chosen, classes) {
  const logits = parts[0].inputs;
  const [largest, sum] = powersOf(logits);
  const table = add(add(body, "div", { className: "scroll" }), "table", { className: "terms" });
  lineIn(table, ["class", "logit", `e^(logit - ${short(largest)})`, "share"], "th");
  logits.forEach((logit, k) => {
    const power = Math.exp(logit - largest);
    const line = lineIn(table, [classes[k], exact(logit), exact(power), exact(power / sum)]);
    if (k === chosen) line.classList.add("chosen");
  });
  lineIn(table, ["sum", "", exact(sum), "1"]);
}

export default { render };
