"""Answers to the tasks and exercises of lesson 13."""

from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.beyond import airbench
from course_utils.data import flip, pad_and_crop
from course_utils.practice.exercises.lesson_13 import _Counted

# ---- a: the alternating flip ----


def mirrored_by_list(first, epoch):
    return [bool(coin) != bool(epoch % 2) for coin in first]


def mirrored_by_turning(first, epoch):
    for _ in range(epoch):
        first = ~first
    return first


def mirrored_in_place(first, epoch):
    if epoch % 2:
        first ^= True
    return first


SEEN = []


def mirrored_by_calls(first, epoch):
    SEEN.append(epoch)
    return first ^ (len(SEEN) % 2 == 0)


# ---- b: a step of Nesterov's SGD ----


def nesterov(weights, gradient, velocity, lr, momentum, weight_decay):
    gradient = gradient + weight_decay * weights
    velocity = momentum * velocity + gradient
    return weights - lr * (gradient + momentum * velocity), velocity


def nesterov_by_loop(weights, gradient, velocity, lr, momentum, weight_decay):
    new_weights, new_velocity = np.zeros(weights.shape), np.zeros(weights.shape)
    for place in np.ndindex(*weights.shape):
        w, g, v = (float(x[place]) for x in (weights, gradient, velocity))
        g += weight_decay * w
        v = v * momentum + g
        new_weights[place], new_velocity[place] = w - lr * g - lr * momentum * v, v
    return [new_weights, new_velocity]


def nesterov_in_place(w, g, v, lr, momentum, weight_decay):
    g.add_(w, alpha=weight_decay)
    v.mul_(momentum).add_(g)
    w.sub_(g.add(v, alpha=momentum), alpha=lr)
    return w, v


def nesterov_with(velocity=lambda w, d, g, v, m: m * v + d, step=lambda w, d, g, v, m: d + m * v, decay=1.0):
    """A step whose velocity, or whose way, is another."""

    def function(w, g, v, lr, momentum, weight_decay):
        d = g + decay * weight_decay * w
        new = velocity(w, d, g, v, momentum)
        return w - lr * step(w, d, g, new, momentum), new

    return function


# ---- c: a singular value after some steps ----


def p(x):
    return 3.4445 * x - 4.7750 * x**3 + 2.0315 * x**5


def lifted(x, steps):
    for _ in range(steps):
        x = p(x)
    return x


def lifted_by_itself(x, steps):
    return x if steps == 0 else lifted_by_itself(p(x), steps - 1)


def lifted_as_a_matrix(x, steps):
    matrix = torch.tensor([[float(x)]], dtype=torch.float64)
    for _ in range(steps):
        square = matrix @ matrix.T
        matrix = 3.4445 * matrix - 4.7750 * square @ matrix + 2.0315 * square @ square @ matrix
    return matrix[0, 0]


# ---- d: the mean of views ----


@torch.no_grad()
def mean_of_views(model, images, views, weights):
    total = sum(weight * model(view(images)) for view, weight in zip(views, weights, strict=True))
    return total / sum(weights)


@torch.no_grad()
def mean_in_one_batch(model, images, views, weights):
    logits = model(torch.cat([view(images) for view in views])).unflatten(0, (len(views), len(images)))
    shares = torch.tensor(weights) / sum(weights)
    return torch.einsum("v,vnc->nc", shares, logits)


def mean_by_numpy(model, images, views, weights):
    return np.average([model(view(images)).detach().numpy() for view in views], axis=0, weights=weights)


def mean_by_picture(model, images, views, weights):
    answers = []
    for image in images:
        each = [model(view(image[None]))[0].tolist() for view in views]
        answers.append(
            [sum(w * x for w, x in zip(weights, xs, strict=True)) / sum(weights) for xs in zip(*each, strict=True)]
        )
    return answers


def views_with(combine):
    """A combination of the logits (views, N, classes) and the weights (views, 1, 1)."""

    @torch.no_grad()
    def function(model, images, views, weights):
        return combine(torch.stack([model(view(images)) for view in views]), torch.tensor(weights).view(-1, 1, 1))

    return function


