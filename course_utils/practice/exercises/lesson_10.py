"""The exercises of lesson 10: fair samples, running averages, a falling learning rate, changed pictures, a training."""

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from course_utils.data import load
from course_utils.practice.judge import NotDone, Wrong, array, call, call_on_copies, same


def _generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# ---- small tasks inside the lesson ----


def shares_of_classes(shares) -> None:
    """shares(labels, classes) -> (classes,): which share of the labels each class has; 0 for one that is missing."""
    for classes, n, used in ((3, 40, 3), (12, 500, 10), (10, 7, 4), (3, 40, 3)):
        labels = torch.randint(used, (n,), generator=_generator(n))
        example = f"{n} labels, classes={classes}, of which the last {classes - used} are missing"
        counts = torch.bincount(labels, minlength=classes).double()
        same(
            call_on_copies(shares, labels, classes, changed="your function changes the labels", example=example),
            counts / n,
            what="the tensor of shares",
            example=example,
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


def parameters_of_a_pair(pair_parameters) -> None:
    """pair_parameters(inputs, outputs): of two 3x3 convolutions without bias, each with a batch norm."""
    for i, o in ((3, 16), (16, 32), (5, 7), (1, 1), (64, 64), (100, 20), (3, 16)):
        first, second, norm = 9 * i * o, 9 * o * o, 2 * o
        same(
            call(pair_parameters, i, o),
            first + second + 2 * norm,
            what="the number of parameters",
            example=f"inputs={i}, outputs={o}",
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
    for momentum, steps in ((0.1, 22), (0.5, 3), (0.01, 100), (0.3, 0), (1.0, 2), (0.25, 1), (0.1, 22)):
        left = (1 - momentum) ** steps
        same(
            call(share_left, momentum, steps),
            left,
            what="the share",
            example=f"momentum={momentum}, steps={steps}",
            atol=1e-6,
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
        (3.0, 2, 1.5, 1),
        (0.1, 1, 0.9, 5),
    )
    for lr, step_size, gamma, epochs in cases:
        epoch = np.arange(epochs)
        same(
            call(step_rates, lr, step_size, gamma, epochs),
            lr * gamma ** (epoch // step_size),
            what="the list of learning rates",
            example=f"lr={lr}, step_size={step_size}, gamma={gamma}, epochs={epochs}",
            atol=1e-6,
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


def light_of_its_own(relight) -> None:
    """relight(images, strength): each picture times its own random number from 1 - strength to 1 + strength."""
    changed = "your function changes its argument images, expected a new tensor"

    def factors(images: Tensor, strength: float) -> Tensor:
        """The number that each picture was multiplied by; Wrong where it is not one number."""
        example = f"images {tuple(images.shape)}, strength={strength}"
        got = call_on_copies(relight, images, strength, changed=changed, example=example)
        got = torch.as_tensor(array(got)).double()
        if got.shape != images.shape:
            raise Wrong(f"the result has the shape {tuple(got.shape)}, expected {tuple(images.shape)} (for {example})")
        ratio = (got / images.double()).flatten(1)
        factor = ratio.median(dim=1).values
        odd = (ratio - factor[:, None]).abs().amax(1) > 1e-3
        if odd.any():
            i = int(odd.int().argmax())
            raise Wrong(
                f"picture {i} is multiplied by numbers from {ratio[i].min():.3g} to {ratio[i].max():.3g}, expected one "
                f"number for a whole picture: random numbers of shape (N, 1, 1, 1) (for {example})"
            )
        if (factor < 1 - strength - 1e-3).any() or (factor > 1 + strength + 1e-3).any():
            raise Wrong(
                f"the factors lie from {factor.min():.3g} to {factor.max():.3g}, expected from {1 - strength:.3g} to "
                f"{1 + strength:.3g} (for {example})"
            )
        return factor

    for n, channels, height, width, strength in ((400, 3, 4, 5, 0.3), (400, 1, 6, 3, 0.8), (400, 2, 2, 2, 0.1)):
        images = 0.5 + torch.rand(n, channels, height, width, generator=_generator(n + channels))
        first, second = factors(images, strength), factors(images, strength)
        example = f"{n} pictures, strength={strength}"
        if (first - first[0]).abs().max() < 1e-3:
            raise Wrong(f"all pictures are multiplied by {first[0]:.3g}, expected an own number for each ({example})")
        if torch.allclose(first, second, atol=1e-6):
            raise Wrong(f"two calls draw the same numbers, expected new ones in each call ({example})")
        place = (first - (1 - strength)) / (2 * strength)  # from 0 to 1
        quarters = torch.histc(place.clamp(0, 1).float(), 4, 0, 1) / n
        if quarters.min() < 0.12 or quarters.max() > 0.4:
            raise Wrong(
                f"the factors lie from {first.min():.3g} to {first.max():.3g} in shares of "
                f"{', '.join(f'{share:.0%}' for share in quarters)} for the four quarters of the range "
                f"{1 - strength:.3g} to {1 + strength:.3g}, expected about 25% in each ({example})"
            )
        if torch.corrcoef(torch.stack([place[1:], place[:-1]]))[0, 1].abs() > 0.3:
            raise Wrong(f"the factors of neighbours in the batch depend on each other, expected chance ({example})")
    factors(images[:1], 0.5)
    if (factors(images, 0.0) - 1).abs().max() > 1e-3:
        raise Wrong("strength=0: the pictures are changed, expected that all stay as they are")


# ---- exercises ----


def trust_in_answers(trust) -> None:
    """trust(targets, answers, classes) -> (classes,): of the answers k, the share that is right, or 0."""
    for classes, n in ((3, 40), (10, 500), (12, 300), (3, 40)):
        targets = torch.randint(classes, (n,), generator=_generator(1))
        targets[:classes] = torch.arange(classes)
        answers = torch.where(
            torch.rand(n, generator=_generator(2)) < 0.6, targets, torch.randint(classes, (n,), generator=_generator(3))
        )
        answers[answers == classes - 1] = 0  # the last class is never answered
        answers[:classes] = torch.arange(classes) // 2  # some are wrong in any case
        counts = torch.bincount(targets * classes + answers, minlength=classes**2).reshape(classes, classes).double()
        right, of_class, of_answer = counts.diagonal(), counts.sum(1), counts.sum(0)
        example = f"{n} pictures, {classes} classes, of which the last is never answered"
        got = call_on_copies(
            trust, targets, answers, classes, changed="your function changes an argument", example=example
        )
        got = array(got)
        expected = right / of_answer.clamp(min=1)
        if got.shape == (10,) != (classes,):
            raise Wrong(f"for {classes} classes, the result has the shape (10,): use the argument classes")
        if (
            got.shape == (classes,)
            and np.isnan(got[-1].astype(float))
            and np.allclose(got[:-1], expected[:-1], atol=1e-4)
        ):
            raise Wrong(
                f"class {classes - 1} gets nan, expected 0: nobody answers it, so 0 is divided by 0 ({example})"
            )
        same(
            got,
            expected,
            example=example,
            mistakes={
                "the share of the PICTURES of class k that are right (the accuracy of the class): divide by how many "
                "answers are k": right / of_class,
                "targets and answers in the wrong order": right / of_class,
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


class _Batches:
    """The batches, in order, for one pass. A second pass is refused."""

    def __init__(self, images: Tensor, labels: Tensor):
        self.images, self.labels, self.passes = images, labels, 0

    def __len__(self) -> int:
        return STEPS

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        self.passes += 1
        if self.passes > 1:
            raise Wrong(f"your function goes through the batches a second time; the {STEPS} batches are for one pass")
        for i in range(STEPS):
            part = slice(i * BATCH, (i + 1) * BATCH)
            yield self.images[part].clone(), self.labels[part].clone()


def network_in_few_steps(learn) -> str:
    """learn(batches) -> a network that it made and trained in at most 150 steps; it is asked in evaluation mode.

    Called a second time with classes that have other numbers: what it returns has to be a new network.
    """
    images, labels, new, truth = _pictures()
    found = []
    for renamed in (0, 3):
        steps: list[int] = []
        hook = register_optimizer_step_post_hook(lambda *_, seen=steps: seen.append(1))
        try:
            model = call(learn, _Batches(images, (labels + renamed) % 10))
        except (Wrong, NotDone):
            raise
        except Exception as error:
            error.called_with = f" (for {STEPS} batches of {BATCH} pictures (3, 32, 32))"
            raise
        finally:
            hook.remove()
        if not isinstance(model, nn.Module):
            raise Wrong(f"the result is a {type(model).__name__}, expected the trained network")
        if len(steps) > STEPS:
            raise Wrong(f"the optimizer made {len(steps)} steps, expected {STEPS} at most: one for each batch")
        if (n := sum(p.numel() for p in model.parameters())) > MOST_PARAMETERS:
            raise Wrong(f"your network has {n:,} parameters, expected {MOST_PARAMETERS:,} at most")
        _gives_logits(model, new[:BATCH])
        right = _share_right(model, new, (truth + renamed) % 10)
        if right < GOAL:
            raise Wrong(_why(model, right, len(steps), renamed))
        found.append(right)
    return f"{found[0]:.1%} of 1,000 new pictures right"


def _share_right(model: nn.Module, images: Tensor, labels: Tensor, training: bool = False) -> float:
    model = copy.deepcopy(model).train(training)
    with torch.no_grad():
        hits = [(model(x.clone()).argmax(1) == y) for x, y in zip(images.split(250), labels.split(250), strict=True)]
    return torch.cat(hits).double().mean().item()


def _gives_logits(model: nn.Module, images: Tensor) -> None:
    twin = copy.deepcopy(model).eval()
    for x in (images, images[:1]):
        with torch.no_grad():
            logits = twin(x.clone())
        if tuple(getattr(logits, "shape", ())) != (len(x), 10):
            shape = tuple(getattr(logits, "shape", ()))
            raise Wrong(f"your network gives the shape {shape} for {len(x)} pictures, expected {(len(x), 10)}")
    with torch.no_grad():
        logits = twin(images.clone()).double()
    if (logits >= 0).all():
        softmax = torch.allclose(logits.sum(1), torch.ones(len(logits), dtype=torch.double), atol=1e-3)
        end = "a softmax" if softmax else "a ReLU"
        raise Wrong(f"{end} seems to stand at the end of your network: no output is negative; expected logits")
    if torch.allclose(logits.exp().sum(1), torch.ones(len(logits), dtype=torch.double), atol=1e-3):
        raise Wrong("a log-softmax seems to stand at the end of your network, expected logits")


def _why(model: nn.Module, right: float, steps: int, renamed: int) -> str:
    _, _, new, truth = _pictures()
    got = f"in evaluation mode {right:.0%} of 1,000 new pictures are right, expected {GOAL:.0%}"
    if renamed and _share_right(model, new, truth) >= GOAL:
        return (
            "in a second call, with other numbers for the classes, it returns the network of the first: make a new one"
        )
    if not steps:
        return f"{got}. No optimizer made a step: is optimizer.step() missing?"
    with_batch = _share_right(model, new, (truth + renamed) % 10, training=True)
    if with_batch > right + 0.06:
        return f"{got}; with the batch's own statistics {with_batch:.0%}. So the running averages lag: section 3"
    if steps < STEPS / 2:
        return f"{got}. The optimizer made {steps} steps; there are {STEPS} batches"
    if right < 0.15:
        return f"{got}. That is guessing: is the learning rate far too large or small, or zero_grad() missing?"
    return f"{got}. It learns, but slowly: look at the rate and its plan, at batch norm, at the widths"


def flip_each(random_flip) -> None:
    """random_flip(images, p): each image is mirrored left to right, by itself, with the probability p."""
    images = torch.rand(1500, 3, 4, 5, generator=_generator())
    square = torch.rand(300, 3, 4, 4, generator=_generator())

    def flipped(images: torch.Tensor, p: float) -> torch.Tensor:
        """Which images were mirrored; Wrong if one is neither mirrored nor as it was."""
        argument = images.clone()
        got = call(random_flip, argument, p)
        got = torch.as_tensor(array(got))
        if got.shape != images.shape:
            raise Wrong(f"the result has the shape {tuple(got.shape)}, expected {tuple(images.shape)}")
        if not torch.equal(argument, images):
            raise Wrong("your function changed its argument images, expected a new tensor")
        pictures = got.float()
        kept, mirrored = ((pictures - other).abs().flatten(1).amax(1) < 1e-6 for other in (images, images.flip(3)))
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
            raise Wrong(f"image {i} is neither as it was nor mirrored left to right (the last axis){looks}")
        return mirrored & ~kept

    flipped(images, 0.5)  # the shape first: it says more than what p=0 may lead to
    if flipped(images, 0.0).any():
        raise Wrong("p=0: some images are mirrored, expected none")
    if not flipped(images, 1.0).all():
        raise Wrong("p=1: some images are not mirrored, expected that all are")
    for p in (0.5, 0.2):
        chosen = flipped(images, p)
        share = chosen.float().mean().item()
        if share in (0, 1):
            raise Wrong(
                f"p={p}: {'all' if share else 'none'} of 1500 images are mirrored, expected a coin for each image"
            )
        if abs(share - p) > 0.06:
            looks = "; p is the probability to flip, not to keep" if abs(share - 1 + p) < 0.06 else ""
            raise Wrong(f"p={p}: {share:.0%} of the images are mirrored, expected about {p:.0%}{looks}")
        if (chosen[1:] != chosen[:-1]).sum() < 0.5 * len(chosen) * p * (1 - p):
            raise Wrong(f"p={p}: the mirrored images are neighbours in the batch, expected a coin for each image")
        alike = [(chosen[lag:] == chosen[:-lag]).float().mean().item() for lag in range(1, 13)]
        if max(abs(share - p * p - (1 - p) ** 2) for share in alike) > 0.1:
            raise Wrong(f"p={p}: the mirrored images follow a pattern in the batch, expected a coin for each image")
        if torch.equal(chosen, flipped(images, p)):
            raise Wrong(f"p={p}: two calls mirror the same images, expected new random numbers in each call")
        if len({int(flipped(images, p).sum()) for _ in range(6)}) == 1:
            raise Wrong(f"p={p}: each call mirrors exactly {chosen.sum()} of 1500 images, expected a coin for each")
    flipped(square, 0.5)
    flipped(images[:1, :1], 0.5)


def _indices(balanced_indices, labels: torch.Tensor, count: int, seed: int) -> list[int]:
    changed, example = "your function changes its argument labels", f"{len(labels)} labels, count={count}, seed={seed}"
    result = call_on_copies(balanced_indices, labels, count, seed, changed=changed, example=example)
    result = array(list(result) if isinstance(result, Sequence) else result, "the list of indices")
    if result.ndim != 1 or not np.issubdtype(result.dtype, np.integer):
        raise Wrong(f"the indices are {result.dtype} with the shape {result.shape}, expected integers with one axis")
    return result.tolist()


def balanced_indices(draw) -> None:
    """balanced_indices(labels, count, seed) -> indices: `count` of each class, at random, in mixed order."""
    labels = torch.randint(10, (900,), generator=_generator())
    labels[torch.randperm(900, generator=_generator(2))[:100]] = 3  # class 3 is much more frequent
    count, seen = 20, []
    for seed in range(8):
        kept = _indices(draw, labels, count, seed)
        if kept and not 0 <= min(kept) <= max(kept) < len(labels):
            raise Wrong(f"the indices lie from {min(kept)} to {max(kept)}, expected from 0 to {len(labels) - 1}")
        if len(kept) == 10 * count and sorted(kept) == sorted(list(range(10)) * count):
            raise Wrong("these are the labels of the pictures, expected their places: the indices themselves")
        counts = torch.bincount(labels[kept], minlength=10).tolist()
        if len(set(kept)) < len(kept) and max(kept) < labels.bincount().max():
            raise Wrong(
                f"these look like positions INSIDE each class: the greatest is {max(kept)} of {len(labels)}, and "
                f"only {len(set(kept))} of {len(kept)} differ; expected places in labels"
            )
        if len(set(kept)) < len(kept):
            raise Wrong(
                f"{len(kept)} indices, but only {len(set(kept))} different ones: a picture is drawn twice; draw "
                "without putting back"
            )
        if counts != [count] * 10:
            looks = ""
            if len(kept) == 10 * count:
                looks = "; the total is right: draw from each class by itself"
            elif len(kept) == count:
                looks = f"; count={count} is meant for each class"
            raise Wrong(f"the classes have {counts} pictures, expected {count} of each{looks}")
        seen.append(kept)
    if _indices(draw, labels, count, 0) != seen[0]:
        raise Wrong("the same seed gives two different samples, expected the same one again")
    different = len({i for kept in seen for i in kept})
    first = {i for k in range(10) for i in (labels == k).nonzero()[:count, 0].tolist()}
    if set(seen[0]) == first:
        raise Wrong(f"these are the first {count} pictures of each class, expected a random choice")
    if set(seen[0]) == set(seen[1]):
        raise Wrong(
            "the seeds 0 and 1 give the same pictures, expected different ones: does the seed reach the choice?"
        )
    if different < 0.6 * len(labels):
        raise Wrong(
            f"eight seeds together choose only {different} of {len(labels)} pictures, expected nearly all: choose from "
            "all pictures of a class"
        )
    for n, few, seed in ((200, 1, 5), (400, 7, 123456), (200, 1, 5)):
        others = torch.cat([torch.arange(10).repeat(8), torch.randint(10, (n,), generator=_generator(n))])
        kept = _indices(draw, others, few, seed)
        counts = torch.bincount(others[kept], minlength=10).tolist() if max(kept, default=n) < len(others) else []
        if counts != [few] * 10 or len(set(kept)) < len(kept):
            raise Wrong(
                f"the classes have {counts} pictures, expected {few} of each ({len(others)} labels, count={few})"
            )
    row = labels[seen[0]]
    if (row[1:] != row[:-1]).sum() < 60:
        raise Wrong(
            "the sample lies class by class, expected a mixed order: the first batch would hold few classes only"
        )


def _by_itself(augment: Callable, images: Tensor) -> None:
    """Wrong if a picture has an effect on what becomes of another one; the seeds stay the same."""

    def seeded(pictures: Tensor) -> Tensor:
        random.seed(1)
        np.random.seed(1)
        torch.manual_seed(1)
        return call(augment, pictures.clone())

    for i in (0, 17, 40):
        other = images.clone()
        other[i] = images[(i + 9) % len(images)].flip(0, 1)
        before, after, again = seeded(images), seeded(other), seeded(images)
        if not torch.equal(before, again):
            return  # it draws with a generator of its own, so nothing can be compared
        effect = (after - before).abs().mean((1, 2, 3))
        effect[i] = 0
        if effect.max() > 0.1:
            raise Wrong(
                f"your pictures are mixed with each other: when picture {i} of the batch is exchanged, the result of "
                f"picture {int(effect.argmax())} changes, too; expected a change of each picture by itself"
            )


def augmentation(augment) -> None:
    """augment(images) -> images: any random change of each picture by itself that keeps shape, dtype and mean."""
    coarse = torch.randn(64, 3, 8, 8, generator=_generator())
    images = torch.nn.functional.interpolate(coarse, size=32, mode="bilinear") * 1.2
    images += 0.5 * torch.randn(64, 3, 1, 1, generator=_generator(2))
    images -= images.mean()

    def changed(images: torch.Tensor) -> torch.Tensor:
        got = call(augment, images.clone())
        if not isinstance(got, torch.Tensor):
            raise Wrong(f"the result is a {type(got).__name__}, expected a tensor")
        if got.shape != images.shape or got.dtype != images.dtype:
            raise Wrong(
                f"the result is {got.dtype} of shape {tuple(got.shape)}, "
                f"expected {images.dtype} of shape {tuple(images.shape)}"
            )
        if not torch.isfinite(got).all():
            raise Wrong("the result holds nan or inf")
        return got.detach()

    got = changed(images)
    changed(images[:7])
    touched = (got != images).flatten(1).any(1).float().mean().item()
    if touched < 0.25:
        raise Wrong(f"{touched:.0%} of the pictures are changed, expected at least a quarter")
    if torch.equal(got, changed(images)):
        raise Wrong("two calls give the same result, expected new random numbers in each call")
    _by_itself(augment, images)
    for i in (0, 5):
        one = images[i : i + 1].expand(64, -1, -1, -1).contiguous()
        different = len(changed(one).flatten(1).unique(dim=0))
        if different < 2:
            raise Wrong(
                "a batch of one picture, 64 times, gives 64 equal results, expected a change of its own for each"
            )
    moved = (got.mean() - images.mean()).item()
    if abs(moved) > 0.1:
        raise Wrong(f"the mean of the batch moves from {images.mean():.2f} to {got.mean():.2f}, expected at most 0.1")
    before, after = images.mean((2, 3)).flatten(), got.mean((2, 3)).flatten()
    alike = torch.corrcoef(torch.stack([before, after]))[0, 1].item()
    if not alike > 0.5:
        raise Wrong(
            f"the colours of the pictures before and after have a correlation of {alike:.2f}, expected above 0.5: too "
            "little of each picture is left, or the pictures changed their places (and so got wrong labels)"
        )


CHECKERS = {
    "a": shares_of_classes,
    "b": parameters_of_a_pair,
    "c": share_that_is_left,
    "d": falling_rates,
    "e": light_of_its_own,
    "1": trust_in_answers,
    "2": network_in_few_steps,
    "3": flip_each,
    "4": balanced_indices,
    "5": augmentation,
}
