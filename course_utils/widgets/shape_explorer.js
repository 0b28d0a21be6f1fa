// Layers one after the other: sizes, what an output sees, parameters, multiply-adds. shapes.py gives: side, channels and
// layers, each {kind: "conv", channels, kernel, stride, padding, dilation}, {kind: "pool", kernel, stride, padding} or
// {kind: "linear", channels}.

import { add, atMostOnceAFrame, button, COLORS, field, frame, sentence, stage, thousands } from "./parts.js";

const PADDING = "#D9D9D9";
const WIDE = 336; // pixels of the drawn picture
const LIMITS = { side: [1, 224], channels: [1, 4096], kernel: [1, 64], stride: [1, 64], padding: [0, 64], dilation: [1, 64] };
const FIELDS = {
  conv: ["channels", "kernel", "stride", "padding", "dilation"],
  pool: ["kernel", "stride", "padding"],
  linear: ["channels"],
};
const NEW = {
  conv: { kind: "conv", channels: 16, kernel: 5, stride: 1, padding: 0, dilation: 1 },
  pool: { kind: "pool", kernel: 2, stride: 2, padding: 0 },
  linear: { kind: "linear", channels: 10 },
};
const conv = (channels) => ({ ...NEW.conv, channels });
const linear = (channels) => ({ ...NEW.linear, channels });
const LENET = [conv(6), NEW.pool, conv(16), NEW.pool, linear(120), linear(84), linear(10)];
const MOST = 12; // layers
const STYLE = `
.course-shape-explorer { container-type: inline-size; }
.course-shape-explorer .layer { display: grid; grid-template-columns: 8em minmax(0, 1fr) auto; gap: 0 12px; align-items: end;
  border: 1px solid var(--line); border-radius: 6px; padding: 4px 10px 8px; margin: 6px 0; }
.course-shape-explorer .layer.wrong { border: 2px solid #D55E00; }
.course-shape-explorer .layer .title { margin: 0; align-self: center; }
.course-shape-explorer .layer button { padding: 4px; }
.course-shape-explorer .numbers { display: grid; grid-template-columns: repeat(5, minmax(0, 84px)); gap: 8px; }
.course-shape-explorer .numbers label { flex-direction: column; align-items: stretch; gap: 0; font-size: 13px; flex-wrap: nowrap;
  overflow-wrap: normal; }
.course-shape-explorer .numbers input { width: 100%; padding: 4px; text-align: center; appearance: textfield; }
.course-shape-explorer .numbers input::-webkit-inner-spin-button { appearance: none; }
@container (max-width: 560px) {
  .course-shape-explorer .layer { grid-template-columns: minmax(0, 1fr) auto; padding: 4px 6px 8px; }
  .course-shape-explorer .layer .numbers { grid-row: 2; grid-column: 1 / 3; gap: 6px; }
  .course-shape-explorer .numbers label { font-size: 12px; }
}
.course-shape-explorer th { white-space: normal; vertical-align: bottom; overflow-wrap: normal; }
.course-shape-explorer td label { flex-wrap: nowrap; cursor: pointer; }
.course-shape-explorer .total td { font-weight: bold; border-bottom: none; }
.course-shape-explorer .says { min-height: 4.4em; }
.course-shape-explorer .key { display: inline-flex; align-items: center; gap: 6px; margin-right: 14px; }
.course-shape-explorer .key i { display: inline-block; width: 14px; height: 14px; border: 1px solid var(--line); }
.course-shape-explorer .key i.dot { border-radius: 50%; }
.course-shape-explorer .stage { background: white; }
.course-shape-explorer .marker { border-width: 1px; }
.course-shape-explorer canvas { image-rendering: auto; }
`;

const by = (value) => `${value}x${value}`;

