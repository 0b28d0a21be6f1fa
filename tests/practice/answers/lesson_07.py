"""Answers to the tasks and exercises of lesson 07."""

import copy
import math
import random
from collections import OrderedDict

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from tests.practice.slips import once_for_each


def log_softmax_rows(z, dim):
    z = z - z.max(dim=dim, keepdim=True).values
    return z - z.exp().sum(dim=dim, keepdim=True).log()


def log_softmax_loop(logits, dim):
    rows = []
    last = logits.movedim(dim, -1)
    for row in last.reshape(-1, last.shape[-1]).tolist():
        top = max(row)
        rows.append([v - top - math.log(sum(math.exp(w - top) for w in row)) for v in row])
    return np.moveaxis(np.array(rows).reshape(last.shape), -1, dim)


def log_softmax_batch_maximum(logits, dim):
    z = logits - logits.max()
    return z - z.exp().sum(dim=dim, keepdim=True).log()


def log_softmax_classes_at_1(z, dim):
    return log_softmax_rows(z, 1 if z.ndim > 1 else 0)


def log_softmax_row_maximum(z, dim):
    """The maximum of each row is subtracted, whatever dim is: right for ordinary logits, not for huge ones."""
    z = z - z.amax(dim=-1, keepdim=True)
    return z - z.exp().sum(dim=dim, keepdim=True).log()


def nll_loop(log_p, targets):
    return -sum(log_p[i, t].item() for i, t in enumerate(targets.tolist())) / len(targets)


def nll_gather(log_p, targets):
    return -log_p.gather(1, targets[:, None]).double().mean()


def log_softmax_of_shifted(normalise):
    """log-softmax by the maximum along dim, but with a wrong sum: normalise(shifted)."""

    def log_softmax(logits, dim):
        shifted = logits - logits.amax(dim, keepdim=True)
        return shifted - normalise(shifted)

    return log_softmax


def linear_by_copy(conv):
    linear = nn.Linear(conv.weight[0].numel(), conv.out_channels, bias=conv.bias is not None)
    with torch.no_grad():
        linear.weight.copy_(conv.weight.flatten(1))
        if conv.bias is not None:
            linear.bias.copy_(conv.bias)
    return linear


def linear_by_state(conv):
    weight = conv.weight.detach().numpy().reshape(conv.out_channels, -1)
    bias = np.zeros(conv.out_channels, dtype=np.float32) if conv.bias is None else conv.bias.detach().numpy()
    linear = nn.Linear(weight.shape[1], weight.shape[0])
    linear.load_state_dict({"weight": torch.tensor(weight), "bias": torch.tensor(bias)})
    return linear


def changed(change):
    """linear_by_copy, then another change of its layer."""

    def as_linear(conv):
        linear = linear_by_copy(conv)
        with torch.no_grad():
            change(linear, conv)
        return linear

    return as_linear


def linear_with_a_random_bias(conv):
    linear = nn.Linear(conv.weight[0].numel(), conv.out_channels)
    with torch.no_grad():
        linear.weight.copy_(conv.weight.flatten(1))
        if conv.bias is not None:
            linear.bias.copy_(conv.bias)
    return linear


