// A photograph of one's own digits, read step by step: every picture on the way from the page to the network's answers.
// The photograph does not leave the browser.
//
// State: classes (names), network (what describe.py wrote), note (a sentence about the network), pages (of the course,
// each {name, jpeg: base64}).

import { BARS_STYLE, barsIn, percent } from "./bars.js";
import { read, run } from "./network.js";
import { greyOf } from "./opencv.js";
import { COLORS, add, atMostOnceAFrame, button, frame, number, sentence, thousands } from "./parts.js";
import { BOX, PhotoError, SIDE, reduced, stepsOf } from "./photo_steps.js";

const MOST = 16e6; // pixels of a canvas: an iPhone has no larger one
const SHOWN = 640; // pixels of the width of a step's picture
const ZOOM = 4; // of the pictures of 28x28
const HEIC = ["heic", "heix", "heim", "hevc", "mif1", "msf1"];
const STAYS = "Your photograph stays on this device: it is read in this page, and nothing is sent anywhere.";

const STYLE = `
.course-photo .says { min-height: 2.9em; }
.course-photo .page { flex: 3 1 300px; max-width: 640px; }
.course-photo .page canvas { width: 100%; height: auto; image-rendering: auto; cursor: pointer; }
.course-photo .one { flex: 2 1 260px; max-width: 420px; }
.course-photo .made { display: flex; flex-wrap: wrap; gap: 8px 12px; margin-bottom: 8px; }
.course-photo .made canvas { max-width: none; }
.course-photo figure { margin: 0; }
.course-photo figcaption { font-size: 13px; line-height: 1.3; color: inherit; text-align: left; margin: 2px 0 0; }
.course-photo .found { display: grid; grid-template-columns: repeat(auto-fill, minmax(48px, 1fr)); gap: 4px; max-width: 860px; }
.course-photo .found button { padding: 3px 0 1px; display: grid; justify-items: center; line-height: 1.15; }
.course-photo .found button canvas { width: 38px; height: 38px; }
.course-photo .found button small { font-size: 12px; }
.course-photo .found button[aria-checked=true] { outline: 3px solid ${COLORS[1]}; outline-offset: -1px; }
.course-photo .found button.unsure { border-style: dashed; border-width: 2px; }
.course-photo .steps { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(260px, 100%), 1fr)); gap: 14px; }
.course-photo .steps canvas { width: 100%; height: auto; image-rendering: auto; }
@media (max-width: 480px) { .course-photo .steps { grid-template-columns: 1fr 1fr; gap: 10px; } }
.course-photo .steps b { display: block; }
.course-photo [hidden] { display: none; }
`;

// ---- from a file to pixels -----------------------------------------------------------------------------------------

/**
 * A file as a photograph, upright, in colours; what is transparent becomes white.
 * @param {Blob} file
 * @param {string} name for the message
 * @returns {Promise<{data: Uint8ClampedArray, width: number, height: number, channels: number}>} RGBA
 * @throws {PhotoError}
 */
async function photoOf(file, name) {
  let bitmap;
  try {
    // A camera held upright stores the picture on its side, and a note how to turn it: "from-image" follows the note.
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image", colorSpaceConversion: "none" });
  } catch {
    const begin = new TextDecoder("latin1").decode(await file.slice(4, 12).arrayBuffer());
    if (begin.startsWith("ftyp") && HEIC.includes(begin.slice(4)))
      throw new PhotoError(
        `${name} is a HEIC file, which an iPhone makes, and this browser cannot read it. Export it as JPEG, or set ` +
          "Settings > Camera > Formats to Most Compatible and take it again.",
      );
    throw new PhotoError(`${name} cannot be read as a picture. JPEG and PNG work.`);
  }
  const part = Math.min(1, Math.sqrt(MOST / (bitmap.width * bitmap.height)));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.floor(part * side)));
  const context = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d", {
    willReadFrequently: true,
  });
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return reduced({ data: context.getImageData(0, 0, width, height).data, width, height, channels: 4 });
}

/** A page of the course as a file. */
const fileOf = ({ jpeg }) =>
  new Blob([Uint8Array.from(atob(jpeg), (letter) => letter.charCodeAt(0))], { type: "image/jpeg" });

// ---- pictures on the page ------------------------------------------------------------------------------------------

/**
 * Pixels on a canvas of their own size.
 * @param {{width: number, height: number}} size
 * @param {(i: number) => number[]} color red, green, blue of pixel i
 */
function canvasOf({ width, height }, color) {
  const canvas = new OffscreenCanvas(width, height);
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) image.data.set([...color(i), 255], 4 * i);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

const inGrey = (picture) => canvasOf(picture, (i) => [picture.data[i], picture.data[i], picture.data[i]]);

