# %% half of the 50,000 training pictures are 25,000, and 2,500 of each class (cell [6])
assert len(kept) == 25_000 and (torch.bincount(labels[kept]) == 2_500).all()

# %% 45,000 pictures are left for training, and half of them are 22,500 (cell [9])
assert len(cifar.train) == 45_000 and len(balanced_sample(cifar.train, rate=0.5)) == 22_500

# %% 2,700 pictures in batches of 128 are 22 steps; three epochs are 66 (cell [15])
if course.speed != "smoke":
    assert len(few) == 2_700 and len(loader(few, 128)) == 22 and 3 * 22 == 66

# %% a tenth of the start value is left after 22 steps (cell [19])
assert abs(0.9**22 - 0.1) < 0.01 and 0.9 * 0.9 < 0.82

# %% the averages lag: evaluation mode is far below batch statistics, on validation and on training pictures (cell [18])
in_evaluation, in_batches = (
    evaluate(lagging, validation_loader).accuracy,
    with_batch_statistics(lagging, validation_loader),
)
course.between(in_batches, 0.28, 0.46, what="batch statistics: validation accuracy")
course.between(in_batches / in_evaluation, 1.35, 3.2, what="batch statistics / running averages")
course.between(
    evaluate(lagging, loader(few, 125)).accuracy / in_batches, 0.3, 0.8, what="training pictures, evaluation"
)

# %% fresh statistics and a larger momentum mend it (cells [22] and [23])
course.between(evaluate(fresh, validation_loader).accuracy - in_batches, -0.04, 0.04, what="fresh minus batch")
course.between(evaluate(faster, validation_loader).accuracy - in_batches, -0.09, 0.06, what="momentum 0.5 minus batch")

# %% the running variance of the first layer is too large (cell [20])
ratio = norms(lagging)[0].running_var.mean() / norms(fresh)[0].running_var.mean()
course.between(ratio.item(), 1.1, 3.5, what="running variance / fresh variance, first layer")

# %% without the start value, each running variance is close to the fresh one or below it: the start does it (cell [20])
without_start = copy.deepcopy(fresh)
for layer, old, new in zip(norms(without_start), norms(lagging), norms(fresh), strict=True):
    layer.running_var.copy_((old.running_var - start) / (1 - start))
    course.between((old.running_var.mean() / new.running_var.mean()).item(), 1.0, 3.5, what="old / fresh variance")
    course.between((layer.running_var.mean() / new.running_var.mean()).item(), 0.6, 1.15, what="without start / fresh")
course.between(evaluate(without_start, validation_loader).accuracy / in_batches, 0.75, 1.1, what="without start")

# %% the old variances do the harm, not the old means (cell [21])
for name, low, high in (("running_mean", 0.75, 1.1), ("running_var", 0.2, 0.75)):
    given_back = copy.deepcopy(fresh)
    for new, old in zip(norms(given_back), norms(lagging), strict=True):
        getattr(new, name).copy_(getattr(old, name))
    course.between(evaluate(given_back, validation_loader).accuracy / in_batches, low, high, what=f"old {name}")

# %% a larger momentum leaves the weights as they were (cell [23])
course.between((faster.fc.weight - lagging.fc.weight).abs().max().item(), 0, 0.01, what="difference of the weights")

# %% after three epochs both ways agree within a few points (cell [24])
both_ways = with_batch_statistics(longer, validation_loader) - evaluate(longer, validation_loader).accuracy
course.between(both_ways, -0.05, 0.08, what="batch statistics minus running averages, after 3 epochs")

# %% three seeds for each plan; in four epochs StepLR falls to 73 % (cells [29] to [32])
assert round(0.9**3, 2) == 0.73 and all(len(rows) == 3 for rows in plans.values())
ends = {name: statistics.mean(row[-1] for row in rows) for name, rows in plans.items()}
course.between(ends["line to 0"] - ends["constant"], 1, 6, what="line to 0 minus constant, in points")
course.between(ends["StepLR, 0.9"] - ends["constant"], -2.5, 2.5, what="StepLR minus constant, in points")
course.between(ends["line to 0"] - ends["constant, half"], 0.5, 9, what="line to 0 minus constant half, in points")

# %% in its first epoch, StepLR is the constant rate (cells [30] and [31])
firsts = [[row[0] for row in plans[name]] for name in ("constant", "StepLR, 0.9")]
course.between(max(abs(a - b) for a, b in zip(*firsts, strict=True)), 0, 0.5, what="StepLR minus constant, first epoch")

# %% both ways of measuring agree for the line; the constant rates' averages hide points (cell [34])
hidden = {name: [b - row[-1] for row, b in zip(plans[name], at_the_end[name], strict=True)] for name in plans}
if course.speed == "class":
    course.between(max(map(abs, hidden["line to 0"])), 0, 1, what="line: batch statistics minus averages, in points")
    course.between(max(hidden["constant"] + hidden["constant, half"]), 1.5, 15, what="constant rates: hidden points")

