"""The reproduction of the posts' figures: every recipe runs, is stored and resumed; the tables show what was stored."""

import json
from dataclasses import replace

import pytest
import torch

from benchmarks import cifar10, reproduce
from benchmarks.reproduce import ROWS, Recipe
from course_utils.data import DataSets, ImageDataset

pytestmark = pytest.mark.usefixtures("one_thread")
RECIPES = [(row_id, name) for row_id, row in ROWS.items() for name in row.recipes if row_id != "CAP"]


@pytest.fixture
def small(monkeypatch, tmp_path):
    """load() gives a few random pictures; results and checkpoints go to a folder of this test."""

    def few(name, validation, normalize=True):
        shape = (3, 32, 32) if name == "cifar10" else (1, 28, 28)
        scale = (None, None) if normalize is False else ((0.5,) * shape[0],) * 2
        numbers = torch.Generator().manual_seed(0)
        images = torch.randint(256, (64, *shape), dtype=torch.uint8, generator=numbers)
        split = ImageDataset(images, torch.arange(64) % 10, *scale)
        return DataSets(name, split, None, split, tuple("0123456789"), *scale, "few", False, tmp_path)

    monkeypatch.setattr(reproduce, "load", few)
    monkeypatch.setattr(cifar10, "load", few)
    monkeypatch.setattr(reproduce, "RESULT", tmp_path / "reproduction.json")
    monkeypatch.setattr(reproduce, "CHECKPOINTS", tmp_path / "runs")
    return tmp_path


@pytest.mark.parametrize("row_id, name", RECIPES)
def test_every_recipe_runs_and_is_stored(small, row_id, name):
    recipe = ROWS[row_id].recipes[name]
    autocast = None if row_id == "C" else recipe.autocast  # bfloat16 on a CPU without it takes half a minute
    short = replace(recipe, epochs=1, batch_size=min(recipe.batch_size, 32), autocast=autocast)
    result = reproduce.run("short", short, seed=1)
    reproduce.store(row_id, name, short, 1, result)
    stored = reproduce.read()[row_id][name]
    assert stored["settings"] == recipe.settings
    assert stored["seeds"]["1"] == json.loads(json.dumps(result))
    assert len(result["test_accuracy"]) == 1 and result["seconds"][0] > 0 and result["parameters"] > 1000


def shortened(recipe: cifar10.CifarRecipe) -> cifar10.CifarRecipe:
    return replace(recipe, narrower=8, epochs=1, batch_size=32)


CIFAR10 = cifar10.diary() | {name: cifar10.ablation()[name] for name in cifar10.OTHERS}


@pytest.mark.parametrize("name", CIFAR10)
def test_every_recipe_of_cifar10_trains(small, name):
    recipe = shortened(CIFAR10[name])
    result = reproduce.run("short", recipe, seed=1)
    reproduce.store("CAP", name, recipe, 1, result)
    assert reproduce.read()["CAP"][name]["seeds"]["1"] == json.loads(json.dumps(result))
    assert 0 <= result["accuracy"] <= 1 and result["images"] == "test" and result["petaflop"] > 0


def test_cifar10_has_a_table(small):
    assert reproduce.cifar10_table({}) == "Not yet run."
    recipe = shortened(cifar10.FINAL)
    reproduce.store("CAP", "muon", recipe, 777, reproduce.run("short", recipe, seed=777))
    header, line, row = reproduce.cifar10_table(reproduce.read()).splitlines()
    assert header.count("|") == line.count("|") == row.count("|")
    assert row.startswith("| Muon, 1 epochs, batch 32 | 777 | ")


def test_an_ablation_takes_one_idea_away():
    whole, *others = cifar10.ablation().values()
    assert whole == list(cifar10.diary().values())[-1]
    assert replace(cifar10.FINAL, lr=whole.lr, muon_lr=whole.muon_lr) == whole
    changed = [set(changes) for changes in (*cifar10.IDEAS.values(), *cifar10.OTHERS.values())]
    for recipe in others:
        assert {key for key, value in vars(recipe).items() if value != getattr(whole, key)} in changed


