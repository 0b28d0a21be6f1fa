// A kernel that moves over a small patch, product by product and place by place. kernels.py gives: patch (C, H, W) and
// kernel (C, k, k), for one channel or for three.

import {
  add, atMostOnceAFrame, button, field, frame, grey, number, paint, sentence, signed, squares, stage,
  unpacked, weight,
} from "./parts.js";

const EMPTY = [220, 235, 245]; // a place that holds no number yet
const PACE = 700; // milliseconds from place to place
const STYLE = `
.course-moving-kernel .pictures { display: grid; gap: 16px; max-width: 620px; margin-bottom: 12px; align-items: start; }
.course-moving-kernel .pictures .stage { width: 100%; }
.course-moving-kernel .square { min-width: 80px; min-height: 52px; }
.course-moving-kernel .narrow .square { min-width: 50px; min-height: 64px; padding: 2px; }
.course-moving-kernel .says { min-height: 3em; }
`;

/**
 * The products at one place, channel after channel and row after row.
 * @param {{data: ArrayLike<number>, shape: number[]}} patch (C, H, W)
 * @param {{data: ArrayLike<number>, shape: number[]}} kernel (C, k, k)
 * @returns {{pixel: number, weight: number, product: number}[]} C * k * k
 */
export function productsAt(patch, kernel, row, column) {
  const [channels, height, width] = patch.shape;
  const k = kernel.shape[1];
  const products = [];
  for (let channel = 0; channel < channels; channel++)
    for (let r = 0; r < k; r++)
      for (let c = 0; c < k; c++) {
        const pixel = patch.data[(channel * height + row + r) * width + column + c];
        const w = kernel.data[(channel * k + r) * k + c];
        products.push({ pixel, weight: w, product: pixel * w });
      }
  return products;
}

/**
 * All results: the kernel slides over the patch and stays inside; the products of all channels are added.
 * @returns {{data: Float64Array, shape: number[]}} (H - k + 1, W - k + 1)
 */
export function correlate(patch, kernel) {
  const shape = [1, 2].map((axis) => patch.shape[axis] - kernel.shape[axis] + 1);
  const data = Float64Array.from({ length: shape[0] * shape[1] }, (_, place) =>
    productsAt(patch, kernel, Math.floor(place / shape[1]), place % shape[1]).reduce((sum, one) => sum + one.product, 0),
  );
  return { data, shape };
}

