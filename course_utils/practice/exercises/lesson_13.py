"""The exercises of lesson 13: a smoothed loss, a schedule, Nesterov's step, white rows, the mean of views."""

import math
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.beyond.airbench import test_time_augmentation
from course_utils.practice.judge import Wrong, array, call, same


def label_smoothing(loss) -> None:
    """loss(logits, targets, smoothing) -> F.cross_entropy(logits, targets, label_smoothing=smoothing)."""
    numbers = torch.Generator().manual_seed(10)
    for n, classes, smoothing, size in ((6, 10, 0.2, 2), (5, 4, 0.1, 2), (5, 4, 0.1, 300)):
        logits = size * torch.randn(n, classes, generator=numbers)
        targets = torch.randint(classes, (n,), generator=numbers)
        z, hard = logits.double(), F.one_hot(targets, classes).double()
        logs, soft = z.log_softmax(1), (1 - smoothing) * hard + smoothing / classes

        def mean(wanted: Tensor, logs: Tensor = logs) -> Tensor:
            """The mean cross-entropy for these wanted probabilities."""
            return -(wanted * logs).sum(1).mean()

        expected = mean(soft)
        others = (1 - hard) / (classes - 1)
        large = size > 100
        same(
            call(loss, logits.clone(), targets.clone(), smoothing),
            expected,
            what="the loss",
            example=f"{n} pictures, {classes} classes, smoothing {smoothing}{', logits of hundreds' if large else ''}",
            atol=1e-2 if large else 1e-4,
            mistakes={
                "the exponential or the logarithm of numbers out of range: use F.log_softmax": math.inf,
                "numbers out of range, such as inf / inf or 0 * log(0): use F.log_softmax": math.nan,
                "the loss without smoothing": mean(hard),
                "smoothing for the other classes alone: all classes share it, the right one too": (
                    mean((1 - smoothing) * hard + smoothing * others)
                ),
                "wanted probabilities with a sum below 1: the right class gets smoothing / classes, too": (
                    mean((1 - smoothing) * hard + smoothing / classes * (1 - hard))
                ),
                "wanted probabilities with a sum above 1: the right class keeps 1 - smoothing": (
                    mean(hard + smoothing / classes)
                ),
                "the whole of smoothing for each class: divide it by their number": (
                    mean((1 - smoothing) * hard + smoothing)
                ),
                "the smoothed part alone, without the right class": mean(soft - (1 - smoothing) * hard),
                "the right class alone, times 1 - smoothing: the part of all classes is missing": (
                    mean((1 - smoothing) * hard)
                ),
                "smoothing and 1 - smoothing exchanged": mean(smoothing * hard + (1 - smoothing) / classes),
                "ten classes: take their number from logits.shape": mean((1 - smoothing) * hard + smoothing / 10),
                "a KL divergence: the entropy of the wanted probabilities is subtracted": (
                    expected + (soft * soft.log()).sum(1).mean()
                ),
                "softmax twice: log_softmax takes the logits": mean(soft, z.softmax(1).log_softmax(1)),
                "a softmax over the pictures (dim=0): each row is one picture": mean(soft, z.log_softmax(0)),
                "logits in the place of log_softmax": mean(soft, z),
                "probabilities: their logarithm is missing": mean(soft, z.softmax(1)),
                "a missing minus sign": -expected,
                "a sum over the pictures: divide by their number": n * expected,
                "a mean over all classes: sum them, and divide by the number of pictures alone": expected / classes,
                "one loss for each picture: their mean is expected": -(soft * logs).sum(1),
            },
        )


