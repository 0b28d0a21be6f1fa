"""The exercises of lesson 04: counting, losses, batch normalisation, gradients at the start."""

import copy
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from course_utils.practice.judge import Wrong, call, same, the_class_itself


def count_parameters(count) -> None:
    """count(sizes, batch_norm) -> the number of trained parameters of an MLP."""
    for sizes in ((784, 10), (784, 128, 64, 10), (5, 4, 3, 2, 1)):
        hidden = sum(sizes[1:-1])
        weights = sum(a * b for a, b in zip(sizes, sizes[1:], strict=False))
        linear = weights + sum(sizes[1:])
        for batch_norm in (False, True):
            same(
                call(count, sizes, batch_norm),
                linear + 2 * hidden * batch_norm,
                what="the number of parameters",
                example=f"sizes {sizes}, batch_norm={batch_norm}",
                mistakes={
                    "the weights alone: each output has a bias too": weights + 2 * hidden * batch_norm,
                    "one bias for each layer; there is one for each output": weights + len(sizes) - 1,
                    "a bias for each input too": weights + sum(sizes),
                    "a network without batch normalisation": linear,
                    "batch normalisation, though batch_norm is False": linear + 2 * hidden,
                    "one parameter for each normalised unit; there are two, a weight and a bias": linear + hidden,
                    "a count with the buffers: the running mean and variance are not trained": linear + 4 * hidden,
                    "batch normalisation after the last layer too": linear + 2 * sum(sizes[1:]),
                    "batch normalisation of the inputs too": linear + 2 * sum(sizes[:-1]),
                },
            )


def _answering_network() -> tuple[nn.Module, Tensor]:
    """A small network whose answers depend on its mode, and 16 inputs."""
    numbers = torch.Generator().manual_seed(3)
    model = nn.Sequential(nn.Linear(6, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 4))
    for parameter in model.parameters():
        parameter.data.normal_(generator=numbers)
    model[1].running_mean.normal_(0, 2, generator=numbers)
    model[1].running_var.uniform_(0.2, 4, generator=numbers)
    return model, torch.randn(16, 6, generator=numbers) + 1


def accuracy_of_a_loader(accuracy) -> None:
    """accuracy(model, loader) -> share of right answers, in evaluation mode, with a short last batch."""
    model, images = _answering_network()
    with torch.no_grad():
        targets = model.eval()(images).argmax(1)
        targets[[2, 7, 9, 10]] = (targets[[2, 7, 9, 10]] + 1) % 4  # right: 6 of 7, 4 of 7, 2 of 2
        batches = [slice(0, 7), slice(7, 14), slice(14, 16)]
        trained = copy.deepcopy(model).train()
        moving = sum((trained(images[b]).argmax(1) == targets[b]).sum().item() for b in batches)
    loader = DataLoader(TensorDataset(images, targets), batch_size=7)
    model.train()  # as after a training: who forgets eval() gets other answers
    before = copy.deepcopy(model.state_dict())
    same(
        call(accuracy, model, loader),
        12 / 16,
        what="the accuracy",
        example="16 pictures in batches of 7, 7 and 2, of which 6, 4 and 2 are answered right",
        mistakes={
            "a division by len(loader) * batch_size: the last batch is short": 12 / 21,
            "the mean of the accuracies of the batches: the short batch counts too much": (6 / 7 + 4 / 7 + 1) / 3,
            "the network in training mode: call model.eval() first": moving / 16,
            "training mode, and a division by len(loader) * batch_size": moving / 21,
            "the accuracy of the last batch alone": 1,
            "the accuracy of the first batch alone": 6 / 7,
            "a number of pictures, not a share": 12,
            "a number in percent; a share lies in 0..1": 75,
            "the share of wrong answers": 4 / 16,
            "a division by the number of batches": 12 / 3,
        },
    )
    if not all(torch.equal(value, before[name]) for name, value in model.state_dict().items()):
        raise Wrong("the accuracy is right, but your function changes the running averages or weights of the model")


