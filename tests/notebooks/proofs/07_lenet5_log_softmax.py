# %% 55,000 training pictures, 5,000 for validation, and 60,000 in all (cell [2])
assert len(mnist.train) == 55_000 and len(mnist.validation) == 5_000 and len(whole.train) == 60_000

# %% a square picture has sides of 28 and 784 pixels; two of them are 56 wide (cell [5])
assert image.shape == (1, 28, 28) and image.numel() == 784 and pair.shape == (1, 28, 56)

# %% mean and standard deviation of the training pixels are 0.131 and 0.308 (cell [8])
if not mnist.standin:
    assert (round(mean.item(), 3), round(std.item(), 3)) == (0.131, 0.308)

# %% 859 whole batches of 64 (cell [10])
assert len(brightness) // 64 == 859

# %% a Gaussian has 68 % within one standard deviation, so 32 % beyond; about 5 % beyond two (cells [12] and [20])
inside = [torch.tensor(k / 2**0.5).erf().item() for k in (1.0, 2.0)]
assert round(inside[0], 2) == 0.68 and round(1 - inside[0], 2) == 0.32 and round(1 - inside[1], 2) == 0.05

# %% pixels are not Gaussian, shuffled batch means nearly are (cell [12])
standardised = (pixels - mean) / std
shares = [((v - v.mean()).abs() < v.std()).double().mean().item() for v in (standardised, shuffled)]
course.between(shares[0], 0.84, 0.88, what="share of pixels within one standard deviation")
course.between(shares[1], 0.63, 0.74, what="share of shuffled batch means")
course.between((shuffled.std() / width).item(), 0.92, 1.08, what="spread of shuffled batch means / the theorem's")

# %% in file order the spread of batch means is about twice too large (cell [12])
course.between((in_file_order.std() / width).item(), 1.8, 2.6, what="spread in file order / the theorem's")

# %% raw pictures go from 0 to 255, and each form sees 10,000 of them (cell [13])
assert mnist.train.images.max() == 255 and (len(some) == 10_000 or course.speed == "smoke")

# %% at 0.01 raw pictures are far ahead; each form has its own best rate (cell [15])
raw, unit, normed = table.values()
at = {rate: i for i, rate in enumerate(rates)}
course.between(raw[at[0.01]], 0.90 - 0.06, 0.95, what="raw at 0.01")
course.between(normed[at[0.01]], 0.56 - 0.25, 0.56 + 0.2, what="standardised at 0.01")
course.between(unit[at[0.01]], 0.26 - 0.18, 0.26 + 0.2, what="0 to 1 at 0.01")
course.between(max(raw[at[0.1]], raw[at[0.3]]), 0.05, 0.6, what="raw at large rates")
course.between(max(raw[:2]) - max(raw[2:]), -0.02, 1, what="raw: rates up to 0.01 against larger ones")
course.between(unit[at[0.3]] - max(unit[:3]), 0.3, 1, what="0 to 1: rate 0.3 against 0.03 and less")

# %% with its own rate each form comes to about 90 % (cell [16])
for name, row in own.items():
    course.between(sum(row) / 3, 0.90 - 0.06, 0.96, what=f"{name} at its own rate, mean of three")
middle = [sum(row) / 3 for row in own.values()]
course.between(max(middle) - min(middle), 0, 0.07, what="best form minus worst")

# %% five parts of 2,000 pictures; their scores differ by some points (cell [19])
assert [len(part) for part in parts] == [400] * 5 and 5 * 400 == 2_000
course.between(scores.mean().item(), 0.78, 0.88, what="mean score")
course.between((scores.max() - scores.min()).item(), 0.01, 0.08, what="best minus worst")

# %% 10,000 exams of 400 tossed coins, each right with probability 0.835 (cell [20])
assert exams.shape == (10_000,) and abs(exams.mean() - 0.835) < 0.001

# %% ten epochs give 44 right answers more than five, of 116 that count; the spread is 11, or 35 (cell [24])
if not mnist.standin:
    assert abs((b - a) - 44) < 22 and abs((a + b) - 116) < 40
    assert abs((a + b) ** 0.5 - 11) < 2 and abs((2 * 5_000 * q * (1 - q)) ** 0.5 - 35) < 2
    assert 2 < (b - a) / (a + b) ** 0.5 < 7 and abs((b - a) / 5_000 - 0.009) < 0.004

# %% a window of 2 with padding, 28 pixels, 13 places (cell [26])
assert (28 - 3) // 2 + 1 == 13

# %% C5 holds 48,120 of 61,706 parameters, 48,000 of them weights; none is beyond 0.05 (cell [33])
assert sum(p.numel() for p in net.C5.parameters()) == 48_120 and sum(p.numel() for p in net.parameters()) == 61_706
assert len(weights) == 48_000 and weights.abs().max() <= 1 / (16 * 5 * 5) ** 0.5 == 0.05

# %% He's bound is larger by the root of 6, about 2.4 (cell [34])
assert round(6**0.5, 1) == 2.4 and 16 * 5 * 5 == 400

