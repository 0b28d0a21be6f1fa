// A trained network, computed in the browser. What `describe` of describe.py wrote is read, run, and explained: how one
// number of one layer was made. Everything is in evaluation mode, and written to be read: loops, no library.

import { unpacked } from "./parts.js";

/**
 * @typedef {Object} Values what comes out of a layer
 * @property {number[]} shape [channels, height, width], or [units]
 * @property {Float32Array} data the numbers: channel after channel, row after row
 */

const product = (numbers) => numbers.reduce((a, b) => a * b, 1);

/**
 * The network with its weights as arrays of numbers. Its first layer makes the input of a picture, its last is softmax.
 * @param {{mean: ?number, std: ?number, layers: Object[]}} description from Python
 * @returns {Object[]} the layers
 */
export function read({ mean, std, layers }) {
  const whole = layers.map((layer) => {
    const result = { ...layer };
    for (const [key, value] of Object.entries(layer)) if (value?.base64) result[key] = unpacked(value);
    return result;
  });
  return [{ kind: "Input", name: "input", mean, std }, ...whole, { kind: "Softmax", name: "softmax" }];
}

/**
 * Run the network on one picture.
 * @param {Object[]} network what `read` returned
 * @param {Uint8Array} picture 28 * 28 greys
 * @returns {Values[]} one for each layer; the last holds the probabilities
 */
export function run(network, picture) {
  const side = Math.sqrt(picture.length);
  let values = { shape: [1, side, side], data: Float32Array.from(picture) };
  return network.map((layer) => (values = LAYERS[layer.kind].run(layer, values)));
}

// ---- one entry for each kind of layer: how it computes -------------------------------------------------------------

const LAYERS = {
  Input: eachNumber(({ mean, std }, grey) => (mean === null ? grey / 255 : (grey / 255 - mean) / std)),
  ReLU: eachNumber((_, x) => Math.max(x, 0)),
  Tanh: eachNumber((_, x) => Math.tanh(x)),
  Sigmoid: eachNumber((_, x) => 1 / (1 + Math.exp(-x))),
  Dropout: { run: (_, values) => values }, // in evaluation mode it does nothing
  Flatten: { run: (_, { shape, data }) => ({ shape: [product(shape)], data }) },
  BatchNorm: { run: batchNorm },
  Conv2d: { run: convolution },
  MaxPool2d: { run: pooling },
  AvgPool2d: { run: pooling },
  Linear: { run: linear },
  Softmax: { run: (_, { shape, data }) => ({ shape, data: softmax(data) }) },
};

/** A layer that changes each number by itself. */
function eachNumber(change) {
  return { run: (layer, { shape, data }) => ({ shape, data: data.map((x) => change(layer, x)) }) };
}

/** Sizes of a result: how many places the window has in height and width. */
function places([, height, width], [kernelHeight, kernelWidth], stride, padding) {
  return [
    Math.floor((height + 2 * padding[0] - kernelHeight) / stride[0]) + 1,
    Math.floor((width + 2 * padding[1] - kernelWidth) / stride[1]) + 1,
  ];
}

/** Weights (out, in, kernel height, kernel width): each output is the sum of patch times kernel, plus the bias. */
function convolution({ weight, bias, stride, padding }, { shape, data }) {
  const [, inHeight, inWidth] = shape;
  const [outChannels, inChannels, kernelHeight, kernelWidth] = weight.shape;
  const [height, width] = places(shape, [kernelHeight, kernelWidth], stride, padding);
  const size = height * width;
  const result = new Float32Array(outChannels * size);
  const sums = new Float64Array(size); // 64 bits while adding, as a hand calculation would
  for (let out = 0; out < outChannels; out++) {
    sums.fill(bias ? bias.data[out] : 0);
    for (let channel = 0; channel < inChannels; channel++) {
      for (let ky = 0; ky < kernelHeight; ky++) {
        for (let kx = 0; kx < kernelWidth; kx++) {
          const w = weight.data[((out * inChannels + channel) * kernelHeight + ky) * kernelWidth + kx];
          const first = Math.max(Math.ceil((padding[1] - kx) / stride[1]), 0); // outside the picture is 0: leave it out
          const last = Math.min(Math.floor((inWidth - 1 + padding[1] - kx) / stride[1]), width - 1);
          for (let row = 0; row < height; row++) {
            const y = row * stride[0] + ky - padding[0];
            if (y < 0 || y >= inHeight) continue;
            const from = (channel * inHeight + y) * inWidth + kx - padding[1];
            for (let column = first; column <= last; column++) {
              sums[row * width + column] += w * data[from + column * stride[1]];
            }
          }
        }
      }
    }
    result.set(sums, out * size);
  }
  return { shape: [outChannels, height, width], data: result };
}

