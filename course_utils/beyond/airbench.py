"""The ideas of lessons 12 and 13, on the way to 94 % on CIFAR-10. The lessons explain and measure each of them.

The ideas and their settings are those of Keller Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024,
arXiv 2404.00498; the code is the course's own, in plain PyTorch around `fit`.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from course_utils.data import Batch, ImageDataset
from course_utils.models import CifarNet

# ---- pictures ------------------------------------------------------------------------------------------------------


class AlternatingFlip(ImageDataset):
    """Mirror each image at every other visit; half of the images begin mirrored, drawn at random.

    With random flips an image shows the same side twice in a row in half of all epochs. Here two epochs always show
    both sides.
    """

    def __init__(self, dataset: ImageDataset):
        super().__init__(dataset.images, dataset.labels, dataset.mean, dataset.std, dataset.transform)
        self.mirrored = torch.rand(len(dataset), device=dataset.images.device) < 0.5

    def __getitem__(self, i: int | Tensor) -> tuple[Tensor, Tensor]:
        images, labels = super().__getitem__(i)
        self.mirrored[i] ^= True
        mirrored = self.mirrored[i].view(-1, *[1] * (images.ndim - 1))
        return Batch(torch.where(mirrored, images.flip(-1), images), labels)


@torch.no_grad()
def test_time_augmentation(model: nn.Module, images: Tensor) -> Tensor:
    """Test-time augmentation: the mean of the outputs (N, classes) for six views of each image (N, C, H, W).

    The image and its mirror picture count half; both, moved by one pixel up and left, and down and right, the rest.
    """

    def both_sides(views: Tensor) -> Tensor:
        return (model(views) + model(views.flip(-1))) / 2

    padded = F.pad(images, [1] * 4, mode="reflect")
    moved = (both_sides(padded[:, :, :-2, :-2]) + both_sides(padded[:, :, 2:, 2:])) / 2
    return (both_sides(images) + moved) / 2


class TestTimeAugmentation(nn.Module):
    """A trained model that answers with `test_time_augmentation`, for `train.predict`."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        return test_time_augmentation(self.model, images)


# ---- the first weights ---------------------------------------------------------------------------------------------


def whitening_kernels(images: Tensor, size: int = 2, eps: float = 5e-4) -> Tensor:
    """The kernels that make the patches of some images white: uncorrelated, and each output of variance 1.

    Args:
        images: (N, C, H, W), standardised; a few thousand are enough.
        size: side of a patch, in pixels.
        eps: is added to each variance, so that directions that hold almost nothing are not blown up.

    Returns:
        (C * size * size, C, size, size): the eigenvectors of the patches' covariance, each divided by the square root
        of its eigenvalue; the greatest eigenvalue first.
    """
    channels = images.shape[1]
    patches = F.unfold(images, size).transpose(1, 2).reshape(-1, channels * size * size)  # (patches, numbers of one)
    values, vectors = torch.linalg.eigh(torch.cov(patches.T))  # ascending; a column of `vectors` is an eigenvector
    kernels = vectors / (values + eps).sqrt()
    return kernels.T.flip(0).reshape(-1, channels, size, size)


@torch.no_grad()
def dirac_(conv: nn.Conv2d) -> None:
    """Let the first outputs of a convolution begin as copies of its inputs, as far as there are inputs (Dirac).

    A deep network then starts as one that loses nothing on the way; the other channels start at random, as before.
    """
    nn.init.dirac_(conv.weight[: conv.in_channels])


@torch.no_grad()
def initialize(model: CifarNet, kernels: Tensor | None = None, dirac: bool = True) -> CifarNet:
    """Give a new network its first weights: whitening kernels (12, 3, 2, 2) and their negatives, which then stay as
    they are, in the first layer; all other convolutions pass their inputs on. Returns the model.
    """
    if kernels is not None:
        model.first.weight.copy_(torch.cat([kernels, -kernels]))
        model.first.weight.requires_grad_(False)
        model.first.bias.zero_()
    if dirac:
        for layer in model.blocks.modules():
            if isinstance(layer, nn.Conv2d):
                dirac_(layer)
    return model


# ---- steps ---------------------------------------------------------------------------------------------------------


def fast_biases(
    model: nn.Module, lr: float, weight_decay: float, bias_factor: float = 64.0, without: Sequence[nn.Parameter] = ()
) -> list[dict]:
    """Two groups of parameters for an optimizer: weights, and biases, which learn `bias_factor` times as fast.

    The decay of a bias in one step, lr * weight_decay, stays the same as that of a weight. Parameters that are not
    trained, and those in `without`, are in neither.
    """
    left_out = {id(p) for p in without}
    trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad and id(p) not in left_out]
    biases = [p for name, p in trained if name.endswith("bias")]
    weights = [p for name, p in trained if not name.endswith("bias")]
    groups = [{"params": weights, "lr": lr, "weight_decay": weight_decay}]
    if biases:
        groups.append({"params": biases, "lr": lr * bias_factor, "weight_decay": weight_decay / bias_factor})
    return groups


