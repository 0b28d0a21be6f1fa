"""Answers to the tasks and exercises of lesson 13."""

import copy
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.beyond import airbench
from course_utils.data import flip, pad_and_crop
from course_utils.models import CifarNet

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


def counting():
    """A function that goes by the number of its calls in place of the epoch."""
    seen = []

    def function(first, epoch):
        seen.append(epoch)
        return first ^ (len(seen) % 2 == 0)

    return function


def mirrored_by_length():
    """A function that keeps its first answer for each number of pictures and each epoch."""
    known = {}
    return lambda first, epoch: known.setdefault((len(first), epoch), first ^ (epoch % 2 == 1))


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


def nesterov_by_pytorch(w, g, v, lr, m, d):
    p = nn.Parameter(w.clone())
    p.grad = g
    optimizer = torch.optim.SGD([p], lr=lr, momentum=m, weight_decay=d, nesterov=True)
    optimizer.state[p]["momentum_buffer"] = v.clone()
    optimizer.step()
    return p, optimizer.state[p]["momentum_buffer"]


def nesterov_from_the_first_step(w, g, v, lr, m, d):
    p = nn.Parameter(w.clone())
    p.grad = g
    optimizer = torch.optim.SGD([p], lr=lr, momentum=m, weight_decay=d, nesterov=True)
    optimizer.step()
    return p, optimizer.state[p]["momentum_buffer"]


def nesterov_on_and_on():
    """A function that goes on with its own velocity, not with that which it gets."""
    own = {}

    def function(w, g, v, lr, m, d):
        new, own[w.shape] = nesterov(w, g, own.get(w.shape, v), lr, m, d)
        return new, own[w.shape]

    return function


def nesterov_of_lists():
    """A function that keeps its answers by shape, rate and momentum."""
    known = {}
    return lambda w, g, v, lr, m, d: known.setdefault((w.shape, lr, m), nesterov(w, g, v, lr, m, d))


def nesterov_that_keeps_the_velocity(w, g, v, lr, m, d):
    new = nesterov(w, g, v, lr, m, d)
    v.copy_(new[1])
    return new


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


def lifted_by_horner(x, steps):
    for _ in range(steps):
        square = x * x
        x = x * (3.4445 + square * (2.0315 * square - 4.7750))
    return np.array(x)


def lifted_on_and_on():
    """A function that makes its steps from where its last call with this x ended."""
    seen = {}

    def function(x, steps):
        seen[x] = lifted(seen.get(x, x), steps)
        return seen[x]

    return function


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


def views_without(leave):
    """The right answer, and something is left behind."""

    def function(model, images, views, weights):
        result = mean_of_views(model, images, views, weights)
        leave(model)
        return result

    return function


def freeze(model):
    for p in model.parameters():
        p.requires_grad_(False)


def weights_made_shares(model, images, views, weights):
    total = sum(weights)
    for i in range(len(weights)):
        weights[i] /= total
    with torch.no_grad():
        return sum(w * model(view(images)) for w, view in zip(weights, views, strict=True))


def views_used_up(model, images, views, weights):
    total, whole = 0, sum(weights)
    with torch.no_grad():
        for weight in weights:
            total = total + weight * model(views.pop(0)(images))
    return total / whole


def with_the_first_model():
    models = []

    def function(model, images, views, weights):
        models.append(model)
        return mean_of_views(models[0] if len(images) == 4 else model, images, views, weights)

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


def loss_in_two_parts(logits, targets, smoothing):
    logs = logits - logits.logsumexp(1, keepdim=True)
    return (1 - smoothing) * F.nll_loss(logs, targets) - smoothing * logs.mean()


def loss_remembering(logits, targets, smoothing, memory=[]):  # noqa: B006
    memory.append(smoothing)
    return loss_in_two_parts(logits, targets, memory[0])


def loss_by_shape():
    """A function that makes the wanted probabilities once for each shape."""
    known = {}

    def function(logits, targets, smoothing):
        key = logits.shape, smoothing
        wanted = known.setdefault(key, soft(F.one_hot(targets, logits.shape[1]), smoothing, logits.shape[1]))
        return -(wanted * logits.log_softmax(1)).sum(1).mean()

    return function


