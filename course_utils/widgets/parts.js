// What the controls share: elements with labels, numbers as text, and the course's colours on a canvas.

/** The colours of `course_utils.show.COLORS`: Okabe and Ito, distinct for colour-blind readers. */
export const COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442"];

// From red (-1) over white (0) to blue (1): matplotlib's "RdBu", as in the course's figures.
const SIGNED = [
  [103, 0, 31], [178, 24, 43], [214, 96, 77], [244, 165, 130], [253, 219, 199], [247, 247, 247],
  [209, 229, 240], [146, 197, 222], [67, 147, 195], [33, 102, 172], [5, 48, 97],
]; // prettier-ignore

// Colours of text and page are those around the control, so that it can be read in light and in dark.
const STYLE = `
.course-widget { --line: color-mix(in srgb, currentColor 45%, transparent); --soft: color-mix(in srgb, currentColor 10%, transparent);
  --strong: #0072B2; font-size: 15px; line-height: 1.45; padding: 4px 0; max-width: 100%; overflow-wrap: anywhere; }
.course-widget * { box-sizing: border-box; }
.course-widget .beside { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; margin: 8px 0; }
.course-widget .columns { display: flex; flex-wrap: wrap; align-items: flex-start; gap: 12px 24px; }
.course-widget .columns > * { min-width: 0; max-width: 100%; }
.course-widget p { margin: 8px 0; }
.course-widget .title { font-weight: bold; margin: 8px 0 4px; }
.course-widget .note { opacity: 0.85; font-size: 14px; }
.course-widget button, .course-widget input:not([type=checkbox], [type=radio]), .course-widget select, .course-widget .file {
  min-height: 44px; min-width: 44px; font: inherit; color: inherit; background: transparent;
  border: 1px solid var(--line); border-radius: 6px; padding: 4px 10px; margin: 0; touch-action: manipulation; }
.course-widget button, .course-widget .file, .course-widget select { cursor: pointer; }
.course-widget select option { color: black; background: white; }
.course-widget button:hover, .course-widget .file:hover { background: var(--soft); }
.course-widget button[aria-pressed=true] { background: var(--strong); border-color: var(--strong); color: white; }
.course-widget button:disabled { opacity: 0.5; cursor: default; }
.course-widget input[type=range] { padding: 0; border: none; accent-color: var(--strong); flex: 1 1 120px; min-width: 80px; }
.course-widget label:has(> input[type=range]) { flex: 1 1 240px; flex-wrap: nowrap; max-width: 480px; }
.course-widget label { display: inline-flex; flex-wrap: wrap; align-items: center; gap: 8px; min-height: 44px; margin: 0; }
.course-widget .file { display: inline-flex; align-items: center; position: relative; }
.course-widget .file input { position: absolute; inset: 0; width: 100%; opacity: 0; cursor: pointer; }
.course-widget canvas { display: block; max-width: 100%; image-rendering: pixelated; border: 1px solid var(--line); }
.course-widget .scroll { overflow-x: auto; max-width: 100%; }
.course-widget table { border-collapse: collapse; width: auto; margin: 4px 0; display: table; }
.course-widget th, .course-widget td { padding: 3px 8px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
.course-widget th:first-child, .course-widget td:first-child { text-align: left; }
.course-widget .squares { display: grid; gap: 2px; width: max-content; max-width: 100%; }
.course-widget .square { min-width: 44px; min-height: 44px; padding: 3px 4px; border: 1px solid var(--line); display: grid;
  place-items: center; text-align: center; white-space: pre-line; line-height: 1.25; font-size: 14px; }
.course-widget .stage { position: relative; width: 320px; max-width: 100%; cursor: crosshair; touch-action: manipulation; }
.course-widget .stage canvas { width: 100%; height: auto; border: none; }
.course-widget .marker { position: absolute; pointer-events: none; border: 2px solid #D55E00; outline: 1px solid white; }
.course-widget .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.course-widget :focus-visible, .course-widget .file:focus-within { outline: 3px solid #56B4E9; outline-offset: 1px; }
`;

