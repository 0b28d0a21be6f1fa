# %% with uint8, only negative results are lost: half of the clear vertical edges (cell [33])
assert (gx[lost] < 0).all() and lost.sum() * 2 < edge.sum() + 20

# %% at 45 degrees, x and y count alike (cell [37])
assert np.allclose(turned[45], (gx + gy)[house] / np.sqrt(2), atol=1e-2)

# %% the right slope fades at 45 degrees, the left one at 135 (cell [37])
assert abs(turned[45][71 - 34, 97 - 8]) < 0.25 * magnitude[71, 97]
assert abs(turned[135][71 - 34, 46 - 8]) < 0.25 * magnitude[71, 46]

# %% G reduces independent noise by the factor 6/16 = 0.375 (cell [40])
assert np.sqrt((GAUSS**2).sum()) == 6 / 16 == 0.375

# %% the limits of Sobel's results (cell [27])
assert 255 * SOBEL_X[SOBEL_X > 0].sum() == 1020 and 255 * SOBEL_X[SOBEL_X < 0].sum() == -1020

# %% a kernel over three channels makes 27 products at each place (cell [57])
assert red_minus_blue.numel() == 27

# %% bricks and roof are more red than blue, the sky is more blue, the pavement neither (cell [60])
bricks, sky_part, pavement = redness[0, 0, 110:120, 60:80], redness[0, 0, :30, :100], redness[0, 0, 222:250]
assert bricks.mean() > 50 and sky_part.mean() < -50 and abs(pavement.mean()) < 20
assert redness[0, 0, 75:110, 150:220].mean() > 50, "the roof"
assert redness[0, 0, 40:52, 318:334].mean() > redness[0, 0, 75:110, 150:220].mean() + 20, "the sun"

# %% with red and blue exchanged, the sky is too bright, and bricks and roof are too dark (cell [8])
too_bright = wrong.astype(int) - grey
assert too_bright[2:20, 4:100].mean() > 10 > -10 > too_bright[110:120, 60:80].mean()
assert too_bright[75:110, 150:220].mean() < -10, "the roof"

# %% the roof in uint8: what the two slopes have lost (cell [36])
row = 71
assert (gx[row, 46:48] < -200).all() and (gy[row, 46:48] < -100).all() and not (clipped_x + clipped_y)[row, 46:48].any()
assert gx[row, 97] > 200 and gy[row, 97] < -200 and (clipped_x + clipped_y)[row, 97] == 255, "outer line, right"
assert gx[row, 89] < -100 and gy[row, 89] > 100 and magnitude[row, 89] > 1.5 * (clipped_x + clipped_y)[row, 89]
assert jumped[60:64, 57:64].sum() > 3, "inner line, left: dots"

# %% noise lengthens the arrows of true edges, by about what errors across them do (cell [42])
across = (
    (20**2 * (SOBEL_X**2).sum()) / 2 / edges(grey)[strong]
)  # errors have this variance; half of it, over the length
assert abs((edges(noisy)[strong] - edges(grey)[strong]).mean() - across.mean()) < 3

# %% the two poolings stay equally alike, also when the picture moves otherwise (cell [54])
for down, right in [(0, 1), (1, 0), (1, 1), (0, 2)]:
    alike = {}
    for name, reduce in small.items():
        a, b = reduce(strength[..., down:, right:]), reduce(strength[..., : 256 - down, : 384 - right])
        alike[name] = np.corrcoef(a.flatten(), b.flatten())[0, 1]
    assert abs(alike["mean of 4x4"] - alike["largest of 4x4"]) < 0.01 < alike["mean of 4x4"] - alike["every 4th pixel"]

# %% the hint on the rows holds for every padding and stride (cell [47])
for padding, stride in [(0, 1), (1, 1), (0, 2), (1, 2), (2, 3), (5, 7)]:
    rows_of_it = F.conv2d(x, sobel_x, padding=padding, stride=stride).shape[2]
    assert rows_of_it == (256 + 2 * padding - 3) // stride + 1

# %% 97,028 examples whose nine inputs are linearly independent (cell [65])
assert targets.numel() == 97_028
assert np.linalg.matrix_rank(F.unfold(inputs, 3)[0].T.numpy()) == 9

# %% neighbours of the street are nearly equal: the rarest pattern of nine has a thousandth of the commonest (cell [74])
patterns = F.unfold(inputs, 3)[0].double()
powers = torch.linalg.eigvalsh(patterns @ patterns.T / patterns.shape[1])
assert powers[0] < powers[-1] / 1000

# %% a change of the weights by length 1 costs a loss of at least 0.007 (cell [74])
assert round(powers[0].item(), 3) == 0.007
away = kernels[150] - sobel_x
assert torch.isclose(
    loss_of(kernels[150]), (away.flatten() @ (patterns @ patterns.T).float() @ away.flatten()) / 97_028
)

# %% after 150 steps one weight is wrong by 0.69, three more by about 0.5, the others by less (cell [74])
far = (kernels[150] - sobel_x).abs().flatten().sort(descending=True).values
assert abs(far[0] - 0.69) < 0.01 and (far[1:4] - 0.5).abs().max() < 0.06 and far[4] < 0.25

# %% with shuffled pixels, 50 steps leave less than 0.0001; the grey values are the same (cell [77])
assert (learn(shuffled, steps=50)[50] - sobel_x).abs().max() < 0.0001
assert torch.equal(shuffled.flatten().sort().values, inputs.flatten().sort().values)
shuffled_patterns = F.unfold(shuffled, 3)[0]
alike = np.corrcoef(shuffled_patterns[3:5].numpy())[0, 1], np.corrcoef(patterns[3:5].numpy())[0, 1]
assert abs(alike[0]) < 0.01 and alike[1] > 0.8, "neighbours"

# %% which rates are stable: up to 2 divided by twice the largest power, 0.133 (cell [78])
assert 0.13 < 1 / powers[-1] < 0.2

# %% what the folded part says of the post: 5,883 of 11,748 pixels (cell [33])
assert (lost.sum(), edge.sum()) == (5_883, 11_748)