/** A large picture in a figure, not larger than it is seen. */
function showSmaller(canvas, picture) {
  const part = Math.min(1, SHOWN / picture.width);
  [canvas.width, canvas.height] = [picture.width, picture.height].map((side) => Math.max(1, Math.round(part * side)));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
}

/** The numbers of "#0072B2". */
const rgb = (color) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));

// ---- the control ---------------------------------------------------------------------------------------------------

function render({ model, el }) {
  const classes = model.get("classes");
  const network = read(model.get("network"));
  const pages = model.get("pages");
  const box = frame(el, "photo", BARS_STYLE + STYLE);

  const choices = add(box, "div", { className: "beside" });
  // A telephone's button opens the camera at once, so that there is a second button for a picture that is stored.
  if (matchMedia("(pointer: coarse)").matches) fileIn(choices, "Take a photograph", true);
  fileIn(choices, "Choose a photograph", false);
  const known = pages.map((page) => button(choices, page.name, () => use(fileOf(page), page.name, page), false));
  add(box, "p", { className: "note", textContent: STAYS });
  const say = sentence(box);

  const result = add(box, "div", { className: "columns" });
  const onPage = add(result, "div", { className: "page" });
  const whole = add(onPage, "canvas", { role: "img", "aria-label": "The photograph" });
  add(onPage, "div", { className: "note", textContent: "Click on a digit, or tap it, here or below." });
  const one = oneDigitIn(add(result, "div", { className: "one" }), classes);

  const foundTitle = add(box, "p", { className: "title", textContent: "What the network gets, and what it answers" });
  const found = add(box, "div", { className: "found", role: "radiogroup", "aria-label": "The digits that were found" });
  add(box, "p", { className: "title", textContent: "From the photograph to the digits" });
  const steps = stepsIn(add(box, "div", { className: "steps" }));
  add(box, "p", { className: "note", textContent: model.get("note") });

  let photo = null; // as a canvas
  let digits = []; // row by row
  let chosen = 0;
  let turn = 0; // counts the photographs: a newer one ends the work on an older one

  function fileIn(parent, text, camera) {
    const label = add(parent, "label", { className: "file", textContent: text });
    const input = add(label, "input", { type: "file", accept: "image/*" });
    if (camera) input.setAttribute("capture", "environment");
    input.addEventListener("change", () => {
      const [file] = input.files;
      if (file) use(file, file.name);
      input.value = ""; // the same file can be chosen again
    });
  }

  async function use(file, name, page = null) {
    const mine = ++turn;
    known.forEach((one, i) => one.setAttribute("aria-pressed", pages[i] === page));
    say(`${name}: reading ...`);
    try {
      const pixels = await photoOf(file, name);
      if (mine !== turn) return;
      clear();
      photo = canvasOf(pixels, (i) => [0, 1, 2].map((c) => pixels.data[4 * i + c]));
      draw();
      const grey = greyOf(pixels);
      steps.show("grey", { picture: grey });
      for (const [step, made] of stepsOf(grey)) {
        if (step === "rows") put(made.rows);
        else steps.show(step, made, grey);
        await painted(); // each picture is seen as soon as it is there
        if (mine !== turn) return;
      }
    } catch (error) {
      if (mine !== turn) return;
      if (!(error instanceof PhotoError)) throw error;
      say(error.message);
    }
  }

  function clear() {
    digits = [];
    found.replaceChildren();
    foundTitle.hidden = true;
    one.clear();
    steps.clear();
  }

  /** The digits, each with the network's answer. */
  function put(rows) {
    digits = rows.flatMap((row, r) =>
      row.map((digit, c) => {
        const probabilities = run(network, digit.picture).at(-1).data;
        const best = probabilities.indexOf(Math.max(...probabilities));
        return { ...digit, row: r, column: c, probabilities, best, name: classes[best] };
      }),
    );
    foundTitle.hidden = false;
    digits.forEach((digit, i) => {
      const share = percent(digit.probabilities[digit.best]);
      const choice = button(found, "", () => choose(i));
      choice.setAttribute("role", "radio");
      choice.setAttribute("aria-label", `row ${digit.row + 1}, digit ${digit.column + 1}: ${digit.name}, ${share}`);
      choice.classList.toggle("unsure", digit.probabilities[digit.best] < 0.8);
      const canvas = add(choice, "canvas", { width: SIDE, height: SIDE, "aria-hidden": "true" });
      canvas.getContext("2d").drawImage(inGrey({ data: digit.picture, width: SIDE, height: SIDE }), 0, 0);
      add(choice, "b", { textContent: digit.name });
      add(choice, "small", { textContent: share });
    });
    const texts = rows.map((_, r) => digits.filter(({ row }) => row === r).map(({ name }) => name).join(" ")); // prettier-ignore
    const count = `${digits.length} ${digits.length === 1 ? "digit was" : "digits were"} found`;
    say(`${count}. The network reads${rows.length > 1 ? ", row by row" : ""}: ${texts.join(" | ")}.`);
    choose(0);
  }

  function choose(i) {
    chosen = i;
    [...found.children].forEach((choice, k) => {
      choice.setAttribute("aria-checked", k === i);
      choice.tabIndex = k === i ? 0 : -1; // Tab goes to the chosen one, the arrows from one to the next
    });
    one.show(digits[i]);
    draw();
  }

  found.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { row, column } = digits[chosen];
    const inRow = (r) => {
      const there = digits.filter((digit) => digit.row === r);
      return there.length ? digits.indexOf(there[Math.min(column, there.length - 1)]) : chosen;
    };
    const to = {
      ArrowLeft: () => Math.max(chosen - 1, 0),
      ArrowRight: () => Math.min(chosen + 1, digits.length - 1),
      ArrowUp: () => inRow(row - 1),
      ArrowDown: () => inRow(row + 1),
      Home: () => 0,
      End: () => digits.length - 1,
    }[event.key];
    if (!to) return;
    event.preventDefault();
    event.stopPropagation();
    choose(to());
    found.children[chosen].focus();
  });

  /** The photograph with a box and the answer at each digit. */
  function draw() {
    if (!photo) return;
    if (whole.width !== photo.width) whole.width = photo.width;
    if (whole.height !== photo.height) whole.height = photo.height;
    const context = whole.getContext("2d");
    context.drawImage(photo, 0, 0);
    const pixel = photo.width / (whole.clientWidth || 400); // of the photograph, for one of the screen
    context.font = `bold ${13 * pixel}px sans-serif`;
    context.textBaseline = "bottom";
    const order = [...digits.keys()].sort((a, b) => (a === chosen) - (b === chosen)); // the chosen one on top
    for (const i of order) {
      const { box: [x, y, w, h], name } = digits[i]; // prettier-ignore
      const margin = 2 * pixel;
      const color = COLORS[i === chosen ? 1 : 0];
      context.strokeStyle = context.fillStyle = color;
      context.lineWidth = (i === chosen ? 3 : 1.5) * pixel;
      context.strokeRect(x - margin, y - margin, w + 2 * margin, h + 2 * margin);
      const high = 14 * pixel;
      const top = Math.max(y - margin - high, 0);
      context.fillRect(x - margin - context.lineWidth / 2, top, context.measureText(name).width + 6 * pixel, high);
      context.fillStyle = "white";
      context.fillText(name, x - margin + 2 * pixel, top + high);
    }
    const numbers = digits.length ? `, with ${digits.length} boxes; the answers stand beside it as buttons` : "";
    whole.setAttribute("aria-label", `The photograph${numbers}`);
  }

  whole.addEventListener("click", (event) => {
    const r = whole.getBoundingClientRect();
    const [x, y] = [((event.clientX - r.left) / r.width) * whole.width, ((event.clientY - r.top) / r.height) * whole.height];
    const away = digits.map(({ box: [left, top, w, h] }) => Math.hypot(left + w / 2 - x, top + h / 2 - y));
    if (digits.length) choose(away.indexOf(Math.min(...away)));
  });
  new ResizeObserver(atMostOnceAFrame(draw)).observe(whole);
  clear();
  use(fileOf(pages[0]), pages[0].name, pages[0]);
}

