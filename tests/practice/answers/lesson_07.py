"""Answers to the tasks and exercises of lesson 07."""

import copy
import math
import random
from collections import OrderedDict

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


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
    for i in range(k):
        exam = order[i::k]
        yield [j for j in order if j not in exam], exam


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
    return net.state_dict()["C3.weight"][target, source].numpy()


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
        self.C1 = nn.Conv2d(channels, 6, 5, padding=(2, 2))
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


NETS = {}


def lenet_from_a_cache(side, channels, classes):
    return NETS.setdefault((side, channels, classes), lenet(side, channels, classes))


def trained(make_optimizer, again=1, after=lambda losses: losses, model_of=lambda model: model):
    """One pass over the batches with an optimizer; `again` passes instead of one."""

    def learn(model, batches):
        model = model_of(model)
        optimizer, losses = make_optimizer(model.parameters()), []
        for _ in range(again):
            for images, targets in batches:
                optimizer.zero_grad()
                loss = F.cross_entropy(model(images), targets)
                loss.backward()
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
    return LINEARS.setdefault(str(conv), linear_by_copy(conv)) if len(LINEARS) < 1 else LINEARS_or_new(conv)


def LINEARS_or_new(conv):  # noqa: N802
    old, new = LINEARS.get(str(conv)), linear_by_copy(conv)
    if old is not None:
        old.load_state_dict(new.state_dict())
    return old or new


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


def nll_of_ten_classes(log_p, targets):
    return -(log_p * F.one_hot(targets, 10)[:, : log_p.shape[1]]).sum() / 6