/**
 * A new element at the end of another one.
 * @param {Element} parent
 * @param {string} tag such as "div"
 * @param {Object} properties of the element, such as {textContent: "3"}; names with a "-" and "role" are attributes
 * @returns {HTMLElement}
 */
export function add(parent, tag, properties = {}) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  // JupyterLab's own keys (A, B, D D) do not act on what has the focus here.
  if (element.tabIndex >= 0) element.dataset.lmSuppressShortcuts = "true";
  parent.append(element);
  return element;
}

/**
 * The box of a control, with the common style.
 * @param {Element} el what the host gave
 * @param {string} name of the control: the box has the class "course-NAME"
 * @param {string} style what only this control needs
 */
export function frame(el, name, style = "") {
  const box = add(el, "div", { className: `course-widget course-${name}` });
  add(box, "style", { textContent: STYLE + style });
  return box;
}

/** A button. `pressed` (true or false) makes it one that stays pressed. */
export function button(parent, text, onClick, pressed = undefined) {
  const element = add(parent, "button", { type: "button", textContent: text });
  if (pressed !== undefined) element.setAttribute("aria-pressed", pressed);
  element.addEventListener("click", onClick);
  return element;
}

/** A label with its field behind it: an input with these properties, or a select with the `options` [value, text]. */
export function field(parent, text, properties, options = null) {
  const label = add(parent, "label", { textContent: text });
  const element = add(label, options ? "select" : "input");
  for (const [value, shown] of options ?? []) add(element, "option", { value, textContent: shown });
  const { value, ...others } = properties;
  Object.assign(element, others);
  if (value !== undefined) element.value = value; // last: a range cuts it to its min and max
  return element;
}

/**
 * A sentence that changes. It is seen at once; a screen reader hears it when it has stood for half a second.
 * @returns {(text: string, aloud?: boolean) => void} aloud: false while it goes on changing by itself
 */
export function sentence(parent, className = "says") {
  const seen = add(parent, "p", { className, "aria-hidden": "true" });
  const heard = add(parent, "div", { className: "hidden", role: "status" });
  let [timer, next] = [null, ""]; // what will be heard
  return (text, aloud = true) => {
    if (seen.textContent !== text) seen.textContent = text;
    if (next === (aloud ? text : "")) return;
    next = aloud ? text : "";
    clearTimeout(timer);
    if (aloud) timer = setTimeout(() => (heard.textContent = text), 500);
  };
}

/** Call `draw` before the next picture of the screen, once, however often it is asked for. */
export function atMostOnceAFrame(draw) {
  let waiting = null;
  return () => {
    waiting ??= requestAnimationFrame(() => {
      waiting = null;
      draw();
    });
  };
}

/**
 * A number as a reader writes it: at most `digits` decimals, no zeros at the end, no "-0".
 * @param {number} value
 * @param {number} digits
 */
export function number(value, digits = 2) {
  return String(Number(value.toFixed(digits)) + 0);
}

