"""Answers to the exercises of lesson 12."""

import math
import statistics

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.beyond import airbench
from course_utils.models import CifarNet, Mlp, Vgg
from tests.practice.slips import once

# ---- tasks ----


def needed_by_formula(p, points):
    return p * (1 - p) / (points / 100) ** 2


def needed_by_root(p, points):
    return (100 * math.sqrt(p - p * p) / points) ** 2


def with_default(function, start):
    """What was found before comes again, added at the end, or summed up."""
    found = start

    def more(*arguments):
        nonlocal found
        found = found + function(*arguments)
        return found

    return more


def flop_of(inputs, outputs, kernel, padding, side):
    out = side + 2 * padding - kernel + 1
    return 2 * inputs * kernel**2 * outputs * out**2


def flop_by_running(inputs, outputs, kernel, padding, side):
    conv = nn.Conv2d(inputs, outputs, kernel, padding=padding, bias=False)
    return 2.0 * conv(torch.zeros(1, inputs, side, side))[0].numel() * conv.weight[0].numel()


def sides_by_loop(side, blocks):
    sides = [side - 1]
    for _ in range(blocks):
        sides.append(sides[-1] // 2)
    return sides


def sides_by_shift(side, blocks):
    return torch.tensor([(side - 1) >> k for k in range(blocks + 1)])


def along_unit(covariance, direction):
    direction = direction / direction.norm()
    return direction @ covariance @ direction


def along_numpy(covariance, direction):
    c, d = covariance.double().numpy(), direction.double().numpy()
    return (d @ c @ d) / (d @ d)


def along_axes(covariance, direction):
    values, vectors = torch.linalg.eigh(covariance)
    shares = (vectors.T @ direction) ** 2
    return (shares * values).sum() / shares.sum()


def along_in_place(covariance, direction):
    direction /= direction.norm()
    return direction @ covariance @ direction


def moving_with(row=1, column=0, outputs=None):
    def weight(channels):
        made = torch.zeros(channels, channels, 3, 3)
        for i in range(channels if outputs is None else outputs):
            made[i, i, row, column] = 1
        return made

    return weight


def moving_kept():
    """The numbers are written into one weight, for 5 channels, in every call; it starts with zeros once."""
    kept = torch.zeros(5, 5, 3, 3)

    def weight(n):
        made = kept[:n, :n]
        made += moving_with()(n)
        return made

    return weight


def moving_by_roll(channels):
    kernel = torch.zeros(3, 3)
    kernel[1, 1] = 1
    return torch.eye(channels)[:, :, None, None] * kernel.roll(-1, dims=1)


def moving_by_numpy(channels):
    made = np.zeros((channels, channels, 3, 3))
    made[np.arange(channels), np.arange(channels), 1, 0] = 1
    return made


# ---- 1: whitening ----


def by_eigenvectors(rows, eps):
    values, vectors = torch.linalg.eigh(torch.cov(rows.T))
    return vectors / (values + eps).sqrt()


def by_kernels(rows, eps):
    return airbench.whitening_kernels(rows[:, :, None, None], size=1, eps=eps).flatten(1).T


def symmetric(rows, eps):
    values, vectors = np.linalg.eigh(np.cov(rows.double().numpy(), rowvar=False))
    return vectors @ np.diag((values + eps) ** -0.5) @ vectors.T


def by_singular_values(rows, eps):
    _, s, directions = torch.linalg.svd(rows - rows.mean(0), full_matrices=False)
    return -directions.T / (s**2 / len(rows) + eps) ** 0.5


def by_cholesky(rows, eps):
    covariance = np.cov(rows.numpy().T, bias=True) + eps * np.eye(rows.shape[1])
    return np.linalg.inv(np.linalg.cholesky(covariance)).T.tolist()


def whitening_with(divide, covariance=lambda rows: torch.cov(rows.T)):
    def function(rows, eps):
        values, vectors = torch.linalg.eigh(covariance(rows))
        return divide(values, vectors, eps)

    return function


def divided(values, vectors, eps):
    return vectors / (values + eps).sqrt()


def centred_in_place(rows, eps):
    rows -= rows.mean(0)
    return by_eigenvectors(rows, eps)


# ---- 2: the FLOP of a network ----


def counting(each, kinds=(nn.Conv2d, nn.Linear), mode=False, remove=True, back=True):
    """A count by hooks; `each` gives the FLOP of a layer from its weight, input and output."""

    def function(model, shape):
        total, handles, was_training = [0], [], model.training

        def hook(layer, inputs, output):
            total[0] += each(layer, inputs[0], output)

        for layer in model.modules():
            if isinstance(layer, kinds):
                handles.append(layer.register_forward_hook(hook))
        model.train(mode)
        with torch.no_grad():
            model(torch.zeros(shape))
        if back:
            model.train(was_training)
        if remove:
            for handle in handles:
                handle.remove()
        return total[0]

    return function


def usual(layer, x, output):
    return 2 * output.numel() * layer.weight[0].numel()


def long_way(layer, x, output):
    weight = layer.weight
    places = output.numel() // len(weight)  # of all pictures
    return sum(2 * places * int(np.prod(weight.shape[1:])) for _ in range(len(weight)))


def by_a_copy(model, shape):
    import copy

    return counting(usual, back=False, remove=False)(copy.deepcopy(model), shape)


def always_in_training(model, shape):
    result = counting(usual)(model, shape)
    model.train()
    return result


def linear_for_each_picture(layer, x, out):
    return 2 * len(x) * layer.weight.numel() if isinstance(layer, nn.Linear) else usual(layer, x, out)


def square_kernel(layer, x, out):
    side = getattr(layer, "kernel_size", (1,))[0]
    return 2 * out.numel() * (layer.in_channels * side**2 if isinstance(layer, nn.Conv2d) else layer.in_features)


def two_levels(model, shape):
    """Looks into blocks, but not into the blocks in them."""
    layers = [layer for child in model.children() for layer in (child, *child.children())]
    only = {id(layer) for layer in layers}
    return counting(lambda layer, x, out: usual(layer, x, out) * (id(layer) in only))(model, shape)


def in_training_without_batch_norm(model, shape):
    """Evaluation mode only where there is no batch norm at the top."""
    return counting(usual, mode=any(isinstance(layer, nn.BatchNorm2d) for layer in model.children()))(model, shape)


def with_a_global_hook(model, shape):
    found, was = [], model.training

    def hook(layer, inputs, output):
        if isinstance(layer, nn.Conv2d | nn.Linear):
            found.append(usual(layer, inputs[0], output))

    nn.modules.module.register_module_forward_hook(hook)
    model.eval()(torch.zeros(shape))
    model.train(was)
    return sum(found)


def zeros_for_weights(model, shape):
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
    return counting(usual)(model, shape)


def batch_norm_anew(model, shape):
    result = counting(usual)(model, shape)
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_running_stats()
    return result


def frozen(model, shape):
    return counting(usual)(model.requires_grad_(False), shape)


def counting_on():
    """The list of all calls, not that of one."""
    found = []

    def function(model, shape):
        found.append(counting(usual)(model, shape))
        return sum(found)

    return function


def by_the_counter(model, shape):
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(shape))
    return counter.get_total_flops()