@torch.no_grad()
def the_mean_picture(model, images, views, weights):
    return model(sum(w * view(images) for view, w in zip(views, weights, strict=True)) / sum(weights))


@torch.no_grad()
def views_of_views(model, images, views, weights):
    total = 0
    for view, weight in zip(views, weights, strict=True):
        images = view(images)
        total = total + weight * model(images)
    return total / sum(weights)


@torch.no_grad()
def views_changed_in_place(model, images, views, weights):
    total = 0
    for view, weight in zip(views, weights, strict=True):
        total = total + weight * model(view(images))
    images.mul_(0)
    return total / sum(weights)


# ---- 1: label smoothing ----


def loss_by_loops(logits, targets, smoothing):
    total = 0.0
    for row, target in zip(logits.tolist(), targets.tolist(), strict=True):
        row = [z - max(row) for z in row]
        log_sum = np.log(sum(np.exp(z) for z in row))
        for k, z in enumerate(row):
            total -= (smoothing / len(row) + (1 - smoothing) * (k == target)) * (z - log_sum)
    return total / len(logits)


def loss_by_numpy(logits, targets, smoothing):
    z = logits.numpy().astype(np.float64)
    z -= z.max(axis=1, keepdims=True)
    logs = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -((1 - smoothing) * logs[np.arange(len(z)), targets.numpy()] + smoothing * logs.mean(axis=1)).mean()


def loss_by_soft_targets(logits, targets, smoothing):
    soft = torch.full_like(logits, smoothing / logits.shape[1])
    soft[torch.arange(len(targets)), targets] += 1 - smoothing
    return F.cross_entropy(logits, soft)


def loss_with(wanted, logs=lambda z: z.log_softmax(1), total=lambda x: x.sum(1).mean()):
    """A loss with other wanted probabilities, made of one-hot targets, smoothing and the number of classes."""
    return lambda z, y, s: -total(wanted(F.one_hot(y, z.shape[1]).float(), s, z.shape[1]) * logs(z))


def soft(hard, s, classes):
    return (1 - s) * hard + s / classes


def loss_remembering(logits, targets, smoothing, memory=[]):  # noqa: B006
    memory.append(smoothing)
    return F.cross_entropy(logits, targets, label_smoothing=memory[0])


# ---- 2: a line up, half a cosine down ----


def warm_cosine(step, steps, rise, start, end):
    if step < rise:
        return start + (1 - start) * step / rise
    return end + (1 - end) * (1 + np.cos(np.pi * (step - rise) / (steps - rise))) / 2


def warm_cosine_squared(step, steps, rise, start, end):
    if step < rise:
        return (1 - step / rise) * start + step / rise
    return 1 - (1 - end) * np.sin(np.pi / 2 * (step - rise) / (steps - rise)) ** 2


def warm_cosine_by_pytorch(step, steps, rise, start, end):
    if step < rise:
        return torch.lerp(torch.tensor(start, dtype=torch.float64), torch.ones((), dtype=torch.float64), step / rise)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    plan = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps - rise, eta_min=end)
    for _ in range(step - rise):
        optimizer.step()
        plan.step()
    return optimizer.param_groups[0]["lr"]


def cosine_with(up=None, down=None):
    """Another rise or another fall: functions of step, steps, rise, start, end; of the part of the fall, and end."""

    def function(step, steps, rise, start, end):
        if step < rise:
            return (up or warm_cosine)(step, steps, rise, start, end)
        part = (step - rise) / (steps - rise)
        return down(part, end) if down else warm_cosine(step, steps, rise, start, end)

    return function


def half(part, end=0.0):
    return end + (1 - end) * (1 + np.cos(np.pi * part)) / 2


# ---- 3: slow weights ----


