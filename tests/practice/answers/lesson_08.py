"""Answers to the exercises of lesson 08."""

import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.models import FashionCnn, Mlp

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
    return means, stds


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


def share_step_by_step(model, layer, images):
    """Without a hook: the layers of an nn.Sequential, one after the other."""
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


def trained(make, lr=0.03, momentum=0.9, most=3, step=True, first=None, passes=1, end=lambda model: model, mix=False):
    """train_for_moves: a network of `make`, trained on batches that move by up to `most` pixels."""

    def train_for_moves(batches):
        model = make()
        optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
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


KEPT = []


def trained_once(batches):
    if not KEPT:
        KEPT.append(trained(plain_cnn)(batches))
    return KEPT[0]


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
    "b": [old_mask, old_bernoulli, old_library],
    "c": [lambda losses: len(losses) - 1 - losses.index(min(losses)), gain_loop, gain_count],
    "d": [statistics_loop, statistics_torch, lambda images: [f(images.double() / 255) for f in (mean_of, std_of)]],
    "e": [share_lambda, share_closure, share_step_by_step],
    "1": [each_pad, each_loop, each_cut],
    "2": [patience_count, patience_copies, stopping()],
    "3": [maps_where, maps_loop, maps_numpy, F.dropout2d],
    "4": [
        Steady,
        Steady().double().float(),
        two_windows(5, 5),
        steady_maximum,
        lambda: pooled(nn.Conv2d(1, 8, 7, padding=3), nn.Tanh()),
    ],
    "5": [trained(plain_cnn), trained(averaged, lr=0.05)],
}
WRONG = {
    "a": [
        (lambda images, down: (images[:, :, -down:] > 0).sum((1, 2, 3)), "`-0:`, which is the whole picture"),
        (lambda images, down: (images[:, :, :down] > 0).sum((1, 2, 3)), "the rows at the top"),
        (lambda images, down: (images[:, :, images.shape[2] - down :] > 0).sum(), "one number for all pictures"),
        (lambda images, down: images[:, :, images.shape[2] - down :].sum((1, 2, 3)), "the sum of their brightness"),
        (lambda images, down: (images[:, :, : images.shape[2] - down] > 0).sum((1, 2, 3)), "that stay in the frame"),
        (lambda images, down: (images[:, :, 28 - down :] > 0).sum((1, 2, 3)), "images of shape (3, 1, 6, 5), down=2"),
        (lambda images, down: lost_slice(images, min(down, 2)), "expected"),
        (lost_of_the_first_call, "down=0"),
        (lost_in_place, "changes its argument images"),
    ],
    "b": [
        (lambda x, p, training: F.dropout(x, p, training), "x as it is, which belongs to the dropout of this lesson"),
        (lambda x, p, training: x * (torch.rand_like(x) >= p) if training else x * p, "the probability to drop"),
        (lambda x, p, training: F.dropout(x, p, training) if training else x * (1 - p), "training scales nothing"),
        (lambda x, p, training: x * (torch.rand_like(x) >= p), "set to 0 in evaluation"),
        (lambda x, p, training: x * (torch.rand_like(x) >= p) if training else x / (1 - p), "divided by 1 - p"),
        (old(lambda x, p: x * (torch.rand_like(x) < p)), "the probability to DROP"),
        (old(lambda x, p: x * (torch.rand(1) >= p)), "not one for all"),
        (old(lambda x, p: x * (torch.randn_like(x) >= p)), "torch.randn is not"),
        (old(lambda x, p: x), "does training drop nothing"),
        (old(exact_share), "exactly 20% are zero"),
        (old(turned_ring), "the same, moved or swapped"),
        (old(every_third), "a pattern that comes again"),
        (old(stretched), "a pattern that comes again"),
        (lambda x, p, training: x * (torch.rand_like(x) >= 0.2) if training else x * 0.6, "p=0.75, training=False"),
        (old_in_place, "changes its argument x"),
    ],
    "c": [
        (lambda losses: losses.index(min(losses)), "the number of the best epoch"),
        (lambda losses: len(losses) - losses.index(min(losses)), "one too many"),
        (lambda losses: losses[::-1].index(min(losses)), "the LAST of equal losses"),
        (lambda losses: len(losses) - 1 - losses.index(max(losses)), "the largest loss"),
        (lambda losses: min(losses), "the least loss itself"),
        (gain_from_a_limit, "losses=[250, 240, 300]"),
        (gain_sorted, "changes its argument"),
        (lambda losses: int(len(losses) > 1 and losses[-1] > losses[-2]), "expected 3"),
    ],
    "d": [
        (lambda images: statistics_torch(255.0 * images), "divide by 255"),
        (lambda images: (images.float().mean((0, 2, 3)), images.float().std((0, 2, 3))), "divide by 255"),
        (lambda images: [f(images / images.max()) for f in (mean_of, std_of)], "by the largest pixel"),
        (of(lambda x: x.mean(), lambda x: x.std()), "the mean has the shape (), expected (1,)"),
        (of(lambda x: x.mean().expand(x.shape[1]), std_of), "one mean over all channels"),
        (of(mean_of, lambda x: x.std((2, 3)).mean(0)), "the mean of each picture's std"),
        (of(mean_of, lambda x: x.var((0, 2, 3))), "the root is missing"),
        (of(std_of, mean_of), "the standard deviation: the mean comes first"),
        (lambda images: statistics_torch(255 * (images // 255)), "use / instead of //"),
        (of(lambda x: x.mean((2, 3)), std_of), "expected (1,)"),
        (lambda images: (images / 255).mean((0, 2, 3)), "expected a pair"),
        (of(lambda x: x[:, :3].mean((0, 2, 3)), std_of), "expected (5,)"),
        (lambda images: statistics_torch(images.mul_(1)) if images[0, 0, 0, 0] > 300 else (images.fill_(0), 0),
         "changes its argument"),
    ],
    "e": [
        (lambda model, layer, images: (model(images) < 0).float().mean().item(), "the last output of the model"),
        (lambda model, layer, images: (layer(images) < 0).float().mean().item(), "layer Conv2d"),
        (share_of(lambda inputs, output: inputs[0]), "what goes INTO the layer"),
        (share_of(lambda inputs, output: -output), "the share of the positive numbers"),
        (share_of(lambda inputs, output: output[0]), "the first picture alone"),
        (share_of(lambda inputs, output: output[:, 0]), "the first channel alone"),
        (share_of(lambda inputs, output: output - 1e-30), "zeros counted as well"),
        (lambda model, layer, images: 100 * share_lambda(model, layer, images), "percent"),
        (share_and_hook_left, "hook.remove() is missing"),
        (share_in_training_mode, "in training mode"),
        (share_in_a_global, "expected"),
    ],
    "1": [
        (each_like_the_first, "that of the first"),
        (lambda images, dx, dy: pad(images, int(dx[-1]), int(dy[-1])), "that of the last"),
        (each_by(lambda picture, x, y: picture.roll((y, x), (1, 2))), "what leaves on one side comes in"),
        (each_by(lambda picture, x, y: pad(picture, -x, -y)), "a move to the other side"),
        (each_by(lambda picture, x, y: pad(picture, -x, y)), "the wrong direction of dx"),
        (each_by(lambda picture, x, y: pad(picture, x, -y)), "the wrong direction of dy"),
        (each_by(lambda picture, x, y: pad(picture[None].float(), x, y, mode="replicate")[0]), "the border repeated"),
        (each_by(lambda picture, x, y: pad(picture, x, y).float()), "expected a tensor of torch.uint8"),
        (lambda images, dx, dy: images, "no move at all"),
        (lambda images, dx, dy: each_pad(images[:, :1], dx, dy), "expected (4, 3, 6, 4)"),
        (lambda images, dx, dy: each_pad(images, dx, dy)[:4], "expected (5, 1, 5, 7)"),
        (each_by(lambda picture, x, y: pad(picture, max(x, 0), max(y, 0))), "values differ"),
        (each_shares_memory, "shares its memory"),
        (each_in_place, "changes its argument"),
        (lambda images, dx, dy: each_pad(images, dx.abs_(), dy), "changes its argument"),
        (each_of_the_first_call, "dx=[0], dy=[0]"),
    ],
    "2": [
        (stopping(copied=False), "See deepcopy"),
        (stopping(back=False), "the weights of epoch 8, expected those of epoch 5"),
        (stopping(parts="parameters"), "the buffers (the running means"),
        (stopping(late=1), "4 epochs without a gain, expected 3"),
        (stopping(late=-1), "2 epochs without a gain, expected 3"),
        (stopping(late=1000), "it never stops early"),
        (stopping(better=lambda loss, least: loss <= least), "an equal loss is no gain"),
        (stopping(start=1.0), "A loss can be above 1"),
        (stopping(start=100.0), "where does the least loss start"),
        (stopping(each=True), "the weights are not those that the epoch before left"),
        (stopping(result="least"), "the least loss alone" ),
        (stopping(result="best"), "the losses up to the best epoch"),
        (stopping(result="none"), "returns nothing"),
        (first_rise, "it stops at the first rise"),
        (patience_never_back, "count from 0 again"),
        (weights_in_a_global, "expected those of epoch"),
        (lambda model, one_epoch, most, patience: patience_count(model, one_epoch, most, 3), "patience=2"),
        (lambda model, one_epoch, most, patience: patience_count(copy.deepcopy(model), one_epoch, most, patience),
         "expected those of epoch"),
        (lambda model, one_epoch, most, patience: [one_epoch() for _ in range(100)], "does your loop end"),
    ],
    "3": [
        (maps(lambda x, p: F.dropout(x, p)), "single numbers are set to 0"),
        (maps(lambda x, p: keeping(x, p, *x.shape[1:])), "set to 0, expected whole maps"),
        (maps(lambda x, p: keeping(x, p, 1, 1, *x.shape[2:])), "the same places of every map"),
        (maps(lambda x, p: keeping(x, p, 1, x.shape[1], 1, 1)), "all pictures lose the same maps"),
        (maps(lambda x, p: keeping(x, p, len(x), 1, 1, 1)), "loses all its maps or none"),
        (maps(lambda x, p: keeping(x, p, 1)), "decide for all"),
        (maps(lambda x, p: keeping(x, p, *x.shape[:2], 1, 1, scale=1)), "they are not scaled"),
        (maps(lambda x, p: keeping(x, p, *x.shape[:2], 1, 1, scale=1 / p if p else 1)), "this is 1 / p"),
        (maps(lambda x, p: keeping(x, p, *x.shape[:2], 1, 1, scale=1 - p)), "this is 1 - p"),
        (maps(lambda x, p: keeping(x, 1 - p, *x.shape[:2], 1, 1, scale=1 / (1 - p))), "the probability to DROP"),
        (maps(lambda x, p: keeping(x, p, *x.shape[:2], 1, 1, generator=torch.Generator().manual_seed(1))),
         "two calls have their zeros"),
        (maps(maps_exact), "exactly 20% are zero"),
        (maps(lambda x, p: x), "does training drop nothing"),
        (lambda x, p, training: F.dropout2d(x, p, True), "set to 0 in evaluation"),
        (lambda x, p, training: F.dropout2d(x, p, training) * (1 if training else 1 - p), "scale in training"),
        (maps_in_place, "changes its argument"),
    ],
    "4": [
        (lambda: nn.Sequential(nn.Conv2d(1, 4, 5), nn.ReLU(), nn.Flatten(), nn.Linear(2304, 10)), "fixed places"),
        (lambda: pooled(nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2)), "a move by 2 changes nothing"),
        (lambda: pooled(nn.Conv2d(1, 8, 5, stride=2), nn.ReLU()), "a move by 2 changes nothing"),
        (lambda: pooled(nn.MaxPool2d(2), nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2)), "a move by 4 changes"),
        (two_windows(5, 7), "smaller moves change nothing, so the windows reach the border"),
        (two_windows(7, 9), "or windows that reach the border"),
        (lambda: pooled(nn.Conv2d(1, 8, 5)), "only brightness counts"),
        (lambda: pooled(nn.Conv2d(1, 8, 1), nn.ReLU()), "only brightness counts"),
        (Constant, "all pictures give the same logits"),
        (NoisyInEvaluation, "two different answers"),
        (Mixes, "a picture alone gives other logits"),
        (lambda: Ended(nn.Softmax(1)), "a softmax stands at the end"),
        (lambda: Ended(nn.LogSoftmax(1)), "a log_softmax stands at the end"),
        (lambda: Ended(nn.ReLU()), "a relu stands at the end"),
        (lambda: nn.Sequential(nn.Conv2d(1, 10, 5), nn.ReLU()), "expected (3, 10)"),
        (nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), "fixed places"),
        (lambda: "a network", "expected an nn.Module"),
    ],
    "5": [
        (trained(plain_cnn, most=0), "where they usually lie"),
        (trained(small, most=0), "where they usually lie"),
        (trained(small, step=False), "is optimizer.step() missing"),
        (trained(small, lr=1e-6), "That is guessing"),
        (trained(small, mix=True), "are right, expected"),
        (trained(small, first=20), "The optimizer made 20 steps"),
        (trained(small, passes=2), "a second time"),
        (many_steps, "the optimizer made 400 steps, expected 200 at most"),
        (trained_once, "it returns the network of the first"),
        (trained(small, end=lambda model: "done"), "the result is a str"),
        (trained(small, end=lambda model: nn.Sequential(model, nn.Softmax(1))), "a softmax stands at the end"),
        (trained(lambda: nn.Sequential(nn.Flatten(), nn.Linear(9, 10))), "your code stops with RuntimeError"),
    ],
}  # fmt: skip
