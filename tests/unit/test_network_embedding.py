"""Directions agree with the covariance, and a point for each sample tells its class and whether it was recognised."""

import pytest
import torch

from course_utils.network.embedding import MARKERS, TEN_COLORS, embedding, pca

pytestmark = pytest.mark.usefixtures("real_data")
CLASSES = ("cat", "dog", "ship")


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def test_pca_against_covariance_and_a_known_line():
    features = torch.randn(200, 5, dtype=torch.double) @ torch.randn(5, 5, dtype=torch.double) + 7
    points, share = pca(features, k=3)
    values, vectors = torch.linalg.eigh(features.T.cov())
    expected = (features - features.mean(dim=0)) @ vectors.flip(1)[:, :3]
    signs = (points * expected).sum(dim=0).sign()
    assert torch.allclose(points, expected * signs) and torch.allclose(share, values.flip(0)[:3] / values.sum())
    line = torch.arange(5.0)[:, None] * torch.tensor([[-3.0, 4.0]])
    points, share = pca(line)
    assert points[:, 0].tolist() == pytest.approx([-10, -5, 0, 5, 10], abs=1e-5), "the largest entry is positive"
    assert share.tolist() == pytest.approx([1, 0], abs=1e-6)
    assert torch.allclose(pca(line.flip(0))[0].flip(0), points, atol=1e-5), "the order changes no sign"


def test_embedding_shows_each_class_and_each_mistake():
    points, targets = torch.randn(30, 2), torch.arange(30) % 3
    predictions = targets.clone()
    predictions[[4, 9]] = (predictions[[4, 9]] + 1) % 3
    figure = embedding(points, targets, predictions, CLASSES)
    clouds = [len(c.get_offsets()) for c in figure.axes[0].collections]
    assert clouds == [10, 10, 10] + 7 * [0] + [2] and "2 of them" in figure.get_suptitle()
    assert [text.get_text() for text in figure.axes[0].texts] == list(CLASSES)
    middle = points[targets == 0].median(dim=0).values
    assert f"{CLASSES[0]} ({middle[0]:.2g}, {middle[1]:.2g})" in figure.get_label()
    colors = {tuple(c.get_facecolor()[0]) for c in figure.axes[0].collections[:3]}
    shapes = {c.get_paths()[0].vertices.shape for c in figure.axes[0].collections[:3]}
    assert len(colors) == len(shapes) == 3, "colour and marker both tell the class"
    assert len(set(MARKERS)) == len(set(TEN_COLORS)) == 10
    with pytest.raises(ValueError, match="11 classes"):
        embedding(points, targets, predictions, "abcdefghijk")


def test_a_class_with_a_name_of_one_character_is_its_own_marker():
    """Two colours may look alike; a 1 and a 4 do not."""
    points, targets = torch.randn(30, 2), torch.arange(30) % 10
    clouds = embedding(points, targets, targets, "0123456789").axes[0].collections[:10]
    outlines = [cloud.get_paths()[0].vertices for cloud in clouds]
    assert len({(len(outline), outline.sum().round(6)) for outline in outlines}) == 10
    assert len({tuple(cloud.get_facecolor()[0]) for cloud in clouds}) == 10
