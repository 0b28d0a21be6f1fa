"""The exercises of lesson 14: shares of the data, means over processes, the bytes of an all-reduce."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.practice.judge import NotDone, Wrong, call, same


def indices_of_a_rank(indices) -> None:
    """indices(n, rank, world_size) -> what DistributedSampler without shuffling gives to this rank."""
    for n, size in ((10, 2), (10, 4), (11, 3), (7, 5)):
        each = -(-n // size)
        padded = [*range(n), *range(each * size - n)]
        for rank in range(size):
            same(
                call(indices, n, rank, size),
                padded[rank::size],
                what="the list of indices",
                example=f"n={n}, rank={rank}, world_size={size}",
                mistakes={
                    "shares without padding: all processes must get equally many": list(range(n))[rank::size],
                    "a division rounded down: the last pictures are in no share": list(range(n // size * size))[
                        rank::size
                    ],
                    "neighbours in one share: rank r takes the places r, r + world_size, ...": padded[
                        rank * each : (rank + 1) * each
                    ],
                    "padding with the last index: the padding starts again at 0": (
                        [*range(n), *[n - 1] * (each * size - n)][rank::size]
                    ),
                    "padding from the own share: the padding starts again at 0, for all shares together": (
                        [*range(n)[rank::size], *[rank] * (each - len(range(n)[rank::size]))]
                    ),
                    "indices modulo n, but a stride of n": [(rank + i * n) % n for i in range(each)],
                    "a rank that counts from 1": padded[rank + 1 :: size],
                    "the shares of all processes": padded,
                },
            )


def _replicas(size: int = 3) -> list[nn.Module]:
    """Copies of one small network, each with the gradients of its own batch."""
    numbers = torch.Generator().manual_seed(11)
    replicas = []
    for _ in range(size):
        model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
        weights = torch.Generator().manual_seed(5)
        for parameter in model.parameters():
            parameter.data.normal_(generator=weights)
        x = torch.randn(6, 4, generator=numbers)
        F.cross_entropy(model(x), torch.randint(2, (6,), generator=numbers)).backward()
        replicas.append(model)
    return replicas


def _vector(tensors) -> np.ndarray:
    return torch.cat([tensor.detach().flatten() for tensor in tensors]).numpy()


def mean_of_gradients(average) -> None:
    """average(models) writes the mean of all models' gradients into each of them, and leaves the weights alone."""
    for size in (3, 2):
        models, own = _replicas(size), _replicas(size)
        before = [_vector(p.grad for p in model.parameters()) for model in own]
        weights = _vector(own[0].parameters())
        average(models)
        after = []
        for rank, model in enumerate(models):
            if any(p.grad is None for p in model.parameters()):
                raise Wrong(f"after your function, model {rank} has parameters without a gradient")
            after.append(_vector(p.grad for p in model.parameters()))
            same(_vector(model.parameters()), weights, what=f"the vector of weights of model {rank}")
        if all(np.array_equal(a, b) for a, b in zip(after, before, strict=True)):
            raise NotDone("no gradient has changed")
        mean, running = np.mean(before, axis=0), [*before]
        for rank in range(size):  # model after model, with what stands there by then
            running[rank] = np.mean(running, axis=0)
        for rank in range(size):
            same(
                after[rank],
                mean,
                what=f"the vector of gradients of model {rank}",
                example=f"{size} models",
                atol=1e-5,
                mistakes={
                    "the sum of all: divide by the number of models": size * mean,
                    "model after model: means that contain means; compute all of them first": running[rank],
                    "the gradients of one model, copied": before[0],
                    "its own gradients: does the first model alone get the mean?": before[rank],
                    "its own gradients, divided by the number of models": before[rank] / size,
                    "a division by the number of models, twice": mean / size,
                },
            )