class SlowWeights:
    def __init__(self, parameters, every, part):
        self.fast = list(parameters)
        self.slow = [p.detach().clone() for p in self.fast]
        self.every, self.part, self.steps = every, part, 0

    def after_step(self):
        self.steps += 1
        if self.steps % self.every == 0:
            with torch.no_grad():
                for slow, fast in zip(self.slow, self.fast, strict=True):
                    slow += self.part * (fast - slow)
                    fast.copy_(slow)


class SlowByData:
    def __init__(self, parameters, every, part):
        self.pairs = [(p, torch.clone(p.data)) for p in parameters]
        self.left, self.every, self.part = every, every, part

    def after_step(self):
        self.left -= 1
        if not self.left:
            self.left = self.every
            for p, slow in self.pairs:
                slow.lerp_(p.data, self.part)
                p.data = slow.clone()


class SlowByNumpy:
    def __init__(self, parameters, every, part):
        self.parameters = [*parameters]
        self.slow = [p.detach().numpy().copy() for p in self.parameters]
        self.every, self.part, self.calls = every, part, []

    def after_step(self):
        self.calls.append(1)
        if len(self.calls) == self.every:
            self.calls.clear()
            for k, p in enumerate(self.parameters):
                self.slow[k] = (1 - self.part) * self.slow[k] + self.part * p.detach().numpy()
                p.data.copy_(torch.from_numpy(self.slow[k]))


class NoCopies(SlowWeights):
    def __init__(self, parameters, every, part):
        super().__init__(parameters, every, part)
        self.slow = [p.detach() for p in self.fast]


class EachStep(SlowWeights):
    def after_step(self):
        self.steps = self.every - 1
        super().after_step()


class FromZero(SlowWeights):
    def __init__(self, parameters, every, part):
        super().__init__(parameters, every, part)
        self.steps = -1 % every


class NeverBack(SlowWeights):
    def after_step(self):
        self.steps += 1
        if self.steps % self.every == 0:
            for slow, fast in zip(self.slow, self.fast, strict=True):
                slow += self.part * (fast.detach() - slow)


class Backwards(SlowWeights):
    def __init__(self, parameters, every, part):
        super().__init__(parameters, every, 1 - part)


class BackToTheStart(SlowWeights):
    def after_step(self):
        self.steps += 1
        if self.steps % self.every == 0:
            with torch.no_grad():
                for slow, fast in zip(self.slow, self.fast, strict=True):
                    fast.copy_(slow)


class Shared:
    slow, steps = [], 0  # of the class, not of each object

    def __init__(self, parameters, every, part):
        self.fast, self.every, self.part = list(parameters), every, part
        Shared.slow, Shared.steps = [p.detach().clone() for p in self.fast], 0

    def after_step(self):
        Shared.steps += 1
        if Shared.steps % self.every == 0:
            with torch.no_grad():
                for slow, fast in zip(self.slow, self.fast, strict=True):
                    slow += self.part * (fast - slow)
                    fast.copy_(slow)


class WithGradients(SlowWeights):
    def after_step(self):
        for slow, fast in zip(self.slow, self.fast, strict=True):
            slow = slow + self.part * (fast - slow)
            fast.copy_(slow)


class OnlyTheFirst(SlowWeights):
    def __init__(self, parameters, every, part):
        super().__init__(list(parameters)[:1], every, part)


class Exhausted(SlowWeights):
    def __init__(self, parameters, every, part):
        self.slow = [p.detach().clone() for p in parameters]
        self.fast = list(parameters)  # a generator gives its parameters once
        self.every, self.part, self.steps = every, part, 0

    def after_step(self):
        for slow, fast in zip(self.slow, self.fast, strict=False):
            fast.data.copy_(slow)


class NewTensors(SlowWeights):
    def after_step(self):
        for p in self.fast:
            p.requires_grad_(False)


# ---- 4: an exact step ----


def exact_step(weight, gradient, lr):
    u, _, vh = torch.linalg.svd(gradient.flatten(1), full_matrices=False)
    weight = weight * len(weight) ** 0.5 / weight.norm()
    return weight - lr * (u @ vh).view_as(weight)


