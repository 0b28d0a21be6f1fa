"""The tasks and exercises of lesson 14: several processes, played in one, and a batch in pieces."""

import queue
import threading
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.data import load
from course_utils.models import LeNet, Mlp
from course_utils.practice.judge import NotDone, Wrong, call, is_stub, same


def _run(function: Callable, *arguments: object, example: str, returns: bool = True) -> object:
    """As `call`; an error names the example. `returns=False`: the function changes its arguments, None is right."""
    try:
        return call(function, *arguments) if returns else function(*arguments)
    except (Wrong, NotDone):
        raise
    except Exception as error:
        text = " ".join(str(error).split())[:150]
        raise Wrong(f"your code stops with {type(error).__name__}: {text} (for {example})") from error


def _unchanged(now: object, before: object, what: str, example: str) -> None:
    if not all(torch.equal(torch.as_tensor(a), torch.as_tensor(b)) for a, b in zip(now, before, strict=True)):
        raise Wrong(f"your function changed its argument {what}, expected it as it was (for {example})")


# ---- the tasks inside the sections ----


def sum_in_each(all_reduce) -> None:
    """all_reduce(tensors) writes the sum of all into each of them, and returns nothing."""
    numbers = torch.Generator().manual_seed(14)
    for size, shape in ((3, (2,)), (2, (3, 2)), (5, (1,)), (1, (4,)), (3, (2,))):
        tensors = [torch.randint(-9, 10, shape, generator=numbers).float() for _ in range(size)]
        before, given = [tensor.clone() for tensor in tensors], list(tensors)
        example = f"{size} tensors of shape {shape}"
        result = _run(all_reduce, given, example=example, returns=False)
        total = torch.stack(before).sum(0)
        running = [tensor.clone() for tensor in before]
        for tensor in running:
            tensor.copy_(torch.stack(running).sum(0))
        if size > 1 and all(torch.equal(a, b) for a, b in zip(tensors, before, strict=True)):
            if result is None and all(a is b for a, b in zip(given, tensors, strict=True)):
                raise NotDone("no tensor has changed")
            raise Wrong(
                "new tensors, but those of the processes are as before: change the numbers inside, with "
                f"x.copy_(y) (for {example})"
            )
        for rank, tensor in enumerate(tensors):
            same(
                tensor,
                total,
                what=f"tensor {rank}",
                example=f"{example}: {[t.flatten().tolist() for t in before]}",
                mistakes={
                    "sums that contain sums: compute the sum before you change a tensor": running[rank],
                    "its own numbers, unchanged: every process gets the sum": before[rank],
                    "the mean: an all-reduce gives the sum": total / size,
                    "the sum of the others": total - before[rank],
                },
            )
        if result is not None:
            raise Wrong(f"the result is a {type(result).__name__}, expected None: dist.all_reduce changes the tensors")