def loss_in_place(logits, targets, smoothing):
    logits -= logits.amax(1, keepdim=True)
    return loss_in_two_parts(logits, targets, smoothing)


def loss_by_numpy_with(shift):
    """With another shift in place of the greatest logit of each row."""

    def function(logits, targets, smoothing):
        z = logits.numpy().astype(np.float64)
        z = z - shift(z)
        logs = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        return -((1 - smoothing) * logs[np.arange(len(z)), targets.numpy()] + smoothing * logs.mean(axis=1)).mean()

    return function


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


def cosine_of_calls():
    """A schedule that counts its calls, as one of PyTorch does."""
    seen = []

    def function(step, steps, rise, start, end):
        seen.append(step)
        if len(seen) > steps + 1:
            seen[:] = [step]
        return warm_cosine(len(seen) - 1, steps, rise, start, end)

    return function


def cosine_with_the_first_end():
    ends = {}
    return lambda i, n, rise, a, b: warm_cosine(i, n, rise, a, ends.setdefault("end", b))


def warm_cosine_by_parts(step, steps, rise, start, end):
    ups = np.linspace(start, 1, rise + 1)[:-1]
    downs = end + (1 - end) * np.cos(np.linspace(0, np.pi / 2, steps - rise + 1)) ** 2
    return np.concatenate([ups, downs])[step]


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


class NumbersOfTheClass(SlowWeights):
    def __init__(self, parameters, every, part):
        super().__init__(parameters, every, part)
        del self.every, self.part
        NumbersOfTheClass.every, NumbersOfTheClass.part = every, part


class CountOfTheClass(SlowWeights):
    count = 0

    def after_step(self):
        self.steps = CountOfTheClass.count
        CountOfTheClass.count += 1
        super().after_step()


class KeepsTheWeightItself(SlowWeights):
    def after_step(self):
        self.steps += 1
        if self.steps % self.every == 0:
            with torch.no_grad():
                for k, fast in enumerate(self.fast):
                    fast.copy_(torch.lerp(self.slow[k], fast, self.part))
                    self.slow[k] = fast


class CountsByTwo(SlowWeights):
    def after_step(self):
        self.steps += 1
        super().after_step()


class OnlyOnce(SlowWeights):
    def after_step(self):
        if self.steps < self.every:
            super().after_step()


class GradientsOff(SlowWeights):
    def after_step(self):
        torch.set_grad_enabled(False)
        super().after_step()


class ReturnsTheWeights(SlowWeights):
    def after_step(self):
        super().after_step()
        return self.slow


class OfTheModel(SlowWeights):
    def __init__(self, model):
        super().__init__(model.parameters(), 5, 0.5)


class NoMethod:
    def __init__(self, parameters, every, part):
        self.parameters = list(parameters)


class SlowInOneVector:
    def __init__(self, parameters, every, part):
        self.parameters = tuple(parameters)
        with torch.no_grad():
            self.slow = nn.utils.parameters_to_vector(self.parameters)
        self.every, self.part, self.step = every, part, 0

    @torch.no_grad()
    def after_step(self):
        self.step += 1
        if not self.step % self.every:
            self.slow.mul_(1 - self.part).add_(nn.utils.parameters_to_vector(self.parameters), alpha=self.part)
            nn.utils.vector_to_parameters(self.slow.clone(), self.parameters)


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


def exact_in_the_gradient(weight, gradient, lr):
    u, _, vh = torch.linalg.svd(gradient.flatten(1), full_matrices=False)
    gradient.copy_((u @ vh).view_as(gradient))
    return weight * len(weight) ** 0.5 / weight.norm() - lr * gradient


def exact_in_the_memory_of_the_weight(weight, gradient, lr):
    kept = weight.clone()
    new = exact_step(weight, gradient, lr)
    weight.copy_(new)
    return weight if kept is None else weight.view_as(kept)


def exact_by_shape():
    """A function that takes the gradient apart once for each shape."""
    known = {}

    def function(weight, gradient, lr):
        u, _, vh = known.setdefault(weight.shape, torch.linalg.svd(gradient.flatten(1), full_matrices=False))
        return weight * len(weight) ** 0.5 / weight.norm() - lr * (u @ vh).view_as(weight)

    return function


