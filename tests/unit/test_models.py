"""Shapes, parameter counts and gradients of every model."""

import math

import pytest
import torch
import torch.nn.functional as F

from course_utils.models import Conv32x64, Conv32x64x128, FashionCnn, LeNet, LeNet5, Mlp, Vgg

MODELS = {
    "v0": (Mlp, (), 784 * 10 + 10),
    "v1": (Mlp, ((128, 64),), 784 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10),
    "v1 BN": (Mlp, ((128, 64), True), 784 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10 + 2 * (128 + 64)),
    "LeNet": (LeNet, (), 44_426),
    "LeNet-5": (LeNet5, (), 61_706),
    "Fashion CNN": (FashionCnn, (), 21_840),
    "Conv32-64": (Conv32x64, (), 50_186),
    "Conv32-64-128": (Conv32x64x128, (), 1_379_557),
    "linear, CIFAR-10": (Mlp, ((), False, 3 * 32 * 32), 3072 * 10 + 10),
    "VGG-style": (Vgg, (), 307_946),
    "VGG-style, wide": (Vgg, ((64, 128, 256),), 1_187_274),
}


@pytest.fixture(params=MODELS.items(), ids=MODELS)
def case(request):
    name, (make, arguments, parameters) = request.param
    torch.manual_seed(0)
    color = make is Vgg or "CIFAR" in name
    return make(*arguments), parameters, (3, 32, 32) if color else (1, 28, 28)


def test_logits_for_any_batch(case):
    model, _, shape = case
    model.eval()
    for n in (1, 2, 7):
        assert model(torch.rand(n, *shape)).shape == (n, 10)


def test_number_of_parameters(case):
    model, parameters, _ = case
    assert sum(p.numel() for p in model.parameters()) == parameters


def test_outputs_are_logits_not_probabilities(case):
    """Both signs occur, and a new network's loss is near ln 10: neither softmax nor ReLU stands at the end."""
    model, _, shape = case
    logits = model(torch.randn(256, *shape))
    assert logits.min() < 0 < logits.max()
    assert not torch.allclose(logits.sum(1), torch.ones(256), atol=0.1)
    assert F.cross_entropy(logits, torch.arange(256) % 10).item() == pytest.approx(math.log(10), abs=0.35)


def test_every_parameter_gets_a_gradient(case):
    model, _, shape = case
    F.cross_entropy(model(torch.rand(8, *shape)), torch.arange(8)).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_samples_do_not_mix_in_evaluation(case):
    model, _, shape = case
    model.eval()
    x = torch.rand(4, *shape)
    assert torch.allclose(model(x)[2], model(x[2:3])[0], atol=1e-5)


@pytest.mark.parametrize("make", [Conv32x64, lambda: Conv32x64x128(dropout=0)])
def test_relu_after_the_pooling_is_bit_equal_to_the_posts_order(make):
    model = make()
    order = list(model.layers)
    posts = [layer for i in range(0, len(order), 3) for layer in (order[i], order[i + 2], order[i + 1])]
    images, targets = torch.randn(8, 1, 28, 28), torch.arange(8)
    gradients = []
    for layers in (order, posts):
        model.layers = torch.nn.Sequential(*layers)
        model.zero_grad()
        F.cross_entropy(model(images), targets).backward()
        gradients.append([p.grad.clone() for p in model.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))
