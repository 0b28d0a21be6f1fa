// The browser half of digit_pad.py: a pad for mouse, finger, pen and keyboard, and the network's answer beside it.
// Synced with Python: strokes, centred (to Python); answer (from Python); classes, colors, pen (fixed).

const PAD = 280; // pixels
const STEP = 0.05; // of an arrow key, as a part of the pad
const WAIT = 80; // milliseconds between two messages while a line is drawn
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const STYLE = `
.course-pad { display: flex; flex-wrap: wrap; gap: 8px 20px; align-items: flex-start; font-size: 13px; padding: 4px; }
.course-pad .pad-left { width: 284px; }
.course-pad canvas { display: block; image-rendering: pixelated; }
.course-pad .pad-paper { border: 1px solid #888; cursor: crosshair; touch-action: none; }
.course-pad .pad-paper:focus-visible, .course-pad button:focus-visible { outline: 3px solid #56B4E9; outline-offset: 1px; }
.course-pad .pad-row { display: flex; align-items: center; gap: 10px; margin-top: 6px; }
.course-pad .pad-bar { display: grid; grid-template-columns: 1.2em 130px 3.6em; gap: 6px; align-items: center; }
.course-pad .pad-track { height: 11px; border: 1px solid #999; }
.course-pad .pad-fill { height: 100%; width: 0; }
.course-pad .pad-maps { display: grid; gap: 4px; }
.course-pad .pad-percent { text-align: right; white-space: nowrap; }
`;

function add(parent, tag, properties = {}) {
  const element = Object.assign(document.createElement(tag), properties);
  parent.append(element);
  return element;
}

// Greys or signed shades as a small canvas, magnified by CSS.
function paint(canvas, bytes, offset, width, height, color) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const [r, g, b] = color(bytes[offset + i]);
    image.data.set([r, g, b, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
}

const grey = (v) => [v, v, v];

// 128 is white, below it red, above it blue: safe for colour-blind readers, and the same as "RdBu" in the figures.
function signed(v) {
  const part = (v - 128) / 127;
  const end = part < 0 ? [178, 24, 43] : [33, 102, 172];
  return end.map((c) => 255 + (c - 255) * Math.min(Math.abs(part), 1));
}

function bytesOf(view) {
  return view ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength) : new Uint8Array();
}

