"""How fast the posts' trainings run: fed as the posts feed them, through the course's loader and fit, and at the floor.

    python -m benchmarks.speed                   # measure all trainings, print the table (about ten minutes on 2 cores)
    python -m benchmarks.speed --write           # ... and store it: results/speed.json
    python -m benchmarks.speed --only S          # one training, by its row in benchmarks.reproduce
    python -m benchmarks.speed --device cuda     # on a GPU; --compile adds torch.compile to B and C

For each training, in one process and in turn, several rounds of

    A     the post's way: a tensor from a list of ints for each sample (MCL), or torchvision's ToTensor and Normalize
          for each sample; a DataLoader with 0 and with 2 workers, the better of the two; memory in the ordinary order
    B     ours: `loader` and `fit`, with channels_last
    C     the floor: B's training step alone, on one batch that is already there
    B16   ours in bfloat16 (`autocast`), which pays where the processor can compute in it

with the same model, batch size, loss, optimizer and number of threads. A figure is the median of the rounds, a
ratio the median of the rounds' ratios.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision import datasets, transforms

from benchmarks.data_path import lists_of_mnist
from benchmarks.peer_loops.work import peak_megabytes
from benchmarks.report import RESULTS, machine, read_json, write_json
from benchmarks.reproduce import ROWS, Recipe
from course_utils.data import ImageDataset, load, loader
from course_utils.device import keep_freed_memory
from course_utils.files.folders import prepare
from course_utils.models import Vgg
from course_utils.train import fit

RESULT = RESULTS / "speed.json"
ROUNDS = 9
SECONDS = 1.0  # of each way in a round, about


@dataclass(frozen=True)
class Training:
    """A row of the table: a recipe of benchmarks.reproduce, and A/B as it should be on 2 cores."""

    title: str
    recipe: Recipe
    target: float


def _channels_last(row: str, name: str = "post") -> Recipe:
    return replace(ROWS[row].recipes[name], channels_last=True)


TRAININGS = {
    "M": Training("MLP v1 with BN, batch 500", ROWS["M"].recipes["v1 BN MSE"], 15),
    "S": Training("LeNet, batch 128", _channels_last("S"), 4),
    "D-1": Training("LeNet-5, batch 64", _channels_last("D-1"), 4),
    "T-40": Training("Fashion CNN, batch 64", _channels_last("T-40"), 4),
    "L-a": Training("Conv32-64, batch 100", _channels_last("L-a"), 3),
    "L-b": Training("Conv32-64-128, batch 100", _channels_last("L-b"), 2),
    "C": Training("VGG-style, batch 128", replace(_channels_last("C"), model=Vgg, autocast=None), 1.5),
}
MOST_B_TO_C = 1.08


# ---- the three ways ----


def posts_data(row: str, recipe: Recipe) -> Dataset:
    """The training images as the post reads them: one tensor for each sample, made when it is asked for."""
    root = prepare(recipe.data)
    if row == "M":
        return lists_of_mnist(root)
    scale = ((0,), (1,)) if row == "S" else recipe.normalize  # Seminar 3 has a Normalize that changes nothing
    steps = [transforms.ToTensor()] + ([transforms.Normalize(*scale)] if scale else [])
    kind = {"mnist": datasets.MNIST, "fashion_mnist": datasets.FashionMNIST, "cifar10": datasets.CIFAR10}[recipe.data]
    return kind(root, train=True, transform=transforms.Compose(steps))


class Way:
    """A model with its optimizer, and how it is trained for a number of steps."""

    def __init__(self, recipe: Recipe, device: str, channels_last: bool = True):
        torch.manual_seed(0)
        self.recipe, self.device = recipe, device
        self.model = recipe.model().to(device)
        if channels_last and recipe.channels_last:
            self.model.to(memory_format=torch.channels_last)
        self.optimizer = recipe.optimizer(self.model.parameters())
        self.steps = 3

    def step(self, images: Tensor, targets: Tensor) -> None:
        self.optimizer.zero_grad()
        self.recipe.loss_fn(self.model(images), targets).backward()
        self.optimizer.step()

    def seconds_per_step(self) -> float:
        raise NotImplementedError

    def calibrate(self, seconds: float = SECONDS) -> None:
        """Warm up, and choose the number of steps of a round."""
        self.seconds_per_step()
        self.steps = max(3, round(seconds / self.seconds_per_step()))


class Post(Way):
    """A: the posts' loop over a DataLoader that makes each sample by itself."""

    def __init__(self, row: str, recipe: Recipe, device: str, workers: int):
        super().__init__(recipe, device, channels_last=False)
        self.batches = DataLoader(
            posts_data(row, recipe), recipe.batch_size, shuffle=True, drop_last=True, num_workers=workers
        )

    def seconds_per_step(self) -> float:
        batches = iter(self.batches)  # workers start here; the clock starts with the first batch
        self.step(*(part.to(self.device) for part in next(batches)))
        return per_step(self.device, islice(batches, self.steps), lambda b: self.step(*(p.to(self.device) for p in b)))


