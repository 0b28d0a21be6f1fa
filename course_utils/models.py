"""The networks of the course, each under one name: in the class, in the lesson and in the tables of results.

Every model takes a float batch (N, channels, height, width) and returns *logits* (N, classes): raw scores, before any
softmax. `F.cross_entropy` wants exactly these. The arrow comments give the shape before and after each line; a test
runs every model and compares them with what really happens.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Mlp(nn.Module):
    """A multilayer perceptron on flattened 28x28 images (lesson 03, after the post "MCL").

    Args:
        hidden: widths of the hidden layers. `()` is the post's v0, `(128, 64)` its v1.
        batch_norm: put `BatchNorm1d` between each hidden `Linear` and its ReLU (the post's v1 with BN).

    Shapes: (N, 1, 28, 28) or (N, 784) in, logits (N, 10) out.
    """

    def __init__(self, hidden: tuple[int, ...] = (), batch_norm: bool = False):
        super().__init__()
        layers: list[nn.Module] = []
        in_features = 28 * 28
        for width in hidden:
            layers.append(nn.Linear(in_features, width))
            if batch_norm:
                layers.append(nn.BatchNorm1d(width))
            layers.append(nn.ReLU())
            in_features = width
        layers.append(nn.Linear(in_features, 10))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.flatten(x, 1)  # (N, 1, 28, 28) -> (N, 784)
        return self.layers(x)  # (N, 784) -> (N, 10)


class LeNet(nn.Module):
    """The LeNet of lesson 04, after the post "Seminar 3": two 5x5 convolutions without padding, three linear layers.

    Shapes: (N, 1, 28, 28) in, logits (N, 10) out; 44,426 parameters.
    Source of the idea: LeCun et al., "Backpropagation Applied to Handwritten Zip Code Recognition", 1989.
    """

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, kernel_size=5)
        self.conv2 = nn.Conv2d(6, 16, kernel_size=5)
        self.fc1 = nn.Linear(16 * 4 * 4, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv1(x))  # (N, 1, 28, 28) -> (N, 6, 24, 24)
        x = F.max_pool2d(x, 2)  # (N, 6, 24, 24) -> (N, 6, 12, 12)
        x = F.relu(self.conv2(x))  # (N, 6, 12, 12) -> (N, 16, 8, 8)
        x = F.max_pool2d(x, 2)  # (N, 16, 8, 8) -> (N, 16, 4, 4)
        x = torch.flatten(x, 1)  # (N, 16, 4, 4) -> (N, 256)
        x = F.relu(self.fc1(x))  # (N, 256) -> (N, 120)
        x = F.relu(self.fc2(x))  # (N, 120) -> (N, 84)
        return self.fc3(x)  # (N, 84) -> (N, 10)
