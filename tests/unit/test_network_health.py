"""The health table: sound networks pass, and each known fault is seen in the line that it belongs to."""

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from course_utils import models
from course_utils.network.health import Health, health

pytestmark = pytest.mark.usefixtures("one_thread")


def pictures(shape=(1, 28, 28), n=64, seed=0):
    """Ten classes: each a blurred pattern of its own, with noise; standardised."""
    g = torch.Generator().manual_seed(seed)
    patterns = nn.functional.avg_pool2d(torch.randn(10, *shape, generator=g), 5, stride=1, padding=2)
    targets = torch.arange(n) % 10
    x = patterns[targets] + 0.1 * torch.randn(n, *shape, generator=g)
    return DataLoader(TensorDataset((x - x.mean()) / x.std(), targets), n)


def scaled(loader, by):
    images, targets = loader.dataset.tensors
    return DataLoader(TensorDataset(by(images), targets), loader.batch_size)


def looks(table: Health) -> set[str]:
    return {measurement.what for measurement in table if not measurement.ok}


@pytest.mark.parametrize("make", [
    lambda: models.Mlp((128, 64)), lambda: models.Mlp((128, 64), batch_norm=True), models.LeNet, models.LeNet5,
    lambda: models.FashionCnn(dropout=0.0), models.Conv32x64,
    pytest.param(models.Conv32x64x128, marks=pytest.mark.slow),
])  # fmt: skip
def test_the_networks_of_the_course_are_healthy(make):
    torch.manual_seed(0)
    table = health(make(), pictures())
    assert table.ok, f"\n{table}"
    assert len(table) == 6 and str(table).count("ok  ") == 6


def test_nothing_is_changed():
    torch.manual_seed(0)
    model = models.LeNet().eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    health(model, pictures())
    assert not model.training and all(p.grad is None for p in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


FAULTS = {
    "softmax at the end": (lambda: nn.Sequential(models.Mlp((64,)), nn.Softmax(dim=1)), None, "outputs"),
    "ReLU on the logits": (lambda: nn.Sequential(models.Mlp((64,)), nn.ReLU()), None, "outputs"),
    "pixels from 0 to 255": (models.LeNet, lambda x: (x - x.min()) / (x.max() - x.min()) * 255, "input"),
    "uint8": (models.LeNet, lambda x: ((x - x.min()) / (x.max() - x.min()) * 255).byte(), "input"),
    "black pictures": (models.LeNet, torch.zeros_like, "input"),
    "weights of zero": (lambda: zeros(models.Mlp((64,))), None, "gradient per weight"),
    "weights far too large": (lambda: times(models.LeNet(), 20), None, "first loss"),
    "dead units": (lambda: dead(models.Mlp((64,))), None, "dead ReLUs"),
    "a layer cut off": (lambda: Detached(), None, "gradient per weight"),
    "an answer that forgets the picture": (lambda: Constant(), None, "one batch, 100 steps"),
}


def zeros(model):
    for p in model.parameters():
        nn.init.zeros_(p)
    return model


def times(model, factor):
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(factor)
    return model


def dead(model):
    nn.init.constant_(model.layers[0].bias, -100.0)
    return model


class Detached(models.LeNet):
    def forward(self, x):
        with torch.no_grad():
            x = nn.functional.max_pool2d(torch.relu(self.conv1(x)), 2)
        x = nn.functional.max_pool2d(torch.relu(self.conv2(x)), 2)
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(torch.flatten(x, 1))))))


class Constant(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1, 10)

    def forward(self, x):
        return self.fc(0 * x.flatten(1)[:, :1] + 1)


@pytest.mark.parametrize("make, change, line", FAULTS.values(), ids=FAULTS)
def test_faults_are_seen(make, change, line):
    torch.manual_seed(0)
    loader = scaled(pictures(), change) if change else pictures()
    table = health(make(), loader)
    assert line in looks(table), f"\n{table}"
    assert "LOOK" in str(table)
