// From a photograph of a page to pictures like MNIST's: the same steps, with the same numbers and names, as in
// course_utils/photos/page.py. Each step is a function; the operations of OpenCV are in opencv.js.

import {
  close, connectedComponents, dilate, disc, distanceTransform, gaussianBlur, medianBlur5, resizeArea, resizeBytes, square,
} from "./opencv.js";
import { rint } from "./parts.js";

export const LONGEST = 1600; // pixels of the longer side: a photograph of a telephone has more than this work needs
export const SIDE = 28; // of a picture of MNIST
export const BOX = 20; // its digits have this many pixels along their longer side
const LEAST_CONTRAST = 40; // grey values between paper and ink
const THICKEST = 0.55; // a stroke, as a part of the longer side of its digit
const LEAST_STROKES = 0.75; // of the ink
const DARKEST_PAPER = 70; // grey value
const [SMALLEST, LARGEST] = [0.4, 2.5]; // of the typical height
const MOST_INK = 0.25; // of all pixels
const GAP = 0.08; // of the typical height: pieces that are nearer are one

/** This is no photograph of digits on paper. The text says what was found, and what to do. */
export class PhotoError extends Error {}

const percent = (part, digits = 0) => `${(100 * part).toFixed(digits)}%`;

// ---- numbers of a whole picture ----

/** How many pixels have each grey. */
function histogram(greys) {
  const counts = new Int32Array(256);
  for (const grey of greys) counts[grey]++;
  return counts;
}

/** The grey at a place of the sorted pixels, counted from 0. */
function greyAt(counts, place) {
  let grey = 0;
  for (let below = counts[0]; below <= place; below += counts[grey]) grey++;
  return grey;
}

/** np.median of pixels, of which the counts are given. */
function median(counts) {
  const n = counts.reduce((a, b) => a + b, 0);
  return (greyAt(counts, Math.floor((n - 1) / 2)) + greyAt(counts, Math.floor(n / 2))) / 2;
}

/**
 * np.percentile: what stands at a part of the way through n sorted numbers; between two of them, a mean.
 * @param {(place: number) => number} at the sorted numbers
 * @param {(x: number) => number} round Math.fround for numbers of 32 bits
 */
function percentile(at, n, part, round = (x) => x) {
  const place = round((n - 1) * round(part));
  const low = Math.floor(place);
  const [below, above] = [at(low), at(Math.min(low + 1, n - 1))];
  const t = place - low;
  const step = round(above - below);
  return t < 0.5 ? round(below + round(step * t)) : round(above - round(step * round(1 - t)));
}

// ---- the steps ----

/**
 * open_photo, after the file is read: its longer side has at most 1,600 pixels.
 * @param {{data: ArrayLike<number>, width: number, height: number, channels: number}} photo
 */
export function reduced(photo) {
  const scale = LONGEST / Math.max(photo.width, photo.height);
  if (scale >= 1) return photo;
  const [width, height] = [photo.width, photo.height].map((side) => Math.max(1, rint(side * scale)));
  return { ...resizeBytes(photo, width, height, [1 / scale, 1 / scale]), channels: photo.channels };
}

/** The first lines of find_digits: is the paper bright? @throws {PhotoError} */
export function checkPaper({ data }) {
  const paper = median(histogram(data));
  if (paper < DARKEST_PAPER) {
    throw new PhotoError(
      `The background is dark: its grey value is ${rint(paper)}, expected paper of ${DARKEST_PAPER} or more. ` +
        "Take the photograph with more light.",
    );
  }
}

/**
 * The first half of even_light: how bright the paper is at each place, also under the ink.
 * @returns {{paper: Object, size: number}} the picture, and the diameter of the disc
 */
export function paperOf(grey) {
  const size = Math.max(3, Math.floor(Math.max(grey.width, grey.height) / 12));
  return { size, paper: gaussianBlur(close(medianBlur5(grey), disc(size)), size / 8) };
}

/** The second half of even_light: each pixel divided by the paper, 255 is paper. */
export function evenLight(grey, paper) {
  const data = grey.data.map((value, i) => {
    return Math.min(rint(Math.fround((255 * value) / Math.max(paper.data[i], 1))), 255);
  });
  return { ...grey, data };
}

/**
 * find_ink: what is darker than half way from the paper to the typical ink.
 * @returns {{ink: Object, paper: number, typical: number, threshold: number, share: number}} ink is a picture of 0 and 1
 * @throws {PhotoError}
 */
