"""What the loops on PyTorch share: the network of the course, its optimizer, the ready tensors."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from benchmarks.peer_loops.work import MOMENTUM, Network, Work
from course_utils import models

LOSS = nn.CrossEntropyLoss


def make_model(work: Work) -> nn.Module:
    return getattr(models, work.network.model)().to(work.device)


def make_optimizer(network: Network, parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
    if network.optimizer == "sgd":
        return torch.optim.SGD(parameters, lr=network.lr, momentum=MOMENTUM)
    return torch.optim.Adam(parameters, lr=network.lr)


def count(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def ready_tensors(work: Work) -> TensorDataset:
    """Images float32 (N, C, H, W) in 0..1, and labels, on the CPU: the tutorials move each batch to the GPU."""
    return TensorDataset(torch.from_numpy(work.images), torch.from_numpy(work.labels))