# %% the first weights reach 0.050 in PyTorch, 0.122 by He's rule (cell [34])
assert round((1 / 400) ** 0.5, 3) == 0.050 and round((6 / 400) ** 0.5, 3) == 0.122

# %% the coin: 99 values of p, and 1,000 tosses give a product of 0 (cell [43])
assert (
    torch.equal(likelihood_and_nll(700, 1_000)[0], likelihood) and likelihood.max() == 0 and likelihood.shape == (99,)
)
assert abs(p[nll.argmin()] - 0.70) < 0.001

# %% the probability of 64 right digits underflows, for each of them is about one tenth (cell [44])
assert len(each) == 64 and each.prod() == 0 and 0.05 < each.mean() < 0.15

# %% 640 pictures are 10 batches, and 30 passes 300 (cell [49])
assert len(few) == 10 and len(few.dataset) == 640 and steps == 300

# %% one pass is not thirty passes (cell [49])
once, _, once_optimizer = start()
one_pass(once, few, once_optimizer)
course.between(evaluate(once, validation).accuracy, 0.05, 0.35, what="accuracy after one pass")

# %% the largest of the last 50 losses is many times the least (cell [52])
course.between((last.max() / last.min()).item(), 4, 60, what="largest loss of the last 50 batches / least")

# %% for 1,000 pictures nearly 50 MB are kept, some 200 times the 0.25 MB of the parameters (cell [53])
megabytes, own_megabytes = kept / 1e6, 4 * 61_706 / 1e6
assert kept_bytes(net, torch.zeros(1_000, 1, 28, 28)) == kept and without == 0
assert 50 - 12 < megabytes < 50 + 12 and round(own_megabytes, 2) == 0.25 and 200 - 50 < megabytes / own_megabytes < 250

# %% more momentum alone, and more passes alone, remove more than half of the mistakes (cell [57])
mistakes = {name: [1 - v for v in history.validation_accuracy] for name, history in runs.items()}
plain, more, control = mistakes.values()
course.between(plain[0], 0.062 - 0.02, 0.062 + 0.03, what="mistakes, momentum 0.5, one epoch")
course.between(more[0], 0.027 - 0.012, 0.027 + 0.015, what="mistakes, momentum 0.9, one epoch")
course.between(more[0] / plain[0], 0.2, 0.6, what="mistakes left by momentum 0.9")
course.between(plain[-1] / plain[0], 0.2, 0.55, what="mistakes left by more passes")
course.between(more[-1] / plain[0], 0.1, 0.35, what="mistakes left by both")

# %% the control comes near to momentum 0.9 (cell [57])
course.between((plain[0] - control[0]) / (plain[0] - more[0]), 0.55, 1.4, what="share of the gain, one epoch")
course.between(abs(control[-1] - more[-1]), 0, 0.005, what="difference at the end")

# %% a gap of about one point, and validation losses that still fall (cell [59])
known_pictures = loader(course.sample(mnist.train), batch_size=1000)
gaps = [evaluate(models[name], known_pictures).accuracy - runs[name].validation_accuracy[-1] for name in runs]
course.between(min(gaps), 0.002, 0.012, what="smallest gap")
course.between(max(gaps), 0.004, 0.02, what="largest gap")
for name, history in runs.items():
    course.between(
        history.validation_loss[-1] / history.validation_loss[0], 0.1, 0.75, what=f"{name}: loss, last / first"
    )

# %% 500 pictures: the validation loss turns after about 15 epochs and rises by a third or more (cell [61])
if course.speed != "smoke":
    assert len(loss) == 40 and len(by_heart) == 40
course.between(least + 1, 15 - 8, 15 + 10, what="epoch of the least validation loss")
course.between(loss[least].item(), 0.31 - 0.12, 0.31 + 0.15, what="least validation loss")
course.between(loss[-1].item(), 0.48 - 0.15, 0.48 + 0.25, what="last validation loss")
course.between((loss[-1] / loss[least]).item(), 1.2, 2.5, what="last validation loss / least")
course.between(by_heart.train_loss[-1], 0, 0.01, what="last training loss")
accuracies = by_heart.validation_accuracy
course.between(accuracies[-1] - accuracies[least], -0.03, 0.04, what="change of the accuracy since then")

# %% the real exam: 96 % after one pass, 99 % for the chosen model, three quarters of the mistakes gone (cell [62])
single_score, chosen_score = (evaluate(m, test).accuracy for m in (single, models[chosen]))
course.between(single_score, 0.96 - 0.02, 0.97, what="test accuracy after one pass")
course.between(chosen_score, 0.99 - 0.012, 0.995, what="test accuracy of the chosen model")
course.between((1 - chosen_score) / (1 - single_score), 0.12, 0.5, what="mistakes, as a share of those after one pass")
assert round((0.986 * 0.014 * (1 / 5_000 + 1 / 10_000)) ** 0.5, 3) == 0.002

# %% the post's three losses lie within the noise of single batches (cell [63])
for i, value in reported.items():
    near = losses[max(i - 25, 0) : i + 25] or losses
    course.between(value, min(near), max(near), what=f"the post's loss after {i} iterations")
course.between(sum(near) / len(near), 0.061, 0.3, what="mean of the batches around the last one")