/** What a layer is, in a few words: settings that have their usual value are left out. */
export function sentenceOf({ kind, kernel, stride, padding, dilation = 1 }) {
  if (kind === "linear") return "linear";
  const words = [`${kind === "pool" ? "max pool" : "conv"} ${by(kernel)}`];
  if (stride !== (kind === "pool" ? kernel : 1)) words.push(`stride ${stride}`);
  if (padding) words.push(`padding ${padding}`);
  if (dilation !== 1) words.push(`dilation ${dilation}`);
  return words.join(", ");
}

/** Why a layer cannot take what comes, in one sentence; "" when it can. */
function faultOf(layer, shape) {
  for (const name of FIELDS[layer.kind]) {
    const [least, most] = LIMITS[name];
    const value = layer[name];
    if (!Number.isInteger(value)) return `${name}: a whole number is missing.`;
    if (value < least || value > most) return `${name} is ${value}: it has to be from ${least} to ${most}.`;
  }
  if (layer.kind === "linear") return "";
  if (shape.length === 1) return `After a linear layer there are no rows and columns: a ${layer.kind} cannot follow.`;
  const { kind, kernel, padding, dilation = 1 } = layer;
  if (kind === "pool" && 2 * padding > kernel) {
    return `padding is ${padding}: PyTorch allows at most half of the kernel of a max pooling.`;
  }
  const [span, room] = [dilation * (kernel - 1) + 1, shape[1] + 2 * padding];
  if (span <= room) return "";
  const what = padding ? `what comes, with its padding, only ${room}` : `what comes only ${room}`;
  return `The window is ${span} wide, ${what}: take a smaller kernel, less dilation, or more padding.`;
}

/**
 * The layers as a table, up to the first that cannot work.
 *
 * A window of kernel k and dilation d sees d * (k - 1) neighbours more than the layer before; a neighbour lies as many
 * pixels away as the strides before, multiplied, say.
 * @param {number} side of the square picture
 * @param {number} channels of the picture
 * @param {Object[]} layers see the top of this file
 * @returns {{rows: Object[], fault: string}} each row {kind, shape, field, parameters, products, first, size, step}:
 *   output shape [C, H, W] or [N], side of the receptive field, and where output i looks: at `size` pixels from
 *   `first + i * step` on
 */
export function tableOf(side, channels, layers) {
  const rows = [];
  let shape = [channels, side, side];
  let [first, size, step] = [0, 1, 1]; // in pixels of the picture
  for (const [name, value] of Object.entries({ side, channels })) {
    const [least, most] = LIMITS[name];
    if (!(Number.isInteger(value) && value >= least && value <= most)) {
      return { rows, fault: `The ${name} of the picture: a whole number from ${least} to ${most}, please.` };
    }
  }
  for (const layer of layers) {
    const fault = faultOf(layer, shape);
    if (fault) return { rows, fault };
    const before = shape;
    let [parameters, products] = [0, 0];
    if (layer.kind === "linear") {
      const inputs = before.reduce((a, b) => a * b, 1);
      const places = before.length === 3 ? before[1] : 1;
      const last = first + size + (places - 1) * step; // of the windows of all places
      first = Math.max(first, 0);
      size = Math.min(last, side) - first;
      shape = [layer.channels];
      parameters = (inputs + 1) * layer.channels;
      products = inputs * layer.channels;
    } else {
      const { kernel, stride, padding, dilation = 1 } = layer;
      const beside = dilation * (kernel - 1);
      const places = Math.floor((before[1] + 2 * padding - beside - 1) / stride) + 1;
      shape = [layer.kind === "conv" ? layer.channels : before[0], places, places];
      [first, size, step] = [first - padding * step, size + beside * step, step * stride];
      if (layer.kind === "conv") {
        parameters = (before[0] * kernel * kernel + 1) * layer.channels;
        products = before[0] * kernel * kernel * layer.channels * places * places;
      }
    }
    rows.push({ kind: sentenceOf(layer), shape, field: Math.min(size, side), parameters, products, first, size, step });
  }
  return { rows, fault: "" };
}

