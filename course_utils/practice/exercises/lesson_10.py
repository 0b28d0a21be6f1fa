"""The exercises of lesson 10: fair samples, running averages, a falling learning rate, changed pictures, a training."""

import random
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.data import load
from course_utils.practice.judge import Wrong, array, call, same
from course_utils.practice.trained import trained_twice

SECONDS = {"2": 240, "5": 120}


def _generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _tensor(got: object) -> Tensor:
    """The result, if it is a tensor; a NumPy array or a list gets a word on how to make one."""
    if not isinstance(got, Tensor):
        how = {np.ndarray: ": torch.from_numpy(...) makes one", list: ": torch.tensor(...) or torch.stack(...)"}
        raise Wrong(f"the result is a {type(got).__name__}, expected a tensor{how.get(type(got), '')}")
    return got.detach()


def _echo(one: Tensor, other: Tensor) -> Tensor:
    """The correlation of two rows of numbers, the other one turned by 0, 1, 2, ... places."""
    one, other = ((row - row.mean()) / row.std(correction=0) for row in (one.double(), other.double()))
    return torch.fft.ifft(torch.fft.fft(one).conj() * torch.fft.fft(other)).real / len(one)


def _by_chance(first: Tensor, second: Tensor, what: str) -> None:
    """Wrong if numbers of one call, or of two, can be told from each other. They have 1,000 places or more."""
    alone = _echo(first, first)[1:].abs()
    if alone[0] > 0.2:
        raise Wrong(f"the {what} of neighbours in the batch depend on each other, expected chance for each picture")
    if alone.max() > 0.2:
        raise Wrong(f"the {what} follow a pattern in the batch, expected chance for each picture")
    if torch.equal(first, second):
        raise Wrong(f"two calls draw the same {what}, expected new random numbers in each call")
    if max(_echo(first, second).abs().max(), _echo(first, second.flip(0)).abs().max()) > 0.2:
        raise Wrong(f"the {what} of a second call follow from those of the first, expected chance in each call")


# ---- small tasks inside the lesson ----


def shares_of_classes(shares) -> None:
    """shares(labels, classes) -> (classes,): which share of the labels each class has; 0 for one that is missing."""
    for classes, n, used in ((3, 40, 3), (12, 500, 10), (10, 7, 4), (1, 1, 1), (2, 9_000, 1), (3, 40, 2), (3, 40, 3)):
        labels = torch.randint(used, (n,), generator=_generator(n))
        example = f"{n} labels, classes={classes}, of which the last {classes - used} are missing"
        counts = torch.bincount(labels, minlength=classes).double()
        got = _tensor(call(shares, labels, classes, example=example))
        same(
            got,
            counts / n,
            what="the tensor of shares",
            mistakes={
                "counts: divide by the number of labels": counts,
                "a division by the number of classes": counts / classes,
                "a division without remainder: use /, not //": counts // n,
                "percent; shares from 0 to 1 are wanted": 100 * counts / n,
                "a result without the missing classes at the end: use the argument classes": counts[: labels.max() + 1]
                / n,
                "a result without the missing classes": counts[counts > 0] / n,
                "always ten classes: use the argument classes": torch.bincount(labels, minlength=10) / n,
                "equal shares": torch.full((classes,), 1 / classes),
            },
        )
        if not got.is_floating_point():
            raise Wrong(f"the shares are {got.dtype}, expected a float tensor")


def parameters_of_a_pair(pair_parameters) -> None:
    """pair_parameters(inputs, outputs): of two 3x3 convolutions without bias, each with a batch norm."""
    for i, o in ((3, 16), (16, 32), (5, 7), (1, 1), (64, 64), (100, 20), (8, 16), (3, 7), (3, 16)):
        first, second, norm = 9 * i * o, 9 * o * o, 2 * o
        same(
            call(pair_parameters, i, o),
            first + second + 2 * norm,
            what="the number of parameters",
            mistakes={
                "convolutions with biases": first + second + 2 * norm + 2 * o,
                "the convolutions alone: each batch norm has a scale and a shift": first + second,
                "one batch norm": first + second + norm,
                "one number for each channel of a batch norm: it has a scale and a shift": first + second + norm,
                "running averages counted: they are buffers, not parameters": first + second + 4 * norm,
                "a first batch norm for the input channels": first + second + norm + 2 * i,
                "one convolution": first + norm,
                "a second convolution that reads the inputs: it reads the outputs of the first": 2 * (first + norm),
                "kernels without the 3x3": i * o + o * o + 2 * norm,
                "kernels that the input channels share": 9 * o + 9 * o + 2 * norm,
            },
            atol=1e-6,
        )


