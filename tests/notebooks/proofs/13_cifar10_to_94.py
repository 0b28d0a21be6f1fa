# %% the standard deviation of 5,000 answers is about 0.7 points (cell [4])
course.between(100 * deviation, 0.35, 0.71, what="standard deviation, in points,")

# %% 1.001 becomes 1 in bfloat16, whose next number is 1 + 1 / 128 (cell [5])
assert torch.tensor(1.001).bfloat16() == 1 and torch.finfo(torch.bfloat16).eps == 2**-7

# %% FLOP by hand are those that PyTorch counts (cell [7])
assert flop(conv, (1, 64, 16, 16)) == by_hand == 37_748_736

# %% what each idea gains over those before it, and all together (cells [6] to [24])
for idea, before, low, high in (
    ("faster steps", "lesson 10", -0.05, 0.05),
    ("CifarNet", "faster steps", -0.05, 0.12),
    ("first weights", "CifarNet", -0.03, 0.12),
    ("SGD", "first weights", -0.04, 0.12),
    ("moved pictures", "SGD", -0.05, 0.12),
    ("averages", "moved pictures", -0.04, 0.12),
    ("averages", "lesson 10", 0.03, 0.25),
):
    course.between(diary[idea][0] - diary[before][0], low, high, what=f"gain from {before!r} to {idea!r}")

# %% the smallest loss with label smoothing is 0.867 (cell [16])
assert torch.isclose(best, torch.tensor(0.867), atol=5e-4)

# %% the learning rate rises in a quarter of the training (cell [18])
assert max(rates) == rates[23] == 1 and rates[0] == 0.2

# %% coins show the same side again in half of the cases, alternating flip never (cell [20])
repeats = [(flags[1:] == flags[:-1]).double().mean().item() for flags in (coins, alternating)]
assert 0.4 < repeats[0] < 0.6 and repeats[1] == 0

# %% the accuracy on the test pictures (cell [24])
low, high = (0.93, 0.955) if course.speed == "full" else (0.65, 0.86)
course.between((outputs.argmax(dim=1) == targets).double().mean().item(), low, high)

# %% without whitening, or without first weights that pass the picture on, much is missing (cell [25])
for part in ("whitened first layer", "first weights that pass the input on"):
    assert accuracy["all ideas"] - accuracy[f"without: {part}"] > 5

# %% at full size, 94 % in 12 epochs with at least three seeds (cell [26])
assert mean(found) >= 94 and len(found) >= 3 and all(len(run["train_loss"]) == 12 for run in runs)