export function findInk(flat) {
  const counts = histogram(flat.data);
  const n = flat.data.length;
  const paper = median(counts);
  const darkest = percentile((place) => greyAt(counts, place), n, 0.01 / 100);
  if (paper - darkest < LEAST_CONTRAST) {
    throw new PhotoError(
      `No ink was found: the darkest part is only ${rint(paper - darkest)} grey values darker than the paper, ` +
        `expected ${LEAST_CONTRAST} or more. Is the page empty? Are the digits very small? Is the pen too pale?`,
    );
  }
  const typical = median(counts.map((count, grey) => (grey < (paper + darkest) / 2 ? count : 0)));
  const threshold = (paper + typical) / 2;
  const ink = { ...flat, data: flat.data.map((grey) => (grey < threshold ? 1 : 0)) };
  const share = ink.data.reduce((sum, one) => sum + one, 0) / n;
  if (share > MOST_INK) {
    throw new PhotoError(
      `${percent(share, 1)} of the picture is dark, expected at most ${percent(MOST_INK)}: this does not look like ` +
        "a pen on bright paper. Photograph a page from above, with nothing else in the picture.",
    );
  }
  return { ink, paper, typical, threshold, share };
}

/**
 * find_pieces: pieces of ink that belong together.
 * @returns {{numbers: Int32Array, pieces: [number, number[]][], gap: number, all: number}} for each pixel the number of
 *   its piece; the number and the box [x, y, width, height] of each digit; the side of the square that joined pieces;
 *   how many pieces there are with those that are no digits
 */
export function findPieces(ink) {
  const height = typicalHeight(ink);
  const gap = Math.max(1, rint(GAP * height));
  const { numbers, boxes } = connectedComponents(dilate(ink, square(gap)));
  for (let i = 0; i < numbers.length; i++) if (!ink.data[i]) numbers[i] = 0;
  const pieces = [];
  boxes.forEach((box, number) => {
    const [, , w, h] = box;
    const fits = SMALLEST * height < h && h < LARGEST * height && w < LARGEST * height;
    if (number && fits && isInside(box, ink)) pieces.push([number, box]);
  });
  return { numbers, pieces, gap, all: boxes.length - 1 };
}

/** The median height of the pieces, each weighted by its height, so that dust does not count. */
function typicalHeight(ink) {
  const boxes = connectedComponents(ink).boxes.slice(1);
  const heights = boxes.filter((box) => isInside(box, ink)).map(([, , , h]) => h);
  if (!heights.length) return ink.height;
  const half = heights.reduce((a, b) => a + b, 0) / 2;
  let sum = 0;
  return heights.sort((a, b) => a - b).find((height) => (sum += height) >= half);
}

const isInside = ([x, y, w, h], { width, height }) => x > 0 && y > 0 && x + w < width && y + h < height;

/** check_one_pen: is most of the ink in strokes, about as thick everywhere? @throws {PhotoError} */
export function checkOnePen(ink, numbers, pieces) {
  const { width, height } = ink;
  const connected = connectedComponents(ink);
  const cut = connected.boxes.map((box) => !isInside(box, ink)); // by the border, such as the desk beside the page
  let inner = 0;
  for (let i = 0; i < numbers.length; i++) if (ink.data[i] && !cut[connected.numbers[i]]) inner++;
  const distance = distanceTransform(ink);
  const thickness = [];
  let inStrokes = 0;
  for (const [number, [x, y, w, h]] of pieces) {
    let [own, farthest] = [0, 0];
    for (let row = y; row < y + h; row++) {
      for (let i = row * width + x; i < row * width + x + w; i++) {
        if (numbers[i] !== number) continue;
        own++;
        farthest = Math.max(farthest, distance[i]);
      }
    }
    if (2 * farthest >= THICKEST * Math.max(w, h)) continue;
    thickness.push(2 * farthest);
    inStrokes += own;
  }
  thickness.sort((a, b) => a - b);
  const share = inStrokes / Math.max(inner, 1);
  const at = (part) => percentile((place) => thickness[place], thickness.length, part);
  const [thin, bold] = thickness.length ? [at(0.1), at(0.9)] : [1, 1];
  if (share < LEAST_STROKES || bold > 2.5 * thin) {
    throw new PhotoError(
      `Dark spots were found, but they do not look like digits of one pen: ${percent(share)} of the ink is in ` +
        `strokes, from ${rint(thin)} to ${rint(bold)} pixels thick. Photograph a page from above, with nothing else ` +
        "in the picture, and leave a margin around the digits.",
    );
  }
}

/**
 * The ink of one piece: how much darker than the paper it is, with the pale rim of the stroke, and without margins.
 * @returns {{box: number[], cut: Object}} where it stands on the page, and the picture
 */