def exact_by_eigenvectors(weight, gradient, lr):
    g = gradient.double().flatten(1)
    if len(g) > g.shape[1]:
        values, vectors = torch.linalg.eigh(g.T @ g)
        step = g @ (vectors / values.sqrt()) @ vectors.T
    else:
        values, vectors = torch.linalg.eigh(g @ g.T)
        step = (vectors / values.sqrt()) @ vectors.T @ g
    scale = (len(weight) / weight.square().sum()).sqrt()
    return scale * weight - lr * step.reshape(weight.shape)


def exact_by_numpy(weight, gradient, lr):
    u, _, vh = np.linalg.svd(gradient.reshape(len(gradient), -1).numpy(), full_matrices=False)
    long = weight.numpy() / np.linalg.norm(weight.numpy()) * np.sqrt(len(weight))
    return long - lr * (u @ vh).reshape(weight.shape)


def exact_by_many_steps(weight, gradient, lr):
    x = gradient.double().flatten(1) / gradient.norm()
    for _ in range(60):
        x = 1.5 * x - 0.5 * x @ x.T @ x
    return weight * len(weight) ** 0.5 / weight.norm() - lr * x.view_as(weight)


def exact_with(step=None, long=lambda w: w * len(w) ** 0.5 / w.norm()):
    def function(weight, gradient, lr):
        flat = gradient.flatten(1)
        u, s, vh = torch.linalg.svd(flat, full_matrices=False)
        return long(weight) - lr * (step or (lambda u, s, vh, g: u @ vh))(u, s, vh, flat).reshape(weight.shape)

    return function


def exact_in_place(weight, gradient, lr):
    weight *= len(weight) ** 0.5 / weight.norm()
    u, _, vh = torch.linalg.svd(gradient.flatten(1), full_matrices=False)
    return weight - lr * (u @ vh).view_as(weight)


def a_row_for_each_input(weight, gradient, lr):
    turned = gradient.transpose(0, 1)
    u, _, vh = torch.linalg.svd(turned.flatten(1), full_matrices=False)
    return weight * len(weight) ** 0.5 / weight.norm() - lr * (u @ vh).view(turned.shape).transpose(0, 1)


# ---- 5: a quick training ----


def trained_with(make, schedule=airbench.triangular_schedule, steps=60, size=128, moved=True, clear=True):
    def train(model, images, labels):
        optimizer = make(model)
        plan = schedule(optimizer, steps)
        for _ in range(steps):
            chosen = torch.randint(len(images), (size,))
            batch = flip(pad_and_crop(images[chosen], 2, "reflect")) if moved else images[chosen]
            if clear:
                optimizer.zero_grad()
            F.cross_entropy(model(batch), labels[chosen]).backward()
            optimizer.step()
            plan.step()
        return model

    return train


def constant(optimizer, steps):
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)


def learned(model):
    return [p for p in model.parameters() if p.requires_grad]


def muon(model):
    kernels = airbench.kernels_of(model)
    rest = airbench.fast_biases(model, lr=0.375, weight_decay=1.33e-3, without=kernels)
    return airbench.Muon(kernels, rest, lr=0.125)


def fast_sgd(model):
    return torch.optim.SGD(airbench.fast_biases(model, 0.375, 1.33e-3), momentum=0.85, nesterov=True)


def cosine(optimizer, steps):
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)


def another_network(model, images, labels):
    return trained_with(muon)(_Counted(), images, labels)


@cache
def once():
    return []


def the_first_network(model, images, labels):
    if not once():
        once().append(trained_with(muon)(model, images, labels))
    return once()[0]


