"""Answers to the tasks and exercises of lesson 03."""

import math
from collections import defaultdict

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from tests.practice.slips import first_value, once, once_by_shape

# ---- a: how a score changes ----


def change_by_two_scores(W, digit, pixel, by):
    x = torch.rand(W.shape[1], dtype=W.dtype)
    brighter = x.clone()
    brighter[pixel] += by
    return (W @ brighter - W @ x)[digit]


def change_by_slope(W, digit, pixel, by):
    W = W.clone().requires_grad_()
    (by * W[digit, pixel]).backward()
    return (W.grad * W.detach()).numpy().sum()


def change_added_up(W, digit, pixel, by, total=[0.0]):  # noqa: B006
    total[0] += by * W[digit, pixel].item()
    return total[0]


def change_in_place(W, digit, pixel, by):
    W[digit, pixel] *= by
    return W[digit, pixel].clone()


# ---- c: the gradient of the biases ----


def biases_by_autograd(probabilities, targets):
    scores = probabilities.log().requires_grad_()
    return torch.autograd.grad(F.cross_entropy(scores, targets), scores)[0].sum(dim=0)


def biases_by_loop(probabilities, targets):
    total = torch.zeros(probabilities.shape[1], dtype=probabilities.dtype)
    for row, target in zip(probabilities, targets, strict=True):
        total += row
        total[target] -= 1
    return (total / len(targets)).numpy()


def biases(probabilities, targets):
    return (probabilities - F.one_hot(targets, probabilities.shape[1])).mean(dim=0)


def biases_in_place(probabilities, targets):
    probabilities[torch.arange(len(targets)), targets] -= 1
    return probabilities.mean(dim=0)


# ---- d: steps ----


def steps_counted(pictures, batch_size, epochs):
    return sum(1 for _ in range(epochs) for _ in range(0, pictures, batch_size))


seen_steps = []