export function cutOut(flat, numbers, [number, [x, y, w, h]]) {
  const own = { data: new Uint8Array(w * h), width: w, height: h };
  let [left, right, top, bottom] = [w, -1, h, -1];
  for (let row = 0; row < h; row++) {
    for (let column = 0; column < w; column++) {
      if (numbers[(y + row) * flat.width + x + column] !== number) continue;
      own.data[row * w + column] = 1;
      [left, right] = [Math.min(left, column), Math.max(right, column)];
      [top, bottom] = [Math.min(top, row), row];
    }
  }
  const soft = dilate(own, square(3)).data;
  const [width, height] = [right - left + 1, bottom - top + 1];
  const data = new Uint8Array(width * height);
  for (let i = 0; i < data.length; i++) {
    const [row, column] = [top + Math.floor(i / width), left + (i % width)];
    data[i] = soft[row * w + column] ? 255 - flat.data[(y + row) * flat.width + x + column] : 0;
  }
  return { box: [x + left, y + top, width, height], cut: { data, width, height } };
}

/**
 * like_mnist: in a box of 20x20 pixels, its centre of mass in the middle of 28x28.
 * @param {{data: ArrayLike<number>, width: number, height: number}} ink 0 is paper, the largest number is ink
 * @returns {{picture: Uint8Array, small: Object, mass: number[], corner: number[]}} the 28 * 28 greys; the digit in its
 *   box, 0 to 1; its centre of mass there, [row, column]; where the box stands in the picture, [row, column]
 */
export function likeMnist(ink) {
  const scale = BOX / Math.max(ink.width, ink.height);
  const [width, height] = [ink.width, ink.height].map((side) => Math.max(1, rint(side * scale)));
  const { data } = resizeArea(ink, width, height);
  const pale = Math.fround(Math.fround(0.1) * data.reduce((a, b) => Math.max(a, b)));
  const strokes = data.filter((value) => value > pale).sort();
  const bright = percentile((place) => strokes[place], strokes.length, 0.9, Math.fround); // becomes 255
  const small = data.map((value) => Math.min(Math.max(value / Math.max(bright, 1e-6), 0), 1));
  let [sum, down, across] = [0, 0, 0];
  small.forEach((value, i) => {
    sum += value;
    down += value * Math.floor(i / width);
    across += value * (i % width);
  });
  const mass = [down / sum, across / sum];
  const corner = [height, width].map((side, axis) => Math.min(Math.max(rint(SIDE / 2 - mass[axis]), 0), SIDE - side));
  const picture = new Uint8Array(SIDE * SIDE);
  small.forEach((value, i) => {
    const [row, column] = [corner[0] + Math.floor(i / width), corner[1] + (i % width)];
    picture[row * SIDE + column] = rint(Math.fround(255 * value));
  });
  return { picture, small: { data: small, width, height }, mass, corner };
}

/**
 * in_reading_order: row by row, each from left to right.
 * @param {Object[]} digits each with its box
 * @returns {Object[][]} the rows
 */
export function rowsOf(digits) {
  const middle = ({ box: [, y, , h] }) => y + h / 2;
  const heights = digits.map(({ box }) => box[3]).sort((a, b) => a - b);
  const half = (heights.length - 1) / 2;
  const reach = 0.7 * ((heights[Math.floor(half)] + heights[Math.ceil(half)]) / 2);
  const rows = [];
  for (const digit of [...digits].sort((a, b) => a.box[0] - b.box[0])) {
    const away = rows.map((row) => Math.abs(middle(digit) - middle(row.at(-1))));
    const nearest = Math.min(...away);
    if (nearest < reach) rows[away.indexOf(nearest)].push(digit);
    else rows.push([digit]);
  }
  const mean = (row) => row.reduce((sum, digit) => sum + middle(digit), 0) / row.length;
  return rows.sort((a, b) => mean(a) - mean(b));
}

/**
 * find_digits, step by step: a picture is given as soon as it is made.
 * @param {Object} grey the photograph, in grey
 * @yields {[string, Object]} "paper", "flat", "ink", "pieces" with what that step made; at last "rows": of digits, each
 *   {box, cut} and what `likeMnist` returns
 * @throws {PhotoError}
 */
export function* stepsOf(grey) {
  checkPaper(grey);
  const { paper, size } = paperOf(grey);
  yield ["paper", { picture: paper, size }];
  const flat = evenLight(grey, paper);
  yield ["flat", { picture: flat }];
  const found = findInk(flat);
  yield ["ink", found];
  const together = findPieces(found.ink);
  yield ["pieces", together];
  checkOnePen(found.ink, together.numbers, together.pieces);
  const digits = together.pieces.map((piece) => {
    const { box, cut } = cutOut(flat, together.numbers, piece);
    return { box, cut, ...likeMnist(cut) };
  });
  yield ["rows", { rows: rowsOf(digits) }];
}