def stable_cross_entropy(cross_entropy) -> None:
    """cross_entropy(logits, targets) -> the mean loss of a batch, for logits of any size."""
    numbers = torch.Generator().manual_seed(4)
    targets = torch.randint(0, 10, (6,), generator=numbers)
    small = 2 * torch.randn(6, 10, generator=numbers)
    cases = {"small logits": small, "logits of some thousands": 1000 * small, "logits far below 0": small - 3000}
    for what, logits in cases.items():
        z, each = logits.double(), range(len(targets))
        right = z.softmax(1)[each, targets]  # the probability of the right digit
        expected = F.cross_entropy(z, targets)
        per_picture = F.cross_entropy(z, targets, reduction="none")
        largest = z.max(dim=1).values.mean()
        mistakes = {
            "the exponential of large numbers, which is inf: subtract the largest logit of each row first": math.inf,
            "numbers out of range (inf / inf, or log of 0): work with differences of logits": math.nan,
            "the exponential of very small numbers, which is 0: subtract the largest logit of each row": -math.inf,
            "softmax twice": F.cross_entropy(z.softmax(1), targets),
            "the largest logit subtracted in the sum alone; the right logit needs it too": expected - largest,
            "the largest logit subtracted from the right logit alone; the sum needs it too": expected + largest,
            "a sum over the batch; the mean is expected": per_picture.sum(),
            "one loss for each picture; their mean is expected": per_picture,
            "a mean over all classes: divide by the number of pictures alone": per_picture.mean() / 10,
            "a missing minus sign": -expected,
            "the probability of the right digit; its logarithm is missing": right.mean(),
            "minus the probability of the right digit; the logarithm is missing": -right.mean(),
            "the logarithm to base 2": expected / math.log(2),
            "the logarithm to base 10": expected / math.log(10),
            "a softmax over the pictures (dim=0); each row is one picture": -z.log_softmax(0)[each, targets].mean(),
            "minus the logit of the right digit, without softmax": -z[each, targets].mean(),
        }
        for eps in (1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15):
            mistakes[f"{eps:g} added before the logarithm: that hides the trouble, and the loss"] = (
                -(right + eps).log().mean()
            )
        same(
            call(cross_entropy, logits, targets),
            expected,
            what="the loss",
            atol=1e-4 if logits is small else 1e-2,
            example=f"6 pictures, {what}",
            mistakes=mistakes,
        )


def _normalise(x: Tensor, weight: Tensor, bias: Tensor, eps: float, dims=(0, 2, 3), unbiased=False) -> Tensor:
    mean, var = x.mean(dims, keepdim=True), x.var(dims, unbiased=unbiased, keepdim=True)
    return weight[:, None, None] * (x - mean) / (var + eps).sqrt() + bias[:, None, None]


def batch_norm_of_pictures(batch_norm) -> None:
    """batch_norm(x, weight, bias, eps) -> (N, C, H, W): training mode, one mean and variance for each channel."""
    numbers = torch.Generator().manual_seed(5)
    weight, bias = torch.tensor([1.5, 0.5, -2.0]), torch.tensor([0.3, -1.0, 2.0])
    ordinary = torch.randn(4, 3, 2, 5, generator=numbers) * torch.tensor([3.0, 1.0, 0.5])[:, None, None] + 1
    ordinary[0] += 2  # pictures differ in their level
    flat = ordinary.clone()
    flat[:, 1] = 0.25
    for what, x, eps in (
        ("pictures of shape (4, 3, 2, 5)", ordinary, 1e-5),
        ("a channel of equal pixels", flat, 1e-5),
        ("eps=0.5", ordinary, 0.5),
    ):
        mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
        centred = x - mean[:, None, None]
        w, b = weight[:, None, None], bias[:, None, None]
        z = x, weight, bias
        same(
            call(batch_norm, x.clone(), weight.clone(), bias.clone(), eps),
            _normalise(*z, eps),
            example=what,
            mistakes={
                "the unbiased variance: to normalise, divide by n, not by n - 1": _normalise(*z, eps, unbiased=True),
                "an eps of your own: use the argument": _normalise(*z, 1e-5),
                "a root without eps": _normalise(*z, 0),
                "eps added to the standard deviation: it belongs under the root": w
                * centred
                / (var.sqrt() + eps)[:, None, None]
                + b,
                "a division by the variance: the root is missing": w * centred / (var + eps)[:, None, None] + b,
                "a mean over the batch axis alone: that is one for each pixel": _normalise(*z, eps, (0,)),
                "a mean over each picture alone (axes 2 and 3)": _normalise(*z, eps, (2, 3)),
                "a mean over each picture with all its channels (axes 1, 2 and 3)": _normalise(*z, eps, (1, 2, 3)),
                "one mean for all channels together": _normalise(*z, eps, (0, 1, 2, 3)),
                "a result without weight and bias": _normalise(x, torch.ones(3), torch.zeros(3), eps),
                "a result without bias": _normalise(x, weight, torch.zeros(3), eps),
                "a result without weight": _normalise(x, torch.ones(3), bias, eps),
                "a weight that multiplies the bias too: add the bias last": _normalise(x, weight, weight * bias, eps),
                "a mean that is not subtracted": w * x / (var + eps).sqrt()[:, None, None] + b,
            },
        )


