"""The first 20 steps of a training of each model give the losses that were recorded: `loader`, `fit` and the models
compute what they always did. Another processor changes the last digits only.

    python -m tests.unit.test_recorded_trainings     # records them again, after a change that is meant
"""

import json
from pathlib import Path

import pytest
import torch

from course_utils import models
from course_utils.beyond import airbench
from course_utils.data import ImageDataset, flip, loader, pad_and_crop
from course_utils.train import Callback, fit

RECORD = Path(__file__).with_name("recorded_trainings.json")
STEPS, BATCH = 20, 10


def pictures(channels: int, side: int) -> ImageDataset:
    """A bright square on noise; its place tells the class."""
    g = torch.Generator().manual_seed(0)
    n = STEPS * BATCH
    images = torch.randint(100, (n, channels, side, side), generator=g, dtype=torch.uint8)
    labels = torch.randint(10, (n,), generator=g)
    for image, label in zip(images, labels.tolist(), strict=True):
        row, column = divmod(label, 4)
        image[:, 4 + 6 * row : 10 + 6 * row, 2 + 6 * column : 8 + 6 * column] += 150
    return ImageDataset(images, labels, [0.25] * channels, [0.2] * channels)


GREY, COLOUR = (1, 28), (3, 32)
ADAM = {"optimizer": lambda model: torch.optim.Adam(model.parameters(), 0.001)}
SGD = {"optimizer": lambda model: torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)}
TRAININGS = {
    "Mlp()": (models.Mlp, GREY, SGD),
    "Mlp((128, 64))": (lambda: models.Mlp((128, 64)), GREY, SGD),
    "Mlp((128, 64), batch_norm=True)": (lambda: models.Mlp((128, 64), batch_norm=True), GREY, SGD),
    "LeNet": (models.LeNet, GREY, ADAM),
    "LeNet5": (models.LeNet5, GREY, ADAM),
    "FashionCnn": (models.FashionCnn, GREY, ADAM),
    "Conv32x64": (models.Conv32x64, GREY, ADAM),
    "Conv32x64x128": (models.Conv32x64x128, GREY, ADAM),
    "Vgg, augmented": (models.Vgg, COLOUR, ADAM | {"transform": lambda images: flip(pad_and_crop(images))}),
    "CifarNet, all ideas": (lambda: models.CifarNet((16, 32, 32)), COLOUR, {"ideas": True}),
}


class StepLosses(Callback):
    def on_epoch_end(self, training):
        self.losses = training.step_losses


def losses(name: str) -> list[float]:
    make, shape, settings = TRAININGS[name]
    torch.manual_seed(777)
    data = pictures(*shape).with_transform(settings.get("transform"))
    model, scheduler = make(), None
    if settings.get("ideas"):
        airbench.initialize(model, airbench.whitening_kernels(data[torch.arange(len(data))].images))
        optimizer = torch.optim.SGD(
            airbench.fast_biases(model, lr=0.05, weight_decay=0.01), momentum=0.85, nesterov=True
        )
        scheduler = airbench.triangular_schedule(optimizer, STEPS)
        airbench.Lookahead(model, optimizer, STEPS)
        airbench.freeze_after(model.first.bias, optimizer, STEPS // 2)
        data = airbench.AlternatingFlip(data)
    else:
        optimizer = settings["optimizer"](model)
    seen = StepLosses()
    fit(model, loader(data, BATCH, shuffle=True), epochs=1, optimizer=optimizer, scheduler=scheduler,
        scheduler_interval="step", callbacks=[seen], verbose=False)  # fmt: skip
    return [round(loss, 4) for loss in seen.losses]


@pytest.mark.parametrize("name", TRAININGS)
def test_the_first_steps_are_those_that_were_recorded(name, one_thread):
    recorded = json.loads(RECORD.read_text(encoding="utf-8"))[name]
    assert len(recorded) == STEPS and losses(name) == pytest.approx(recorded, abs=2e-3)


def test_every_model_is_recorded():
    named = {name.partition("(")[0].partition(",")[0] for name in json.loads(RECORD.read_text(encoding="utf-8"))}
    known = {
        name for name, value in vars(models).items() if isinstance(value, type) and value.__module__ == models.__name__
    }
    assert named == known - {"Residual"}


if __name__ == "__main__":
    torch.set_num_threads(1)
    text = json.dumps({name: losses(name) for name in TRAININGS})
    RECORD.write_text(text.replace('], "', '],\n"') + "\n", encoding="utf-8", newline="\n")