def steps_of_a_process(steps) -> None:
    """steps(n, world_size, batch_size) -> how many steps each process makes in an epoch."""
    cases = ((10, 4, 2), (60_000, 8, 64), (129, 2, 32), (7, 5, 3), (1_000, 3, 64), (128, 1, 32), (20, 4, 5), (10, 4, 2))
    for n, size, batch in cases:
        each = -(-n // size)
        same(
            _run(steps, n, size, batch, example=f"n={n}, world_size={size}, batch_size={batch}"),
            -(-each // batch),
            what="the number of steps",
            example=f"n={n:,}, world_size={size}, batch_size={batch}",
            mistakes={
                "a division rounded down: the last, shorter batch is a step, too": each // batch,
                "shares rounded down: the sampler pads": -(-(n // size) // batch),
                "both divisions rounded down": n // size // batch,
                "a division that is not rounded": n / size / batch,
                "the pictures of one process: divide by batch_size, too": each,
                "the steps of one process alone: divide by world_size, too": -(-n // batch),
            },
        )


def factors_of_pieces(factors) -> None:
    """factors(sizes) -> by how much the mean loss of each piece counts."""
    for sizes in ([32, 16, 16], [5], [1, 2, 3, 4, 10], [10, 10, 10], [50, 50, 28], [32, 16, 16]):
        given, n = list(sizes), sum(sizes)
        got = _run(factors, given, example=f"sizes={sizes}")
        if given != sizes:
            raise Wrong(f"your function changed its argument sizes={sizes} to {given}")
        same(
            got,
            [size / n for size in sizes],
            what="the list of factors",
            example=f"sizes={sizes}",
            atol=1e-6,
            mistakes={
                "equal factors: a small piece would count as much as a large one": [1 / len(sizes)] * len(sizes),
                "the sizes: divide by the size of the whole batch": sizes,
                "one over the size: the loss of a piece is a mean already": [1 / size for size in sizes],
                "one over the size of the batch: the loss of a piece is a mean, not a sum": [1 / n] * len(sizes),
                "a division by the largest piece": [size / max(sizes) for size in sizes],
                "percent": [100 * size / n for size in sizes],
            },
        )


def finished_part_of_a_ring(finished_part) -> None:
    """finished_part(rank, p) -> the part that holds the whole sum after the first loop."""
    for p in (4, 2, 3, 7, 4):
        for rank in range(p):
            same(
                _run(finished_part, rank, p, example=f"rank={rank}, p={p}"),
                (rank + 1) % p,
                what="the number of the part",
                example=f"rank={rank}, p={p}",
                mistakes={
                    "a number without % p: after the last part comes part 0": rank + 1,
                    "the part that it sent first: look at the table again": rank,
                    "the part before its own, the last that it sent on: look at the table again": (rank - 1) % p,
                    "numbers from 1: the first part is part 0": (rank + 1) % p + 1,
                },
            )


# ---- the exercises ----


def accuracy_of_all(accuracy) -> None:
    """accuracy(hits, n) -> the share of right answers among n pictures, from padded lists of each process."""
    first = [1, 0, 1, 1, 1, 0, 0, 1, 1, 1], 4
    cases = (first, ([0, 1, 1, 0, 1, 1, 0], 3), ([1, 0, 1, 1, 0, 1], 2), ([0, 1, 1, 1, 0, 0, 1], 5), ([1, 0, 0], 1))
    for right, size in (*cases, first):
        n, each = len(right), -(-len(right) // size)
        padded = right + right[: each * size - n]
        hits = [padded[rank::size] for rank in range(size)]
        example = f"n={n}, hits={hits}"
        given = [list(part) for part in hits]
        got = _run(accuracy, given, n, example=example)
        if given != hits:
            raise Wrong(f"your function changed its argument hits, expected it as it was (for {example})")
        same(
            got,
            sum(right) / n,
            what="the accuracy",
            example=example,
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


def _replicas(size: int, inputs: int) -> list[nn.Module]:
    """Copies of one small network, each with the gradients of its own batch."""
    numbers = torch.Generator().manual_seed(11 + inputs)
    replicas = []
    for _ in range(size):
        model = nn.Sequential(nn.Linear(inputs, 3), nn.ReLU(), nn.Linear(3, 2))
        weights = torch.Generator().manual_seed(5)
        for parameter in model.parameters():
            parameter.data.normal_(generator=weights)
        x = torch.randn(6, inputs, generator=numbers)
        F.cross_entropy(model(x), torch.randint(2, (6,), generator=numbers)).backward()
        replicas.append(model)
    return replicas


def _vector(tensors) -> np.ndarray:
    return torch.cat([tensor.detach().flatten() for tensor in tensors]).numpy()


def mean_of_gradients(average) -> None:
    """average(models) writes the mean of all models' gradients into each of them, and leaves the weights alone."""
    for size, inputs in ((3, 4), (2, 7), (5, 1), (1, 2), (3, 4)):
        models, own, example = _replicas(size, inputs), _replicas(size, inputs), f"{size} models"
        before = [_vector(p.grad for p in model.parameters()) for model in own]
        weights = _vector(own[0].parameters())
        _run(average, list(models), example=example, returns=False)
        after = []
        for rank, model in enumerate(models):
            if any(p.grad is None for p in model.parameters()):
                raise Wrong(f"after your function, model {rank} has parameters without a gradient (for {example})")
            after.append(_vector(p.grad for p in model.parameters()))
            same(_vector(model.parameters()), weights, what=f"the vector of weights of model {rank}", example=example)
        if size > 1 and all(np.array_equal(a, b) for a, b in zip(after, before, strict=True)):
            raise NotDone("no gradient has changed")
        mean, running = np.mean(before, axis=0), [*before]
        for rank in range(size):  # model after model, with what stands there by then
            running[rank] = np.mean(running, axis=0)
        for rank in range(size):
            same(
                after[rank],
                mean,
                what=f"the vector of gradients of model {rank}",
                example=example,
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
        places = [p.grad.data_ptr() for model in models for p in model.parameters()]
        if len(set(places)) < len(places):
            raise Wrong(
                "several models share one gradient tensor: what changes one of them changes all. Give each model a "
                f"copy, with clone() (for {example})"
            )


def statistics_of_two(combine) -> None:
    """combine(first, second) -> (n, mean, variance) of all rows; each argument is such a triple of its own rows."""
    numbers = torch.Generator().manual_seed(12)
    for sizes, features in (((4, 4), 3), ((6, 2), 1), ((1, 5), 5), ((3, 9), 2), ((2, 1), 4), ((4, 4), 3)):
        parts = [torch.randn(n, features, generator=numbers) * (1 + i) + 2 * i for i, n in enumerate(sizes)]
        rows = torch.cat(parts)
        first, second = ((len(x), x.mean(0), x.var(0, unbiased=False)) for x in parts)
        given = [(n, mean.clone(), variance.clone()) for n, mean, variance in (first, second)]
        example = f"{sizes[0]} and {sizes[1]} rows, {features} features"
        result = _run(combine, *given, example=example)
        if not isinstance(result, (tuple, list)) or len(result) != 3:
            raise Wrong(f"the result is a {type(result).__name__}, expected a triple: (n, mean, variance)")
        _unchanged(given[0], first, "first", example)
        _unchanged(given[1], second, "second", example)
        same(result[0], len(rows), what="n", example=example)
        same(
            result[1],
            rows.mean(0),
            what="the mean",
            example=example,
            mistakes={
                "the mean of the means: a short share counts as much as a long one": _mean([x.mean(0) for x in parts]),
                "a sum: divide by the number of all rows": rows.sum(0),
                "the mean of the first share": parts[0].mean(0),
                "one mean over all features: keep the features apart": rows.mean(),
            },
        )
        variances = [x.var(0, unbiased=False) for x in parts]
        weighted = sum(len(x) * variance for x, variance in zip(parts, variances, strict=True)) / len(rows)
        same(
            result[2],
            rows.var(0, unbiased=False),
            what="the variance",
            example=example,
            mistakes={
                "the mean of the variances: it forgets that the means of the shares differ": _mean(variances),
                "the mean of the variances, weighted: it forgets that the means of the shares differ": weighted,
                "a division by n - 1: batch normalisation divides by n": rows.var(0),
                "the mean of the squares: subtract the square of the mean": rows.square().mean(0),
                "the standard deviation": rows.std(0, unbiased=False),
            },
        )


def _mean(tensors: list[Tensor]) -> Tensor:
    return torch.stack(tensors).mean(0)


PATIENCE = 4  # seconds that a process of the ring waits for a message


class _Ring:
    """Processes of a ring, played by threads: each sends copies to the next one only."""

    def __init__(self, program: Callable, vectors: list[Tensor]):
        self.program, self.vectors, self.p = program, vectors, len(vectors)
        self.boxes = [queue.Queue() for _ in vectors]
        self.sent: list[list[int]] = [[] for _ in vectors]
        self.results: list[object] = [None] * self.p
        self.errors: list[Exception | None] = [None] * self.p

    def process(self, rank: int) -> None:
        def send(numbers: Tensor) -> None:
            self.sent[rank].append(len(numbers))
            self.boxes[(rank + 1) % self.p].put(numbers.detach().clone())

        def receive() -> Tensor:
            try:
                return self.boxes[rank].get(timeout=PATIENCE)
            except queue.Empty:
                raise TimeoutError(f"rank {rank} waited {PATIENCE} s for a message") from None

        try:
            self.results[rank] = self.program(rank, self.p, self.vectors[rank].clone(), send, receive)
        except Exception as error:
            self.errors[rank] = error

    def run(self, example: str) -> None:
        threads = [threading.Thread(target=self.process, args=(rank,), daemon=True) for rank in range(self.p)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        if any(thread.is_alive() for thread in threads):
            raise Wrong(f"a process did not end within 20 s: does a loop never end? (for {example})")
        others = [error for error in self.errors if error and not isinstance(error, TimeoutError)]
        if others:  # those who wait only wait because of these
            text = " ".join(str(others[0]).split())[:120]
            raise Wrong(f"your code stops with {type(others[0]).__name__}: {text} (for {example})")
        waiting = [str(error) for error in self.errors if error]
        if waiting:
            raise Wrong(
                f"{waiting[0]}, which nobody sends: does everybody send before it receives, and as often? "
                f"(for {example})"
            )


def ring_program(program) -> None:
    """program(rank, p, numbers, send, receive) -> the sum of all processes' numbers, by a ring all-reduce."""
    generator = torch.Generator().manual_seed(9)
    for p, n in ((4, 24), (2, 7), (3, 3), (5, 12), (1, 6), (4, 9), (4, 24)):
        vectors = [torch.randint(-50, 50, (n,), generator=generator).float() for _ in range(p)]
        example = f"{p} processes, {n} numbers each"
        play = _Ring(program, vectors)
        play.run(example)
        if all(is_stub(result) for result in play.results):
            raise NotDone("your function returns nothing yet")
        total, parts = sum(vectors), [vector.tensor_split(p) for vector in vectors]
        for rank, result in enumerate(play.results):
            half = list(parts[rank])
            for back in range(p):  # after the first loop: part rank - back holds the sum of back + 1 processes ...
                k = (rank - back) % p  # ... or all of them in part rank + 1
                half[k] = sum(parts[(k + i) % p][k] for i in range((rank - k) % p + 1))
            same(
                result,
                total,
                what=f"the result of rank {rank}",
                example=example,
                mistakes={
                    "what it holds after the first loop: the finished sums have to travel on": torch.cat(half),
                    "its own numbers": vectors[rank],
                    "the mean: an all-reduce gives the sum": total / p,
                    "p times the sum: in the second loop, replace, do not add": p * total,
                },
            )
        most = -(-n // p)
        for rank, sizes in enumerate(play.sent):
            if sizes and max(sizes) > most:
                raise Wrong(
                    f"rank {rank} sends a message of {max(sizes)} numbers, expected one part at a time, at most {most} "
                    f"(for {example})"
                )
            if len(sizes) != 2 * (p - 1):
                raise Wrong(
                    f"rank {rank} sends {len(sizes)} messages, expected 2 (p - 1) = {2 * (p - 1)}: p - 1 in each "
                    f"of the two loops (for {example})"
                )
        if left := sum(box.qsize() for box in play.boxes):
            raise Wrong(f"{left} messages were sent that nobody received (for {example})")


RATE, STEPS, BATCH, HELD = 0.1, 80, 128, 1000
GOAL, GOAL_DRAWN = 0.85, 0.6  # accuracy on the held pictures: real ones, and those of the stand-in


@cache
def _digits() -> tuple[Tensor, Tensor, Tensor, Tensor, bool]:
    """10,240 training and 1,000 validation pictures of MNIST, standardised, with their labels. Hand out copies."""
    mnist = load("mnist")
    return (*mnist.train[torch.arange(STEPS * BATCH)], *mnist.validation[torch.arange(HELD)], bool(mnist.standin))


def _cut(sizes: list[int], start: int = 0) -> list[tuple[Tensor, Tensor]]:
    """Batches of these sizes, copies of the digits from `start` on."""
    images, targets, *_ = _digits()
    rows = torch.arange(start, start + sum(sizes)).split(sizes)
    return [(images[i].clone(), targets[i].clone()) for i in rows]


def _reference(model: nn.Module, batches, most: int, kind: str) -> np.ndarray:
    """The weights after a training that is right, or wrong in a known way."""
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    for images, targets in batches:
        if kind != "never cleared":
            optimizer.zero_grad()
        pieces = list(zip(images.split(most), targets.split(most), strict=True))
        for x, y in pieces:
            share = {"full": 1, "equal": 1 / len(pieces), "each": 1}.get(kind, len(x) / len(images))
            (share * F.cross_entropy(model(x), y)).backward()
            if kind == "each":
                optimizer.step()
                optimizer.zero_grad()
        if kind == "last":
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
        if kind != "each":
            optimizer.step()
    return _vector(model.parameters())


def training_in_pieces(train) -> str:
    """train(model, batches, most): the steps of the whole batches, with at most `most` pictures in the network."""
    kinds = {
        "the sum of the pieces' mean losses: each counts with its share of the batch": "full",
        "pieces that count equally: the last one is shorter": "equal",
        "a step after each piece: one step for each batch": "each",
        "gradients that are never set to zero: do so once for each batch": "never cleared",
        "a step with the last piece alone: zero_grad once for each batch, not for each piece": "last",
    }
    cases = (
        (lambda: Mlp((16,)), [128, 128, 128], 50),
        (LeNet, [100, 60, 7], 32),
        (lambda: Mlp((8, 8)), [40, 40], 1),
        (lambda: Mlp((16,)), [64, 30], 64),
        (lambda: Mlp((16,)), [128, 128, 128], 50),
    )
    for seed, (make, sizes, most) in enumerate(cases):
        example = f"batches of {' and '.join(map(str, sizes))} pictures, most={most}"
        models = {}
        for kind in ("answer", "right", *kinds.values()):
            torch.manual_seed(seed)
            models[kind] = make()
        before, seen = _vector(models["answer"].parameters()), []
        hook = models["answer"].register_forward_hook(lambda _, inputs, output, seen=seen: seen.append(len(inputs[0])))
        batches = _cut(sizes)
        _run(train, models["answer"], batches, most, example=example, returns=False)
        hook.remove()
        after = _vector(models["answer"].parameters())
        if np.array_equal(before, after):
            raise (
                NotDone("the weights are those of the start")
                if not seen
                else Wrong(f"the weights are those of the start: does each batch end with step()? (for {example})")
            )
        if max(seen, default=0) > most:
            raise Wrong(
                f"{max(seen)} pictures go through the network at once, expected at most {most}: cut the batch into "
                f"pieces (for {example})"
            )
        for images_and_targets, original in zip(batches, _cut(sizes), strict=True):
            _unchanged(images_and_targets, original, "batches", example)
        same(
            after,
            _reference(models["right"], _cut(sizes), most, "right"),
            what="the vector of weights after the training",
            example=example,
            mistakes={name: _reference(models[kind], _cut(sizes), most, kind) for name, kind in kinds.items()},
        )
    return _reaches_goal(train)


def _reaches_goal(train) -> str:
    _, _, images, targets, drawn = _digits()
    goal = GOAL_DRAWN if drawn else GOAL
    torch.manual_seed(777)
    model = Mlp((64,))
    _run(train, model, _cut([BATCH] * STEPS), 48, example=f"{STEPS} batches of {BATCH}, most=48", returns=False)
    model.eval()
    with torch.no_grad():
        reached = (model(images.clone()).argmax(1) == targets).double().mean().item()
    if reached < goal:
        raise Wrong(f"{reached:.0%} of the validation pictures are right after {STEPS} steps, expected {goal:.0%}")
    return f"{reached:.0%} of the validation pictures after {STEPS} steps, with 48 pictures at once"


CHECKERS = {
    "a": sum_in_each,
    "b": steps_of_a_process,
    "c": factors_of_pieces,
    "d": finished_part_of_a_ring,
    "1": accuracy_of_all,
    "2": mean_of_gradients,
    "3": statistics_of_two,
    "4": ring_program,
    "5": training_in_pieces,
}
