"""The exercises of lesson 07: LeNet-5's layers, log-softmax, the loss, and splits of the data."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.practice.judge import Wrong, array, call, same


def _random(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def halving_convolution(layer) -> None:
    """Any nn.Conv2d that maps (N, 3, 32, 32) to (N, 8, 16, 16)."""
    if not isinstance(layer, nn.Conv2d):
        kind = f"the class {layer.__name__}" if isinstance(layer, type) else f"a {type(layer).__name__}"
        raise Wrong(f"layer is {kind}, expected an nn.Conv2d with arguments, such as nn.Conv2d(1, 6, kernel_size=5)")
    for pictures in (1, 5):
        x = torch.zeros(pictures, 3, 32, 32)
        try:
            got, expected = tuple(layer(x).shape), (pictures, 8, 16, 16)
        except RuntimeError as error:
            raise Wrong(f"an input of shape {tuple(x.shape)} does not fit: {error}") from error
        if got[1] != 8:
            raise Wrong(f"the output has the shape {got}, expected {expected}: out_channels is not right")
        if got != expected:
            raise Wrong(
                f"the output has the shape {got}, expected {expected}: put your kernel_size k, stride s and padding p "
                "into (32 + 2p - k) // s + 1"
            )


def stable_log_softmax(log_softmax) -> None:
    """log_softmax(logits) -> (N, K): over the classes, for logits of any size."""
    logits = 3 * _random(4, 3)
    total = logits.exp().sum(1, keepdim=True)
    largest = logits.amax(1, keepdim=True)
    shifted = logits - largest
    same(
        call(log_softmax, logits.clone()),
        F.log_softmax(logits, dim=1),
        example="logits of shape (4, 3), all between -10 and 10",
        mistakes={
            "softmax: the logarithm is missing": logits.softmax(1),
            "log-softmax over the pictures instead of the classes (dim=0)": logits.log_softmax(0),
            "one sum over the whole batch": logits - logits.exp().sum().log(),
            "the sum without its logarithm": logits - total,
            "the wrong sign": -logits.log_softmax(1),
            "a logarithm to the base 2": logits.log_softmax(1) / np.log(2),
            "a logarithm to the base 10": logits.log_softmax(1) / np.log(10),
            "the maximum subtracted from one term only": logits - (logits - largest).exp().sum(1, keepdim=True).log(),
            "the maximum subtracted, and nothing more": logits - largest,
            "one sum over the whole batch: sum(dim=1, keepdim=True)": shifted - shifted.exp().sum().log(),
            "a sum over the pictures instead of the classes (dim=0)": shifted
            - shifted.exp().sum(0, keepdim=True).log(),
            "the mean of the row subtracted, and nothing more": logits - logits.mean(1, keepdim=True),
        },
    )
    extreme = torch.tensor([[1000.0, 0.0, 999.0], [-1000.0, -1001.0, -1003.0], [0.0, 0.0, 0.0], [90.0, -90.0, 0.0]])
    for row in (*extreme, *extreme.double()):
        got = array(call(log_softmax, row[None].clone()))
        if not np.isfinite(got).all():
            raise Wrong(
                f"the result holds nan or inf for the logits {row.tolist()}: exp() overflows or becomes 0; subtract "
                "the largest logit of each row first, and never take the logarithm of a softmax"
            )
        try:
            same(got, F.log_softmax(row[None], dim=1), atol=1e-3, example=f"the logits {row.tolist()}")
        except Wrong as wrong:
            raise Wrong(
                f"{wrong}: ordinary logits are right; a small number added inside the logarithm, or a limit, hides "
                "inf but gives a wrong number"
            ) from wrong
    mixed = call(log_softmax, extreme.clone())
    if not np.isfinite(array(mixed)).all():
        raise Wrong(
            "single rows are right, but a batch of very different rows gives nan or inf: subtract the maximum of each "
            "row, not that of the batch"
        )
    same(mixed, F.log_softmax(extreme, dim=1), atol=1e-3, example="a batch of very different rows")


def mean_nll(nll) -> None:
    """nll(log_p, targets) -> one number: the mean over the batch of minus the entry of the right class."""
    for n, k in ((6, 4), (1, 10), (5, 12)):
        log_p = F.log_softmax(2 * _random(n, k), dim=1)
        targets = torch.randint(k, (n,), generator=torch.Generator().manual_seed(n))
        right = log_p[torch.arange(n), targets]
        same(
            call(nll, log_p.clone(), targets.clone()),
            -right.mean(),
            what="the loss",
            example=f"log_p of shape {(n, k)} and the targets {targets.tolist()}",
            mistakes={
                "the wrong sign": right.mean(),
                "the sum over the batch, not the mean": -right.sum(),
                "the sum with the wrong sign": right.sum(),
                "each picture's loss; take their mean": -right,
                "all pairs of a picture and a target: log_p[:, targets]": -log_p[:, targets].mean(),
                "the mean of all entries": -log_p.mean(),
                "the sum divided by the number of classes": -right.sum() / k,
                "the sum divided by the number of entries": -right.sum() / (n * k),
                "the most probable class instead of the right one": -log_p.amax(1).mean(),
                "minus the mean probability: the logarithm is missing": -right.exp().mean(),
                "a second logarithm: log_p holds logarithms already": -right.log().mean(),
            },
        )


def convolution_as_linear(as_linear) -> None:
    """as_linear(conv) -> nn.Linear with the same numbers, for a convolution whose window covers its whole input."""
    for channels, outputs, kernel, bias in ((3, 4, (2, 2), True), (16, 120, (5, 5), True), (2, 3, (3, 4), False)):
        torch.manual_seed(1)
        conv = nn.Conv2d(channels, outputs, kernel, bias=bias)
        if bias:
            nn.init.normal_(conv.bias)
        x = _random(6, channels, *kernel)
        with torch.no_grad():
            expected = conv(x).flatten(1)
        try:
            linear = call(as_linear, conv)
        except Exception as error:
            error.called_with = f" (called with {conv})"
            raise
        if not isinstance(linear, nn.Linear):
            raise Wrong(f"the result is a {type(linear).__name__}, expected an nn.Linear")
        sizes = (linear.in_features, linear.out_features)
        if sizes != (channels * kernel[0] * kernel[1], outputs):
            raise Wrong(f"for {conv} the layer is {linear}, expected {channels * kernel[0] * kernel[1]} to {outputs}")
        if not torch.isin(linear.weight, conv.weight).all():
            raise Wrong("linear.weight holds numbers that are not in conv.weight: copy the weights of the convolution")
        if not bias and linear.bias is not None and linear.bias.any():
            raise Wrong(f"{conv} has no bias, but your linear layer adds one: give it bias=False")
        with torch.no_grad():
            weight = conv.weight
            turned = x.flatten(1) @ weight.permute(0, 2, 3, 1).reshape(outputs, -1).T
            shift = expected - x.flatten(1) @ weight.flatten(1).T
            same(
                linear(x.flatten(1)),
                expected,
                what="the output",
                example=f"{conv} and 6 random inputs",
                mistakes={
                    "the bias is missing": expected - shift,
                    "the weights with the channels last": turned + shift,
                    "the weights read column by column": x.flatten(1) @ weight.mT.flatten(1).T + shift,
                    "the flipped kernel": x.flatten(1) @ weight.flip(2, 3).flatten(1).T + shift,
                },
            )


def _folds(k_fold, n: int, k: int, seed: int) -> list[tuple[list[int], list[int]]]:
    """What k_fold returns, as lists of int; Wrong if it has another form."""
    result = call(k_fold, n, k, seed)
    try:
        result = list(result)
        pairs = [tuple(array(list(part) if isinstance(part, Sequence) else part) for part in pair) for pair in result]
    except TypeError as error:
        raise Wrong(f"the result is a {type(result).__name__}, expected a list of pairs (train, validation)") from error
    if len(pairs) != k:
        raise Wrong(f"there are {len(pairs)} splits for n={n}, k={k}, expected {k}")
    for i, pair in enumerate(pairs):
        if len(pair) != 2:
            raise Wrong(f"split {i} has {len(pair)} parts, expected a pair (train, validation)")
        for part in pair:
            if part.ndim != 1 or (part.size and not np.issubdtype(part.dtype, np.integer)):
                raise Wrong(f"split {i} holds an array of {part.dtype} with shape {part.shape}, expected a list of int")
    return [(train.tolist(), validation.tolist()) for train, validation in pairs]


def k_fold_splits(k_fold) -> None:
    """k_fold(n, k, seed) -> k pairs (train, validation) of indices; every good way to draw them is right."""
    for n, k in ((12, 3), (10, 2), (103, 5), (6, 4), (7, 7)):
        splits, given = _folds(k_fold, n, k, 0), f"n={n}, k={k}"
        everything = list(range(n))
        for i, (train, validation) in enumerate(splits):
            if stray := sorted(set(train + validation) - set(everything)):
                raise Wrong(f"split {i} of {given} holds the index {stray[0]}, expected 0 to {n - 1}")
            if both := sorted(set(train) & set(validation)):
                raise Wrong(f"split {i} of {given} has {both[0]} in train and in validation: the mock exam leaks")
            if sorted(train + validation) != everything:
                raise Wrong(
                    f"split {i} of {given} holds {len(set(train + validation))} different indices in "
                    f"{len(train)} + {len(validation)} places, expected each of the {n} once"
                )
        counts = np.bincount([i for _, validation in splits for i in validation], minlength=n)
        if (counts != 1).any():
            i = int((counts != 1).argmax())
            advice = "cut one order into k parts"
            if (counts == k - 1).all():
                advice = "are train and validation exchanged?"
            raise Wrong(f"{given}: index {i} is in {counts[i]} validation parts, expected 1: {advice}")
        sizes = [len(validation) for _, validation in splits]
        if max(sizes) - min(sizes) > 1:
            raise Wrong(
                f"{given}: the validation parts have the sizes {sizes}, expected sizes that differ by at most 1"
            )
    first = _folds(k_fold, 103, 5, 0)
    if first != _folds(k_fold, 103, 5, 0):
        raise Wrong("the same seed gives two different splits, expected the same one again")
    parts = [sorted(validation) for _, validation in first]
    if all(part[-1] - part[0] == len(part) - 1 for part in parts):
        raise Wrong("the validation parts are neighbours in the file, expected a random order: shuffle before you cut")
    if {tuple(part) for part in parts} == {tuple(sorted(v)) for _, v in _folds(k_fold, 103, 5, 1)}:
        raise Wrong("the seeds 0 and 1 give the same parts, expected different ones: does the seed reach the shuffle?")


CHECKERS = {
    "1": halving_convolution,
    "2": stable_log_softmax,
    "3": mean_nll,
    "4": convolution_as_linear,
    "5": k_fold_splits,
}