# ---- 3: a gain ----


def gain(before, after):
    luck = statistics.variance(before) / len(before) + statistics.variance(after) / len(after)
    return statistics.mean(after) - statistics.mean(before), luck**0.5


def gain_by_numpy(before, after):
    parts = [np.std(x, ddof=1) / np.sqrt(len(x)) for x in (before, after)]
    return [np.mean(after) - np.mean(before), np.hypot(*parts)]


def gain_by_torch(before, after):
    a, b = torch.tensor(before), torch.tensor(after)
    return b.mean() - a.mean(), (a.var() / len(a) + b.var() / len(b)).sqrt()


def gain_remembering():
    """The numbers of earlier calls are still in the lists."""
    old, new = [], []

    def function(before, after):
        old.extend(before)
        new.extend(after)
        return gain(old, new)

    return function


def gain_with(luck, difference=lambda b, a: np.mean(a) - np.mean(b)):
    return lambda before, after: (difference(before, after), luck(before, after))


def right_luck(b, a):
    return gain(b, a)[1]


def v(x, ddof=1):
    return np.var(x, ddof=ddof)


def gain_sorted(before, after):
    before.sort()
    return gain(before, after)


# ---- 4: pass on ----


def passing(
    clear=True, bias=True, middle=lambda k: k // 2, kinds=(nn.Conv2d,), all_outputs=False, all_biases=False, value=1.0
):
    @torch.no_grad()
    def function(network):
        for layer in network.modules():
            if isinstance(layer, kinds):
                copies = min(layer.weight.shape[:2])
                if clear:
                    layer.weight[: None if all_outputs else copies] = 0
                for i in range(copies if layer.weight.ndim == 4 else 0):
                    layer.weight[i, i, middle(layer.weight.shape[2]), middle(layer.weight.shape[3])] = value
                if bias and layer.bias is not None:
                    layer.bias[: None if all_biases else copies] = 0
        return network

    return function