class Ours(Way):
    """B: a whole call of `fit` over a `loader`, with all that it keeps and prints."""

    def __init__(self, recipe: Recipe, device: str, images: ImageDataset, compiled: bool, autocast: torch.dtype | None):
        super().__init__(recipe, device)
        self.images, self.autocast = images.to(device), autocast
        self.trained = torch.compile(self.model) if compiled else self.model

    def seconds_per_step(self) -> float:
        wanted = self.steps * self.recipe.batch_size
        n = min(wanted, len(self.images))
        epochs = round(wanted / n)
        few = ImageDataset(self.images.images[:n], self.images.labels[:n], self.images.mean, self.images.std)
        batches = loader(few, self.recipe.batch_size, shuffle=True, drop_last=True)
        return per_step(
            self.device,
            [None],
            lambda _: fit(
                self.trained,
                batches,
                epochs=epochs,
                optimizer=self.optimizer,
                loss_fn=self.recipe.loss_fn,
                autocast=self.autocast,
                verbose=False,
            ),
            steps=epochs * len(batches),
        )


class Floor(Way):
    """C: the same step on one batch that is there."""

    def __init__(self, recipe: Recipe, device: str, images: ImageDataset, compiled: bool):
        super().__init__(recipe, device)
        self.batch = next(iter(loader(images.to(device), recipe.batch_size)))
        self.model = torch.compile(self.model) if compiled else self.model

    def seconds_per_step(self) -> float:
        return per_step(self.device, range(self.steps), lambda _: self.step(*self.batch))


def per_step(device: str, items: Iterator, work: Callable[[object], object], steps: int | None = None) -> float:
    """Seconds of `work` for each item; `steps` if an item stands for another number of steps."""
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    wait()
    start = time.perf_counter()
    count = 0
    for item in items:
        work(item)
        count += 1
    wait()
    return (time.perf_counter() - start) / (steps or count)


# ---- measuring ----


def ways_of(row: str, device: str, compiled: bool) -> dict[str, Way]:
    recipe = TRAININGS[row].recipe
    images = load(recipe.data, validation=0, normalize=recipe.normalize).train
    return {
        "A": Post(row, recipe, device, workers=0),
        "A, 2 workers": Post(row, recipe, device, workers=2),
        "B": Ours(recipe, device, images, compiled, None),
        "C": Floor(recipe, device, images, compiled),
        "B16": Ours(recipe, device, images, compiled, torch.bfloat16),
    }


def measure(row: str, device: str, compiled: bool, rounds: int, seconds: float = SECONDS) -> dict:
    """Milliseconds per step of each way in each round, images per second of B, megabytes of A and B."""
    ways = ways_of(row, device, compiled)
    for way in ways.values():
        way.calibrate(seconds)
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            times[name].append(round(1000 * way.seconds_per_step(), 4))
    result = {"ms": times, "batch_size": TRAININGS[row].recipe.batch_size}
    if device == "cpu":
        result["megabytes"] = {name: megabytes(row, name) for name in ("A", "B")}
    return result


