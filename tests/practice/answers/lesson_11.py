"""Answers to the exercises of lesson 11. STILL holds repairs that leave the first symptom: "not done yet"."""

import copy
import random

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import SGD
from torch.utils.data import Dataset
from torchvision.transforms import v2

from course_utils.data import ImageDataset


def block_of(pool, activation=F.relu):
    return lambda x, conv: pool(activation(conv(x)))


def windows(x):
    n, c, h, w = x.shape
    return x.reshape(n, c, h // 2, 2, w // 2, 2).amax(dim=(3, 5))


def head_of(flat):
    return lambda x, fc: fc(flat(x))


def head_loop(x, fc):
    return torch.stack([fc(picture.flatten()) for picture in x])


def step_with(images_to, targets_to, before=lambda model, device: None):
    def step(model, images, targets, optimizer):
        device = next(model.parameters()).device
        before(model, device)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images_to(images, device)), targets_to(targets, device))
        loss.backward()
        optimizer.step()
        return loss

    return step


def move(part, device):
    return part.to(device)


def stay(part, device):
    return part


def to_itself(part, device):
    part.to(device)  # the result is lost
    return part


def step_module(model, images, targets, optimizer):
    """The device from the optimizer; the loss as a module."""
    device = optimizer.param_groups[0]["params"][0].device
    model.zero_grad(set_to_none=True)
    loss = nn.CrossEntropyLoss()(model(images.to(device)), targets.to(device))
    loss.backward()
    optimizer.step()
    return loss.detach()


def step_item(model, images, targets, optimizer):
    return step_with(move, move)(model, images, targets, optimizer).item()


def step_without_update(model, images, targets, optimizer):
    return step_with(move, move)(model, images, targets, SGD(copy.deepcopy(model).parameters(), lr=0.1))


def prepare_first(make, device):
    with torch.device(device):
        model = make()
    return model, SGD(model.parameters(), lr=0.1)


def prepare_again(make, device):
    """The optimizer gets the new tensors afterwards."""
    model = make()
    optimizer = SGD(model.parameters(), lr=0.1)
    model.to(device)
    optimizer.param_groups[0]["params"] = list(model.parameters())
    return model, optimizer


def prepare_with(parameters, make_optimizer=lambda p: SGD(p, lr=0.1), finish=lambda model, device: model):
    def prepare(make, device):
        model = make().to(device)
        return finish(model, device), make_optimizer(list(parameters(model, make, device)))

    return prepare


def prepare_broken(make, device):
    model = make()
    optimizer = SGD(model.parameters(), lr=0.1)
    return model.to(device), optimizer


def shuffle_pairs(images, labels, seed):
    pairs = list(zip(images, labels, strict=True))
    random.Random(seed).shuffle(pairs)
    return torch.stack([x for x, _ in pairs]), torch.stack([y for _, y in pairs])


def shuffle_by(order):
    return lambda images, labels, seed: (images[order(labels, seed)], labels[order(labels, seed)])


def permuted(labels, seed):
    return torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))


def shuffle_apart(images, labels, seed):
    g = torch.Generator().manual_seed(seed)
    return images[torch.randperm(len(images), generator=g)], labels[torch.randperm(len(labels), generator=g)]


def train_with(order):
    """Z: zero_grad once; then, in each batch, z(ero_grad), b(ackward), s(tep)."""

    def train_epoch(model, batches, optimizer):
        if "Z" in order:
            optimizer.zero_grad()
        for images, targets in batches:
            for what in order.replace("Z", ""):
                if what == "z":
                    optimizer.zero_grad()
                elif what == "b":
                    F.cross_entropy(model(images), targets).backward()
                else:
                    optimizer.step()

    return train_epoch


def train_grad(model, batches, optimizer):
    """Gradients without backward: nothing adds up."""
    for images, targets in batches:
        parameters = list(model.parameters())
        gradients = torch.autograd.grad(F.cross_entropy(model(images), targets), parameters)
        for p, g in zip(parameters, gradients, strict=True):
            p.grad = g
        optimizer.step()