def test_a_small_budget_is_the_same_for_all_recipes_and_has_a_table_of_its_own():
    budget = cifar10.CifarRecipe(epochs=2, narrower=4, share=0.5, batch_size=64)
    for recipes in (cifar10.diary(budget), cifar10.ablation(budget)):
        assert {recipe.budget for recipe in recipes.values()} == {
            "22,500 training images, 2 epochs, batches of 64, channels / 4"
        }
        assert all(sum(p.numel() for p in recipe.model().parameters()) < 140_000 for recipe in recipes.values())
    run = {"accuracy": 0.5, "petaflop": 0.004}
    rows = {"a": {"1": run}, "b": {"1": run | {"accuracy": 0.6}}, "c": {"1": run | {"accuracy": 0.62}}}
    stored = {"2 epochs": rows, "5 epochs": rows}
    diary, ablation = (cifar10.tables(stored, each_to_the_one_before=diary) for diary in (True, False))
    assert diary.count("2 epochs; 1 seeds") == diary.count("5 epochs; 1 seeds") == 1
    assert diary.count("+10.00 | 4.0 |") == ablation.count("+10.00 | 4.0 |") == 2
    assert diary.count("+2.00") == ablation.count("+12.00") == 2
    assert cifar10.tables({}, each_to_the_one_before=True) == "Not yet run."


def test_an_interrupted_run_goes_on_from_its_last_epoch(small, capsys):
    recipe = ROWS["D-1"].recipes["post"]
    settings = {**vars(recipe), "epochs": 3}
    whole = reproduce.run("whole", Recipe(**settings), seed=1)
    reproduce.run("cut", Recipe(**{**settings, "epochs": 2}), seed=1)
    again = reproduce.run("cut", Recipe(**settings), seed=1)
    assert "2 of 3 epochs were done" in capsys.readouterr().out
    assert again["train_loss"] == whole["train_loss"] and again["test_accuracy"] == whole["test_accuracy"]


@pytest.mark.parametrize("done", (1, 2, 3))
def test_an_interrupted_run_of_the_final_recipe_goes_on_to_the_same_bits(small, done):
    """The first bias stops after epoch 2 of 6: before, at and after a cut. Every second epoch mirrors the images."""
    whole = replace(shortened(cifar10.FINAL), epochs=6)
    expected = reproduce.run("whole", whole, seed=1)

    def cut(self, training):
        if len(training.history) == done:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(cifar10._Between, "on_epoch_end", cut)
        reproduce.run("cut", whole, seed=1)
    again = reproduce.run("cut", whole, seed=1)
    assert again["train_loss"] == expected["train_loss"] and again["accuracy"] == expected["accuracy"]


def test_what_is_stored_is_not_run_again(small):
    everything = list(reproduce.missing(None))
    assert len(everything) == sum(len(row.recipes) * len(row.seeds) for row in ROWS.values())
    row_id, name, recipe, seed = everything[0]
    reproduce.store(row_id, name, recipe, seed, {"test_accuracy": [0.5]})
    assert everything[0] not in list(reproduce.missing(None))
    assert {row for row, *_ in reproduce.missing(["L-a"])} == {"L-a"}
    assert {name for _, name, *_ in reproduce.missing(["C:linear"])} == {"linear"}


def test_stand_in_data_is_refused(small, monkeypatch):
    def drawn(*arguments, **options):
        sets = reproduce_load(*arguments, **options)
        return DataSets(**{**vars(sets), "standin": True})

    reproduce_load = reproduce.load
    monkeypatch.setattr(reproduce, "load", drawn)
    with pytest.raises(SystemExit, match="make data"):
        reproduce.run("x", ROWS["D-1"].recipes["post"], 1)


def test_losses_of_the_post():
    logits, targets = torch.randn(7, 10), torch.arange(7)
    p = logits.softmax(1)
    one_hot = torch.eye(10)[:7]
    assert torch.allclose(reproduce.softmax_mse(logits, targets), ((p - one_hot) ** 2).mean())
    by_hand = -(p.softmax(1)[torch.arange(7), targets]).log().mean()
    assert torch.allclose(reproduce.double_softmax(logits, targets), by_hand)


def test_first_below():
    assert reproduce.first_below([3, 2, 1], [2, 2, 2]) == 3
    assert reproduce.first_below([1, 3, 1, 1], [2, 2, 2, 2]) == 3, "the last time that it comes below counts"
    assert reproduce.first_below([3, 1, 3], [2, 2, 2]) is None


def test_verdict():
    assert reproduce.verdict(0.95, [0.955, 0.957]) == "yes, 0.60 points higher"
    assert reproduce.verdict(0.95, [0.93]) == "no, 2.00 points lower"


def test_lesson_04_states_the_time_of_the_four_runs():
    *_, (claim, _, measured) = reproduce.claims_of_mcl(reproduce.read())
    assert "four runs" in claim and "seconds" in measured
    lesson = (reproduce.ROOT / "notebooks" / "04_mlp_vs_batchnorm.ipynb").read_text(encoding="utf-8")
    assert f"`{measured.split()[0]}` seconds" in lesson