def _pictures(n: int = 64) -> tuple[Tensor, Tensor]:
    """Bright spots on black, (n, 1, 28, 28) in 0..1, and random digits."""
    numbers = torch.Generator().manual_seed(0)
    smooth = F.avg_pool2d(torch.randn(n, 1, 34, 34, generator=numbers), 7, stride=1)
    images = (smooth > 0.12).float() * torch.rand(n, 1, 28, 28, generator=numbers)
    return images, torch.randint(0, 10, (n,), generator=numbers)


LOWEST, HIGHEST = 0.05, 20.0


def healthy_start(cls) -> None:
    """A class with at least nine Linear layers, whose gradients at the start all lie from LOWEST to HIGHEST."""
    the_class_itself(cls)
    images, targets = _pictures()
    for seed in (0, 1, 2):
        torch.manual_seed(seed)
        model = cls()
        logits = call(model, images)
        if not isinstance(logits, Tensor) or logits.shape != (len(images), 10):
            shape = tuple(getattr(logits, "shape", ()))
            raise Wrong(f"{tuple(images.shape)} gives {shape}, expected (64, 10)")
        layers = [m for m in model.modules() if isinstance(m, nn.Linear)]
        if not layers:
            raise Wrong(
                "PyTorch finds no Linear layer in your network. It does not look into a Python list: "
                "use nn.Sequential or nn.ModuleList"
            )
        if len(layers) < 9:
            raise Wrong(f"your network has {len(layers)} Linear layers, expected 9 or more")
        if widest := max((m.out_features for m in layers if m.out_features > 64), default=0):
            raise Wrong(f"a layer has {widest} outputs, expected 64 at most")
        if (logits >= 0).all() and torch.allclose(logits.sum(1), torch.ones(len(logits)), atol=1e-3):
            raise Wrong("each row of the result adds up to 1: these are probabilities, expected logits")
        loss = F.cross_entropy(logits, targets)
        if not loss < 5:
            raise Wrong(f"the loss at the start is {loss.item():.3g}, expected about ln 10 = 2.303, and below 5")
        loss.backward()
        for i, layer in enumerate(layers, start=1):
            if layer.weight.grad is None:
                raise Wrong(f"Linear layer {i} gets no gradient: forward does not use it, or it is frozen")
            size = layer.weight.grad.norm().item()
            if not LOWEST <= size <= HIGHEST:
                side, bound = ("below", LOWEST) if size < LOWEST else ("above", HIGHEST)
                raise Wrong(
                    f"the gradient of Linear layer {i} of {len(layers)} has the norm {size:.2g}, {side} {bound:g} "
                    f"(seed {seed})"
                )
        one, other = images[:32], images[32:]
        with torch.no_grad():
            model.eval()
            a, b, both, none = (model(x) for x in (one, other, one + other, 0 * one))
        if (both + none - a - b).abs().max() < 1e-3 * (a - b).abs().max():
            raise Wrong(
                "your network is linear: f(a + b) + f(0) equals f(a) + f(b). Nine such layers do no more than one"
            )


CHECKERS = {
    "1": count_parameters,
    "2": accuracy_of_a_loader,
    "3": stable_cross_entropy,
    "4": batch_norm_of_pictures,
    "5": healthy_start,
}
