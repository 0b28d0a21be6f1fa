"""The ideas of lesson 13, each against what can be worked out by hand."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader

from course_utils.beyond import airbench  # pytest would take its names for tests: test_time_augmentation
from course_utils.beyond.airbench import (
    AlternatingFlip,
    Lookahead,
    Muon,
    dirac_,
    fast_biases,
    freeze_after,
    initialize,
    kernels_of,
    orthogonalize,
    triangular_schedule,
    whitening_kernels,
)
from course_utils.data import ImageDataset, loader, pad_and_crop
from course_utils.models import CifarNet
from course_utils.train import predict


@pytest.fixture
def pictures() -> ImageDataset:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (64, 3, 8, 8), dtype=torch.uint8, generator=generator)
    return ImageDataset(images, torch.arange(64) % 10)


def test_alternating_flip_shows_both_sides_in_two_epochs(pictures):
    torch.manual_seed(0)
    batches = loader(AlternatingFlip(pictures), batch_size=16, shuffle=False)
    plain = torch.cat([images for images, _ in loader(pictures, 16)])
    epochs = [torch.cat([images for images, _ in batches]) for _ in range(3)]
    mirrored = [(seen == plain.flip(-1)).flatten(1).all(dim=1) for seen in epochs]
    for seen, flags in zip(epochs, mirrored, strict=True):
        assert torch.equal(torch.where(flags.view(-1, 1, 1, 1), plain.flip(-1), plain), seen)
    assert 16 < mirrored[0].sum() < 48  # about half begin mirrored
    assert torch.equal(mirrored[1], ~mirrored[0])
    assert torch.equal(mirrored[2], mirrored[0])


def test_an_alternating_flip_can_be_asked_for_one_image_and_by_a_plain_dataloader(pictures):
    torch.manual_seed(0)
    flips = AlternatingFlip(pictures)
    (first, label), (second, _) = flips[3], flips[3]
    assert first.shape == (3, 8, 8) and label == 3
    assert torch.equal(first, second.flip(-1)), "it is mirrored at every other visit"
    plain = torch.cat([images for images, _ in loader(pictures, 16)])
    seen = [torch.cat([images for images, _ in make(flips, 16)]) for make in (DataLoader, loader)]
    assert torch.equal(seen[0], seen[1].flip(-1)) and not torch.equal(seen[0], plain)


def test_reflect_brings_the_mirror_picture_in_at_the_border():
    image = torch.arange(16.0).view(1, 1, 4, 4)
    wide = F.pad(image, [1] * 4, mode="reflect")
    found = {tuple(pad_and_crop(image, 1, "reflect").flatten().tolist()) for _ in range(200)}
    assert found == {tuple(wide[0, 0, y : y + 4, x : x + 4].flatten().tolist()) for y in range(3) for x in range(3)}


def test_whitened_patches_are_uncorrelated_and_of_variance_one():
    torch.manual_seed(0)
    images = F.avg_pool2d(torch.randn(200, 3, 12, 12), 3, stride=1)  # neighbours that are alike
    kernels = whitening_kernels(images, eps=0.0)
    assert kernels.shape == (12, 3, 2, 2)
    outputs = F.conv2d(images, kernels).transpose(0, 1).flatten(1)
    torch.testing.assert_close(torch.cov(outputs), torch.eye(12), rtol=0, atol=1e-3)
    lengths = kernels.flatten(1).norm(dim=1)  # 1 / standard deviation: small where the variance is great
    assert torch.equal(lengths, lengths.sort().values)


def test_dirac_copies_the_inputs_and_leaves_the_rest():
    torch.manual_seed(0)
    conv = nn.Conv2d(3, 5, kernel_size=3, padding=1, bias=False)
    before = conv.weight.detach().clone()
    dirac_(conv)
    x = torch.randn(2, 3, 6, 6)
    torch.testing.assert_close(conv(x)[:, :3], x)
    assert torch.equal(conv.weight[3:], before[3:])


def test_first_weights_of_the_network():
    torch.manual_seed(0)
    kernels = torch.randn(12, 3, 2, 2)
    model = initialize(CifarNet(widths=(32, 8, 8)), kernels)
    assert torch.equal(model.first.weight, torch.cat([kernels, -kernels])) and not model.first.bias.any()
    assert not model.first.weight.requires_grad and model.first.bias.requires_grad
    x = torch.randn(2, 24, 5, 5)
    torch.testing.assert_close(model.blocks[0][0](x)[:, :24], x)  # from 24 to 32 channels: all inputs are passed on
    model = CifarNet(widths=(8, 8, 8))
    before = [p.clone() for p in model.parameters()]
    initialize(model, dirac=False)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_biases_are_a_group_of_their_own_with_the_same_decay_in_a_step():
    model = CifarNet(widths=(8, 8, 8))
    optimizer = torch.optim.SGD(fast_biases(model, lr=0.5, weight_decay=0.01), momentum=0.9, nesterov=True)
    weights, biases = optimizer.param_groups
    assert all(p.ndim > 1 for p in weights["params"]) and all(p.ndim == 1 for p in biases["params"])
    assert len(biases["params"]) == 7  # six of batch normalisations, one of the first convolution
    assert biases["lr"] == 64 * weights["lr"]
    assert biases["lr"] * biases["weight_decay"] == pytest.approx(weights["lr"] * weights["weight_decay"])
    assert sum(len(group["params"]) for group in (weights, biases)) == sum(p.requires_grad for p in model.parameters())


def test_fast_biases_leave_out_what_another_optimizer_trains():
    model = initialize(CifarNet(widths=(8, 8, 8)), torch.randn(12, 3, 2, 2))
    kernels = kernels_of(model)
    assert [p.shape[1:] for p in kernels] == [(24, 3, 3)] + 5 * [(8, 3, 3)]  # not the whitening: it is not trained
    weights, _ = fast_biases(model, lr=0.5, weight_decay=0.01, without=kernels)
    assert weights["params"] == [model.fc.weight]


@pytest.mark.parametrize("shape", [(5, 40), (40, 5), (6, 6)])
def test_an_orthogonalized_matrix_keeps_its_directions_and_evens_out_their_strengths(shape):
    torch.manual_seed(0)
    matrix = torch.randn(shape, dtype=torch.double)
    u, before, v = torch.linalg.svd(matrix, full_matrices=False)
    strengths = u.T @ orthogonalize(matrix, steps=5) @ v.T  # as strong as before in each old direction?
    assert torch.allclose(strengths, torch.diag(strengths.diagonal()), atol=1e-10)
    assert 0.6 < strengths.diagonal().min() and strengths.diagonal().max() < 1.25
    torch.testing.assert_close(orthogonalize(7 * matrix), orthogonalize(matrix))
    assert before.max() / before.min() > 1.5  # they were not even


def test_a_newton_schulz_step_is_a_polynomial_of_each_singular_value():
    x = torch.tensor([[0.6, 0.0], [0.0, 0.8]])  # of length 1
    expected = [3.4445 * v - 4.775 * v**3 + 2.0315 * v**5 for v in (0.6, 0.8)]
    torch.testing.assert_close(orthogonalize(x, steps=1).diagonal(), torch.tensor(expected))


def test_muon_turns_a_kernel_and_keeps_its_length():
    torch.manual_seed(0)
    conv = nn.Conv2d(3, 4, 2)
    others = fast_biases(conv, lr=0.1, weight_decay=0.0, without=[conv.weight])
    optimizer = Muon([conv.weight], others[1:], lr=0.2, momentum=0.5)
    before = conv.weight.detach().clone()
    gradients = [torch.randn_like(before) for _ in range(2)]
    velocity = torch.zeros_like(before)
    for gradient in gradients:
        conv.weight.grad = gradient.clone()
        velocity = 0.5 * velocity + gradient
        step = orthogonalize((gradient + 0.5 * velocity).flatten(1)).view_as(before)
        before = before * 4**0.5 / before.norm() - 0.2 * step
        optimizer.step()
    torch.testing.assert_close(conv.weight.detach(), before)
    conv.weight.grad = 1000 * gradients[0]
    larger = conv.weight.detach() * 2 / conv.weight.detach().norm()
    optimizer.step()
    assert (conv.weight - larger).norm() < 0.2 * 2 * 1.3, "a greater gradient is no longer step"


def test_muon_trains_the_other_groups_as_nesterov_sgd_does():
    torch.manual_seed(0)
    ours, twin = (CifarNet(widths=(4, 4, 4)) for _ in range(2))
    twin.load_state_dict(ours.state_dict())
    settings = {"lr": 0.05, "weight_decay": 0.01}
    optimizers = (
        Muon([], fast_biases(ours, **settings), others_momentum=0.85),
        torch.optim.SGD(fast_biases(twin, **settings), momentum=0.85, nesterov=True),
    )
    x, y = torch.randn(8, 3, 32, 32), torch.arange(8)
    for _ in range(3):
        for model, optimizer in zip((ours, twin), optimizers, strict=True):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    for a, b in zip(ours.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_triangle_goes_up_and_down_in_lines():
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=2.0)
    scheduler = triangular_schedule(optimizer, steps=100, start=0.2, peak=0.25, end=0.1)
    rates = []
    for _ in range(100):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    assert rates[0] == pytest.approx(0.4)
    assert rates[25] == max(rates) == pytest.approx(2.0)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.2)
    assert rates[10] - rates[9] == pytest.approx(rates[20] - rates[19])
    assert rates[90] - rates[89] == pytest.approx(rates[40] - rates[39])


def test_lookahead_by_hand():
    model = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(model.weight)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    Lookahead(model, optimizer, steps=4, every=2, decay=0.5)
    found = []
    for _ in range(4):
        model.weight.grad = torch.full((1, 1), -1.0)  # each step adds 1
        optimizer.step()
        found.append(model.weight.item())
    keep = 0.5**2 * (2 / 4) ** 3  # at step 2 the model is at 2, the slow weight at 0
    middle = 2 * (1 - keep)
    assert found == pytest.approx([1, middle, middle + 1, middle])  # at the end: the slow weight, as it is


def test_lookahead_keeps_running_statistics_too():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    average = Lookahead(model, optimizer, steps=10)
    names = [name for name, value in model.state_dict().items() if value.is_floating_point()]
    assert len(average.slow) == len(names) == 6


def test_freeze_after_some_steps():
    model = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    freeze_after(model.bias, optimizer, steps=2)
    seen = []
    for _ in range(4):
        optimizer.zero_grad()
        model(torch.ones(3, 2)).sum().backward()
        optimizer.step()
        seen.append(model.bias.item())
    assert seen[1] != seen[0] and seen[1] == seen[2] == seen[3]


def test_views_give_the_same_answer_for_an_image_and_its_mirror_picture():
    torch.manual_seed(0)
    model = CifarNet(widths=(4, 4, 4)).eval()
    images = torch.randn(3, 3, 32, 32)
    torch.testing.assert_close(
        airbench.test_time_augmentation(model, images), airbench.test_time_augmentation(model, images.flip(-1))
    )


def test_views_are_weighted_means():
    """A model that gives one pixel back: what each view adds can be read off."""

    def pixel(images: torch.Tensor) -> torch.Tensor:
        return images[:, 0, 2, 1:2]  # in the mirror picture, the one in column 3

    image = torch.zeros(1, 1, 5, 5)
    image[0, 0, 2, 1], image[0, 0, 2, 3] = 1, 3
    image[0, 0, 1, 0], image[0, 0, 1, 2] = 10, 30  # come there when the picture moves down and right
    image[0, 0, 3, 2], image[0, 0, 3, 4] = 100, 300  # ... up and left
    assert (
        airbench.test_time_augmentation(pixel, image).item()
        == (1 + 3) / 2 / 2 + (10 + 30) / 2 / 4 + (100 + 300) / 2 / 4
    )


def test_six_views_are_asked_in_evaluation_mode(pictures):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(192), nn.Linear(192, 10))
    outputs, targets = predict(airbench.TestTimeAugmentation(model.train()), loader(pictures, 16))
    whole = airbench.test_time_augmentation(model.eval(), torch.cat([images for images, _ in loader(pictures, 64)]))
    torch.testing.assert_close(outputs, whole)
    assert torch.equal(targets, pictures.labels)


def test_the_variants_of_the_network_differ_as_they_say():
    x = torch.randn(4, 3, 32, 32)
    for arguments in ({}, {"residual": True}, {"norm_last": True}):
        torch.manual_seed(0)
        model = CifarNet(widths=(8, 8, 8), **arguments).eval()
        assert model(x).shape == (4, 10)
        assert sum(p.numel() for p in model.parameters()) == 24 * 13 + 24 * 8 * 9 + 5 * 8 * 8 * 9 + 6 * 2 * 8 + 80
        first, second = model.blocks[:2]
        kinds = [type(layer).__name__ for layer in first]
        order = ["GELU", "BatchNorm2d"] if "norm_last" in arguments else ["BatchNorm2d", "GELU"]
        assert kinds == ["Conv2d", "MaxPool2d", *order]
        if "residual" in arguments:
            inside = torch.randn(2, 8, 4, 4)
            torch.testing.assert_close(second(inside), inside + second.body(inside))