def loss_by_hand(logits, targets):
    return (logits.logsumexp(dim=1) - logits[torch.arange(len(targets)), targets]).mean()


def network(*end, hidden=(nn.ReLU,)):
    return lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 64), *[h() for h in hidden], nn.Linear(64, 10), *end)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.out = nn.Linear(28 * 28, 64), nn.Linear(64, 10)

    def forward(self, x):
        return self.out(self.hidden(x.flatten(1)).clamp(min=0))


def pixels(images):
    return images.float() / 255


def by_train(train, other):
    mean, std = train.mean(), train.std()
    return (train - mean) / std, (other - mean) / std


def by_v2(train, other):
    change = v2.Normalize([train.mean().item()], [train.std().item()])
    return change(train), change(other)


def by(numbers):
    def standardise(train, other):
        mean, std = numbers(train, other)
        return (train - mean) / std, (other - mean) / std

    return standardise


def itself(part):
    return (part - part.mean()) / part.std()


def accuracy_with(before=lambda model: model.eval(), finish=lambda right, n: right / n, each=lambda model: None):
    def accuracy(model, batches):
        before(model)
        right = n = 0
        with torch.no_grad():
            for images, targets in batches:
                right += (model(images).argmax(1) == targets).sum().item()
                n += len(targets)
                each(model)
        return finish(right, n)

    return accuracy


def accuracy_all(model, batches):
    """All logits first, then one comparison; the mode is put back."""
    was = model.training
    model.train(False)
    with torch.inference_mode():
        pairs = [(model(x), y) for x, y in batches]
    model.train(was)
    logits, targets = map(torch.cat, zip(*pairs, strict=True))
    return (logits.argmax(1) == targets).double().mean()


def mean_of_means(model, batches):
    model.eval()
    with torch.no_grad():
        return float(np.mean([(model(x).argmax(1) == y).float().mean().item() for x, y in batches]))


def dropout_only(model):
    for layer in model.modules():
        if isinstance(layer, nn.Dropout):
            layer.eval()


def norm_only(model):
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm1d):
            layer.eval()


def loss_from(finish):
    """mean_loss out of finish(the mean of each batch, the size of each batch)."""

    def mean_loss(model, batches):
        batches = list(batches)
        with torch.no_grad():
            means = torch.stack([F.cross_entropy(model(x), y) for x, y in batches])
        return finish(means, torch.tensor([len(y) for _, y in batches]))

    return mean_loss


def loss_at_once(model, batches):
    images, targets = map(torch.cat, zip(*batches, strict=True))
    return F.cross_entropy(model(images), targets)


def loss_sums(model, batches):
    total = n = 0
    for x, y in batches:
        total += F.cross_entropy(model(x), y, reduction="sum").item()
        n += len(y)
    return total / n


def share_from(finish):
    """share_right out of finish(right answers of each batch, size of each batch, loader)."""

    def share_right(model, batches):
        pairs = [((model(x).argmax(1) == y).sum().item(), len(y)) for x, y in batches]
        right, sizes = map(np.array, zip(*pairs, strict=True))
        return finish(right, sizes, batches)

    return share_right


class Changed(Dataset):
    """A data set of pairs, each picture changed when it is fetched."""

    def __init__(self, dataset, change):
        self.dataset, self.change = dataset, change

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, i):
        image, label = self.dataset[i]
        return self.change(image[None])[0], label


class Batches(Changed):
    """Pictures are changed a whole batch at a time."""

    def __getitem__(self, i):
        return self.dataset[i]

    def __getitems__(self, indices):
        images, labels = zip(*self.dataset.__getitems__(indices), strict=True)
        return list(zip(self.change(torch.stack(images)), labels, strict=True))


def once(dataset, change):
    """Changed now, and then always the same."""
    torch.manual_seed(0)
    return ImageDataset(change(dataset.images), dataset.labels, dataset.mean, dataset.std)


def in_place(train, validation, change):
    train.transform = change
    return train, validation


def order_of(n, seed):
    return torch.randperm(n, generator=torch.Generator().manual_seed(seed))


