# %% of 60,000 training pictures, 5,000 are kept aside (cell [3])
assert len(fashion.train) + 5_000 == len(fashion.train) + len(fashion.validation) == 60_000

# %% the accuracy of the MLP, on validation pictures (cell [6])
assert mlp.layers[0].out_features == 28 and shoe.shape[-2:] == (28, 28)
course.between(abs(mlp_history.validation_accuracy[-1] - 0.86), 0, 0.03, what="accuracy of the MLP, away from 86 %")

# %% no part of the moved sneaker is cut off (cell [9])
if not fashion.standin:
    assert light.min() == 0

# %% a new network guesses (cell [26])
torch.manual_seed(777)
pictures, labels = next(iter(loader(fashion.train, batch_size=64, shuffle=True, seed=777)))
assert abs(F.cross_entropy(FashionCnn()(pictures), labels).item() - 2.303) < 0.2

# %% in every epoch the training accuracy is lower (cell [27])
gaps = [v - t for v, t in zip(cnn_history.validation_accuracy, cnn_history.train_accuracy, strict=True)]
course.between(min(gaps[:5]), 0.01, 0.3, what="validation accuracy above the training accuracy, at least")

# %% dropout is the larger cause: about three points against about one (cell [28])
dropout_on, dropout_off = accuracy_in_training_mode(cnn, known), evaluate(cnn, known).accuracy
moving = dropout_on - cnn_history.train_accuracy[-1]
course.between(dropout_off - dropout_on, 0.02, 0.05, what="accuracy that dropout costs in training")
course.between(moving, -0.005, 0.025, what="accuracy that the changing weights cost")
course.between(dropout_off - dropout_on - moving, 0.002, 0.06, what="dropout costs more than the changing weights")

# %% the first 1,000 validation pictures choose, the other 4,000 are the exam (cell [30])
assert len(mock.dataset) == 1_000 and len(exam.dataset) == 4_000 and len(few) == round(len(fashion.train) / 55) == 1_000

# %% the training loss goes to 0, the validation loss turns and rises, the accuracy stays (cell [33])
assert MANY in (3, 60)
course.between(plain.train_loss[-1], 0, 0.03, what="training loss at the end")
course.between(best + 1, 8, 30, what="epoch of the least validation loss")
course.between(
    plain.validation_loss[-1] / min(plain.validation_loss), 1.7, 4, what="validation loss, end against least"
)
course.between(abs(plain.validation_accuracy[-1] - 0.80), 0, 0.05, what="validation accuracy at the end, from 80 %")
course.between(plain.validation_accuracy[-1] - plain.validation_accuracy[best], -0.015, 0.06, what="accuracy gained")

# %% on the exam, stopping makes the loss about half as large, and the accuracy no better (cell [36])
early, late = evaluate(stopped, exam), evaluate(last, exam)
course.between(abs(early.loss - 0.6), 0, 0.08, what="loss when stopped, away from 0.6")
course.between(abs(late.loss - 1.2), 0, 0.3, what="loss of the last epoch, away from 1.2")
course.between(early.loss / late.loss, 0.3, 0.65, what="loss when stopped, as a share of that of the last epoch")
course.between(late.accuracy - early.accuracy, -0.005, 0.045, what="accuracy that the last epoch is ahead")

# %% before the minimum the loss rose (cell [39])
course.between(len(rises), 1, 20, what="rises before the minimum")

# %% dropout: the least losses are about equal, the last ones not (cell [43])
course.between(
    min(with_dropout.validation_loss) - min(plain.validation_loss),
    -0.06,
    0.06,
    what="least loss with dropout minus without",
)
course.between(plain.validation_loss[-1] - with_dropout.validation_loss[-1], 0.2, 1.2, what="loss that dropout saves")

# %% with dropout off, on the 1,000 pictures: all against about 97 %, a loss of about 0 against 0.1 (cell [43])
assert len(few) == 1_000
closely, loosely = (evaluate(model, loader(few, batch_size=500)) for model in (last, dropped))
course.between(closely.accuracy, 0.998, 1, what="accuracy on its own pictures, trained without dropout")
course.between(closely.loss, 0, 0.02, what="loss on its own pictures, trained without dropout")
course.between(abs(loosely.accuracy - 0.97), 0, 0.02, what="accuracy on its own pictures with dropout, away from 97 %")
course.between(abs(loosely.loss - 0.1), 0, 0.05, what="loss on its own pictures with dropout, away from 0.1")

# %% with 55,000 pictures the validation loss is less than 0.5 (cell [27])
assert len(fashion.train) == 55_000
course.between(cnn_history.validation_loss[-1], 0.2, 0.5, what="validation loss of the CNN")

# %% mean and standard deviation of Fashion-MNIST, and what MNIST's numbers make of them (cell [44])
assert len(pixels_of_all := torch.cat([fashion.train.images, fashion.validation.images])) == 60_000
if not fashion.standin:
    assert (round(mean, 4), round(std, 4), round(wrong.std().item(), 2)) == (0.2860, 0.3530, 1.15)
    assert round(wrong.mean().item(), 2) == 0.50 and 0.1307 < mean and round(std / 0.3081, 2) == 1.15
del pixels_of_all

# %% the wrong statistics change the accuracy little (cell [47])
course.between(max(map(abs, gain)), 0, 0.035, what="largest difference in accuracy")
course.between(abs(sum(gain) / 3), 0, 0.02, what="mean difference in accuracy")

# %% 6 + 4 * 2 = 14 pixels (cell [53])
assert patches.shape[-2:] == (14, 14)