def megabytes(row: str, name: str) -> int:
    """The most memory that a new process has in use, which trains a few steps in this way."""
    command = [sys.executable, "-m", "benchmarks.speed", "--memory", row, name]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def peak(row: str, name: str) -> int:
    recipe = TRAININGS[row].recipe
    if name == "A":
        way = Post(row, recipe, "cpu", workers=0)
    else:
        way = Ours(recipe, "cpu", load(recipe.data, validation=0, normalize=recipe.normalize).train, False, None)
    way.seconds_per_step()
    return peak_megabytes()


# ---- the table ----


def better_of_a(ms: dict[str, list[float]]) -> str:
    """The name of the post's way that was faster, without workers or with two."""
    return min(("A", "A, 2 workers"), key=lambda name: statistics.median(ms[name]))


def ratios(result: dict) -> dict[str, float]:
    """A/B, B/C, A/B16, and images per second of B and B16.

    A ratio is taken within each round: where the machine is slow for a while, it is slow for all ways of a round.
    """
    ms, per_second = result["ms"], 1000 * result["batch_size"]
    posts = better_of_a(ms)

    def ratio(slow: str, fast: str) -> float:
        return statistics.median(a / b for a, b in zip(ms[slow], ms[fast], strict=True))

    return {
        "A/B": ratio(posts, "B"),
        "B/C": ratio("B", "C"),
        "A/B16": ratio(posts, "B16"),
        "B images/s": per_second / statistics.median(ms["B"]),
        "B16 images/s": per_second / statistics.median(ms["B16"]),
    }


def cell(times: list[float]) -> str:
    return f"{statistics.median(times):.2f} ({min(times):.2f} to {max(times):.2f})"


def table(stored: dict, device: str = "cpu") -> str:
    command = f"`python -m benchmarks.speed{' --device cuda' * (device == 'cuda')} --write`"
    if not stored:
        return f"Not measured yet: {command}."
    lines = [
        "| training | A: the post's way, ms a step | B: ours | C: the floor | A/B | B/C | images/s | B in bfloat16 "
        "| A/B in bfloat16 | peak memory A, B |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row, result in stored["trainings"].items():
        ms, ratio = result["ms"], ratios(result)
        posts = better_of_a(ms)
        memory = " and ".join(f"{mb:,} MB" for mb in result.get("megabytes", {}).values())
        lines.append(
            f"| {TRAININGS[row].title} | {cell(ms[posts])}{', 2 workers' * ('2' in posts)} | {cell(ms['B'])} "
            f"| {cell(ms['C'])} | {ratio['A/B']:.1f} | {ratio['B/C']:.2f} | {ratio['B images/s']:,.0f} "
            f"| {ratio['B16 images/s']:,.0f} images/s | {ratio['A/B16']:.1f} | {memory} |"
        )
    first = next(iter(stored["trainings"].values()))
    return "\n".join(lines) + (
        f"\n\nMedian of {len(first['ms']['A'])} rounds, in brackets the least and the most. {stored['machine']}, "
        f"{stored['threads']} threads, {stored['date']}, torch {stored['torch']} "
        f"({command})."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=TRAININGS, default=list(TRAININGS), metavar="ROW")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each way in a round, about")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--compile", action="store_true", help="torch.compile for B and C")
    parser.add_argument("--write", action="store_true", help="store the result; then make generate")
    parser.add_argument("--memory", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    keep_freed_memory()
    if args.memory:
        return print(peak(*args.memory))
    name = "speed" if args.device == "cpu" else f"speed_{args.device}{'_compiled' * args.compile}"
    path = RESULT.with_stem(name)
    stored = machine(args.device) | {"trainings": read_json(path).get("trainings", {})}
    for row in args.only:
        stored["trainings"][row] = measure(row, args.device, args.compile, args.rounds, args.seconds)
        print(row, {key: round(value, 2) for key, value in ratios(stored["trainings"][row]).items()}, flush=True)
        if args.write:
            stored["trainings"] = {key: stored["trainings"][key] for key in TRAININGS if key in stored["trainings"]}
            write_json(path, stored)
    print(table(stored, args.device))


if __name__ == "__main__":
    main()
