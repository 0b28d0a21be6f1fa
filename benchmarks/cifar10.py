"""The road of lessons 12 and 13: from lesson 10's network to 94 % on CIFAR-10, one idea at a time.

    python -m benchmarks.cifar10 diary       # each idea added to those before it, measured on validation images
    python -m benchmarks.cifar10 ablation    # the final recipe without one idea at a time, on validation images
    python -m benchmarks.reproduce --only CAP # the final recipe on all training images; the test set, opened at the end

All choices were made on 5,000 validation images. Results: results/diary.json and results/ablation.json, drawn in
results/ablation.png; the final runs are in results/reproduction.json. What is stored already is not run again. Diary
and ablation have the size of the lessons' trainings in class: a fifth of the images, a quarter of the channels, 8
epochs. --share, --narrower, --epochs, --batch-size and --seeds choose another one; the table tells which it was.
--device cuda measures on a GPU.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from matplotlib import pyplot as plt
from torch import Tensor, nn
from torch.optim import SGD, Adam, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, StepLR
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.report import RESULTS, machine, read_json, spread, write_json
from course_utils import show
from course_utils.beyond.airbench import (
    AlternatingFlip,
    Lookahead,
    Muon,
    TestTimeAugmentation,
    fast_biases,
    freeze_after,
    initialize,
    kernels_of,
    triangular_schedule,
    whitening_kernels,
)
from course_utils.callbacks.checkpoint import Checkpoint
from course_utils.data import ImageDataset, balanced_sample, flip, load, loader, pad_and_crop
from course_utils.device import keep_freed_memory
from course_utils.figures.style import use_style
from course_utils.models import CifarNet, Vgg
from course_utils.train import Callback, Training, fit, predict

DIARY, ABLATION, PICTURE = (RESULTS / name for name in ("diary.json", "ablation.json", "ablation.png"))
FINAL_EPOCHS = 9  # the record's eight give 94.01 % on average; a margin, chosen before the test set was opened


@dataclass(frozen=True)
class CifarRecipe:
    """One training on CIFAR-10. The defaults are lesson 10's network and settings, at their full size."""

    network: Callable[[tuple[int, ...]], nn.Module] = Vgg
    widths: tuple[int, ...] = (64, 128, 256)
    crop: int = 0  # pictures are moved by up to so many pixels; the mirror picture comes in at the border
    flip: str = "no"  # "no", "random" or "alternating"
    optimizer: str = "adam"  # "adam"; "sgd" with Nesterov momentum; "muon": SGD, and Muon for the kernels
    lr: float = 0.001  # of SGD: for 1,024 images, and as many times as great as the batch
    weight_decay: float = 0.0
    bias_factor: float = 1.0  # biases learn so many times as fast
    muon_lr: float = 0.5  # for 2,000 images, and with the root of the batch
    schedule: str = "step"  # "step": times 0.9 each epoch; "triangle": up and down in lines; "constant"
    label_smoothing: float = 0.0
    whiten: bool = False
    dirac: bool = False
    lookahead: bool = False
    views: bool = False  # test-time augmentation
    # the budget
    epochs: int = FINAL_EPOCHS
    batch_size: int = 2000
    narrower: int = 1  # the widths are divided by it
    share: float = 1.0  # of the training images

    @property
    def settings(self) -> str:
        """For the reader of results/reproduction.json."""
        return f"Muon, {self.epochs} epochs, batch {self.batch_size}"

    @property
    def budget(self) -> str:
        """What runs must share to be compared."""
        return f"{round(45_000 * self.share):,} training images, {self.epochs} epochs, batches of {self.batch_size}" + (
            f", channels / {self.narrower}" if self.narrower > 1 else ""
        )

    def model(self) -> nn.Module:
        return self.network(tuple(width // self.narrower for width in self.widths))


IN_CLASS = CifarRecipe(epochs=8, batch_size=128, narrower=4, share=0.2)
"""The budget of the lessons in class, in which the ideas are compared."""


IDEAS: dict[str, dict] = {
    "lesson 10's network": {},
    "CifarNet: pooled early, wide late, GELU": {"network": CifarNet, "widths": (64, 256, 256)},
    "whitened first layer": {"whiten": True},
    "first weights that pass the input on": {"dirac": True},
    "moved and mirrored pictures": {"crop": 2, "flip": "random"},
    "a rate of 0.008 in place of 0.001": {"lr": 0.008},
    "a rate that rises and falls in lines": {"schedule": "triangle"},
    "Nesterov SGD, weight decay": {"optimizer": "sgd", "lr": 3.0, "weight_decay": 1.33e-3},
    "label smoothing": {"label_smoothing": 0.2},
    "biases learn 64 times as fast": {"bias_factor": 64.0},
    "alternating flip": {"flip": "alternating"},
    "weight averaging (Lookahead)": {"lookahead": True},
    "Muon for the kernels, in place of Lookahead": {"optimizer": "muon", "lookahead": False},
    "six views of each test picture": {"views": True},
}
"""What each idea changes in the recipe of the idea before it."""


OTHERS: dict[str, dict] = {
    "with: SGD in place of Muon": {"optimizer": "sgd"},
    "with: Adam, so no weight decay or fast biases": {
        "optimizer": "adam", "lr": 0.008, "weight_decay": 0.0, "bias_factor": 1.0,
    },
    "without: weight decay": {"weight_decay": 0.0},
    "with: a constant rate": {"schedule": "constant"},
    "without: moved pictures": {"crop": 0},
    "without: mirrored pictures": {"flip": "no"},
    "with: lesson 10's network, random first weights": {
        "network": Vgg, "widths": (64, 128, 256), "whiten": False, "dirac": False,
    },
    "with: weight averaging (Lookahead)": {"lookahead": True},
    "with: residual connections": {"network": partial(CifarNet, residual=True)},
    "with: batch norm after the activation": {"network": partial(CifarNet, norm_last=True)},
}  # fmt: skip
"""More changes of the final recipe, for the ablation."""


def diary(budget: CifarRecipe = CifarRecipe()) -> dict[str, CifarRecipe]:
    """The recipe after each idea, within the budget."""
    recipes, recipe = {}, budget
    for name, changes in IDEAS.items():
        recipe = recipes[name] = replace(recipe, **changes)
    return recipes


FINAL = replace(list(diary().values())[-1], lr=0.85, muon_lr=0.24)
"""At its full size: the published rates, lower than those that were best in class, with fewer and smaller batches."""


def ablation(budget: CifarRecipe = CifarRecipe()) -> dict[str, CifarRecipe]:
    """The final recipe; without one idea at a time (what it changed is as it was before it); and with `OTHERS`."""
    final = list(diary(budget).values())[-1]
    recipes, before = {"all ideas": final}, budget
    for name, changes in IDEAS.items():
        undone = {key: getattr(before, key) for key in changes}
        before = replace(before, **changes)
        if undone and "network" not in changes and all(getattr(final, key) == changes[key] for key in changes):
            recipes[f"without: {name}"] = replace(final, **undone)
    return recipes | {name: replace(final, **changes) for name, changes in OTHERS.items()}


# ---- one training ----


def run(
    recipe: CifarRecipe,
    seed: int,
    final: bool = False,
    device: str = "cpu",
    autocast: torch.dtype | None = None,
    checkpoint: Path | None = None,
) -> dict:
    """Train once; the finished run as it is stored.

    Args:
        final: train on all 50,000 images and measure on the test set; otherwise 5,000 images are kept for validation.
        autocast: torch.bfloat16 for processors that compute faster with it.
        checkpoint: a file from which an interrupted training goes on; for whole batches, and without Lookahead.
    """
    sets = load("cifar10", validation=0 if final else 5000)
    if sets.standin:
        raise SystemExit("The diary is about real pictures, and these are drawn ones. First: make data")
    held_out = loader((sets.test if final else sets.validation).to(device), 500)
    few = sets.train if recipe.share == 1 else balanced_sample(sets.train, recipe.share)
    train = few.with_transform(partial(augment, recipe)).to(device)
    torch.manual_seed(seed)
    if recipe.flip == "alternating":
        train = AlternatingFlip(train)
    batches = loader(train, recipe.batch_size, shuffle=True, drop_last=True)
    steps = recipe.epochs * len(batches)

    start = time.perf_counter()
    model = make_model(recipe, next(iter(loader(train.with_transform(None), 2000))).images).to(device)
    optimizer = make_optimizer(recipe, model)
    if recipe.lookahead:
        Lookahead(model, optimizer, steps)
    prepared = time.perf_counter() - start
    history = fit(
        model,
        batches,
        epochs=recipe.epochs,
        optimizer=optimizer,
        loss_fn=partial(F.cross_entropy, label_smoothing=recipe.label_smoothing),
        scheduler=make_schedule(recipe, optimizer, steps),
        scheduler_interval="epoch" if recipe.schedule == "step" else "step",
        callbacks=([Checkpoint(checkpoint)] if checkpoint else []) + [_Between(recipe, train, steps)],
        autocast=autocast,
        verbose=final,
    )
    start = time.perf_counter()
    answering = TestTimeAugmentation(model) if recipe.views else model
    outputs, targets = predict(answering, held_out, autocast=autocast)
    return {
        "accuracy": round((outputs.argmax(dim=1) == targets).double().mean().item(), 4),
        "images": "test" if final else "validation",
        "train_loss": [round(loss, 5) for loss in history.train_loss],
        "train_accuracy": [round(accuracy, 5) for accuracy in history.train_accuracy],
        "epoch_seconds": [round(seconds, 2) for seconds in history.seconds],
        "seconds": round(prepared + sum(history.seconds), 1),
        "seconds_to_measure": round(time.perf_counter() - start, 1),
        "parameters": sum(p.numel() for p in model.parameters()),
        "petaflop": float(f"{petaflop(recipe.model(), steps * recipe.batch_size):.3g}"),
        "precision": "bfloat16" if autocast else "float32",
        **machine(device),
    }


class _Between(Callback):
    """What depends on the steps that are done, and what a checkpoint does not hold of it."""

    def __init__(self, recipe: CifarRecipe, train: ImageDataset, steps: int):
        self.recipe, self.train, self.steps = recipe, train, steps

    def on_fit_start(self, training: Training) -> None:
        done = len(training.history)
        if isinstance(self.train, AlternatingFlip):
            self.train.mirrored ^= done % 2 == 1  # each epoch turned each image
        if self.recipe.whiten:
            left = self.steps // 3 - done * len(training.train_loader)
            freeze_after(training.network.first.bias, training.optimizer, max(left, 0))


def augment(recipe: CifarRecipe, images: Tensor) -> Tensor:
    """The transform of the training images: flips that alternate need to know the image, see `AlternatingFlip`."""
    if recipe.crop:
        images = pad_and_crop(images, recipe.crop, "reflect")
    return flip(images) if recipe.flip == "random" else images


def make_model(recipe: CifarRecipe, images: Tensor) -> nn.Module:
    """The network with its first weights; `images` are for the whitening."""
    model = recipe.model()
    if recipe.whiten or recipe.dirac:
        initialize(model, whitening_kernels(images) if recipe.whiten else None, recipe.dirac)
    return model.to(memory_format=torch.channels_last)


def make_optimizer(recipe: CifarRecipe, model: nn.Module) -> Optimizer:
    if recipe.optimizer == "adam":
        return Adam([p for p in model.parameters() if p.requires_grad], lr=recipe.lr)
    kernels = kernels_of(model) if recipe.optimizer == "muon" else []
    lr = recipe.lr * recipe.batch_size / 1024
    groups = fast_biases(model, lr, recipe.weight_decay, recipe.bias_factor, without=kernels)
    if kernels:
        return Muon(kernels, groups, recipe.muon_lr * (recipe.batch_size / 2000) ** 0.5)
    return SGD(groups, momentum=0.85, nesterov=True)


def make_schedule(recipe: CifarRecipe, optimizer: Optimizer, steps: int) -> LRScheduler:
    if recipe.schedule == "step":
        return StepLR(optimizer, step_size=1, gamma=0.9)
    if recipe.schedule == "constant":
        return LambdaLR(optimizer, lambda step: 1.0)
    return triangular_schedule(optimizer, steps)


def petaflop(model: nn.Module, images: int) -> float:
    """The multiplications and additions of a training on so many images, in 10^15: forward and backward."""
    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, 3, 32, 32)).sum().backward()
    return counter.get_total_flops() * images / 1e15


