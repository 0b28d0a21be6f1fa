# %% the accuracy of the MLP, on validation pictures (cell [4])
course.between(mlp_history.validation_accuracy[-1], 0.78, 0.90, what="validation accuracy of the MLP")

# %% no part of the moved sneaker is cut off (cell [6])
if not fashion.standin:
    assert light.min() == 0

# %% of 60,000 training pictures, 5,000 are kept aside (cell [16])
assert len(fashion.train) + 5_000 == len(fashion.train) + len(fashion.validation) == 60_000

# %% the first two epochs come close to the post (cell [16])
for epoch in [e for e in reported if e <= len(cnn_history)]:
    difference = cnn_history.validation_accuracy[epoch - 1] - reported[epoch][1]
    course.between(difference, -0.05, 0.05, what=f"difference in accuracy, epoch {epoch},")

# %% what the CNN reaches after 40 epochs, at full speed (cell [16])
if len(cnn_history) == 40:
    course.between(cnn_history.validation_accuracy[-1], full[1] - 0.015, full[1] + 0.015, what="epoch 40")

# %% with 1,000 pictures, dropout saves loss, not accuracy (cell [17])
assert len(small) == len(check) == 1_000
(plain_loss, plain), (dropout_loss, dropped) = (
    (history.validation_loss[-1], history.validation_accuracy[-1]) for history in few.values()
)
course.between(dropped - plain, -0.05, 0.05, what="accuracy that dropout gains")
course.between(plain_loss - dropout_loss, 0.1, 3, what="validation loss that dropout saves")

# %% dropout makes the calibration error smaller (cell [18])
course.between(errors["no dropout"] - errors["dropout 0.5"], 0.01, 0.2, what="calibration error that dropout saves")

# %% mean and standard deviation of Fashion-MNIST, and the spread with the numbers of MNIST (cell [19])
if not fashion.standin:
    assert (round(mean, 4), round(std, 4), round(wrong.std().item(), 2)) == (0.2860, 0.3530, 1.15)

# %% the wrong statistics change the accuracy little (cell [20])
course.between(max(map(abs, gain)), 0, 0.03, what="largest difference in accuracy")

# %% 3,000 test pictures, 300 of each class (cell [23])
assert len(some) == 3_000 and some.labels.bincount().tolist() == [300] * 10

# %% by 2 pixels the MLP loses much more than the CNN, by 8 pixels both are nearly lost (cell [23])
course.between(falls["MLP"][0] - falls["MLP"][2], 0.12, 0.40, what="accuracy that the MLP loses by 2 pixels")
course.between(falls["CNN"][0] - falls["CNN"][2], 0.02, 0.18, what="accuracy that the CNN loses by 2 pixels")
course.between(abs(falls["CNN"][8] - falls["MLP"][8]), 0, 0.12, what="difference of the two at 8 pixels")

# %% after 40 epochs, the CNN leads in place (cell [23])
if EPOCHS == 40:
    course.between(falls["CNN"][0] - falls["MLP"][0], 0.01, 0.06, what="lead of the CNN in place, after 40 epochs")

# %% the accuracy of the CNN on all 10,000 test pictures (cell [24])
assert len(targets) == len(fashion.test) == 10_000
course.between((answers == targets).float().mean().item(), 0.80, 0.92)

# %% the shirt is the hardest class, and is taken for other tops (cell [24])
counts = torch.bincount(10 * targets + answers, minlength=100).reshape(10, 10)  # row: truth, column: answer
if course.speed != "smoke" and not fashion.standin:
    assert fashion.classes[counts.diagonal().argmin()] == "Shirt"
as_tops = counts[6, [0, 2, 4]].sum() / (counts[6].sum() - counts[6, 6])
course.between(as_tops.item(), 0.8, 1, what="its mistakes as other tops")