/** The largest number of each window, or the mean. Outside the picture is nothing for the largest, 0 for the mean. */
function pooling({ kind, kernel_size, stride, padding }, { shape, data }) {
  const [channels, inHeight, inWidth] = shape;
  const [height, width] = places(shape, kernel_size, stride, padding);
  const result = new Float32Array(channels * height * width);
  for (let i = 0; i < result.length; i++) {
    const [channel, row, column] = placeOf([channels, height, width], i);
    let [largest, sum] = [-Infinity, 0];
    for (let ky = 0; ky < kernel_size[0]; ky++) {
      for (let kx = 0; kx < kernel_size[1]; kx++) {
        const [y, x] = [row * stride[0] + ky - padding[0], column * stride[1] + kx - padding[1]];
        if (y < 0 || y >= inHeight || x < 0 || x >= inWidth) continue;
        const value = data[(channel * inHeight + y) * inWidth + x];
        largest = Math.max(largest, value);
        sum += value;
      }
    }
    result[i] = kind === "MaxPool2d" ? largest : sum / product(kernel_size);
  }
  return { shape: [channels, height, width], data: result };
}

/** Weights (out, in): each output is the sum of all inputs times its weights, plus the bias. */
function linear({ weight, bias }, { data }) {
  const [outputs, inputs] = weight.shape;
  const result = new Float32Array(outputs);
  for (let out = 0; out < outputs; out++) {
    let sum = bias ? bias.data[out] : 0;
    for (let i = 0; i < inputs; i++) sum += weight.data[out * inputs + i] * data[i];
    result[out] = sum;
  }
  return { shape: [outputs], data: result };
}

/** With the mean and variance of the training, channel by channel. */
function batchNorm(layer, { shape, data }) {
  const each = product(shape.slice(1));
  return { shape, data: data.map((x, i) => normalised(layer, x, Math.floor(i / each))) };
}

function normalised({ mean, variance, eps, weight, bias }, x, channel) {
  const centred = (x - mean.data[channel]) / Math.sqrt(variance.data[channel] + eps);
  return centred * (weight ? weight.data[channel] : 1) + (bias ? bias.data[channel] : 0);
}

