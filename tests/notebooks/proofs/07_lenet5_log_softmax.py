# %% 55,000 training pictures, 5,000 for validation, and 60,000 in all (cell [2])
assert len(mnist.train) == 55_000 and len(mnist.validation) == 5_000 and len(whole.train) == 60_000

# %% a square picture has sides of 28 and 784 pixels; two of them are 56 wide (cell [5])
assert image.shape == (1, 28, 28) and image.numel() == 784 and pair.shape == (1, 28, 56)

# %% mean and standard deviation of the training pixels are 0.131 and 0.308 (cell [8])
if not mnist.standin:
    assert (round(mean.item(), 3), round(std.item(), 3)) == (0.131, 0.308)

# %% 859 whole batches of 64 (cell [11])
assert len(brightness) // 64 == 859

# %% a Gaussian has 68 % within one standard deviation, so 32 % beyond; about 5 % beyond two (cells [13] and [24])
inside = [torch.tensor(k / 2**0.5).erf().item() for k in (1.0, 2.0)]
assert round(inside[0], 2) == 0.68 and round(1 - inside[0], 2) == 0.32 and round(1 - inside[1], 2) == 0.05

# %% pixels are not Gaussian, shuffled batch means nearly are (cell [13])
standardised = (pixels - mean) / std
shares = [((v - v.mean()).abs() < v.std()).double().mean().item() for v in (standardised, shuffled)]
course.between(shares[0], 0.84, 0.88, what="share of pixels within one standard deviation")
course.between(shares[1], 0.63, 0.74, what="share of shuffled batch means")
course.between((shuffled.std() / width).item(), 0.92, 1.08, what="spread of shuffled batch means / the theorem's")

# %% the mean of 64 random numbers: a spread of 0.289 becomes 0.036, an eighth (cell [10])
assert round(12**-0.5, 3) == 0.289 and round(12**-0.5 / 64**0.5, 3) == 0.036 and 64**0.5 == 8
assert abs(means_64.std() - 0.036) < 0.001

# %% in file order the bell is twice as wide, and has about 68 % within one spread, too (cell [13])
course.between((in_file_order.std() / width).item(), 1.8, 2.6, what="spread in file order / the theorem's")
inside = ((in_file_order - in_file_order.mean()).abs() < in_file_order.std()).double().mean().item()
course.between(inside, 0.64, 0.75, what="share of batch means in file order")

# %% whole stretches of the file are alike, not the direct neighbours (cell [13])
if not mnist.standin:
    pairs = [torch.stack([v[:-1], v[1:]]) for v in (brightness, in_file_order, shuffled)]
    alike = [torch.corrcoef(pair).tolist()[0][1] for pair in pairs]
    course.between(alike[0], -0.05, 0.05, what="correlation of two pictures in a row")
    course.between(alike[1], 0.4, 0.75, what="correlation of two batches in a row, in file order")
    course.between(alike[2], -0.15, 0.15, what="correlation of two batches in a row, shuffled")

# %% raw pictures go from 0 to 255, and each form sees 10,000 of them (cell [14])
assert mnist.train.images.max() == 255 and (len(some) == 10_000 or course.speed == "smoke")

# %% at 0.01 raw pictures are far ahead; each form has its own best rate; first weights move an entry (cell [19])
raw, unit, normed = [[three[1] for three in row] for row in table.values()]
at = {rate: i for i, rate in enumerate(rates)}
course.between(raw[at[0.01]], 0.91 - 0.06, 0.96, what="raw at 0.01")
course.between(normed[at[0.01]], 0.47 - 0.2, 0.47 + 0.2, what="standardised at 0.01")
course.between(unit[at[0.01]], 0.12 - 0.05, 0.12 + 0.2, what="0 to 1 at 0.01")
course.between(max(raw[at[0.1]], raw[at[0.3]]), 0.05, 0.5, what="raw at large rates")
course.between(max(raw[:2]) - max(raw[2:]), 0.1, 1, what="raw: rates up to 0.01 against larger ones")
course.between(normed[at[0.1]] - max(normed[:2]), 0.1, 1, what="standardised: 0.1 against smaller rates")
course.between(unit[at[0.3]] - max(unit[:3]), 0.3, 1, what="0 to 1: rate 0.3 against 0.03 and less")
few_right, _, most_right = table["raw, 0 to 255"][at[0.03]]
course.between(most_right - few_right, 0.2, 1, what="raw at 0.03, the best and the worst of three")

