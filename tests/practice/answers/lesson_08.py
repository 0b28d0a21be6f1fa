"""Answers to the exercises of lesson 08."""

import copy
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.models import FashionCnn, Mlp
from tests.practice.slips import once_for_each

# ---- a: what leaves the frame ----


def lost_slice(images, down):
    return (images[:, :, images.shape[2] - down :] > 0).sum(dim=(1, 2, 3))


def lost_by_difference(images, down):
    moved = F.pad(images, (0, 0, down, -down))
    return [int((picture > 0).sum()) - int((other > 0).sum()) for picture, other in zip(images, moved, strict=True)]


def lost_numpy(images, down):
    rows = (images.numpy() > 0).sum(axis=(1, 3))
    return np.array([row[len(row) - down :].sum() for row in rows])


SEEN_A = []


def lost_of_the_first_call(images, down):
    SEEN_A.append(lost_slice(images, down))
    return SEEN_A[0]


def lost_in_place(images, down):
    images[images > 0] = 1
    return images[:, :, images.shape[2] - down :].sum(dim=(1, 2, 3))


# ---- b: dropout of 2014 ----


def old_mask(x, p, training):
    return torch.where(torch.rand(x.shape) < p, 0.0, x) if training else (1 - p) * x


def old_bernoulli(x, p, training):
    return x * torch.bernoulli(torch.full_like(x, 1 - p)) if training else x - p * x


def old_library(x, p, training):
    return F.dropout(x, p, training) * (1 - p)


def old(make):
    """A dropout of 2014 whose training part is make(x, p)."""
    return lambda x, p, training: make(x, p) if training else x * (1 - p)


def exact_share(x, p):
    order = torch.randperm(x.numel()).view(x.shape)
    return x * (order >= round(p * x.numel()))


def turned_ring(x, p):
    """Zeros at random places, the same in each call, turned by another number."""
    mask = torch.rand(x.numel(), generator=torch.Generator().manual_seed(1)) >= p
    return x * mask.roll(int(torch.randint(x.numel(), ()))).view(x.shape)


def every_third(x, p):
    return x * ((torch.arange(x.numel()) * (1 - p) % 1) < 1 - p).view(x.shape)


