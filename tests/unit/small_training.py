"""A small problem that trains in a blink: three classes in the plane, a bit apart, and a network for them."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from course_utils.train import fit


def points(n: int, seed: int = 0) -> TensorDataset:
    g = torch.Generator().manual_seed(seed)
    targets = torch.randint(3, (n,), generator=g)
    centres = torch.tensor([[0.0, 2.0], [2.0, 0.0], [-2.0, -2.0]])
    return TensorDataset(centres[targets] + torch.randn(n, 2, generator=g), targets)


def problem(n=200, batch_size=32, seed=0, drop_last=False):
    """A loader with its own generator, and an unshuffled one."""
    data = points(n, seed)
    own = torch.Generator().manual_seed(1)
    return DataLoader(data, batch_size, shuffle=True, drop_last=drop_last, generator=own), DataLoader(data, 37)


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(2, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 3))


def train(model, loaders, epochs=3, lr=0.05, verbose=False, **more):
    optimizer = torch.optim.SGD(model.parameters(), lr, momentum=0.9)
    return fit(model, *loaders, epochs=epochs, optimizer=optimizer, verbose=verbose, **more)


def same(a, b):
    """True if two models have the same bits."""
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))
