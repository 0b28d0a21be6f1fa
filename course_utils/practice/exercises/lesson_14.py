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
from course_utils.practice.judge import NotDone, Wrong, advice, call, same

SECONDS = {"5": 240}  # it trains a network


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _nothing(result: object) -> None:
    if result is not None:
        raise Wrong(f"your function returns a {type(result).__name__}, expected nothing: it changes what it gets")


def _each_its_own(tensors: list[Tensor], what: str) -> None:
    if len({tensor.data_ptr() for tensor in tensors}) < len(tensors):
        raise Wrong(
            f"several {what} share their memory: what changes one of them changes all; expected numbers of its own for "
            "each, such as a copy made with clone()"
        )


# ---- the tasks inside the sections ----


def sum_in_each(all_reduce) -> None:
    """all_reduce(tensors) writes the sum of all into each of them, and returns nothing."""
    cases = [(3, (2,)), (2, (3, 2)), (5, (1,)), (1, (4,)), (3, (2,))]
    for seed, (size, shape) in enumerate([*cases, cases[0]]):
        numbers = _generator(14 + seed % len(cases))
        tensors = [torch.randint(-36, 37, shape, generator=numbers) / 4 for _ in range(size)]
        before, given = [tensor.clone() for tensor in tensors], list(tensors)
        example = f"{size} tensors of shape {shape}: {[t.flatten().tolist() for t in before]}"
        result = call(all_reduce, given, changes=[0], returns=False, example=example)
        if size > 1 and all(map(torch.equal, tensors, before)):
            if result is None and all(a is b for a, b in zip(given, tensors, strict=True)):
                raise NotDone("no tensor has changed")
            raise Wrong("new tensors, and those of the processes are as before: expected other numbers in those")
        total = torch.stack(before).sum(0)
        running = [tensor.clone() for tensor in before]
        for tensor in running:
            tensor.copy_(torch.stack(running).sum(0))
        for rank, tensor in enumerate(tensors):
            same(
                tensor,
                total,
                what=f"tensor {rank}",
                mistakes={
                    "sums that contain sums: compute the sum before you change a tensor": running[rank],
                    "its own numbers, unchanged: every process gets the sum": before[rank],
                    "the mean: an all-reduce gives the sum": total / size,
                    "the sum of the others": total - before[rank],
                },
            )
        _each_its_own(tensors, "of the tensors")
        _nothing(result)


