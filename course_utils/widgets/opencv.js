// The operations of OpenCV that photo_steps.js uses, each with the numbers that OpenCV gives. They are written to be
// read; where OpenCV computes in whole numbers, so does this file.
//
// A picture is {data, width, height}: its numbers row after row, a Uint8Array if nothing else is said.

import { rint } from "./parts.js";

const cut = (value, low, high) => Math.min(Math.max(value, low), high);

/**
 * cv2.cvtColor, COLOR_RGB2GRAY: 0.299 red + 0.587 green + 0.114 blue, in parts of 32,768.
 * @param {{data: Uint8Array, width: number, height: number, channels: number}} photo RGB, or RGBA
 */
export function greyOf({ data, width, height, channels }) {
  const result = new Uint8Array(width * height);
  for (let i = 0, at = 0; i < result.length; i++, at += channels) {
    result[i] = (9798 * data[at] + 19235 * data[at + 1] + 3735 * data[at + 2] + 16384) >> 15;
  }
  return { data: result, width, height };
}

/** cv2.medianBlur, 5x5: the middle one of the 25 greys around each pixel. At the border, its pixels are repeated. */
export function medianBlur5({ data, width, height }) {
  const result = new Uint8Array(width * height);
  const counts = new Uint8Array(256); // how often each grey stands in the window, which moves along a row
  const half = 12; // so many of the 25 stand below the median, in their order
  for (let y = 0; y < height; y++) {
    const rows = [-2, -1, 0, 1, 2].map((step) => cut(y + step, 0, height - 1) * width);
    counts.fill(0);
    for (const row of rows) for (let x = -2; x <= 2; x++) counts[data[row + cut(x, 0, width - 1)]]++;
    let [median, below] = [0, 0]; // below: the greys of the window that are less than the median
    for (let x = 0; x < width; x++) {
      if (x) {
        const [gone, come] = [Math.max(x - 3, 0), Math.min(x + 2, width - 1)];
        for (const row of rows) {
          counts[data[row + gone]]--;
          if (data[row + gone] < median) below--;
          counts[data[row + come]]++;
          if (data[row + come] < median) below++;
        }
      }
      while (below > half) below -= counts[--median];
      while (below + counts[median] <= half) below += counts[median++];
      result[y * width + x] = median;
    }
  }
  return { data: result, width, height };
}

/**
 * cv2.getStructuringElement, MORPH_ELLIPSE: a disc, row by row.
 * @param {number} size its diameter
 * @returns {{step: number, from: number, to: number}[]} a row `step` below the middle, and its first and last column
 */
export function disc(size) {
  const radius = Math.floor(size / 2);
  return Array.from({ length: size }, (_, row) => {
    const reach = rint(Math.sqrt(radius * radius - (row - radius) ** 2));
    return { step: row - radius, from: -reach, to: Math.min(reach, size - 1 - radius) };
  });
}

/** np.ones((size, size)), in the form of `disc`. */
export function square(size) {
  const before = Math.floor(size / 2);
  return Array.from({ length: size }, (_, row) => ({ step: row - before, from: -before, to: size - 1 - before }));
}

/**
 * cv2.dilate: the largest number around each pixel. What lies outside the picture does not count.
 * @param {Object[]} around `disc` or `square`
 */
export function dilate({ data, width, height }, around) {
  const [left, right] = [Math.max(...around.map(({ from }) => -from)), Math.max(...around.map(({ to }) => to))];
  const long = left + width + right; // of a row with zeros at both sides: they are never larger
  // largest[k] holds the largest of 2^k numbers, from each place to the right; two such windows cover any longer one.
  const largest = [new Uint8Array(long * height)];
  for (let y = 0; y < height; y++) largest[0].set(data.subarray(y * width, (y + 1) * width), y * long + left);
  const powerOf = ({ from, to }) => Math.floor(Math.log2(to - from + 1));
  for (let k = 1; k <= Math.max(...around.map(powerOf)); k++) {
    const [before, next] = [largest[k - 1], new Uint8Array(long * height)];
    const step = 2 ** (k - 1);
    for (let i = 0; i + step < next.length; i++) next[i] = before[i] > before[i + step] ? before[i] : before[i + step];
    largest.push(next);
  }
  const rows = around.map((row) => ({ ...row, power: powerOf(row) }));
  const result = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const best = result.subarray(y * width, (y + 1) * width);
    for (const { step, from, to, power } of rows) {
      if (y + step < 0 || y + step >= height) continue;
      const start = (y + step) * long + left + from;
      const one = largest[power].subarray(start, start + width);
      const other = largest[power].subarray(start + to - from + 1 - 2 ** power);
      for (let x = 0; x < width; x++) {
        let most = best[x];
        if (one[x] > most) most = one[x];
        if (other[x] > most) most = other[x];
        best[x] = most;
      }
    }
  }
  return { data: result, width, height };
}

