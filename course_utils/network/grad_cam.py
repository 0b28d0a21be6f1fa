"""Grad-CAM: where in a picture a network finds what speaks for a class."""

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.network.activations import watch


def grad_cam(model: nn.Module, layer: nn.Module, image: Tensor, label: int) -> Tensor:
    """Grad-CAM: where in the image the network finds what speaks for a class.

    Each channel of the layer gets a weight, the mean gradient of the class's logit over all places. The heat of a place
    is the sum of its channels with these weights; what speaks against the class is set to 0.

    Args:
        layer: gives (N, channels, height, width), usually the last one that does so.
        image: (C, H, W), scaled as in training.
        label: the number of the class.

    Returns:
        (H, W), from 0 to 1; all 0 when nothing speaks for the class.

    Source: Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", 2017.
    """
    device, training = next(model.parameters()).device, model.training
    model.eval()
    try:
        with torch.enable_grad(), watch(layer, lambda output: output) as seen:
            logit = model(image[None].to(device))[0, label]
            (gradient,) = torch.autograd.grad(logit, seen[0])
    finally:
        model.train(training)
    weights = gradient.mean(dim=(2, 3), keepdim=True)  # (1, channels, 1, 1)
    heat = F.relu((weights * seen[0].detach()).sum(dim=1, keepdim=True))  # (1, 1, height, width)
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear")[0, 0].cpu()
    return heat / heat.max().clamp(min=1e-12)


def overlay(pictures: Tensor, heat: Tensor) -> Tensor:
    """Heat maps (N, H, W) over uint8 pictures (N, C, H, W), which become dark and grey: (N, 3, H, W), from 0 to 1."""
    grey = pictures.float().mean(dim=1, keepdim=True) / 255
    colors = torch.as_tensor(plt.get_cmap("inferno")(heat.numpy())[..., :3]).permute(0, 3, 1, 2)
    return 0.5 * grey + 0.5 * colors.float()