function render({ model, el }) {
  const [patch, kernel] = [unpacked(model.get("patch")), unpacked(model.get("kernel"))];
  const [channels, height, width] = patch.shape;
  const k = kernel.shape[1];
  const size = k * k; // products of one channel
  const result = correlate(patch, kernel);
  const [rows, columns] = result.shape;
  const places = rows * columns;
  const [low, high] = [Math.min(...patch.data), Math.max(...patch.data)];
  const [least, most] = [Math.min(...result.data), Math.max(...result.data)];
  const names = channels === 3 ? ["red", "green", "blue"] : ["grey"];
  // One channel: white for the largest pixel, dark grey for the smallest, as in the figure. Three: the colours are real.
  const shade = (value, from = low, to = high) =>
    grey((255 * (value - from + (to - from) / 2)) / (1.5 * (to - from) || 1));
  const withSign = least < 0;
  const empty = withSign ? [190, 190, 190] : EMPTY; // pale blue would be a small result
  const ofResult = (value) => {
    if (Number.isNaN(value)) return empty;
    if (withSign) return signed(value, Math.max(-least, most));
    return least >= low && most <= high ? shade(value) : shade(value, least, most);
  };
  const tint = (channel) => (value) => (channels === 1 ? shade(value) : names.map((_, i) => (i === channel ? value : 0)));

  let place = 0;
  let done = channels * size; // products that are added already
  let timer = null;

  const box = frame(el, "moving-kernel", STYLE);
  const steps = add(box, "div", { className: "beside steps" });
  const play = button(steps, "Play", () => (timer ? stop() : start()));
  button(steps, "◀ Place", () => by(-1)).setAttribute("aria-label", "one place back");
  button(steps, "Place ▶", () => by(1)).setAttribute("aria-label", "one place on");
  button(steps, "Product ▶", nextProduct).setAttribute("aria-label", "add one product");
  const slider = field(steps, "place", { type: "range", min: 1, max: places, value: 1 });
  const where = add(steps, "output");
  const says = sentence(box);

  const pictures = add(box, "div", { className: "pictures" });
  pictures.style.gridTemplateColumns = `${width}fr ${columns}fr`; // to the same scale
  const left = add(pictures, "div");
  add(left, "div", { className: "title", textContent: `The patch, ${height}x${width}` });
  const source = stage(left, "The patch. Arrow keys move the kernel over it.", (r, c) =>
    choose(r - Math.floor(k / 2), c - Math.floor(k / 2)),
  );
  const right = add(pictures, "div");
  add(right, "div", { className: "title", textContent: `New pixels, ${rows}x${columns}` });
  const target = stage(right, "The new pixels. Arrow keys move from place to place.", choose);

  const sums = add(box, "div", { className: "columns" });
  const narrow = channels > 1 || k > 3; // then each product takes three lines
  const tables = names.map((name) => {
    const part = add(sums, "div", { className: narrow ? "narrow" : "" });
    const title = add(part, "div", { className: "title" });
    const show = squares(part, k, k, `${name}: pixel times weight`);
    return { title, show };
  });

  // The patch does not change. Three channels are drawn in their colours.
  const plane = height * width;
  const pixels = Array.from({ length: plane }, (_, i) => i);
  paint(source.canvas, pixels, width, height, (i) =>
    channels === 3 ? names.map((_, c) => patch.data[c * plane + i]) : shade(patch.data[i]),
  );

  const draw = atMostOnceAFrame(() => {
    const [row, column] = [Math.floor(place / columns), place % columns];
    const products = productsAt(patch, kernel, row, column);
    const whole = done === products.length;
    slider.value = place + 1;
    where.textContent = `${place + 1} of ${places}`;
    source.mark(row + (k - 1) / 2, column + (k - 1) / 2, k);
    const shown = result.data.map((value, i) => (i < place || (i === place && whole) ? value : NaN));
    paint(target.canvas, shown, columns, rows, ofResult);
    target.mark(row, column);

    const subtotals = tables.map(({ title, show }, channel) => {
      const own = products.slice(channel * size, (channel + 1) * size);
      const added = own.slice(0, Math.max(0, done - channel * size));
      own.forEach(({ pixel, weight: w, product }, i) => {
        const factors = `${number(pixel)}${narrow ? "\n" : " "}· ${weight(w, 3)}`;
        if (i < added.length) show(i, `${factors}\n= ${number(product, 1)}`, tint(channel)(pixel));
        else show(i, factors, EMPTY);
      });
      const sum = added.reduce((all, one) => all + one.product, 0);
      const count = `${added.length} product${added.length === 1 ? "" : "s"}`;
      title.textContent = `${channels > 1 ? names[channel] : count}, sum ${number(sum, 1)}`;
      return sum;
    });
    const sum = subtotals.reduce((all, one) => all + one, 0);
    const parts = channels > 1 ? ` (${subtotals.map((one, i) => `${names[i]} ${number(one, 1)}`).join(", ")})` : "";
    const count = `${done} product${done === 1 ? "" : "s"}`;
    says(
      whole
        ? `Row ${row}, column ${column}: all ${count} add up to ${number(sum, 1)}${parts}. This is one new pixel.`
        : `Row ${row}, column ${column}: ${count} of ${products.length} add up to ${number(sum, 1)}${parts} so far.`,
    );
  });

  function go(to) {
    place = Math.min(Math.max(to, 0), places - 1);
    done = channels * size;
    draw();
  }

  function by(step) {
    stop();
    go(place + step);
  }

  function choose(row, column) {
    stop();
    go(Math.min(Math.max(row, 0), rows - 1) * columns + Math.min(Math.max(column, 0), columns - 1));
  }

  function nextProduct() {
    stop();
    if (done < channels * size) {
      done++;
    } else {
      place = (place + 1) % places;
      done = 1;
    }
    draw();
  }

  function start() {
    play.textContent = "Pause";
    if (place === places - 1) go(0);
    timer = setInterval(() => {
      if (place < places - 1) go(place + 1);
      if (place === places - 1) stop();
    }, PACE);
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  }

  slider.addEventListener("input", () => {
    stop();
    go(Number(slider.value) - 1);
  });
  draw();
  return stop;
}

export default { render };
