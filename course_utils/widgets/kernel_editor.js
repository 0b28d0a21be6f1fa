// Nine numbers to change, and the picture that the kernel makes. kernels.py gives: picture (H, W), and presets,
// each {name, kernel, effect}.

import {
  add, atMostOnceAFrame, button, field, frame, grey, number, paint, sentence, signed, squares, stage, thousands, unpacked,
  weight,
} from "./parts.js";

const LARGEST = 192; // pixels of the longer side of a picture of one's own
const STYLE = `
.course-kernel-editor .weights { display: grid; grid-template-columns: repeat(3, 84px); gap: 4px; }
.course-kernel-editor .weights input { width: 84px; min-height: 52px; text-align: center; font-size: 17px; padding: 4px; appearance: textfield; }
.course-kernel-editor .weights input::-webkit-inner-spin-button { appearance: none; }
.course-kernel-editor .columns > * { flex: 0 1 330px; min-width: 0; }
.course-kernel-editor output { min-width: 2.6em; }
.course-kernel-editor .choices { display: grid; grid-template-columns: repeat(auto-fill, minmax(96px, 1fr)); gap: 6px; margin: 8px 0; }
.course-kernel-editor .choices button { padding: 4px; }
.course-kernel-editor .says { min-height: 5.9em; }
`;

/** Which pixel stands at place i of an axis of n pixels that is mirrored at its ends, as in OpenCV. */
function mirrored(i, n) {
  if (n === 1) return 0;
  if (i < 0) return -i;
  return i < n ? i : 2 * n - 2 - i;
}

/**
 * The nine pixels around a place, row after row.
 * @param {{data: ArrayLike<number>, shape: number[]}} picture (H, W)
 * @returns {number[]}
 */
export function windowAt({ data, shape: [height, width] }, row, column) {
  const pixels = [];
  for (let r = row - 1; r <= row + 1; r++)
    for (let c = column - 1; c <= column + 1; c++) pixels.push(data[mirrored(r, height) * width + mirrored(c, width)]);
  return pixels;
}

/**
 * The kernel at every pixel: the nine products, added. Nothing is cut off here.
 * @param {{data: ArrayLike<number>, shape: number[]}} picture (H, W)
 * @param {number[]} kernel nine weights, row after row
 * @returns {Float64Array} H * W results
 */
export function filtered(picture, kernel) {
  const { data, shape: [height, width] } = picture; // prettier-ignore
  const result = new Float64Array(height * width);
  for (let row = 0; row < height; row++) {
    const rows = [-1, 0, 1].map((step) => mirrored(row + step, height) * width);
    for (let column = 0; column < width; column++) {
      const left = mirrored(column - 1, width);
      const right = mirrored(column + 1, width);
      let sum = 0;
      for (let r = 0; r < 3; r++) {
        sum += kernel[3 * r] * data[rows[r] + left];
        sum += kernel[3 * r + 1] * data[rows[r] + column];
        sum += kernel[3 * r + 2] * data[rows[r] + right];
      }
      result[row * width + column] = sum;
    }
  }
  return result;
}

/**
 * What the weights add up to, whether results are drawn in grey or with their sign, and where the colours end.
 * @param {number[]} kernel
 * @param {"auto" | "grey" | "sign"} how "auto": with the sign where the weights add up to 0 or less
 * @returns {{total: number, withSign: boolean, limit: number}}
 */
export function reading(kernel, how) {
  const sum = kernel.reduce((a, b) => a + b, 0);
  const total = Math.abs(sum) < 1e-6 ? 0 : sum;
  const most = (255 * kernel.reduce((a, b) => a + Math.abs(b), 0)) / 2; // white under the weights of one sign only
  return { total, withSign: how === "sign" || (how === "auto" && total <= 0), limit: 0.4 * most || 1 };
}

/** Sobel's kernel for changes in a direction, in degrees: cos * x + sin * y, with two decimals. */
export function turned(sobelX, sobelY, degrees) {
  const [cos, sin] = [Math.cos, Math.sin].map((f) => f((degrees * Math.PI) / 180));
  return sobelX.map((x, i) => Math.round(100 * (cos * x + sin * sobelY[i])) / 100 + 0);
}

/** A file as a picture in grey, made smaller where it is large. Nothing is sent anywhere. */
async function greyOf(file) {
  const bitmap = await createImageBitmap(file);
  const zoom = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(zoom * side)));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  context.fillStyle = "white"; // under transparent pixels
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  const colors = context.getImageData(0, 0, width, height).data;
  const data = Uint8Array.from({ length: width * height }, (_, i) =>
    Math.floor((299 * colors[4 * i] + 587 * colors[4 * i + 1] + 114 * colors[4 * i + 2] + 500) / 1000),
  );
  return { data, shape: [height, width] };
}