# %% some channels answer to one class, others to several (cell [54])
kinds = [len(fashion.validation.labels[strongest[:, k].argsort(descending=True)[:10]].unique()) for k in range(20)]
course.between(sum(kind == 1 for kind in kinds), 1, 16, what="channels whose ten parts come from one class")
course.between(max(kinds), 3, 10, what="most classes of a channel")

# %% a network that is not trained has such channels, too: two of the first six answer to ten trousers (cell [54])
torch.manual_seed(1)
untrained_net = FashionCnn()
answered = activations(untrained_net, untrained_net.conv2, validation).amax(dim=(2, 3))
tops = [fashion.validation.labels[answered[:, k].argsort(descending=True)[:10]] for k in range(6)]
if not fashion.standin:
    assert sum(bool((ten == fashion.classes.index("Trouser")).all()) for ten in tops) == 2

# %% 3,000 test pictures, 300 of each class (cell [55])
assert len(test_part) == 3_000 and test_part.labels.bincount().tolist() == [300] * 10

# %% by 2 pixels the MLP loses about 22 points and the CNN about 10, by 8 pixels about 20 % are left (cell [56])
mlp_lost, cnn_lost = (100 * (falls[name][0] - falls[name][2]) for name in ("MLP", "CNN"))
course.between(abs(mlp_lost - 22), 0, 5, what="points that the MLP loses by 2 pixels, away from 22")
course.between(abs(cnn_lost - 10), 0, 4, what="points that the CNN loses by 2 pixels, away from 10")
course.between(mlp_lost / cnn_lost, 1.5, 3.2, what="points that the MLP loses for one of the CNN")
for name in ("MLP", "CNN"):
    course.between(abs(falls[name][0] - 0.85), 0, 0.06, what=f"{name} in place, away from 85 %")
    course.between(abs(falls[name][8] - 0.20), 0, 0.06, what=f"{name} moved by 8 pixels, away from 20 %")

# %% it is not luck: each MLP loses about 20 points, each CNN less than half of it (cell [58])
for points in lost_points["MLP"]:
    course.between(abs(points - 20), 0, 4, what="points that an MLP loses, away from 20")
course.between(max(lost_points["CNN"]) / min(lost_points["MLP"]), 0, 0.7, what="the worst CNN against the best MLP")
course.between(sum(lost_points["CNN"]) / sum(lost_points["MLP"]), 0.25, 0.55, what="lost points, CNN against MLP")

# %% by 2 pixels the last maps change less than the pixels, by 8 pixels no longer (cell [60])
if not fashion.standin:
    assert round(change(raw_pixels, 2), 2) == 0.54
course.between(abs(change(last_maps, 2) - 0.4), 0, 0.08, what="how much the last maps change by 2, away from 0.4")
course.between(change(raw_pixels, 2) - change(last_maps, 2), 0.05, 0.4, what="how much less the last maps change by 2")
course.between(change(raw_pixels, 8) - change(last_maps, 8), -0.3, 0.08, what="how much less the last maps change by 8")
untrained = change(lambda part: last_maps(part, new), 2)
course.between(change(raw_pixels, 2) - untrained, 0.02, 0.4, what="the same by 2, with the first weights")

# %% the accuracy of the CNN on all 10,000 test pictures (cell [61])
assert len(fashion.test) == 10_000
course.between(evaluate(cnn, loader(fashion.test, batch_size=500)).accuracy, 0.80, 0.92)

# %% the shirt is the hardest class, and is taken for other tops (cell [62])
scores, truth = predict(cnn, loader(fashion.test, batch_size=500))
table = torch.bincount(10 * truth + scores.argmax(dim=1), minlength=100).reshape(10, 10)  # row: truth, column: answer
if course.speed != "smoke" and not fashion.standin:
    assert fashion.classes[table.diagonal().argmin()] == "Shirt"
as_tops = table[6, [0, 2, 4]].sum() / (table[6].sum() - table[6, 6])
course.between(as_tops.item(), 0.8, 1, what="its mistakes as other tops")

# %% how sure: the stopped network by about 5 points too much, the others by more than 10 (cell [64])
sure = {}
for name, (scores, truth) in outputs.items():
    confidence, chosen = scores.softmax(dim=1).max(dim=1)
    sure[name] = (confidence.mean() - (chosen == truth).float().mean()).item()
course.between(sure["no dropout, stopped"], 0, 0.085, what="confidence above accuracy, stopped")
for name in ("no dropout, last epoch", "dropout 0.5, last epoch"):
    course.between(sure[name], 0.09, 0.2, what=f"confidence above accuracy, {name}")

# %% half of the answers between 80 and 90 % are right; 90 % or more is the most frequent (cell [65])
shares = {name: calibration.reliability(*output)[2] for name, output in outputs.items()}
course.between(
    abs(calibration.reliability(*outputs["no dropout, last epoch"])[1][8].item() - 0.5),
    0,
    0.15,
    what="share of right answers between 80 and 90 %, away from half",
)
for name, share in shares.items():
    course.between(share[9].item(), 0.45, 1, what=f"share of the answers with a confidence of 90 % or more, {name}")
for name in ("no dropout, last epoch", "dropout 0.5, last epoch"):
    more = (shares[name][9] - shares["no dropout, stopped"][9]).item()
    course.between(more, 0.05, 0.5, what=f"how much more often than in the stopped network, {name}")

# %% the calibration errors: a few hundredths when stopped, clearly more at the end (cell [66])
errors = {name: calibration_error(*output) for name, output in outputs.items()}
course.between(errors["no dropout, stopped"], 0.01, 0.09, what="calibration error when stopped")
course.between(errors["no dropout, last epoch"], 0.10, 0.2, what="calibration error at the end")
course.between(errors["dropout 0.5, last epoch"], 0.09, 0.2, what="calibration error at the end, with dropout")