function render({ model, el }) {
  const box = add(el, "div", { className: "course-pad" });
  add(box, "style", { textContent: STYLE });

  const left = add(box, "div", { className: "pad-left" });
  const paper = add(left, "canvas", { className: "pad-paper", width: PAD, height: PAD, tabIndex: 0 });
  paper.setAttribute("role", "application");
  paper.setAttribute(
    "aria-label",
    "Pad for a digit. Draw with mouse, finger or pen. Keys: arrows move, space lowers or lifts the pen, Delete clears.",
  );
  const row = add(left, "div", { className: "pad-row" });
  const clear = add(row, "button", { textContent: "Clear", type: "button", className: "pad-clear" });
  const label = add(row, "label");
  const centred = add(label, "input", { type: "checkbox", className: "pad-centred" });
  label.append(" scale and centre, as in MNIST");
  add(left, "div", { textContent: "Keys: Tab to the pad, arrows, space = pen down or up" });
  for (const part of [paper, clear, centred]) part.dataset.lmSuppressShortcuts = "true"; // JupyterLab's own keys: A, B, D D

  const middle = add(box, "div");
  const says = add(middle, "div", { className: "pad-says" });
  says.setAttribute("role", "status");
  const bars = model.get("classes").map((name) => {
    const bar = add(middle, "div", { className: "pad-bar" });
    add(bar, "span", { textContent: name });
    const fill = add(add(bar, "div", { className: "pad-track" }), "div", { className: "pad-fill" });
    return { name, bar, fill, percent: add(bar, "span", { className: "pad-percent" }) };
  });

  const right = add(box, "div");
  add(right, "div", { textContent: "What the network sees" });
  const seen = add(right, "canvas", { className: "pad-seen" });
  seen.style.width = seen.style.height = "112px";
  const mapsTitle = add(right, "div", { textContent: "First layer (blue +, white 0, red -)" });
  const maps = add(right, "div", { className: "pad-maps" });

  let strokes = structuredClone(model.get("strokes")); // what is on the pad; the model gets copies of it
  let pointer = null; // the pointer that draws, while it draws
  let timer = null;
  const key = { at: [0.5, 0.5], down: false, shown: false, held: new Set() };

  const context = paper.getContext("2d");
  function draw() {
    context.fillStyle = "black";
    context.fillRect(0, 0, PAD, PAD);
    context.strokeStyle = "white";
    context.lineWidth = model.get("pen") * PAD;
    context.lineCap = context.lineJoin = "round";
    for (const stroke of strokes) {
      context.beginPath();
      for (const [x, y] of [stroke[0], ...stroke]) context.lineTo(x * PAD, y * PAD); // twice: one point is a dot
      context.stroke();
    }
    if (!key.shown) return;
    context.strokeStyle = model.get("colors")[1];
    context.lineWidth = key.down ? 5 : 2;
    context.beginPath();
    context.arc(key.at[0] * PAD, key.at[1] * PAD, 9, 0, 2 * Math.PI);
    context.stroke();
  }

  function send() {
    clearTimeout(timer);
    timer = null;
    model.set("strokes", structuredClone(strokes));
    model.save_changes();
  }

  function changed() {
    draw();
    timer ??= setTimeout(send, WAIT);
  }

  function point(stroke, x, y) {
    const at = [x, y].map((v) => Math.round(1000 * Math.min(Math.max(v, 0), 1)) / 1000);
    const last = stroke.at(-1);
    if (last && Math.hypot(at[0] - last[0], at[1] - last[1]) < 0.006) return;
    stroke.push(at);
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
  paper.addEventListener("pointermove", (event) => {
    if (event.pointerId === pointer) point(strokes.at(-1), ...place(event));
  });
  for (const end of ["pointerup", "pointercancel"]) {
    paper.addEventListener(end, (event) => {
      if (event.pointerId !== pointer) return;
      pointer = null;
      send();
    });
  }

  function empty() {
    strokes = [];
    key.down = false;
    draw();
    send();
  }
  clear.addEventListener("click", empty);

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

  centred.addEventListener("change", () => {
    model.set("centred", centred.checked);
    model.save_changes();
  });

  function showAnswer() {
    const { picture, probabilities = [], maps: shades, shape = [0, 0, 0] } = model.get("answer");
    const best = probabilities.indexOf(Math.max(...probabilities));
    const percent = (p) => `${(100 * p).toFixed(0)} %`;
    says.textContent = probabilities.length
      ? `The network answers ${bars[best].name} (${percent(probabilities[best])})`
      : "Draw a digit.";
    bars.forEach(({ bar, fill, percent: text }, i) => {
      const p = probabilities[i] ?? 0;
      bar.style.fontWeight = i === best ? "bold" : "normal";
      fill.style.width = `${100 * p}%`;
      fill.style.background = model.get("colors")[i === best ? 1 : 0];
      text.textContent = probabilities.length ? percent(p) : "";
    });
    const greys = bytesOf(picture);
    if (greys.length) paint(seen, greys, 0, 28, 28, grey);
    const [channels, height, width] = shape;
    const bytes = bytesOf(shades);
    mapsTitle.hidden = channels === 0;
    while (maps.childElementCount > channels) maps.lastChild.remove();
    while (maps.childElementCount < channels) add(maps, "canvas", { className: "pad-map" });
    maps.style.gridTemplateColumns = `repeat(${channels <= 6 ? 3 : 8}, max-content)`;
    [...maps.children].forEach((canvas, i) => {
      canvas.style.width = canvas.style.height = channels <= 6 ? "72px" : "34px";
      paint(canvas, bytes, i * height * width, width, height, signed);
    });
  }

  const other = () => {
    if (pointer !== null || timer !== null) return; // this pad is ahead of the model
    strokes = structuredClone(model.get("strokes"));
    draw();
  };
  const tick = () => (centred.checked = model.get("centred"));
  model.on("change:strokes", other);
  model.on("change:centred", tick);
  model.on("change:answer", showAnswer);
  tick();
  draw();
  showAnswer();
  return () => {
    clearTimeout(timer);
    model.off("change:strokes", other);
    model.off("change:centred", tick);
    model.off("change:answer", showAnswer);
  };
}

export default { render };
