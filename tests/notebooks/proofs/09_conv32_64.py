# %% 3x3 windows have 18 weights for a pair of channels, a 5x5 window has 25 (cell [3])
assert sum(p.numel() for p in convolutions(3, 3).parameters()) == 18 * 64 * 64
assert sum(p.numel() for p in convolutions(5).parameters()) == 25 * 64 * 64

# %% PyTorch's variance is a third of 1 / n, a sixth of He's; without biases a layer keeps 1 / root 6 (cells [14], [18])
default = nn.Conv2d(64, 64, kernel_size=3).weight
assert abs(n * default.var().item() - 1 / 3) < 0.01
values = signal["default, no biases"]
assert abs((values[0] / values[-1]) ** (1 / 7) - math.sqrt(6)) < 0.2

# %% He's rule keeps the signal, Xavier's loses 30 % a layer in the mean, the default ends in its biases (cell [17])
assert 1 < min(signal["He"]) and max(signal["He"]) < 1.8
assert abs((signal["Xavier"][-1] / signal["Xavier"][0]) ** (1 / 7) - (1 - 0.30)) < 0.02
assert abs(math.sqrt(0.5) - (1 - 0.30)) < 0.01
assert signal["Xavier"][-1] < 0.1 and signal["PyTorch's default"][-1] < 0.04
assert signal["PyTorch's default"][-1] > 10 * signal["default, no biases"][-1]

# %% with SGD, He's rule alone leaves guessing far behind; with Adam the others come near (cells [22], [35])
for accuracy in with_sgd["He"]:
    course.between(accuracy, 65, 92, what="eight layers, SGD, He's rule, in percent")
for name in ("Xavier", "PyTorch's default"):
    course.between(max(with_sgd[name]), 5, 50, what=f"eight layers, SGD, {name}, in percent")
course.between(min(with_adam["He"]), 75, 95, what="eight layers, Adam, He's rule, in percent")
course.between(min(with_adam["Xavier"]), 60, 95, what="eight layers, Adam, Xavier's rule, in percent")
course.between(min(with_adam["PyTorch's default"]), 50, 90, what="eight layers, Adam, PyTorch's default, in percent")
course.between(
    sum(with_adam["He"]) / 3 - sum(with_adam["PyTorch's default"]) / 3, 2, 40, what="points that He's rule is ahead"
)

# %% from He's rule to the default, the logits depend less and less on the picture, and the gradient shrinks (cell [23])
found = []
for rule in RULES.values():
    torch.manual_seed(777)
    network = eight_layers(rule)
    outputs = network(images)
    F.cross_entropy(outputs, targets).backward()
    found.append((outputs.std(dim=0).mean().item(), network[1].weight.grad.norm().item()))
assert all(a > 3 * b for one, other in zip(found, found[1:], strict=False) for a, b in zip(one, other, strict=True))

# %% the first loss is near ln 10 = 2.303, and in the thousands with weights 10 times as large (cell [25])
assert round(math.log(10), 3) == 2.303
course.between(starts[10][0], 1_000, 100_000, what="first loss with weights 10 times as large")
course.between(max(starts[1][0], starts[0.01][0]), 2.25, 2.36, what="the other first losses")
course.between(starts[0.01][1], 0, 1e-6, what="spread of the logits with weights a hundredth as large")

# %% Adam's first step has the length of the learning rate, 0.001; 20 equal gradients move 20 times as far (cell [30])
w, first, second = torch.zeros(3, 1, dtype=torch.double)
for step in range(1, 21):
    adam_step(w, torch.ones(1, dtype=torch.double), first, second, step)
    assert abs(w.item() + 0.001 * step) < 1e-6
assert abs(w.item() + 0.001 * 20) < 1e-6, "20 steps"
for size in (30, 0.5, 0.0005):
    w, first, second = torch.zeros(3, 1, dtype=torch.double)
    adam_step(w, torch.full((1,), size, dtype=torch.double), first, second, 1)
    assert abs(w.item() + 0.001) < 1e-6 and size in (30, 0.5, 0.0005)

# %% the quotient of Adam is mostly 1 or less, not always: after many zeros, a sudden gradient moves further (cell [28])
w, first, second = torch.zeros(3, 1, dtype=torch.double)
for step in range(1, 1001):
    old = w.clone()
    adam_step(w, torch.full((1,), float(step == 1000), dtype=torch.double), first, second, step)
assert 0.002 < (w - old).abs().item() < 0.003, "more than twice the learning rate"

# %% the largest layers of Conv32-64: 31,370 parameters in fc, 18,432 weights in layers.3 (cell [36])
rows_of_costs = {row.layer: row for row in receptive_fields(models.Conv32x64(), (1, 1, 28, 28))}
assert rows_of_costs["fc"].parameters == 31_370 == max(row.parameters for row in rows_of_costs.values())
assert models.Conv32x64().layers[3].weight.numel() == 18_432
assert (
    rows_of_costs["layers.3"].multiply_adds == 18_432 * 14 * 14 == max(r.multiply_adds for r in rows_of_costs.values())
)

# %% activations need more memory than parameters; the first convolution of Conv32-64 gives 10 MB (cell [39])
for name, (count, _) in costs.items():
    course.between(kept[name] / (4 * count), 3, 400, what=f"{name}: bytes kept for each byte of its parameters")
course.between(kept["Conv32x64"] / (4 * costs["Conv32x64"][0]), 100, 200, what="the same for Conv32x64")
assert round(32 * 28 * 28 * 4 * 100 / 1e6) == 10

