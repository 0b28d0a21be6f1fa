"""Answers to the tasks and exercises of lesson 03."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

# ---- a: how a score changes ----


def change_by_two_scores(W, digit, pixel, by):
    x = torch.rand(W.shape[1], dtype=W.dtype)
    brighter = x.clone()
    brighter[pixel] += by
    return (W @ brighter - W @ x)[digit]


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


# ---- f: merged layers ----


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


def points_with(steps=300, rate=0.5, hidden=32, activation=nn.ReLU, end=()):
    def train(points, labels):
        classes = int(labels.max()) + 1
        layers = [nn.Linear(points.shape[1], hidden), activation(), nn.Linear(hidden, classes), *end]
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


RIGHT = {
    "a": [
        lambda W, digit, pixel, by: by * W[digit, pixel],
        change_by_two_scores,
        lambda W, i, j, b: W[i][j].item() * b,
    ],
    "b": [math.log, lambda k: -np.log(1 / k), lambda k: F.cross_entropy(torch.zeros(1, k), torch.tensor([0]))],
    "c": [biases, biases_by_autograd, biases_by_loop],
    "d": [lambda n, size, e: -(-n // size) * e, steps_counted, lambda n, b, e: e * math.ceil(n / b)],
    "e": [lambda a, rate: 1 - 2 * a * rate, lambda a, r: (7 - r * a * 2 * 7) / 7],
    "f": [lambda W1, b1, W2, b2: (W2 @ W1, W2 @ b1 + b2), merge_by_unit_inputs, merge_numpy],
    "g": [two_by_hand, two_by_autograd],
    "1": [gradient_by_copies, gradient_by_units, gradient_put_back],
    "2": [CAUSES, dict(sorted(CAUSES.items(), reverse=True))],
    "3": [points_with(), points_with(activation=nn.Tanh, steps=600), points_in_batches, points_by_distance],
    "4": [backward, backward_picture_by_picture, backward_numpy],
    "5": [one_pass(), one_pass_by_hand, one_pass(lambda: sequential(100, 50)), one_pass(lambda: sequential(256), 0.5)],
}
WRONG = {
    "a": [
        (lambda W, digit, pixel, by: W[digit, pixel], "the weight alone"),
        (lambda W, digit, pixel, by: by, "without the weight"),
        (lambda W, digit, pixel, by: by * W[:, pixel], "all ten scores"),
        (lambda W, digit, pixel, by: by * W[digit], "the weights of the whole digit"),
        (lambda W, digit, pixel, by: by * W[pixel % len(W), digit], "expected"),
        (lambda W, digit, pixel, by: 0.5 * W[digit, pixel], "expected"),
        (change_in_place, "changes W"),
        (lambda W, digit, pixel: W[digit, pixel], "your code stops with TypeError"),
    ],
    "b": [
        (lambda k: -math.log(k), "a missing minus sign"),
        (lambda k: math.log10(k), "to base 10"),
        (lambda k: math.log2(k), "to base 2"),
        (lambda k: 1 / k, "its logarithm is missing"),
        (lambda k: math.log(10), "for ten classes, written out"),
        (lambda k: 2.303, "this looks like the loss for ten classes, "),
        (lambda k: k * math.log(k), "the sum over the classes"),
    ],
    "c": [
        (lambda p, t: biases(p, t) * len(t), "a sum over the pictures"),
        (lambda p, t: -biases(p, t), "the sign is the other way"),
        (lambda p, t: p.mean(0), "the probabilities alone"),
        (lambda p, t: (p - F.one_hot(t, p.shape[1])).mean(1), "one bias for each class"),
        (lambda p, t: p - F.one_hot(t, p.shape[1]), "their mean is missing"),
        (lambda p, t: (p - F.one_hot(t, p.shape[1])).mean(), "one bias for each class"),
        (lambda p, t: (p - F.one_hot(t, 10)).mean(0), "take the number of classes from probabilities.shape[1]"),
        (lambda p, t: (p - F.one_hot(t)).mean(0), "take the number of classes from probabilities.shape[1]"),
        (biases_in_place, "changes an argument"),
    ],
    "d": [
        (lambda n, size, e: n // size * e, "full batches only"),
        (lambda n, size, e: n / size * e, "without rounding up"),
        (lambda n, size, e: round(n / size) * e, "expected 470"),
        (lambda n, size, e: -(-n // size), "the steps of one epoch"),
        (lambda n, size, e: -(-n * e // size), "its own short batch"),
        (lambda n, size, e: (n // size + 1) * e, "one batch more"),
        (steps_that_add_up, "expected"),
    ],
    "e": [
        (lambda a, rate: 1 - 2 * rate, "that of a * w ** 2 is 2 * a * w"),
        (lambda a, rate: 1 - a * rate, "the 2 is missing"),
        (lambda a, rate: 1 + 2 * a * rate, "a step up the slope"),
        (lambda a, rate: 2 * a * rate, "the step alone"),
        (lambda a, rate: -2 * a * rate, "this is the change, not the factor"),
        (lambda a, rate: abs(1 - 2 * a * rate), "without its sign"),
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
    ],
    "1": [
        (gradient_one_side, "a step to one side"),
        (lambda f, w, h: 2 * gradient_by_copies(f, w, h), "a division by h"),
        (lambda f, w, h: -gradient_by_copies(f, w, h), "down minus up"),
        (lambda f, w, h: 2 * h * gradient_by_copies(f, w, h), "a missing division"),
        (lambda f, w, h: gradient_by_copies(f, w, 1e-6), "expected"),
        (gradient_at_once, "all numbers of w changed together"),
        (gradient_not_put_back, "put each number back"),
        (gradient_that_moves_w, "changes w"),
        (gradient_for_vectors, "has the shape (8,), expected (2, 4)"),
    ],
    "2": [
        ({**CAUSES, "C": "rate too small", "E": "sound"}, "C is not 'rate too small'"),
        ({**CAUSES, "A": "wrong sign", "D": "rate too large"}, "A is not 'wrong sign'"),
        ({**CAUSES, "B": "rate too small"}, "so slowly"),
        (dict.fromkeys("ABCDE", "sound"), "1 of 5 are right"),
        ({**CAUSES, "E": "sound"}, "both losses fall far below ln 10"),
        ({**CAUSES, "A": "too large"}, "the causes are"),
        ({**CAUSES, "F": "sound"}, "A to E"),
        (list(CAUSES.values()), "expected a dictionary"),
    ],
    "3": [
        (points_with(activation=nn.Identity), "your model is linear"),
        (points_with(steps=3), "expected 95 %"),
        (points_with(end=(nn.Softmax(dim=1),), steps=900, rate=2), "these are probabilities"),
        (points_with(rate=1e-4), "expected 95 %"),
        (lambda points, labels: points_with()(points, labels).state_dict(), "expected the trained model"),
        (lambda points, labels: nn.Linear(3, 2), "expected 95 %"),
        (points_from_the_first_call, "your code stops with RuntimeError"),
        (points_moved, "changes points or labels"),
        (lambda points, labels: lambda x: x.norm(dim=1), "expected scores of shape"),
    ],
    "4": [
        (lambda *a: backward(*a, slope=lambda z, h: (z > 0).double()), "the slope of ReLU"),
        (lambda *a: backward(*a, slope=lambda z, h: 1 - h), "the square is missing"),
        (lambda *a: backward(*a, slope=lambda z, h: 1), "without the slope of tanh"),
        (lambda *a: backward(*a, slope=lambda z, h: 1 - h.tanh() ** 2), "one tanh too many"),
        (lambda *a: backward(*a, slope=lambda z, h: 1 - z**2), "use tanh(z)"),
        (lambda *a: backward(*a, mean=False), "a sum over the pictures"),
        (lambda *a: backward(*a, sign=-1), "target minus probability"),
        (lambda *a: backward(*a)[:2], "expected 4 values"),
        (lambda *a: backward(*a)[::-1], "has the shape"),
        (lambda *a: [g.T if g.ndim == 2 else g for g in backward(*a)], "the transpose"),
        (backward_by_autograd, "your code stops with RuntimeError"),
        (backward_in_place, "changes an argument"),
    ],
    "5": [
        (one_pass(lambda: sequential()), "your network is linear"),
        (one_pass(lambda: sequential(128, activation=nn.Identity)), "your network is linear"),
        (one_pass(rate=1e-5), "expected at least 92%"),
        (one_pass(step=False), "expected at least 92%"),
        (one_pass(passes=2), "a second time"),
        (lambda batches: one_pass(passes=2)(list(batches)), "backward() ran 800 times"),
        (one_pass(lambda: sequential(128, end=(nn.Softmax(dim=1),)), 1.0), "these are probabilities"),
        (one_pass(rate=1000.0), "the network has learned nothing"),
        (one_pass(rate=1e30), "try a smaller learning rate"),
        (one_pass(zero=False), "expected at least 92%"),
        (one_pass_with_one_model, "in a second call"),
        (first_batch_only, "expected at least 92%"),
        (lambda batches: Network(), "does not look at the batches"),
        (lambda batches: None or 0.95, "expected the trained model"),
    ],
}
