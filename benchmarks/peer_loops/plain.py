"""PyTorch alone: its DataLoader over ready tensors, and the loop of its tutorial "Learn the Basics"."""

from torch.utils.data import DataLoader

from benchmarks.peer_loops.in_torch import LOSS, count, make_model, make_optimizer, ready_tensors
from benchmarks.peer_loops.work import Clock, Work


def train(work: Work, clock: Clock) -> None:
    train_over(DataLoader(ready_tensors(work), work.network.batch_size, shuffle=True), work, clock)


def train_over(batches: DataLoader, work: Work, clock: Clock) -> None:
    model = make_model(work)
    clock.weights(count(model))
    optimizer, loss_fn = make_optimizer(work.network, model.parameters()), LOSS()
    model.train()
    for _ in range(work.epochs):
        total = 0.0
        for images, targets in batches:
            images, targets = images.to(work.device), targets.to(work.device)
            loss = loss_fn(model(images), targets)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            total += loss.detach()
        clock.epoch_ends(total / len(batches))
