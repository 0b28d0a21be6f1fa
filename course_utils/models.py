"""The networks of the course, each under one name: in the class, in the lesson and in the tables of results.

Every model takes a float batch (N, channels, height, width) and returns *logits* (N, classes): raw scores, before any
softmax. `F.cross_entropy` wants exactly these. The arrow comments give the shape before and after each line; a test
runs every model and compares them with what really happens.
"""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Mlp(nn.Module):
    """A multilayer perceptron on flattened images (lessons 03, 04 and 10, after the post "MCL").

    Args:
        hidden: widths of the hidden layers. `()` is a linear model, the post's v0; `(128, 64)` is its v1.
        batch_norm: put `BatchNorm1d` between each hidden `Linear` and its ReLU (the post's v1 with BN).
        in_features: numbers in an image: 28 * 28 for MNIST, 3 * 32 * 32 for CIFAR-10.

    Shapes: (N, 1, 28, 28), or any (N, ...) with `in_features` numbers per image, in; logits (N, 10) out.
    """

    def __init__(self, hidden: tuple[int, ...] = (), batch_norm: bool = False, in_features: int = 28 * 28):
        super().__init__()
        layers: list[nn.Module] = []
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
    """The LeNet of lesson 05, after the post "Seminar 3": two 5x5 convolutions without padding, three linear layers.

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


class LeNet5(nn.Module):
    """LeNet-5 with the layer names of its paper (lesson 07, after the post "Deeperence"), ending in logits.

    Shapes: (N, 1, 28, 28) in, logits (N, 10) out; 61,706 parameters.
    Source: LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998, whose
    pooling, activations and last layer were others.
    """

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            OrderedDict(
                c1=nn.Conv2d(1, 6, kernel_size=5, padding=2),  # (N, 1, 28, 28) -> (N, 6, 28, 28)
                relu1=nn.ReLU(),
                s2=nn.MaxPool2d(2),  # (N, 6, 28, 28) -> (N, 6, 14, 14)
                c3=nn.Conv2d(6, 16, kernel_size=5),  # (N, 6, 14, 14) -> (N, 16, 10, 10)
                relu3=nn.ReLU(),
                s4=nn.MaxPool2d(2),  # (N, 16, 10, 10) -> (N, 16, 5, 5)
                c5=nn.Conv2d(16, 120, kernel_size=5),  # (N, 16, 5, 5) -> (N, 120, 1, 1)
                relu5=nn.ReLU(),
            )
        )
        self.classifier = nn.Sequential(
            OrderedDict(
                f6=nn.Linear(120, 84),  # (N, 120) -> (N, 84)
                relu6=nn.ReLU(),
                f7=nn.Linear(84, 10),  # (N, 84) -> (N, 10)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)  # (N, 1, 28, 28) -> (N, 120, 1, 1)
        x = torch.flatten(x, 1)  # (N, 120, 1, 1) -> (N, 120)
        return self.classifier(x)  # (N, 120) -> (N, 10)


class FashionCnn(nn.Module):
    """The small network of lesson 08, after the post "3-minute": two 5x5 convolutions, dropout before the last layer.

    Args:
        dropout: the probability with which each hidden number is set to 0 in training; 0 switches it off.

    Shapes: (N, 1, 28, 28) in, logits (N, 10) out; 21,840 parameters.
    """

    def __init__(self, dropout: float = 0.5):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, kernel_size=5)
        self.conv2 = nn.Conv2d(10, 20, kernel_size=5)
        self.fc1 = nn.Linear(20 * 4 * 4, 50)
        self.dropout = nn.Dropout(dropout)
        self.fc2 = nn.Linear(50, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(F.max_pool2d(self.conv1(x), 2))  # (N, 1, 28, 28) -> (N, 10, 12, 12)
        x = F.relu(F.max_pool2d(self.conv2(x), 2))  # (N, 10, 12, 12) -> (N, 20, 4, 4)
        x = torch.flatten(x, 1)  # (N, 20, 4, 4) -> (N, 320)
        x = F.relu(self.fc1(x))  # (N, 320) -> (N, 50)
        x = self.dropout(x)  # (N, 50) -> (N, 50)
        return self.fc2(x)  # (N, 50) -> (N, 10)


class Conv32x64(nn.Module):
    """Conv32-64 of lesson 09, after the post "Lec 10-2": two 3x3 convolutions and one linear layer (Xavier-uniform).

    The post has each ReLU before the pooling. The result is the same, bit for bit: ReLU keeps the order of numbers, so
    the maximum stays the maximum. After the pooling it has a quarter of the work, and an epoch takes a third less time.

    Shapes: (N, 1, 28, 28) in, logits (N, 10) out; 50,186 parameters.
    """

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 32, kernel_size=3, padding=1),  # (N, 1, 28, 28) -> (N, 32, 28, 28)
            nn.MaxPool2d(2),  # (N, 32, 28, 28) -> (N, 32, 14, 14)
            nn.ReLU(),
            nn.Conv2d(32, 64, kernel_size=3, padding=1),  # (N, 32, 14, 14) -> (N, 64, 14, 14)
            nn.MaxPool2d(2),  # (N, 64, 14, 14) -> (N, 64, 7, 7)
            nn.ReLU(),
        )
        self.fc = nn.Linear(64 * 7 * 7, 10)
        nn.init.xavier_uniform_(self.fc.weight)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layers(x)  # (N, 1, 28, 28) -> (N, 64, 7, 7)
        x = torch.flatten(x, 1)  # (N, 64, 7, 7) -> (N, 3136)
        return self.fc(x)  # (N, 3136) -> (N, 10)


class Conv32x64x128(nn.Module):
    """The deeper model of lesson 09, after the post "Lec 10-2": a third convolution, a hidden layer, dropout.

    Args:
        dropout: the probability with which each hidden number is set to 0 in training; 0 switches it off.

    Shapes: (N, 1, 28, 28) in, logits (N, 10) out; 1,379,557 parameters.
    """

    def __init__(self, dropout: float = 0.5):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 32, kernel_size=3, padding=1),  # (N, 1, 28, 28) -> (N, 32, 28, 28)
            nn.MaxPool2d(2),  # (N, 32, 28, 28) -> (N, 32, 14, 14)
            nn.ReLU(),
            nn.Conv2d(32, 64, kernel_size=3, padding=1),  # (N, 32, 14, 14) -> (N, 64, 14, 14)
            nn.MaxPool2d(2),  # (N, 64, 14, 14) -> (N, 64, 7, 7)
            nn.ReLU(),
            nn.Conv2d(64, 128, kernel_size=3, padding=1),  # (N, 64, 7, 7) -> (N, 128, 7, 7)
            nn.MaxPool2d(2, padding=1),  # (N, 128, 7, 7) -> (N, 128, 4, 4)
            nn.ReLU(),
        )
        self.fc1 = nn.Linear(128 * 4 * 4, 625)
        self.dropout = nn.Dropout(dropout)
        self.fc2 = nn.Linear(625, 10)
        nn.init.xavier_uniform_(self.fc1.weight)
        nn.init.xavier_uniform_(self.fc2.weight)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layers(x)  # (N, 1, 28, 28) -> (N, 128, 4, 4)
        x = torch.flatten(x, 1)  # (N, 128, 4, 4) -> (N, 2048)
        x = F.relu(self.fc1(x))  # (N, 2048) -> (N, 625)
        x = self.dropout(x)  # (N, 625) -> (N, 625)
        return self.fc2(x)  # (N, 625) -> (N, 10)


class Vgg(nn.Module):
    """A small VGG-style network for CIFAR-10 (lesson 10, after the post "MCL").

    Pairs of 3x3 convolutions with batch normalisation, 2x2 max pooling after each pair, and one linear layer.

    Args:
        widths: channels of each pair. Each pair halves height and width, so three pairs take 32x32 to 4x4.

    Shapes: (N, 3, 32, 32) in, logits (N, 10) out; 307,946 parameters. The arrows in `forward` hold for these widths.
    Source: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2014.
    """

    def __init__(self, widths: tuple[int, ...] = (32, 64, 128)):
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for width in widths:
            for _ in range(2):
                layers += [
                    nn.Conv2d(channels, width, kernel_size=3, padding=1, bias=False),
                    nn.BatchNorm2d(width),
                    nn.ReLU(),
                ]
                channels = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        side = 32 // 2 ** len(widths)
        self.fc = nn.Linear(channels * side * side, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)  # (N, 3, 32, 32) -> (N, 128, 4, 4)
        x = torch.flatten(x, 1)  # (N, 128, 4, 4) -> (N, 2048)
        return self.fc(x)  # (N, 2048) -> (N, 10)


class Residual(nn.Module):
    """x + body(x): the body only has to learn what is to be changed. Its output has the shape of x.

    Source: He and others, "Deep Residual Learning for Image Recognition", 2015.
    """

    def __init__(self, body: nn.Module):
        super().__init__()
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)  # (N, C, H, W) -> (N, C, H, W)


class CifarNet(nn.Module):
    """The network of lessons 12 and 13: 2x2 windows, then three blocks of two 3x3 convolutions, and one linear layer.

    Pooling stands inside a block, before its first batch normalisation, so that all that follows works on a quarter of
    the numbers. The scale of each batch normalisation stays 1: only its shift, a bias, is learned. The logits are
    divided by 9, which keeps the first losses small.

    Args:
        widths: channels of each block; the defaults have 1,972,792 parameters.
        activation: the class of the layer after each batch normalisation.
        residual: add the input of each block's second convolution to what comes out of it.
        norm_last: batch normalisation after the activation, not before it.

    Shapes: (N, 3, 32, 32) in, logits (N, 10) out.
    Source: Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024.
    """

    def __init__(
        self,
        widths: tuple[int, ...] = (64, 256, 256),
        activation: type[nn.Module] = nn.GELU,
        residual: bool = False,
        norm_last: bool = False,
    ):
        super().__init__()

        def convolution(inputs: int, outputs: int, *pooling: nn.Module) -> nn.Sequential:
            conv = nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False)
            pair = [nn.BatchNorm2d(outputs, momentum=0.4), activation()]
            return nn.Sequential(conv, *pooling, *(reversed(pair) if norm_last else pair))

        self.first = nn.Conv2d(3, 24, kernel_size=2)
        self.activation = activation()
        blocks: list[nn.Module] = []
        channels = 24
        for width in widths:
            first, second = convolution(channels, width, nn.MaxPool2d(2)), convolution(width, width)
            blocks += [first, Residual(second) if residual else second]
            channels = width
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(channels, 10, bias=False)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.activation(self.first(x))  # (N, 3, 32, 32) -> (N, 24, 31, 31)
        x = self.blocks(x)  # (N, 24, 31, 31) -> (N, 256, 3, 3)
        x = F.max_pool2d(x, 3)  # (N, 256, 3, 3) -> (N, 256, 1, 1)
        x = torch.flatten(x, 1)  # (N, 256, 1, 1) -> (N, 256)
        return self.fc(x) / 9  # (N, 256) -> (N, 10)