/** Shares that add up to 1. The largest number is taken away first, so that no exponential is too large. */
export function softmax(logits) {
  const largest = Math.max(...logits);
  const powers = Float64Array.from(logits, (x) => Math.exp(x - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return Float32Array.from(powers, (power) => power / sum);
}

// ---- how one number was made ---------------------------------------------------------------------------------------

/** [channel, row, column] of the number i, or [unit]. */
export function placeOf(shape, i) {
  if (shape.length === 1) return [i];
  const [, height, width] = shape;
  return [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
}

/** The number of a place. */
export function indexOf(shape, place) {
  return shape.reduce((i, size, axis) => i * size + place[axis], 0);
}

/** What a window sees for one place of its result: {value, index}, row after row; outside the picture, 0 and null. */
function windowOf({ kernel_size, stride, padding }, { shape, data }, [channel, row, column]) {
  const [, height, width] = shape;
  const seen = [];
  for (let ky = 0; ky < kernel_size[0]; ky++) {
    for (let kx = 0; kx < kernel_size[1]; kx++) {
      const [y, x] = [row * stride[0] + ky - padding[0], column * stride[1] + kx - padding[1]];
      const inside = y >= 0 && y < height && x >= 0 && x < width;
      const index = inside ? indexOf(shape, [channel, y, x]) : null;
      seen.push({ value: inside ? data[index] : 0, index });
    }
  }
  return seen;
}

/**
 * How the number i of a layer was made from the numbers of the layer before.
 * @param {Object[]} network what `read` returned
 * @param {Values[]} values what `run` returned
 * @param {number} at which layer; 0 is the input, which has no layer before
 * @param {number} i which of its numbers
 * @returns {{value: number, bias: number, parts: Object[], area: ?number[]}} `parts` are the summands. For a convolution
 *   there is one for each input channel, for the other layers one alone, each {channel, shape: [rows, columns], inputs,
 *   weights, products, indices, sum}; weights and products are null where nothing is multiplied, an index is null
 *   outside the picture. `area` is [top, left, height, width] of what is seen in each map, null where it is all.
 */
export function explain(network, values, at, i) {
  const layer = network[at];
  const { shape, data } = values[at];
  const before = at ? values[at - 1] : null;
  const value = data[i];
  const place = placeOf(shape, i);
  const alone = (inputs, indices, rows, columns) => [
    { channel: 0, shape: [rows, columns], inputs, weights: null, products: null, indices, sum: value },
  ];
  if (layer.kind === "Conv2d") {
    const [, channels, height, width] = layer.weight.shape;
    const [out, row, column] = place;
    const parts = [];
    for (let channel = 0; channel < channels; channel++) {
      const window = windowOf({ ...layer, kernel_size: [height, width] }, before, [channel, row, column]);
      const start = (out * channels + channel) * height * width;
      const weights = Array.from(layer.weight.data.subarray(start, start + height * width));
      parts.push(multiplied(channel, [height, width], window, weights));
    }
    const area = [row * layer.stride[0] - layer.padding[0], column * layer.stride[1] - layer.padding[1], height, width];
    return { value, bias: layer.bias ? layer.bias.data[out] : 0, parts, area };
  }
  if (layer.kind === "Linear") {
    const inputs = layer.weight.shape[1];
    const window = Array.from(before.data, (x, index) => ({ value: x, index }));
    const weights = Array.from(layer.weight.data.subarray(i * inputs, (i + 1) * inputs));
    const part = multiplied(0, [1, inputs], window, weights);
    return { value, bias: layer.bias ? layer.bias.data[i] : 0, parts: [part], area: null };
  }
  if (layer.kind === "MaxPool2d" || layer.kind === "AvgPool2d") {
    const [rows, columns] = layer.kernel_size;
    const window = windowOf(layer, before, place);
    const inputs = window.map((seen) => seen.value);
    const indices = window.map((seen) => seen.index);
    const area = [place[1] * layer.stride[0] - layer.padding[0], place[2] * layer.stride[1] - layer.padding[1]];
    return { value, bias: 0, parts: alone(inputs, indices, rows, columns), area: [...area, rows, columns] };
  }
  if (layer.kind === "Softmax") {
    const all = Array.from(before.data);
    return { value, bias: 0, parts: alone(all, [...all.keys()], 1, all.length), area: null };
  }
  return { value, bias: 0, parts: before ? alone([before.data[i]], [i], 1, 1) : [], area: null }; // number by number
}

/** Inputs, weights, their products and the sum of these, for one channel. */
function multiplied(channel, shape, window, weights) {
  const inputs = window.map((seen) => seen.value);
  const products = inputs.map((x, i) => x * weights[i]);
  const sum = products.reduce((a, b) => a + b, 0);
  return { channel, shape, inputs, weights, products, indices: window.map((seen) => seen.index), sum };
}
