# %% with uint8, only negative results are lost, and 200 + 100 gives 44 (cell [14])
assert (gx[lost] < 0).all()
assert np.array([200], np.uint8) + np.array([100], np.uint8) == [44]

# %% at 45 degrees, x and y count alike (cell [16])
assert np.allclose(turned[45], (gx + gy)[house] / np.sqrt(2), atol=1e-2)

# %% G reduces independent noise by the factor 6/16 = 0.375 (cell [18])
assert np.sqrt((GAUSS**2).sum()) == 6 / 16 == 0.375

# %% the order of G and Sobel x does not matter (cell [18])
assert np.array_equal(slide(slide(noisy, GAUSS), SOBEL_X), slide(slide(noisy, SOBEL_X), GAUSS))

# %% 97,028 examples whose nine inputs are linearly independent (cell [25])
assert targets.numel() == 97_028
assert np.linalg.matrix_rank(F.unfold(inputs, 3)[0].T.numpy()) == 9