def passing_by_library(network):
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            airbench.dirac_(layer)
            if layer.bias is not None:
                layer.bias.data[: layer.in_channels] = 0
    return network


def passing_recursively(network):
    for child in network.children():
        if isinstance(child, nn.Conv2d):
            outputs, inputs, height, width = child.weight.shape
            n = min(outputs, inputs)
            start = torch.zeros(n, inputs, height, width)
            start[range(n), range(n), height // 2, width // 2] = 1
            child.weight.data[:n] = start
            if child.bias is not None:
                child.bias.data[:n].zero_()
        else:
            passing_recursively(child)
    return network


def top_level_only(network):
    for layer in network:
        if isinstance(layer, nn.Conv2d):
            passing_by_library(nn.Sequential(layer))
    return network


def passing_with_new_weights(network):
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            layer.weight = nn.Parameter(layer.weight.detach().clone())
    return passing_by_library(network)


def passing_the_first_only():
    done = []

    def function(network):
        done.append(1)
        return passing()(network) if len(done) == 1 else network

    return function


def passing_by_a_hook(network):
    passing()(network).register_forward_hook(lambda layer, inputs, output: inputs[0])
    return network


def passing_in_training(network):
    return passing()(network).train()


def passing_drawn_again(network):
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            layer.reset_parameters()
    return passing()(network)


def passing_seen_by_batch_norm(network):
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_running_stats()
            layer(torch.ones(2, layer.num_features, 1, 1))
    return passing()(network)


@torch.no_grad()
def passing_outputs(network):
    """As many copies as there are outputs, or a hard stop: right where there are no more inputs than outputs."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d) and layer.in_channels <= layer.out_channels:
            passing()(nn.Sequential(layer))
    return network


def passing_a_copy(network):
    import copy

    return passing_by_library(copy.deepcopy(network))


# ---- 5: a quick network ----


def quick(images):
    return airbench.initialize(CifarNet((24, 48, 96)), airbench.whitening_kernels(images))


def quick_wide(images):
    """Fewer channels in the first block, more in the last."""
    return airbench.initialize(CifarNet((24, 48, 104)), airbench.whitening_kernels(images, eps=1e-3))


class Divided(nn.Module):
    """Small first logits, as in CifarNet."""

    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, x):
        return self.layers(x) / 9


def quick_by_hand(images):
    """Without the course's network: whitening by the answer to exercise 1, Dirac by that to exercise 4."""
    patches = F.unfold(images, 2).transpose(1, 2).reshape(-1, 12)
    kernels = by_eigenvectors(patches, 5e-4).T.reshape(12, 3, 2, 2)
    first = nn.Conv2d(3, 24, kernel_size=2)
    first.weight.data = torch.cat([kernels, -kernels])
    first.weight.requires_grad_(False)
    first.bias.data.zero_()
    layers, inputs = [], 24
    for outputs in (24, 48, 96):
        for pooling, channels in ((nn.MaxPool2d(2), inputs), (nn.Identity(), outputs)):
            conv = passing()(nn.Sequential(nn.Conv2d(channels, outputs, 3, padding=1, bias=False)))
            layers += [conv, pooling, nn.BatchNorm2d(outputs, momentum=0.4), nn.GELU()]
        inputs = outputs
    return Divided(nn.Sequential(first, nn.GELU(), *layers, nn.MaxPool2d(3), nn.Flatten(), nn.Linear(96, 10)))


kept_network = []


def quick_kept(images):
    if not kept_network:
        kept_network.append(quick(images))
    return kept_network[0]


kept_core = []


def quick_in_a_new_frame(images):
    """Another module each time, with the same layers in it."""
    if not kept_core:
        kept_core.append(quick(images))
    return nn.Sequential(kept_core[0])


def quick_in_place(images):
    images -= images.mean()
    return quick(images)


def quick_trained(images):
    model = quick(images)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad])
    F.cross_entropy(model(images[:64]), torch.arange(64) % 10).backward()
    optimizer.step()
    return model