# %% Conv32-64 takes less than 13.7 times as long, and many channels are faster than few (cells [41], [42])
assert round(costs["Conv32x64"][1] / costs["LeNet"][1], 1) == 13.7 and 4_096 == 64 * 64
course.between(usual["Conv32x64"] / usual["LeNet"], 1.2, 12, what="Conv32x64 / LeNet, in time")
course.between(speed[64] / speed[1], 5, 1_000, what="products a second with 64 channels / with 1")

# %% layers without products take time, and channels last makes pooling faster (cells [44], [49])
for table in (small, large):
    share_of_pooling = sum(ms for name, (_, ms) in table.items() if "MaxPool" in name) / sum(
        ms for _, ms in table.values()
    )
    course.between(share_of_pooling, 0.1, 0.95, what="share of pooling in a forward pass")

read_large, read_small = 32 * 28 * 28 + 64 * 14 * 14, 6 * 24 * 24 + 16 * 8 * 8
assert (read_large, read_small) == (37_632, 4_480) and round(read_large / read_small, 1) == 8.4
pooling = [sum(ms for name, (_, ms) in table.items() if "MaxPool" in name) for table in (large, faster)]
course.between(pooling[0] / pooling[1], 1, 500, what="time of pooling, usual order / channels last")

# %% a step with one picture takes more than a hundredth of a step with 100 (cell [45])
shares = [fastest(make_step(models.LeNet(), batch_size=1)) / fastest(make_step(models.LeNet())) for _ in range(2)]
course.between(min(shares), 0.01, 1, what="LeNet: a step with one picture / a step with 100")

# %% strides: one channel is 196 numbers further, one picture 6,272 (cell [46])
assert torch.zeros(100, 32, 14, 14).stride() == (6_272, 196, 14, 1)

# %% an epoch has 550 steps, and 600 with all pictures (cell [55])
assert len(mnist.validation) == 5_000 and len(mnist.train) == 55_000
assert 550 == 55_000 // 100 and 600 == 60_000 // 100

# %% losses and accuracies of the first epochs (cells [56], [57])
for name, low, high in (("Conv32x64", 0.17, 0.32), ("Conv32x64x128", 0.14, 0.30), ("LeNet", 0.28, 0.55)):
    course.between(histories[name].train_loss[0], low, high, what=f"{name}: mean loss of the first epoch")
ahead = min(histories[name].validation_accuracy[0] for name in ("Conv32x64", "Conv32x64x128"))
course.between(ahead - histories["LeNet"].validation_accuracy[0], 0.002, 0.05, what="3x3 windows against LeNet")

# %% the charts hold both stored full runs: 15 epochs each (cells [60], [77])
for figure_of_costs in (chart, post_chart):
    drawn = {line.get_label(): line for line in figure_of_costs.axes[0].lines}
    for name, seeds in full.items():
        line = drawn[f"{name}, stored full run"]
        assert list(line.get_ydata()) == seeds["777"]["train_loss"] and len(line.get_xdata()) == 15
        assert seeds["777"]["train_loss"][-1] < 0.01
        assert 0.985 < min(run["test_accuracy"][-1] for run in seeds.values()), "near 99 %"
assert 0.0005 < max(abs(run["test_accuracy"][-1] - 0.99) for run in full["Conv32x64"].values()) < 0.005

# %% our costs of the first epoch agree with the post's (cell [77])
assert [values[0] for values in POST.values()] == [0.2257, 0.1968]
for name, values in POST.items():
    ratio = histories[name].train_loss[0] / values[0]
    course.between(ratio, 0.75, 1.35, what=f"{name}: our first cost / the post's")

# %% the post's losses and those of the stored runs lie close together in all 15 epochs (cell [77])
for name, values in POST.items():
    ours_and_theirs = zip(full[name]["777"]["train_loss"], values, strict=True)
    assert len(values) == 15 and all(0.8 < own / posted < 1.25 for own, posted in ours_and_theirs), name

# %% without eval(), the deeper network loses little, and its answers change (cell [62])
lost = 100 * ((proper == truth).float().mean() - (first_asked == truth).float().mean()).item()
course.between(lost, -0.3, 1, what="percentage points lost")
course.between((first_asked != second_asked).sum().item(), 5, 300, what="answers that changed between two calls")

# %% training turns kernels towards Sobel's with every seed; the best alone proves little (cells [67] to [69])
for seed in after:
    found = [similarity(group[seed]).amax(dim=1) for group in (before, after)]
    course.between((found[1].mean() - found[0].mean()).item(), 0.02, 0.3, what=f"seed {seed}: gain of the mean")
    course.between((found[1].max() - found[0].max()).item(), -0.02, 0.3, what=f"seed {seed}: gain of the best")
    course.between((found[1] > 0.8).sum().item(), 0, 10, what=f"seed {seed}: kernels above 0.8")
    itself = F.cosine_similarity(before[seed].flatten(1), after[seed].flatten(1)).mean().item()
    course.between(itself, 0.8, 0.99, what=f"seed {seed}: similarity of a kernel with itself before the training")
assert 0.25 < lucky < 0.37, "nearly a third"

# %% the last hidden layer has 625 numbers (cell [71])
assert features.shape[1] == 625

# %% the accuracy on the test pictures (cell [73])
for network, low in ((model, 0.975), (deeper, 0.97)):
    outputs, labels = predict(network, test_loader)
    right = (outputs.argmax(dim=1) == labels).double().mean().item()
    course.between(right, low, 0.996, what=f"{type(network).__name__}, test accuracy")