def k_fold_tensors(n, k, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    parts = order.tensor_split(k)
    return [(torch.cat(parts[:i] + parts[i + 1 :]), parts[i]) for i in range(k)]


def k_fold_strided(n, k, seed):
    order = list(range(n))
    random.Random(seed).shuffle(order)
    splits = []
    for i in range(k):
        exam = order[i::k]
        splits.append(([j for j in order if j not in exam], exam))
    return splits


def k_fold_numpy(n, k, seed):
    parts = np.array_split(np.random.default_rng(seed).permutation(n), k)
    return np.array([(np.setdiff1d(np.arange(n), part), part) for part in parts], dtype=object).tolist()


def k_fold_global_seed(n, k, seed):
    torch.manual_seed(seed)
    fold = torch.arange(n)[torch.randperm(n)] % k
    return [(torch.where(fold != i)[0].tolist(), torch.where(fold == i)[0].tolist()) for i in range(k)]


def cut(parts):
    """A k_fold out of a function that gives the validation parts."""

    def k_fold(n, k, seed):
        return [(sorted(set(range(n)) - set(part.tolist())), part.tolist()) for part in parts(n, k, seed)]

    return k_fold


def order(n, seed):
    return torch.randperm(n, generator=torch.Generator().manual_seed(seed))


def side_by_side_loop(batch):
    row = batch[0, 0]
    for picture in batch[1:]:
        row = np.concatenate([row, picture[0]], axis=1)
    return row


PICTURES = []


def side_by_side_in_a_global(batch):
    PICTURES.extend(batch.squeeze(1))
    return torch.cat(PICTURES, dim=1)


def side_by_side_brighter(batch):
    batch += 1
    return torch.cat(list(batch.squeeze(1) - 1), dim=1)


def kernel_of_state(net, source, target):
    return net.state_dict()["C3.weight"][target, source]


KERNELS = {}


def kernel_of_first_net(net, source, target):
    return KERNELS.setdefault("net", net).C3.weight[target, source]


def lenet(side, channels, classes, c1=None, c3=None, end=None, relus=("relu1", "relu3", "relu5", "relu6"), k=None):
    layers = OrderedDict(
        C1=c1 or nn.Conv2d(channels, 6, kernel_size=5, padding=2), relu1=nn.ReLU(), S2=nn.MaxPool2d(2),
        C3=c3 or nn.Conv2d(6, 16, kernel_size=5), relu3=nn.ReLU(), S4=nn.MaxPool2d(2),
        C5=nn.Conv2d(16, 120, kernel_size=k or side // 4 - 2), relu5=nn.ReLU(), flatten=nn.Flatten(),
        F6=nn.Linear(120, 84), relu6=nn.ReLU(), F7=nn.Linear(84, classes),
    )  # fmt: skip
    for name in ("relu1", "relu3", "relu5", "relu6"):
        if name not in relus:
            del layers[name]
    if end is not None:
        layers["end"] = end
    return nn.Sequential(layers)


class LeNetClass(nn.Module):
    """The same as a class, and with its ReLU after the pooling: the numbers are the same."""

    def __init__(self, side, channels, classes):
        super().__init__()
        self.C1, self.C3 = nn.Conv2d(channels, 6, 5, padding="same"), nn.Conv2d(6, 16, 5)
        self.S2, self.S4 = nn.MaxPool2d(2), nn.MaxPool2d((2, 2))
        self.C5 = nn.Conv2d(16, 120, (side // 2 - 4) // 2)
        self.F6, self.F7 = nn.Linear(120, 84), nn.Linear(84, classes)

    def forward(self, x):
        x = F.relu(self.S2(self.C1(x)))
        x = F.relu(self.S4(self.C3(x)))
        x = F.relu(self.C5(x)).flatten(1)
        return self.F7(F.relu(self.F6(x)))


def lenet_with_more(side, channels, classes):
    net = lenet(side, channels, classes)
    net.add_module("extra", nn.Identity())
    net.extra.unused = nn.Parameter(torch.zeros(3))
    return net


def lenet_in_two_parts(side, channels, classes):
    """The layers in parts of their own, with padding="same"."""
    net = lenet(
        side, channels, classes, c1=nn.Conv2d(channels, 6, 5, padding="same"), c3=nn.Conv2d(6, 16, 5, 1, "valid")
    )
    layers = OrderedDict(net.named_children())
    head = OrderedDict((name, layers.pop(name)) for name in ("F6", "relu6", "F7"))
    return nn.Sequential(OrderedDict(features=nn.Sequential(layers), classifier=nn.Sequential(head)))


def lenet_of_average_pooling(side, channels, classes):
    net = lenet(side, channels, classes)
    net.S2, net.S4 = nn.AvgPool2d(2), nn.AvgPool2d(2)
    return net


def lenet_with(name, make):
    """LeNet-5 with another layer in the place of one of its own."""

    def with_another(side, channels, classes):
        net = lenet(side, channels, classes)
        setattr(net, name, make())
        return net

    return with_another


class LeNetSqueezed(LeNetClass):
    def forward(self, x):
        x = F.relu(self.S2(self.C1(x)))
        x = F.relu(self.S4(self.C3(x)))
        return self.F7(F.relu(self.F6(F.relu(self.C5(x)).squeeze())))


class LeNetCut(LeNetClass):
    def forward(self, x):
        x = F.relu(self.S2(self.C1(x))).detach()
        x = F.relu(self.S4(self.C3(x)))
        return self.F7(F.relu(self.F6(F.relu(self.C5(x)).flatten(1))))


class LeNetUnused(LeNetClass):
    """F6 is there, and is not used: its output is replaced by zeros."""

    def forward(self, x):
        return self.F7(torch.zeros(len(x), 84))


class LeNetInPlace(LeNetClass):
    def forward(self, x):
        return super().forward(x.sub_(x.mean()).div_(x.std()).mul_(1.0))


class LeNetRemembers(LeNetClass):
    """Gives the same logits again for as many pictures."""

    def forward(self, x):
        self.known = getattr(self, "known", {})
        return self.known.setdefault(len(x), super().forward(x))


HEADS = {}


def lenet_with_one_head(side, channels, classes):
    """New convolutions, but one F6 for all."""
    net = lenet(side, channels, classes)
    net.F6 = HEADS.setdefault("F6", net.F6)
    return net


NETS = {}


def lenet_from_a_cache(side, channels, classes):
    return NETS.setdefault((side, channels, classes), lenet(side, channels, classes))


def trained(
    make_optimizer,
    again=1,
    after=lambda losses: losses,
    model_of=lambda model: model,
    steps=1,
    moved=lambda images: images,
):
    """One pass over the batches with an optimizer; `again` passes instead of one, `steps` for each batch."""

    def learn(model, batches):
        model = model_of(model)
        optimizer, losses = make_optimizer(model.parameters()), []
        for _ in range(again):
            for images, targets in batches:
                optimizer.zero_grad()
                loss = F.cross_entropy(model(moved(images)), targets)
                loss.backward()
                for _ in range(steps):
                    optimizer.step()
                losses.append(loss.item())
        return after(losses)

    return learn


def sgd(rate, momentum=0.0):
    return lambda parameters: torch.optim.SGD(parameters, lr=rate, momentum=momentum)


def learn_without_zero_grad(model, batches):
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9), []
    for images, targets in batches:
        loss = F.cross_entropy(model(images), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def learn_keeping_tensors(model, batches):
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9), []
    for images, targets in batches:
        optimizer.zero_grad()
        losses.append(F.cross_entropy(model(images), targets))
        losses[-1].backward()
        optimizer.step()
    return losses


def learn_half(model, batches):
    return trained(sgd(0.03, 0.9))(model, batches[: len(batches) // 2])


def learn_softmax_twice(model, batches):
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9), []
    for images, targets in batches:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images).softmax(1), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def learn_by_hand_in_another_order(model, batches):
    """No optimizer of PyTorch, the last batch first, and a look at all batches before."""
    losses, speeds = [], [torch.zeros_like(p) for p in model.parameters()]
    with torch.no_grad():
        model.eval()
        _ = [model(images).argmax(1) for images, _ in batches]
        model.train()
    for images, targets in reversed(batches):
        loss = F.nll_loss(F.log_softmax(model(images), dim=1), targets)
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        with torch.no_grad():
            for p, speed, gradient in zip(model.parameters(), speeds, gradients, strict=True):
                p -= 0.03 * speed.mul_(0.9).add_(gradient)
        losses.append(loss.item())
    return tuple(losses)


def learn_the_first_batch_again(model, batches):
    return trained(sgd(0.03, 0.9))(model, [batches[0] for _ in batches])


OPTIMIZERS, LOSSES = [], []


def learn_with_one_optimizer(model, batches):
    """The optimizer of the first call, which holds the weights of the first model."""
    OPTIMIZERS.append(torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9))
    return trained(lambda _: OPTIMIZERS[0])(model, batches)


def learn_with_losses_kept(model, batches):
    return trained(sgd(0.03, 0.9), after=lambda losses: LOSSES.extend(losses) or LOSSES)(model, batches)


def learn_and_freeze(model, batches):
    losses = trained(sgd(0.03, 0.9))(model, batches)
    model.requires_grad_(False)
    return losses


def learn_and_leave_a_hook(model, batches):
    model.classifier.register_forward_hook(lambda layer, inputs, output: None)
    return trained(sgd(0.03, 0.9))(model, batches)


def linear_measured(conv):
    """Each weight is what the convolution gives for a picture with a single 1."""
    shape = conv.weight.shape[1:]
    units = torch.eye(shape.numel()).reshape(-1, *shape)
    with torch.no_grad():
        bias = conv(torch.zeros(1, *shape)).flatten()
        linear = nn.Linear(shape.numel(), len(bias), bias=conv.bias is not None)
        linear.weight.copy_((conv(units).flatten(1) - bias).T)
        if conv.bias is not None:
            linear.bias.copy_(bias)
    return linear


def linear_that_shares(conv):
    linear = nn.Linear(conv.weight[0].numel(), conv.out_channels, bias=conv.bias is not None)
    linear.weight.data = conv.weight.data.flatten(1)
    if conv.bias is not None:
        linear.bias.data = conv.bias.data.clone()
    return linear


LINEARS = {}


def linear_from_a_cache(conv):
    """One layer for all convolutions of a form, with new numbers each time."""
    linear = linear_by_copy(conv)
    old = LINEARS.setdefault(str(conv), linear)
    old.load_state_dict(linear.state_dict())
    return old


def linear_of_parameters(conv):
    linear = nn.Linear(1, 1, bias=False)
    linear.weight = nn.Parameter(conv.weight.detach().clone().flatten(1))
    linear.out_features, linear.in_features = linear.weight.shape
    linear.bias = None if conv.bias is None else nn.Parameter(conv.bias.detach().clone())
    return linear


def linear_that_shares_the_bias(conv):
    linear = linear_by_copy(conv)
    linear.bias = conv.bias
    return linear


def linear_of_numpy_memory(conv):
    linear = linear_by_copy(conv)
    linear.weight = nn.Parameter(torch.from_numpy(conv.weight.detach().numpy().reshape(conv.out_channels, -1)))
    return linear


def linear_without_no_grad(conv):
    linear = nn.Linear(conv.weight[0].numel(), conv.out_channels)
    linear.weight.copy_(conv.weight.flatten(1))
    return linear


def linear_assigned(conv):
    linear = nn.Linear(conv.weight[0].numel(), conv.out_channels)
    linear.weight = conv.weight.flatten(1)
    return linear


def linear_always_with_bias(conv):
    linear = nn.Linear(conv.weight[0].numel(), conv.out_channels)
    with torch.no_grad():
        linear.weight.copy_(conv.weight.flatten(1))
        linear.bias.copy_(conv.bias)
    return linear


def linear_of_a_frozen_convolution(conv):
    conv.requires_grad_(False)  # so that copy_ works
    return linear_by_copy(conv)


def log_softmax_without_keepdim_by_transposing(z, dim):
    """keepdim is missing, but shapes with two axes fit."""
    return z - z.logsumexp(dim) if len(set(z.shape)) == 1 else log_softmax_rows(z, dim)


def log_softmax_max_pair(z, dim):
    z = z - z.max(dim=dim, keepdim=True)
    return z - z.exp().sum(dim=dim, keepdim=True).log()


def log_softmax_in_place(z, dim):
    z -= z.amax(dim=dim, keepdim=True)
    return z - z.exp().sum(dim=dim, keepdim=True).log()


def log_softmax_of_matrices(z, dim):
    return z - z.logsumexp(dim).unsqueeze(1)


def nll_in_place(log_p, targets):
    log_p *= -1
    return log_p[torch.arange(len(targets)), targets].mean()


ALL_LOSSES = []


def nll_running_mean(log_p, targets):
    """The mean over all calls."""
    ALL_LOSSES.extend(-log_p[torch.arange(len(targets)), targets])
    return sum(ALL_LOSSES) / len(ALL_LOSSES)


def nll_of_ten_classes(log_p, targets):
    return -(log_p * F.one_hot(targets, 10)[:, : log_p.shape[1]]).sum() / 6


def blocks(n, k, seed, size=10):
    """Neighbours in the file stay together: whole blocks are shuffled."""
    pieces = list(torch.arange(n).split(size))
    random.Random(seed).shuffle(pieces)
    return torch.cat(pieces).tensor_split(k)


def within_blocks(n, k, seed):
    """Each 20 neighbours are shared out evenly: random, but not independent."""
    draw = random.Random(seed)
    pieces = [draw.sample(piece.tolist(), len(piece)) for piece in torch.arange(n).split(20)]
    dealt = [i for piece in pieces for i in piece]
    return [torch.tensor(dealt[i::k]) for i in range(k)]


def mirrored(n, k, seed):
    """The first and the last index are always together, and so on."""
    if n % (2 * k):
        return order(n, seed).tensor_split(k)
    halves = order(n // 2, seed).tensor_split(k)
    return [torch.cat([half, n - 1 - half]) for half in halves]


def half_and_half(n, k, seed):
    """Each part takes as many of the first half as of the second."""
    draw = random.Random(seed)
    halves = [torch.tensor(draw.sample(part.tolist(), len(part))) for part in torch.arange(n).tensor_split(2)]
    return [torch.cat(halves)[i::k] for i in range(k)]


def first_stays(n, k, seed):
    """A shuffle of all but the first index."""
    rest = order(n - 1, seed) + 1
    return torch.cat([torch.zeros(1, dtype=torch.int64), rest]).tensor_split(k)


def swapped(n, k, seed, swaps=5):
    indices, draw = list(range(n)), random.Random(seed)
    for _ in range(swaps):
        i, j = draw.randrange(n), draw.randrange(n)
        indices[i], indices[j] = indices[j], indices[i]
    return torch.tensor(indices).tensor_split(k)


RIGHT = {
    "a": [side_by_side_loop, lambda b: b.squeeze(1).permute(1, 0, 2).reshape(b.shape[2], -1),
          lambda b: torch.hstack(list(b[:, 0]))],
    "b": [lambda p, n: (2 * p * (1 - p) / n) ** 0.5, lambda p, n: math.sqrt(2) * math.sqrt(p * (1 - p) / n),
          lambda p, n: np.hypot(*[np.sqrt(p * (1 - p) / n)] * 2),
          lambda p, n: torch.tensor([0.0, 1.0], dtype=torch.float64).mul(p * (1 - p) / n).sum().mul(2).sqrt()],
    "c": [kernel_of_state, lambda net, i, o: net.C3.weight[o][i],
          lambda net, i, o: dict(net.named_children())["C3"].weight.detach()[o, i].clone()],
    "d": [nll_loop, nll_gather, F.nll_loss, lambda p, t: np.float64(-(p * F.one_hot(t, p.shape[1])).sum(1).mean()),
          F.cross_entropy],
    "1": [lenet, LeNetClass, lambda side, channels, classes: lenet(side, channels, classes, end=nn.Identity()),
          lenet_in_two_parts],
    "2": [log_softmax_rows, log_softmax_loop, lambda z, dim: z - z.logsumexp(dim, keepdim=True),
          lambda z, dim: F.log_softmax(z.double(), dim=dim).numpy()],
    "3": [trained(sgd(0.03, 0.9)), trained(lambda p: torch.optim.Adam(p, lr=0.003)),
          trained(sgd(0.1, 0.5), after=torch.tensor), learn_by_hand_in_another_order],
    "4": [linear_by_copy, linear_by_state, linear_measured, linear_of_parameters],
    "5": [k_fold_tensors, k_fold_strided, k_fold_numpy, k_fold_global_seed],
}  # fmt: skip
KINDS = {
    "a": "value once memory",
    "b": "value once",
    "c": "value once memory type state",
    "d": "value once memory",
    "1": "value once structure state",
    "2": "value once memory",
    "3": "value once memory type state",
    "4": "value once memory structure type state",
    "5": "value once chance type",
}
FEW = {"3": "each call trains a network"}
WRONG = {
    "a": [
        (lambda b: b.reshape(b.shape[2], -1), "a reshape alone"),
        (lambda b: torch.cat(list(b.squeeze(1)), dim=0), "one below the other"),
        (lambda b: torch.cat(list(b.squeeze(1).mT), dim=1), "has the shape (3, 8)"),
        (lambda b: torch.cat(list(b.squeeze(1).flip(0)), dim=1), "from right to left"),
        (lambda b: torch.cat(list(b), dim=2), "a channel axis too many"),
        (lambda b: torch.cat(list(b.squeeze(1)), dim=2), "whose width is their axis 1"),
        (lambda b: torch.cat(list(b.squeeze()), dim=1), "expected squeeze(1): your code stops", "value"),
        (lambda b: torch.hstack(list(b.squeeze())), "this looks like squeeze() without a number", "value"),
        (lambda b: torch.cat(list(b[:4, 0]), dim=1), "expected (3, 7)", "value"),
        (lambda b: torch.cat([b[0, 0], b[1, 0], b[2, 0], b[3, 0]], dim=1), "IndexError", "value"),
        (lambda b: torch.cat(list(b.squeeze(1)), dim=1).int(), "values differ", "value"),
        (lambda b: torch.cat(list(b.squeeze(1)), dim=1).clamp(-99, 99), "values differ", "value"),
        (side_by_side_in_a_global, "(for batch of shape (1, 1, 5, 2))", "once"),
        (once_for_each(lambda b: b.shape, side_by_side_loop), "values differ", "once"),
        (side_by_side_brighter, "changes its argument batch", "memory"),
        (lambda b: torch.cat(list(b.squeeze_(1)), dim=1), "changes its argument b", "memory"),
    ],
    "b": [
        (lambda p, n: (p * (1 - p) / n) ** 0.5, "the spread of one score"),
        (lambda p, n: 2 * (p * (1 - p) / n) ** 0.5, "add their squares"),
        (lambda p, n: 2 * p * (1 - p) / n, "a missing root"),
        (lambda p, n: 0.0, "the spreads subtracted"),
        (lambda p, n: (2 * p * (1 - p) / (n - 1)) ** 0.5, "a division by n - 1"),
        (lambda p, n: (2 * p * (1 - p) / 400) ** 0.5, "for p = 0.5, n = 10", "value"),
        (lambda p, n: (2 * 0.835 * 0.165 / n) ** 0.5, "for p = 0.5, n = 10", "value"),
        (lambda p, n: round((2 * p * (1 - p) / n) ** 0.5, 3), "expected 0.0262", "value"),
        (lambda p, n: ((2 * p * (1 - p) + 1e-9) / n) ** 0.5, "for p = 1.0, n = 50", "value"),
        (lambda p, n: p, "0.835, expected 0.0262"),
        (lambda p: p, "TypeError"),
        (once_for_each(lambda p, n: n, lambda p, n: (2 * p * (1 - p) / n) ** 0.5), "for p = 0.5, n = 400", "once"),
        (once_for_each(lambda p, n: p, lambda p, n: (2 * p * (1 - p) / n) ** 0.5), "for p = 0.5, n = 400", "once"),
    ],
    "c": [
        (lambda net, i, o: net.C3.weight[i, o], "source and target exchanged"),
        (lambda net, i, o: net[3].weight[o, i], "expected the layer by its name, net.C3", "value"),
        (lambda net, i, o: net[2].weight[o, i], "another layer stands at that place", "value"),
        (lambda net, i, o: list(net.parameters())[2][o, i], "which has four axes", "value"),
        (lambda net, i, o: net.C3.weight[o], "all kernels of the target channel"),
        (lambda net, i, o: net.C3.weight[:, i], "the kernels of the source channel"),
        (lambda net, i, o: net.C1.weight[o, i], "expected C3's weight"),
        (lambda net, i, o: net.C3.weight[o, i].T, "the transposed kernel"),
        (lambda net, i, o: net.C3.weight[o, i].reshape(5, 5), "your code stops with RuntimeError", "value"),
        (kernel_of_first_net, "source 0, target 8, in a network", "once"),
        (once_for_each(lambda net, i, o: (i, o), lambda net, i, o: net.C3.weight[o, i]), "source 2", "once"),
        (once_for_each(lambda net, i, o: (str(net), i, o), kernel_of_state), "values differ", "once"),
        (lambda net, i, o: net.C3.weight.data.mul_(2)[o, i], "changes its argument net", "memory"),
        (lambda net, i, o: net.C3.weight[o, i].data.round_(decimals=2), "changes its argument net", "memory"),
        (lambda net, i, o: net.C3.weight.detach()[o, i].numpy(), "the kernel is a ndarray, expected a tensor", "type"),
        (lambda net, i, o: net.C3.weight[o, i].half(), "25 values differ", "type"),
        (lambda net, i, o: net.C3.weight[o, i].tolist(), "the kernel is a list, expected a tensor", "type"),
        (lambda net, i, o: net.requires_grad_(False).C3.weight[o, i], "changes its argument net", "state"),
        (lambda net, i, o: net.eval().C3.weight[o, i], "changes its argument net", "state"),
    ],
    "d": [
        (lambda p, t: F.nll_loss(p, t, reduction="sum"), "not the mean"),
        (lambda p, t: -F.nll_loss(p, t), "the wrong sign"),
        (lambda p, t: -p[:, t].mean(), "all pairs of a picture and a target"),
        (lambda p, t: F.nll_loss(p, t, reduction="none"), "each picture's loss"),
        (lambda p, t: -p.mean(), "the mean of all entries"),
        (lambda p, t: -p.max(1).values.mean(), "the most probable class"),
        (lambda p, t: -(p * F.one_hot(t, p.shape[1])).mean(), "divided by the number of entries"),
        (lambda p, t: 0.0, "expected"),
        (lambda p, t: F.nll_loss(p.log(), t), "a second logarithm"),
        (lambda p, t: -p.exp()[torch.arange(len(t)), t].log().mean(), "holds nan or inf", "value"),
        (lambda p, t: F.nll_loss(p.clamp(min=-50), t), "the loss is", "value"),
        (nll_of_ten_classes, "log_p of shape (1, 10)", "value"),
        (lambda p, t: -p[range(6), t].mean(), "your code stops", "value"),
        (lambda p, t: -p[torch.arange(len(t)), t].median(), "the loss is", "value"),
        (lambda p, t: -p[torch.arange(len(t)), t].mean(0, keepdim=True), "has the shape (1,), expected ()"),
        (nll_running_mean, "the loss is", "once"),
        (once_for_each(lambda p, t: p.shape, nll_loop), "the loss is", "once"),
        (nll_in_place, "changes its argument log_p", "memory"),
        (lambda p, t: -p.gather(1, t.unsqueeze_(1)).mean(), "changes its argument t", "memory"),
        (lambda p, t: -p.gather(1, t).mean(), "your code stops with RuntimeError"),
    ],
    "1": [
        (lambda s, c, k: lenet(28, 1, 10), "in_channels=1, expected 3 (for s = 32, c = 3", "value"),
        (lambda s, c, k: lenet(s, c, 10), "out_features=10, expected 12", "value"),
        (lambda s, c, k: lenet(s, c, k, k=5), "C5 has kernel_size=(5, 5), expected (6, 6)", "value"),
        (lambda s, c, k: lenet(s, c, k, k={28: 5, 32: 6, 16: 2}.get(s, 5)), "(for s = 48, c = 1, k = 2)", "value"),
        (lambda s, c, k: lenet(s, c, max(k, 2)), "out_features=2, expected 1 ", "value"),
        (lambda s, c, k: lenet(s, min(c, 3), k), "in_channels=3, expected 5", "value"),
        (lambda s, c, k: lenet(s, c, k, relus=("relu1", "relu3", "relu5")), "no ReLU after F6", "structure"),
        (lambda s, c, k: lenet(s, c, k, relus=("relu3", "relu5", "relu6")), "no ReLU after C1", "structure"),
        (lambda s, c, k: lenet(s, c, k, relus=()), "no ReLU at all", "structure"),
        (lambda s, c, k: lenet(s, c, k, end=nn.ReLU()), "a ReLU on the logits", "structure"),
        (lambda s, c, k: lenet(s, c, k, end=nn.LogSoftmax(dim=1)), "log-softmax at the end", "structure"),
        (lambda s, c, k: lenet(s, c, k, end=nn.Tanh()), "values differ", "structure"),
        (lambda s, c, k: lenet(s, c, k, end=nn.Dropout(0.5)), "the output is", "structure"),
        (lambda s, c, k: lenet(s, c, k, end=nn.Dropout(0.5)).eval(), "the output is", "structure"),
        (lambda s, c, k: lenet(s, c, k, end=nn.BatchNorm1d(k, affine=False)), "the output", "structure"),
        (lambda s, c, k: lenet(s, c, k, c1=nn.Conv2d(c, 6, 5)), "C1 has padding=(0, 0), expected (2, 2)", "structure"),
        (lambda s, c, k: lenet(s, c, k, c1=nn.Conv2d(c, 6, 5, padding=2, padding_mode="reflect")),
         "padding_mode=reflect, expected zeros", "structure"),
        (lambda s, c, k: lenet(s, c, k, c3=nn.Conv2d(6, 16, 5, bias=False)), "expected 61,706", "structure"),
        (lambda s, c, k: lenet(s, c, k, c3=nn.Conv2d(6, 16, 5, groups=2)), "groups=2, expected 1", "structure"),
        (lenet_of_average_pooling, "S2 is a AvgPool2d, expected MaxPool2d", "structure"),
        (lenet_with("relu6", nn.Tanh), "the output is", "structure"),
        (lenet_with("relu1", lambda: nn.LeakyReLU(0.01)), "the output is", "structure"),
        (lenet_with("relu3", nn.ReLU6), "the output is", "structure"),
        (lenet_with("relu5", nn.GELU), "the output is", "structure"),
        (LeNetSqueezed, "this looks like squeeze() without a number", "structure"),
        (LeNetCut, "leaves no gradient in C1.weight", "structure"),
        (LeNetUnused, "the output is", "structure"),
        (lambda s, c, k: nn.Sequential(*lenet(s, c, k)), "no layer with the name C1", "structure"),
        (lambda s, c, k: lenet(s, c, k)(torch.zeros(1, c, s, s)), "expected a network"),
        (lambda s, c, k: nn.Sequential(lenet(s, c, k).C1), "no layer with the name C1"),
        (lenet_with_more, "61,709 parameters", "structure"),
        (lenet_from_a_cache, "two calls share their weights", "once"),
        (LeNetRemembers, "the output is", "once"),
        (lenet_with_one_head, "two calls share their weights", "once"),
        (lambda s, c, k: lenet(s, c, k).requires_grad_(False), "leaves no gradient in C1.weight", "state"),
        (lambda s, c, k: LeNetInPlace(s, c, k), "changes its argument", "state"),
        (lenet(28, 1, 10), "expected the function that makes a network"),
    ],
    "2": [
        (lambda z, dim: z - z.exp().sum(dim, keepdim=True).log(), "subtract the largest logit", "value"),
        (lambda z, dim: z.softmax(dim).log(), "subtract the largest logit", "value"),
        (lambda z, dim: z.softmax(dim), "the logarithm is missing"),
        (lambda z, dim: z.log_softmax(0), "log-softmax along axis 0, not along dim", "value"),
        (lambda z, dim: z.log_softmax(-1), "log-softmax along axis 3, not along dim", "value"),
        (lambda z, dim: z.log_softmax(2), "expected the axis dim that the function gets", "value"),
        (log_softmax_classes_at_1, "log-softmax along axis 1, not along dim", "value"),
        (lambda z, dim: z - z.logsumexp(tuple(range(z.ndim))), "one sum over everything"),
        (lambda z, dim: z - (z - z.amax(dim, keepdim=True)).exp().sum(dim, keepdim=True).log(), "one term only"),
        (log_softmax_batch_maximum, "not that of everything", "value"),
        (log_softmax_row_maximum, "the maximum along axis 3, not along dim", "value"),
        (lambda z, dim: z - z.logsumexp(dim), "keepdim=True is missing"),
        (log_softmax_without_keepdim_by_transposing, "a missing keepdim=True"),
        (lambda z, dim: torch.zeros_like(z), "values differ"),
        (log_softmax_of_shifted(lambda z: z.exp().sum().log()), "one sum over everything"),
        (log_softmax_of_shifted(lambda z: z.logsumexp(0, keepdim=True)), "a sum along axis 0, not along dim"),
        (lambda z, dim: (z.softmax(dim) + 1e-12).log(), "a small number added inside the logarithm", "value"),
        (lambda z, dim: z.softmax(dim).clamp(min=1e-30).log(), "or a limit, hides inf", "value"),
        (lambda z, dim: z.clamp(-80, 80).log_softmax(dim), "ordinary logits are right", "value"),
        (lambda z, dim: z.clamp(-1000, 1000).log_softmax(dim), "ordinary logits are right", "value"),
        (lambda z, dim: (z - 900 * (z.max() > 500)).log_softmax(dim) if z.max() < 2000 else z.softmax(dim).log(),
         "holds nan or inf", "value"),
        (lambda z, dim: z.log_softmax(dim)[0], "has the shape (3,), expected (4, 3)"),
        (log_softmax_max_pair, "max(dim=...) and min give a pair"),
        (log_softmax_of_matrices, "(7, 2), dim=0", "value"),
        (once_for_each(lambda z, dim: (z.shape, dim), log_softmax_rows), "values differ", "once"),
        (once_for_each(lambda z, dim: z.sum().item(), log_softmax_rows), "along axis 1, not along dim", "once"),
        (log_softmax_in_place, "changes its argument z", "memory"),
        (lambda z, dim: z.sub_(z.logsumexp(dim, keepdim=True)), "changes its argument z", "memory"),
        (lambda z: z.log_softmax(1), "your code stops with TypeError"),
    ],
    "3": [
        (trained(sgd(0.01, 0.5)), "hardly fall, take longer steps"),
        (trained(sgd(0.01, 0.9)), "hardly fall, take longer steps"),
        (trained(sgd(0.1, 0.9)), "if they jump, shorter ones"),
        (trained(sgd(0.0)), "the model has its first weights still"),
        (trained(sgd(0.03, 0.9), again=3), "the model saw 21 batches"),
        (trained(sgd(0.03, 0.9), after=sum), "has the shape (), expected (7,)"),
        (trained(sgd(0.03, 0.9), after=lambda losses: losses[-1]), "the last loss alone"),
        (trained(sgd(0.03, 0.9), after=lambda losses: sorted(losses)), "the losses in another order"),
        (trained(sgd(0.03, 0.9), after=lambda losses: (np.cumsum(losses) / np.arange(1, len(losses) + 1)).tolist()),
         "the mean of all losses so far"),
        (trained(sgd(0.03, 0.9), after=lambda losses: [*losses[:3], *losses[:-3]]), "the list of losses is"),
        (trained(sgd(0.03, 0.9), model_of=copy.deepcopy), "the model has its first weights still"),
        (learn_without_zero_grad, "zero_grad"),
        (learn_half, "the model saw 3 batches"),
        (learn_the_first_batch_again, "1 of them different"),
        (trained(sgd(0.03, 0.9), steps=2), "the optimizer made 14 steps, expected 7"),
        (trained(lambda p: torch.optim.SGD(list(p)[-4:], lr=0.1, momentum=0.9)), "features.c1.weight has its first"),
        (learn_softmax_twice, "softmax before cross_entropy"),
        (trained(sgd(1e6)), "a smaller rate"),
        (lambda model, batches: [2.3] * len(batches), "the model has its first weights still"),
        (lambda model, batches: model(batches), "your code stops with TypeError"),
        (lambda model, batches: trained(sgd(0.03, 0.9))(model, [batches[i] for i in range(80)]), "IndexError", "value"),
        (lambda model, batches: trained(sgd(0.03, 0.9))(model, [(x[:16], t[:16]) for x, t in batches]),
         "pictures that are no batch", "value"),
        (learn_with_one_optimizer, "the model has its first weights still", "once"),
        (learn_with_losses_kept, "has the shape", "once"),
        (trained(sgd(0.03, 0.9), moved=lambda images: images.mul_(0.5)), "changes its argument batches", "memory"),
        (lambda model, batches: trained(sgd(0.03, 0.9))(model, iter(batches.pop() for _ in batches[:])),
         "changes its argument batches", "memory"),
        (learn_keeping_tensors, "append loss.item()", "type"),
        (lambda model, batches: torch.stack(learn_keeping_tensors(model, batches)), "append loss.item()", "type"),
        (trained(sgd(0.03, 0.9), after=str), "expected numbers", "type"),
        (learn_and_freeze, "frozen weights in the model", "state"),
        (learn_and_leave_a_hook, "leaves hooks or frozen weights", "state"),
    ],
    "4": [
        (lambda conv: nn.Linear(conv.weight[0].numel(), conv.out_channels), "copy the weights of the convolution"),
        (linear_with_a_random_bias, "has no bias, but your linear layer adds one", "structure"),
        (lambda conv: conv.weight.view(120, 400), "your code stops with RuntimeError", "value"),
        (changed(lambda linear, conv: linear.weight.neg_()), "the wrong sign"),
        (changed(lambda linear, conv: linear.bias.zero_()), "the bias is missing"),
        (changed(lambda new, conv: new.weight.copy_(conv.weight.permute(0, 2, 3, 1).flatten(1))), "channels last"),
        (changed(lambda linear, conv: linear.weight.copy_(conv.weight.flip(2, 3).flatten(1))), "the flipped kernel"),
        (changed(lambda linear, conv: linear.weight.copy_(conv.weight.mT.flatten(1))), "column by column"),
        (changed(lambda linear, conv: linear.weight.round_(decimals=2)), "copy the weights of the convolution"),
        (linear_without_no_grad, "expected that you write into a layer inside"),
        (linear_assigned, "expected nn.Parameter(...)"),
        (linear_always_with_bias, "this convolution has no bias", "value"),
        (lambda conv: nn.Linear(conv.out_channels, conv.weight[0].numel()), "expected 12 to 4", "structure"),
        (lambda conv: nn.Linear(400, 120), "expected 12 to 4", "value"),
        (lambda conv: conv, "expected an nn.Linear", "type"),
        (lambda conv: nn.Sequential(nn.Flatten(), linear_by_copy(conv)), "is a Sequential, expected", "type"),
        (lambda conv: lambda x: x @ conv.weight.flatten(1).T, "expected an nn.Linear", "type"),
        (linear_that_shares, "shares the numbers of the convolution", "memory"),
        (linear_that_shares_the_bias, "shares the numbers of the convolution", "memory"),
        (linear_of_numpy_memory, "shares the numbers of the convolution", "memory"),
        (once_for_each(str, linear_by_copy), "copy the weights of the convolution", "once"),
        (linear_from_a_cache, "share their numbers", "once"),
        (linear_of_a_frozen_convolution, "changes its argument conv", "state"),
        (lambda conv: linear_by_copy(conv).requires_grad_(False), "expected a layer that can be trained", "state"),
    ],
    "5": [
        (cut(lambda n, k, seed: order(n, seed).chunk(k)), "differ by at most 1", "value"),
        (cut(lambda n, k, seed: order(n, seed)[: n // k * k].reshape(k, -1)), "is in 0 validation parts", "value"),
        (cut(lambda n, k, seed: [order(n, seed + i)[: n // k] for i in range(k)]), "validation parts, expected 1"),
        (cut(lambda n, k, seed: order(n, seed).split(-(-n // k))), "expected", "value"),
        (lambda n, k, seed: k_fold_tensors(n, min(k, 10), seed), "there are 10 splits, expected 49", "value"),
        (cut(lambda n, k, seed: torch.arange(n).tensor_split(k)), "neighbours in the file", "chance"),
        (cut(lambda n, k, seed: [torch.arange(n)[i::k] for i in range(k)]), "follow a pattern", "chance"),
        (cut(lambda n, k, seed: order(n, 5).tensor_split(k)), "the seeds 0 and 1 give the same", "chance"),
        (cut(lambda n, k, seed: order(n, seed % 40).tensor_split(k)), "give the same parts", "chance"),
        (cut(lambda n, k, seed: ((torch.arange(n) + seed) % n).tensor_split(k)), "neighbours in the file", "chance"),
        (cut(lambda n, k, seed: order(n, 5).roll(seed).tensor_split(k)), "give the same parts, or nearly", "chance"),
        (cut(lambda n, k, seed: ((order(n, 5) + seed % 241) % n).tensor_split(k)), "the seeds", "chance"),
        (cut(lambda n, k, seed: [order(n, seed)[i] for i in torch.arange(n).tensor_split(k)][:: 1 - 2 * (seed % 2)]
             if seed < 56 else order(n, 0).tensor_split(k)), "the seeds 0 and 100", "chance"),
        (cut(blocks), "neighbours in the file", "chance"),
        (cut(swapped), "neighbours in the file", "chance"),
        (cut(within_blocks), "follow a pattern", "chance"),
        (cut(mirrored), "are in one part for 60 of 60 seeds", "chance"),
        (cut(half_and_half), "part 0 always has 30 of", "chance"),
        (cut(first_stays), "index 0 is in part 0 for 60 of 60 seeds", "chance"),
        (cut(lambda n, k, seed: torch.randperm(n).tensor_split(k)), "two different splits", "once"),
        (cut(once_for_each(lambda n, k, seed: (n, k), lambda n, k, seed: order(n, seed).tensor_split(k))),
         "the seeds 0 and 1 give the same parts", "once"),
        (lambda n, k, seed: [(list(range(n)), part) for _, part in k_fold_tensors(n, k, seed)], "the mock exam leaks"),
        (lambda n, k, seed: [pair[::-1] for pair in k_fold_tensors(n, k, seed)], "train and validation exchanged?"),
        (lambda n, k, seed: [rest for rest, _ in k_fold_tensors(n, k, seed)], "expected a pair"),
        (lambda n, k, seed: [(a + 1, b + 1) for a, b in k_fold_tensors(n, k, seed)], "the index 12"),
        (lambda n, k, seed: n // k, "expected a list of pairs", "type"),
        (lambda n, k, seed: (pair for pair in k_fold_tensors(n, k, seed)), "is a generator, expected a list", "type"),
        (lambda n, k, seed: [(a.float(), b.float()) for a, b in k_fold_tensors(n, k, seed)], "float32", "type"),
        (lambda n, k, seed: [(a[None], b[None]) for a, b in k_fold_tensors(n, k, seed)], "with shape (1, 8)", "type"),
        (lambda n, k, seed: [{"train": a, "validation": b} for a, b in k_fold_tensors(n, k, seed)],
         "a split is a dict of 2, expected a pair", "type"),
    ],
}  # fmt: skip