# ---- running all, and the tables ----


def missing(path: Path, recipes: dict[str, CifarRecipe], seeds: list[int]) -> Iterator[tuple[str, CifarRecipe, int]]:
    for seed in seeds:
        for name, recipe in recipes.items():
            if str(seed) not in read_json(path).get(recipe.budget, {}).get(name, {}):
                yield name, recipe, seed


def store(path: Path, recipe: CifarRecipe, name: str, seed: int, result: dict) -> None:
    stored = read_json(path)
    stored.setdefault(recipe.budget, {}).setdefault(name, {})[str(seed)] = result
    write_json(path, stored)


def tables(stored: dict, each_to_the_one_before: bool) -> str:
    """Accuracy and work of each idea, for each budget; the gain over the line before, or over the first line."""
    parts = [] if stored else ["Not yet run."]
    for budget, rows in stored.items():
        seeds = max(len(row) for row in rows.values())
        parts += [f"{budget}; {seeds} seeds: their mean, in brackets the least and the greatest.", ""]
        parts += ["| idea | accuracy on validation images | gain | TFLOP |", "|---|---|---|---|"]
        reference = None
        for name, seeds in rows.items():
            found = [result["accuracy"] for result in seeds.values()]
            work = 1000 * max(result["petaflop"] for result in seeds.values())
            mean = statistics.mean(found)
            gain = "" if reference is None else f"{100 * (mean - reference):+.2f}"
            parts.append(f"| {name} | {spread(found)} | {gain} | {work:.1f} |")
            if reference is None or each_to_the_one_before:
                reference = mean
        parts.append("")
    return "\n".join(parts).strip()


