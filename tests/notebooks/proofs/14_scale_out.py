# %% four shares of 10 pictures are 12 pictures (cell [7])
assert sum(len(sampler) for sampler in samplers) == 12

# %% two processes with 32 pictures each have the gradients of one with 64 (cell [10])
torch.manual_seed(777)
whole = gradient(models.LeNet(), images, targets)
assert by_hand < 1e-6 and by_ddp < 1e-6 < whole.abs().max() and len(images) == 64 and len(images[0::2]) == 32

# %% with batch normalisation they have not (cell [11])
assert difference > 0.01

# %% two processes do the training of one (cell [16])
course.between(gap(runs["1x2.pt"], runs["2x1.pt"]), 0, 0.02, what="greatest difference of a loss")
course.between(gap(runs["1x1.pt"], runs["1x2.pt"]), 0, 0.02, what="the same, one thread against two")
course.between(100 * runs["2x1.pt"]["validation_accuracy"][-1], 96.5, 99.5, what="validation accuracy in %")

# %% two processes gain what two threads gain, and a message takes milliseconds (cell [17])
course.between(fastest["2x1.pt"] / fastest["1x1.pt"], 0.4, 1.2, what="seconds of two processes against one thread")
course.between(fastest["2x1.pt"] / fastest["1x2.pt"], 0.4, 2.0, what="seconds of two processes against two threads")
course.between(1000 * all_reduce_seconds, 0.05, 100, what="all-reduce of 1,000,000 numbers, in ms")

# %% one process goes on with the training of two (cell [20])
course.between(gap(vars(resumed), runs["2x1.pt"]), 0, 0.02, what="greatest difference of a loss")

# %% the MLP spends the smallest share of a step computing, then Conv32-64-128 (cell [25])
assert sizes["Conv32-64-128"] == 1_379_557 and bytes_per_step(1_379_557, 8) == 9_656_899
assert min(networks, key=lambda name: efficiency(name, 8)) == "MLP 128-64"
course.between(efficiency("VGG-style", 8), 0.5, 1.0, what="computing share, VGG-style, 8 machines")
better = efficiency("VGG-style", 8) / efficiency("Conv32-64-128", 8)
course.between(better, 1.5, 20, what="VGG-style against Conv32-64-128")
