"""The blog posts' way: torchvision opens a picture, ToTensor makes numbers of it, each time that it is asked for."""

from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

from benchmarks.peer_loops.plain import train_over
from benchmarks.peer_loops.work import Clock, Work
from course_utils.files.folders import prepare


def train(work: Work, clock: Clock, workers: int = 0) -> None:
    kind = {"mnist": datasets.MNIST, "cifar10": datasets.CIFAR10}[work.network.data]
    pictures = kind(prepare(work.network.data), train=True, transform=transforms.ToTensor())
    some = Subset(pictures, range(len(work.labels)))
    train_over(DataLoader(some, work.network.batch_size, shuffle=True, num_workers=workers), work, clock)


def train_with_two_workers(work: Work, clock: Clock) -> None:
    train(work, clock, workers=2)