def split_masks(n, k, seed):
    chosen = torch.zeros(n, dtype=torch.bool)
    chosen[order_of(n, seed)[:k]] = True
    return (~chosen).nonzero()[:, 0], chosen.nonzero()[:, 0]


def split_sets(n, k, seed):
    validation = set(random.Random(seed).sample(range(n), k))
    return [i for i in range(n) if i not in validation], sorted(validation)


def split_numpy(n, k, seed):
    return np.split(np.random.default_rng(seed).permutation(n), [n - k])


RIGHT = {
    "1": [block_of(lambda x: F.max_pool2d(x, 2)), block_of(nn.MaxPool2d(2, stride=2)), block_of(windows),
          lambda x, conv: F.relu(F.max_pool2d(conv(x), (2, 2)))],
    "2": [head_of(lambda x: torch.flatten(x, 1)), head_of(lambda x: x.view(len(x), -1)), head_of(nn.Flatten()),
          head_loop],
    "3": [lambda images: images.float() / 255, lambda images: images / 255, lambda images: images.float().mul(1 / 255),
          v2.ToDtype(torch.float32, scale=True)],
    "4": [lambda p: torch.from_numpy(p).permute(0, 3, 1, 2), lambda p: torch.tensor(np.moveaxis(p, -1, 1)),
          lambda p: torch.as_tensor(p).transpose(2, 3).transpose(1, 2),
          lambda p: torch.stack([torch.tensor(p[..., c]) for c in range(3)], dim=1)],
    "5": [step_with(move, move), step_module],
    "6": [prepare_first, prepare_again, prepare_with(lambda model, *_: model.parameters())],
    "7": [0.01, 0.02, 0.05],
    "8": [shuffle_pairs, shuffle_by(permuted)],
    "9": [train_with("zbs"), train_with("bsz"), train_grad],
    "10": [F.cross_entropy, loss_by_hand, nn.CrossEntropyLoss(),
           lambda z, y: F.nll_loss(F.log_softmax(z, dim=1), y), lambda z, y: F.cross_entropy(z.log_softmax(dim=1), y)],
    "11": [network(), Network, network(hidden=(nn.LeakyReLU,))],
    "12": [lambda images: (pixels(images).mean().item(), pixels(images).std().item()),
           lambda images: torch.std_mean(images.double() / 255)[::-1],
           lambda images: np.array([images.numpy().mean() / 255, images.numpy().std() / 255])],
    "13": [by_train, by_v2],
    "14": [accuracy_with(), accuracy_all],
    "15": [loss_from(lambda means, sizes: (means * sizes).sum() / sizes.sum()), loss_at_once, loss_sums,
           loss_from(lambda means, sizes: np.average(means, weights=sizes))],
    "16": [share_from(lambda right, sizes, _: right.sum() / sizes.sum()), accuracy_with(), accuracy_all],
    "17": [lambda t, v, change: (t.with_transform(change), v),
           lambda t, v, change: (ImageDataset(t.images, t.labels, t.mean, t.std, change), v.with_transform(None)),
           lambda t, v, change: (Changed(t, change), v), lambda t, v, change: (Batches(t, change), v)],
    "18": [lambda n, k, seed: (order_of(n, seed)[k:], order_of(n, seed)[:k]), split_masks, split_sets, split_numpy],
}  # fmt: skip