/** After the next picture of the screen; a page in the background goes on, too. */
const painted = () => new Promise((done) => setTimeout(done, 0));

// ---- the steps of a page -------------------------------------------------------------------------------------------

/** A figure for each picture between the photograph and the digits, with one sentence. */
function stepsIn(parent) {
  const titles = {
    grey: "1 Grey",
    paper: "2 The paper, estimated",
    flat: "3 The page, divided by it",
    ink: "4 Ink",
    pieces: "5 Pieces",
  };
  const colors = COLORS.slice(0, 6).map(rgb);
  const told = {
    grey: ({ picture: { width, height } }) => `${width}x${height} pixels: 0.299 red + 0.587 green + 0.114 blue.`,
    paper: ({ size }) =>
      `A closing with a disc of ${size} pixels takes away what is dark and thinner than it; a Gaussian blur follows.`,
    flat: () => "Now the light is the same everywhere: paper is near 255.",
    ink: ({ paper, typical, threshold, share }) =>
      `Paper ${number(paper, 1)}, typical ink ${number(typical, 1)}: below ${number(threshold, 2)}, half way, is ink. ` +
      `That is ${number(100 * share, 1)} % of the pixels.`,
    pieces: ({ pieces, gap, all }) => {
      const joined = gap > 1 ? `Pieces nearer than ${gap} pixels are one. ` : "";
      const others = all - pieces.length;
      const left = others ? `; ${thousands(others)} (grey) ${others === 1 ? "is" : "are"} too small, too large or at the border` : "";
      return `${joined}${pieces.length} of ${thousands(all)} ${all === 1 ? "piece is a digit" : "pieces are digits"}${left}.`;
    },
  };
  const drawn = {
    ink: ({ ink }) => canvasOf(ink, (i) => (ink.data[i] ? [0, 0, 0] : [255, 255, 255])),
    pieces: ({ numbers, pieces }, size) => {
      const colorOf = new Map(pieces.map(([number], k) => [number, colors[k % colors.length]]));
      return canvasOf(size, (i) => (numbers[i] ? colorOf.get(numbers[i]) ?? [160, 160, 160] : [255, 255, 255])); // prettier-ignore
    },
  };
  const figures = Object.entries(titles).map(([step, title]) => {
    const figure = add(parent, "figure", { hidden: true });
    const canvas = add(figure, "canvas", { role: "img", "aria-label": title });
    const caption = add(figure, "figcaption");
    add(caption, "b", { textContent: title });
    return [step, { figure, canvas, text: add(caption, "span") }];
  });
  const all = Object.fromEntries(figures);
  return {
    show(step, made, size) {
      const { figure, canvas, text } = all[step];
      figure.hidden = false;
      showSmaller(canvas, drawn[step]?.(made, size) ?? inGrey(made.picture));
      text.textContent = told[step](made);
    },
    clear: () => figures.forEach(([, { figure }]) => (figure.hidden = true)),
  };
}

