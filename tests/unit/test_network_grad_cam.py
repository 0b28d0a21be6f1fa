"""Grad-CAM agrees with what can be worked out by hand, and finds the place that speaks for a class."""

import pytest
import torch
from torch import nn

from course_utils.models import FashionCnn
from course_utils.network.grad_cam import grad_cam, overlay


def unchanged(model: nn.Module) -> bool:
    return model.training and not any(m._forward_hooks for m in model.modules())


def test_grad_cam_of_a_network_that_can_be_worked_out_by_hand():
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Flatten(), nn.Linear(2 * 2 * 2, 2, bias=False))
    with torch.no_grad():
        model[0].weight[:, 0, 0, 0], model[0].bias[:] = torch.tensor([1.0, -1.0]), 0
        model[2].weight[0] = torch.tensor([2.0, 0, 2, 0, 0, 0, 0, 4])  # mean 1 over the first map, 1 over the second
        model[2].weight[1] = torch.tensor([1.0, 1, 1, 1, -1, -1, -1, -1])  # 1 and -1
    image = torch.tensor([[[1.0, 2.0], [-4.0, 0.0]]])
    assert torch.equal(grad_cam(model, model[0], image, 0), torch.zeros(2, 2)), "x and -x cancel"
    # class 1: 1 * x + (-1) * (-x) = 2x, then ReLU, then divided by the greatest
    assert torch.allclose(grad_cam(model, model[0], image, 1), torch.tensor([[0.5, 1.0], [0.0, 0.0]]))
    assert unchanged(model) and all(p.grad is None for p in model.parameters())


def test_after_an_error_the_model_is_as_it_was():
    model = FashionCnn()
    with pytest.raises(RuntimeError):
        grad_cam(model, model.conv1, torch.zeros(3, 28, 28), 0)
    assert unchanged(model)


def test_grad_cam_finds_the_place_that_speaks_for_the_class():
    """Class 0 looks for bright pixels, class 1 for dark ones; dropout would make a training mode visible."""
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU(), nn.Dropout(0.5), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with torch.no_grad():
        model[0].weight[:, 0, 0, 0], model[0].bias[:] = torch.tensor([1.0, -1.0]), 0
    image = torch.zeros(1, 8, 8)
    image[0, 1, 6], image[0, 5, 2] = 3, -3
    with torch.no_grad():  # as in a cell that measures: gradients are switched on for the look
        heat = [grad_cam(model, model[1], image, k) for k in (0, 1)]
    assert [h.nonzero().tolist() for h in heat] == [[[1, 6]], [[5, 2]]] and heat[0].max() == 1
    assert grad_cam(model, model[3], image, 0).shape == (8, 8), "one place is spread over the whole image"


def test_overlay_is_bright_where_it_is_hot():
    heat = torch.zeros(2, 4, 4)
    heat[0, 1, 2] = 1
    for channels in (1, 3):
        colors = overlay(torch.full((2, channels, 4, 4), 100, dtype=torch.uint8), heat)
        assert colors.shape == (2, 3, 4, 4) and 0 <= colors.min() and colors.max() <= 1
        assert colors[0].sum(dim=0).argmax() == 1 * 4 + 2