/** cv2.morphologyEx, MORPH_CLOSE: the largest number around each pixel, then the least one of these. */
export function close(picture, around) {
  const inverted = ({ data, ...size }) => ({ data: data.map((value) => 255 - value), ...size });
  return inverted(dilate(inverted(dilate(picture, around)), around)); // the least is the largest of 255 - value
}

/** The weights of cv2.GaussianBlur for bytes, in parts of 256; what is lost by rounding goes to the next one. */
function gaussianWeights(sigma) {
  const size = rint(6 * sigma + 1) | 1;
  const half = size >> 1;
  const exact = Array.from({ length: half }, (_, i) => Math.exp((-0.5 * (i - half) ** 2) / sigma ** 2));
  const sum = 2 * exact.reduce((a, b) => a + b, 0) + 1;
  let lost = 0;
  const side = exact.map((weight) => {
    const wanted = (256 * weight) / sum + lost;
    lost = wanted - rint(wanted);
    return rint(wanted);
  });
  return [...side, 256 - 2 * side.reduce((a, b) => a + b, 0), ...side.slice().reverse()];
}

/** cv2.GaussianBlur with a size of (0, 0): first along the rows, then along the columns. The border is a mirror. */
export function gaussianBlur({ data, width, height }, sigma) {
  const weights = gaussianWeights(sigma);
  const half = weights.length >> 1;
  const mirrored = (i, n) => {
    if (n === 1) return 0;
    const place = Math.abs(i) % (2 * n - 2);
    return place < n ? place : 2 * n - 2 - place;
  };
  const along = new Int32Array(width * height); // in parts of 256
  const row = new Int32Array(width + 2 * half);
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < row.length; i++) row[i] = data[y * width + mirrored(i - half, width)];
    const sums = along.subarray(y * width, (y + 1) * width);
    addWeighted(sums, weights, (i) => row.subarray(i, i + width));
  }
  const result = new Uint8Array(width * height);
  const sums = new Int32Array(width); // in parts of 65,536
  for (let y = 0; y < height; y++) {
    const rowAt = (i) => along.subarray(i * width, (i + 1) * width);
    sums.fill(0);
    addWeighted(sums, weights, (i) => rowAt(mirrored(y + i - half, height)));
    for (let x = 0; x < width; x++) result[y * width + x] = (sums[x] + 32768) >> 16;
  }
  return { data: result, width, height };
}

/** Add the rows `rowAt(i)`, each times weights[i]. Two rows with the same weight are taken together. */
function addWeighted(sums, weights, rowAt) {
  const last = weights.length - 1;
  for (let i = 0; i <= last / 2; i++) {
    const weight = weights[i];
    if (!weight) continue;
    const [one, other] = [rowAt(i), rowAt(last - i)];
    if (2 * i === last) for (let x = 0; x < sums.length; x++) sums[x] += Math.imul(weight, one[x]);
    else for (let x = 0; x < sums.length; x++) sums[x] += Math.imul(weight, one[x] + other[x]);
  }
}

/**
 * cv2.connectedComponentsWithStats: ink pixels that touch, also at a corner, get the same number, from 1.
 * @param {Object} ink 0 is paper
 * @returns {{numbers: Int32Array, boxes: number[][]}} boxes[number] is [x, y, width, height]; number 0 is the paper
 */
export function connectedComponents({ data, width, height }) {
  const numbers = new Int32Array(width * height);
  const boxes = [[0, 0, width, height]];
  const waiting = [];
  for (let start = 0; start < data.length; start++) {
    if (!data[start] || numbers[start]) continue;
    const number = boxes.length;
    let [left, right, top, bottom] = [width, 0, height, 0];
    numbers[start] = number;
    waiting.push(start);
    while (waiting.length) {
      const at = waiting.pop();
      const y = Math.floor(at / width);
      const x = at - y * width;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
      for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, height - 1); row++) {
        for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, width - 1); column++) {
          const next = row * width + column;
          if (!data[next] || numbers[next]) continue;
          numbers[next] = number;
          waiting.push(next);
        }
      }
    }
    boxes.push([left, top, right - left + 1, bottom - top + 1]);
  }
  return { numbers, boxes };
}