RIGHT = {
    "a": [mirrored_by_list, mirrored_by_turning, lambda first, epoch: first ^ (epoch % 2 == 1),
          lambda first, epoch: (first.numpy().astype(int) + epoch) % 2 == 1],
    "b": [nesterov, nesterov_by_loop, lambda w, g, v, lr, m, d: (
        w - lr * ((1 + m) * (g + d * w) + m * m * v), m * v + g + d * w)],
    "c": [lifted, lifted_by_itself, lifted_as_a_matrix],
    "d": [mean_of_views, mean_in_one_batch, mean_by_numpy, mean_by_picture],
    "1": [
        loss_by_loops, loss_by_numpy, loss_by_soft_targets, loss_with(soft),
        lambda z, y, s: F.cross_entropy(z.double(), y, label_smoothing=s),
    ],
    "2": [warm_cosine, warm_cosine_squared, warm_cosine_by_pytorch],
    "3": [SlowWeights, SlowByData, SlowByNumpy],
    "4": [exact_step, exact_by_eigenvectors, exact_by_numpy, exact_by_many_steps],
    "5": [trained_with(muon), trained_with(fast_sgd, moved=False), trained_with(muon, cosine, moved=False, size=100)],
}  # fmt: skip
WRONG = {
    "a": [
        (lambda first, epoch: first, "in every epoch"),
        (lambda first, epoch: ~first, "only in the odd ones"),
        (lambda first, epoch: first ^ (epoch % 2 == 0), "in the wrong epochs"),
        (lambda first, epoch: torch.full_like(first, epoch % 2 == 1), "the same side for all"),
        (lambda first, epoch: first & (epoch % 2 == 1), "the same side for all"),
        (lambda first, epoch: first | (epoch % 2 == 1), "the same side for all"),
        (mirrored_in_place, "changes one of its arguments"),
        (mirrored_by_calls, "mirrored pictures is"),
        (lambda first, epoch: torch.rand(len(first)) < 0.5, "mirrored pictures"),
    ],
    "b": [
        (nesterov_with(decay=0), "no weight decay"),
        (nesterov_with(decay=-1), "wrong sign"),
        (nesterov_with(velocity=lambda w, d, g, v, m: m * v + (1 - m) * d), "a mean"),
        (nesterov_with(velocity=lambda w, d, g, v, m: v + m * d), "momentum on the gradient"),
        (nesterov_with(velocity=lambda w, d, g, v, m: v + d), "a sum without momentum"),
        (nesterov_with(velocity=lambda w, d, g, v, m: m * v - d), "the gradient subtracted"),
        (nesterov_with(velocity=lambda w, d, g, v, m: d + m * (m * v + d)), "Nesterov's step"),
        (nesterov_with(velocity=lambda w, d, g, v, m: v), "the old velocity"),
        (nesterov_with(step=lambda w, d, g, v, m: v), "without Nesterov"),
        (nesterov_with(step=lambda w, d, g, v, m: d), "without any velocity"),
        (nesterov_with(step=lambda w, d, g, v, m: m * v), "the gradient is missing"),
        (nesterov_with(step=lambda w, d, g, v, m: d + v), "the whole velocity"),
        (nesterov_with(step=lambda w, d, g, v, m: g + m * v), "no weight decay in the step"),
        (nesterov_with(step=lambda w, d, g, v, m: -d - m * v), "against it"),
        (lambda w, g, v, lr, m, wd: nesterov(w, g, v, lr, m, wd)[::-1], "weights first"),
        (lambda w, g, v, lr, m, wd: (w - (g + wd * w + m * (m * v + g + wd * w)), m * v + g + wd * w), "without lr"),
        (lambda w, g, v, lr, m, wd: (nesterov(w, g, v, lr, m, wd)[0], m * v + lr * (g + wd * w)), "lr in the velocity"),
        (lambda w, g, v, lr, m, wd: (w, m * v - lr * (g + wd * w)), "and a minus sign"),
        (lambda w, g, v, lr, m, wd: nesterov(w, g, v, lr, m, lr * wd), "weight decay times lr"),
        (lambda w, g, v, lr, m, wd: (w * (1 - lr * wd) - lr * (g + m * (m * v + g)), m * v + g), "no weight decay"),
        (lambda w, g, v, lr, m, wd: nesterov(w, g, v, lr, m, wd)[0], "expected a pair"),
        (nesterov_in_place, "changes one of its arguments"),
    ],
    "c": [
        (lambda x, steps: p(x), "a single step"),
        (lambda x, steps: steps * p(x), "times their number"),
        (lambda x, steps: lifted(x, steps + 1), "one step too many"),
        (lambda x, steps: lifted(x, max(steps - 1, 0)), "x itself"),
        (lambda x, steps: 3.4445**steps * x, "the first part alone"),
        (lambda x, steps: x, "x itself"),
        (lambda x, steps: min(1.0, lifted(x, steps)), "the singular value is"),
    ],
    "d": [
        (views_with(lambda logits, w: (w * logits).sum(0)), "divide it by the sum"),
        (views_with(lambda logits, w: logits.mean(0)), "the weights are missing"),
        (views_with(lambda logits, w: (w * logits).mean(0)), "a division by the number of views"),
        (views_with(lambda logits, w: (w.flip(0) * logits).sum(0) / w.sum()), "the reverse order"),
        (views_with(lambda logits, w: (w * logits.softmax(-1)).sum(0) / w.sum()), "the mean of the probabilities"),
        (views_with(lambda logits, w: ((w * logits).sum(0) / w.sum()).softmax(-1)), "without a softmax"),
        (views_with(lambda logits, w: ((w * logits).sum(0) / w.sum()).argmax(-1)), "before argmax"),
        (views_with(lambda logits, w: logits.amax(0)), "the greatest logit"),
        (views_with(lambda logits, w: logits[-1]), "the last view alone"),
        (views_with(lambda logits, w: logits), "the logits of all views"),
        (lambda model, images, views, weights: model(images), "alone"),
        (the_mean_picture, "the logits of the mean picture"),
        (views_of_views, "views of views"),
        (mean_of_views.__wrapped__, "use torch.no_grad()"),
        (views_changed_in_place, "changes one of its arguments"),
    ],
    "1": [
        (lambda z, y, s: F.cross_entropy(z, y), "without smoothing"),
        (loss_with(lambda hard, s, k: (1 - s) * hard + s / (k - 1) * (1 - hard)), "the right one too"),
        (loss_with(lambda hard, s, k: torch.where(hard == 1, 1 - s, s / k)), "a sum below 1"),
        (loss_with(lambda hard, s, k: hard + s / k), "a sum above 1"),
        (loss_with(lambda hard, s, k: (1 - s) * hard + s), "divide it by their number"),
        (loss_with(lambda hard, s, k: soft(hard, 1 - s, k)), "exchanged"),
        (loss_with(lambda hard, s, k: (1 - s) * hard), "the part of all classes is missing"),
        (loss_with(lambda hard, s, k: soft(hard, s, 10)), "ten classes"),
        (loss_with(soft, logs=lambda z: z.softmax(1).log()), "F.log_softmax"),
        (loss_with(soft, logs=lambda z: (z.exp() / z.exp().sum(1, keepdim=True)).log()), "F.log_softmax"),
        (loss_with(soft, logs=lambda z: z.softmax(1)), "their logarithm is missing"),
        (loss_with(soft, logs=lambda z: z), "logits in the place"),
        (loss_with(soft, logs=lambda z: z.log_softmax(0)), "dim=0"),
        (loss_with(soft, logs=lambda z: z.softmax(1).log_softmax(1)), "softmax twice"),
        (loss_with(soft, total=lambda x: x.mean()), "a mean over all classes"),
        (loss_with(soft, total=lambda x: x.sum()), "a sum over the pictures"),
        (loss_with(soft, total=lambda x: x.sum(1)), "one loss for each picture"),
        (loss_with(soft, total=lambda x: -x.sum(1).mean()), "minus sign"),
        (lambda z, y, s: F.kl_div(z.log_softmax(1), soft(F.one_hot(y, z.shape[1]), s, z.shape[1]),
                                  reduction="batchmean"), "KL divergence"),
        (loss_remembering, "the loss is"),
    ],
    "2": [
        (cosine_with(down=lambda part, end: 1 - (1 - end) * part), "a fall in a line"),
        (cosine_with(up=lambda i, n, rise, a, b: i / rise), "a rise from 0: "),
        (cosine_with(down=lambda part, end: half(part)), "a fall to 0"),
        (cosine_with(up=lambda i, n, rise, a, b: a + i / rise), "by 1 from start"),
        (lambda i, n, rise, a, b: a + (1 - a) * i / rise if i < rise else half(i / n, b), "began at step 0"),
        (lambda i, n, rise, a, b: a + (1 - a) * i / rise if i < rise else half((i - rise) / n, b), "over all steps"),
        (cosine_with(down=lambda part, end: half(2 * part, end)), "a whole cosine"),
        (cosine_with(down=lambda part, end: half(part / np.pi, end)), "np.pi is missing"),
        (cosine_with(down=lambda part, end: end + (1 - end) * np.cos(np.pi * part / 2)), "a quarter"),
        (cosine_with(down=lambda part, end: end + (1 - end) * np.cos(np.pi * part)), "from 1 to -1"),
        (lambda i, n, rise, a, b: warm_cosine(i, n, rise, b, a), "exchanged"),
        (cosine_with(up=lambda i, n, rise, a, b: 1.0), "no rise"),
        (cosine_with(down=lambda part, end: 1.0), "no fall"),
        (lambda i, n, rise, a, b: half((i - rise) / (n - rise), b), "the fall alone"),
        (lambda i, n, rise, a, b: a + (1 - a) * i / rise if i <= rise else half((i - rise) / (n - rise), b),
         "ZeroDivisionError"),
    ],
    "3": [
        (NoCopies, "clones"),
        (NeverBack, "copy the slow weights"),
        (EachStep, "after the first step"),
        (FromZero, "after the first step"),
        (Backwards, "exchanged"),
        (BackToTheStart, "have to move"),
        (Shared, "first parameter"),
        (WithGradients, "torch.no_grad"),
        (OnlyTheFirst, "parameter 1"),
        (Exhausted, "copy the slow weights"),
        (NewTensors, "other tensors"),
        (lambda parameters, every, part: SlowWeights(parameters, every, part), "expected the class itself"),
        (nn.Module, "your class stops with"),
    ],
    "4": [
        (lambda w, g, lr: 2 * w * len(w) ** 0.5 / w.norm() - exact_step(w, g, lr), "against it"),
        (lambda w, g, lr: exact_step(w, g, 1), "without lr"),
        (exact_with(long=lambda w: w), "its old length"),
        (exact_with(long=lambda w: w / w.norm()), "a weight of length 1"),
        (exact_with(lambda u, s, vh, g: g), "the gradient itself"),
        (exact_with(lambda u, s, vh, g: g / g.norm()), "divided by its length"),
        (exact_with(lambda u, s, vh, g: g / s[0]), "its greatest singular value"),
        (exact_with(lambda u, s, vh, g: g.sign()), "the sign of each number"),
        (exact_with(lambda u, s, vh, g: airbench.orthogonalize(g)), "the array of new weights is"),
        (a_row_for_each_input, "a row for each INPUT"),
        (exact_in_place, "changes one of its arguments"),
        (lambda w, g, lr: w * len(w) ** 0.5 / w.norm(), "without a step"),
        (lambda w, g, lr: (lambda u, s, vh: u @ vh)(*torch.linalg.svd(g.flatten(1))), "stops with"),
    ],
    "5": [
        (trained_with(lambda model: torch.optim.Adam(learned(model), lr=0.001), constant), "not enough"),
        (trained_with(lambda model: torch.optim.SGD(learned(model), lr=0.1), constant), "better than guessing"),
        (trained_with(muon, steps=20), "only 20 of 60"),
        (trained_with(muon, steps=61), "more than 60 batches"),
        (trained_with(muon, size=256), "256 pictures"),
        (lambda model, images, labels: model, "no weight has changed"),
        (trained_with(lambda model: torch.optim.SGD(learned(model), lr=1e6), constant), "expected"),
        (another_network, "the network that was handed in"),
        (the_first_network, "the network that was handed in"),
        (lambda model, images, labels: model(images[:3]), "the network that was handed in"),
    ],
}  # fmt: skip