def each_kernel_by_itself(weight, gradient, lr):
    u, _, vh = torch.linalg.svd(gradient, full_matrices=False)
    return weight * len(weight) ** 0.5 / weight.norm() - lr * u @ vh


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
    return trained_with(muon)(CifarNet((8, 32, 32)), images, labels)


def through_a_copy(model, images, labels):
    """The copy sees many batches."""
    twin = trained_with(muon, steps=90)(copy.deepcopy(model), images, labels)
    model.load_state_dict(twin.state_dict())
    return model


def numbers_of_the_first():
    """A function that trains once, and copies these numbers from then on."""
    known = []

    def train(model, images, labels):
        if not known:
            known.append(copy.deepcopy(trained_with(muon)(model, images, labels).state_dict()))
        model.load_state_dict(known[0])
        return model

    return train


def the_same_pictures(model, images, labels):
    return trained_with(muon)(model, images[:128], labels[:128])


def with_a_wide_last_layer(model, images, labels):
    model.fc = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 10))
    return trained_with(fast_sgd)(model, images, labels)


def two_views_of_one_mean(model, images, labels):
    """It shuffles the pictures themselves, measures on the way, smooths, and keeps a mean of the last weights."""
    order = torch.randperm(len(images))
    images[:], labels[:] = images[order], labels[order]
    optimizer = muon(model)
    plan, mean = airbench.triangular_schedule(optimizer, 60), torch.optim.swa_utils.AveragedModel(model)
    for step in range(60):
        chosen = torch.arange(128 * step, 128 * (step + 1)) % len(images)
        optimizer.zero_grad()
        F.cross_entropy(model(flip(images[chosen])), labels[chosen], label_smoothing=0.2).backward()
        optimizer.step()
        plan.step()
        if step >= 56:
            mean.update_parameters(model)
    with torch.no_grad():
        for p, q in zip(model.parameters(), mean.parameters(), strict=True):
            p.copy_(q)
        assert model.eval()(images[:500]).isfinite().all()
    return model


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
        w - lr * ((1 + m) * (g + d * w) + m * m * v), m * v + g + d * w), nesterov_by_pytorch],
    "c": [lifted, lifted_by_itself, lifted_as_a_matrix, lifted_by_horner],
    "d": [mean_of_views, mean_in_one_batch, mean_by_numpy, mean_by_picture],
    "1": [
        loss_by_loops, loss_by_numpy, loss_by_soft_targets, loss_with(soft),
        loss_in_two_parts,
    ],
    "2": [warm_cosine, warm_cosine_squared, warm_cosine_by_pytorch, warm_cosine_by_parts],
    "3": [SlowWeights, SlowByData, SlowByNumpy, SlowInOneVector],
    "4": [exact_step, exact_by_eigenvectors, exact_by_numpy, exact_by_many_steps],
    "5": [trained_with(muon), trained_with(fast_sgd, moved=False), trained_with(muon, cosine, moved=False, size=100),
          two_views_of_one_mean],
}  # fmt: skip
FEW = {"5": "each call trains a network"}
KINDS = {
    "a": "value once memory",
    "b": "value once memory",
    "c": "value once",
    "d": "value once memory state",
    "1": "value once memory type",
    "2": "value once",
    "3": "value once memory state type",
    "4": "value once memory",
    "5": "value once structure type",
}
WRONG = {
    "a": [
        (lambda first, epoch: first, "in every epoch"),
        (lambda first, epoch: ~first, "only in the odd ones"),
        (lambda first, epoch: first ^ (epoch % 2 == 0), "in the wrong epochs"),
        (lambda first, epoch: torch.full_like(first, epoch % 2 == 1), "the same side for all"),
        (lambda first, epoch: first & (epoch % 2 == 1), "the same side for all"),
        (lambda first, epoch: first | (epoch % 2 == 1), "the same side for all"),
        (mirrored_in_place, "changes its argument first", "memory"),
        (counting(), "mirrored pictures is", "once"),
        (mirrored_by_length(), "mirrored pictures is", "once"),
        (lambda first, epoch: first ^ (epoch == 1), "mirrored pictures is", "value"),
        (lambda first, epoch: first ^ (0 < epoch < 1_000 and epoch % 2 == 1), "mirrored pictures is", "value"),
        (lambda first, epoch: (first ^ (epoch % 2 == 1))[:7], "shape", "value"),
        (lambda first, epoch: (first ^ (epoch % 2 == 1)).sum(), "shape"),
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
        (nesterov_in_place, "changes its argument w", "memory"),
        (nesterov_that_keeps_the_velocity, "changes its argument v", "memory"),
        (nesterov_on_and_on(), "the velocity is", "once"),
        (nesterov_of_lists(), "the velocity is", "once"),
        (nesterov_from_the_first_step, "as in the first step"),
        (lambda w, g, v, lr, m, wd: nesterov(w, g, v, 0.5, m, wd), "new weights is", "value"),
        (lambda w, g, v, lr, m, wd: nesterov(w, g, v, lr, 0.9, wd), "the velocity is", "value"),
        (lambda w, g, v, lr, m, wd: nesterov(w, g, v, lr, m, 0.1), "the velocity is", "value"),
        (lambda w, g, v, lr, m, wd: torch.stack(nesterov(w, g, v, lr, m, wd)), "expected a pair"),
    ],
    "c": [
        (lambda x, steps: p(x), "a single step"),
        (lambda x, steps: steps * p(x), "times their number"),
        (lambda x, steps: lifted(x, steps + 1), "one step too many"),
        (lambda x, steps: lifted(x, max(steps - 1, 0)), "x itself"),
        (lambda x, steps: 3.4445**steps * x, "the first part alone"),
        (lambda x, steps: x, "x itself"),
        (lambda x, steps: min(1.0, lifted(x, steps)), "the singular value is"),
        (lambda x, steps: lifted(x, 3), "the singular value is", "value"),
        (lambda x, steps: lifted(x, min(steps, 5)), "the singular value is", "value"),
        (lambda x, steps: lifted(x, steps or 1), "a single step", "value"),
        (lifted_on_and_on(), "the singular value is", "once"),
        (lambda x, steps: torch.full((1, 1), lifted(x, steps)), "shape"),
        (lambda x, steps: round(lifted(x, steps), 3), "the singular value is"),
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
        (views_changed_in_place, "changes its argument images", "memory"),
        (weights_made_shares, "changes its argument weights", "memory"),
        (views_used_up, "changes its argument views", "memory"),
        (with_the_first_model(), "the array of logits", "once"),
        (views_without(lambda model: model.train()), "changes its argument model", "state"),
        (views_without(freeze), "changes its argument model", "state"),
        (views_without(lambda model: torch.set_grad_enabled(False)), "gradients stay switched off", "state"),
        (lambda model, images, views, weights: airbench.test_time_augmentation(model, images), "logits is", "value"),
        (lambda model, images, views, weights: mean_of_views(model, images, views[:2], weights[:2]), "logits", "value"),
        (views_with(lambda logits, w: (w * logits).sum(0) / 4), "logits is", "value"),
        (views_with(lambda logits, w: ((w * logits).sum(0) / w.sum())[:, :10]), "shape", "value"),
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
        (loss_remembering, "the loss is", "once"),
        (loss_by_shape(), "the loss is", "once"),
        (loss_in_place, "changes its argument logits", "memory"),
        (lambda z, y, s: F.cross_entropy(z, y, label_smoothing=s), "without it", "type"),
        (lambda z, y, s: nn.CrossEntropyLoss(label_smoothing=s)(z, y), "without it", "type"),
        (lambda z, y, s: F.cross_entropy(z, y, None, None, -100, None, "mean", s), "without it", "type"),
        (loss_by_numpy_with(lambda z: 0), "F.log_softmax", "value"),
        (loss_by_numpy_with(lambda z: z.max()), "F.log_softmax", "value"),
        (loss_by_numpy_with(lambda z: z.mean(axis=1, keepdims=True)), "F.log_softmax", "value"),
        (lambda z, y, s: loss_in_two_parts(z, y, 0.2), "the loss is", "value"),
        (lambda z, y, s: loss_in_two_parts(z.clamp(-50, 50), y, s), "the loss is", "value"),
        (loss_with(soft, logs=lambda z: (z.softmax(1) + 1e-12).log()), "the loss is", "value"),
        (loss_with(soft, total=lambda x: x.sum() / 6), "the loss is", "value"),
        (loss_with(soft, total=lambda x: x.sum(1).mean()[None]), "shape"),
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
         "with rise=0 there is no rise", "value"),
        (cosine_of_calls(), "factors", "once"),
        (cosine_with_the_first_end(), "factors", "once"),
        (lambda i, n, rise, a, b: warm_cosine(i, n, rise, 0.2, b), "factors", "value"),
        (lambda i, n, rise, a, b: warm_cosine(i, 40, rise, a, b), "factors", "value"),
        (lambda i, n, rise, a, b: warm_cosine(i, n, min(rise, 10), a, b), "factors", "value"),
        (lambda i, n, rise, a, b: max(warm_cosine(i, n, rise, a, b), 0.01), "factors", "value"),
        (lambda i, n, rise, a, b: b if i == n - 1 else warm_cosine(i, n, rise, a, b), "factors"),
        (lambda i, n, rise, a, b: [warm_cosine(i, n, rise, a, b)], "expected one number"),
    ],
    "3": [
        (NoCopies, "clones", "memory"),
        (KeepsTheWeightItself, "parameter 0", "memory"),
        (NumbersOfTheClass, "keep them in self", "once"),
        (CountOfTheClass, "parameter 0", "once"),
        (OnlyOnce, "parameter 0", "once"),
        (CountsByTwo, "parameter 0", "value"),
        (GradientsOff, "gradients stay switched off", "state"),
        (ReturnsTheWeights, "expected nothing"),
        (NoMethod, "no method after_step"),
        (SlowWeights([], 1, 1), "without brackets", "type"),
        (NeverBack, "copy the slow weights"),
        (EachStep, "after the first step"),
        (FromZero, "after the first step"),
        (Backwards, "exchanged"),
        (BackToTheStart, "have to move"),
        (Shared, "parameter 0", "once"),
        (WithGradients, "torch.no_grad"),
        (OnlyTheFirst, "parameter 1", "value"),
        (Exhausted, "copy the slow weights"),
        (NewTensors, "lost requires_grad", "state"),
        (lambda parameters, every, part: SlowWeights(parameters, every, part), "expected the class itself", "type"),
        (OfTheModel, "TypeError"),
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
        (exact_in_place, "changes its argument weight", "memory"),
        (exact_in_the_memory_of_the_weight, "changes its argument weight", "memory"),
        (exact_in_the_gradient, "changes its argument gradient", "memory"),
        (exact_by_shape(), "new weights is", "once"),
        (each_kernel_by_itself, "each kernel taken apart"),
        (exact_with(long=lambda w: w * w.shape[1] ** 0.5 / w.norm()), "number of inputs"),
        (exact_with(long=lambda w: 2 * w / w.norm()), "new weights is", "value"),
        (lambda w, g, lr: exact_step(w, g, 0.24), "new weights is", "value"),
        (lambda w, g, lr: exact_step(w, g, lr).flatten(1), "shape"),
        (exact_with(lambda u, s, vh, g: (u / s) @ vh), "new weights is"),
        (lambda w, g, lr: w * len(w) ** 0.5 / w.norm(), "without a step"),
        (lambda w, g, lr: (lambda u, s, vh: u @ vh)(*torch.linalg.svd(g.flatten(1))), "full_matrices=False"),
    ],
    "5": [
        (trained_with(lambda model: torch.optim.Adam(learned(model), lr=0.001), constant), "not enough"),
        (trained_with(lambda model: torch.optim.SGD(learned(model), lr=0.1), constant), "better than guessing"),
        (trained_with(muon, steps=20), "only 20 of 60"),
        (trained_with(muon, steps=61), "more than 60 batches"),
        (trained_with(muon, size=256), "256 pictures"),
        (through_a_copy, "more than 60 batches", "structure"),
        (with_a_wide_last_layer, "other layers now", "structure"),
        (numbers_of_the_first(), "what the first has learned", "once"),
        (the_same_pictures, "not enough", "value"),
        (lambda model, images, labels: model, "no weight has changed"),
        (trained_with(lambda model: torch.optim.SGD(learned(model), lr=1e6), constant), "expected"),
        (another_network, "the network that was handed in", "type"),
        (the_first_network, "the network that was handed in", "once"),
        (lambda model, images, labels: model(images[:3]), "the network that was handed in"),
    ],
}  # fmt: skip