def triangle_of_rates(factor) -> None:
    """factor(step, steps, start, peak, end) -> the learning rate of a step, as a part of the highest."""
    for steps, start, peak, end in ((40, 0.2, 0.25, 0.1), (50, 0.3, 0.6, 0.0)):
        step, top = np.arange(steps + 1.0), peak * steps
        rise, fall = step / top, (step - top) / (steps - top)  # each goes from 0 to 1

        def lines(up: np.ndarray, down: np.ndarray, step: np.ndarray = step, top: float = top) -> np.ndarray:
            return np.where(step < top, up, down)

        up, down = start + (1 - start) * rise, 1 - (1 - end) * fall
        other = (1 - peak) * steps
        same(
            [array(call(factor, i, steps, start, peak, end), f"the factor of step {i}") for i in range(steps + 1)],
            lines(up, down),
            what="the list of the factors of all steps",
            example=f"steps={steps}, start={start}, peak={peak}, end={end}",
            atol=1e-6,
            mistakes={
                "a rise from 0, and a fall to 0: the factor begins at start and ends at end": lines(rise, 1 - fall),
                "a rise from 0: it begins at start": lines(rise, down),
                "a fall to 0: it ends at end": lines(up, 1 - fall),
                "a rise by 1 from start on, above 1: it rises by 1 - start": lines(start + rise, down),
                "a fall by end: it falls by 1 - end, from 1 to end": lines(up, 1 - end * fall),
                "a rise over all steps: it is at 1 after peak * steps": lines(start + (1 - start) * step / steps, down),
                "a fall over all steps: it has steps - peak * steps of them": (
                    lines(up, 1 - (1 - end) * (step - top) / steps)
                ),
                "a fall that began at step 0: count its steps from the peak on": (
                    lines(up, 1 - (1 - end) * step / steps)
                ),
                "a fall that ends one step too early: step goes up to steps": (
                    lines(up, 1 - (1 - end) * (step - top) / (steps - 1 - top))
                ),
                "start and end exchanged": lines(end + (1 - end) * rise, 1 - (1 - start) * fall),
                "steps counted from 1: at step 0 the factor is start": np.where(
                    step + 1 < top,
                    start + (1 - start) * (step + 1) / top,
                    1 - (1 - end) * (step + 1 - top) / (steps - top),
                ),
                "peak as a number of steps: it is a part of them, peak * steps": np.where(
                    step < peak, start + (1 - start) * step / peak, 1 - (1 - end) * (step - peak) / (steps - peak)
                ),
                "peak counted from the end of the training": np.where(
                    step < other, start + (1 - start) * step / other, 1 - (1 - end) * (step - other) / (steps - other)
                ),
                "no rise": lines(np.ones_like(step), down),
                "no fall": lines(up, np.ones_like(step)),
                "the second line alone, also before the peak": down,
                "the first line alone, also after the peak": up,
                "curves of a cosine: a triangular_schedule has straight lines": lines(
                    start + (1 - start) * (1 - np.cos(np.pi * rise)) / 2, 1 - (1 - end) * (1 - np.cos(np.pi * fall)) / 2
                ),
            },
        )


def step_of_nesterov(step) -> None:
    """step(weights, gradient, velocity, lr, momentum, weight_decay) -> the new weights and the new velocity."""
    numbers = torch.Generator().manual_seed(11)
    for shape, lr, momentum, decay in (((3, 4), 0.5, 0.9, 0.1), ((5,), 0.1, 0.6, 0.3)):
        w, g, v = (torch.randn(shape, generator=numbers) for _ in range(3))
        parameter = nn.Parameter(w.clone())
        parameter.grad = g.clone()
        optimizer = torch.optim.SGD([parameter], lr=lr, momentum=momentum, weight_decay=decay, nesterov=True)
        optimizer.state[parameter]["momentum_buffer"] = v.clone()
        optimizer.step()
        weights, velocity = parameter.detach(), optimizer.state[parameter]["momentum_buffer"]
        result = call(step, w.clone(), g.clone(), v.clone(), lr, momentum, decay)
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            raise Wrong(f"the result is a {type(result).__name__}, expected a pair: (weights, velocity)")
        example = f"lr={lr}, momentum={momentum}, weight_decay={decay}"
        d = g + decay * w  # the gradient with weight decay
        same(
            result[1],
            velocity,
            what="the velocity",
            example=example,
            mistakes={
                "the weights: return the weights first, then the velocity": weights,
                "the old velocity": v,
                "no weight decay: it is a part of the gradient": momentum * v + g,
                "weight decay with the wrong sign: weight_decay * weights is added to the gradient": (
                    momentum * v + g - decay * w
                ),
                "weight decay times lr: lr comes later, when the weights move": momentum * v + g + lr * decay * w,
                "weight decay of the new weights: the gradient belongs to the old ones": momentum * v
                + g
                + decay * weights,
                "a mean, with the factor 1 - momentum (Adam's): SGD adds the whole gradient": (
                    momentum * v + (1 - momentum) * d
                ),
                "momentum on the gradient: the old velocity is multiplied by it": v + momentum * d,
                "a sum without momentum": v + d,
                "the gradient subtracted: the velocity adds it up, and the weights go against it": momentum * v - d,
                "lr in the velocity: PyTorch takes lr when the weights move": momentum * v + lr * d,
                "lr in the velocity, and a minus sign: PyTorch takes both when the weights move": momentum * v - lr * d,
                "Nesterov's step: it moves the weights, and the velocity stays as it is": d + momentum * velocity,
            },
        )
        same(
            result[0],
            weights,
            what="the array of new weights",
            example=example,
            mistakes={
                "the old weights": w,
                "momentum without Nesterov: the step is the gradient plus momentum times the NEW velocity": w
                - lr * velocity,
                "the gradient alone, without any velocity": w - lr * d,
                "the velocity alone, times momentum: the gradient is missing": w - lr * momentum * velocity,
                "the whole velocity added to the gradient: take momentum times the velocity": w - lr * (d + velocity),
                "a step without lr": w - (d + momentum * velocity),
                "a step along the gradient: the weights go against it": w + lr * (d + momentum * velocity),
                "no weight decay in the step: it is in the velocity and in the gradient": w
                - lr * (g + momentum * velocity),
                "weight decay twice": weights - lr * decay * w,
                "the step itself: subtract it from the weights": lr * (d + momentum * velocity),
            },
        )


