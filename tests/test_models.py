"""Shapes, parameter counts and gradients of every model."""

import math

import pytest
import torch
import torch.nn.functional as F

from course_utils.models import LeNet, Mlp

MODELS = {
    "v0": (Mlp, (), 784 * 10 + 10),
    "v1": (Mlp, ((128, 64),), 784 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10),
    "v1 BN": (Mlp, ((128, 64), True), 784 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10 + 2 * (128 + 64)),
    "LeNet": (LeNet, (), 44_426),
}


@pytest.fixture(params=MODELS.values(), ids=MODELS)
def case(request):
    make, arguments, parameters = request.param
    torch.manual_seed(0)
    return make(*arguments), parameters


def test_logits_for_any_batch(case):
    model, _ = case
    model.eval()
    for n in (1, 2, 7):
        assert model(torch.rand(n, 1, 28, 28)).shape == (n, 10)


def test_number_of_parameters(case):
    model, parameters = case
    assert sum(p.numel() for p in model.parameters()) == parameters


def test_outputs_are_logits_not_probabilities(case):
    """Both signs occur, and a new network's loss is near ln 10: neither softmax nor ReLU stands at the end."""
    model, _ = case
    logits = model(torch.randn(256, 1, 28, 28))
    assert logits.min() < 0 < logits.max()
    assert not torch.allclose(logits.sum(1), torch.ones(256), atol=0.1)
    assert F.cross_entropy(logits, torch.arange(256) % 10).item() == pytest.approx(math.log(10), abs=0.35)


def test_every_parameter_gets_a_gradient(case):
    model, _ = case
    F.cross_entropy(model(torch.rand(8, 1, 28, 28)), torch.arange(8)).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_samples_do_not_mix_in_evaluation(case):
    model, _ = case
    model.eval()
    x = torch.rand(4, 1, 28, 28)
    assert torch.allclose(model(x)[2], model(x[2:3])[0], atol=1e-5)
