// From strokes of a pen to a picture like MNIST's: the same steps, and the same numbers, as `rasterize` of digit_pad.py.

import { rint } from "./parts.js";

export const SIDE = 28; // pixels of an MNIST picture
export const PEN = 1.3; // the radius of the pen, in pixels
const BOX = 20; // MNIST's digits were scaled to fit into 20x20 pixels
const SMALLEST = 0.1; // a drawing smaller than this part of the pad is not blown up any further: a dot stays a dot

const cut = (value, low, high) => Math.min(Math.max(value, low), high);

/**
 * The drawing as a picture like MNIST's: 0 is paper, 255 is ink.
 * @param {number[][][]} strokes a stroke is a list of points [x, y]: x to the right, y down, both from 0 to 1
 * @param {boolean} centred scale the drawing into a box of 20x20 pixels, and put its centre of mass into the middle
 * @returns {Uint8Array} 28 * 28 greys, row after row
 */
export function rasterize(strokes, centred = true) {
  let lines = strokes.flatMap(linesOf);
  if (!lines.length) return new Uint8Array(SIDE * SIDE);
  if (!centred) return paintLines(lines.map((line) => line.map((value) => value * SIDE)));

  const xs = lines.flatMap(([x0, , x1]) => [x0, x1]);
  const ys = lines.flatMap(([, y0, , y1]) => [y0, y1]);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const zoom = (BOX - 2 * PEN) / Math.max(right - left, bottom - top, SMALLEST);
  const middle = [(left + right) / 2, (top + bottom) / 2];
  lines = lines.map((line) => line.map((value, i) => (value - middle[i % 2]) * zoom + SIDE / 2));

  const picture = paintLines(lines);
  let [ink, atX, atY] = [0, 0, 0];
  picture.forEach((grey, i) => {
    ink += grey;
    atX += grey * ((i % SIDE) + 0.5);
    atY += grey * (Math.floor(i / SIDE) + 0.5);
  });
  const room = (SIDE - BOX) / 2; // further, and the box would leave the picture
  const shift = [atX / ink, atY / ink].map((mass) => cut(SIDE / 2 - mass, -room, room));
  return paintLines(lines.map((line) => line.map((value, i) => value + shift[i % 2])));
}

/** The straight lines [x0, y0, x1, y1] of one stroke. One point is a line from itself to itself. */
function linesOf(stroke) {
  if (stroke.length === 1) return [[...stroke[0], ...stroke[0]]];
  return stroke.slice(1).map((end, i) => [...stroke[i], ...end]);
}

/** Lines in pixels, with a round pen and soft edges. */
function paintLines(lines) {
  const nearest = new Float64Array(SIDE * SIDE).fill(Infinity); // the square of the distance to the nearest line
  for (const [x0, y0, x1, y1] of lines) {
    const dx = x1 - x0;
    const dy = y1 - y0;
    const length = Math.max(dx * dx + dy * dy, 1e-12);
    const reach = PEN + 0.5; // further away, a pixel stays white
    const left = cut(Math.floor(Math.min(x0, x1) - reach), 0, SIDE);
    const right = cut(Math.ceil(Math.max(x0, x1) + reach), 0, SIDE);
    const top = cut(Math.floor(Math.min(y0, y1) - reach), 0, SIDE);
    const bottom = cut(Math.ceil(Math.max(y0, y1) + reach), 0, SIDE);
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) {
        const x = column + 0.5 - x0; // the middle of the pixel
        const y = row + 0.5 - y0;
        const part = cut((x * dx + y * dy) / length, 0, 1); // where on its line is the nearest point?
        const restX = x - part * dx;
        const restY = y - part * dy;
        const distance = restX * restX + restY * restY;
        const i = row * SIDE + column;
        if (distance < nearest[i]) nearest[i] = distance;
      }
    }
  }
  return Uint8Array.from(nearest, (square) => rint(255 * cut(PEN + 0.5 - Math.sqrt(square), 0, 1)));
}