def white_rows(whitening) -> None:
    """whitening(rows, eps) -> matrix (D, D): the columns of rows @ matrix are uncorrelated, of variance 1.

    All right answers, from eigenvectors or from a Cholesky factor, turned or not, make covariance + eps white; each of
    the mistakes makes another matrix white, and so gets its name.
    """
    numbers = torch.Generator().manual_seed(12)
    n, size = 600, 5
    mixed = torch.linalg.qr(torch.randn(size, size, generator=numbers)).Q
    rows = torch.randn(n, size, generator=numbers) * torch.tensor([2.0, 1.0, 0.5, 0.3, 0.2]) @ mixed
    rows = rows + torch.tensor([1.0, -2.0, 0.5, 3.0, 0.0])
    covariance, products = np.cov(rows.numpy().T), rows.double().numpy().T @ rows.double().numpy() / n
    for eps in (0.0, 0.1):
        matrix = array(call(whitening, rows.clone(), eps), "the matrix").astype(float)
        if matrix.shape != (size, size):
            looks = {
                (n, size): "; these look like the rows themselves, and the matrix that makes them white is expected",
                (n, n): "; torch.cov takes one variable in each ROW: torch.cov(rows.T)",
                (size,): "; these look like one number for each direction, and the directions are expected, too",
            }.get(matrix.shape, "")
            raise Wrong(f"the matrix has the shape {matrix.shape}, expected {size, size}{looks}")
        if not np.isfinite(matrix).all():
            raise Wrong(f"the matrix holds nan or inf (for {n} rows of {size} numbers, eps={eps})")
        one = np.eye(size)
        whole = covariance + eps * one
        if _makes_white(matrix, whole):
            continue
        variances, directions = np.linalg.eigh(covariance)
        deviations = np.sqrt(variances)
        spread = np.sqrt(np.diag(covariance))
        whitened = {
            "eps is missing": covariance,
            "eps is added to the root, and not to the variance": directions * (deviations + eps) ** 2 @ directions.T,
            "the means of the columns are not subtracted from the rows": products + eps * one,
            "a sum takes the place of a mean: divide the products by the number of rows": n * covariance + eps * one,
            "these are the directions alone: divide each by the root of its variance": one,
            "the division is by the variance: take its square root": whole @ whole,
            "the directions are multiplied by the root of their variance: divide by it": np.linalg.inv(whole),
            "each number of a row is divided by its own standard deviation: they stay correlated": np.diag(spread**2)
            + eps * one,
            "this makes rows white that were standardised before": covariance / np.outer(spread, spread) + eps * one,
            "the division goes along the wrong axis: each COLUMN of the eigenvectors has its own variance": np.diag(
                variances + eps
            ),
        }
        looks = next((f": {name}" for name, other in whitened.items() if _makes_white(matrix, other)), "")
        if _makes_white(matrix.T, whole):
            looks = ": its transpose is right; for rows @ matrix, each COLUMN is a direction"
        out = matrix.T @ whole @ matrix
        least, most = np.diag(out).min(), np.diag(out).max()
        crossed = np.abs(out - np.diag(np.diag(out))).max()
        raise Wrong(
            f"with eps={eps} added to each variance, the columns of rows @ matrix have variances from {least:.3g} to "
            f"{most:.3g}, and covariances up to {crossed:.3g}, expected 1 and 0{looks}"
        )