def kernels_of(model: nn.Module) -> list[nn.Parameter]:
    """The weights of its convolutions (outputs, inputs, height, width) that are trained."""
    return [p for p in model.parameters() if p.ndim == 4 and p.requires_grad]


def orthogonalize(matrix: Tensor, steps: int = 3) -> Tensor:
    """A matrix (m, n) with the same directions, all about equally strong: singular values of roughly 1.

    Each of the Newton-Schulz steps is a polynomial a x + b x^3 + c x^5 of every singular value x, made of matrix
    products alone. Its coefficients are chosen to lift small values fast; they do not settle at 1, which does no harm.

    Source: Jordan and others, "Muon: an optimizer for hidden layers in neural networks", 2024.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrix / (matrix.norm() + 1e-7)  # no singular value is now above 1
    if len(x) > x.shape[1]:
        return orthogonalize(x.T, steps).T  # the smaller square is cheaper
    for _ in range(steps):
        square = x @ x.T  # (m, n) -> (m, m)
        x = a * x + (b * square + c * square @ square) @ x
    return x


class Muon(Optimizer):
    """Nesterov SGD that makes the step of each kernel orthogonal: no direction is stronger than the others.

    The length of a kernel is set anew before each step, so that a rate says by which part a step turns it.

    Args:
        kernels: weights of convolutions, as of `kernels_of`; each is taken as a matrix with a row for each output.
        others: groups of parameters that plain Nesterov SGD trains, such as `fast_biases(..., without=kernels)`.
        lr, momentum: of the kernels.
        others_momentum: of the others.

    Source: Jordan, airbench94_muon, 2024.
    """

    def __init__(
        self,
        kernels: list[nn.Parameter],
        others: list[dict],
        lr: float = 0.24,
        momentum: float = 0.6,
        others_momentum: float = 0.85,
    ):
        groups = [{"params": kernels, "lr": lr, "momentum": momentum, "orthogonal": True}, *others]
        super().__init__(groups, {"momentum": others_momentum, "weight_decay": 0.0, "orthogonal": False})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                gradient = p.grad + group["weight_decay"] * p
                velocity = self.state[p].setdefault("velocity", torch.zeros_like(p))
                velocity.mul_(group["momentum"]).add_(gradient)
                step = gradient + group["momentum"] * velocity  # Nesterov
                if group["orthogonal"]:
                    p.mul_(len(p) ** 0.5 / p.norm())
                    step = orthogonalize(step.flatten(1)).view_as(p)
                p.sub_(group["lr"] * step)


def triangular_schedule(
    optimizer: Optimizer, steps: int, start: float = 0.2, peak: float = 0.23, end: float = 0.07
) -> LambdaLR:
    """A learning rate that rises in a line and falls in a line; `step()` is called after each of `steps` steps.

    Args:
        start, end: the first and the last rate, as parts of the optimizer's.
        peak: the part of all steps after which the whole rate is reached.
    """
    top = max(round(peak * steps), 1)

    def factor(step: int) -> float:
        if step < top:
            return start + (1 - start) * step / top
        return 1 - (1 - end) * (step - top) / max(steps - top, 1)

    return LambdaLR(optimizer, factor)


class Lookahead:
    """Weight averaging: slow weights follow the model's, and every few steps the model goes on from the slow ones.

    The slow weights move ever less as the training ends, so they become a mean over many steps. Nothing has to be
    called: it hangs on the optimizer, and after `steps` steps the model holds the slow weights.

    Args:
        steps: of the whole training.
        every: so many steps lie between two updates of the slow weights.
        decay: how slow they are at the end: the part of the old value that a step keeps.

    Source: Zhang and others, "Lookahead Optimizer: k steps forward, 1 step back", 2019; the rising decay is Jordan's.
    """

    def __init__(self, model: nn.Module, optimizer: Optimizer, steps: int, every: int = 5, decay: float = 0.95):
        self.fast = [t for t in model.state_dict().values() if t.is_floating_point()]  # running statistics, too
        self.slow = [t.clone() for t in self.fast]
        self.step, self.steps, self.every, self.decay = 0, steps, every, decay
        optimizer.register_step_post_hook(self._update)

    @torch.no_grad()
    def _update(self, *_) -> None:
        self.step += 1
        if self.step % self.every == 0 or self.step == self.steps:
            keep = self.decay**self.every * (self.step / self.steps) ** 3 if self.step < self.steps else 1.0
            for slow, fast in zip(self.slow, self.fast, strict=True):
                slow.lerp_(fast, 1 - keep)
                fast.copy_(slow)


def freeze_after(parameter: nn.Parameter, optimizer: Optimizer, steps: int) -> None:
    """Stop the training of a parameter after so many steps: from then on nothing is computed for it."""
    left = steps
    parameter.requires_grad_(left > 0)

    def count(*_) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            parameter.requires_grad_(False)

    optimizer.register_step_post_hook(count)
