"""Run the posts' trainings again, as the posts ran them, and beside each our best at the same number of epochs.

    python -m benchmarks.reproduce                    # whatever is not in results/reproduction.json yet
    python -m benchmarks.reproduce --only D-1 T-40    # these rows only; --seeds 777: these seeds only
    python -m benchmarks.reproduce --list             # the rows, and which seeds are done
    python -m benchmarks.reproduce --device cuda --only CAP   # on a GPU; stored in results/reproduction_cuda.json

"post" follows the post's own protocol: all training images, its model, loss, optimizer, batch size and epochs, and the
test set measured after every epoch (no validation set). "ours" keeps data, network and number of epochs unless its
settings say otherwise. Its settings were fixed before the test set was looked at; nothing was tuned on it.

A run that was interrupted goes on from its last epoch (checkpoints in runs/). Each run is stored when it is done, with
every epoch, its versions, machine, number of threads and date.
"""

import argparse
import statistics
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW
from torch.optim.lr_scheduler import OneCycleLR, StepLR

from benchmarks import cifar10
from benchmarks.report import RESULTS, machine, read_json, spread, write_json
from course_utils import ROOT
from course_utils.callbacks.checkpoint import Checkpoint
from course_utils.data import DataSets, flip, load, loader, pad_and_crop
from course_utils.device import keep_freed_memory
from course_utils.models import Conv32x64, Conv32x64x128, FashionCnn, LeNet, LeNet5, Mlp, Vgg
from course_utils.train import fit

RESULT = RESULTS / "reproduction.json"
CHECKPOINTS = ROOT / "runs" / "reproduction"
SEEDS = (777, 778, 779)
MNIST_SCALE = ((0.1307,), (0.3081,))
CIFAR_SCALE = ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))
ZERO_TO_ONE = False


# ---- the posts' losses on logits ----


def softmax_mse(logits: Tensor, targets: Tensor) -> Tensor:
    """MCL: mean squared error between the softmax of v0 or v1 and the one-hot targets, over all N * 10 numbers."""
    return F.mse_loss(logits.softmax(1), F.one_hot(targets, 10).float())


def double_softmax(logits: Tensor, targets: Tensor) -> Tensor:
    """MCL: cross-entropy, which applies a softmax, on the output of a network that ends in a softmax."""
    return F.cross_entropy(logits.softmax(1), targets)