/**
 * Which pixels of a row does output i of the last layer see? Columns are the same. Padding is left out.
 * @param {number} side of the picture
 * @param {Object[]} layers without faults
 * @param {number | null} i a place of the output; null for all places together
 * @returns {number[]} sorted
 */
export function seenBy(side, layers, i = null) {
  const sides = [side]; // of what goes into each layer, and comes out of the last
  for (const layer of layers) {
    const { kernel, stride, padding, dilation = 1 } = layer;
    const places = (sides.at(-1) + 2 * padding - dilation * (kernel - 1) - 1) / stride;
    sides.push(layer.kind === "linear" ? 1 : Math.floor(places) + 1);
  }
  let places = i === null ? Array.from({ length: sides.at(-1) }, (_, place) => place) : [i];
  for (let l = layers.length - 1; l >= 0; l--) {
    const before = new Set();
    const { kind, kernel, stride, padding, dilation = 1 } = layers[l];
    if (kind === "linear") for (let place = 0; place < sides[l]; place++) before.add(place);
    else
      for (const place of places)
        for (let k = 0; k < kernel; k++) {
          const at = place * stride - padding + k * dilation;
          if (at >= 0 && at < sides[l]) before.add(at);
        }
    places = [...before];
  }
  return places.sort((a, b) => a - b);
}