def _makes_white(matrix: np.ndarray, covariance: np.ndarray) -> bool:
    """True if rows with this covariance, times the matrix, are white; division by n and by n - 1 are both right."""
    return np.allclose(matrix.T @ covariance @ matrix, np.eye(len(matrix)), atol=0.01)


def _six_views() -> list[Callable[[Tensor], Tensor]]:
    """The views of the lesson: the picture, moved up and left, moved down and right; and the mirror picture of each."""

    def moved(part: slice) -> Callable[[Tensor], Tensor]:
        return lambda images: F.pad(images, [1] * 4, mode="reflect")[:, :, part, part]

    def mirrored(view: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        return lambda images: view(images).flip(-1)

    views = [lambda images: images, moved(slice(-2)), moved(slice(2, None))]
    return views + [mirrored(view) for view in views]


@torch.no_grad()
def _logits_of_views(model: nn.Module, images: Tensor, views: list, weights: list) -> dict[str, Tensor]:
    """What a model says about views, with the mistakes by name; the right answer is under "right"."""
    each = torch.stack([model(view(images)) for view in views])  # (views, N, classes)
    parts = torch.tensor(weights, dtype=torch.float32).view(-1, 1, 1)
    pictures = torch.stack([view(images) for view in views])
    shares = parts / parts.sum()
    chained, views_of_views = images, []
    for view in views:
        chained = view(chained)
        views_of_views.append(model(chained))
    right = (shares * each).sum(0)
    return {
        "right": right,
        "the weighted sum: divide it by the sum of the weights": (parts * each).sum(0),
        "the plain mean: the weights are missing": each.mean(0),
        "a division by the number of views: divide by the sum of the weights": (parts * each).mean(0),
        "the logits of the mean picture: ask for each view, and take the mean of the answers": (
            model((shares[..., None, None] * pictures).sum(0))
        ),
        "views of views: each view starts from the images": (shares * torch.stack(views_of_views)).sum(0),
        "the weights in the reverse order": (shares.flip(0) * each).sum(0),
        "the mean of the probabilities: it is the logits that are averaged": (shares * each.softmax(-1)).sum(0),
        "probabilities: the mean of the logits is expected, without a softmax": right.softmax(-1),
        "the classes: the mean of the logits is expected, before argmax": right.argmax(-1),
        "the greatest logit of all views: their mean is expected": each.amax(0),
        "the first view alone": each[0],
        "the last view alone": each[-1],
        "the logits of all views: their mean is expected": each,
        "the logits of the images, without views": model(images),
    }


def mean_of_views(average) -> None:
    """average(model, images, views, weights) -> (N, classes): the weighted mean of the logits for several views."""
    numbers = torch.Generator().manual_seed(13)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 4 * 5, 5)).eval()
    for parameter in model.parameters():
        parameter.data.normal_(0, 0.25, generator=numbers)
    images = torch.randn(4, 3, 6, 7, generator=numbers)
    cases = {
        "the image with weight 3, its mirror picture with weight 1": (
            [lambda images: images, lambda images: images.flip(-1)],
            [3, 1],
        ),
        "the six views of the lesson": (_six_views(), [2, 1, 1, 2, 1, 1]),
    }
    for example, (views, weights) in cases.items():
        expected = _logits_of_views(model, images, views, weights)
        right = test_time_augmentation(model, images) if len(views) == 6 else expected["right"]
        result = call(average, model, images.clone(), list(views), list(weights))
        same(result, right, what="the array of logits", example=example, mistakes=expected)
        if isinstance(result, Tensor) and result.requires_grad:
            raise Wrong("the logits are right, but they keep all that a backward needs: use torch.no_grad()")


CHECKERS = {
    "1": label_smoothing,
    "2": triangle_of_rates,
    "3": step_of_nesterov,
    "4": white_rows,
    "5": mean_of_views,
}