RIGHT = {
    "a": [needed_by_formula, needed_by_root, lambda p, points: np.float64(p * (1 - p) * 10_000) / points**2],
    "b": [flop_of, flop_by_running, lambda i, o, k, p, s: torch.tensor(flop_of(i, o, k, p, s))],
    "c": [sides_by_loop, sides_by_shift, lambda s, b: np.array([(s - 1) // 2**k for k in range(b + 1)])],
    "d": [along_unit, along_numpy, along_axes],
    "e": [moving_with(), moving_by_roll, moving_by_numpy],
    "1": [by_eigenvectors, by_kernels, symmetric, by_singular_values, by_cholesky],
    "2": [counting(usual), counting(long_way), by_a_copy],
    "3": [gain, gain_by_numpy, gain_by_torch, lambda b, a: np.array(gain(b, a)),
          lambda b, a: torch.stack(gain_by_torch(b, a))],
    "4": [passing(), passing_by_library, passing_recursively],
    "5": [quick, quick_by_hand, quick_wide],
}  # fmt: skip
FEW = {"5": "each call trains a network"}
KINDS = {
    "a": "value once",
    "b": "value once",
    "c": "value once",
    "d": "value once memory",
    "e": "value once",
    "1": "value once memory",
    "2": "value once memory type state",
    "3": "value once memory type",
    "4": "value once memory type chance state",
    "5": "value once memory type structure state",
}
WRONG = {
    "a": [
        (lambda p, points: p * (1 - p) / points**2, "divide them by 100"),
        (lambda p, points: (p * (1 - p)) ** 0.5 / (points / 100), "solve"),
        (lambda p, points: p * (1 - p) / (points / 100), "not squared"),
        (lambda p, points: p / (points / 100) ** 2, "p in the place of"),
        (lambda p, points: 0.63 * 0.37 / (points / 100) ** 2, "p = 0.5", "value"),
        (once(needed_by_formula), "expected 2500", "once"),
        (lambda p, points: round(needed_by_formula(p, points)), "expected 5041.09"),
        (lambda p, points: 0.25 / (points / 100) ** 2, "p = 0.63", "value"),
        (lambda p, points: needed_by_formula(p, 0.68), "points = 1", "value"),
        (lambda p, points: 4 * needed_by_formula(p, points), "expected 5041.09"),
    ],
    "b": [
        (lambda i, o, k, p, s: flop_of(i, o, k, p, s) // 2, "as many additions"),
        (lambda i, o, k, p, s: 2 * i * k * k * o * s * s, "the places of the input"),
        (lambda i, o, k, p, s: flop_of(i, o, k, p / 2, s), "comes twice"),
        (lambda i, o, k, p, s: flop_of(i, o, k, p, s - 1), "+ 1"),
        (lambda i, o, k, p, s: 2 * i * k * k * o, "without the places"),
        (lambda i, o, k, p, s: 2 * i * 9 * o * (s + 2 * p - 2) ** 2, "k = 5", "value"),
        (lambda i, o, k, p, s: flop_of(i, o, k, k // 2, s), "p = 0", "value"),
        (lambda i, o, k, p, s: flop_of(o, o, k, p, s), "i = 2", "value"),
        (lambda i, o, k, p, s: flop_of(i, o, k, p, s) + o * (s + 2 * p - k + 1) ** 2, "a bias for each output"),
        (once(flop_of), "= 64", "once"),
        (with_default(flop_of, 0), "= 64", "once"),
    ],
    "c": [
        (lambda s, b: [s // 2**k for k in range(b + 1)], "no 2x2 convolution"),
        (lambda s, b: [(s - 1) / 2**k for k in range(b + 1)], "not rounded"),
        (lambda s, b: [(s - 1) // 4**k for k in range(b + 1)], "both convolutions"),
        (lambda s, b: sides_by_loop(s, b)[1:], "without the first convolution"),
        (lambda s, b: sides_by_loop(s, b)[-1], "the last side alone"),
        (lambda s, b: [31, 15, 7, 3], "s = 33, b = 3", "value"),
        (lambda s, b: [s - 1, (s - 1) // 2, (s - 1) // 4, (s - 1) // 8], "= 4", "value"),
        (lambda s, b: [max(1, (s - 1) // 2**k) for k in range(b)], "has the shape"),
        (lambda s, b: [-(-(s - 1) // 2**k) for k in range(b + 1)], "rounded up"),
        (with_default(sides_by_loop, []), "has the shape", "once"),
        (once(sides_by_loop), "expected 32", "once"),
    ],
    "d": [
        (lambda c, d: d @ c @ d, "its own length"),
        (lambda c, d: d @ c @ d / d.norm(), "once"),
        (lambda c, d: (c @ d).norm() / d.norm(), "the length of"),
        (lambda c, d: along_unit(c, d).sqrt(), "the standard deviation"),
        (lambda c, d: (c.diagonal() * d**2).sum() / d.norm() ** 2, "without the covariances"),
        (lambda c, d: torch.linalg.eigvalsh(c)[-1], "greatest eigenvalue"),
        (lambda c, d: c @ d / d.norm(), "once more"),
        (along_in_place, "changes its argument direction", "memory"),
        (lambda c, d: along_unit(c, d) if d.norm() < 2 else d @ c @ d, "expected", "value"),
        (lambda c, d: along_unit(c[:2, :2], d[:2]), "of shape (3, 3)", "value"),
        (lambda c, d: 1 + c[0, 1] * 2 * d[0] * d[1] / (d @ d), "expected", "value"),
        (once(along_unit), "expected", "once"),
    ],
    "e": [
        (moving_with(column=2), "to the left"),
        (moving_with(row=2, column=1), "up"),
        (moving_with(row=0, column=1), "down"),
        (moving_with(column=1), "not at all"),
        (moving_with(outputs=1), "the first channel alone"),
        (lambda n: moving_by_roll(1).expand(n, n, 3, 3), "a sum of all channels"),
        (lambda n: moving_by_roll(3), "expected (1, 1, 3, 3)"),
        (lambda n: moving_with()(3)[:n, :n] if n <= 3 else moving_with(outputs=3)(n), "n = 5", "value"),
        (lambda n: 2 * moving_with()(n), "is 2 at"),
        (moving_kept(), "n = 3", "once"),
        (once(moving_with()), "expected (3, 3, 3, 3)", "once"),
    ],
    "1": [
        (lambda rows, eps: by_eigenvectors(rows, eps).T, "its transpose is right"),
        (lambda rows, eps: by_eigenvectors(rows, 0), "eps is missing"),
        (lambda rows, eps: by_eigenvectors(rows, 0.1 if eps else 0), "eps = 0.5", "value"),
        (whitening_with(lambda values, vectors, eps: vectors / (values.sqrt() + eps)), "added to the root"),
        (whitening_with(lambda values, vectors, eps: vectors), "the directions alone"),
        (whitening_with(lambda values, vectors, eps: vectors / (values + eps)), "take its square root"),
        (whitening_with(lambda values, vectors, eps: vectors * (values + eps).sqrt()), "divide by it"),
        (whitening_with(lambda values, vectors, eps: vectors / (values + eps).sqrt()[:, None]), "the wrong axis"),
        (whitening_with(divided, lambda rows: rows.T @ rows / len(rows)), "not subtracted"),
        (whitening_with(divided, lambda rows: torch.corrcoef(rows.T)), "standardised before"),
        (whitening_with(divided, lambda rows: torch.cov(rows.T) * (len(rows) - 1)), "the number of rows"),
        (lambda rows, eps: torch.diag(rows.var(0) + eps) ** 0.5, "variances from"),
        (lambda rows, eps: torch.diag((rows.var(0) + eps) ** -0.5), "stay correlated"),
        (whitening_with(divided, torch.cov), "one variable in each ROW"),
        (lambda rows, eps: (rows - rows.mean(0)) @ by_eigenvectors(rows, eps), "like the rows themselves"),
        (whitening_with(lambda values, vectors, eps: (values + eps) ** -0.5), "one number for each direction"),
        (lambda rows, eps: by_eigenvectors(rows, 0) / eps, "nan or inf"),
        (lambda rows, eps: torch.linalg.eigh(torch.cov(rows.T)), "expected the matrix alone"),
        (centred_in_place, "changes its argument rows", "memory"),
        (whitening_with(lambda values, vectors, eps: vectors / values.clamp(min=eps).sqrt()), "eps = 0.1", "value"),
        (lambda rows, eps: by_eigenvectors(rows[:600], eps), "(1500, 12)", "value"),
        (lambda rows, eps: symmetric(rows[:, :5], eps), "(1500, 12)", "value"),
        (once(by_eigenvectors), "eps is missing", "once"),
    ],
    "2": [
        (counting(lambda layer, x, out: usual(layer, x, out) // 2), "as many additions"),
        (counting(lambda layer, x, out: usual(layer, x, out) // len(out)), "the batch has more"),
        (counting(usual, kinds=nn.Conv2d), "the convolutions alone"),
        (counting(usual, kinds=nn.Linear), "the linear layers alone"),
        (counting(lambda layer, x, out: usual(layer, x, out) + out.numel() * (layer.bias is not None)), "left out"),
        (counting(lambda layer, x, out: 2 * layer.weight.numel()), "used at every place"),
        (counting(lambda layer, x, out: 2 * layer.weight.numel() * x.numel() // x.shape[1]), "those of the output"),
        (counting(usual, remove=False), "remove()", "state"),
        (counting(usual, mode=True), "running averages", "state"),
        (counting(usual, back=False), "keep `model.training` first", "state"),
        (always_in_training, "no longer in evaluation mode", "state"),
        (by_the_counter, "hooks of your own", "type"),
        (counting(linear_for_each_picture), "for each row of a map", "value"),
        (counting(square_kernel), "a kernel (3, 5)", "value"),
        (counting(usual, kinds=(nn.Conv2d, nn.Linear, nn.BatchNorm2d)), "batch norm", "value"),
        (two_levels, "blocks in it", "value"),
        (in_training_without_batch_norm, "running averages", "state"),
        (with_a_global_hook, "remove()", "state"),
        (zeros_for_weights, "weights have changed", "memory"),
        (frozen, "requires_grad", "state"),
        (batch_norm_anew, "weights have changed", "state"),
        (counting_on(), "expected", "once"),
        (once(counting(usual)), "two convolutions", "once"),
    ],
    "3": [
        (gain_with(right_luck, lambda b, a: np.mean(b) - np.mean(a)), "before minus after"),
        (gain_with(right_luck, lambda b, a: max(a) - max(b)), "the best of each"),
        (gain_with(lambda b, a: (v(b, 0) / len(b) + v(a, 0) / len(a)) ** 0.5), "n - 1"),
        (gain_with(lambda b, a: (v(b) + v(a)) ** 0.5), "the luck of one training"),
        (gain_with(lambda b, a: (v(b) / len(b)) ** 0.5 + (v(a) / len(a)) ** 0.5), "their squares add up"),
        (gain_with(lambda b, a: v(b) / len(b) + v(a) / len(a)), "take the root"),
        (gain_with(lambda b, a: (v(a) / len(a)) ** 0.5), "of after alone"),
        (gain_with(lambda b, a: ((v(b) + v(a)) / 3) ** 0.5), "70.1", "value"),
        (lambda b, a: np.mean(a) - np.mean(b), "expected a pair", "type"),
        (gain_sorted, "changes its argument before", "memory"),
        (lambda b, a: gain(b, a)[0], "expected a pair", "type"),
        (lambda b, a: (*gain(b, a), len(a)), "expected a pair", "type"),
        (gain_with(lambda b, a: (v([*b, *a]) * (1 / len(b) + 1 / len(a))) ** 0.5), "expected", "value"),
        (gain_with(lambda b, a: (v(b[:3]) / len(b[:3]) + v(a[:3]) / len(a[:3])) ** 0.5), "expected", "value"),
        (gain_with(lambda b, a: v([y - x for x, y in zip(b, a, strict=False)]) ** 0.5 / len(b) ** 0.5), "expected"),
        (once(gain), "expected", "once"),
        (gain_remembering(), "expected", "once"),
    ],
    "4": [
        (lambda network: network, "unchanged"),
        (passing(clear=False), "random numbers around it"),
        (passing(bias=False), "the bias 0"),
        (passing(all_outputs=True), "they stay random"),
        (passing(all_biases=True), "they stay as they are"),
        (passing(middle=lambda k: 0), "in the corner"),
        (passing(middle=lambda k: min(1, k - 1)), "kernel 5", "value"),
        (passing(value=0.5), "0.5"),
        (passing(kinds=(nn.Conv2d, nn.Linear)), "changes of convolutions alone"),
        (top_level_only, "in a block", "value"),
        (passing_with_new_weights, "replaced by a new one", "memory"),
        (passing_a_copy, "not the network that came in", "memory"),
        (passing_the_first_only(), "the first weights, unchanged", "once"),
        (passing_by_a_hook, "a hook on a layer", "state"),
        (passing_in_training, "the mode of the network", "state"),
        (lambda network: passing()(network).requires_grad_(False), "requires_grad to stay True", "state"),
        (lambda network: passing()(network)[0], "not the network that came in", "type"),
        (passing_drawn_again, "layer 0 is", "chance"),
        (passing_seen_by_batch_norm, "BatchNorm2d has changed", "state"),
        (passing_outputs, "expected", "value"),
    ],
    "5": [
        (lambda images: CifarNet(), "MFLOP"),
        (lambda images: Vgg((64, 128, 256)), "MFLOP"),
        (lambda images: Mlp((), in_features=3 * 32 * 32), "are right after 50 steps"),
        (lambda images: nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()), "(1, 10)", "structure"),
        (lambda images: quick(images).requires_grad_(False), "requires_grad is False", "state"),
        (lambda images: quick, "expected a network", "type"),
        (quick_trained, "untrained", "state"),
        (quick_kept, "a new network in each call", "once"),
        (lambda images: nn.Sequential(quick(images), nn.LogSoftmax(1)), "log_softmax at its end", "structure"),
        (lambda images: nn.Sequential(quick(images), nn.ReLU()), "ReLU at its end", "structure"),
        (lambda images: nn.Sequential(quick(images), nn.Softmax(1)), "softmax at its end", "structure"),
        (lambda images: CifarNet((32, 64, 128)), "MFLOP", "value"),
        (quick_in_place, "changes its argument images", "memory"),
        (quick_in_a_new_frame, "a new network in each call", "memory"),
    ],
}  # fmt: skip