def steps_of_a_process(steps) -> None:
    """steps(n, world_size, batch_size) -> how many steps each process makes in an epoch."""
    cases = [(10, 4, 2), (60_000, 8, 64), (129, 2, 32), (7, 5, 3), (1_000, 3, 64), (128, 1, 32), (20, 4, 5)]
    cases += [(3, 8, 2), (1_281_167, 1024, 100), (17, 4, 1)]
    for n, size, batch in (*cases, cases[0]):
        each = -(-n // size)
        same(
            call(steps, n, size, batch),
            -(-each // batch),
            what="the number of steps",
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
    for sizes in ([32, 16, 16], [5], [1, 2, 3, 4, 10], [10, 10, 10], [50, 50, 28], [256] * 31 + [64], [32, 16, 16]):
        n = sum(sizes)
        same(
            call(factors, sizes),
            [size / n for size in sizes],
            what="the list of factors",
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
    for p in (4, 2, 3, 7, 100, 1, 4):
        for rank in reversed(range(p)):
            same(
                call(finished_part, rank, p),
                (rank + 1) % p,
                what="the number of the part",
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
    cases = [first, ([0, 1, 1, 0, 1, 1, 0], 3), ([1, 0, 1, 1, 0, 1], 2), ([0, 1, 1, 1, 0, 0, 1], 5), ([1, 0, 0], 1)]
    cases += [([1, 1, 0], 8), ([0, 0, 0, 0, 1, 0, 1, 1, 0, 0], 4), ([1] * 9, 4), ([0] * 5, 3)]
    for right, size in (*cases, first):
        n, each = len(right), -(-len(right) // size)
        padded = [right[i % n] for i in range(each * size)]
        hits = [padded[rank::size] for rank in range(size)]
        same(
            call(accuracy, hits, n, example=f"n={n}, hits={hits}"),
            sum(right) / n,
            what="the accuracy",
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


def _linear(inputs: int) -> nn.Module:
    return nn.Sequential(nn.Linear(inputs, 3), nn.ReLU(), nn.Linear(3, 2))


def _convolution(inputs: int) -> nn.Module:
    return nn.Sequential(
        nn.Unflatten(1, (1, inputs)), nn.Conv1d(1, 2, 2), nn.BatchNorm1d(2), nn.Flatten(), nn.Linear(2 * inputs - 2, 2)
    )


def _replicas(make: Callable, size: int, inputs: int, seed: int) -> list[nn.Module]:
    """Copies of one small network, each with the gradients of its own batch. One of them is in evaluation mode."""
    numbers, replicas = _generator(seed), []
    for _ in range(size):
        model, weights = make(inputs), _generator(5)
        for parameter in model.parameters():
            parameter.data.normal_(generator=weights)
        x = torch.randn(6, inputs, generator=numbers)
        F.cross_entropy(model(x), torch.randint(2, (6,), generator=numbers)).backward()
        replicas.append(model)
    replicas[-1].eval()
    return replicas


def _vector(tensors) -> np.ndarray:
    return torch.cat([tensor.detach().flatten() for tensor in tensors]).numpy()


def mean_of_gradients(average) -> None:
    """average(models) writes the mean of all models' gradients into each of them, and leaves all else alone."""
    cases = [(_linear, 3, 4), (_linear, 2, 7), (_convolution, 5, 3), (_linear, 1, 2), (_linear, 3, 4)]
    for seed, case in enumerate([*cases, cases[0]]):
        size = case[1]
        models, own = (_replicas(*case, seed=11 + seed % len(cases)) for _ in range(2))
        before = [_vector(p.grad for p in model.parameters()) for model in own]
        given, example = list(models), f"{size} models with {len(before[0])} weights"
        result = call(average, given, changes=[0], returns=False, example=example)
        after = []
        for rank, (model, old) in enumerate(zip(models, own, strict=True)):
            if any(p.grad is None for p in model.parameters()):
                raise Wrong(f"model {rank} has parameters without a gradient now, expected the mean of all gradients")
            after.append(_vector(p.grad for p in model.parameters()))
            same(
                _vector(model.state_dict().values()),
                _vector(old.state_dict().values()),
                what=f"the vector of weights of model {rank}",
            )
            if [m.training for m in model.modules()] != [m.training for m in old.modules()]:
                raise Wrong(f"the mode of model {rank}, training or evaluation, has changed, expected it as it was")
            if not all(p.requires_grad for p in model.parameters()):
                raise Wrong(f"a parameter of model {rank} has lost requires_grad, expected it as it was")
        if size > 1 and all(map(np.array_equal, after, before)):
            raise NotDone("no gradient has changed")
        mean, running = np.mean(before, axis=0), [*before]
        for rank in range(size):  # model after model, with what stands there by then
            running[rank] = np.mean(running, axis=0)
        for rank in range(size):
            same(
                after[rank],
                mean,
                what=f"the vector of gradients of model {rank}",
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
        _each_its_own([p.grad for model in models for p in model.parameters()], "of the gradients")
        if len(given) != size or any(a is not b for a, b in zip(given, models, strict=True)):
            raise Wrong("your function changes the list of models, expected it as it was: only gradients may change")
        _nothing(result)


def statistics_of_two(combine) -> None:
    """combine(first, second) -> (n, mean, variance) of all rows; each argument is such a triple of its own rows."""
    cases = [((4, 4), 3), ((6, 2), 1), ((1, 5), 5), ((3, 9), 2), ((2, 1), 4), ((1, 1), 2), ((500, 70), 3), ((4, 4), 3)]
    for seed, (sizes, features) in enumerate([*cases, cases[0]]):
        parts = _shares(sizes, features, seed=12 + seed % len(cases))
        rows = torch.cat(parts)
        result = call(combine, *map(_report, parts), example=f"{sizes[0]} and {sizes[1]} rows, {features} features")
        if not isinstance(result, (tuple, list)) or len(result) != 3:
            raise Wrong(f"the result is a {type(result).__name__}, expected a triple: (n, mean, variance)")
        same(result[0], len(rows), what="n")
        same(
            result[1],
            rows.mean(0),
            what="the mean",
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
            mistakes={
                "the mean of the variances: it forgets that the means of the shares differ": _mean(variances),
                "the mean of the variances, weighted: it forgets that the means of the shares differ": weighted,
                "a division by n - 1: batch normalisation divides by n": rows.var(0),
                "the mean of the squares: subtract the square of the mean": rows.square().mean(0),
                "the standard deviation": rows.std(0, unbiased=False),
            },
        )

    first, *others = _shares((3, 1, 8, 2), 2, seed=30)
    rows, joined = torch.cat([first, *others]), _report(first)
    for part in others:
        with advice({"": "its own result is no argument for it, expected a triple (n, mean, variance) as it gets"}):
            joined = call(combine, joined, _report(part), example="the reports of four shares, joined one by one")
    for got, right, what in zip(joined, _report(rows), ("n", "the mean", "the variance"), strict=True):
        same(got, right, what=what)


def _shares(sizes: tuple[int, ...], features: int, seed: int) -> list[Tensor]:
    numbers = _generator(seed)
    return [torch.randn(n, features, generator=numbers) * (1 + i) + 2 * i for i, n in enumerate(sizes)]


def _report(rows: Tensor) -> tuple[int, Tensor, Tensor]:
    return len(rows), rows.mean(0), rows.var(0, unbiased=False)


def _mean(tensors: list[Tensor]) -> Tensor:
    return torch.stack(tensors).mean(0)


PARTS = "expected p parts, 0 to p - 1: numbers.tensor_split(p) gives as many, and % p keeps a number among them"
PATIENCE = 4  # seconds that a process of the ring waits for a message


class _Ring:
    """Processes of a ring, played by threads: each sends copies to the next one only."""

    def __init__(self, program: Callable, vectors: list[Tensor]):
        self.program, self.vectors, self.p = program, vectors, len(vectors)
        self.boxes = [queue.Queue() for _ in vectors]
        self.sent: list[list[Tensor]] = [[] for _ in vectors]
        self.results: list[object] = [None] * self.p
        self.errors: list[Exception | SystemExit | None] = [None] * self.p

    def process(self, rank: int, example: str) -> None:
        def send(numbers: Tensor) -> None:
            if not isinstance(numbers, Tensor):
                raise Wrong(f"send gets a {type(numbers).__name__}, expected a tensor")
            self.sent[rank].append(numbers.detach().clone())
            self.boxes[(rank + 1) % self.p].put(numbers.detach().clone())

        def receive() -> Tensor:
            try:
                return self.boxes[rank].get(timeout=PATIENCE)
            except queue.Empty:
                raise TimeoutError(f"rank {rank} waits {PATIENCE} s for a message that nobody sends") from None

        try:
            numbers = self.vectors[rank].clone()  # it may change them
            self.results[rank] = call(self.program, rank, self.p, numbers, send, receive, changes=[2], example=example)
        except (Exception, SystemExit) as error:
            self.errors[rank] = error

    def run(self, example: str) -> None:
        threads = [threading.Thread(target=self.process, args=(i, example), daemon=True) for i in range(self.p)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        if any(thread.is_alive() for thread in threads):
            raise Wrong("a process goes on for more than 20 s, expected its end: does a loop never end?")
        waiting = [error for error in self.errors if isinstance(error, TimeoutError)]
        others = [error for error in self.errors if error and error not in waiting]
        if others:  # those who wait only wait because of these
            with advice({"index out of range": PARTS}):
                raise others[0]
        if waiting:
            raise Wrong(f"{waiting[0]}, expected that all send before they receive, and as often")


def ring_program(program) -> None:
    """program(rank, p, numbers, send, receive) -> the sum of all processes' numbers, by a ring all-reduce."""
    cases = [(4, 24), (2, 7), (3, 3), (5, 12), (1, 6), (4, 9), (5, 3), (4, 24)]
    for seed, (p, n) in enumerate([*cases, cases[0]]):
        generator = _generator(9 + seed % len(cases))
        vectors = [torch.randint(-200, 200, (n,), generator=generator) / 4 for _ in range(p)]
        play = _Ring(program, vectors)
        play.run(f"{p} processes, {n} numbers each")
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
                mistakes={
                    "what it holds after the first loop: the finished sums have to travel on": torch.cat(half),
                    "its own numbers": vectors[rank],
                    "the mean: an all-reduce gives the sum": total / p,
                    "p times the sum: in the second loop, replace, do not add": p * total,
                },
            )
        most = -(-n // p)
        for rank, sent in enumerate(play.sent):
            if (longest := max(map(len, sent), default=0)) > most:
                raise Wrong(
                    f"rank {rank} sends a message of {longest} numbers, expected one part at a time, at most {most}"
                )
            if len(sent) != 2 * (p - 1):
                raise Wrong(
                    f"rank {rank} sends {len(sent)} messages, expected 2 (p - 1) = {2 * (p - 1)}: p - 1 in each "
                    "of the two loops"
                )
            for step, message in enumerate(sent):  # holds step + 1 vectors, that of rank the last; then all
                adders = [(rank - back) % p for back in range(min(step + 1, p))]
                sums = (sum(parts[i][k] for i in adders) for k in range(p))
                if not any(message.shape == right.shape and torch.allclose(message.float(), right) for right in sums):
                    raise Wrong(
                        f"message {step} of rank {rank}, counted from 0, is no part of the sum of {len(adders)} "
                        "processes, expected that: a process adds its own part to what it receives, and sends this on"
                    )
        if left := sum(box.qsize() for box in play.boxes):
            raise Wrong(f"{left} messages are sent that nobody receives, expected none")


RATE, STEPS, BATCH, HELD = 0.1, 80, 128, 1000
GOAL, GOAL_DRAWN = 0.85, 0.6  # accuracy on the held pictures: real ones, and those of the stand-in


@cache
def _digits() -> tuple[Tensor, Tensor, Tensor, Tensor, bool]:
    """10,240 training and 1,000 validation pictures of MNIST, standardised, with their labels."""
    mnist = load("mnist")
    return (*mnist.train[torch.arange(STEPS * BATCH)], *mnist.validation[torch.arange(HELD)], bool(mnist.standin))


def _cut(sizes: list[int], start: int = 0) -> list[tuple[Tensor, Tensor]]:
    """Batches of these sizes, the digits from `start` on."""
    images, targets, *_ = _digits()
    return [(images[i], targets[i]) for i in torch.arange(start, start + sum(sizes)).split(sizes)]


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
    cases = [
        (lambda: Mlp((16,)), [128, 128, 128], 50),
        (LeNet, [100, 60, 7], 32),
        (lambda: Mlp((8, 8)), [40, 40], 1),
        (lambda: Mlp((16,)), [64, 30], 64),
        (lambda: Mlp((5,)), [30, 1, 20, 9], 500),
        (lambda: Mlp((16,)), [128, 128, 128], 50),
    ]
    for seed, (make, sizes, most) in enumerate([*cases, cases[0]]):
        start = 500 * (seed % len(cases))
        batches, models = _cut(sizes, start), {}
        for kind in ("answer", "right", *kinds.values()):
            torch.manual_seed(start)
            models[kind] = make()
        before, seen = _vector(models["answer"].parameters()), []
        hook = models["answer"].register_forward_hook(lambda _, inputs, output, seen=seen: seen.append(len(inputs[0])))
        example = f"batches of {' and '.join(map(str, sizes))} pictures, most={most}"
        result = call(train, models["answer"], batches, most, changes=[0], returns=False, example=example)
        hook.remove()
        after = _vector(models["answer"].parameters())
        if np.array_equal(before, after):
            if not seen:
                raise NotDone("the weights are those of the start")
            raise Wrong("the weights are those of the start, expected a step for each batch: is step() missing?")
        if max(seen, default=0) > most:
            raise Wrong(
                f"{max(seen)} pictures go through the network at once, expected at most {most}: cut the batch into "
                "pieces"
            )
        same(
            after,
            _reference(models["right"], batches, most, "right"),
            what="the vector of weights after the training",
            mistakes={name: _reference(models[kind], batches, most, kind) for name, kind in kinds.items()},
        )
        _nothing(result)
    return _reaches_goal(train)


def _reaches_goal(train) -> str:
    _, _, images, targets, drawn = _digits()
    goal = GOAL_DRAWN if drawn else GOAL
    torch.manual_seed(777)
    model = Mlp((64,))
    batches = _cut([BATCH] * STEPS)
    call(train, model, batches, 48, changes=[0], returns=False, example=f"{STEPS} batches of {BATCH}, most=48")
    model.eval()
    with torch.no_grad():
        reached = (model(images.clone()).argmax(1) == targets).double().mean().item()
    if reached < goal:
        raise Wrong(f"{reached:.1%} of the validation pictures are right, expected {goal:.0%} or more")
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