def smoothed(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy with label smoothing 0.1; the loss is then no longer comparable with the posts'."""
    return F.cross_entropy(logits, targets, label_smoothing=0.1)


# ---- how a run is set up ----


@dataclass(frozen=True)
class Recipe:
    """One training: everything but the seed. `settings` tells it to the reader of the table."""

    settings: str
    data: str
    model: Callable[[], nn.Module]
    epochs: int
    batch_size: int
    optimizer: Callable[..., torch.optim.Optimizer]
    normalize: object = ZERO_TO_ONE
    loss_fn: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy
    schedule: Callable[..., torch.optim.lr_scheduler.LRScheduler] | None = None  # optimizer, steps -> scheduler
    interval: str = "epoch"
    drop_last: bool = False
    transform: Callable[[Tensor], Tensor] | None = None
    channels_last: bool = False
    autocast: torch.dtype | None = None


@dataclass(frozen=True)
class Row:
    """A line of the table: the recipes, and what the post reported, by epoch."""

    what: str
    post: str
    recipes: dict[str, Recipe | cifar10.CifarRecipe]
    accuracy: dict[int, float] = field(default_factory=dict)
    test_loss: dict[int, float] = field(default_factory=dict)
    train_loss: dict[int, float] = field(default_factory=dict)
    seeds: tuple[int, ...] = SEEDS


def sgd(lr: float, momentum: float = 0.0, **more) -> Callable[..., SGD]:
    return lambda parameters: SGD(parameters, lr=lr, momentum=momentum, fused=True, **more)


def adam(lr: float) -> Callable[..., Adam]:
    return lambda parameters: Adam(parameters, lr=lr, fused=True)


def adamw(lr: float, weight_decay: float = 0.01) -> Callable[..., AdamW]:
    return lambda parameters: AdamW(parameters, lr=lr, weight_decay=weight_decay, fused=True)


def one_cycle(lr: float, share_up: float = 0.3) -> Callable[..., OneCycleLR]:
    return lambda optimizer, steps: OneCycleLR(optimizer, max_lr=lr, total_steps=steps, pct_start=share_up)


def ninetenths(optimizer: torch.optim.Optimizer, _steps: int) -> StepLR:
    return StepLR(optimizer, step_size=1, gamma=0.9)


def moved_a_little(images: Tensor) -> Tensor:
    return pad_and_crop(images, padding=2)


def moved_and_mirrored(images: Tensor) -> Tensor:
    return flip(pad_and_crop(images, padding=4))


def mcl(hidden: tuple[int, ...], batch_norm: bool, loss_fn: Callable, name: str) -> Recipe:
    return Recipe(
        f"SGD 0.1, batch 500, {name}", "mnist", lambda: Mlp(hidden, batch_norm), 50, 500, sgd(0.1), loss_fn=loss_fn
    )


MSE, TWICE = "MSE on softmax", "cross-entropy on softmax"
CYCLE = "one-cycle schedule"
WIDE = (64, 128, 256)
COST_A = dict(enumerate([  # the post's mean cost per epoch
    0.2257, 0.0631, 0.0462, 0.0374, 0.0312, 0.0261, 0.0217, 0.0183,
    0.0161, 0.0131, 0.0100, 0.0097, 0.0082, 0.0065, 0.0068,
], start=1))  # fmt: skip
COST_B = dict(enumerate([
    0.1968, 0.0530, 0.0361, 0.0294, 0.0227, 0.0191, 0.0173, 0.0144,
    0.0133, 0.0117, 0.0093, 0.0099, 0.0080, 0.0086, 0.0069,
], start=1))  # fmt: skip
ROWS = {
    "D-1": Row(
        "LeNet-5, MNIST, 1 epoch",
        "Deeperence",
        {
            "post": Recipe(
                "SGD 0.01, momentum 0.5, batch 64", "mnist", LeNet5, 1, 64, sgd(0.01, 0.5), normalize=MNIST_SCALE
            ),
            "ours": Recipe(
                f"AdamW 0.005, {CYCLE}", "mnist", LeNet5, 1, 64, adamw(0.005), normalize=True,
                schedule=one_cycle(0.005), interval="step",
            ),
        },
        accuracy={1: 0.9522},
    ),
    "T-40": Row(
        "small CNN, Fashion-MNIST, 40 epochs",
        "3-minute",
        {
            "post": Recipe(
                "SGD 0.01, momentum 0.5, batch 64, MNIST's mean and std", "fashion_mnist", FashionCnn, 40, 64,
                sgd(0.01, 0.5), normalize=MNIST_SCALE, channels_last=True,
            ),
            "ours": Recipe(
                f"AdamW 0.003, {CYCLE}, dropout 0.1, mirrored pictures, right mean and std", "fashion_mnist",
                lambda: FashionCnn(dropout=0.1), 40, 64, adamw(0.003), normalize=True, transform=flip,
                schedule=one_cycle(0.003), interval="step", channels_last=True,
            ),
        },
        accuracy={1: 0.7535, 2: 0.7939, 40: 0.8965},
        test_loss={1: 0.6457, 2: 0.5394, 40: 0.2999},
    ),
    "L-a": Row(
        "Conv32-64, MNIST, 15 epochs",
        "Lec 10-2",
        {
            "post": Recipe(
                "Adam 0.001, batch 100", "mnist", Conv32x64, 15, 100, adam(0.001), drop_last=True, channels_last=True
            ),
            "ours": Recipe(
                f"AdamW 0.003, {CYCLE}, pictures moved by up to 2 pixels; bfloat16", "mnist", Conv32x64, 15, 100,
                adamw(0.003), normalize=True, schedule=one_cycle(0.003), interval="step", transform=moved_a_little,
                channels_last=True, autocast=torch.bfloat16,
            ),
        },
        accuracy={15: 0.9866},
        train_loss=COST_A,
    ),
    "L-b": Row(
        "Conv32-64-128, MNIST, 15 epochs",
        "Lec 10-2",
        {
            "post": Recipe(
                "Adam 0.001, batch 100", "mnist", Conv32x64x128, 15, 100, adam(0.001), drop_last=True,
                channels_last=True,
            ),
            "ours": Recipe(
                f"AdamW 0.002, {CYCLE}, pictures moved by up to 2 pixels; bfloat16", "mnist", Conv32x64x128, 15, 100,
                adamw(0.002), normalize=True, schedule=one_cycle(0.002), interval="step", transform=moved_a_little,
                channels_last=True, autocast=torch.bfloat16,
            ),
        },
        accuracy={15: 0.9913},
        train_loss=COST_B,
    ),
    "M": Row(
        "MLP, MNIST, 50 epochs",
        "MCL",
        {
            "v0 MSE": mcl((), False, softmax_mse, MSE),
            "v1 MSE": mcl((128, 64), False, softmax_mse, MSE),
            "v1 BN MSE": mcl((128, 64), True, softmax_mse, MSE),
            "v1 BN CE": mcl((128, 64), True, double_softmax, TWICE),
            "ours": Recipe(
                f"v1 with BN, cross-entropy on logits, AdamW 0.003, {CYCLE}, pictures moved by up to 2 pixels",
                "mnist", lambda: Mlp((128, 64), True), 50, 500, adamw(0.003), normalize=True,
                schedule=one_cycle(0.003), interval="step", transform=moved_a_little,
            ),
        },
    ),
    "C": Row(
        "VGG-style, CIFAR-10, 15 epochs",
        "MCL",
        {
            "linear": Recipe(
                "linear model, Adam 0.001, times 0.9 each epoch, batch 128", "cifar10",
                lambda: Mlp(in_features=3 * 32 * 32), 15, 128, adam(0.001), normalize=CIFAR_SCALE, schedule=ninetenths,
            ),
            "post": Recipe(
                "Adam 0.001, times 0.9 each epoch, batch 128, no augmentation; bfloat16", "cifar10",
                lambda: Vgg(WIDE), 15, 128, adam(0.001), normalize=CIFAR_SCALE, schedule=ninetenths, channels_last=True,
                autocast=torch.bfloat16,
            ),
            "ours": Recipe(
                f"SGD 0.1, Nesterov momentum 0.9, {CYCLE}, weight decay, label smoothing, moved and mirrored; bfloat16",
                "cifar10", lambda: Vgg(WIDE), 15, 128, sgd(0.1, 0.9, nesterov=True, weight_decay=5e-4),
                normalize=True, loss_fn=smoothed, schedule=one_cycle(0.1, 0.25), interval="step",
                transform=moved_and_mirrored, channels_last=True, autocast=torch.bfloat16,
            ),
        },
        seeds=SEEDS[:1],
    ),
    "S": Row(
        "LeNet, MNIST, 21 epochs",
        "Seminar 3",
        {
            "post": Recipe(
                "SGD 0.001, momentum 0.9, batch 128", "mnist", LeNet, 21, 128, sgd(0.001, 0.9), normalize=ZERO_TO_ONE
            ),
            "ours": Recipe(
                f"AdamW 0.003, {CYCLE}, pictures moved by up to 2 pixels", "mnist", LeNet, 21, 128, adamw(0.003),
                normalize=True, schedule=one_cycle(0.003), interval="step", transform=moved_a_little,
            ),
        },
    ),
    "CAP": Row("CifarNet, CIFAR-10", "none: lesson 13", {"muon": cifar10.FINAL}),
}  # fmt: skip
OWN_TABLE = ("M", "CAP")  # these rows are not in the table of accuracies


# ---- running ----


def run(name: str, recipe: Recipe | cifar10.CifarRecipe, seed: int, device: str = "cpu") -> dict:
    """Train once; the finished run as it is stored."""
    checkpoint = CHECKPOINTS / f"{name} {seed}{'' if device == 'cpu' else f' {device}'}.pt"
    if isinstance(recipe, cifar10.CifarRecipe):
        return cifar10.run(recipe, seed, final=True, device=device, checkpoint=checkpoint)
    sets = _load(recipe)
    torch.manual_seed(seed)
    model = recipe.model().to(device)
    if recipe.channels_last:
        model.to(memory_format=torch.channels_last)
    train = sets.train.with_transform(recipe.transform).to(device)
    train_loader = loader(train, recipe.batch_size, shuffle=True, drop_last=recipe.drop_last)
    optimizer = recipe.optimizer(model.parameters())
    steps = recipe.epochs * len(train_loader)
    history = fit(
        model,
        train_loader,
        loader(sets.test.to(device), 1000),
        epochs=recipe.epochs,
        optimizer=optimizer,
        loss_fn=recipe.loss_fn,
        scheduler=recipe.schedule(optimizer, steps) if recipe.schedule else None,
        scheduler_interval=recipe.interval,
        callbacks=[Checkpoint(checkpoint)],
        autocast=recipe.autocast,
    )
    digits = {"train_loss": 5, "validation_loss": 5, "train_accuracy": 5, "validation_accuracy": 4, "seconds": 4}
    # what fit calls validation is the test set here
    epochs = {
        key.replace("validation", "test"): [round(value, digits.get(key, 8)) for value in values]
        for key, values in asdict(history).items()
    }
    return {
        **epochs,
        "parameters": sum(p.numel() for p in model.parameters()),
        **machine(device),
    }


def _load(recipe: Recipe) -> DataSets:
    sets = load(recipe.data, validation=0, normalize=recipe.normalize)
    if sets.standin:
        raise SystemExit("The posts' figures are about real pictures, and these are drawn ones. First: make data")
    return sets


def file_of(device: str) -> Path:
    """Where the runs on a device are stored."""
    return RESULT if device == "cpu" else RESULT.with_stem(f"{RESULT.stem}_{device}")


def read(device: str = "cpu") -> dict:
    return read_json(file_of(device))


def store(
    row: str, name: str, recipe: Recipe | cifar10.CifarRecipe, seed: int, result: dict, device: str = "cpu"
) -> None:
    """Add one run to the file."""
    stored = read(device)
    entry = stored.setdefault(row, {}).setdefault(name, {"settings": recipe.settings, "seeds": {}})
    entry["settings"] = recipe.settings
    entry["seeds"][str(seed)] = result
    write_json(file_of(device), stored)


def missing(
    only: list[str] | None, seeds: tuple[int, ...] = SEEDS, device: str = "cpu"
) -> Iterator[tuple[str, str, Recipe | cifar10.CifarRecipe, int]]:
    """(row, name of the recipe, recipe, seed) of all runs that are not stored: first seeds first."""
    for seed in seeds:
        for row_id, row in ROWS.items():
            for name, recipe in row.recipes.items():
                wanted = not only or row_id in only or f"{row_id}:{name}" in only
                done = read(device).get(row_id, {}).get(name, {}).get("seeds", {})
                if wanted and seed in row.seeds and str(seed) not in done:
                    yield row_id, name, recipe, seed


# ---- the tables ----


def seeds_of(stored: dict, row: str, name: str, key: str, epoch: int = 0) -> list[float]:
    """One number of each seed: `key` after `epoch` epochs (0: after the last)."""
    return [seed[key][epoch - 1] for seed in stored.get(row, {}).get(name, {}).get("seeds", {}).values()]


def verdict(reported: float, values: list[float]) -> str:
    """Does a reported accuracy agree with ours? Yes when the mean is at most one point away."""
    if not values:
        return ""
    away = 100 * (statistics.mean(values) - reported)
    return f"{'yes' if abs(away) <= 1 else 'no'}, {abs(away):.2f} points {'higher' if away > 0 else 'lower'}"


def accuracy_table(stored: dict) -> str:
    """Accuracies on the test set, by the post's protocol and by ours."""
    lines = [
        "| | run | seeds | reported | by the post's protocol | agrees? | ours, same epochs | what changed |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row_id, row in ROWS.items():
        if row_id in OWN_TABLE:
            continue
        ours = row.recipes["ours"]
        last = row.recipes["post"].epochs
        for epoch in sorted({*row.accuracy, last}):
            values = seeds_of(stored, row_id, "post", "test_accuracy", epoch)
            reported = row.accuracy.get(epoch)
            cells = [
                row_id,
                f"{row.post}: {row.what}" if epoch == last else f"{row.post}, after epoch {epoch}",
                str(len(values)),
                f"{100 * reported:.2f} %" if reported else "none",
                spread(values),
                verdict(reported, values) if reported else "",
                spread(seeds_of(stored, row_id, "ours", "test_accuracy")) if epoch == last else "",
                ours.settings if epoch == last else "",
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def loss_table(stored: dict) -> str:
    """Losses by epoch, reported and run again by the post's protocol (mean over the seeds)."""
    lines = ["| | loss | epoch | reported | run again, mean | run again, least to most |", "|---|---|---|---|---|---|"]
    for row_id, row in ROWS.items():
        for key, reported in (("test_loss", row.test_loss), ("train_loss", row.train_loss)):
            for epoch, loss in reported.items():
                if values := seeds_of(stored, row_id, "post", key, epoch):
                    found = f"{statistics.mean(values):.4f} | {min(values):.4f} to {max(values):.4f}"
                    what = "test" if key == "test_loss" else "training"
                    lines.append(f"| {row_id} | {what} | {epoch} | {loss:.4f} | {found} |")
    return "\n".join(lines)


def first_below(below: list[float], above: list[float]) -> int | None:
    """The first epoch from which `below` stays below `above` to the end; None if it ends above."""
    epoch = None
    for i, (a, b) in enumerate(zip(below, above, strict=True), start=1):
        epoch = (epoch or i) if a < b else None
    return epoch


def claims_of_mcl(stored: dict) -> list[tuple[str, str, str]]:
    """(claim, yes or no, what was measured) for each claim of the post about its four runs."""
    runs = stored.get("M", {})
    seeds = sorted(set.intersection(*(set(runs.get(name, {}).get("seeds", {})) for name in ROWS["M"].recipes)))
    if not seeds:
        return []

    def each(name: str, key: str) -> list[list[float]]:
        return [runs[name]["seeds"][seed][key] for seed in seeds]

    loss = {name: each(name, "test_loss") for name in runs}
    accuracy = {name: each(name, "test_accuracy") for name in runs}
    v0, v1, bn = loss["v0 MSE"], loss["v1 MSE"], loss["v1 BN MSE"]
    cross = [first_below(b, a) for a, b in zip(v0, v1, strict=True)]
    at_cross = [b[epoch - 1] for b, epoch in zip(v1, cross, strict=True) if epoch]
    gap = [abs(t - v) for t, v in zip(sum(each("v0 MSE", "train_loss"), []), sum(v0, []), strict=True)]
    never_above = [all(b < min(x, y) for b, x, y in zip(*three, strict=True)) for three in zip(bn, v0, v1, strict=True)]
    ce_wins = [
        sum(c > m for c, m in zip(*two, strict=True))
        for two in zip(accuracy["v1 BN CE"], accuracy["v1 BN MSE"], strict=True)
    ]
    gain = [(a[9] - a[0]) / (a[-1] - a[0]) for a in accuracy["v1 BN MSE"]]
    gain_v1 = [(a[9] - a[0]) / (a[-1] - a[0]) for a in accuracy["v1 MSE"]]
    total = [
        sum(sum(runs[name]["seeds"][seed]["seconds"]) for name in ROWS["M"].recipes if name != "ours") for seed in seeds
    ]

    def yes(ok: bool) -> str:
        return "yes" if ok else "no"

    crossed = f"epochs {', '.join(map(str, cross))}; the loss is then " + " ".join(f"{x:.4f}" for x in at_cross)
    last = {name: spread([a[-1] for a in accuracy[name]]) for name in runs}
    return [
        ("training and test loss look alike", yes(max(gap) < 0.01), f"v0: at most {max(gap):.4f} apart"),
        ("v1 without BN starts above v0", yes(all(a[0] > b[0] for a, b in zip(v1, v0, strict=True))),
         f"after epoch 1: {statistics.mean(a[0] for a in v1):.4f} against {statistics.mean(a[0] for a in v0):.4f}"),
        ("it meets v0 at epoch 41", yes(41 in cross), crossed),
        ("... at a loss of 0.201", yes(any(abs(x - 0.201) < 0.01 for x in at_cross)),
         "ten times smaller: the post must have meant 0.0201"),
        ("... and ends below v0", yes(all(cross)), f"at the end {last['v1 MSE']} accuracy against {last['v0 MSE']}"),
        ("v1 with BN is below both at every epoch", yes(all(never_above)), f"{sum(never_above)} of {len(seeds)} seeds"),
        ("cross-entropy gives a higher accuracy than MSE", yes(all(n > 45 for n in ce_wins)),
         f"in {', '.join(map(str, ce_wins))} of 50 epochs; at the end {last['v1 BN CE']} against {last['v1 BN MSE']}"),
        ("most of the gain comes in the first epochs", yes(min(gain) > 0.5 and min(gain_v1) > 0.5),
         f"share of the gain in ten epochs: {statistics.mean(gain):.0%} for v1 with BN, "
         f"{statistics.mean(gain_v1):.0%} for v1 without"),
        ("the four runs take 25:03 on a GPU", "",
         f"{statistics.median(total):.0f} seconds here, on {runs['v0 MSE']['seeds'][seeds[0]]['threads']} CPU threads"),
    ]  # fmt: skip


def cifar10_table(stored: dict, device: str = "cpu") -> str:
    """The recipes on the way to 94 %, one line for each seed. The older one, with SGD, is no longer run."""
    lines = [
        "| recipe | seed | test accuracy | epochs | PFLOP | seconds | machine |",
        "|---|---|---|---|---|---|---|",
    ]
    for recipe in stored.get("CAP", {}).values():
        for seed, result in recipe["seeds"].items():
            cells = [recipe["settings"], seed, f"{100 * result['accuracy']:.2f} %", len(result["train_loss"])]
            cells += [f"{result['petaflop']:.2f}", f"{result['seconds']:.0f}"]
            precision = result.get("precision", "bfloat16")
            cells.append(f"{result['machine']}, {result['threads']} threads, {precision}")
            lines.append(f"| {' | '.join(map(str, cells))} |")
    if len(lines) > 2:
        return "\n".join(lines)
    again = f"python -m benchmarks.reproduce --device {device} --only CAP"
    return "Not yet run." if device == "cpu" else f"Not measured yet: `{again}`."


def claims_table(stored: dict) -> str:
    lines = ["| the post says | true here? | measured |", "|---|---|---|"]
    return "\n".join(lines + [f"| {' | '.join(claim)} |" for claim in claims_of_mcl(stored)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="ID", help=f"rows ({', '.join(ROWS)}), or ROW:RECIPE")
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS, choices=SEEDS)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--list", action="store_true", help="show what is missing, run nothing")
    args = parser.parse_args()
    known = set(ROWS) | {f"{row_id}:{name}" for row_id, row in ROWS.items() for name in row.recipes}
    if unknown := set(args.only or ()) - known:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
    keep_freed_memory()
    for row_id, name, recipe, seed in missing(args.only, tuple(args.seeds), args.device):
        print(f"{row_id}, {name}, seed {seed}: {recipe.settings}, {recipe.epochs} epochs", flush=True)
        if not args.list:
            result = run(f"{row_id} {name}", recipe, seed, args.device)
            store(row_id, name, recipe, seed, result, args.device)


if __name__ == "__main__":
    main()