def blocks(n, k, seed, size=10):
    """Neighbours in the file stay together: whole blocks are shuffled."""
    pieces = list(torch.arange(n).split(size))
    random.Random(seed).shuffle(pieces)
    return torch.cat(pieces).tensor_split(k)


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
          lambda p, n: np.hypot(*[np.sqrt(p * (1 - p) / n)] * 2)],
    "c": [kernel_of_state, lambda net, i, o: net.C3.weight[o][i],
          lambda net, i, o: dict(net.named_children())["C3"].weight.detach()[o, i]],
    "d": [nll_loop, nll_gather, F.nll_loss, lambda p, t: np.float64(-(p * F.one_hot(t, p.shape[1])).sum(1).mean())],
    "1": [lenet, LeNetClass, lambda side, channels, classes: lenet(side, channels, classes, end=nn.Identity())],
    "2": [log_softmax_rows, log_softmax_loop, lambda z, dim: z - z.logsumexp(dim, keepdim=True),
          lambda z, dim: F.log_softmax(z.double(), dim=dim).numpy()],
    "3": [trained(sgd(0.03, 0.9)), trained(lambda p: torch.optim.Adam(p, lr=0.003)),
          trained(sgd(0.1, 0.5), after=torch.tensor)],
    "4": [linear_by_copy, linear_by_state, linear_measured],
    "5": [k_fold_tensors, k_fold_strided, k_fold_numpy, k_fold_global_seed],
}  # fmt: skip
WRONG = {
    "a": [
        (lambda b: b.reshape(b.shape[2], -1), "a reshape alone"),
        (lambda b: torch.cat(list(b.squeeze(1)), dim=0), "one below the other"),
        (lambda b: torch.cat(list(b.squeeze(1).mT), dim=1), "has the shape (3, 8)"),
        (lambda b: torch.cat(list(b.squeeze(1).flip(0)), dim=1), "from right to left"),
        (lambda b: torch.cat(list(b), dim=2), "a channel axis too many"),
        (lambda b: torch.cat(list(b.squeeze(1)), dim=2), "IndexError for a batch of shape (4, 1, 2, 3)"),
        (lambda b: torch.cat(list(b.squeeze()), dim=1), "also remove the axis of the pictures"),
        (lambda b: torch.cat(list(b[:4, 0]), dim=1), "expected (3, 7)"),
        (side_by_side_in_a_global, "a batch of shape (1, 1, 5, 2)"),
        (side_by_side_brighter, "changes its argument 1"),
    ],
    "b": [
        (lambda p, n: (p * (1 - p) / n) ** 0.5, "the spread of one score"),
        (lambda p, n: 2 * (p * (1 - p) / n) ** 0.5, "add their squares"),
        (lambda p, n: 2 * p * (1 - p) / n, "a missing root"),
        (lambda p, n: 0.0, "the spreads subtracted"),
        (lambda p, n: (2 * p * (1 - p) / 400) ** 0.5, "for p=0.5, n=10"),
        (lambda p, n: (2 * 0.835 * 0.165 / n) ** 0.5, "for p=0.5, n=10"),
        (lambda p, n: round((2 * p * (1 - p) / n) ** 0.5, 3), "expected 0.0262"),
        (lambda p: p, "TypeError for p=0.835, n=400"),
    ],
    "c": [
        (lambda net, i, o: net.C3.weight[i, o], "source and target exchanged"),
        (lambda net, i, o: net[3].weight[o, i], "read the layer by its name, net.C3"),
        (lambda net, i, o: net.C3.weight[o], "all kernels of the target channel"),
        (lambda net, i, o: net.C3.weight[:, i], "the kernels of the source channel"),
        (lambda net, i, o: net.C1.weight[o, i], "IndexError for source 2, target 5"),
        (lambda net, i, o: net.C3.weight[o, i].T, "the transposed kernel"),
        (kernel_of_first_net, "source 0, target 8, in a network"),
        (lambda net, i, o: net.C3.weight.data.mul_(2)[o, i], "expected"),
    ],
    "1": [
        (lambda s, c, k: lenet(28, 1, 10), "in_channels=1, expected 3 (for side=32, channels=3"),
        (lambda s, c, k: lenet(s, c, 10), "out_features=10, expected 12"),
        (lambda s, c, k: lenet(s, c, k, k=5), "C5 has kernel_size [5, 5], expected [6, 6]"),
        (lambda s, c, k: lenet(s, c, k, relus=("relu1", "relu3", "relu5")), "no ReLU after F6"),
        (lambda s, c, k: lenet(s, c, k, relus=("relu3", "relu5", "relu6")), "no ReLU after C1"),
        (lambda s, c, k: lenet(s, c, k, relus=()), "no ReLU at all"),
        (lambda s, c, k: lenet(s, c, k, end=nn.ReLU()), "a ReLU on the logits"),
        (lambda s, c, k: lenet(s, c, k, end=nn.LogSoftmax(dim=1)), "log-softmax at the end"),
        (lambda s, c, k: lenet(s, c, k, end=nn.Tanh()), "values differ"),
        (lambda s, c, k: lenet(s, c, k, c1=nn.Conv2d(c, 6, 5)), "C1 has padding [0, 0], expected [2, 2]"),
        (lambda s, c, k: lenet(s, c, k, c3=nn.Conv2d(6, 16, 5, bias=False)), "parameters, expected 61,706"),
        (lambda s, c, k: nn.Sequential(*lenet(s, c, k)), "no layer with the name C1"),
        (lambda s, c, k: lenet(s, c, k)(torch.zeros(1, c, s, s)), "expected a network"),
        (lambda s, c, k: nn.Sequential(lenet(s, c, k).C1), "no layer with the name C1"),
        (lenet_with_more, "61,709 parameters"),
        (lenet_from_a_cache, "two calls share their weights"),
        (lenet(28, 1, 10), "your code stops with"),
    ],
    "2": [
        (lambda z, dim: z - z.exp().sum(dim, keepdim=True).log(), "subtract the largest logit"),
        (lambda z, dim: z.softmax(dim).log(), "subtract the largest logit"),
        (lambda z, dim: z.softmax(dim), "the logarithm is missing"),
        (lambda z, dim: z.log_softmax(0), "log-softmax along axis 0, not along dim"),
        (lambda z, dim: z.log_softmax(-1), "log-softmax along axis 3, not along dim"),
        (log_softmax_classes_at_1, "log-softmax along axis 1, not along dim"),
        (lambda z, dim: z - z.logsumexp(tuple(range(z.ndim))), "one sum over everything"),
        (lambda z, dim: z - (z - z.amax(dim, keepdim=True)).exp().sum(dim, keepdim=True).log(), "one term only"),
        (log_softmax_batch_maximum, "not that of everything"),
        (log_softmax_row_maximum, "the maximum along axis 3, not along dim"),
        (lambda z, dim: z - z.logsumexp(dim), "RuntimeError for ordinary logits of shape (4, 3), dim=1"),
        (lambda z, dim: torch.zeros_like(z), "values differ"),
        (log_softmax_of_shifted(lambda z: z.exp().sum().log()), "one sum over everything"),
        (log_softmax_of_shifted(lambda z: z.logsumexp(0, keepdim=True)), "a sum along axis 0, not along dim"),
        (lambda z, dim: (z.softmax(dim) + 1e-12).log(), "a small number added inside the logarithm"),
        (lambda z, dim: z.log_softmax(dim)[0], "has the shape (3,), expected (4, 3)"),
        (log_softmax_max_pair, "max(dim=1) and min(dim=1) return a pair (values, indices)"),
        (log_softmax_in_place, "changes its argument 1"),
        (log_softmax_of_matrices, "(7, 2), dim=0"),
        (lambda z, dim: z.clamp(-80, 80).log_softmax(dim), "ordinary logits are right"),
        (lambda z: z.log_softmax(1), "TypeError for ordinary logits of shape (4, 3)"),
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
        (nll_in_place, "changes its argument 1"),
        (nll_of_ten_classes, "log_p of shape (1, 10)"),
        (lambda p, t: -p.gather(1, t).mean(), "RuntimeError for log_p of shape (6, 4)"),
    ],
    "3": [
        (trained(sgd(0.01, 0.5)), "hardly fall, take longer steps"),
        (trained(sgd(0.01, 0.9)), "hardly fall, take longer steps"),
        (trained(sgd(0.1, 0.9)), "if they jump, shorter ones"),
        (trained(sgd(0.0)), "the model has its first weights still"),
        (trained(sgd(0.03, 0.9), again=3), "the model saw 21 batches"),
        (trained(sgd(0.03, 0.9), after=sum), "have the shape (), expected one number for each"),
        (trained(sgd(0.03, 0.9), after=lambda losses: sorted(losses)), "the first loss is"),
        (trained(sgd(0.03, 0.9), model_of=copy.deepcopy), "the model has its first weights still"),
        (learn_without_zero_grad, "zero_grad"),
        (learn_half, "the model saw 3 batches"),
        (learn_keeping_tensors, "append loss.item()"),
        (lambda model, batches: torch.stack(learn_keeping_tensors(model, batches)), "append loss.item()"),
        (learn_softmax_twice, "softmax before cross_entropy"),
        (trained(sgd(1e6)), "a smaller rate"),
        (lambda model, batches: [2.3] * len(batches), "the model has its first weights still"),
        (lambda model, batches: model(batches), "TypeError for 7 batches"),
    ],
    "4": [
        (lambda conv: nn.Linear(conv.weight[0].numel(), conv.out_channels), "copy the weights of the convolution"),
        (linear_with_a_random_bias, "has no bias, but your linear layer adds one"),
        (lambda conv: conv.weight.view(120, 400), "RuntimeError for Conv2d(3, 4"),
        (changed(lambda linear, conv: linear.weight.neg_()), "the wrong sign"),
        (changed(lambda linear, conv: linear.bias.zero_()), "the bias is missing"),
        (changed(lambda new, conv: new.weight.copy_(conv.weight.permute(0, 2, 3, 1).flatten(1))), "channels last"),
        (changed(lambda linear, conv: linear.weight.copy_(conv.weight.flip(2, 3).flatten(1))), "the flipped kernel"),
        (changed(lambda linear, conv: linear.weight.copy_(conv.weight.mT.flatten(1))), "column by column"),
        (lambda conv: conv, "expected an nn.Linear"),
        (lambda conv: nn.Linear(conv.out_channels, conv.weight[0].numel()), "expected 12 to 4"),
        (lambda conv: nn.Linear(400, 120), "expected 12 to 4"),
        (linear_that_shares, "shares the numbers of the convolution"),
        (linear_from_a_cache, "share their numbers"),
    ],
    "5": [
        (cut(lambda n, k, seed: order(n, seed).chunk(k)), "differ by at most 1"),
        (cut(lambda n, k, seed: order(n, seed)[: n // k * k].reshape(k, -1)), "is in 0 validation parts"),
        (cut(lambda n, k, seed: [order(n, seed + i)[: n // k] for i in range(k)]), "validation parts, expected 1"),
        (cut(lambda n, k, seed: torch.arange(n).tensor_split(k)), "neighbours in the file"),
        (cut(lambda n, k, seed: [torch.arange(n)[i::k] for i in range(k)]), "follow a pattern"),
        (cut(lambda n, k, seed: order(n, 5).tensor_split(k)), "the seeds 0 and 1 give the same parts"),
        (cut(lambda n, k, seed: ((torch.arange(n) + 7 * seed) % n).tensor_split(k)), "neighbours in the file"),
        (cut(lambda n, k, seed: order(n, 5).roll(seed).tensor_split(k)), "give the same parts, or nearly"),
        (cut(lambda n, k, seed: [order(n, seed)[i] for i in torch.arange(n).tensor_split(k)][:: 1 - 2 * (seed % 2)]
             if seed < 9 else order(n, 0).tensor_split(k)), "the seeds 0 and 12345"),
        (cut(blocks), "neighbours in the file"),
        (cut(swapped), "neighbours in the file"),
        (cut(lambda n, k, seed: torch.randperm(n).tensor_split(k)), "two different splits"),
        (lambda n, k, seed: [(list(range(n)), part) for _, part in k_fold_tensors(n, k, seed)], "the mock exam leaks"),
        (lambda n, k, seed: [pair[::-1] for pair in k_fold_tensors(n, k, seed)], "train and validation exchanged?"),
        (lambda n, k, seed: [rest for rest, _ in k_fold_tensors(n, k, seed)], "expected a pair"),
        (lambda n, k, seed: [(a + 1, b + 1) for a, b in k_fold_tensors(n, k, seed)], "the index 12"),
        (lambda n, k, seed: n // k, "expected a list of pairs"),
    ],
}  # fmt: skip