/**
 * cv2.distanceTransform, DIST_L2, 3: how far it is from each ink pixel to the paper, in steps of 0.955 to the side and of
 * 1.3693 along a diagonal.
 * @returns {Float32Array}
 */
export function distanceTransform({ data, width, height }) {
  const [side, diagonal] = [0.955, 1.3693].map((step) => rint(65536 * Math.fround(step)));
  const far = 2 ** 29;
  const long = width + 2; // a frame of one pixel, which is far from everything
  const steps = new Int32Array(long * (height + 2)).fill(far);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = (y + 1) * long + x + 1;
      const before = Math.min(steps[i - long - 1] + diagonal, steps[i - long] + side, steps[i - long + 1] + diagonal);
      steps[i] = data[y * width + x] ? Math.min(before, steps[i - 1] + side) : 0;
    }
  }
  const result = new Float32Array(width * height);
  for (let y = height - 1; y >= 0; y--) {
    for (let x = width - 1; x >= 0; x--) {
      const i = (y + 1) * long + x + 1;
      const after = Math.min(steps[i + long - 1] + diagonal, steps[i + long] + side, steps[i + long + 1] + diagonal);
      steps[i] = Math.min(steps[i], after, steps[i + 1] + side);
      result[y * width + x] = steps[i] / 65536;
    }
  }
  return result;
}

/**
 * For each number of a side that is made smaller: which numbers of the old side it is made of, and with which weights.
 * @returns {[number, number][][]} lists of [place, weight]
 */
function areas(before, after, scale) {
  return Array.from({ length: after }, (_, i) => {
    const [start, end] = [i * scale, (i + 1) * scale];
    const whole = Math.min(scale, before - start);
    const last = Math.min(Math.floor(end), before - 1);
    const first = Math.min(Math.ceil(start), last);
    const parts = [];
    if (first - start > 1e-3) parts.push([first - 1, (first - start) / whole]);
    for (let place = first; place < last; place++) parts.push([place, 1 / whole]);
    if (end - last > 1e-3) parts.push([last, Math.min(end - last, 1, whole) / whole]);
    return parts;
  });
}

/** The same for a side that is made larger: each number lies between two of the old side, or on one. */
function between(before, after, scale) {
  return Array.from({ length: after }, (_, i) => {
    const place = Math.floor(i * scale);
    const over = i + 1 - (place + 1) / scale;
    const part = over <= 0 ? 0 : over - Math.floor(over);
    if (place >= before - 1) return [[before - 1, 1]];
    return [[place, 1 - part], [place + 1, part]]; // prettier-ignore
  });
}

/**
 * cv2.resize, INTER_AREA: each new pixel is the mean of the area that it covers.
 * @param {Object} picture of any kind of array; with `channels`, so many numbers for each pixel
 * @param {number} width of the result
 * @param {number} height of the result
 * @param {number[]} scales old pixels for one new one, along a row and along a column
 * @returns {{data: Float32Array, width: number, height: number}}
 */
export function resizeArea(picture, width, height, scales = [picture.width / width, picture.height / height]) {
  const { data, channels = 1 } = picture;
  const parts = scales.every((scale) => scale >= 1) ? areas : between;
  const columns = parts(picture.width, width, scales[0]);
  const rows = parts(picture.height, height, scales[1]);
  const each = width * channels;
  const result = new Float32Array(height * each);
  const row = new Float32Array(each);
  const [places, weights] = [0, 1].map((k) => columns.map((list) => list.map((part) => part[k])));
  rows.forEach((list, y) => {
    const sums = result.subarray(y * each, (y + 1) * each);
    for (const [from, weight] of list) {
      const start = from * picture.width * channels;
      row.fill(0);
      for (let x = 0; x < width; x++) {
        for (let k = 0; k < places[x].length; k++) {
          const at = start + places[x][k] * channels;
          for (let c = 0; c < channels; c++) row[x * channels + c] += data[at + c] * weights[x][k];
        }
      }
      for (let i = 0; i < each; i++) sums[i] += row[i] * weight;
    }
  });
  return { data: result, width, height };
}

/** The same for bytes: rounded to whole numbers. */
export function resizeBytes(picture, width, height, scales) {
  const { data, ...size } = resizeArea(picture, width, height, scales);
  const [halved, up] = [scales.every((scale) => scale === 2), (value) => Math.floor(value + 0.5)];
  return { data: Uint8Array.from(data, halved ? up : rint), ...size }; // two by two, OpenCV rounds a half up
}