# %% with its own rate each form comes to 90 % or a little more (cell [20])
for name, row in own.items():
    course.between(sum(row) / 3, 0.90 - 0.06, 0.96, what=f"{name} at its own rate, mean of three")
middle = [sum(row) / 3 for row in own.values()]
course.between(max(middle) - min(middle), 0, 0.07, what="best form minus worst")

# %% five parts of 2,000 pictures; their scores differ by some points (cell [23])
assert [len(part) for part in parts] == [400] * 5 and 5 * 400 == 2_000
course.between(scores.mean().item(), 0.78, 0.88, what="mean score")
course.between((scores.max() - scores.min()).item(), 0.01, 0.08, what="best minus worst")
course.between(scores.std().item(), 0.011 - 0.007, 0.019, what="spread of the five scores, below that of coins")

# %% 10,000 exams of 400 tossed coins, each right with probability 0.832 (cell [24])
assert exams.shape == (10_000,) and abs(exams.mean() - 0.832) < 0.001

# %% ten epochs give 44 right answers more than five, of 116 that count; the spread is 11, or 35 (cell [28])
if not mnist.standin:
    assert abs((b - a) - 44) < 22 and abs((a + b) - 116) < 40
    assert abs((a + b) ** 0.5 - 11) < 2 and abs((2 * 5_000 * q * (1 - q)) ** 0.5 - 35) < 2
    assert 2 < (b - a) / (a + b) ** 0.5 < 7 and abs((b - a) / 5_000 - 0.009) < 0.004

# %% a window of 2 with padding, 28 pixels, 13 places (cell [30])
assert (28 - 3) // 2 + 1 == 13

# %% C5 holds 48,120 of 61,706 parameters, 48,000 of them weights; none is beyond 0.05 (cell [37])
assert sum(p.numel() for p in net.C5.parameters()) == 48_120 and sum(p.numel() for p in net.parameters()) == 61_706
assert len(weights) == 48_000 and weights.abs().max() <= 1 / (16 * 5 * 5) ** 0.5 == 0.05

# %% He's bound is larger by the root of 6, about 2.45 (cell [38])
assert round(6**0.5, 2) == 2.45 and 16 * 5 * 5 == 400

# %% the first weights reach 0.050 in PyTorch, 0.122 by He's rule (cell [38])
assert round((1 / 400) ** 0.5, 3) == 0.050 and round((6 / 400) ** 0.5, 3) == 0.122

# %% the coin: 99 values of p, and 1,000 tosses give a product of 0 (cell [46])
assert (
    torch.equal(likelihood_and_nll(700, 1_000)[0], likelihood) and likelihood.max() == 0 and likelihood.shape == (99,)
)
assert abs(heads_p[nll.argmin()] - 0.70) < 0.001

# %% the probability of 64 right digits underflows, for each of them is about one tenth (cell [48])
with torch.no_grad():
    each = net(pictures).softmax(dim=1)[torch.arange(64), digits]
assert len(each) == 64 and each.prod() == 0 and 0.05 < each.mean() < 0.15

# %% the quiz: 12,800 pictures in batches of 50, three times (question 7)
assert 3 * len(list(torch.arange(12_800).split(50))) == 768

# %% 640 pictures are 10 batches, and 30 passes 300 (cell [53])
assert epoch == 30 and len(few) == 10 and len(few.dataset) == 640 and steps == 300

# %% one pass is not thirty passes (cell [53])
once, _, once_optimizer = start()
one_pass(once, few, once_optimizer)
course.between(evaluate(once, validation).accuracy, 0.05, 0.35, what="accuracy after one pass")

# %% the largest of the last 50 losses is many times the least (cell [56])
course.between((last.max() / last.min()).item(), 4, 60, what="largest loss of the last 50 batches / least")

