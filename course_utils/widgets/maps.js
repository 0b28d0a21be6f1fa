// The numbers of a layer as small coloured squares: where each stands, which one a reader points at, and how to draw them.

import { signed } from "./parts.js";

const opaque = ([red, green, blue]) => (255 << 24) | (blue << 16) | (green << 8) | red; // one pixel of an ImageData
const SHADES = Int32Array.from({ length: 511 }, (_, i) => opaque(signed((i - 255) / 255))); // from -1 to 1

/** The number of columns for n things in a block that is not much wider than high. */
function columnsFor(n) {
  if (n <= 10) return n === 6 || n === 9 ? 3 : n;
  const root = Math.ceil(Math.sqrt(n));
  for (let columns = root; columns <= 2 * root; columns++) if (n % columns === 0) return columns;
  return Math.ceil(Math.sqrt(1.6 * n));
}

/**
 * Where the numbers of a layer stand: maps beside and below each other, or the numbers of a list in rows.
 * @param {number[]} shape of the layer
 * @returns {Object} maps, across (so many beside each other), n numbers, height and width of a map, and in pixels: side
 *   of a number's square, gap between maps, size [width, height] of all
 */
export function layoutOf(shape) {
  const n = shape.reduce((a, b) => a * b, 1);
  let [maps, height, width] = shape;
  if (shape.length === 1 || height * width === 1)
    [maps, height, width] = [1, Math.ceil(n / columnsFor(n)), columnsFor(n)];
  const widest = maps > 1 ? 84 : n <= 10 ? 240 : 120;
  const side = Math.max(Math.min(Math.round(Math.sqrt(60000 / n)), Math.floor(widest / width)), 2);
  const gap = 4;
  const across = Math.min(columnsFor(maps), Math.floor(480 / (width * side + gap)));
  const down = Math.ceil(maps / across);
  const size = [across * (width * side + gap) - gap, down * (height * side + gap) - gap];
  return { maps, across, n, height, width, side, gap, size };
}

/** Left and top, in pixels, of the number i of a layer. */
export function cornerOf({ across, side, gap, height, width }, i) {
  const map = Math.floor(i / (height * width));
  const [row, column] = [Math.floor(i / width) % height, i % width];
  const [left, top] = [map % across, Math.floor(map / across)];
  return [left * (width * side + gap) + column * side, top * (height * side + gap) + row * side];
}

/** The number of a layer at x, y in pixels, or null between the maps. */
export function numberAt({ across, side, gap, height, width, n, size }, x, y) {
  if (x < 0 || y < 0 || x >= size[0] || y >= size[1]) return null;
  const [left, top] = [Math.floor(x / (width * side + gap)), Math.floor(y / (height * side + gap))];
  const column = Math.floor((x - left * (width * side + gap)) / side);
  const row = Math.floor((y - top * (height * side + gap)) / side);
  const i = ((top * across + left) * height + row) * width + column;
  return column < width && row < height && i < n ? i : null;
}

/** Draw the numbers of a layer, blue above zero, red below; or greys. */
export function paintNumbers(canvas, layout, data, limit, greys = null) {
  const { maps, n, height, width, side, size } = layout;
  if (canvas.width !== size[0]) canvas.width = size[0]; // a new width empties the canvas
  if (canvas.height !== size[1]) canvas.height = size[1];
  const small = new OffscreenCanvas(width, maps * height); // one pixel for each number, map below map
  const image = new ImageData(width, maps * height);
  const pixels = new Int32Array(image.data.buffer);
  for (let i = 0; i < n; i++) {
    const part = Math.min(Math.max(data[i] / (limit || 1), -1), 1);
    pixels[i] = greys ? opaque([greys[i], greys[i], greys[i]]) : SHADES[Math.round(255 * part) + 255];
  }
  small.getContext("2d").putImageData(image, 0, 0);
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  for (let map = 0; map < maps; map++) {
    const [left, top] = cornerOf(layout, map * height * width);
    context.drawImage(small, 0, map * height, width, height, left, top, width * side, height * side);
  }
}

/** The largest number, without its sign: where the colours end. */
export const limitOf = (data) => data.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);

/** Where a key leads from number i, or null when the key has no meaning here. */
export function moved({ maps, height, width, n }, i, key) {
  const each = height * width;
  const [map, row, column] = [Math.floor(i / each), Math.floor(i / width) % height, i % width];
  const to = {
    ArrowLeft: [map, row, Math.max(column - 1, 0)],
    ArrowRight: [map, row, Math.min(column + 1, width - 1)],
    ArrowUp: [map, Math.max(row - 1, 0), column],
    ArrowDown: [map, Math.min(row + 1, height - 1), column],
    PageUp: [Math.max(map - 1, 0), row, column],
    PageDown: [Math.min(map + 1, maps - 1), row, column],
    Home: [map, row, 0],
    End: [map, row, width - 1],
  }[key];
  return to ? Math.min((to[0] * height + to[1]) * width + to[2], n - 1) : null;
}
