"""Answers to the exercises of lesson 13."""

import numpy as np
import torch
import torch.nn.functional as F

from course_utils.beyond.airbench import triangular_schedule as scheduler_of
from course_utils.beyond.airbench import whitening_kernels

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


# ---- 2: the triangular_schedule ----


def factor(step, steps, start, peak, end):
    top = peak * steps
    return start + (1 - start) * step / top if step < top else 1 - (1 - end) * (step - top) / (steps - top)


def factor_by_interpolation(step, steps, start, peak, end):
    return np.interp(step, [0, peak * steps, steps], [start, 1, end])


def factor_of_the_scheduler(step, steps, start, peak, end):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    return scheduler_of(optimizer, steps, start, peak, end).lr_lambdas[0](step)


def factor_by_addition(step, steps, start, peak, end):
    found, top = start, round(peak * steps)
    for i in range(step):
        found += (1 - start) / top if i < top else (end - 1) / (steps - top)
    return torch.tensor(found, dtype=torch.float64)


def factor_with(up=None, down=None):
    """A triangular_schedule with another rise or another fall: functions of step, steps, start, top, end."""

    def function(step, steps, start, peak, end):
        line, top = up if step < peak * steps else down, peak * steps
        return line(step, steps, start, top, end) if line else factor(step, steps, start, peak, end)

    return function


# ---- 3: Nesterov ----


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


# ---- 4: whitening ----


def by_eigenvectors(rows, eps):
    values, vectors = torch.linalg.eigh(torch.cov(rows.T))
    return vectors / (values + eps).sqrt()


def by_kernels(rows, eps):
    return whitening_kernels(rows[:, :, None, None], size=1, eps=eps).flatten(1).T


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


# ---- 5: views ----


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


RIGHT = {
    "1": [
        loss_by_loops, loss_by_numpy, loss_by_soft_targets, loss_with(soft),
        lambda z, y, s: F.cross_entropy(z.double(), y, label_smoothing=s),
    ],
    "2": [factor, factor_by_interpolation, factor_of_the_scheduler, factor_by_addition],
    "3": [nesterov, nesterov_by_loop, nesterov_in_place],
    "4": [by_eigenvectors, by_kernels, symmetric, by_singular_values, by_cholesky],
    "5": [mean_of_views, mean_in_one_batch, mean_by_numpy, mean_by_picture],
}  # fmt: skip
WRONG = {
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
    ],
    "2": [
        (factor_with(up=lambda i, n, a, top, b: i / top), "a rise from 0: "),
        (lambda i, n, a, p, b: factor(i, n, 0, p, 0), "begins at start and ends at end"),
        (lambda i, n, a, p, b: factor(i, n, a, p, 0), "a fall to 0"),
        (factor_with(up=lambda i, n, a, top, b: a + i / top), "above 1"),
        (factor_with(up=lambda i, n, a, top, b: a + (1 - a) * i / n), "a rise over all steps"),
        (factor_with(up=lambda i, n, a, top, b: 1), "no rise"),
        (factor_with(down=lambda i, n, a, top, b: 1 - b * (i - top) / (n - top)), "a fall by end"),
        (factor_with(down=lambda i, n, a, top, b: 1 - (1 - b) * i / n), "from the peak on"),
        (factor_with(down=lambda i, n, a, top, b: 1 - (1 - b) * (i - top) / n), "a fall over all steps"),
        (factor_with(down=lambda i, n, a, top, b: 1 - (1 - b) * (i - top) / (n - 1 - top)), "one step too early"),
        (factor_with(down=lambda i, n, a, top, b: 1), "no fall"),
        (lambda i, n, a, p, b: factor(i, n, b, p, a), "start and end exchanged"),
        (lambda i, n, a, p, b: factor(i + 1, n, a, p, b), "counted from 1"),
        (lambda i, n, a, p, b: factor(i, n, a, p / n, b), "as a number of steps"),
        (lambda i, n, a, p, b: factor(i, n, a, 1 - p, b), "from the end of the training"),
        (lambda i, n, a, p, b: 1 - (1 - b) * (i - p * n) / (n - p * n), "the second line alone"),
        (lambda i, n, a, p, b: 0.5, "values differ"),
    ],
    "3": [
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
    ],
    "4": [
        (lambda rows, eps: by_eigenvectors(rows, eps).T, "its transpose is right"),
        (lambda rows, eps: by_eigenvectors(rows, 0), "eps is missing"),
        (whitening_with(lambda values, vectors, eps: vectors / (values.sqrt() + eps)), "added to the root"),
        (whitening_with(lambda values, vectors, eps: vectors), "the directions alone"),
        (whitening_with(lambda values, vectors, eps: vectors / (values + eps)), "take its square root"),
        (lambda rows, eps: np.linalg.inv(np.cov(rows.numpy().T) + eps * np.eye(5)), "take its square root"),
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
    ],
    "5": [
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
    ],
}  # fmt: skip