# %% for 1,000 pictures nearly 50 MB are kept, some 200 times the 0.25 MB of the parameters (cell [57])
megabytes, own_megabytes = kept / 1e6, 4 * 61_706 / 1e6
assert kept_bytes(net, torch.zeros(1_000, 1, 28, 28)) == kept and without == 0
assert 50 - 12 < megabytes < 50 + 12 and round(own_megabytes, 2) == 0.25 and 200 - 50 < megabytes / own_megabytes < 250

# %% more momentum alone, and more passes alone, remove more than half of the mistakes (cell [61])
mistakes = {name: [1 - v for v in history.validation_accuracy] for name, history in runs.items()}
plain, more, control = mistakes.values()
course.between(plain[0], 0.062 - 0.02, 0.062 + 0.03, what="mistakes, momentum 0.5, one epoch")
course.between(more[0], 0.027 - 0.012, 0.027 + 0.015, what="mistakes, momentum 0.9, one epoch")
course.between(more[0] / plain[0], 0.2, 0.6, what="mistakes left by momentum 0.9")
course.between(plain[-1] / plain[0], 0.2, 0.55, what="mistakes left by more passes")
course.between(more[-1] / plain[0], 0.1, 0.35, what="mistakes left by both")

# %% the control comes near to momentum 0.9 (cell [61])
course.between((plain[0] - control[0]) / (plain[0] - more[0]), 0.55, 1.4, what="share of the gain, one epoch")
course.between(abs(control[-1] - more[-1]), 0, 0.005, what="difference at the end")

# %% the paired count: momentum 0.9 against the first run, and against the control (cell [62])
best = correct["momentum 0.9"]
ahead, control_ahead = [
    ((best & ~other).sum() - (~best & other).sum()).item() for name, other in correct.items() if name != "momentum 0.9"
]
course.between(ahead, 20, 90, what="pictures that momentum 0.9 reads more than the first run")
if not mnist.standin and course.speed != "smoke":
    assert abs(ahead - 52) < 40 and abs(control_ahead - 3) < 25
    only_one = [(best != other).sum().item() ** 0.5 for other in correct.values()]
    assert abs(only_one[0] - 10) < 3 and abs(only_one[2] - 7) < 2 and 3 < ahead / only_one[0] < 8
    assert control_ahead / only_one[2] < 2
course.between(control_ahead, -20, 25, what="pictures that momentum 0.9 reads more than the control")

# %% with longer steps three epochs leave fewer mistakes than five of the first run (cell [63])
if len(plain) >= 5:
    course.between(max(more[2], control[2]) - plain[4], -0.02, 0.001, what="mistakes: three epochs against five")

# %% a gap of about one point, and no validation loss that goes on rising (cell [64])
known_pictures = loader(course.sample(mnist.train), batch_size=1000)
gaps = [evaluate(models[name], known_pictures).accuracy - runs[name].validation_accuracy[-1] for name in runs]
course.between(min(gaps), 0.002, 0.012, what="smallest gap")
course.between(max(gaps), 0.004, 0.02, what="largest gap")
for name, history in runs.items():
    course.between(
        history.validation_loss[-1] / history.validation_loss[0], 0.1, 0.75, what=f"{name}: loss, last / first"
    )
    course.between(
        history.validation_loss[-1] / min(history.validation_loss), 1, 1.3, what=f"{name}: loss, last / least"
    )

# %% 500 pictures: the validation loss turns after about 15 epochs and rises by a third or more (cell [67])
if course.speed != "smoke":
    assert len(curve) == 40 and len(by_heart) == 40
course.between(least + 1, 15 - 8, 15 + 10, what="epoch of the least validation loss")
course.between(curve[least].item(), 0.31 - 0.12, 0.31 + 0.15, what="least validation loss")
course.between(curve[-1].item(), 0.48 - 0.15, 0.48 + 0.25, what="last validation loss")
course.between((curve[-1] / curve[least]).item(), 1.2, 2.5, what="last validation loss / least")
course.between(by_heart.train_loss[-1], 0, 0.01, what="last training loss")
accuracies = by_heart.validation_accuracy
course.between(accuracies[-1] - accuracies[least], -0.03, 0.04, what="change of the accuracy since then")