function render({ model, el }) {
  const presets = model.get("presets");
  const [sobelX, sobelY] = ["Sobel x", "Sobel y"].map((wanted) => presets.find(({ name }) => name === wanted).kernel);
  const given = unpacked(model.get("picture"));
  let picture = given;
  let at = picture.shape.map((side) => Math.floor(side / 2)); // row and column of the place that is looked at

  const box = frame(el, "kernel-editor", STYLE);
  const columns = add(box, "div", { className: "columns" });
  const controls = add(columns, "div");
  add(controls, "div", { className: "title", textContent: "The kernel: nine weights" });
  const table = add(controls, "div", { className: "weights", role: "group", "aria-label": "The kernel" });
  const fields = Array.from({ length: 9 }, (_, i) =>
    add(table, "input", { type: "number", step: "0.25", "aria-label": `weight in row ${Math.floor(i / 3)}, column ${i % 3}` }),
  );
  const choices = add(controls, "div", { className: "choices", role: "group", "aria-label": "Known kernels" });
  const buttons = presets.map(({ name, kernel, effect }) => {
    const known = button(choices, name, () => put(kernel), false);
    known.title = effect;
    return [known, kernel];
  });
  const turn = add(controls, "div", { className: "beside" });
  const angle = field(turn, "Sobel, angle", { type: "range", min: 0, max: 180, step: 15, value: 0 });
  const degrees = add(turn, "output", { textContent: "0°" });
  const how = field(controls, "Colours", { value: "auto" }, [
    ["auto", "by the sum of the weights"],
    ["grey", "grey, 0 to 255"],
    ["sign", "with the sign"],
  ]);

  const after = add(columns, "div");
  add(after, "div", { className: "title", textContent: "What the kernel makes of it" });
  const target = stage(after, "The result. Arrow keys move to another pixel of it.", choose);
  const says = sentence(after);

  const before = add(columns, "div");
  add(before, "div", { className: "title", textContent: "The picture" });
  const source = stage(before, "The picture. Arrow keys move the kernel over it.", choose);
  const own = add(before, "div", { className: "beside" });
  const file = add(own, "label", { className: "file", textContent: "A picture of your own" });
  const input = add(file, "input", { type: "file", accept: "image/*" });
  const back = button(own, "The course's picture", () => use(given));
  const note = add(before, "p", { className: "note", textContent: "Your picture stays on this device.", role: "status" });

  const sums = add(columns, "div");
  const heading = add(sums, "div", { className: "title" });
  const show = squares(sums, 3, 3, "pixel times weight, nine times");
  const told = sentence(sums, "drawn");

  const weights = () => fields.map((one) => (Number.isFinite(one.valueAsNumber) ? one.valueAsNumber : 0));
  const later = atMostOnceAFrame(draw);

  function put(kernel) {
    fields.forEach((one, i) => (one.value = Math.round(1e4 * kernel[i]) / 1e4));
    later();
  }

  function use(other) {
    picture = other;
    at = picture.shape.map((side) => Math.floor(side / 2));
    back.disabled = picture === given;
    later();
  }

  function choose(row, column) {
    at = [row, column];
    later();
  }

  function draw() {
    const kernel = weights();
    const [height, width] = picture.shape;
    const results = filtered(picture, kernel);
    const { total, withSign, limit } = reading(kernel, how.value);
    paint(source.canvas, picture.data, width, height, grey);
    paint(target.canvas, results, width, height, withSign ? (value) => signed(value, limit) : grey);
    source.mark(...at, 3);
    target.mark(...at);
    const largest = Math.max(...kernel.map(Math.abs));
    fields.forEach((one, i) => {
      const [r, g, b] = signed(kernel[i], 2 * largest); // pale: the number stays readable
      one.style.background = `rgb(${r} ${g} ${b})`;
      one.style.color = "black";
    });
    for (const [known, preset] of buttons) {
      known.setAttribute("aria-pressed", preset.every((w, i) => Math.abs(w - kernel[i]) < 1e-3));
    }

    let [below, above] = [0, 0];
    for (const value of results) {
      if (value < -1e-9) below++;
      if (value > 255) above++;
    }
    const counts = `Of ${thousands(results.length)} results, ${thousands(below)} are below 0, ${thousands(above)} above 255. `;
    const colors = withSign
      ? "Blue is above zero, white is zero, red is below."
      : "Grey: what is below 0 is cut to 0 (black), what is above 255 is cut to 255 (white).";
    says(`The weights add up to ${number(total, 4)}. ${counts}${colors}`);

    const pixels = windowAt(picture, ...at);
    pixels.forEach((pixel, i) => {
      show(i, `${pixel} · ${weight(kernel[i])}\n= ${number(pixel * kernel[i], 1)}`, grey(pixel));
    });
    const sum = results[at[0] * width + at[1]];
    heading.textContent = `Row ${at[0]}, column ${at[1]}: nine products, sum ${number(sum, 1)}`;
    let drawn = "It is drawn in this grey.";
    if (withSign) drawn = Math.abs(sum) < 1e-9 ? "It is drawn white." : `It is drawn ${sum > 0 ? "blue" : "red"}.`;
    else if (sum < -1e-9) drawn = "It is below 0: cut to 0, black.";
    else if (sum > 255) drawn = "It is above 255: cut to 255, white.";
    told(`At row ${at[0]}, column ${at[1]} the nine products add up to ${number(sum, 1)}. ${drawn}`);
  }

  for (const one of fields) one.addEventListener("input", later);
  how.addEventListener("change", later);
  angle.addEventListener("input", () => {
    degrees.textContent = `${angle.value}°`;
    put(turned(sobelX, sobelY, Number(angle.value)));
  });
  input.addEventListener("change", async () => {
    if (!input.files.length) return;
    try {
      use(await greyOf(input.files[0]));
      note.textContent = "Your picture stays on this device.";
    } catch {
      note.textContent = "Your browser cannot read this file as a picture. Try a JPEG or a PNG.";
    }
    input.value = ""; // the same file can be chosen again
  });
  back.disabled = true;
  put(sobelX);
  draw();
}

export default { render };
