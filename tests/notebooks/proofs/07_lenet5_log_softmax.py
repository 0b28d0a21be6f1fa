# %% 55,000 training pictures, 5,000 for validation (cell [3])
assert len(mnist.train) == 55_000 and len(mnist.validation) == 5_000

# %% two digits side by side are a picture of 28 rows and 56 columns (cell [4])
assert pair.shape == (1, 28, 56)

# %% mean and standard deviation of the training pixels are 0.131 and 0.308 (cell [5])
if not mnist.standin:
    assert (round(mean.item(), 3), round(std.item(), 3)) == (0.131, 0.308)

# %% 859 whole batches of 64 (cell [6])
assert len(z) // 64 == 859

# %% a Gaussian has 68 % of its values within one standard deviation (cell [7])
assert round(torch.tensor(0.5**0.5).erf().item(), 2) == 0.68

# %% pixels are not Gaussian, shuffled batch means nearly are (cell [7])
course.between(within[0], 0.84, 0.88, what="share of pixels within one standard deviation")
course.between(within[1], 0.63, 0.74, what="share of shuffled batch means")
course.between((shuffled.std() / width).item(), 0.92, 1.08, what="spread of shuffled batch means / Gaussian's")

# %% in file order the spread of batch means is about twice too large (cell [7])
in_file_order = brightness[: 859 * 64].reshape(859, 64).mean(dim=1)
course.between((in_file_order.std() / width).item(), 1.8, 2.6, what="spread in file order / Gaussian's")

# %% five scores of 2,000 pictures differ by some points (cell [8])
assert [len(fold) for fold in folds] == [400] * 5 and 5 * 400 == 2_000
course.between(scores.mean().item(), 0.78, 0.88, what="mean score")
course.between((scores.max() - scores.min()).item(), 0.01, 0.08, what="best minus worst")

# %% chance gives a score of 83.5 % a spread of 1.9 % with 400 pictures, of 0.4 % with 10,000 (cell [8])
expected = {n: (0.835 * 0.165 / n) ** 0.5 for n in (400, 10_000)}
assert round(expected[400], 3) == 0.019 and round(expected[10_000], 3) == 0.004

# %% no new weight of C5 is beyond the bound of 0.05 (cell [12])
assert len(weights) == 48_000 and weights.abs().max() <= 1 / (16 * 5 * 5) ** 0.5 == 0.05

# %% one pass is not thirty passes (cell [17])
course.between(accuracy[0], 0.05, 0.35, what="accuracy after one pass")
course.between(accuracy[1], 0.70, 0.93, what="accuracy after thirty passes")

# %% the post's three losses lie within the noise of single batches (cell [18])
for i, loss in reported.items():
    near = losses[max(i - 25, 0) : i + 25] or losses
    course.between(loss, min(near), max(near), what=f"the post's loss after {i} iterations")

# %% with gradients, 1,000 pictures keep 30 to 80 MB, and without them nothing (cell [20])
for gradients, low, high in ((True, 30, 80), (False, 0, 0)):
    kept.clear()
    with torch.set_grad_enabled(gradients), torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        net(x)
    megabytes = sum(kept.values()) / 1e6
    assert len(x) == 1_000 and low <= megabytes <= high, f"gradients {gradients}: {megabytes:.0f} MB"

# %% momentum 0.9 and Adam lead after one epoch (cell [24])
first = {name: history.validation_accuracy[0] for name, history in runs.items()}
lead = min(first["momentum 0.9"], first["Adam"]) - first["momentum 0.5"]
course.between(lead, 0.015, 0.06, what="lead of momentum 0.9 and Adam after one epoch")

# %% the column of 15 epochs holds at full speed, and these epochs gain a little (cell [24])
for name, history in runs.items():
    if len(history) == 15:
        last = history.validation_accuracy[-1]
        course.between(last, full[name] - 0.006, full[name] + 0.006, what=f"{name} after 15 epochs")
if course.speed != "smoke":
    gains = [full[name] - history.validation_accuracy[4] for name, history in runs.items()]
    course.between(sum(gains) / 3, 0.002, 0.025, what="gain from epoch 5 to 15, mean of three")

# %% all training accuracies end a little above the validation accuracies (cell [24])
known_pictures = loader(course.sample(mnist.train), batch_size=1000)
gaps = [evaluate(models[name], known_pictures).accuracy - runs[name].validation_accuracy[-1] for name in runs]
course.between(min(gaps), 0.0005, 0.012, what="smallest gap")
course.between(max(gaps), 0.004, 0.016, what="largest gap")

# %% more passes than the post's one remove more than a third of the mistakes on the test pictures (cell [25])
single, chosen = (evaluate(model, test).accuracy for model in (post, models[best]))
course.between(single, 0.93, 0.97, what="test accuracy of the post's pass")
course.between(chosen, 0.972, 0.994, what="test accuracy of the chosen model")
course.between((1 - chosen) / (1 - single), 0.15, 0.65, what="mistakes, as a share of those after the post's pass")