def statistics_of_all(statistics) -> None:
    """statistics(shares) -> mean and variance (C,) of all rows, from the rows (N, C) of each process."""
    numbers = torch.Generator().manual_seed(12)
    for sizes in ((4, 4), (6, 3, 2)):
        shares = [torch.randn(n, 3, generator=numbers) * (1 + i) + 2 * i for i, n in enumerate(sizes)]
        rows = torch.cat(shares)
        result = call(statistics, [share.clone() for share in shares])
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            raise Wrong(f"the result is a {type(result).__name__}, expected a pair: (mean, variance)")
        example = f"shares of {' and '.join(map(str, sizes))} rows"
        same(
            result[0],
            rows.mean(0),
            what="the mean",
            example=example,
            mistakes={
                "the mean of the means: a short share counts as much as a long one": _mean([s.mean(0) for s in shares]),
                "a sum: divide by the number of rows": rows.sum(0),
                "the mean of the first share": shares[0].mean(0),
                "one mean over all features: keep the features apart": rows.mean(),
            },
        )
        weighted = sum(len(s) * s.var(0, unbiased=False) for s in shares) / len(rows)
        same(
            result[1],
            rows.var(0, unbiased=False),
            what="the variance",
            example=example,
            mistakes={
                "the mean of the variances: it forgets that the means of the shares differ": _mean(
                    [s.var(0, unbiased=False) for s in shares]
                ),
                "the mean of the variances, weighted: it forgets that the means of the shares differ": weighted,
                "the mean of the variances, each with n - 1: it forgets that the means of the shares differ": _mean(
                    [s.var(0) for s in shares]
                ),
                "a division by n - 1: batch normalisation divides by n": rows.var(0),
                "the mean of the squares: subtract the square of the mean": rows.square().mean(0),
                "the standard deviation": rows.std(0, unbiased=False),
            },
        )


def _mean(tensors: list[Tensor]) -> Tensor:
    return torch.stack(tensors).mean(0)


def accuracy_of_all(accuracy) -> None:
    """accuracy(hits, n) -> the share of right answers among n pictures, from padded lists of each process."""
    for right, size in (([1, 0, 1, 1, 1, 0, 0, 1, 1, 1], 4), ([0, 1, 1, 0, 1, 1, 0], 3), ([1, 0, 1, 1, 0, 1], 2)):
        n, each = len(right), -(-len(right) // size)
        padded = right + right[: each * size - n]
        hits = [padded[rank::size] for rank in range(size)]
        same(
            call(accuracy, [list(part) for part in hits], n),
            sum(right) / n,
            what="the accuracy",
            example=f"n={n}, hits={hits}",
            mistakes={
                "all hits, the padding among them": sum(padded) / len(padded),
                "all hits divided by n: some are counted twice": sum(padded) / n,
                "the end of the last process's list cut off: the padding is the last place of several processes": (
                    sum(sum(hits, [])[:n]) / n
                ),
                "the last place of the first processes cut off: the padding is with the last processes": (
                    sum(sum((h[:-1] if rank < each * size - n else h for rank, h in enumerate(hits)), [])) / n
                ),
                "the last place of every process cut off": sum(sum((h[:-1] for h in hits), []))
                / max(1, sum(len(h) - 1 for h in hits)),
                "the accuracy of rank 0 alone": sum(hits[0]) / each,
                "a number of hits: divide by n": sum(right),
                "a percentage: the fraction is expected, from 0 to 1": 100 * sum(right) / n,
            },
        )


def bytes_of_a_ring(bytes_sent) -> None:
    """bytes_sent(parameters, world_size) -> bytes that each process sends in a ring all-reduce of float32 gradients."""
    for parameters, size in ((44_400, 5), (44_400, 2), (307_944, 8)):
        part = parameters * 4 / size
        same(
            call(bytes_sent, parameters, size),
            2 * (size - 1) * part,
            what="the number of bytes",
            example=f"{parameters:,} parameters, {size} processes",
            atol=0.5,
            mistakes={
                "a number of parameters: float32 has four bytes": 2 * (size - 1) * part / 4,
                "half of the way: the finished sums travel too": (size - 1) * part,
                "p rounds in place of p - 1, or the whole gradient twice": 2 * size * part,
                "the whole vector in each round (a process sends one part), or the bytes of all processes": (
                    2 * (size - 1) * parameters * 4
                ),
                "the whole gradient to each of the others: a ring sends parts": (size - 1) * parameters * 4,
                "one part alone": part,
                "the whole gradient, once": parameters * 4,
                "bits: a byte has eight": 2 * (size - 1) * part * 8,
                "eight bytes for each number: float32 has four": 2 * (size - 1) * part * 2,
            },
        )


CHECKERS = {
    "1": indices_of_a_rank,
    "2": accuracy_of_all,
    "3": mean_of_gradients,
    "4": statistics_of_all,
    "5": bytes_of_a_ring,
}