/** Round as Python and numpy do: a half goes to the even neighbour. */
export function rint(value) {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/** 1,234,567 for 1234567. */
export function thousands(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A weight as the course's figures write it: whole numbers and sixteenths as fractions, others with some decimals. */
export function weight(value, digits = 2) {
  const sixteenths = 16 * value;
  if (!Number.isInteger(sixteenths) || Number.isInteger(value)) return number(value, digits);
  let [above, below] = [sixteenths, 16];
  while (above % 2 === 0) [above, below] = [above / 2, below / 2];
  return `${above}/${below}`;
}

/**
 * What Python's `packed` made, as numbers again.
 * @param {{shape: number[], kind: "uint8" | "float32", base64: string}} state
 * @returns {{data: Uint8Array | Float32Array, shape: number[]}} the numbers, row after row
 */
export function unpacked({ shape, kind, base64 }) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return { data: kind === "uint8" ? bytes : new Float32Array(bytes.buffer), shape };
}

/** Grey, from 0 (black) to 255 (white); what is below or above is cut off. */
export function grey(value) {
  const shade = Math.round(Math.min(Math.max(value, 0), 255));
  return [shade, shade, shade];
}

/**
 * Blue above zero, white at zero, red below.
 * @param {number} value
 * @param {number} limit where the colours end
 * @returns {number[]} red, green, blue, each 0 to 255
 */
export function signed(value, limit = 1) {
  const place = 5 * (1 + Math.min(Math.max(value / (limit || 1), -1), 1));
  const below = Math.min(Math.floor(place), 9);
  return SIGNED[below].map((shade, i) => Math.round(shade + (place - below) * (SIGNED[below + 1][i] - shade)));
}

/** "black" or "white", whichever has more contrast on this colour (WCAG's relative luminance). */
export function inkOn(color) {
  const [red, green, blue] = color.map((shade) => (shade / 255) ** 2.2);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "black" : "white";
}

/**
 * Draw numbers on a canvas, one pixel each; CSS makes the pixels large.
 * @param {HTMLCanvasElement} canvas gets width and height
 * @param {ArrayLike<number>} values row after row: height * width
 * @param {number} width
 * @param {number} height
 * @param {(value: number) => number[]} color such as `grey`
 */
export function paint(canvas, values, width, height, color) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const [red, green, blue] = color(values[i]);
    image.data[4 * i] = red;
    image.data[4 * i + 1] = green;
    image.data[4 * i + 2] = blue;
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/**
 * A table of squares, for weights, pixels or products.
 * @param {Element} parent
 * @param {number} rows
 * @param {number} columns
 * @param {string} label for a screen reader
 * @returns {(i: number, text: string, color: number[]) => void} writes a square, row after row, on its colour
 */
export function squares(parent, rows, columns, label) {
  const table = add(parent, "div", { className: "squares", role: "group", "aria-label": label });
  table.style.gridTemplateColumns = `repeat(${columns}, auto)`;
  const cells = Array.from({ length: rows * columns }, () => add(table, "div", { className: "square" }));
  return (i, text, color) => {
    cells[i].textContent = text;
    cells[i].style.background = `rgb(${color})`;
    cells[i].style.color = inkOn(color);
  };
}

/**
 * A picture in which the reader points at a pixel: with mouse or finger, or with the arrow keys.
 * @param {Element} parent
 * @param {string} label for a screen reader
 * @param {(row: number, column: number) => void} choose is told the pixel
 * @param {() => number[]} size rows and columns, where the canvas has more than one of its own pixels for each
 * @returns {{canvas: HTMLCanvasElement, mark: Function}} `paint` the canvas; mark(row, column, side) frames pixels
 */
export function stage(parent, label, choose, size = null) {
  const box = add(parent, "div", { className: "stage", tabIndex: 0, role: "application", "aria-label": label });
  const canvas = add(box, "canvas", { "aria-hidden": "true" });
  const marker = add(box, "div", { className: "marker" });
  let at = [0, 0];
  size ??= () => [canvas.height, canvas.width];
  const go = (row, column) => {
    const [rows, columns] = size();
    choose(Math.min(Math.max(row, 0), rows - 1), Math.min(Math.max(column, 0), columns - 1));
  };
  const point = (event) => {
    const r = canvas.getBoundingClientRect();
    const [rows, columns] = size();
    go(Math.floor((rows * (event.clientY - r.top)) / r.height), Math.floor((columns * (event.clientX - r.left)) / r.width));
  };
  box.addEventListener("pointerdown", point);
  box.addEventListener("pointermove", (event) => event.buttons === 1 && point(event));
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  box.addEventListener("keydown", (event) => {
    if (!(event.key in steps) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    go(at[0] + steps[event.key][0], at[1] + steps[event.key][1]);
  });
  return {
    canvas,
    mark(row, column, side = 1) {
      at = [row, column];
      const before = (side - 1) / 2; // a frame around this pixel
      const [rows, columns] = size();
      const percent = (value, all) => `${(100 * value) / all}%`;
      marker.style.left = percent(column - before, columns);
      marker.style.top = percent(row - before, rows);
      marker.style.width = percent(side, columns);
      marker.style.height = percent(side, rows);
    },
  };
}
