# %% in class: 9,000 pictures, a fifth of the training set, for 8 epochs, and 5,000 for validation (cell [2])
if course.speed == "class":
    assert len(training) == 9_000 == len(cifar.train) // 5 and epochs == 8
assert len(cifar.validation) == 5_000

# %% lesson 10's network, a little more than 60 % (cell [4])
course.between(accuracies["lesson 10's network"], 57, 67, what="accuracy of lesson 10's network, in %,")

# %% the luck of 5,000 pictures is 0.7 points, two of them hold about 95 % (cell [5])
assert round(100 * formula, 1) == 0.7 and round(200 * formula, 1) == 1.4
assert 0.94 < ((shares - p).abs() < 2 * formula).double().mean() < 0.97
assert 0.63 - p < 2 * formula and p == 0.62  # 63 % is within the luck of 62 %

# %% the best of 20 useless ideas (cell [8])
assert round(luck.amax(dim=1).mean().item(), 2) == 1.87
assert round(2**0.5, 2) == 1.41

# %% 1.001 becomes 1 in bfloat16, whose next number is 1.0078125; float16 ends before 70,000 (cells [9] and [10])
assert torch.tensor(1.001).bfloat16() == 1 and 1 + torch.finfo(torch.bfloat16).eps == 1.0078125
assert torch.finfo(torch.float16).max < 70_000
assert 2**15 < torch.finfo(torch.float16).max < 2**16 < 70_000
assert all(2**127 < torch.finfo(kind).max < 2**128 for kind in (torch.float32, torch.bfloat16))
assert [torch.finfo(kind).bits for kind in (torch.float32, torch.bfloat16, torch.float16)] == [32, 16, 16]
assert torch.finfo(torch.float32).eps == 2**-23 and torch.finfo(torch.bfloat16).eps == 2**-7

# %% FLOP by hand are those that PyTorch counts, and backward costs twice that (cells [14] and [15])
assert flop(conv, (1, 64, 16, 16)) == by_hand == 37_748_736
assert round(by_hand / 1e6) == 38
assert conv.weight.numel() == 64 * 3 * 3 * 128

# %% pairs two and three need 113 MFLOP, the first 79 (cell [16])
work_of_pairs = [
    flop(vgg.features[7 * k : 7 * k + 7], shape) / 1e6
    for k, shape in enumerate([(1, 3, 32, 32), (1, 64, 16, 16), (1, 128, 8, 8)])
]
assert [round(work) for work in work_of_pairs] == [79, 113, 113]

# %% GELU(-0.5) is -0.15, GELU(-3) is -0.004, and the two probabilities (cell [18])
assert round(gelu(-0.5), 2) == -0.15 and round(gelu(-3.0), 3) == -0.004
assert round((1 + erf(-0.5 / sqrt(2))) / 2, 2) == 0.31 and round((1 + erf(3 / sqrt(2))) / 2, 3) == 0.999

# %% batch norm takes 40 % of each batch, and its scale is not trained (cell [20])
norms = [module for module in shared.modules() if isinstance(module, nn.BatchNorm2d)]
assert len(norms) == 6 and all(norm.momentum == 0.4 for norm in norms)
assert all(not norm.weight.requires_grad and (norm.weight == 1).all() and norm.bias.requires_grad for norm in norms)
assert round(100 * convolution(2, 3)[1].momentum) == 40 and not convolution(2, 3)[1].weight.requires_grad

# %% two thirds more parameters, a fifth less work; in class the same (cell [24])
sizes = [sum(p.numel() for p in net.parameters()) for net in (vgg, shared)]
assert 1.6 < sizes[1] / sizes[0] < 1.7
assert (
    0.75 < 708 / 913 < 0.8
    and round(flop(vgg, backward=True) / 1e6) == 913
    and round(flop(shared, backward=True) / 1e6) == 708
)
assert [round(flop(net, backward=True) / 1e6) for net in (models.Vgg((16, 32, 64)), models.CifarNet((16, 64, 64)))] == [
    58,
    60,
]

# %% most of CifarNet's work is done at 15x15 and 7x7 places (cell [25])
middle = sum(w for w, side in zip(work, sides, strict=True) if side in (15, 7))
assert 0.8 < middle / sum(work) < 0.9

# %% CifarNet with random weights (cell [26])
course.between(accuracies["CifarNet: pooled early, wide late, GELU"], 59, 68, what="accuracy of CifarNet, in %,")

# %% slopes through eight parts (cell [28])
assert abs(0.1**8 - 1e-08) < 1e-12 and round(1.1**8, 1) == 2.1

# %% stored: all seeds with residual connections lie above all without, by nearly a point (cell [30])
rows = [ablation[idea] for idea in ("all ideas", "with: residual connections")]
assert [len(row) for row in rows] == [3, 3] and max(rows[0]) < min(rows[1])
assert 0.7 < (sum(rows[1]) - sum(rows[0])) / 3 < 1

# %% neighbours: nearly as much covariance as variance, and one axis that is far longer (cells [32] and [34])
pair_covariance = torch.cov(pairs.T)
course.between(
    pair_covariance[0, 1].item() / pair_covariance.diagonal().mean().item(), 0.88, 0.98, what="covariance by variance"
)
long_and_thin = torch.linalg.eigvalsh(pair_covariance)
course.between((long_and_thin[1] / long_and_thin[0]).item(), 15, 60, what="variance along by variance across")