def stretched(x, p):
    """As many zeros as asked for, but in runs."""
    return x * (torch.rand(-(-x.numel() // 10)) >= p).repeat_interleave(10)[: x.numel()].view(x.shape)


def old_numpy(x, p, training):
    return np.where(np.random.default_rng().random(x.shape) < p, 0, x.numpy()) if training else x.numpy() * (1 - p)


def old_antithetic(x, p):
    """Half of the random numbers are 1 minus those of the other half."""
    half = torch.rand(x.numel() // 2)
    return x * (torch.cat([half, 1 - half, torch.rand(x.numel() % 2)]) >= p).view(x.shape)


def old_first_stays(x, p):
    mask = torch.rand_like(x) >= p
    mask.view(-1)[0] = True
    return x * mask


OLD_MASKS = {}


def old_mask_for_two_calls(x, p):
    """A new mask in every second call."""
    count, mask = OLD_MASKS.get((x.shape, p), (0, None))
    mask = torch.rand_like(x) >= p if count % 2 == 0 else mask
    OLD_MASKS[x.shape, p] = count + 1, mask
    return x * mask


def old_in_place(x, p, training):
    if training:
        x[torch.rand_like(x) < p] = 0
        return x
    return x * (1 - p)


# ---- c: how long without a gain ----


def gain_loop(losses):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
    return len(losses) - 1 - best


def gain_count(losses):
    least, since = float("inf"), -1
    for loss in losses:
        least, since = (loss, 0) if loss < least else (least, since + 1)
    return since


def gain_from_a_limit(losses):
    least, since = 10.0, 0
    for loss in losses:
        least, since = (loss, 0) if loss < least else (least, since + 1)
    return since


def gain_sorted(losses):
    best = min(losses)
    losses.sort()
    return len(losses) - 1 - losses.index(best)


# ---- d: statistics of channels ----


def statistics_loop(images):
    means, stds = [], []
    for channel in images.numpy().transpose(1, 0, 2, 3):
        pixels = channel / 255
        means.append(pixels.mean())
        stds.append(pixels.std())
    return torch.tensor(means), torch.tensor(stds)


def statistics_torch(images):
    x = images.float().div(255).transpose(0, 1).flatten(1)
    return x.mean(dim=1), x.std(dim=1)


def of(mean, std):
    """channel_statistics out of two functions of the pixels in 0..1."""
    return lambda images: (mean(images / 255), std(images / 255))


def mean_of(x):
    return x.mean((0, 2, 3))


def std_of(x):
    return x.std((0, 2, 3))


# ---- e: a hook ----


def share_lambda(model, layer, images):
    found = []
    hook = layer.register_forward_hook(lambda layer, inputs, output: found.append((output < 0).float().mean().item()))
    with torch.no_grad():
        model(images)
    hook.remove()
    return found[0]


def share_closure(model, layer, images):
    share = None

    def look(layer, inputs, output):
        nonlocal share
        share = (output.detach() < 0).sum() / output.numel()

    with layer.register_forward_hook(look):
        model(images)
    return share


class Seen(list):
    def __call__(self, layer, inputs, output):
        self.append(np.mean(output.detach().numpy() < 0))


def share_with_an_object(model, layer, images):
    seen = Seen()
    hook = layer.register_forward_hook(seen)
    try:
        model(images)
    finally:
        hook.remove()
    return seen[-1]


def share_step_by_step(model, layer, images):
    """Without a hook, which the text asks for: the layers of an nn.Sequential, one after the other."""
    for part in model:
        images = part(images)
        if part is layer:
            return (images < 0).double().mean().item()


def share_of(see):
    """share_below_zero of what see(inputs, output) gives."""

    def share(model, layer, images):
        found = []
        hook = layer.register_forward_hook(lambda layer, inputs, output: found.append(see(inputs, output)))
        model(images)
        hook.remove()
        return (found[0] < 0).float().mean().item()

    return share


def share_and_hook_left(model, layer, images):
    found = []
    layer.register_forward_hook(lambda layer, inputs, output: found.append(output))
    model(images)
    return (found[0] < 0).float().mean().item()


def share_and_pre_hook_left(model, layer, images):
    model.register_forward_pre_hook(lambda layer, inputs: None)
    return share_lambda(model, layer, images)


def share_with_images_scaled(model, layer, images):
    images -= images.mean()
    return share_lambda(model, layer, images)


def share_and_frozen(model, layer, images):
    model.requires_grad_(False)  # instead of no_grad
    return share_lambda(model, layer, images)


def share_in_training_mode(model, layer, images):
    model.train()
    return share_lambda(model, layer, images)


FOUND_E = []


def share_in_a_global(model, layer, images):
    hook = layer.register_forward_hook(lambda layer, inputs, output: FOUND_E.append(output))
    model(images)
    hook.remove()
    return (FOUND_E[0] < 0).float().mean().item()


# ---- 1: each picture by its own move ----


def each_pad(images, dx, dy):
    moves = zip(images, dx.tolist(), dy.tolist(), strict=True)
    return torch.stack([F.pad(picture, (x, -x, y, -y)) for picture, x, y in moves])


def each_loop(images, dx, dy):
    result = torch.zeros_like(images)
    height, width = images.shape[-2:]
    for i in range(len(images)):
        for row in range(height):
            for column in range(width):
                y, x = row - int(dy[i]), column - int(dx[i])
                if 0 <= y < height and 0 <= x < width:
                    result[i, :, row, column] = images[i, :, y, x]
    return result


def each_cut(images, dx, dy):
    height, width = images.shape[-2:]
    padded = F.pad(images, (width, width, height, height))
    pairs = zip(padded, dx.tolist(), dy.tolist(), strict=True)
    parts = [picture[:, height - y : 2 * height - y, width - x : 2 * width - x] for picture, x, y in pairs]
    return torch.stack(parts).clone()


def each_by(move):
    """move_each out of move(picture, x, y) of one picture (C, H, W)."""
    return lambda images, dx, dy: torch.stack(
        [move(picture, x, y) for picture, x, y in zip(images, dx.tolist(), dy.tolist(), strict=True)]
    )


def pad(picture, x, y, **how):
    return F.pad(picture, (x, -x, y, -y), **how)


def each_in_place(images, dx, dy):
    images.copy_(each_pad(images, dx, dy))
    return images


def each_shares_memory(images, dx, dy):
    return images if not dx.any() and not dy.any() else each_pad(images, dx, dy)


def each_like_the_first(images, dx, dy):
    return pad(images, int(dx[0]), int(dy[0]))


def each_index(images, dx, dy):
    """grid_sample-like, with NumPy: rows and columns of a padded picture."""
    height, width = images.shape[-2:]
    padded = np.pad(images.numpy(), ((0, 0), (0, 0), (height, height), (width, width)))
    rows = height + np.arange(height) - dy.numpy()[:, None]
    columns = width + np.arange(width) - dx.numpy()[:, None]
    picture = np.arange(len(images))[:, None, None]
    moved = padded.transpose(0, 2, 3, 1)[picture, rows[:, :, None], columns[:, None, :]]
    return torch.tensor(moved.transpose(0, 3, 1, 2))


MOVED = []


def each_of_the_first_call(images, dx, dy):
    MOVED.append(each_pad(images, dx, dy))
    return next(moved for moved in MOVED if moved.shape == images.shape and moved.dtype == images.dtype)


# ---- 2: early stopping ----


def patience_count(model, one_epoch, most, patience):
    least, since, losses = float("inf"), 0, []
    while len(losses) < most and since < patience:
        losses.append(one_epoch())
        since += 1
        if losses[-1] < least:
            least, since = losses[-1], 0
            weights = {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(weights)
    return losses


def patience_copies(model, one_epoch, most, patience):
    """A copy after every epoch, the best of them at the end."""
    losses, copies = [], []
    for _ in range(most):
        losses.append(one_epoch())
        copies.append(copy.deepcopy(model))
        best = int(np.argmin(losses))
        if len(losses) - 1 - best >= patience:
            break
    model.load_state_dict(copies[best].state_dict())
    return np.array(losses)


def stopping(start=float("inf"), better=None, late=0, copied=True, parts="all", back=True, result="losses", each=False):
    """Early stopping with one thing changed."""
    better = better or (lambda loss, least: loss < least)

    def train(model, one_epoch, most, patience):
        least, since, losses, weights = start, 0, [], copy.deepcopy(model.state_dict())
        for _ in range(most):
            losses.append(one_epoch())
            since += 1
            if better(losses[-1], least):
                least, since = losses[-1], 0
                state = model.state_dict() if parts == "all" else dict(model.named_parameters())
                weights = copy.deepcopy(state) if copied else state
            elif each:
                model.load_state_dict(weights, strict=False)
            if since == patience + late:
                break
        if back:
            model.load_state_dict(weights, strict=False)
        return {"losses": losses, "least": least, "none": None, "best": losses[: len(losses) - since]}[result]

    return train


def first_rise(model, one_epoch, most, patience):
    losses, kept = [], []
    while len(losses) < most:
        losses.append(one_epoch())
        kept.append(copy.deepcopy(model.state_dict()))
        if len(losses) > 1 and losses[-1] > losses[-2]:
            break
    model.load_state_dict(kept[int(np.argmin(losses))])
    return losses


def patience_never_back(model, one_epoch, most, patience):
    """Counts all epochs without a gain, also those before the last gain."""
    least, without, losses = float("inf"), 0, []
    for _ in range(most):
        losses.append(one_epoch())
        if losses[-1] < least:
            least, weights = losses[-1], copy.deepcopy(model.state_dict())
        else:
            without += 1
        if without == patience:
            break
    model.load_state_dict(weights)
    return losses


def patience_with(before=lambda model: None, after=lambda model: None):
    """Early stopping that does something with the model before each epoch, or at the end."""

    def train(model, one_epoch, most, patience):
        def epoch():
            before(model)
            return one_epoch()

        losses = patience_count(model, epoch, most, patience)
        after(model)
        return losses

    return train


def patience_falsy(model, one_epoch, most, patience):
    """`if not least` is true for a least loss of 0, too."""
    least, since, losses = None, 0, []
    while len(losses) < most and since < patience:
        losses.append(one_epoch())
        since += 1
        if not least or losses[-1] < least:
            least, since, weights = losses[-1], 0, copy.deepcopy(model.state_dict())
    model.load_state_dict(weights)
    return losses


LOSSES = []


def patience_with_losses_kept(model, one_epoch, most, patience):
    LOSSES.extend(patience_count(model, one_epoch, most, patience))
    return LOSSES


def patience_tensor(model, one_epoch, most, patience):
    """All weights and buffers as one long list of tensors; the losses are a tensor."""
    best, losses = [], []
    while len(losses) < most and len(losses) - 1 - (losses.index(min(losses)) if losses else 0) < patience:
        losses.append(one_epoch())
        if losses.index(min(losses)) == len(losses) - 1:
            best = [value.detach().clone() for value in (*model.parameters(), *model.buffers())]
    with torch.no_grad():
        for value, kept in zip((*model.parameters(), *model.buffers()), best, strict=True):
            value.copy_(kept)
    return torch.tensor(losses)


WEIGHTS = {}


def weights_in_a_global(model, one_epoch, most, patience):
    """Keeps the least loss over calls."""
    losses = []
    for _ in range(most):
        losses.append(one_epoch())
        if losses[-1] < WEIGHTS.get("loss", float("inf")):
            WEIGHTS.update(loss=losses[-1], weights=copy.deepcopy(model.state_dict()))
        if len(losses) - 1 - losses.index(min(losses)) == patience:
            break
    model.load_state_dict(WEIGHTS["weights"])
    return losses


# ---- 3: dropout of whole maps ----


def maps_where(x, p, training):
    if not training:
        return x
    return torch.where(torch.rand(*x.shape[:2], 1, 1) < p, 0.0, x / (1 - p))


def maps_loop(x, p, training):
    result = x.clone()
    if training:
        for picture in result:
            for one in picture:
                one *= 0 if torch.rand(()) < p else 1 / (1 - p)
    return result


def maps_numpy(x, p, training):
    keep = np.random.binomial(1, 1 - p, (*x.shape[:2], 1, 1))
    return x.numpy() * keep / (1 - p) if training else x.numpy()


def maps(make):
    """A dropout of maps whose training part is make(x, p)."""
    return lambda x, p, training: make(x, p) if training else x


def keeping(x, p, *shape, scale=None, **how):
    """x times a random mask of that shape."""
    return x * (torch.rand(*shape, **how) >= p) * (1 / (1 - p) if scale is None else scale)


def maps_exact(x, p):
    n, c = x.shape[:2]
    keep = (torch.randperm(n * c) >= round(p * n * c)).view(n, c, 1, 1)
    return x * keep / (1 - p)


def maps_exact_in_each_picture(x, p):
    """The share p of the maps of each picture; what is left over is drawn, so that p is right on average."""
    n, c = x.shape[:2]
    drop = int(p * c) + (torch.rand(n, 1) < p * c - int(p * c))
    order = torch.rand(n, c).argsort(1)
    return x * (order >= drop)[:, :, None, None] / (1 - p)


def maps_in_turn(x, p):
    """One random number, from which that of each map follows in equal steps."""
    n = x.shape[0] * x.shape[1]
    numbers = (torch.rand(()) + torch.arange(n) / n) % 1
    return x * (numbers >= p).view(*x.shape[:2], 1, 1) / (1 - p)


def maps_in_place(x, p, training):
    if training:
        x *= (torch.rand(*x.shape[:2], 1, 1) >= p) / (1 - p)
    return x


# ---- 4: a network that does not mind the move ----


class Steady(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 5)
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        return self.fc(F.relu(self.conv(x)).mean(dim=(2, 3)))


def steady_maximum():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.5), nn.MaxPool2d(3, stride=1),
        nn.Conv2d(8, 12, 3), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(12, 10))  # fmt: skip


def pooled(*layers, channels=8):
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


def two_windows(first, second):
    """Two convolutions with ReLU, then the mean of each map."""
    return lambda: pooled(nn.Conv2d(1, 8, first), nn.ReLU(), nn.Conv2d(8, 8, second), nn.ReLU())


class Spectrum(nn.Module):
    """A move changes the phase of a spectrum, not its size."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(28 * 15, 10)

    def forward(self, x):
        return self.fc(torch.fft.rfft2(x).abs().flatten(1))


class Centred(nn.Module):
    """Looks for the first row and column that are not black, and cuts the thing out."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        rows, columns = (x.amax((1, axis)) > 0 for axis in (3, 2))
        tops, lefts = rows.int().argmax(1).clamp(max=24).tolist(), columns.int().argmax(1).clamp(max=24).tolist()
        cut = [picture[0, i : i + 4, j : j + 4] for picture, i, j in zip(x, tops, lefts, strict=True)]
        return self.fc(torch.stack(cut).flatten(1))


class ListOfLayers(nn.Module):
    """The convolution stands in a list: no optimizer finds it."""

    def __init__(self):
        super().__init__()
        self.layers = [nn.Conv2d(1, 16, 5), nn.ReLU()]
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.fc(x.mean((2, 3)))


CONV = nn.Conv2d(1, 16, 5)


class OneConvolutionForAll(nn.Module):
    """The convolution is outside: two networks share it."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        return self.fc(F.relu(CONV(x)).mean((2, 3)))


class Detached(Steady):
    def forward(self, x):
        return super().forward(x).detach()


class Normalises(Steady):
    def forward(self, x):
        x -= x.mean()
        return super().forward(x)


class Remembers(Steady):
    """Gives the first answer again for a batch of the same size."""

    def __init__(self):
        super().__init__()
        self.known = {}

    def forward(self, x):
        return self.known.setdefault(len(x), super().forward(x))


class Hand(Steady):
    """What stands at its end has no name."""

    def __init__(self, end):
        super().__init__()
        self.by_hand = end

    def forward(self, x):
        return self.by_hand(super().forward(x))


class NoisyInEvaluation(Steady):
    def forward(self, x):
        return super().forward(F.dropout(x, 0.5))


class Constant(Steady):
    def forward(self, x):
        return super().forward(0 * x)


class Mixes(Steady):
    def forward(self, x):
        out = super().forward(x)
        return out - out.mean(0)


class Ended(Steady):
    def __init__(self, end):
        super().__init__()
        self.end = end

    def forward(self, x):
        return self.end(super().forward(x))


# ---- 5: trained for pictures that move ----


def plain_cnn():
    return FashionCnn(0.0)


def averaged():
    """Two convolutions with batch normalisation, then the means of four parts of the maps."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 24, 3),
        nn.BatchNorm2d(24), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(96, 10))  # fmt: skip


def moved_batch(images, most):
    down, right = torch.randint(-most, most + 1, (2,)).tolist()
    return F.pad(images, (right, -right, down, -down), value=images.min().item())


def trained(
    make, lr=0.03, momentum=0.9, most=3, step=True, first=None, passes=1, end=lambda model: model, mix=False,
    make_optimizer=None,
):  # fmt: skip
    """train_for_moves: a network of `make`, trained on batches that move by up to `most` pixels."""

    def train_for_moves(batches):
        model = make()
        make_sgd = partial(torch.optim.SGD, lr=lr, momentum=momentum)
        optimizer = (make_optimizer or make_sgd)(model.parameters())
        for _ in range(passes):
            for number, (images, labels) in enumerate(batches):
                if number == first:
                    break
                optimizer.zero_grad()
                labels = labels[torch.randperm(len(labels))] if mix else labels
                F.cross_entropy(model(moved_batch(images, most)), labels).backward()
                if step:
                    optimizer.step()
        return end(model)

    return train_for_moves


def by_hand(batches):
    """Momentum without an optimizer of PyTorch."""
    model = plain_cnn()
    speeds = [torch.zeros_like(p) for p in model.parameters()]
    for images, labels in batches:
        loss = F.cross_entropy(model(moved_batch(images, 3)), labels)
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        with torch.no_grad():
            for p, speed, gradient in zip(model.parameters(), speeds, gradients, strict=True):
                p -= 0.03 * speed.mul_(0.9).add_(gradient)
    return model


ONE_MODEL = FashionCnn(0.0)


def trained_on(batches):
    """The network of the first call goes on learning."""
    return trained(lambda: ONE_MODEL)(batches)


class Scored(nn.Module):
    """Its convolution is no part of it."""

    def __init__(self):
        super().__init__()
        self.body = [nn.Conv2d(1, 16, 5), nn.MaxPool2d(2), nn.ReLU()]
        self.fc = nn.Linear(16 * 9, 10)

    def forward(self, x):
        for layer in self.body:
            x = layer(x)
        return self.fc(F.adaptive_avg_pool2d(x, 3).flatten(1))


KEPT = []


def trained_once(batches):
    if not KEPT:
        KEPT.append(trained(plain_cnn)(batches))
    return KEPT[0]


def trained_with_adam(batches):
    """Each picture with a move of its own, and Adam."""
    model = plain_cnn()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    for images, labels in batches:
        black = images.min().item()
        moves = torch.randint(-3, 4, (len(images), 2)).tolist()
        moved = [F.pad(one, (x, -x, y, -y), value=black) for one, (x, y) in zip(images, moves, strict=True)]
        optimizer.zero_grad()
        F.cross_entropy(model(torch.stack(moved)), labels).backward()
        optimizer.step()
    return model


def many_steps(batches):
    model = Mlp(hidden=(8,))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for images, labels in batches:
        for _ in range(2):
            optimizer.zero_grad()
            F.cross_entropy(model(images), labels).backward()
            optimizer.step()
    return model


def small():
    return Mlp(hidden=(32,))


RIGHT = {
    "a": [lost_slice, lost_by_difference, lost_numpy],
    "b": [old_mask, old_bernoulli, old_library, old_numpy],
    "c": [lambda losses: len(losses) - 1 - losses.index(min(losses)), gain_loop, gain_count,
          lambda losses: len(losses) - 1 - np.argmin(losses)],
    "d": [statistics_loop, statistics_torch, lambda images: [f(images.double() / 255) for f in (mean_of, std_of)],
          lambda images: torch.std_mean(images / 255, dim=(0, 2, 3), correction=0)[::-1]],
    "e": [share_lambda, share_closure, share_with_an_object],
    "1": [each_pad, each_loop, each_cut, each_index],
    "2": [patience_count, patience_copies, stopping(), patience_tensor],
    "3": [maps_where, maps_loop, maps_numpy, F.dropout2d],
    "4": [
        Steady,
        Steady().double().float(),
        two_windows(5, 5),
        steady_maximum,
        lambda: pooled(nn.Conv2d(1, 8, 7, padding=3), nn.Tanh()),
        Spectrum,
        Centred,
    ],
    "5": [trained(plain_cnn), trained(averaged, lr=0.05), trained_with_adam],
}  # fmt: skip
KINDS = {
    "a": "value once memory",
    "b": "value once memory chance",
    "c": "value once memory",
    "d": "value once memory type",
    "e": "value once memory state",
    "1": "value once memory type",
    "2": "value once memory state",
    "3": "value once memory chance",
    "4": "value once memory structure type",
    "5": "value once structure type",
}
FEW = {
    "b": "training is True or False",
    "2": "one_epoch is a new function in each call",
    "3": "training is True or False",
    "5": "each call trains a network",
}
WRONG = {
    "a": [
        (lambda images, down: (images[:, :, -down:] > 0).sum((1, 2, 3)), "`-0:`, which is the whole picture", "value"),
        (lambda images, down: (images[:, :, :down] > 0).sum((1, 2, 3)), "the rows at the top"),
        (lambda images, down: (images[:, :, images.shape[2] - down :] > 0).sum(), "one number for all pictures"),
        (lambda images, down: images[:, :, images.shape[2] - down :].sum((1, 2, 3)), "the sum of their brightness"),
        (lambda images, down: (images[:, :, : images.shape[2] - down] > 0).sum((1, 2, 3)), "that stay in the frame"),
        (lambda images, down: (images[:, :, 28 - down :] > 0).sum((1, 2, 3)), "(3, 1, 6, 5), down = 2", "value"),
        (lambda images, down: lost_slice(images, min(down, 2)), "down = 6", "value"),
        (lambda images, down: lost_slice(images // 2, down), "values differ", "value"),
        (lambda images, down: lost_slice(images, down).to(torch.uint8), "expected", "value"),
        (lambda images, down: lost_slice(images, down).to(torch.int16), "(2, 1, 270, 260), down = 270", "value"),
        (lambda images, down: lost_slice(images, down)[:3], "expected (4,)", "value"),
        (lost_of_the_first_call, "down = 0", "once"),
        (once_for_each(lambda images, down: (images.shape, down), lost_slice), "values differ", "once"),
        (lost_in_place, "changes its argument images", "memory"),
    ],
    "b": [
        (lambda x, p, training: F.dropout(x, p, training), "x as it is, which belongs to the dropout of this lesson"),
        (lambda x, p, training: x * (torch.rand_like(x) >= p) if training else x * p, "the probability to drop"),
        (lambda x, p, training: F.dropout(x, p, training) if training else x * (1 - p), "training scales nothing"),
        (lambda x, p, training: x * (torch.rand_like(x) >= p), "set to 0 in evaluation"),
        (lambda x, p, training: x * (torch.rand_like(x) >= p) if training else x / (1 - p), "divided by 1 - p"),
        (old(lambda x, p: x * (torch.rand_like(x) < p)), "the probability to DROP"),
        (old(lambda x, p: x * (torch.rand(1) >= p)), "one random number decides for all", "chance"),
        (old(lambda x, p: x * (torch.rand(x.shape[-1]) >= p)), "are zero together too often", "chance"),
        (old(lambda x, p: x * (torch.randn_like(x) >= p)), "torch.randn is not", "chance"),
        (old(lambda x, p: x), "does training drop nothing"),
        (old(lambda x, p: x[:1] * (torch.rand_like(x[:1]) >= p)), "has the shape (1, 6), expected (4, 6)"),
        (old(exact_share), "in each call exactly 21% are zero", "chance"),
        (old(turned_ring), "are zero, expected about 20%", "chance"),
        (old(every_third), "two calls have their zeros in the same places", "chance"),
        (old(stretched), "are zero together too often", "chance"),
        (old(old_antithetic), "in each call exactly 50% are zero", "chance"),
        (old(old_first_stays), "number 0 of 24 numbers is zero in 0% of 400 calls", "chance"),
        (old(old_mask_for_two_calls), "follow from those of the call before", "chance"),
        (old(lambda x, p: x * (torch.rand(x.shape, generator=torch.Generator().manual_seed(1)) >= p)),
         "two calls have their zeros in the same places", "chance"),
        (lambda x, p, training: x * (torch.rand_like(x) >= 0.2) if training else x * 0.6, "p=0.75", "value"),
        (lambda x, p, training: x * (torch.rand_like(x) >= p) if training else x * (1 - round(p, 1)), "0.75", "value"),
        (old(lambda x, p: F.relu(x) * (torch.rand_like(x) >= p)), "are zero, expected about 20%", "value"),
        (old(once_for_each(lambda x, p: (x.shape, p), lambda x, p: x * (torch.rand_like(x) >= p))),
         "two calls have their zeros in the same places", "once"),
        (once_for_each(lambda x, p, training: (x.shape, p, training or object()), old_mask), "same places", "once"),
        (once_for_each(lambda x, p, training: (x.shape, p, training and object()), old_mask), "False", "once"),
        (old_in_place, "changes its argument x", "memory"),
        (lambda x, p, training: old_mask(x, p, True) if training else x.mul_(1 - p), "changes its", "memory"),
    ],
    "c": [
        (lambda losses: losses.index(min(losses)), "the number of the best epoch"),
        (lambda losses: len(losses) - losses.index(min(losses)), "one too many"),
        (lambda losses: losses[::-1].index(min(losses)), "the LAST of equal losses", "value"),
        (lambda losses: len(losses) - 1 - losses.index(max(losses)), "the largest loss"),
        (lambda losses: min(losses), "the least loss itself"),
        (gain_from_a_limit, "losses = [250.0, 240.0, 300.0]", "value"),
        (lambda losses: gain_count([max(loss, 0) for loss in losses]), "losses = [-1.0", "value"),
        (lambda losses: gain_count([loss or 9 for loss in losses]), "losses = [0.5, 0.0", "value"),
        (lambda losses: gain_count([int(10 * loss) for loss in losses]), "expected", "value"),
        (lambda losses: int(len(losses) > 1 and losses[-1] > losses[-2]), "expected 3", "value"),
        (once_for_each(len, gain_count), "losses = [", "once"),
        (once_for_each(lambda losses: losses[0], gain_count), "losses = [", "once"),
        (gain_sorted, "changes its argument", "memory"),
        (lambda losses: next(k for k in range(99) if losses.pop() == min(losses)), "your code stops"),
        (lambda losses: sum(1 for loss in iter(losses.pop, min(losses))), "changes its argument losses", "memory"),
    ],
    "d": [
        (lambda images: statistics_torch(255.0 * images), "divide by 255"),
        (lambda images: (images.float().mean((0, 2, 3)), images.float().std((0, 2, 3))), "divide by 255"),
        (lambda images: [f(images / images.max()) for f in (mean_of, std_of)], "by the largest pixel", "value"),
        (lambda images: [f(images / 256) for f in (mean_of, std_of)], "the mean is", "value"),
        (of(lambda x: x.mean(), lambda x: x.std()), "the mean has the shape (), expected (1,)"),
        (of(lambda x: x.mean().expand(x.shape[1]), std_of), "one mean over all channels", "value"),
        (of(mean_of, lambda x: x.std((2, 3)).mean(0)), "the mean of each picture's std"),
        (of(mean_of, lambda x: x.var((0, 2, 3))), "the root is missing"),
        (of(std_of, mean_of), "the standard deviation: the mean comes first"),
        (lambda images: statistics_torch(255 * (images // 255)), "use / instead of //"),
        (of(lambda x: x.mean((2, 3)), std_of), "expected (1,)"),
        (of(lambda x: x.mean((2, 3)).squeeze(), std_of), "expected (1,)"),
        (lambda images: (images / 255).mean((0, 2, 3)), "expected a pair"),
        (of(lambda x: x[:, :3].mean((0, 2, 3)), std_of), "expected (5,)", "value"),
        (of(lambda x: x.view(40, -1, 63).mean((0, 2)), std_of), "your code stops", "value"),
        (once_for_each(lambda images: images.shape, statistics_torch), "values differ", "once"),
        (once_for_each(lambda images: images.shape[1], statistics_torch), "values differ", "once"),
        (lambda images: statistics_torch(images.mul_(1)) if images[0, 0, 0, 0] > 300 else (images.fill_(0), 0),
         "changes its argument", "memory"),
        (lambda images: [part.tolist() for part in statistics_torch(images)], "the mean is list", "type"),
        (lambda images: [part.numpy() for part in statistics_torch(images)], "the mean is ndarray", "type"),
        (lambda images: torch.stack(statistics_torch(images)), "the result is a Tensor, expected a pair", "type"),
        (of(lambda x: mean_of(x).int(), std_of), "the mean is torch.int32, expected a float tensor", "type"),
    ],
    "e": [
        (lambda model, layer, images: (model(images) < 0).float().mean().item(), "the last output of the model"),
        (lambda model, layer, images: (layer(images) < 0).float().mean().item(), "layer Conv2d"),
        (share_of(lambda inputs, output: inputs[0]), "what goes INTO the layer"),
        (share_of(lambda inputs, output: -output), "the share of the positive numbers"),
        (share_of(lambda inputs, output: output[0]), "the first picture alone"),
        (share_of(lambda inputs, output: output[:, 0]), "the first channel alone"),
        (share_of(lambda inputs, output: output - 1e-30), "zeros counted as well", "value"),
        (share_of(lambda inputs, output: output[:3]), "layer", "value"),
        (share_of(lambda inputs, output: output.round(decimals=1)), "the result is", "value"),
        (lambda model, layer, images: 100 * share_lambda(model, layer, images), "percent"),
        (lambda model, layer, images: share_lambda(model, model[0], images), "the result is", "value"),
        (share_step_by_step, "object is not iterable", "value"),
        (share_in_a_global, "expected", "once"),
        (once_for_each(lambda model, layer, images: layer, share_lambda), "the result is", "once"),
        (once_for_each(lambda model, layer, images: images.shape, share_lambda), "the result is", "once"),
        (share_with_images_scaled, "changes its argument images", "memory"),
        (share_and_hook_left, "expected hook.remove()", "state"),
        (share_and_pre_hook_left, "expected hook.remove()", "state"),
        (share_in_training_mode, "in training mode", "state"),
        (share_and_frozen, "changes its argument model", "state"),
    ],
    "1": [
        (each_like_the_first, "that of the first"),
        (lambda images, dx, dy: pad(images, int(dx[-1]), int(dy[-1])), "that of the last"),
        (each_by(lambda picture, x, y: picture.roll((y, x), (1, 2))), "what leaves on one side comes in"),
        (each_by(lambda picture, x, y: pad(picture, -x, -y)), "a move to the other side"),
        (each_by(lambda picture, x, y: pad(picture, -x, y)), "the wrong direction of dx"),
        (each_by(lambda picture, x, y: pad(picture, x, -y)), "the wrong direction of dy"),
        (each_by(lambda picture, x, y: pad(picture[None].float(), x, y, mode="replicate")[0]), "the border repeated"),
        (lambda images, dx, dy: images.clone(), "no move at all"),
        (lambda images, dx, dy: each_pad(images[:, :1], dx, dy), "expected (4, 3, 6, 4)", "value"),
        (lambda images, dx, dy: each_pad(images, dx, dy)[:4], "expected (5, 1, 5, 7)", "value"),
        (each_by(lambda picture, x, y: pad(picture, max(x, 0), max(y, 0))), "values differ", "value"),
        (each_by(lambda picture, x, y: pad(picture, max(-4, min(x, 4)), max(-4, min(y, 4)))), "values differ", "value"),
        (lambda images, dx, dy: each_pad(images, dx, dy).abs(), "values differ", "value"),
        (lambda images, dx, dy: each_pad(images, dx[:1].repeat(len(dx)), dy), "values differ", "value"),
        (lambda images, dx, dy: images, "shares its memory", "memory"),
        (each_shares_memory, "shares its memory", "memory"),
        (each_in_place, "changes its argument", "memory"),
        (lambda images, dx, dy: each_pad(images, dx.abs_(), dy), "changes its argument", "memory"),
        (each_of_the_first_call, "dx=[0], dy=[0]", "once"),
        (once_for_each(lambda images, dx, dy: str((dx, dy)), each_pad), "values differ", "once"),
        (each_by(lambda picture, x, y: pad(picture, x, y).float()), "expected a tensor of torch.uint8", "type"),
        (lambda images, dx, dy: each_pad(images, dx, dy).numpy(), "is uint8, expected a tensor of torch.uint8", "type"),
        (lambda images, dx, dy: list(each_pad(images, dx, dy)), "expected", "type"),
        (lambda images, dx, dy: each_pad(images.float() if images.is_floating_point() else images, dx, dy),
         "expected a tensor of torch.float64", "type"),
    ],
    "2": [
        (stopping(copied=False), "See deepcopy", "memory"),
        (stopping(back=False), "the weights of epoch 8, expected those of epoch 5"),
        (stopping(parts="parameters"), "the buffers (the running means", "state"),
        (stopping(late=1), "4 epochs without a gain, expected 3"),
        (stopping(late=-1), "2 epochs without a gain, expected 3"),
        (stopping(late=1000), "it never stops early"),
        (stopping(better=lambda loss, least: loss <= least), "an equal loss is no gain", "value"),
        (stopping(better=lambda loss, least: loss < least - 0.01), "one_epoch was called", "value"),
        (stopping(start=1.0), "A loss can be above 1", "value"),
        (stopping(start=100.0), "where does the least loss start", "value"),
        (patience_falsy, "losses [0.4, 0, 0.3", "value"),
        (stopping(better=lambda loss, least: loss < least and loss >= 0), "losses [-1, -2", "value"),
        (stopping(each=True), "the weights are not those that the epoch before left"),
        (stopping(result="least"), "the least loss alone"),
        (stopping(result="best"), "the losses up to the best epoch"),
        (stopping(result="none"), "returns nothing"),
        (first_rise, "it stops at the first rise", "value"),
        (patience_never_back, "count from 0 again"),
        (lambda model, one_epoch, most, patience: patience_count(model, one_epoch, most, 3), "patience=2", "value"),
        (lambda model, one_epoch, most, patience: patience_count(model, one_epoch, 10, patience), "most=", "value"),
        (lambda model, one_epoch, most, patience: patience_count(copy.deepcopy(model), one_epoch, most, patience),
         "expected those of epoch", "memory"),
        (lambda model, one_epoch, most, patience: [one_epoch() for _ in range(100)], "expected a loop that ends"),
        (weights_in_a_global, "expected those of epoch", "once"),
        (patience_with_losses_kept, "the list of losses has the shape", "once"),
        (patience_with(before=lambda model: model.eval()), "changes the model's mode", "state"),
        (patience_with(after=lambda model: model.eval()), "changes the model's mode", "state"),
        (patience_with(after=lambda model: model.requires_grad_(False)), "freezes it", "state"),
        (patience_with(before=lambda model: model.requires_grad_(True)), "freezes it", "state"),
        (patience_with(before=lambda model: model.register_forward_hook(print)), "leaves a hook", "state"),
    ],
    "3": [
        (maps(lambda x, p: F.dropout(x, p)), "single numbers are set to 0", "chance"),
        (maps(lambda x, p: keeping(x, p, *x.shape[1:])), "set to 0, expected whole maps", "chance"),
        (maps(lambda x, p: keeping(x, p, 1, 1, *x.shape[2:])), "the same places of every map", "chance"),
        (maps(lambda x, p: keeping(x, p, 1, x.shape[1], 1, 1)), "all pictures lose the same maps", "chance"),
        (maps(lambda x, p: keeping(x, p, len(x), 1, 1, 1)), "loses all its maps or none", "chance"),
        (maps(lambda x, p: keeping(x, p, 1)), "all pictures lose the same maps", "chance"),
        (maps(lambda x, p: keeping(x, p, *x.shape[:2], 1, 1, scale=1)), "they are not scaled"),
        (maps(lambda x, p: keeping(x, p, *x.shape[:2], 1, 1, scale=1 / p if p else 1)), "this is 1 / p"),
        (maps(lambda x, p: keeping(x, p, *x.shape[:2], 1, 1, scale=1 - p)), "this is 1 - p"),
        (maps(lambda x, p: keeping(x, 1 - p, *x.shape[:2], 1, 1, scale=1 / (1 - p))), "the probability to DROP"),
        (maps(lambda x, p: keeping(x, p, *x.shape[:2], 1, 1, generator=torch.Generator().manual_seed(1))),
         "two calls have their zeros", "chance"),
        (maps(maps_exact), "in each call exactly 21% are zero", "chance"),
        (maps(maps_exact_in_each_picture), "depend on each other", "chance"),
        (maps(maps_in_turn), "are zero together too often", "chance"),
        (maps(lambda x, p: x), "does training drop nothing"),
        (maps(lambda x, p: F.dropout2d(x[:1], p)), "expected (4, 6, 2, 3)"),
        (lambda x, p, training: F.dropout2d(x, p, True), "set to 0 in evaluation"),
        (lambda x, p, training: F.dropout2d(x, p, training) * (1 if training else 1 - p), "scale in training"),
        (lambda x, p, training: F.dropout2d(x, 0.2, training), "p=0.5", "value"),
        (lambda x, p, training: F.dropout2d(x, min(p, 0.5), training), "p=0.75", "value"),
        (maps(lambda x, p: F.dropout2d(x.abs(), p)), "kept numbers are multiplied by", "value"),
        (maps(once_for_each(lambda x, p: (x.shape, p), F.dropout2d)), "two calls have their zeros", "once"),
        (once_for_each(lambda x, p, training: (x.shape, training and object()), maps_where), "values differ", "once"),
        (maps_in_place, "changes its argument", "memory"),
        (lambda x, p, training: F.dropout2d(x, p, training, inplace=True), "changes its argument", "memory"),
    ],
    "4": [
        (lambda: nn.Sequential(nn.Conv2d(1, 4, 5), nn.ReLU(), nn.Flatten(), nn.Linear(2304, 10)), "fixed places"),
        (lambda: pooled(nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2)), "a move by 2 changes nothing", "value"),
        (lambda: pooled(nn.Conv2d(1, 8, 5, stride=2), nn.ReLU()), "a move by 2 changes nothing", "value"),
        (lambda: pooled(nn.MaxPool2d(2), nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2)), "a move by 4", "value"),
        (lambda: nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
                               nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(16, 10)),
         "pooling or a stride", "value"),
        (two_windows(5, 7), "smaller moves change nothing, so the windows reach the border", "value"),
        (two_windows(7, 9), "or windows at the border", "value"),
        (lambda: pooled(nn.Conv2d(1, 8, 5)), "only brightness counts", "structure"),
        (lambda: pooled(nn.Conv2d(1, 8, 1), nn.ReLU()), "only brightness counts", "structure"),
        (lambda: pooled(nn.Conv2d(1, 8, (1, 5)), nn.ReLU()), "what lies above what", "structure"),
        (lambda: pooled(nn.Conv2d(1, 8, (5, 1)), nn.ReLU()), "what lies beside what", "structure"),
        (Constant, "all pictures give the same logits"),
        (NoisyInEvaluation, "two different answers"),
        (Mixes, "a picture alone gives other logits", "structure"),
        (lambda: Ended(nn.Softmax(1)), "a softmax stands at the end", "structure"),
        (lambda: Ended(nn.LogSoftmax(1)), "a log_softmax stands at the end", "structure"),
        (lambda: Ended(nn.ReLU()), "a relu stands at the end", "structure"),
        (lambda: Ended(nn.Sigmoid()), "a sigmoid stands at the end", "structure"),
        (lambda: Hand(lambda x: x.exp() / x.exp().sum(1, keepdim=True)), "a softmax stands at the end", "structure"),
        (lambda: Hand(lambda x: x - x.logsumexp(1, keepdim=True)), "a log-softmax stands at the end", "structure"),
        (lambda: Hand(lambda x: x * (x > 0)), "a ReLU stands at the end", "structure"),
        (ListOfLayers, "is not among model.parameters()", "structure"),
        (OneConvolutionForAll, "is not among model.parameters()", "once"),
        (Remembers, "expected", "once"),
        (Detached, "no gradient leads from the logits", "structure"),
        (Normalises, "changes its argument x", "memory"),
        (lambda: nn.Sequential(nn.Conv2d(1, 10, 5), nn.ReLU()), "expected (3, 10)", "structure"),
        (nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), "fixed places"),
        (lambda: "a network", "expected an nn.Module", "type"),
        (lambda: Steady, "this makes a type, expected an nn.Module", "type"),
    ],
    "5": [
        (trained(plain_cnn, most=0), "where they usually lie"),
        (trained(small, most=0), "where they usually lie", "value"),
        (trained(plain_cnn, most=0, make_optimizer=lambda p: torch.optim.Adam(p, 0.004)), "below those in place"),
        (trained(small, step=False), "is optimizer.step() missing"),
        (trained(small, lr=1e-6), "this is guessing"),
        (trained(small, mix=True), "are right, expected"),
        (trained(small, first=20), "the optimizer made 20 steps", "value"),
        (trained(small, passes=2), "a second time"),
        (many_steps, "the optimizer made 400 steps, expected 200 at most"),
        (trained_once, "gives the network of the first again", "once"),
        (trained_on, "gives the network of the first again", "once"),
        (trained(small, end=lambda model: "done"), "the result is a str", "type"),
        (by_hand, "no optimizer of torch.optim made a step, expected", "type"),
        (trained(small, end=lambda model: nn.Sequential(model, nn.Softmax(1))), "a softmax stands", "structure"),
        (trained(small, end=lambda model: nn.Sequential(model, nn.Linear(10, 12))), "expected (3, 10)", "structure"),
        (trained(Scored), "is not among model.parameters()", "structure"),
        (trained(lambda: nn.Sequential(nn.Flatten(), nn.Linear(9, 10))), "your code stops with RuntimeError"),
    ],
}  # fmt: skip