// ---- one digit -----------------------------------------------------------------------------------------------------

/** The chosen digit: cut out, scaled, put into its place, and the ten probabilities. */
function oneDigitIn(parent, classes) {
  const say = sentence(parent, "title");
  const made = add(parent, "div", { className: "made" });
  const figures = Array.from({ length: 3 }, () => {
    const figure = add(made, "figure");
    return { figure, canvas: add(figure, "canvas", { "aria-hidden": "true" }), caption: add(figure, "figcaption") };
  });
  const bars = add(parent, "div");
  const show = barsIn(bars, classes);

  /** A picture, so large that its longer side is as long as the box in the last one. */
  function put({ figure, canvas, caption }, picture, text) {
    const zoom = (BOX * ZOOM) / Math.max(picture.width, picture.height);
    [canvas.width, canvas.height] = [picture.width, picture.height];
    canvas.getContext("2d").drawImage(inGrey(picture), 0, 0);
    canvas.style.width = `${picture.width * zoom}px`;
    figure.style.width = `${Math.max(picture.width * zoom, 84)}px`;
    caption.textContent = text;
  }

  return {
    show({ row, column, cut, small, mass, corner, picture, probabilities, best, name }) {
      say(`Row ${row + 1}, digit ${column + 1}: the network answers ${name} (${percent(probabilities[best])})`);
      parent.hidden = false;
      put(figures[0], cut, `cut out, paper is 0: ${cut.width}x${cut.height}`);
      const greys = { ...small, data: small.data.map((value) => 255 * value) };
      put(figures[1], greys, `scaled: ${small.width}x${small.height}, the longer side is ${BOX}`);
      const { figure, canvas, caption } = figures[2];
      const side = SIDE * ZOOM;
      [canvas.width, canvas.height] = [side, side];
      figure.style.width = canvas.style.width = `${side}px`;
      const context = canvas.getContext("2d");
      context.imageSmoothingEnabled = false;
      context.drawImage(inGrey({ data: picture, width: SIDE, height: SIDE }), 0, 0, side, side);
      context.lineWidth = 2;
      context.strokeStyle = COLORS[5];
      context.strokeRect(corner[1] * ZOOM, corner[0] * ZOOM, small.width * ZOOM, small.height * ZOOM);
      const [y, x] = mass.map((at, axis) => (corner[axis] + at + 0.5) * ZOOM);
      context.strokeStyle = COLORS[1];
      context.beginPath();
      for (const [dx, dy] of [[8, 0], [0, 8]]) { // prettier-ignore
        context.moveTo(x - dx, y - dy);
        context.lineTo(x + dx, y + dy);
      }
      context.stroke();
      const [r, c] = mass.map((at, axis) => number(corner[axis] + at, 1));
      caption.textContent = `in ${SIDE}x${SIDE}: centre of mass (orange) at row ${r}, column ${c}`;
      show(probabilities);
    },
    clear: () => (parent.hidden = true),
  };
}

export default { render };
