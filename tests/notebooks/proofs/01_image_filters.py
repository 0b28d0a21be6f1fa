# %% with uint8, only negative results are lost: half of the clear vertical edges (cell [32])
assert (gx[lost] < 0).all() and lost.sum() * 2 < edge.sum() + 20

# %% at 45 degrees, x and y count alike (cell [36])
assert np.allclose(turned[45], (gx + gy)[house] / np.sqrt(2), atol=1e-2)

# %% G reduces independent noise by the factor 6/16 = 0.375 (cell [39])
assert np.sqrt((GAUSS**2).sum()) == 6 / 16 == 0.375

# %% the limits of Sobel's results (cell [27])
assert 255 * SOBEL_X[SOBEL_X > 0].sum() == 1020 and 255 * SOBEL_X[SOBEL_X < 0].sum() == -1020

# %% a kernel over three channels makes 27 products at each place (cell [55])
assert red_minus_blue.numel() == 27

# %% bricks and roof are more red than blue, the sky is more blue, the pavement neither (cell [57])
bricks, sky_part, pavement = redness[0, 0, 110:120, 60:80], redness[0, 0, :30, :100], redness[0, 0, 222:250]
assert bricks.mean() > 50 and sky_part.mean() < -50 and abs(pavement.mean()) < 20
assert redness[0, 0, 75:110, 150:220].mean() > 50, "the roof"

# %% 97,028 examples whose nine inputs are linearly independent (cell [62])
assert targets.numel() == 97_028
assert np.linalg.matrix_rank(F.unfold(inputs, 3)[0].T.numpy()) == 9

# %% neighbours of the street are nearly equal: the rarest pattern of nine has a thousandth of the commonest (cell [71])
patterns = F.unfold(inputs, 3)[0].double()
powers = torch.linalg.eigvalsh(patterns @ patterns.T / patterns.shape[1])
assert powers[0] < powers[-1] / 1000

# %% with random pixels, 50 steps leave less than 0.0001 (cell [73])
assert (learn(random_picture, steps=50)[50] - sobel_x).abs().max() < 0.0001

# %% what the folded part says of the post: 5,883 of 11,748 pixels (cell [32])
assert (lost.sum(), edge.sum()) == (5_883, 11_748)