def draw(budget: str) -> None:
    """Diary and ablation of one budget, a dot for each training, as results/ablation.png."""
    found = [read_json(path).get(budget, {}) for path in (DIARY, ABLATION)]
    use_style()
    figure, axes = plt.subplots(2, 1, figsize=(9, 9), sharex=True)
    titles = ("each idea added to those before it", "all ideas (line), without one, or with one more")
    for axis, rows, color, title in zip(axes, found, show.COLORS, titles, strict=False):
        for row, seeds in enumerate(rows.values()):
            accuracies = [100 * run["accuracy"] for run in seeds.values()]
            axis.plot(accuracies, [row] * len(seeds), "o", color=color, alpha=0.6)
            if far := [f"{accuracy:.0f}" for accuracy in sorted(accuracies) if accuracy < 60]:
                axis.text(61.3, row, f"← {', '.join(far)} %", verticalalignment="center")
            if title == titles[1] and row == 0:
                axis.axvline(statistics.mean(accuracies), color="black", linewidth=1)
        axis.set(title=title, xlabel="validation accuracy, in %", xlim=(60, 84))
        axis.set_yticks(range(len(rows)), list(rows))
        axis.invert_yaxis()
        axis.grid(alpha=0.3)
    show.finish(figure, "What each idea brings, and what each is worth").savefig(PICTURE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("diary", "ablation"))
    parser.add_argument("--epochs", type=int, default=IN_CLASS.epochs)
    parser.add_argument("--batch-size", type=int, default=IN_CLASS.batch_size)
    parser.add_argument(
        "--narrower", type=int, default=IN_CLASS.narrower, help="divide all numbers of channels by this"
    )
    parser.add_argument("--share", type=float, default=IN_CLASS.share, help="of the training images")
    parser.add_argument("--seeds", nargs="+", type=int, default=[777, 778, 779])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--bfloat16", action="store_true", help="for processors that are faster with it")
    args = parser.parse_args()
    keep_freed_memory()
    path, recipes = {"diary": (DIARY, diary), "ablation": (ABLATION, ablation)}[args.what]
    budget = CifarRecipe(epochs=args.epochs, batch_size=args.batch_size, narrower=args.narrower, share=args.share)
    for name, recipe, seed in missing(path, recipes(budget), args.seeds):
        print(f"{name}, seed {seed}", flush=True)
        result = run(recipe, seed, device=args.device, autocast=torch.bfloat16 if args.bfloat16 else None)
        store(path, recipe, name, seed, result)
    draw(budget.budget)


if __name__ == "__main__":
    main()
