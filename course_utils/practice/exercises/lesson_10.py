"""The exercises of lesson 10: a falling learning rate, scores of single classes, fair samples, changed pictures."""

from collections.abc import Sequence

import numpy as np
import torch

from course_utils.practice.judge import Wrong, array, call, same


def _generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def falling_rates(learning_rates) -> None:
    """learning_rates(lr, step_size, gamma, epochs) -> the learning rate of each epoch, as StepLR sets it."""
    for lr, step_size, gamma, epochs in ((0.1, 1, 0.9, 5), (1.0, 3, 0.5, 8), (0.2, 10, 0.1, 4), (0.8, 4, 0.5, 12)):
        epoch = np.arange(epochs)
        same(
            call(learning_rates, lr, step_size, gamma, epochs),
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


def accuracy_of_classes(class_accuracy) -> None:
    """class_accuracy(targets, answers, classes) -> (classes,): of each class, the share that is answered right."""
    for classes, n in ((3, 40), (10, 500)):
        targets = torch.randint(classes, (n,), generator=_generator(1))
        targets[:classes] = torch.arange(classes)
        answers = torch.where(
            torch.rand(n, generator=_generator(2)) < 0.6, targets, torch.randint(classes, (n,), generator=_generator(3))
        )
        answers[answers == classes - 1] = 0  # the last class is never answered
        counts = torch.zeros(classes, classes, dtype=torch.double)
        for target, answer in zip(targets, answers, strict=True):
            counts[target, answer] += 1
        right, of_class, of_answer = counts.diagonal(), counts.sum(1), counts.sum(0)
        got = array(call(class_accuracy, targets.clone(), answers.clone(), classes))
        precision = right / of_answer
        if got.shape == (10,) != (classes,):
            raise Wrong(f"for {classes} classes, the result has the shape (10,): use the argument classes")
        if got.shape == (classes,) and np.allclose(got[:-1], precision[:-1], atol=1e-4):
            raise Wrong(
                f"class 0 gets {got[0]:.4g}, expected {right[0] / of_class[0]:.4g}; this looks like precision, the "
                "share of the ANSWERS k that are right: divide by how many targets are k"
            )
        same(
            got,
            right / of_class,
            example=f"{n} pictures, {classes} classes, of which the last is never answered",
            mistakes={
                "the accuracy of all classes together": (right.sum() / n).expand(classes),
                "one accuracy of all classes together: one for each class is wanted": right.sum() / n,
                "right no's counted, too: look at the pictures of class k only": (n - of_class - of_answer + 2 * right)
                / n,
                "a division without remainder: use /, not //": right // of_class,
                "a division by all pictures": right / n,
                "the numbers of right answers: divide by how many targets are k": right,
                "the share of wrong answers": 1 - right / of_class,
                "the share of each class in the targets": of_class / n,
                "percent; shares from 0 to 1 are wanted": 100 * right / of_class,
            },
        )


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
        if torch.equal(chosen, flipped(images, p)):
            raise Wrong("two calls mirror the same images, expected new random numbers in each call")
    flipped(square, 0.5)


def _indices(balanced_indices, labels: torch.Tensor, count: int, seed: int) -> list[int]:
    result = call(balanced_indices, labels.clone(), count, seed)
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
    row = labels[seen[0]]
    if (row[1:] != row[:-1]).sum() < 60:
        raise Wrong(
            "the sample lies class by class, expected a mixed order: the first batch would hold few classes only"
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
    "1": falling_rates,
    "2": accuracy_of_classes,
    "3": flip_each,
    "4": balanced_indices,
    "5": augmentation,
}