# %% on the other 4,000 pictures early stopping lowers the loss, not the mistakes (cell [68])
assert len(exam.dataset) == 4_000
early, late = evaluate(stopped, exam), evaluate(small, exam)
course.between(early.loss, 0.40 - 0.1, 0.40 + 0.15, what="loss of the stopped model")
course.between(late.loss, 0.66 - 0.15, 0.66 + 0.2, what="loss after all epochs")
course.between(early.accuracy, 0.89 - 0.05, 0.89 + 0.03, what="accuracy of the stopped model")
course.between(late.accuracy - early.accuracy, -0.02, 0.04, what="difference of the accuracies")

# %% wrongly read pictures: mean loss 3.3, then 6.0; those read right: 0.049, then 0.022 (cell [69])
losses_of = {}
for name, one in (("early", stopped), ("late", small)):
    logits, targets = predict(one, exam)
    each = F.cross_entropy(logits, targets, reduction="none")
    hit = logits.argmax(dim=1) == targets
    losses_of[name] = each[~hit].mean().item(), each[hit].mean().item()
course.between(losses_of["early"][0], 3.3 - 0.9, 3.3 + 0.9, what="mean loss of wrong ones, stopped")
course.between(losses_of["late"][0], 6.0 - 1.0, 6.0 + 1.5, what="mean loss of wrong ones, all epochs")
course.between(losses_of["early"][1], 0.049 - 0.03, 0.049 + 0.08, what="mean loss of right ones, stopped")
course.between(losses_of["late"][1], 0.022 - 0.01, 0.022 + 0.02, what="mean loss of right ones, all epochs")
course.between(losses_of["late"][1] / losses_of["early"][1], 0.1, 0.8, what="right ones: all epochs / stopped")

# %% the network becomes surer of most answers, right and wrong; right digits of wrong ones fall (cell [69])
if not mnist.standin and course.speed != "smoke":
    before, after = (predict(one, exam)[0].softmax(dim=1) for one in (stopped, small))
    surer = after.amax(dim=1) > before.amax(dim=1)
    answers = predict(small, exam)[1]
    wrong = (before.argmax(dim=1) != answers) & (after.argmax(dim=1) != answers)
    fell = after.gather(1, answers[:, None]) < before.gather(1, answers[:, None])
    for what, some_of in (("all", surer), ("wrong", surer[wrong]), ("right digit of wrong", fell.squeeze(1)[wrong])):
        course.between(some_of.double().mean().item(), 0.65, 1, what=f"share, {what}")

# %% the real exam: 96 % after one pass, 99 % for the chosen one, over three quarters of mistakes gone (cell [70])
single_score, chosen_score = (evaluate(m, test).accuracy for m in (single, models[chosen]))
course.between(single_score, 0.96 - 0.02, 0.97, what="test accuracy after one pass")
course.between(chosen_score, 0.99 - 0.012, 0.995, what="test accuracy of the chosen model")
course.between((1 - chosen_score) / (1 - single_score), 0.12, 0.5, what="mistakes, as a share of those after one pass")
if not mnist.standin and course.speed != "smoke":
    assert abs(chosen_score - 0.9898) < 0.004 and abs(runs[chosen].validation_accuracy[-1] - 0.9860) < 0.004
course.between(chosen_score - runs[chosen].validation_accuracy[-1], 0.0038 - 0.004, 0.0038 + 0.004, what="test - mock")
assert round((0.986 * 0.014 * (1 / 5_000 + 1 / 10_000)) ** 0.5, 3) == 0.002

# %% the post's three losses lie within the noise of single batches (cell [71])
for i, value in reported.items():
    near = losses[max(i - 25, 0) : i + 25] or losses
    course.between(value, min(near), max(near), what=f"the post's loss after {i} iterations")
course.between(sum(near) / len(near), 0.061, 0.3, what="mean of the batches around the last one")
