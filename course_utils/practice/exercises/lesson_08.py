"""The exercises of lesson 08: statistics, dropout, shifted pictures, and a network that does not mind the shift."""

import torch
from torch import nn

from course_utils.practice.judge import NotDone, Wrong, array, call, is_stub, same


def _generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def statistics_of_channels(channel_statistics) -> None:
    """channel_statistics(images) -> (mean, std), each (C,), of uint8 images (N, C, H, W), in 0..1."""
    for channels in (1, 3):
        images = torch.randint(0, 256, (40, channels, 9, 7), generator=_generator())
        images = (images // (1 + torch.arange(channels).view(1, -1, 1, 1))).to(torch.uint8)
        images[:20] //= 3  # dark pictures: the spread between pictures counts, too
        pixels = images.double() / 255
        result = call(channel_statistics, images.clone())
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            raise Wrong(f"the result is a {type(result).__name__}, expected a pair: mean, std")
        if any(is_stub(part) for part in result):
            raise NotDone
        all_of_them = (0, 2, 3)
        mistakes = (
            {
                "the mean of the raw pixels: divide by 255": 255 * pixels.mean(all_of_them),
                "one mean over all channels": pixels.mean().expand(channels),
                "a division that drops the part after the point: use / instead of //": (images // 255)
                .double()
                .mean(all_of_them),
                "the standard deviation: the mean comes first": pixels.std(all_of_them),
                "the mean of the first picture": pixels[0].mean((1, 2)),
            },
            {
                "the std of the raw pixels: divide by 255": 255 * pixels.std(all_of_them),
                "one std over all channels": pixels.std().expand(channels),
                "the mean of each picture's std: pictures differ from one another, too": pixels.std((2, 3)).mean(0),
                "the std of the pictures' means": pixels.mean((2, 3)).std(0),
                "the variance; the root is missing": pixels.var(all_of_them),
                "the mean": pixels.mean(all_of_them),
            },
        )
        right = pixels.mean(all_of_them), pixels.std(all_of_them)
        for name, got, expected, known in zip(("mean", "std"), result, right, mistakes, strict=True):
            example = f"uint8 images of shape {tuple(images.shape)}"
            same(got, expected, what=f"the {name}", mistakes=known, atol=1e-3, example=example)


def normal_below(p: float) -> float:
    """The share of torch.randn's numbers that are below p."""
    return torch.special.ndtr(torch.tensor(p)).item()


def dropout_by_hand(dropout) -> None:
    """dropout(x, p, training): zeros with probability p and 1 / (1 - p) in training, nothing in evaluation."""
    x = torch.rand(80, 50, generator=_generator()) + 0.5
    x[::2] *= -1
    argument = x.clone()
    got = call(dropout, argument, 0.4, False)
    if (array(got) == 0).any():
        raise Wrong("in evaluation (training=False), numbers are set to 0, expected x as it is")
    same(
        got,
        x,
        what="in evaluation (training=False), the result",
        atol=1e-6,
        example="p=0.4",
        mistakes={
            "x times 1 - p: scale in training, and return x as it is here": x * (1 - 0.4),
            "x divided by 1 - p: that belongs to training": x / (1 - 0.4),
        },
    )
    for p in (0.2, 0.5, 0.75):
        torch.manual_seed(777)
        got = torch.as_tensor(array(call(dropout, argument, p, True))).float()
        if got.shape != x.shape:
            raise Wrong(f"the result has the shape {tuple(got.shape)}, expected {tuple(x.shape)}")
        if not torch.equal(argument, x):
            raise Wrong("your function changed its argument x, expected a new tensor")
        if not torch.isfinite(got).all():
            raise Wrong(f"the result holds nan or inf for p={p}")
        zeros = got == 0
        share = zeros.float().mean().item()
        for dim, name in ((0, "row"), (1, "column")):
            if 0 < share < 1 and (zeros == zeros.select(dim, 0).unsqueeze(dim)).all():
                raise Wrong(f"p={p}: every {name} has its zeros in the same places, expected new ones in each {name}")
        if abs(share - p) > 0.05:
            inverted = "; p is the probability to DROP, not to keep" if abs(share - (1 - p)) < 0.05 else ""
            always = "; in training nothing is dropped" if share == 0 else ""
            one = "; draw a random number for each number of x, not one for all" if share == 1 else ""
            bell = "; torch.rand is uniform in 0..1, torch.randn is not" if abs(share - normal_below(p)) < 0.04 else ""
            raise Wrong(
                f"p={p}: {share:.1%} of the numbers are zero, expected about {p:.0%}{inverted or always or one or bell}"
            )
        factors = (got / x)[~zeros]
        low, high = factors.min().item(), factors.max().item()
        if high - low > 1e-3:
            raise Wrong(f"p={p}: kept numbers are multiplied by {low:.3g} to {high:.3g}, expected one factor for all")
        if abs(low - 1 / (1 - p)) > 1e-3:
            known = {1: "they are not scaled", 1 / p: "this is 1 / p", 1 - p: "this is 1 - p", p: "this is p"}
            looks = next((f": {text}" for factor, text in known.items() if abs(low - factor) < 1e-3), "")
            raise Wrong(
                f"p={p}: kept numbers are multiplied by {low:.3g}, expected 1 / (1 - p) = {1 / (1 - p):.3g}{looks}"
            )
    again = torch.as_tensor(array(call(dropout, argument, p, True)))
    if torch.equal(again == 0, zeros):
        raise Wrong("two calls have their zeros in the same places, expected new ones in each call")
    same(call(dropout, argument, 0.0, True), x, what="for p=0, the result", atol=1e-6)


def shift_without_wrapping(shift) -> None:
    """shift(images, dx, dy): dx pixels to the right and dy down, zeros come in; shape and dtype stay."""
    for images in (
        torch.randint(1, 256, (2, 1, 5, 7), generator=_generator(), dtype=torch.uint8),
        torch.rand(2, 3, 6, 4, generator=_generator()) + 0.1,
    ):
        height, width = images.shape[2:]

        def moved(right: int, down: int, images=images) -> torch.Tensor:
            rows, columns = images.shape[2:]
            canvas = images.new_zeros(*images.shape[:2], 3 * rows, 3 * columns)
            canvas[:, :, rows : 2 * rows, columns : 2 * columns] = images
            return canvas[:, :, rows - down : 2 * rows - down, columns - right : 2 * columns - right]

        for dx, dy in ((0, 0), (2, 1), (-1, 2), (1, -2), (-3, -1), (2, 0), (0, -1), (width - 1, 1 - height)):
            argument = images.clone()
            try:
                got = call(shift, argument, dx, dy)
            except Exception as error:
                error.called_with = f" (called with images of shape {tuple(images.shape)}, dx={dx}, dy={dy})"
                raise
            rolled = images.roll((dy, dx), (2, 3))
            rows = (torch.arange(height) - dy).clamp(0, height - 1)
            columns = (torch.arange(width) - dx).clamp(0, width - 1)
            same(
                got,
                moved(dx, dy),
                example=f"images of shape {tuple(images.shape)}, dx={dx}, dy={dy}",
                mistakes={
                    "wrapping: what leaves on one side comes in on the other, as torch.roll does": rolled,
                    "a move to the other side: plus is right and down": moved(-dx, -dy),
                    "the wrong direction of dx": moved(-dx, dy),
                    "the wrong direction of dy": moved(dx, -dy),
                    "dx and dy exchanged: the width is the last axis": moved(dy, dx),
                    "the border repeated instead of zeros": images[:, :, rows][:, :, :, columns],
                    "no move at all": images,
                },
            )
            if not isinstance(got, torch.Tensor) or got.dtype != images.dtype:
                found = getattr(got, "dtype", type(got).__name__)
                raise Wrong(f"the result is {found}, expected a tensor of {images.dtype}, as the images are")
            if not torch.equal(argument, images):
                raise Wrong("your function changed its argument images, expected a new tensor")


def network(answer: object, *input_shape: int) -> nn.Module:
    """The model that is meant: itself, or what a class or function without arguments makes. In evaluation mode."""
    model = answer if isinstance(answer, nn.Module) else call(answer)
    if not isinstance(model, nn.Module):
        raise Wrong(f"this makes a {type(model).__name__}, expected an nn.Module")
    model.eval()
    with torch.no_grad():
        got = call(model, torch.zeros(3, *input_shape))
    if not isinstance(got, torch.Tensor) or got.shape != (3, 10):
        found = tuple(got.shape) if isinstance(got, torch.Tensor) else type(got).__name__
        raise Wrong(f"an input of shape {(3, *input_shape)} gives {found}, expected (3, 10)")
    return model


def steady_network(answer) -> None:
    """A model (N, 1, 28, 28) -> (N, 10) that knows a thing by its form, wherever it lies in a black picture."""
    torch.manual_seed(777)
    model = network(answer, 1, 28, 28)
    things = torch.rand(6, 1, 4, 4, generator=_generator())
    mixed = things.flatten(1)[:, torch.randperm(16, generator=_generator())].view_as(things)

    def logits(things: torch.Tensor, top: int = 12, left: int = 12) -> torch.Tensor:
        images = torch.zeros(len(things), 1, 28, 28)
        images[:, :, top : top + 4, left : left + 4] = things
        with torch.no_grad():
            return model(images).double()

    home = logits(things)
    if not torch.isfinite(home).all():
        raise Wrong("the logits hold nan or inf")
    if not torch.equal(home, logits(things)):
        raise Wrong("the same picture gives two different answers in evaluation mode")
    spread = (home - home.mean(0)).abs().max().item()
    if spread < 1e-6 * (1 + home.abs().max().item()):
        raise Wrong("all pictures give the same logits, expected logits that depend on the picture")
    changes = {}
    for step in (4, 2, 1):
        for down, right in ((step, 0), (0, -step), (-step, step)):
            change = (logits(things, 12 + down, 12 + right) - home).abs().max().item()
            if change > 1e-3 * spread:
                changes.setdefault(step, (down, right, change))
    if changes:
        step, (down, right, change) = next(iter(changes.items()))
        if len(changes) == 3:
            hint = (
                "something looks at fixed places: a linear layer after flatten, or pooling or a stride before the "
                "average over the whole map, or windows that reach the border"
            )
        elif step == 4:
            hint = "smaller moves change nothing, so the windows reach the border: take smaller windows or fewer layers"
        else:
            hint = f"a move by {2 * step} changes nothing, so look for pooling or a stride"
        raise Wrong(
            f"a thing moved by {down} down and {right} right changes the logits by {change:.2g} (different things "
            f"differ by {spread:.2g}), expected no change: {hint}"
        )
    if (logits(mixed) - home).abs().max().item() < 1e-3 * spread:
        raise Wrong(
            "a thing with its pixels in another order gives the same logits, so only brightness counts: use windows of "
            "more than one pixel, and a ReLU or a maximum before the average"
        )


CHECKERS = {"1": statistics_of_channels, "2": shift_without_wrapping, "3": dropout_by_hand, "4": steady_network}