def steps_that_add_up(pictures, batch_size, epochs):
    seen_steps.append(-(-pictures // batch_size) * epochs)
    return sum(seen_steps[-2:])


# ---- e: the factor of a step ----


def factor_of_one_step(a, learning_rate):
    w = torch.tensor(3.0, requires_grad=True)
    (a * w**2).backward()
    return (w - learning_rate * w.grad) / w


def factor_that_runs_on(a, rate, w=[1.0]):  # noqa: B006
    """It goes on from the last w, and gives w, not the factor."""
    w[0] *= 1 - 2 * a * rate
    return w[0]


# ---- f: merged layers ----


def merge(W1, b1, W2, b2):
    return W2 @ W1, W2 @ b1 + b2


def merge_in_place(W1, b1, W2, b2):
    b2 += W2 @ b1
    return W2 @ W1, b2


def merge_with_tables_of_the_first(W1, b1, W2, b2, kept={}):  # noqa: B006
    return kept.setdefault(W1.shape, W2 @ W1), W2 @ b1 + b2


def merge_by_unit_inputs(W1, b1, W2, b2):
    def both(x):
        return (x @ W1.T + b1) @ W2.T + b2

    b = both(torch.zeros(1, W1.shape[1], dtype=W1.dtype))[0]
    return (both(torch.eye(W1.shape[1], dtype=W1.dtype)) - b).T, b


def merge_numpy(W1, b1, W2, b2):
    W1, b1, W2, b2 = (value.numpy() for value in (W1, b1, W2, b2))
    return [np.dot(W2, W1), np.dot(W2, b1) + b2]


# ---- g: two weights ----


def two_by_autograd(x, target, w1, w2):
    a, b = (torch.tensor(w, dtype=torch.double, requires_grad=True) for w in (w1, w2))
    return torch.autograd.grad((b * torch.relu(a * x) - target) ** 2, (a, b))


def two_by_hand(x, target, w1, w2, gate=True, two=2, through=True, forward=max):
    z = w1 * x
    h = forward(z, 0.0)
    d_y = two * (w2 * h - target)
    d_h = d_y * w2 if through else d_y
    return (d_h * x if z > 0 or not gate else 0.0), d_y * h


def two_by_numpy(x, target, w1, w2):
    h = np.maximum(w1 * x, 0)
    back = np.float64(2) * (w2 * h - target)
    return [np.heaviside(w1 * x, 0) * back * w2 * x, back * h]


def two_that_add_up(x, target, w1, w2, sums=[0.0, 0.0]):  # noqa: B006
    """As .grad does without zero_grad."""
    for i, slope in enumerate(two_by_hand(x, target, w1, w2)):
        sums[i] += slope
    return tuple(sums)


# ---- 1: a gradient by small changes ----


def gradient_by_copies(f, w, h):
    gradient = torch.zeros_like(w)
    for place in np.ndindex(*w.shape):
        up, down = w.clone(), w.clone()
        up[place] += h
        down[place] -= h
        gradient[place] = (f(up) - f(down)) / (2 * h)
    return gradient


def gradient_by_units(f, w, h):
    units = torch.eye(w.numel(), dtype=w.dtype).view(-1, *w.shape)
    return np.array([float(f(w + h * u) - f(w - h * u)) / 2 / h for u in units]).reshape(tuple(w.shape))


def gradient_put_back(f, w, h):
    gradient = torch.zeros_like(w)
    flat, places = w.view(-1), gradient.view(-1)
    for i in range(len(flat)):
        old = flat[i].item()
        flat[i] = old + h
        up = f(w)
        flat[i] = old - h
        places[i] = (up - f(w)) / (2 * h)
        flat[i] = old
    return gradient


def gradient_one_side(f, w, h):
    units = torch.eye(w.numel(), dtype=w.dtype).view(-1, *w.shape)
    return torch.tensor([float(f(w + h * u) - f(w)) / h for u in units]).view(w.shape)


def gradient_at_once(f, w, h):
    return torch.full_like(w, float(f(w + h) - f(w - h)) / (2 * h))


def gradient_not_put_back(f, w, h):
    w, found = w.clone(), []
    for i in range(w.numel()):
        w.view(-1)[i] += h
        up = float(f(w))
        w.view(-1)[i] -= 2 * h
        found.append((up - float(f(w))) / (2 * h))
    return torch.tensor(found).view(w.shape)


def gradient_that_moves_w(f, w, h):
    result = gradient_by_copies(f, w, h)
    w += 1e-9
    return result


def gradient_by_autograd(f, w, h):
    w = w.clone().requires_grad_()
    return torch.autograd.grad(f(w), w)[0]


def gradient_moved_and_moved_back(f, w, h):
    """What is added and taken away again leaves the last digit wrong."""
    flat, found = w.view(-1), []
    for i in range(len(flat)):
        flat[i] += h
        up = float(f(w))
        flat[i] -= 2 * h
        found.append((up - float(f(w))) / (2 * h))
        flat[i] += h
    return torch.tensor(found).view(w.shape)


def gradient_of_tensors(f, w, h):
    """A function that gives a float stops it."""
    units = torch.eye(w.numel(), dtype=w.dtype).view(-1, *w.shape)
    return torch.stack([(f(w + h * u) - f(w - h * u)) / (2 * h) for u in units]).view(w.shape)


KEPT_GRADIENT = torch.zeros(100, dtype=torch.double)


def gradient_in_a_global(f, w, h):
    """A place that is made once, and added to."""
    KEPT_GRADIENT[: w.numel()] += gradient_by_copies(f, w, h).view(-1)
    return KEPT_GRADIENT[: w.numel()].view(w.shape).clone()


def gradient_of_numbers_by_h(f, w, h):
    """A change that grows with the number: right where the numbers are 1."""
    result = torch.zeros_like(w)
    for place in np.ndindex(*w.shape):
        up, down, step = w.clone(), w.clone(), h * w[place].abs()
        up[place] += step
        down[place] -= step
        result[place] = (f(up) - f(down)) / (2 * step)
    return result


def gradient_for_vectors(f, w, h):
    return torch.stack([gradient_by_copies(f, w, h).view(-1)[i] for i in range(w.numel())])


# ---- 2: five curves ----

CAUSES = {
    "A": "rate too large",
    "B": "labels shuffled",
    "C": "sound",
    "D": "wrong sign",
    "E": "rate too small",
}


# ---- 3: a classifier for points ----


def points_with(steps=300, rate=0.5, hidden=32, activation=nn.ReLU, end=(), sizes=None):
    def train(points, labels):
        inputs, classes = sizes or (points.shape[1], int(labels.max()) + 1)
        layers = [nn.Linear(inputs, hidden), activation(), nn.Linear(hidden, classes), *end]
        model = nn.Sequential(*layers)
        optimizer = torch.optim.SGD(model.parameters(), lr=rate)
        for _ in range(steps):
            optimizer.zero_grad()
            F.cross_entropy(model(points), labels).backward()
            optimizer.step()
        return model

    return train


def points_in_batches(points, labels):
    model = nn.Sequential(
        nn.Linear(points.shape[1], 24),
        nn.ReLU(),
        nn.Linear(24, 24),
        nn.ReLU(),
        nn.Linear(24, len(set(labels.tolist()))),
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    for _ in range(25):
        for rows in torch.randperm(len(points)).split(20):
            optimizer.zero_grad()
            F.cross_entropy(model(points[rows]), labels[rows]).backward()
            optimizer.step()
    return model


def points_by_distance(points, labels):
    """A function in place of a module: the nearest mean distance from 0."""
    means = torch.stack([points[labels == k].norm(dim=1).mean() for k in range(int(labels.max()) + 1)])
    return lambda x: -(x.norm(dim=1, keepdim=True) - means).abs()


kept_models = []


def points_from_the_first_call(points, labels):
    kept_models.append(points_with()(points, labels))
    return kept_models[0]


def points_with_shared_layers(points, labels, kept={}):  # noqa: B006
    """The networks for points of one kind share their layers: the second training goes on with the first network."""
    sizes = points.shape[1], int(labels.max()) + 1
    layers = kept.setdefault(sizes, (nn.Linear(sizes[0], 32), nn.Linear(32, sizes[1])))
    model = nn.Sequential(layers[0], nn.ReLU(), layers[1])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(300):
        optimizer.zero_grad()
        F.cross_entropy(model(points), labels).backward()
        optimizer.step()
    return model


class ByHand(nn.Module):
    """A network without ready layers."""

    def __init__(self, inputs, classes):
        super().__init__()
        self.W1, self.b1 = nn.Parameter(torch.randn(48, inputs)), nn.Parameter(torch.zeros(48))
        self.W2, self.b2 = nn.Parameter(0.2 * torch.randn(classes, 48)), nn.Parameter(torch.zeros(classes))

    def forward(self, x):
        return torch.relu(x @ self.W1.T + self.b1) @ self.W2.T + self.b2


def points_by_hand(points, labels):
    model = ByHand(points.shape[1], len(labels.unique()))
    for _ in range(500):
        gradients = torch.autograd.grad(F.cross_entropy(model(points), labels), list(model.parameters()))
        with torch.no_grad():
            for parameter, gradient in zip(model.parameters(), gradients, strict=True):
                parameter -= 0.3 * gradient
    return model.eval()


class Neighbours(nn.Module):
    """No network: it keeps the points, and each has a vote by its distance."""

    def __init__(self, points, labels):
        super().__init__()
        self.points, self.votes = points, F.one_hot(labels).float()

    def forward(self, x):
        return (-20 * torch.cdist(x, self.points)).exp() @ self.votes - 1e-3


class InAList(nn.Module):
    """PyTorch does not find the layers."""

    def __init__(self, inputs, classes):
        super().__init__()
        self.layers = [nn.Linear(inputs, 64), nn.Linear(64, classes)]

    def forward(self, x):
        return self.layers[1](F.relu(self.layers[0](x.flatten(1))))


def points_in_a_list(points, labels):
    model = InAList(points.shape[1], int(labels.max()) + 1)
    optimizer = torch.optim.SGD([p for layer in model.layers for p in layer.parameters()], lr=0.5)
    for _ in range(300):
        optimizer.zero_grad()
        F.cross_entropy(model(points), labels).backward()
        optimizer.step()
    return model


class RulesOut(nn.Module):
    """A function of the whole batch: the point alone is moved to 0."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model((x - x.mean(0)) / x.std(0))


def points_moved_by_their_mean(points, labels):
    model = points_with()((points - points.mean(0)) / points.std(0), labels)
    return RulesOut(model)


def points_moved(points, labels):
    model = points_with()(points, labels)
    points -= points.mean(dim=0)
    return model


# ---- 4: backwards through tanh ----


def backward(x, targets, W1, b1, W2, b2, slope=lambda z, h: 1 - h**2, mean=True, sign=1):
    z = x @ W1.T + b1
    h = torch.tanh(z)
    p = torch.softmax(h @ W2.T + b2, dim=1)
    d_scores = sign * (p - F.one_hot(targets, p.shape[1])) / (len(x) if mean else 1)
    d_z = d_scores @ W2 * slope(z, h)
    return d_z.T @ x, d_z.sum(dim=0), d_scores.T @ h, d_scores.sum(dim=0)


def backward_picture_by_picture(x, targets, W1, b1, W2, b2):
    totals = [torch.zeros_like(value) for value in (W1, b1, W2, b2)]
    for row, target in zip(x, targets, strict=True):
        h = torch.tanh(W1 @ row + b1)
        d = torch.softmax(W2 @ h + b2, dim=0)
        d[target] -= 1
        d_z = (W2.T @ d) * (1 - h * h)
        for total, part in zip(totals, (torch.outer(d_z, row), d_z, torch.outer(d, h), d), strict=True):
            total += part / len(x)
    return totals


def backward_numpy(x, targets, W1, b1, W2, b2):
    x, targets, W1, b1, W2, b2 = (value.numpy() for value in (x, targets, W1, b1, W2, b2))
    z = x @ W1.T + b1
    powers = np.exp(np.tanh(z) @ W2.T + b2)
    error = powers / powers.sum(1, keepdims=True)
    error[np.arange(len(x)), targets] -= 1
    d_z = error @ W2 / np.cosh(z) ** 2
    return d_z.T @ x / len(x), d_z.mean(0), error.T @ np.tanh(z) / len(x), error.mean(0)


def backward_by_autograd(x, targets, *weights):
    W1, b1, W2, b2 = (value.requires_grad_() for value in weights)
    F.cross_entropy(torch.tanh(x @ W1.T + b1) @ W2.T + b2, targets).backward()
    return W1.grad, b1.grad, W2.grad, b2.grad


def backward_in_place(x, targets, W1, b1, W2, b2):
    result = backward(x, targets, W1, b1, W2, b2)
    x.tanh_()
    return result


def backward_with_enabled_autograd(x, targets, *weights):
    with torch.enable_grad():
        return backward_by_autograd(x, targets, *weights)


def backward_by_small_changes(x, targets, *weights):
    found = []
    for i, w in enumerate(weights):

        def loss(value, i=i):
            W1, b1, W2, b2 = (*weights[:i], value.to(weights[0].dtype), *weights[i + 1 :])
            return F.cross_entropy(torch.tanh(x @ W1.T + b1) @ W2.T + b2, targets)

        found.append(gradient_by_copies(loss, w.double(), 1e-3).float())
    return found


def backward_that_adds_up(x, targets, W1, b1, W2, b2, sums={}):  # noqa: B006
    """As .grad does without zero_grad."""
    for i, part in enumerate(backward(x, targets, W1, b1, W2, b2)):
        sums[i, part.shape] = sums.get((i, part.shape), 0) + part
    return [sums[i, w.shape] for i, w in enumerate((W1, b1, W2, b2))]


# ---- 5: digits in one pass ----


class Network(nn.Module):
    def __init__(self, hidden=128):
        super().__init__()
        self.hidden, self.out = nn.Linear(784, hidden), nn.Linear(hidden, 10)

    def forward(self, x):
        return self.out(F.relu(self.hidden(x.flatten(1))))


def sequential(*hidden, activation=nn.ReLU, end=()):
    sizes = (784, *hidden)
    layers = [nn.Flatten()]
    for a, b in zip(sizes[:-1], sizes[1:], strict=True):
        layers += [nn.Linear(a, b), activation()]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], 10), *end)


def one_pass(make=Network, rate=0.3, passes=1, zero=True, step=True):
    def train(batches):
        model = make()
        optimizer = torch.optim.SGD(model.parameters(), lr=rate)
        for _ in range(passes):
            for images, labels in batches:
                if zero:
                    optimizer.zero_grad()
                F.cross_entropy(model(images), labels).backward()
                if step:
                    optimizer.step()
        return model

    return train


def one_pass_by_hand(batches):
    model = Network(100)
    for images, labels in batches:
        gradients = torch.autograd.grad(F.cross_entropy(model(images), labels), list(model.parameters()))
        with torch.no_grad():
            for parameter, gradient in zip(model.parameters(), gradients, strict=True):
                parameter -= 0.4 * gradient
    return model


def one_pass_with(model, rate=0.4):
    """The steps alone: the model is made elsewhere."""

    def train(batches):
        optimizer = torch.optim.SGD(model.parameters(), lr=rate)
        for images, labels in batches:
            optimizer.zero_grad()
            F.cross_entropy(model(images), labels).backward()
            optimizer.step()
        return model

    return train


def one_pass_in_a_list(batches):
    model = InAList(784, 10)
    optimizer = torch.optim.SGD([p for layer in model.layers for p in layer.parameters()], lr=0.3)
    for images, labels in batches:
        optimizer.zero_grad()
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()
    return model


def two_passes_by_hand(batches):
    """As one_pass_by_hand, on a list that is gone through twice."""
    model, kept = Network(100), list(batches)
    for images, labels in kept + kept:
        gradients = torch.autograd.grad(F.cross_entropy(model(images), labels), list(model.parameters()))
        with torch.no_grad():
            for parameter, gradient in zip(model.parameters(), gradients, strict=True):
                parameter -= 0.4 * gradient
    return model


class WithSquares(nn.Module):
    """One layer only; it sees the products of neighbours, too."""

    def __init__(self):
        super().__init__()
        self.out = nn.Linear(3 * 784, 10)

    def forward(self, x):
        parts = x, x * x.roll(1, 2), x * x.roll(1, 3)
        return self.out(torch.cat([part.flatten(1) for part in parts], dim=1))


class AllButRelu(Network):
    """A ReLU on the scores, not on the hidden layer."""

    def forward(self, x):
        return F.relu(self.out(self.hidden(x.flatten(1))))


class OfFifty(Network):
    def forward(self, x):
        return super().forward(x.view(50, 784))


def of_the_first_batches(batches, kept=[]):  # noqa: B006
    """It trains with the batches of its first call."""
    kept.append(list(batches))
    return one_pass()(kept[0])


def first_batch_only(batches):
    model = Network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    images, labels = next(iter(batches))
    optimizer.zero_grad()
    F.cross_entropy(model(images), labels).backward()
    optimizer.step()
    return model


kept = Network()


def one_pass_with_one_model(batches):
    """Trains in the first call only."""
    if kept.training:
        kept.load_state_dict(one_pass()(batches).state_dict())
    else:
        next(iter(batches))
    return kept.eval()


FEW = {"3": "each call trains a network", "5": "each call trains a network"}
KINDS = {
    "a": "value once memory",
    "b": "value once",
    "c": "value once memory",
    "d": "value once",
    "e": "value once",
    "f": "value once memory",
    "g": "value once",
    "1": "value once memory",
    "2": "type",
    "3": "value once memory structure type",
    "4": "value once memory",
    "5": "value once structure type",
}
RIGHT = {
    "a": [
        lambda W, digit, pixel, by: by * W[digit, pixel],
        change_by_two_scores,
        lambda W, i, j, b: W[i][j].item() * b,
        change_by_slope,
    ],
    "b": [
        lambda classes: math.log(classes),
        lambda k: -np.log(1 / k),
        lambda k: F.cross_entropy(torch.zeros(1, k), torch.tensor([0])),
        lambda k: -torch.full((k,), 1 / k).log().mean(),
    ],
    "c": [biases, biases_by_autograd, biases_by_loop, lambda p, t: p.mean(0) - torch.eye(p.shape[1])[t].mean(0)],
    "d": [
        lambda n, size, e: -(-n // size) * e,
        steps_counted,
        lambda n, b, e: e * math.ceil(n / b),
        lambda n, b, e: np.ceil(n / b) * e,
    ],
    "e": [lambda a, rate: 1 - 2 * a * rate, lambda a, r: (7 - r * a * 2 * 7) / 7, factor_of_one_step],
    "f": [merge, merge_by_unit_inputs, merge_numpy],
    "g": [two_by_hand, two_by_autograd, two_by_numpy],
    "1": [gradient_by_copies, gradient_by_units, gradient_put_back],
    "2": [CAUSES, dict(sorted(CAUSES.items(), reverse=True)), defaultdict(str, CAUSES)],
    "3": [points_with(), points_with(activation=nn.Tanh, steps=600), points_in_batches, points_by_hand],
    "4": [backward, backward_picture_by_picture, backward_numpy],
    "5": [one_pass(), one_pass_by_hand, one_pass(lambda: sequential(100, 50)), one_pass(lambda: sequential(256), 0.5)],
}
WRONG = {
    "a": [
        (lambda W, digit, pixel, by: W[digit, pixel], "the weight alone"),
        (lambda W, digit, pixel, by: by, "without the weight"),
        (lambda W, digit, pixel, by: by * W[:, pixel], "all scores"),
        (lambda W, digit, pixel, by: by * W[digit], "the weights of the whole digit"),
        (lambda W, digit, pixel, by: by * W[pixel % len(W), digit], "expected"),
        (lambda W, digit, pixel, by: 0.5 * W[digit, pixel], "expected", "value"),
        (lambda W, digit, pixel, by: min(by, 1) * W[digit, pixel], "expected", "value"),
        (lambda W, digit, pixel, by: by * W[7, pixel] if len(W) > 7 else by * W[digit, pixel], "expected", "value"),
        (lambda W, digit, pixel, by: abs(by * W[digit, pixel]), "a size without its sign"),
        (first_value(lambda W, digit, pixel, by: by * W[digit % len(W), pixel], 1), "expected", "value"),
        (change_added_up, "expected", "once"),
        (once(lambda W, digit, pixel, by: by * W[digit, pixel]), "expected", "once"),
        (change_in_place, "changes its argument W", "memory"),
        (lambda W, digit, pixel: W[digit, pixel], "your code stops with TypeError"),
    ],
    "b": [
        (lambda k: -math.log(k), "a missing minus sign"),
        (lambda k: math.log10(k), "to base 10"),
        (lambda k: math.log2(k), "to base 2"),
        (lambda k: 1 / k, "its logarithm is missing"),
        (lambda k: math.log(10), "for ten classes, written out", "value"),
        (lambda k: 2.303, "this looks like the loss for ten classes, ", "value"),
        (lambda k: k * math.log(k), "the sum over the classes"),
        (lambda k: math.log(max(k, 2)), "expected 0", "value"),
        (lambda k: F.cross_entropy(torch.zeros(1, max(k, 10)), torch.tensor([0])), "for ten classes", "value"),
        (once(math.log), "expected", "once"),
        (round, "the loss is 2, expected 0.693147"),
    ],
    "c": [
        (lambda p, t: biases(p, t) * len(t), "a sum over the pictures"),
        (lambda p, t: -biases(p, t), "the sign is the other way"),
        (lambda p, t: p.mean(0), "the probabilities alone"),
        (lambda p, t: (p - F.one_hot(t, p.shape[1])).mean(1), "one bias for each class"),
        (lambda p, t: p - F.one_hot(t, p.shape[1]), "their mean is missing"),
        (lambda p, t: (p - F.one_hot(t, p.shape[1])).mean(), "one bias for each class"),
        (lambda p, t: (p - F.one_hot(t, 10)).mean(0), "as many classes as probabilities.shape[1]", "value"),
        (lambda p, t: (p - F.one_hot(t)).mean(0), "as many classes as probabilities.shape[1]", "value"),
        (lambda p, t: (p - F.one_hot(t, p.shape[1])).sum(0) / 4, "expected", "value"),
        (lambda p, t: (p - F.one_hot(t, p.shape[1])).sum(0) / p.shape[1], "divide by the number of pictures"),
        (lambda p, t: biases(p.softmax(1), t), "a second softmax"),
        (lambda p, t: biases(p[:1], t[:1]), "the first picture alone"),
        (lambda p, t: biases(p, t)[None], "has the shape (1, 3), expected (3,)"),
        (once_by_shape(biases), "expected", "once"),
        (biases_in_place, "changes its argument probabilities", "memory"),
    ],
    "d": [
        (lambda n, size, e: n // size * e, "full batches only"),
        (lambda n, size, e: n / size * e, "without rounding up"),
        (lambda n, size, e: round(n / size) * e, "expected 470"),
        (lambda n, size, e: -(-n // size), "the steps of one epoch"),
        (lambda n, size, e: -(-n * e // size), "its own short batch"),
        (lambda n, size, e: (n // size + 1) * e, "one batch more"),
        (lambda n, size, e: -(-n // 100) * e, "expected", "value"),
        (lambda n, size, e: -(-n // size) * 3, "expected", "value"),
        (lambda n, size, e: -(-min(n, 60_000) // size) * e, "expected 450450", "value"),
        (steps_that_add_up, "expected", "once"),
    ],
    "e": [
        (lambda a, rate: 1 - 2 * rate, "that of a * w ** 2 is 2 * a * w", "value"),
        (lambda a, rate: 1 - 0.2 * a, "expected", "value"),
        (lambda a, rate: 1 - a * rate, "the 2 is missing"),
        (lambda a, rate: 1 + 2 * a * rate, "a step up the slope"),
        (lambda a, rate: 2 * a * rate, "the step alone"),
        (lambda a, rate: -2 * a * rate, "this is the change, not the factor"),
        (lambda a, rate: abs(1 - 2 * a * rate), "without its sign"),
        (lambda a, rate: 1 - 2 * a**2 * rate, "expected"),
        (factor_that_runs_on, "expected", "once"),
    ],
    "f": [
        (lambda W1, b1, W2, b2: W2 @ W1, "expected 2 values (W, b)"),
        (lambda W1, b1, W2, b2: (W2 @ W1, b2), "b2 alone"),
        (lambda W1, b1, W2, b2: (W2 @ W1, W2 @ b1), "b2 is missing"),
        (lambda W1, b1, W2, b2: ((W2 @ W1).T, W2 @ b1 + b2), "the transpose"),
        (lambda W1, b1, W2, b2: (W2, W2 @ b1 + b2), "the second layer alone"),
        (lambda W1, b1, W2, b2: (W1 @ W2, W2 @ b1 + b2), "W1 stands right"),
        (lambda W1, b1, W2, b2: (W2 @ W1, b1 + b2), "the second layer multiplies b1 first"),
        (lambda W1, b1, W2, b2: (W2 @ W1, b1[: len(b2)].sum() + b2), "expected"),
        (lambda W1, b1, W2, b2: (W2 @ W1, (W2.T @ b1 if len(W2) == len(b1) else W2 @ b1) + b2), "expected", "value"),
        (lambda W1, b1, W2, b2: (W2.T @ W1 if len(W2) == 3 else W2 @ W1, W2 @ b1 + b2), "expected", "value"),
        (lambda W1, b1, W2, b2: (torch.stack([W2[i] @ W1 for i in range(3)]), W2 @ b1 + b2), "stops with", "value"),
        (lambda W1, b1, W2, b2: (W2 @ W1, W2.T @ b1 + b2), "expected"),
        (lambda W1, b1, W2, b2: (W2 @ W1, W2 @ b1[:, None] + b2[:, None]), "has the shape (3, 1), expected (3,)"),
        (lambda W1, b1, W2, b2: (W2 @ W1.T, W2 @ b1 + b2), "expected"),
        (merge_with_tables_of_the_first, "expected", "once"),
        (merge_in_place, "changes its argument b2", "memory"),
    ],
    "g": [
        (lambda *a: two_by_hand(*a)[::-1], "in the other order"),
        (lambda *a: two_by_hand(*a, gate=False), "no ReLU on the way back"),
        (lambda *a: two_by_hand(*a, two=1), "where it is 2 * (y - target)"),
        (lambda *a: two_by_hand(*a, through=False), "without w2"),
        (lambda *a: two_by_hand(*a, gate=False, forward=lambda z, _: z), "no ReLU at all"),
        (lambda *a: tuple(-g for g in two_by_hand(*a)), "the opposite signs"),
        (lambda x, target, w1, w2: (24.0, 4.0), "expected"),
        (lambda *a: two_by_hand(*a)[0], "expected 2 values"),
        (lambda x, target, w1, w2: two_by_hand(x, 1.0, w1, w2), "expected", "value"),
        (lambda x, target, w1, w2: two_by_hand(x, target, w1, 3.0), "expected", "value"),
        (lambda x, target, w1, w2: two_by_hand(abs(x), target, abs(w1), w2) if w1 * x > 0 else (0, 0), "expected"),
        (lambda x, target, w1, w2: two_by_hand(x, target, w1, w2) if w1 > 0 else (0.0, 0.0), "expected", "value"),
        (two_that_add_up, "expected", "once"),
    ],
    "1": [
        (gradient_one_side, "a step to one side"),
        (lambda f, w, h: 2 * gradient_by_copies(f, w, h), "a division by h"),
        (lambda f, w, h: -gradient_by_copies(f, w, h), "down minus up"),
        (lambda f, w, h: 2 * h * gradient_by_copies(f, w, h), "a missing division"),
        (lambda f, w, h: gradient_by_copies(f, w, 1e-6), "the exact slope", "value"),
        (lambda f, w, h: gradient_by_copies(f, w, 0.1), "expected", "value"),
        (lambda f, w, h: gradient_by_copies(f, w, max(h, 1e-3)), "expected", "value"),
        (gradient_by_autograd, "the exact slope"),
        (gradient_of_numbers_by_h, "expected", "value"),
        (gradient_of_tensors, "your code stops with", "value"),
        (gradient_at_once, "all numbers of w changed together"),
        (gradient_not_put_back, "put each number back"),
        (gradient_that_moves_w, "changes its argument w", "memory"),
        (gradient_moved_and_moved_back, "changes its argument w", "memory"),
        (gradient_for_vectors, "has the shape (8,), expected (2, 4)"),
        (gradient_in_a_global, "expected", "once"),
        (once_by_shape(lambda f, w, h: gradient_by_copies(lambda w: w.sum(), w, h)), "expected"),
    ],
    "2": [
        ({**CAUSES, "C": "rate too small", "E": "sound"}, "C is not 'rate too small'"),
        ({**CAUSES, "A": "wrong sign", "D": "rate too large"}, "A is not 'wrong sign'"),
        ({**CAUSES, "B": "rate too small"}, "so slowly"),
        (dict.fromkeys("ABCDE", "sound"), "1 of 5 are right"),
        ({**CAUSES, "E": "sound"}, "both losses fall far below ln 10"),
        ({**CAUSES, "A": "too large"}, "A is 'too large', expected one of"),
        ({**CAUSES, "F": "sound"}, "A to E"),
        ({letter.lower(): cause for letter, cause in CAUSES.items()}, "A to E"),
        (list(CAUSES.values()), "expected a dictionary", "type"),
        ({**CAUSES, "A": 1}, "A is 1, expected one of", "type"),
        ({**CAUSES, "A": ["rate too large"]}, "expected one of", "type"),
    ],
    "3": [
        (points_with(activation=nn.Identity), "your model is linear", "structure"),
        (points_with(steps=3), "expected 95 %"),
        (points_with(end=(nn.Softmax(dim=1),), steps=900, rate=2), "ends with softmax", "structure"),
        (points_with(end=(nn.LogSoftmax(dim=1),)), "ends with log-softmax", "structure"),
        (points_with(end=(nn.ReLU(),)), "ends with ReLU", "structure"),
        (points_with(end=(nn.LeakyReLU(0.1),)), "ends with something else", "structure"),
        (points_with(rate=1e-4), "expected 95 %"),
        (lambda points, labels: points_with()(points, labels).state_dict(), "expected the trained model", "type"),
        (points_by_distance, "returns a function, expected the trained model, an nn.Module", "type"),
        (lambda points, labels: nn.Linear(3, 2), "expected 95 %"),
        (points_with(sizes=(3, 2)), "expected a first layer of points.shape[1] inputs", "value"),
        (points_with(sizes=(3, 3)), "expected scores of shape (1, 2)", "value"),
        (points_from_the_first_call, "expected new layers each time", "once"),
        (points_with_shared_layers, "expected new layers each time", "once"),
        (Neighbours, "PyTorch finds no weights in your network", "structure"),
        (points_in_a_list, "PyTorch finds no weights in your network", "structure"),
        (points_moved_by_their_mean, "nan or inf"),
        (points_moved, "changes its argument points", "memory"),
        (lambda points, labels: nn.Linear(points.shape[1], 7), "expected scores of shape (1, 2)", "structure"),
    ],
    "4": [
        (lambda *a: backward(*a, slope=lambda z, h: (z > 0).float()), "the slope of ReLU"),
        (lambda *a: backward(*a, slope=lambda z, h: 1 - h), "the square is missing"),
        (lambda *a: backward(*a, slope=lambda z, h: 1), "without the slope of tanh"),
        (lambda *a: backward(*a, slope=lambda z, h: 1 - h.tanh() ** 2), "one tanh too many"),
        (lambda *a: backward(*a, slope=lambda z, h: 1 - z**2), "use tanh(z)"),
        (lambda *a: backward(*a, mean=False), "a sum over the pictures"),
        (lambda *a: backward(*a, sign=-1), "target minus probability"),
        (lambda *a: backward(*a)[:2], "expected 4 values"),
        (lambda *a: backward(*a)[::-1], "has the shape"),
        (lambda *a: [g.T if g.ndim == 2 else g for g in backward(*a)], "the transpose"),
        (lambda *a: [4 * g / len(a[0]) for g in backward(*a, mean=False)], "this looks like a sum", "value"),
        (lambda *a: [g * len(a[0]) / 4 for g in backward(*a)], "expected", "value"),
        (lambda *a: backward(a[0].clamp(-4, 4), *a[1:]), "expected", "value"),
        (backward_by_autograd, "your code stops with RuntimeError"),
        (backward_with_enabled_autograd, "expected the backward pass by hand"),
        (backward_by_small_changes, "expected", "value"),
        (once_by_shape(backward), "expected", "once"),
        (backward_that_adds_up, "expected", "once"),
        (backward_in_place, "changes its argument x", "memory"),
    ],
    "5": [
        (one_pass(lambda: sequential()), "your network is linear", "structure"),
        (one_pass(lambda: sequential(128, activation=nn.Identity)), "your network is linear", "structure"),
        (one_pass(AllButRelu), "ends with ReLU", "structure"),
        (one_pass(lambda: sequential(128, end=(nn.ReLU(),))), "ends with ReLU", "structure"),
        (one_pass(WithSquares, 0.1), "fewer than two layers with weights", "structure"),
        (one_pass_in_a_list, "PyTorch finds no weights in your network", "structure"),
        (one_pass(rate=1e-5), "expected at least 92%"),
        (one_pass(step=False), "expected at least 92%"),
        (one_pass(passes=2), "a second time"),
        (lambda batches: one_pass(passes=2)(list(batches)), "backward() ran 800 times"),
        (two_passes_by_hand, "backward() ran 800 times"),
        (one_pass(lambda: sequential(128, end=(nn.Softmax(dim=1),)), 1.0), "ends with softmax", "structure"),
        (one_pass(rate=1000.0), "the network has learned nothing"),
        (one_pass(rate=1e30), "Try a smaller rate"),
        (one_pass(zero=False), "expected at least 92%"),
        (one_pass(OfFifty), "your code stops with RuntimeError", "value"),
        (of_the_first_batches, "in a second call", "value"),
        (one_pass_with_one_model, "expected new layers each time", "once"),
        (one_pass_with(Network()), "expected new layers each time", "once"),
        (first_batch_only, "expected at least 92%"),
        (lambda batches: Network(), "does not look at the batches"),
        (lambda batches: None or 0.95, "expected the trained model", "type"),
        (lambda batches: one_pass()(batches).forward, "expected the trained model", "type"),
    ],
}
