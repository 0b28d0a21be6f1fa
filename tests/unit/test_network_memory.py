"""What is kept for a backward pass, against a count by hand."""

import pytest
import torch
from torch import nn

from course_utils.models import LeNet5
from course_utils.network.memory import kept_bytes


@pytest.mark.parametrize("pictures", [1, 3, 8])
def test_each_layer_keeps_what_it_got(pictures):
    """Linear keeps its input, ReLU its output, which is the next input: that counts once."""
    model = nn.Sequential(nn.Linear(20, 7), nn.ReLU(), nn.Linear(7, 2))
    assert kept_bytes(model, torch.ones(pictures, 20)) == 4 * pictures * (20 + 7)


def test_it_grows_with_the_batch_and_is_nothing_without_gradients():
    model = LeNet5().train()
    one, five = kept_bytes(model, torch.zeros(10, 1, 28, 28)), kept_bytes(model, torch.zeros(50, 1, 28, 28))
    assert five == pytest.approx(5 * one, rel=0.01) and model.training
    with torch.no_grad():
        assert kept_bytes(model, torch.zeros(10, 1, 28, 28)) == 0
    assert all(p.grad is None for p in model.parameters())