function render({ model, el }) {
  const picture = { side: model.get("side"), channels: model.get("channels") };
  let layers = model.get("layers").map((layer) => ({ ...layer }));
  let chosen = layers.length - 1; // the layer that is drawn
  let at = [0, 0]; // its output that is looked at

  const box = frame(el, "shape-explorer", STYLE);
  const id = `shapes${Math.random().toString(36).slice(2)}`; // the radio buttons of one control belong together
  const later = atMostOnceAFrame(draw);

  const given = add(box, "div", { className: "layer", role: "group", "aria-label": "the picture" });
  add(given, "div", { className: "title", textContent: "picture" });
  const input = add(given, "div", { className: "numbers" });
  for (const name of ["channels", "side"]) number(input, picture, name, name, `${name} of the picture`);
  const list = add(box, "div");
  const adders = add(box, "div", { className: "beside" });
  for (const [kind, text] of [["conv", "+ conv"], ["pool", "+ max pool"], ["linear", "+ linear"]]) // prettier-ignore
    button(adders, text, () => build([...layers, { ...NEW[kind] }]));
  button(adders, "LeNet", () => build(LENET.map((layer) => ({ ...layer }))));
  const says = sentence(box);
  const scroll = add(box, "div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Table of the layers" });
  const table = add(scroll, "table");
  const pictures = add(box, "div", { className: "columns" });
  const left = add(pictures, "div");
  const leftTitle = add(left, "div", { className: "title" });
  const right = add(pictures, "div");
  const rightTitle = add(right, "div", { className: "title" });
  const view = { room: 1, from: 0, places: 1, unit: 1 }; // what is drawn: pixels with padding, outputs, their size
  const source = stage(left, "The picture. Arrow keys move to another output.", fromPicture, () => [view.room, view.room]);
  const target = stage(right, "The outputs. Arrow keys move from one to another.", choose, () => [view.places, view.places]);
  const keys = add(box, "p", { className: "note" });

  function number(parent, owner, name, label, title) {
    const [min, max] = LIMITS[name];
    const one = field(parent, label, { type: "number", min, max, value: owner[name] });
    one.setAttribute("aria-label", title);
    one.addEventListener("input", () => {
      owner[name] = one.value === "" ? NaN : Number(one.value);
      later();
    });
  }

  function build(others) {
    layers = others.slice(0, MOST);
    chosen = layers.length - 1;
    list.replaceChildren();
    layers.forEach((layer, i) => {
      const part = add(list, "div", { className: "layer", role: "group", "aria-label": `layer ${i + 1}` });
      add(part, "div", { className: "title", textContent: `${i + 1}: ${layer.kind === "pool" ? "max pool" : layer.kind}` });
      const fields = add(part, "div", { className: "numbers" });
      for (const name of FIELDS[layer.kind]) {
        const label = layer.kind === "linear" ? "outputs" : name;
        number(fields, layer, name, label, `${label} of layer ${i + 1}`);
      }
      const remove = button(part, "✕", () => build(layers.filter((other) => other !== layer)));
      remove.setAttribute("aria-label", `remove layer ${i + 1}`);
    });
    for (const adder of [...adders.children].slice(0, 3)) adder.disabled = layers.length >= MOST;
    later();
  }

  function choose(row, column) {
    at = [row, column];
    later();
  }

  function fromPicture(row, column) {
    // The output whose window has its middle nearest to this pixel. The arrow keys go one output further.
    const step = view.step;
    const place = (pixel, old) => {
      const middle = (pixel - view.from - view.first - (view.size - 1) / 2) / step;
      const near = Math.round(middle);
      return Math.min(Math.max(near === old && Math.abs(middle - old) * step >= 1 ? old + Math.sign(middle - old) : near, 0), view.places - 1);
    };
    choose(place(row, at[0]), place(column, at[1]));
  }

  function rowOf(cells, head = false) {
    const row = add(table, "tr");
    return cells.map((textContent) => add(row, head ? "th" : "td", head ? { textContent, scope: "col" } : { textContent }));
  }

  function draw() {
    const { rows, fault } = tableOf(picture.side, picture.channels, layers);
    [...list.children].forEach((part, i) => part.classList.toggle("wrong", fault !== "" && i === rows.length));
    drawTable(rows);
    pictures.style.display = keys.style.display = rows.length ? "" : "none";
    const where = rows.length < layers.length ? `Layer ${rows.length + 1} cannot work. ` : "";
    if (!rows.length) return says(fault ? `${where}${fault}` : "Add a layer.");
    const words = drawPictures(rows);
    const total = (name) => thousands(rows.reduce((sum, row) => sum + row[name], 0));
    const sums = `All layers: ${total("parameters")} parameters, ${total("products")} multiply-adds.`;
    says(fault ? `${where}${fault}` : `${words} ${sums}`);
  }

  function drawTable(rows) {
    const focused = table.contains(document.activeElement) || table.getRootNode().activeElement?.name === id;
    table.replaceChildren();
    rowOf(["layer", "output", "each output sees", "parameters", "multiply-adds"], true);
    const drawn = Math.min(chosen, rows.length - 1);
    rows.forEach((row, i) => {
      const [first] = rowOf(["", row.shape.join("x"), by(row.field), thousands(row.parameters), thousands(row.products)]);
      const label = add(first, "label");
      const radio = add(label, "input", { type: "radio", name: id, checked: i === drawn });
      label.append(`${i + 1}: ${row.kind}`);
      radio.addEventListener("change", () => {
        chosen = i;
        later();
      });
      if (focused && i === drawn) radio.focus();
    });
    const total = (name) => thousands(rows.reduce((sum, row) => sum + row[name], 0));
    rowOf(["total", "", "", total("parameters"), total("products")])[0].parentElement.className = "total";
  }

  function drawPictures(rows) {
    const drawn = Math.min(chosen, rows.length - 1);
    const { kind, shape, field: sees, first, size, step } = rows[drawn];
    const before = layers.slice(0, drawn + 1);
    const side = picture.side;
    const places = shape[1] ?? 1;
    at = at.map((place) => Math.min(place, places - 1));
    const padded = Math.max(0, -first);
    const beyond = Math.max(0, first + (places - 1) * step + size - side);
    const room = padded + side + beyond;
    const unit = Math.max(1, Math.floor(WIDE / room));
    Object.assign(view, { room, from: padded, places, unit, first, size, step });

    const all = new Set(seenBy(side, before));
    const [rowsSeen, columnsSeen] = at.map((place) => new Set(seenBy(side, before, place)));
    const neighbour = at[1] + 1 < places ? new Set(seenBy(side, before, at[1] + 1)) : new Set();
    const context = prepare(source.canvas, room, unit);
    for (let y = 0; y < room; y++)
      for (let x = 0; x < room; x++) {
        const [r, c] = [y - padded, x - padded];
        const inside = r >= 0 && r < side && c >= 0 && c < side;
        let color = inside ? "white" : PADDING;
        if (inside && !(all.has(r) && all.has(c))) color = COLORS[4];
        if (rowsSeen.has(r) && columnsSeen.has(c)) color = COLORS[0];
        square(context, y, x, unit, color);
        if (rowsSeen.has(r) && neighbour.has(c)) dot(context, y, x, unit);
      }
    source.mark(padded + first + at[0] * step + (size - 1) / 2, padded + first + at[1] * step + (size - 1) / 2, size);
    const outputs = prepare(target.canvas, places, unit);
    for (let y = 0; y < places; y++)
      for (let x = 0; x < places; x++) square(outputs, y, x, unit, y === at[0] && x === at[1] ? COLORS[0] : "white");
    if (neighbour.size) dot(outputs, at[0], at[1] + 1, unit);
    target.mark(...at);

    const flat = shape.length === 1;
    leftTitle.textContent = `The picture, ${by(side)}${padded ? ", with padding" : ""}`;
    rightTitle.textContent = flat ? `${drawn + 1}: ${shape[0]} outputs` : `${drawn + 1}: output, ${by(places)}`;
    keys.replaceChildren();
    const key = (text, color, className = "") => {
      const part = add(keys, "span", { className: "key" });
      add(part, "i", { className }).style.background = color;
      part.append(text);
    };
    const unseen = side * side - all.size * all.size;
    key("what the chosen output sees", COLORS[0]);
    if (neighbour.size) key("its neighbour", COLORS[2], "dot");
    if (padded || beyond) key("padding", PADDING);
    if (unseen) key(`${thousands(unseen)} pixels that no output sees`, COLORS[4]);

    if (flat) return `Layer ${drawn + 1}, ${kind}: ${thousands(shape[0])} outputs, each sees ${by(sees)} pixels.`;
    const count = thousands(rowsSeen.size * columnsSeen.size);
    const further = neighbour.size ? ` Its neighbour looks ${step === 1 ? "one pixel" : `${step} pixels`} further.` : "";
    const place = `row ${at[0]}, column ${at[1]}`;
    const what = `Layer ${drawn + 1}, ${kind}: ${thousands(shape[0])} channel${shape[0] > 1 ? "s" : ""} of ${by(places)}.`;
    return `${what} The output in ${place} depends on ${count} of ${thousands(side * side)} pixels.${further}`;
  }

  function prepare(canvas, squares, unit) {
    canvas.width = canvas.height = squares * unit;
    canvas.parentElement.style.width = `${squares * unit}px`;
    return canvas.getContext("2d");
  }

  function square(context, y, x, unit, color) {
    context.fillStyle = color;
    context.fillRect(x * unit, y * unit, unit, unit);
    if (unit < 5) return;
    context.strokeStyle = "#BFBFBF";
    context.lineWidth = 0.5;
    context.strokeRect(x * unit + 0.25, y * unit + 0.25, unit - 0.5, unit - 0.5);
  }

  function dot(context, y, x, unit) {
    context.fillStyle = COLORS[2];
    context.strokeStyle = "white";
    context.beginPath();
    context.arc((x + 0.5) * unit, (y + 0.5) * unit, Math.max(0.3 * unit, 0.7), 0, 2 * Math.PI);
    context.fill();
    if (unit >= 5) context.stroke();
  }

  build(layers);
}

export default { render };