def share_that_is_left(share_left) -> None:
    """share_left(momentum, steps): which share of its start value is left in a running average."""
    cases = ((0.1, 22), (0.5, 3), (0.01, 100), (0.3, 0), (1.0, 2), (0.25, 1), (0.001, 2500), (0.1, 3))
    for momentum, steps in (*cases, cases[0]):
        left = (1 - momentum) ** steps
        same(
            call(share_left, momentum, steps),
            left,
            what="the share",
            atol=1e-5,
            mistakes={
                "the share of the NEW values: 1 minus it is left": 1 - left,
                "powers of momentum: a step keeps 1 - momentum": momentum**steps,
                "momentum subtracted in each step: a step multiplies what is left": 1 - momentum * steps,
                "the share after one step": 1 - momentum,
                "a step too many": (1 - momentum) ** (steps + 1),
                "a step too few": (1 - momentum) ** max(steps - 1, 0),
                "a product with the number of steps: it is a power": (1 - momentum) * steps,
                "a momentum that is always 0.1": 0.9**steps,
            },
        )


def falling_rates(step_rates) -> None:
    """step_rates(lr, step_size, gamma, epochs) -> the learning rate of each epoch, as StepLR sets it."""
    cases = (
        (0.1, 1, 0.9, 5),
        (1.0, 3, 0.5, 8),
        (0.2, 10, 0.1, 4),
        (0.8, 4, 0.5, 12),
        (3.0, 2, 1.5, 7),
        (0.1, 5, 0.7, 5),
        (1e-4, 1, 0.5, 3),
        (0.1, 1, 0.9, 5),
    )
    for lr, step_size, gamma, epochs in cases:
        epoch = np.arange(epochs)
        got = call(step_rates, lr, step_size, gamma, epochs)
        if isinstance(got, np.ndarray | Tensor) and got.ndim:
            raise Wrong(f"the result is a {type(got).__name__}, expected a list: .tolist() makes one")
        same(
            got,
            lr * gamma ** (epoch // step_size),
            what="the list of learning rates",
            atol=1e-5 * lr,
            mistakes={
                "a rate that falls before the first epoch": lr * gamma ** (epoch // step_size + 1),
                "a rate that falls one epoch too early": lr * gamma ** ((epoch + 1) // step_size),
                "a rate that falls one epoch too late": lr * gamma ** (np.maximum(epoch - 1, 0) // step_size),
                "a step_size of 1": lr * gamma**epoch,
                "a rate that falls after the very first epoch: 0 % step_size is 0, too": lr
                * gamma ** ((epoch + step_size - 1) // step_size),
                "powers of gamma alone: lr is missing": gamma ** (epoch // step_size),
                "a division by gamma": lr / gamma ** (epoch // step_size),
                "a rate that falls a little in every epoch: StepLR waits for step_size epochs": lr
                * gamma ** (epoch / step_size),
                "gamma taken once only": np.where(epoch < step_size, lr, lr * gamma),
                "gamma subtracted, not multiplied": lr - (1 - gamma) * (epoch // step_size),
                "a multiplication by 1 - gamma": lr * (1 - gamma) ** (epoch // step_size),
                "gamma multiplied by the number of steps": lr * gamma * (epoch // step_size),
                "a rate that never falls": np.full(epochs, lr),
                "one rate too many": lr * gamma ** (np.arange(epochs + 1) // step_size),
                "the last rate alone": lr * gamma ** ((epochs - 1) // step_size),
            },
        )


def contrast_of_its_own(vary_contrast) -> None:
    """vary_contrast(images, strength): each picture times its own random number from 1 - strength to 1 + strength."""

    def factors(images: Tensor, strength: float) -> Tensor:
        """The number that each picture was multiplied by; Wrong where it is not one number."""
        got = _tensor(call(vary_contrast, images, strength, new=True)).double()
        if got.shape != images.shape:
            raise Wrong(f"the result has the shape {tuple(got.shape)}, expected {tuple(images.shape)}")
        ratio = (got / images.double()).flatten(1)
        factor = ratio.median(dim=1).values
        odd = ~((ratio - factor[:, None]).abs().amax(1) <= 1e-3)
        if odd.any():
            i = int(odd.int().argmax())
            raise Wrong(
                f"picture {i} is multiplied by numbers from {ratio[i].min():.3g} to {ratio[i].max():.3g}, expected one "
                "number for a whole picture: random numbers of shape (N, 1, 1, 1)"
            )
        if (factor < 1 - strength - 1e-3).any() or (factor > 1 + strength + 1e-3).any():
            raise Wrong(
                f"the factors lie from {factor.min():.3g} to {factor.max():.3g}, expected from {1 - strength:.3g} to "
                f"{1 + strength:.3g}"
            )
        return factor

    for n, channels, height, width, strength in ((1000, 3, 4, 5, 0.3), (1200, 1, 6, 3, 0.8), (1000, 2, 2, 2, 0.1)):
        images = _signed(n, channels, height, width)
        first, second = factors(images, strength), factors(images, strength)
        if (first - first[0]).abs().max() < 1e-3:
            raise Wrong(f"all pictures are multiplied by {first[0]:.3g}, expected an own number for each")
        _by_chance(first, second, "factors")
        first, second = ((row - (1 - strength)) / (2 * strength) for row in (first, second))  # from 0 to 1
        _all_equally_likely(first, second, strength)
    for few, strength in ((images[:1], 0.5), (_signed(5, 5, 3, 4), 1.0), (_signed(1000, 3, 4, 5), 0.3)):
        if all(torch.equal(factors(few, strength), factors(few, strength)) for _ in range(5)):
            raise Wrong("two calls draw the same factors, expected new random numbers in each call")
    if (factors(images, 0.0) - 1).abs().max() > 1e-3:
        raise Wrong("the pictures are changed, expected that all stay as they are")


def _signed(*shape: int) -> Tensor:
    """Numbers below and above 0, none near it."""
    size = 0.5 + torch.rand(shape, generator=_generator(shape[0] + shape[1]))
    return size * (2 * torch.randint(2, shape, generator=_generator(2)) - 1)


def _all_equally_likely(first: Tensor, second: Tensor, strength: float) -> None:
    """Wrong if the numbers of two calls, each about 1,000, are not drawn from all between 0 and 1 alike."""
    both = torch.cat([first, second]).clamp(0, 1).sort().values
    goal = f"between {1 - strength:.3g} and {1 + strength:.3g} all numbers equally likely"
    quarters = torch.histc(both.float(), 4, 0, 1) / len(both)
    if (both - torch.linspace(0, 1, len(both))).abs().max() > 0.06 or both[0] > 0.01 or both[-1] < 0.99:
        raise Wrong(
            f"in the four quarters of the range lie {', '.join(f'{share:.0%}' for share in quarters)} of the factors, "
            f"from {1 + strength * (2 * both[0] - 1):.3g} to {1 + strength * (2 * both[-1] - 1):.3g}, expected {goal}"
        )
    if (first.sort().values - torch.linspace(0, 1, len(first))).abs().max() < 0.006:
        raise Wrong("the factors of a batch have nearly equal distances, expected that each is drawn by itself")
    if torch.allclose(first.sort().values, second.sort().values, atol=1e-5):
        raise Wrong("two calls draw the same factors in another order, expected new random numbers in each call")
    if (different := len((1e4 * both).round().unique())) < len(both) / 2:
        raise Wrong(f"only {different} factors of {len(both)} differ, expected {goal}")


# ---- exercises ----


def trust_in_answers(trust) -> None:
    """trust(targets, answers, classes) -> (classes,): of the answers k, the share that is right, or 0."""
    cases = ((3, 40, 2), (10, 500, 9), (12, 300, 0), (2, 9, 1), (5, 2_000, 2), (7, 8, 6), (3, 40, 0))
    for classes, n, never in (*cases, cases[0]):
        targets = torch.randint(classes, (n,), generator=_generator(1))
        targets[:classes] = torch.arange(classes)
        if classes == 5:
            targets[targets == 4] = 3  # a class that is answered, but has no picture
        answers = torch.where(
            torch.rand(n, generator=_generator(2)) < 0.6, targets, torch.randint(classes, (n,), generator=_generator(3))
        )
        answers[:classes] = torch.arange(classes) // 2  # some are wrong in any case
        targets[-1] = answers[-1] = classes - 2  # where there are few pictures, it is answered once, and right
        answers[answers == never] = (never + 1) % classes
        counts = torch.bincount(targets * classes + answers, minlength=classes**2).reshape(classes, classes).double()
        right, of_class, of_answer = counts.diagonal(), counts.sum(1), counts.sum(0)
        example = f"{n} pictures, {classes} classes, of which {never} is never answered"
        got = array(call(trust, targets, answers, classes, example=example))
        expected = right / of_answer.clamp(min=1)
        if got.shape == (10,) != (classes,):
            raise Wrong(f"the result has the shape (10,), expected ({classes},): use the argument classes")
        if got.shape == (classes,) and np.isnan(got[never]) and np.allclose(got[got == got], expected[got == got]):
            raise Wrong(f"class {never} gets nan, expected 0: nobody answers it, so 0 is divided by 0")
        same(
            got,
            expected,
            atol=1e-5,
            mistakes={
                "the share of the PICTURES of class k that are right (the accuracy of the class): divide by how many "
                "answers are k": right / of_class.clamp(min=1),
                "the accuracy of all classes together": (right.sum() / n).expand(classes),
                "one accuracy of all classes together: one for each class is wanted": right.sum() / n,
                "a division without remainder: use /, not //": right // of_answer.clamp(min=1),
                "a division by all pictures": right / n,
                "the numbers of right answers: divide by how many answers are k": right,
                "the share of wrong answers": 1 - expected,
                "the share of each class in the answers": of_answer / n,
                "percent; shares from 0 to 1 are wanted": 100 * expected,
                "right no's counted, too: look at the answers k only": (n - of_class - of_answer + 2 * right) / n,
                "1 for a class that is never answered, expected 0": torch.where(of_answer > 0, expected, 1.0),
            },
        )


# ---- 2: a network, trained on real pictures ----

MOST_PARAMETERS, STEPS, BATCH, GOAL = 100_000, 150, 32, 0.40


@cache
def _pictures() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """4,800 training and 1,000 validation pictures of CIFAR-10, standardised, with their labels. Hand out copies."""
    cifar = load("cifar10")
    return (*cifar.train[torch.arange(STEPS * BATCH)], *cifar.validation[torch.arange(1000)])


def network_in_few_steps(learn) -> str:
    """learn(batches) -> a network that it made and trained in at most 150 steps; it is asked in evaluation mode."""
    _, right = trained_twice(learn, _pictures(), BATCH, GOAL, _is_small)
    return f"{right:.1%} of 1,000 new pictures right"


def _is_small(model: nn.Module) -> None:
    if (n := sum(p.numel() for p in model.parameters())) > MOST_PARAMETERS:
        raise Wrong(f"your network has {n:,} parameters, expected {MOST_PARAMETERS:,} at most")


# ---- 3 to 5: pictures and places, by chance ----


def flip_each(random_flip) -> None:
    """random_flip(images, p): each image is mirrored left to right, by itself, with the probability p."""
    images = torch.randn(1500, 3, 4, 5, generator=_generator())

    def flipped(images: Tensor, p: float) -> Tensor:
        """Which images were mirrored; Wrong if one is neither mirrored nor as it was."""
        pictures = _tensor(call(random_flip, images, p, new=True))
        if pictures.shape != images.shape or pictures.dtype != images.dtype:
            raise Wrong(
                f"the result is {pictures.dtype} of shape {tuple(pictures.shape)}, expected {images.dtype} of shape "
                f"{tuple(images.shape)}"
            )
        kept, mirrored = ((pictures == other).flatten(1).all(1) for other in (images, images.flip(3)))
        odd = ~(kept | mirrored)
        if odd.any():
            i = int(odd.int().argmax())
            others = {
                "upside down": images[i].flip(1),
                "turned by 180 degrees": images[i].flip(1, 2),
                "with its colours in the reverse order": images[i].flip(0),
                "another picture of the batch": images.flip(0)[i],
            }
            looks = next((f": it is {n}" for n, o in others.items() if torch.allclose(pictures[i], o)), "")
            if not looks and ((pictures[i] == images[i]) | (pictures[i] == images[i].flip(2))).all():
                looks = ": only parts of it are mirrored; coins of shape (N, 1, 1, 1) are one for each image"
            raise Wrong(f"image {i}: expected it as it was, or mirrored left to right (the last axis){looks}")
        return mirrored & ~kept

    flipped(images, 0.5)  # the shape first: it says more than what p=0 may lead to
    if flipped(images, 0.0).any():
        raise Wrong("some images are mirrored, expected none")
    if not flipped(images, 1.0).all():
        raise Wrong("some images are not mirrored, expected that all are")
    for p in (0.5, 0.2, 0.9):
        chosen, again = flipped(images, p), flipped(images, p)
        share = chosen.double().mean().item()
        if share in (0, 1):
            raise Wrong(f"{'all' if share else 'none'} of 1500 images are mirrored, expected a coin for each image")
        if abs(share - p) > 0.06:
            looks = "; p is the probability to flip, not to keep" if abs(share - 1 + p) < 0.06 else ""
            raise Wrong(f"{share:.0%} of the images are mirrored, expected about {p:.0%}{looks}")
        _by_chance(chosen, again, "coins")
        counts = [flipped(images[:200], p).sum().item() for _ in range(24)]
        if np.std(counts) < 0.35 * (200 * p * (1 - p)) ** 0.5:
            raise Wrong(
                f"24 calls mirror from {min(counts)} to {max(counts)} of 200 images, nearly the same number each time, "
                "expected a coin for each image"
            )
        share = (chosen.sum() + again.sum() + sum(counts)).item() / (3000 + 24 * 200)
        if abs(share - p) > 0.03:
            raise Wrong(f"{share:.1%} of 7,800 images are mirrored, expected about {p:.0%}")
    for other in (torch.randn(300, 2, 4, 4, generator=_generator()), images[:1, :1], images[:7, :, :1]):
        flipped(other, 0.5)
    if len({bool(flipped(images[:1], 0.5)) for _ in range(40)}) < 2:
        raise Wrong("40 calls with one image always do the same, expected a coin in each call")


def _indices(draw: Callable, labels: Tensor, count: int, seed: int) -> list[int]:
    """What a student's function draws: `count` places of each class, in mixed order."""
    got = call(draw, labels, count, seed, example=f"{len(labels)} labels, count={count}, seed={seed}")
    got = array(list(got) if isinstance(got, Sequence) else got, "the list of indices")
    if got.dtype == bool:
        raise Wrong("the result is a mask of True and False, expected the places themselves: integers with one axis")
    if got.ndim != 1 or not np.issubdtype(got.dtype, np.integer):
        raise Wrong(f"the indices are {got.dtype} with the shape {got.shape}, expected integers with one axis")
    kept = got.tolist()
    if kept and not 0 <= min(kept) <= max(kept) < len(labels):
        raise Wrong(f"the indices lie from {min(kept)} to {max(kept)}, expected from 0 to {len(labels) - 1}")
    if len(kept) == 10 * count > 10 and sorted(kept) == sorted(list(range(10)) * count):
        raise Wrong("these are the labels of the pictures, expected their places: the indices themselves")
    different = len(set(kept))
    if different < len(kept) and max(kept) < labels.bincount().max():
        raise Wrong(
            f"these look like positions INSIDE each class: the greatest is {max(kept)} of {len(labels)}, and only "
            f"{different} of {len(kept)} differ; expected places in labels"
        )
    if different < len(kept):
        raise Wrong(
            f"{len(kept)} indices, but only {different} different ones: a picture is drawn twice, expected a draw "
            "without putting back"
        )
    counts = torch.bincount(labels[kept], minlength=10).tolist()
    if counts != [count] * 10:
        looks = "; the total is right: draw from each class by itself" if len(kept) == 10 * count else ""
        looks = f"; count={count} is meant for each class" if len(kept) == count else looks
        raise Wrong(f"the classes have {counts} pictures, expected {count} of each{looks}")
    row = labels[kept].tolist()
    if count >= 7 and np.mean([len(set(row[i : i + 20])) for i in range(len(row) - 19)]) < 5:
        raise Wrong(
            "the sample lies class by class, expected a mixed order: the first batch would hold few classes only"
        )
    return kept


def balanced_indices(draw) -> None:
    """balanced_indices(labels, count, seed) -> indices: `count` of each class, at random, in mixed order."""
    labels = torch.cat([torch.arange(10).repeat(35), torch.full((60,), 3)])  # class 3 is much more frequent
    labels, count = labels[torch.randperm(len(labels), generator=_generator())], 12
    seen = [_indices(draw, labels, count, seed) for seed in range(150)]
    if _indices(draw, labels, count, 0) != seen[0]:
        raise Wrong("the same seed gives two different samples, expected the same one again")
    first = {i for k in range(10) for i in (labels == k).nonzero()[:count, 0].tolist()}
    if set(seen[0]) == first:
        raise Wrong(f"these are the first {count} pictures of each class, expected a random choice")
    sets = [set(kept) for kept in seen]
    for seed, kept in enumerate(sets):
        if (other := sets.index(kept)) < seed:
            raise Wrong(
                f"the seeds {other} and {seed} give the same pictures, expected different ones: does the seed reach "
                "the choice?"
            )
    _all_by_chance(labels, count, seen)
    for labels, few, seed in (  # noqa: PLR1704
        (torch.arange(10).repeat_interleave(30), 7, 123456),
        (torch.cat([torch.arange(10).repeat(8), torch.randint(10, (200,), generator=_generator())]), 1, 5),
        (torch.arange(9, -1, -1).repeat(41), 40, 10**6),
    ):
        _indices(draw, labels, few, seed)


def _all_by_chance(labels: Tensor, count: int, seen: list[list[int]]) -> None:
    """Wrong if the samples of many seeds do not choose all pictures of a class alike, and by chance."""
    chosen = torch.stack([torch.bincount(torch.tensor(kept), minlength=len(labels)) for kept in seen]).double()
    sizes = labels.bincount()[labels].double()
    share = count / sizes
    if (chosen.sum(0) == 0).any():
        missed = int((chosen.sum(0) == 0).sum())
        raise Wrong(
            f"{len(seen)} seeds together never choose {missed} of {len(labels)} pictures, expected each at some time: "
            "choose from all pictures of a class"
        )
    far = (chosen.mean(0) - share) / (share * (1 - share) / len(seen)).sqrt()
    if far.abs().max() > 6 or far.square().mean() > 1.6:
        i = int(far.abs().argmax())
        raise Wrong(
            f"picture {i} is in {chosen[:, i].mean():.0%} of {len(seen)} samples, expected about {share[i]:.0%}, as "
            "each of its class"
        )
    place = torch.arange(10 * count).double()
    middles = torch.stack([torch.stack([place[labels[kept] == k].mean() for k in range(10)]) for kept in seen]).mean(0)
    middles[3] = (middles.sum() - middles[3]) / 9  # a frequent class may come early: in one walk through all it does
    if (middles - middles[3]).abs().max() > 0.15 * len(place):
        k = int((middles - middles[3]).abs().argmax())
        raise Wrong(
            f"class {k} lies {'late' if middles[k] > middles[3] else 'early'} in the samples of most seeds, expected a "
            "mixed order of all classes"
        )
    both = (chosen[1:] * chosen[:-1]).sum(1).mean() / (10 * count)
    if abs(both - share.mul(share).sum() / (10 * count)) > 0.1:
        raise Wrong(
            f"the samples of neighbouring seeds have {both:.0%} of their pictures in common, expected about "
            f"{share.mul(share).sum() / (10 * count):.0%}: draw anew for each seed"
        )
    for k in range(10):
        of_class = chosen[:, labels == k]
        pairs, size = (of_class[:, 1:] * of_class[:, :-1]).sum(1).mean().item(), of_class.shape[1]
        if not 0.6 < pairs / (count * (count - 1) / size) < 1.5:
            raise Wrong(
                f"the chosen pictures of class {k} lie in a pattern: {pairs:.1f} pairs of neighbours in a sample, "
                f"expected about {count * (count - 1) / size:.1f} by chance"
            )


def augmentation(augment) -> None:
    """augment(images) -> images: any random change of each picture by itself that keeps shape, dtype and mean."""
    images = torch.nn.functional.interpolate(
        torch.randn(128, 3, 8, 8, generator=_generator()), size=32, mode="bilinear"
    )
    images = 1.2 * images + 0.5 * torch.randn(128, 3, 1, 1, generator=_generator(2))
    images -= images.mean()

    def changed(images: Tensor) -> Tensor:
        got = _tensor(call(augment, images))
        if got.shape != images.shape or got.dtype != images.dtype:
            raise Wrong(
                f"the result is {got.dtype} of shape {tuple(got.shape)}, "
                f"expected {images.dtype} of shape {tuple(images.shape)}"
            )
        if not torch.isfinite(got).all():
            raise Wrong("the result holds nan or inf, expected numbers")
        return got

    results = [changed(images) for _ in range(3)]
    touched = np.mean([((got - images).abs().flatten(1).amax(1) > 1e-3).double().mean().item() for got in results])
    if touched < 0.25:
        raise Wrong(f"{touched:.0%} of the pictures are changed, expected at least a quarter")
    if any(torch.equal(got, other) for got, other in ((results[0], results[1]), (results[0], results[2]))):
        raise Wrong("two calls give the same result, expected new random numbers in each call")
    changed(images[:7])
    changed(images[:1])
    _by_itself(changed, images[:64])
    for i in (0, 5):
        _by_its_own_numbers(changed, images[i : i + 1].expand(64, -1, -1, -1).contiguous())
    for got in results:
        if abs((got.mean() - images.mean()).item()) > 0.1:
            raise Wrong(
                f"the mean of the batch moves from {images.mean():.2f} to {got.mean():.2f}, expected at most 0.1"
            )
    before, after = images.mean((2, 3)), changed(images).mean((2, 3))
    alike = torch.corrcoef(torch.stack([before.flatten(), after.flatten()]))[0, 1].item()
    if not alike > 0.5:
        raise Wrong(
            f"the colours of the pictures before and after have a correlation of {alike:.2f}, expected above 0.5: too "
            "little of each picture is left, or the pictures changed their places (and so got wrong labels)"
        )
    far = torch.cdist(after[:64], before[:64])
    moved = (far.amin(1) < 0.02) & (far.diagonal() > 0.3)
    if moved.sum() > 2:
        i = int(moved.int().argmax())
        raise Wrong(
            f"picture {i} of the result has the colours of picture {int(far[i].argmin())}, expected its own: pictures "
            "that change their places get wrong labels"
        )


def _by_itself(changed: Callable, images: Tensor) -> None:
    """Wrong if pictures have an effect on what becomes of others; the seeds stay the same."""

    def seeded(pictures: Tensor) -> Tensor:
        random.seed(1)
        np.random.seed(1)
        torch.manual_seed(1)
        return changed(pictures)

    before, others = seeded(images), images.roll(9, 0).flip(1)
    if not torch.equal(before, seeded(images)):
        return  # it draws with a generator of its own, so nothing can be compared
    for start in (0, 1):  # every other picture is exchanged
        mixed = images.clone()
        mixed[start::2] = others[start::2]
        effect = (seeded(mixed) - before).abs().mean((1, 2, 3))
        effect[start::2] = 0
        if effect.max() > 0.03:
            raise Wrong(
                f"your pictures are mixed with each other: when others of the batch are exchanged, the result of "
                f"picture {int(effect.argmax())} changes, too; expected a change of each picture by itself"
            )


def _by_its_own_numbers(changed: Callable, one: Tensor) -> None:
    """Wrong if the changes of a picture, 64 times in one batch, depend on each other."""
    results = [changed(one) for _ in range(8)]
    different = max(len(got.flatten(1).unique(dim=0)) for got in results)
    if different < 2:
        raise Wrong("a batch of one picture, 64 times, gives 64 equal results, expected a change of its own for each")
    together = len(torch.cat(results).flatten(1).unique(dim=0))
    if different < 8 and together >= 2 * different:
        raise Wrong(
            f"a batch of one picture, 64 times, gives {different} different results, other ones in each call, expected "
            "random numbers of its own for each picture"
        )
    if different == together == 64:
        raise Wrong("a batch of one picture, 64 times, gives the same 64 results in each call, expected new ones")
    moves = torch.stack(results) - one
    never = (moves.abs().amax((2, 3, 4)) < 1e-3).all(0).double().mean().item()
    if never > 0.4:
        raise Wrong(
            f"in 8 calls, {never:.0%} of the places in a batch never get a change, expected that each picture has its "
            "chance"
        )
    for effect in (moves.abs().mean((2, 3, 4)), moves.mean((2, 3, 4))):  # (calls, pictures)
        spread = effect.var(0).mean()
        if spread > 1e-10 and effect.mean(1).var() > 0.3 * spread:
            raise Wrong(
                "a batch of one picture, 64 times: in some calls all change much, in others all change little, "
                "expected random numbers of its own for each picture"
            )


CHECKERS = {
    "a": shares_of_classes,
    "b": parameters_of_a_pair,
    "c": share_that_is_left,
    "d": falling_rates,
    "e": contrast_of_its_own,
    "1": trust_in_answers,
    "2": network_in_few_steps,
    "3": flip_each,
    "4": balanced_indices,
    "5": augmentation,
}