# %% after whitening the pairs have variance 1 and no covariance (cell [35])
white_pairs = pairs @ torch.linalg.eigh(pair_covariance)[1] / long_and_thin.sqrt()
assert torch.allclose(torch.cov(white_pairs.T), torch.eye(2), atol=1e-2)

# %% in the simple matrix, the long axis has the variance 1.9 and the thin one 0.1 (cell [33])
assert torch.allclose(torch.linalg.eigvalsh(simple), torch.tensor([0.1, 1.9]), atol=1e-5)

# %% all covariances of a patch are positive and large, and the first axis has more than four fifths (cells [39], [40])
patch_covariance = torch.cov(patches.T)
course.between(patch_covariance.min().item(), 0.3, 1, what="smallest covariance of a patch")
course.between((values[-1] / values.sum()).item(), 0.8, 0.95, what="share of the first axis")
course.between((values[-1] / values[1]).item(), 2_000, 50_000, what="first variance by the last but one")

# %% the first filter has one sign, the first variance is 1, the last is smaller (cells [41] and [43])
if not cifar.standin:
    assert (kernels[0] > 0).all() or (kernels[0] < 0).all()
course.between(variances[0].item(), 0.98, 1.02, what="variance behind the first filter")
course.between(variances[-1].item(), 0.2, 0.9, what="variance behind the last filter")

# %% an untrained network with Dirac weights holds the brightness after six convolutions (cell [47])
torch.manual_seed(0)
starts = []
for passing in (False, True):
    net = airbench.initialize(models.CifarNet(narrow(64, 256, 256)), kernels, dirac=passing)
    first = F.gelu(net.first(images[:100]))
    coarse = F.adaptive_max_pool2d(first[:, 0], 3).flatten()
    starts.append(torch.corrcoef(torch.stack([coarse, net.blocks(first)[:, 0].flatten()]))[0, 1].item())
course.between(starts[1], 0.35, 1, what="correlation of the last channel 0 with the brightness, Dirac")
course.between(abs(starts[0]), 0, 0.3, what="the same, random")

# %% the first weights gain some points with one seed, at nearly the same training loss (cells [49] and [52])
plain, first = "CifarNet: pooled early, wide late, GELU", "first weights that pass the input on"
course.between(accuracies[first] - accuracies[plain], 0.7, 9, what="gain of the first weights, in points,")
course.between(accuracies[first], 63, 72, what="accuracy with first weights, in %,")
for epoch in (0, -1):
    course.between(
        histories[first].train_loss[epoch] - histories[plain].train_loss[epoch],
        -0.15,
        0.15,
        what="difference of training loss",
    )
course.between(
    histories[plain].train_loss[-1] - histories["lesson 10's network"].train_loss[-1],
    0.15,
    0.7,
    what="training loss above lesson 10's",
)

# %% stored: both first weights gain about three points, all seeds apart; each step alone overlaps (cell [51])
found = [diary[idea] for idea in IDEAS]
assert all(len(row) == 3 for row in found)
assert all(min(row) < max(above) for above, row in zip(found, found[1:], strict=False))
assert min(found[3]) > max(found[1]) and 2.5 < (sum(found[3]) - sum(found[1])) / 3 < 3.5
assert min(found[0]) < min(found[1]) and max(found[1]) < max(found[0]) + 1

# %% stored: the best seed of lesson 10's network is more than three points above the worst (cell [6])
assert 3 < max(three) - min(three) < 4

# %% three of six equal seeds are the three greatest in 1 of 20 cases (cell [50])
assert 20 == 6 * 5 * 4 // (3 * 2 * 1)

# %% what the text and the quiz name: steps of 0.001, what is added to a variance, a pair of variances
import inspect

assert abs(sum([0.001] * 1000) - 1) < 1e-9
assert inspect.signature(airbench.whitening_kernels).parameters["eps"].default == 5e-4
assert torch.allclose(torch.linalg.eigvalsh(torch.tensor([[2, 1.2], [1.2, 2]])), torch.tensor([0.8, 3.2]))

# %% filter 3 compares above with below, filter 4 left with right; map 4 has the sides of the neck (cells [41] and [42])
if course.speed != "smoke" and not cifar.standin:
    above = (kernels[:, :, 0] - kernels[:, :, 1]).sum(dim=(1, 2)).abs()
    left = (kernels[:, :, :, 0] - kernels[:, :, :, 1]).sum(dim=(1, 2)).abs()
    assert above[2] > 5 * left[2] and left[3] > 5 * above[3]
    neck = F.conv2d(images[7:8], kernels)[0, :, 12:28]  # the rows below the head
    assert neck[3].abs().max() > 2 * neck[2].abs().max()
    assert neck[3].max() > 1 and neck[3].min() < -1

# %% in the white cloud, a few differences of neighbours lie outside the drawing (cell [36])
course.between((white_pairs[::15].abs() > 3).any(dim=1).double().mean().item(), 0.01, 0.06, what="share outside")
