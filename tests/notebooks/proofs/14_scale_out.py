# %% four shares of 10 pictures are 12 pictures (cell [9])
assert sum(len(sampler) for sampler in samplers) == 12

# %% nobody came: rank 0 alone ends with an error (cell [6])
assert stuck.stdout.startswith("rank 0:") and stuck.stdout.count("rank ") == 1

# %% with gloo, PyTorch gives up after 30 minutes (cell [6])
from torch.distributed.constants import default_pg_timeout

assert default_pg_timeout.total_seconds() / 60 == 30

# %% 100,000 units (cell [21]), 50 times each message (cell [42])
assert units == 100_000 and "range(50)" in messages and max(measured) == 1_000_000

# %% two processes with 32 pictures each have the gradients of one with 64 (cell [16])
assert (by_hand - whole).abs().max() < 1e-6 and (by_ddp - whole).abs().max() < 1e-6 < whole.abs().max()
assert len(images) == 64 and len(images[0::2]) == 32

# %% with batch normalisation they have not (cell [17])
assert difference > 0.01

# %% another seed makes another network: DDP copied that of rank 0 (cell [16])
torch.manual_seed(778)
assert not torch.allclose(gradient(models.LeNet(), images, targets), by_ddp, atol=1e-3)

# %% two means added up are twice the gradient of the whole batch of 64; 32 pictures in each half (cell [22])
assert abs((accumulated(model, 1).norm() / whole.norm()).item() - 2) < 1e-3 and len(images) == 64

# %% two processes do the training of one (cell [29])
course.between(gap(runs["1x2.pt"], runs["2x1.pt"]), 0, 0.02, what="greatest difference of a loss")
course.between(gap(runs["1x1.pt"], runs["1x2.pt"]), 0, 0.02, what="the same, one thread against two")
course.between(100 * runs["2x1.pt"]["validation_accuracy"][-1], 96, 99.5, what="validation accuracy in %")

# %% two processes gain what two threads gain (cell [30])
course.between(fastest["2x1.pt"] / fastest["1x1.pt"], 0.4, 1.4, what="seconds of two processes against one thread")
course.between(fastest["2x1.pt"] / fastest["1x2.pt"], 0.4, 2.5, what="seconds of two processes against two threads")

# %% one process goes on with the training of two (cell [34])
course.between(gap(vars(resumed), runs["2x1.pt"]), 0, 0.02, what="greatest difference of a loss")

# %% short messages take about equally long, 10,000 times as many numbers or one; a million take longer (cell [42])
course.between(measured[1_000] / measured[1], 0.2, 10, what="1,000 numbers against one")
course.between(measured[10_000] / measured[1], 0.2, 20, what="10,000 numbers against one")
course.between(measured[1_000_000] / measured[1], 2, 1000, what="1,000,000 numbers against one")
course.between(1000 * measured[1], 0.005, 50, what="all-reduce of one number in ms")

# %% the formula is right between its two ends, within a factor (cell [43])
if measured[1_000_000] > 2 * measured[1]:
    for size in (1_000, 10_000, 100_000):
        ratio = measured[size] / all_reduce_seconds(size, 2, alpha, bandwidth)
        course.between(ratio, 0.1, 10, what=f"measured seconds against the formula, {size:,} numbers")

# %% 1 Gbit is 125,000,000 bytes, 100 microseconds; 36 numbers of 24 for four processes, never 48 (cell [40])
assert BANDWIDTH == 1_000_000_000 / 8 == 125_000_000 and round(ALPHA * 1e6) == 100
assert numbers_sent(24, 4) == 36 and max(numbers_sent(24, q) for q in range(2, 2000)) < 48

# %% the small network waits 0.2 to 12.6 ms, its bytes stay near 1 ms; of the large one the bytes are more (cell [44])
assert round(2 * 63 * ALPHA * 1000, 1) == 12.6 and sizes["Fashion CNN"] == 21_840
assert all(0.5 < 4000 * numbers_sent(21_840, q) / BANDWIDTH < 1.5 for q in (2, 8, 64))
assert all(4 * numbers_sent(1_379_557, q) / BANDWIDTH > 2 * (q - 1) * ALPHA for q in (2, 8, 64))

# %% the MLP spends the smallest share of a step computing (cell [47])
assert sizes["Conv32-64-128"] == 1_379_557
course.between(
    efficiency("MLP 128-64", 8) / min(efficiency(name, 8) for name in networks), 1, 1.01, what="the MLP is worst"
)
course.between(efficiency("VGG-style", 8), 0.4, 1.0, what="computing share, VGG-style, 8 machines")
better = efficiency("VGG-style", 8) / efficiency("Conv32-64-128", 8)
course.between(better, 1.02, 20, what="VGG-style against Conv32-64-128")
