// A pad to draw on with mouse, finger, pen or keyboard. What is drawn are strokes, as strokes.js takes them.

import { COLORS, add, button } from "./parts.js";
import { PEN, SIDE } from "./strokes.js";

const PAD = 280; // pixels of the pad; on a narrow phone fewer are shown
const STEP = 0.05; // of an arrow key, as a part of the pad
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export const PAD_STYLE = `
.course-widget .paper { width: ${PAD}px; touch-action: none; cursor: crosshair; image-rendering: auto; }
`;

/**
 * A pad, a button that clears it, and a tick at "scale and centre".
 * @param {Element} left
 * @param {Object} model with `strokes`, which stand on the pad at first, and `centred`
 * @param {() => void} changed is called after each change
 * @returns {{strokes: () => number[][][], centred: () => boolean}} what is on the pad now
 */
export function padIn(left, model, changed) {
  let strokes = structuredClone(model.get("strokes"));
  let pointer = null; // the pointer that draws, while it draws
  const key = { at: [0.5, 0.5], down: false, shown: false, held: new Set() };

  const paper = add(left, "canvas", {
    className: "paper",
    width: PAD,
    height: PAD,
    tabIndex: 0,
    role: "application",
    "aria-label":
      "Pad for a digit. Draw with mouse, finger or pen. Keys: arrows move, space lowers or lifts the pen, Delete clears.",
  });
  const row = add(left, "div", { className: "beside" });
  button(row, "Clear", () => empty()).classList.add("clear");
  const label = add(row, "label");
  const centred = add(label, "input", { type: "checkbox", className: "centred", checked: model.get("centred") });
  label.append("scale and centre, as in MNIST");
  centred.addEventListener("change", changed);
  add(left, "div", { className: "note", textContent: "Keys: arrows move, space = pen down or up" });

  const context = paper.getContext("2d");
  function draw() {
    context.fillStyle = "black";
    context.fillRect(0, 0, PAD, PAD);
    context.strokeStyle = "white";
    context.lineWidth = ((2 * PEN) / SIDE) * PAD;
    context.lineCap = context.lineJoin = "round";
    for (const stroke of strokes) {
      context.beginPath();
      for (const [x, y] of [stroke[0], ...stroke]) context.lineTo(x * PAD, y * PAD); // twice: one point is a dot
      context.stroke();
    }
    if (!key.shown) return;
    context.strokeStyle = COLORS[1];
    context.lineWidth = key.down ? 5 : 2;
    context.beginPath();
    context.arc(key.at[0] * PAD, key.at[1] * PAD, 9, 0, 2 * Math.PI);
    context.stroke();
  }

  function point(stroke, x, y) {
    const at = [x, y].map((v) => Math.round(1000 * Math.min(Math.max(v, 0), 1)) / 1000);
    const last = stroke.at(-1);
    if (last && Math.hypot(at[0] - last[0], at[1] - last[1]) < 0.006) return;
    stroke.push(at);
    draw();
    changed();
  }

  function empty() {
    strokes = [];
    key.down = false;
    draw();
    changed();
  }

  function place(event) {
    const r = paper.getBoundingClientRect();
    return [(event.clientX - r.left) / r.width, (event.clientY - r.top) / r.height];
  }

  paper.addEventListener("pointerdown", (event) => {
    if (pointer !== null || event.button !== 0) return;
    pointer = event.pointerId;
    paper.setPointerCapture(pointer); // the line goes on when the pointer leaves the pad
    key.shown = key.down = false;
    strokes.push([]);
    point(strokes.at(-1), ...place(event));
  });
  // A stroke is no swipe: without this, a tap on "Clear" right after it only stops the swipe.
  paper.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  paper.addEventListener("pointermove", (event) => {
    if (event.pointerId === pointer) point(strokes.at(-1), ...place(event));
  });
  for (const end of ["pointerup", "pointercancel"]) {
    paper.addEventListener(end, (event) => {
      if (event.pointerId === pointer) pointer = null;
    });
  }

  paper.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in ARROWS) {
      key.held.add(event.key); // two arrows at once go along a diagonal
      let [x, y] = key.at;
      for (const name of key.held) {
        x += STEP * ARROWS[name][0];
        y += STEP * ARROWS[name][1];
      }
      key.at = [x, y].map((v) => Math.min(Math.max(v, 0), 1));
      if (key.down) point(strokes.at(-1), ...key.at);
    } else if (event.key === " ") {
      key.down = !key.down;
      if (key.down) {
        strokes.push([]);
        point(strokes.at(-1), ...key.at);
      }
    } else if (event.key === "Delete" || event.key === "Backspace") {
      empty();
    } else {
      return; // Tab and all others keep their meaning
    }
    key.shown = true;
    draw();
    event.preventDefault();
    event.stopPropagation();
  });
  paper.addEventListener("keyup", (event) => key.held.delete(event.key));
  paper.addEventListener("blur", () => {
    key.held.clear();
    key.shown = key.down = false;
    draw();
  });
  paper.addEventListener("focus", () => {
    key.shown = paper.matches(":focus-visible"); // by Tab, not by a click
    draw();
  });

  draw();
  return { strokes: () => strokes, centred: () => centred.checked };
}