STILL = {
    "1": [block_of(F.max_pool2d)],
    "2": [head_of(torch.flatten), head_of(lambda x: x.reshape(-1))],
    "3": [lambda images: images, lambda images: images // 255, lambda images: images.clone()],
    "4": [torch.from_numpy, lambda p: torch.from_numpy(p).contiguous(memory_format=torch.channels_last)],
    "5": [step_with(stay, stay), step_with(to_itself, to_itself)],
    "6": [prepare_broken, prepare_with(lambda model, make, device: copy.deepcopy(model).parameters()),
          prepare_with(lambda model, make, device: make().to(device).parameters())],
    "7": [0.5],
    "8": [shuffle_apart],
    "9": [train_with("bs"), train_with("Zbs")],
    "10": [lambda z, y: F.cross_entropy(z.softmax(1), y), lambda z, y: F.nll_loss(z.softmax(1).log_softmax(1), y)],
    "11": [network(nn.ReLU()), network(nn.ReLU(), hidden=(nn.LeakyReLU,))],
    "12": [lambda images: (0, 1), lambda images: [0.0, 1.0]],
    "13": [by(lambda train, other: (0.2860, 0.3530))],
    "14": [accuracy_with(before=lambda model: None), accuracy_with(before=lambda model: model.requires_grad_(False)),
           accuracy_with(before=lambda model: model.train())],
    "15": [loss_from(lambda means, sizes: means.mean())],
    "16": [share_from(lambda right, sizes, b: right.sum() / (len(b) * b.batch_size))],
    "17": [lambda t, v, change: (t.with_transform(change), v.with_transform(change))],
    "18": [lambda n, k, seed: (order_of(n, seed), order_of(n, seed)[:k]),
           lambda n, k, seed: (torch.arange(n), order_of(n, seed)[:k])],
}  # fmt: skip

WRONG = {
    "1": [
        (block_of(lambda x: F.max_pool2d(x, 2, stride=1)), "windows that overlap"),
        (block_of(lambda x: F.max_pool2d(x, 3)), "a window of 3"),
        (block_of(lambda x: F.max_pool2d(x, 24)), "one window over the whole picture"),
        (block_of(lambda x: F.avg_pool2d(x, 2)), "average pooling"),
        (block_of(lambda x: x), "no pooling"),
        (block_of(lambda x: F.max_pool2d(x, 2), activation=lambda x: x), "no ReLU"),
        (block_of(lambda x: x[..., ::2, ::2]), "every second pixel"),
        (lambda x, conv: F.max_pool2d(x, 2), "has the shape (3, 1, 14, 14)"),
    ],
    "2": [
        (head_of(lambda x: x.transpose(0, 1).reshape(len(x), -1)), "numbers of several pictures"),
        (head_of(lambda x: x.permute(1, 2, 3, 0).reshape(len(x), -1)), "numbers of several pictures"),
        (head_of(lambda x: x.permute(0, 2, 3, 1).flatten(1)), "the channels last"),
        (head_of(lambda x: x.transpose(2, 3).flatten(1)), "rows and columns exchanged"),
        (head_of(lambda x: torch.flatten(x, 2)), "your code stops with RuntimeError"),
        (head_of(lambda x: x.view(-1, 64)), "your code stops with RuntimeError"),
        (head_of(lambda x: x.flatten(1)[:1]), "has the shape (1, 10), expected (5, 10)"),
        (head_of(lambda x: x.flatten(1).mean(0, keepdim=True).expand(len(x), 256)), "the mean of the pictures"),
    ],
    "3": [
        (lambda images: images.float(), "pixels from 0 to 255"),
        (lambda images: (images // 255).float(), "whole numbers"),
        (lambda images: images.float() / 256, "a division by 256"),
        (lambda images: images.double() / 255, "torch.float64, expected torch.float32"),
        (lambda images: images / 127.5 - 1, "pixels from -1 to 1"),
        (lambda images: images.to(torch.int8) / 255, "a sign"),
        (lambda images: (images.float() - images.float().mean()) / images.float().std(), "standardised"),
        (lambda images: (images / 255).numpy(), "expected a tensor"),
        (lambda images: images / 255 if images.zero_() is None else images / 255, "changed its argument"),
        (lambda images: images.flatten(1) / 255, "has the shape (64, 784)"),
    ],
    "4": [
        (lambda p: torch.tensor(p).reshape(len(p), 3, *p.shape[1:3]), "the colours are mixed"),
        (lambda p: torch.tensor(p).view(len(p), 3, *p.shape[1:3]), "the colours are mixed"),
        (lambda p: torch.tensor(p).transpose(1, 3), "rows and columns exchanged"),
        (lambda p: torch.tensor(p.T), "has the shape"),
        (lambda p: torch.tensor(p).permute(0, 3, 1, 2).flip(1), "red and blue exchanged"),
        (lambda p: torch.tensor(p).mean(dim=3)[:, None], "grey pictures"),
        (lambda p: torch.tensor(p)[0].permute(2, 0, 1), "has the shape (3, 5, 7)"),
        (lambda p: p.transpose(0, 3, 1, 2), "expected a tensor"),
    ],
    "5": [
        (step_with(move, stay), "the targets stay on the CPU"),
        (step_with(stay, move), "the images stay on the CPU"),
        (step_with(move, to_itself), "the targets stay on the CPU"),
        (step_with(stay, stay, before=lambda model, device: model.to("cpu")), "your code stops with"),
        (step_with(move, move, before=lambda model, device: model.half()), "your code stops with"),
        (step_item, "is a float, expected a tensor"),
        (step_without_update, "the weights are the same after the step"),
        (lambda model, images, targets, optimizer: F.cross_entropy(model(images), targets), "the weights are the same"),
        (lambda model, images, targets, optimizer: [step_with(move, move)(model, images, targets, optimizer)
                                                    for _ in range(2)][1], "the loss is"),
    ],
    "6": [
        (lambda make, device: (lambda model: (model, SGD(model.parameters(), lr=0.1)))(make()), "the model is on cpu"),
        (prepare_with(lambda model, *_: list(model.parameters())[:4]), "of 4 tensors that the optimizer holds"),
        (prepare_with(lambda model, make, device: [*model.parameters(), *make().parameters()]), "of 20 tensors"),
        (prepare_with(lambda model, *_: model.parameters(), lambda p: SGD(p, lr=0.01)), "with lr=0.01"),
        (prepare_with(lambda model, *_: model.parameters(), lambda p: torch.optim.Adam(p, lr=0.1)), "Adam"),
        (lambda make, device: prepare_first(make, device)[::-1], "expected model, optimizer"),
        (lambda make, device: prepare_first(make, device)[0], "expected the pair"),
        (prepare_with(lambda model, *_: [p.requires_grad_(i > 3) for i, p in enumerate(model.parameters())]),
         "one step changes 6 of 10 tensors"),
    ],
    "7": [
        (1.0, "too high: dead units"),
        (0.3, "too high"),
        (1e-5, "too low for four epochs"),
        (0.0001, "too low for four epochs"),
        (0, "takes no step downhill"),
        (-0.01, "takes no step downhill"),
        (float("nan"), "takes no step downhill"),
        (1e6, "far too high"),
        ("0.01", "expected a number"),
        (True, "expected a number"),
    ],
    "8": [
        (lambda images, labels, seed: (images, labels), "the order is the old one"),
        (lambda images, labels, seed: (images[permuted(labels, seed)], labels), "have their own label"),
        (lambda images, labels, seed: (images, labels[permuted(labels, seed)]), "have their own label"),
        (shuffle_by(lambda labels, seed: torch.randint(
            len(labels), (len(labels),), generator=torch.Generator().manual_seed(seed))), "are lost"),
        (shuffle_by(lambda labels, seed: permuted(labels, 0)), "seeds 1 and 2 give the same order"),
        (shuffle_by(lambda labels, seed: torch.arange(len(labels)).flip(0)), "class by class"),
        (lambda images, labels, seed: (lambda o: (images[o], labels[o]))(torch.randperm(len(labels))), "two different"),
        (lambda images, labels, seed: (images[permuted(labels, seed)], labels.sort().values), "have their own label"),
        (lambda images, labels, seed: images[permuted(labels, seed)], "expected"),
    ],
    "9": [
        (train_with("bzs"), "zero_grad stands between backward and step"),
        (train_with("szb"), "the gradient of the batch before"),
        (train_with("zbss"), "two steps in each batch"),
        (train_with("zb"), "no step, or"),
        (lambda model, batches, optimizer: None, "the weights differ"),
        (lambda model, batches, optimizer: train_with("zbs")(model, batches[:1], optimizer), "the weights differ"),
        (lambda model, batches, optimizer: train_with("zbs")(model, batches, SGD(model.parameters(), lr=1)), "differ"),
        (lambda model, batches, optimizer: train_with("zbs")(model, batches, optimizer.zero_grad()), "your code stops"),
    ],
    "10": [
        (lambda z, y: F.nll_loss(z.softmax(1), y), "it wants their logarithms"),
        (F.nll_loss, "nll_loss of logits"),
        (lambda z, y: F.cross_entropy(z.softmax(0), y), "over the pictures, not over the classes"),
        (lambda z, y: F.cross_entropy(z, y, reduction="sum"), "the sum over the pictures"),
        (lambda z, y: F.cross_entropy(z, y, reduction="none"), "one loss for each picture"),
        (lambda z, y: F.mse_loss(z.softmax(1), F.one_hot(y, 10).float()), "the mean squared error"),
        (lambda z, y: F.cross_entropy(z.relu(), y), "a ReLU on the logits"),
        (lambda z, y: F.cross_entropy(z.sigmoid(), y), "a sigmoid"),
        (lambda z, y: F.nll_loss(z.softmax(1).log(), y), "underflows"),
        (lambda z, y: -F.cross_entropy(z, y), "its sign is wrong"),
    ],
    "11": [
        (network(nn.Softmax(dim=1)), "a softmax stands at the end"),
        (network(nn.Sigmoid()), "something squeezes the logits"),
        (network(nn.ReLU6()), "something squeezes the logits"),
        (network(nn.Tanh()), "something squeezes the logits"),
        (network(nn.LeakyReLU()), "the last layer is not a plain Linear"),
        (network(nn.GELU()), "the last layer is not a plain Linear"),
        (network(nn.LogSoftmax(dim=1)), "something squeezes the logits"),
        (network(hidden=()), "no ReLU is left"),
        (lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU()), "shape (2000, 64)"),
        (lambda: nn.Linear(28, 10), "has the shape"),
        (lambda: network(), "expected an nn.Module"),
    ],
    "12": [
        (lambda images: (images.float().mean(), images.float().std()), "pixels from 0 to 255"),
        (lambda images: (pixels(images).mean(), pixels(images).var()), "the variance"),
        (lambda images: (pixels(images).std(), pixels(images).mean()), "exchange them"),
        (lambda images: (0.5, 0.5), "0.5 and 0.5"),
        (lambda images: (0.1307, 0.3081), "MNIST's numbers"),
        (lambda images: (pixels(images).mean(), pixels(images).flatten(1).std(dim=1).mean()), "each picture's std"),
        (lambda images: (pixels(images).mean(), pixels(images).flatten(1).mean(dim=1).std()), "each picture's mean"),
        (lambda images: (pixels(images)[0].mean(), pixels(images)[0].std()), "the first picture alone"),
        (lambda images: pixels(images).mean(), "has the shape (1,), expected (2,)"),
        (lambda images: (0.0, pixels(images).std()), "values differ"),
    ],
    "13": [
        (lambda train, other: (itself(train), itself(other)), "each set by its own numbers"),
        (by(lambda train, other: torch.std_mean(torch.cat([train, other]))[::-1]), "both sets together"),
        (by(lambda train, other: (other.mean(), other.std())), "mean and std of other"),
        (by(lambda train, other: (0.1307, 0.3081)), "MNIST's numbers"),
        (lambda train, other: (itself(train), other), "other as it was"),
        (lambda train, other: (itself(train), (other - 0.2860) / 0.3530), "other still by Fashion"),
        (by(lambda train, other: (train.mean(), 1)), "no division by the std"),
        (by(lambda train, other: (train.mean(), train.var())), "a division by the variance"),
        (lambda train, other: itself(train), "expected the pair"),
        (lambda train, other: (train, other), "values differ"),
    ],
    "14": [
        (accuracy_with(before=dropout_only), "batch norm is in training mode"),
        (accuracy_with(before=norm_only), "dropout is in training mode"),
        (accuracy_with(before=lambda model: None, each=lambda model: model.eval()), "in 1 of 3 batches"),
        (accuracy_with(each=lambda model: model.train()), "in 2 of 3 batches"),
        (accuracy_with(finish=lambda right, n: right), "the number of right answers"),
        (accuracy_with(finish=lambda right, n: 100 * right / n), "percent"),
        (mean_of_means, "the mean of the batch means"),
        (accuracy_with(finish=lambda right, n: 1 - right / n), "the share of wrong answers"),
        (lambda model, batches: 0.7, "was never used"),
    ],
    "15": [
        (loss_from(lambda means, sizes: means.sum() / sizes.sum()), "divided by the number of pictures"),
        (loss_from(lambda means, sizes: means.sum()), "the sum of the batch means"),
        (loss_from(lambda means, sizes: (means * sizes).sum()), "the sum over all pictures"),
        (loss_from(lambda means, sizes: (means * sizes).sum() / len(sizes)), "divided by the number of batches"),
        (loss_from(lambda means, sizes: means[-1]), "the last batch alone"),
        (loss_from(lambda means, sizes: means[:-1].mean()), "full batches only"),
        (loss_from(lambda means, sizes: (means * sizes[0]).sum() / sizes.sum()), "the full batch size for every batch"),
        (loss_from(lambda means, sizes: (means * sizes).sum() / (len(sizes) * sizes[0])), "batches times batch size"),
        (loss_from(lambda means, sizes: means), "has the shape (3,), expected ()"),
    ],
    "16": [
        (share_from(lambda right, sizes, b: right.sum() / len(b.dataset)), "a division by len(dataset)"),
        (share_from(lambda right, sizes, b: right.sum() / len(b)), "a division by the number of batches"),
        (mean_of_means, "the mean of the batch means"),
        (share_from(lambda right, sizes, b: right.sum()), "the number of right answers"),
        (share_from(lambda right, sizes, b: 100 * right.sum() / sizes.sum()), "percent"),
        (share_from(lambda right, sizes, b: right[:-1].sum() / sizes[:-1].sum()), "full batches only"),
        (share_from(lambda right, sizes, b: right[-1] / sizes[-1]), "the last batch alone"),
        (share_from(lambda right, sizes, b: right.sum() / ((len(b) - 1) * b.batch_size)), "one batch less"),
    ],
    "17": [
        (lambda t, v, change: (t, v), "no picture is augmented"),
        (lambda t, v, change: (t, v.with_transform(change)), "exchange the two"),
        (lambda t, v, change: (once(t, change), v), "the same in every epoch"),
        (lambda t, v, change: (t.with_transform(change), once(v, change)), "changed once"),
        (lambda t, v, change: (v, t.with_transform(change)), "expected 40"),
        (lambda t, v, change: t.with_transform(change), "expected the pair"),
        (in_place, "changed its arguments"),
        (lambda t, v, change: (ImageDataset(t.images, t.labels.flip(0), t.mean, t.std, change), v), "labels of train"),
        (lambda t, v, change: (t.with_transform(lambda x: F.pad(change(x), [4] * 4)), v), "gives pictures of shape"),
    ],
    "18": [
        (lambda n, k, seed: (order_of(n, seed)[k:], order_of(n, seed + 7)[:k]), "are in the training set"),
        (lambda n, k, seed: (order_of(n, seed)[: n - k + 5], order_of(n, seed)[n - k:]), "5 of 200"),
        (lambda n, k, seed: (torch.arange(n - k), torch.arange(n - k, n)), "neighbours in the file"),
        (lambda n, k, seed: (order_of(n, seed)[:k], order_of(n, seed)[k:]), "200 and 800 pictures"),
        (lambda n, k, seed: (order_of(n, 0)[k:], order_of(n, 0)[:k]), "give the same split"),
        (lambda n, k, seed: (lambda o: (o[k:], o[:k]))(torch.randperm(n)), "two different splits"),
        (lambda n, k, seed: (order_of(n, seed)[k + 10:], order_of(n, seed)[:k]), "790 and 200 pictures"),
        (lambda n, k, seed: order_of(n, seed), "expected the pair"),
        (lambda n, k, seed: (order_of(n, seed)[k:], (order_of(n, seed)[:k] + 1) % n), "in the training set"),
        (lambda n, k, seed: (order_of(n, seed)[k:] + 1, order_of(n, seed)[:k] + 1), "indices go from"),
    ],
}  # fmt: skip
