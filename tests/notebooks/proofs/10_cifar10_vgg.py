# %% half of the 50,000 training pictures are 25,000, and 2,500 of each class (cell [6])
assert len(kept) == 25_000 and (torch.bincount(labels[kept]) == 2_500).all()

# %% 45,000 pictures are left for training (cell [8])
assert len(cifar.train) == 45_000

# %% in class, 2,000 of the validation pictures measure (cell [12])
assert course.speed == "full" or len(validation) == 2_000

# %% the validation accuracy of the linear model (cell [13])
course.between(linear_history.validation_accuracy[-1], 0.25, 0.43, what="linear: validation accuracy")

# %% the validation accuracy of the network (cell [14])
low, high = (0.74, 0.92) if course.speed == "full" else (0.4, 0.68)
course.between(vgg_history.validation_accuracy[-1], low, high, what="VGG: validation accuracy")

# %% the post's code multiplies the rate by 0.9 after each epoch, and so does our training (cell [15])
assert code[1] == 0.9 * code[0]
assert all(abs(a - b) < 1e-12 for a, b in zip(vgg_history.learning_rate, code, strict=False))

# %% validation and test measure real pictures (cell [19])
assert cifar.validation.transform is None and cifar.test.transform is None

# %% augmentation makes the gap smaller (cell [19])
course.between(plain_gap - gap, 0.0, 0.35, what="how much smaller the gap is")

# %% the accuracy on the test pictures (cell [20])
low, high = (0.74, 0.93) if course.speed == "full" else (0.4, 0.68)
course.between((answers == targets).double().mean().item(), low, high)

# %% cat and dog are taken for each other in more than 2 of 90 mistakes (cell [22])
course.between(mixed / (answers != targets).sum().item(), 0.04, 0.3, what="cat and dog, share of all mistakes")

# %% LeNet and Conv32-64 have fewer parameters than v1 + BN, and make fewer mistakes (cell [25])
for name in ("LeNet", "Conv32-64"):
    (size, _, wrong), (other_size, _, other_wrong) = points[name], points["v1 + BN"]
    assert size < other_size and wrong < other_wrong

# %% the point "VGG-style" has 64, 128 and 256 channels (cell [25])
if "VGG-style" in points:
    assert points["VGG-style"][0] == sum(p.numel() for p in models.Vgg((64, 128, 256)).parameters())