# %% with batch statistics the line is a point or two ahead of the larger rate; the smaller one comes close (cell [34])
settled = {name: statistics.mean(numbers) for name, numbers in at_the_end.items()}
if course.speed == "class":
    course.between(settled["line to 0"] - settled["constant"], 0.4, 3, what="line minus constant, batch statistics")
    course.between(settled["line to 0"] - settled["constant, half"], -1, 2, what="line minus half, batch statistics")
    rise = [row[-1] - row[-2] for row in plans["line to 0"]]
    course.between(min(rise), 0, 12, what="the line: rise of the worst seed in the last epoch, in points")

# %% 5,000 pictures for the plans, 4,000 for the gap, 30,000 for the training: 60,000 shown, 938 steps (cell [35])
if course.speed == "class":
    assert (len(small), len(four_thousand), len(sample)) == (5_000, 4_000, 30_000) and 2 * 30_000 == 60_000
    assert epochs * len(loader(sample, 64)) == 938

# %% the validation accuracies of the linear model, the MLP and the network (cells [37] and [38])
course.between(histories["linear"].validation_accuracy[-1], 0.36, 0.44, what="linear: validation accuracy")
course.between(histories["MLP"].validation_accuracy[-1], 0.41, 0.5, what="MLP: validation accuracy")
low, high = (0.78, 0.92) if course.speed == "full" else (0.70, 0.76)
course.between(histories["VGG-style"].validation_accuracy[-1], low, high, what="VGG: validation accuracy")

# %% the stored full run: widths 64, 128, 256 have 14 times the parameters; 750,000 pictures were shown (cell [40])
stored = runs["C"]["post"]["seeds"]["777"]
assert stored["parameters"] == sum(p.numel() for p in models.Vgg((64, 128, 256)).parameters())
assert round(stored["parameters"] / 82_554) == 14 and 15 * 50_000 == 750_000
assert (stored["test_accuracy"][-1], runs["C"]["ours"]["seeds"]["777"]["test_accuracy"][-1]) == (0.8744, 0.9134)

# %% it took half an hour (cell [40])
assert 25 < sum(stored["seconds"]) / 60 < 40

# %% nine rows and nine columns are 81 places (cell [42])
assert (40 - 32 + 1) ** 2 == 81

# %% validation and test measure real pictures, without augmentation (cell [46])
assert cifar.validation.transform is None and cifar.test.transform is None

# %% the fair gap: final weights, the same training pictures without augmentation (cell [48])
gap_of = {
    name: 100 * (evaluate(model, loader(four_thousand, 125)).accuracy - evaluate(model, validation_loader).accuracy)
    for name, model in [("plain", plain), ("augmented", augmented)]
}
course.between(gap_of["plain"], 20, 35, what="gap of the plain network, in points")
course.between(gap_of["augmented"], 3, 13, what="gap of the augmented network, in points")
course.between(
    evaluate(augmented, loader(four_thousand, 125)).accuracy, 0.62, 0.78, what="augmented: training accuracy"
)
course.between(evaluate(plain, validation_loader).accuracy, 0.58, 0.667, what="plain: validation accuracy")
course.between(evaluate(augmented, validation_loader).accuracy, 0.56, 0.68, what="augmented: validation accuracy")

# %% the accuracy on the test pictures (cell [50])
low, high = (0.78, 0.93) if course.speed == "full" else (0.67, 0.77)
course.between((answers == targets).double().mean().item(), low, high)

# %% cat and dog are the pair that is mixed up most (cell [51])
cat, dog = cifar.classes.index("cat"), cifar.classes.index("dog")
course.between(((both[cat * 10 + dog]) / wrong).item(), 0.09, 0.17, what="cat and dog, share of all mistakes")
assert 10 * 9 // 2 == 45 and round(100 / 45, 1) == 2.2

# %% automobile, ship and truck are far above cat and bird; best and worst are more than 20 points apart (cell [52])
of_class = dict(zip(cifar.classes, shares_right.tolist(), strict=True))
lowest = min(of_class[name] for name in ("automobile", "ship", "truck"))
course.between(lowest - max(of_class["cat"], of_class["bird"]), 5, 60, what="vehicles minus cat and bird, in points")
course.between(max(of_class.values()) - min(of_class.values()), 20, 60, what="best minus worst class, in points")

# %% the hot half carries more of the answer than the cold half (cell [58])
hot_kept, cold_kept = (kept_answers(right_places[:60], hot) for hot in (True, False))
course.between(cold_kept / 60, 0.5, 0.95, what="answers that stay without the cold half")
course.between(cold_kept / 60 - hot_kept / 60, 0.2, 0.8, what="answers that stay: cold minus hot half covered")

# %% LeNet and Conv32-64 have fewer parameters than v1 + BN, and make fewer mistakes (cell [61])
for name in ("LeNet", "Conv32-64"):
    (size, _, mistakes), (other_size, _, other_mistakes) = points[name], points["v1 + BN"]
    assert size < other_size and mistakes < other_mistakes

# %% the exercise on a network in few steps has 150 (table of exercises)
from course_utils.practice.exercises.lesson_10 import STEPS

assert STEPS == 150
