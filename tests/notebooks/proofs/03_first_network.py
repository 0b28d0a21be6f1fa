# %% 28 rows of 28 pixels are 784, and ten weighted sums have 7,850 parameters (cells [4] and [6])
assert mnist.train.images[0].numel() == 784 == 28 * 28 and 7_850 == 10 * 784 + 10 == W.numel() + b.numel()

# %% random weights are right in about one case of ten (cell [9])
for seed in range(5):
    torch.manual_seed(seed)
    blind = (new_images.flatten(1) @ torch.randn(784, 10)).argmax(dim=1)
    course.between((blind == new_targets).float().mean().item(), 0.01, 0.25, what="accuracy of random weights")

# %% a score that is 1 higher has 2.718 times the probability (cell [11])
ratio = (F.softmax(three, dim=0)[0] / F.softmax(three, dim=0)[1]).item()
assert three.tolist() == [2.0, 1.0, -1.0] and abs(ratio - 2.718) < 0.001

# %% ten equal probabilities of 0.1 have the loss 2.303, and random weights are close to it (cell [16])
assert round(-math.log(0.1), 3) == 2.303
torch.manual_seed(777)
random_loss = measure(0.01 * torch.randn(10, 784), torch.zeros(10), new_images, new_targets)[0]
course.between(random_loss, 2.2, 2.45, what="loss of random weights")

# %% one step: from 2.3 to 1.7 for its own batch, to 1.9 for another (cell [24])
torch.manual_seed(777)
step_W = 0.01 * torch.randn(10, 784)
own, other = (
    (pictures.flatten(1), labels)
    for pictures, labels in (
        next(iter(loader(mnist.train, batch_size=100, shuffle=True, seed=seed))) for seed in (777, 1)
    )
)
slopes = (F.softmax(own[0] @ step_W.T, dim=1) - F.one_hot(own[1], 10)).T @ own[0] / 100
step_losses = [F.cross_entropy(x @ w.T, t).item() for x, t in (own, other) for w in (step_W, step_W - 0.5 * slopes)]
assert step_losses[1] < step_losses[0] and step_losses[3] < step_losses[2]
if not mnist.standin:
    assert abs(step_losses[0] - 2.3) < 0.06 and abs(step_losses[1] - 1.7) < 0.06, step_losses
    assert abs(step_losses[2] - 2.3) < 0.06 and abs(step_losses[3] - 1.9) < 0.06, step_losses

# %% a training of 550 steps of 100 pictures: nine of ten pictures are right (cells [25] to [27])
assert len(mnist.train) == 55_000 == 550 * 100 and course.epochs(smoke=2, classroom=5, full=20) in (2, 5, 20)
one_W, one_b, one_losses, _ = train_by_hand(0.5, epochs=1)
course.between(measure(one_W, one_b, new_images, new_targets)[1], 0.88, 0.93, what="validation accuracy")
course.between(measure(one_W, one_b, some_images, some_targets)[1], 0.88, 0.94, what="training accuracy")
course.between(sum(one_losses[-20:]) / 20, 0.2, 0.45, what="loss of the last batches")

# %% at smoke speed the sample has 2,048 pictures (cell [25])
assert len(course.sample(mnist.train)) == (2_048 if course.speed == "smoke" else 55_000)

# %% the validation loss: from 2.3 to 0.33, then to 0.31 and no further; training goes on to 0.28 (cells [30] and [31])
if course.speed != "smoke" and not mnist.standin:
    training_losses, validation_losses = ([row[part][0] for row in table] for part in (0, 1))
    assert abs(validation_losses[0] - 2.3) < 0.1 and abs(validation_losses[1] - 0.33) < 0.02
    gaps = [new - old for new, old in zip(validation_losses, training_losses, strict=True)]
    assert gaps[-1] > gaps[2] > gaps[1] > 0 and training_losses[-1] == min(training_losses)
    if course.speed == "class":
        assert abs(validation_losses[-1] - 0.31) < 0.02 and abs(validation_losses[-1] - validation_losses[3]) < 0.006
        assert abs(training_losses[-1] - 0.28) < 0.015 and training_losses[3] - training_losses[-1] > 0.005
        assert abs(table[-1][1][1] - 0.91) < 0.012

# %% the weights of the 0 are negative in the middle and positive beside it, and all are small at the border (cell [36])
if course.speed != "smoke" and not mnist.standin:
    zero = W[0].view(28, 28)
    assert zero[11:17, 12:16].mean() < -0.1 < 0 < zero[10:18, 5:9].mean()
    assert W.view(10, 28, 28)[:, 0].abs().max() < 0.05 < W.abs().max() / 10

# %% the surest wrong answers are almost sure (cell [38])
if course.speed != "smoke" and not mnist.standin:
    assert highest[surest].min() > 0.9 and len(surest) == 16
    assert 0.05 < len(wrong) / len(new_targets) < 0.12

# %% pictures moved by a pixel: six points fewer; by three: less than half is right (cell [39])
shares_right = [measure(W, b, new_images.roll(k, dims=3), new_targets)[1] for k in (0, 1, 2, 3)]
course.between(shares_right[0] - shares_right[1], 0.045, 0.075, what="points lost by one pixel")
course.between(shares_right[3], 0.3, 0.49, what="accuracy after three pixels")

# %% learning rates 0.001, 0.5 and 30: near 1.8, below 1 within 30 steps, and above 100 (cells [42] and [43])
if course.speed != "smoke" and not mnist.standin:
    slow, good, wild = (rates[rate][2] for rate in (0.001, 0.5, 30))
    assert all(abs(run[0] - 2.3) < 0.1 for run in (slow, good, wild))
    assert abs(rates[0.001][3][-1][1][0] - 1.8) < 0.1 and max(good[10:60]) < 2 and min(good[:30]) < 1
    assert max(wild[:10]) > 100
    course.between(rates[30][3][-1][1][0] / math.log(10), 1.2, 20, what="loss of the rate 30, in ln 10")
    course.between(rates[30][3][-1][1][1], 0.6, 0.93, what="accuracy with the rate 30")

# %% with the rate 30, wrong answers have a mean probability of about 98 % (cell [44])
wild_p, wild_answers = F.softmax(new_images.flatten(1) @ rates[30][0].T + rates[30][1], dim=1).max(dim=1)
course.between(wild_p[wild_answers != new_targets].mean().item(), 0.98 - 0.03, 1, what="probability of wrong answers")

# %% of five rates 0.5 is the best after one epoch: 0.392, 0.338 (rate 0.3), 0.327, 0.333 (rate 1.0) (cell [45])
if course.speed != "smoke" and not mnist.standin:
    after_an_epoch = {rate: train_by_hand(rate, epochs=1)[3][-1][1][0] for rate in (0.1, 0.3, 0.5, 1.0)}
    assert abs(after_an_epoch[0.1] - 0.392) < 0.004 and abs(after_an_epoch[0.3] - 0.338) < 0.004, after_an_epoch
    assert abs(after_an_epoch[0.5] - 0.327) < 0.004 and abs(after_an_epoch[1.0] - 0.333) < 0.004, after_an_epoch
    assert min(after_an_epoch, key=after_an_epoch.get) == 0.5

# %% the three factors of a step: 0.8, -0.8 and -1.2 (cell [40])
assert torch.allclose(1 - 2 * torch.tensor([0.1, 0.9, 1.1]), torch.tensor([0.8, -0.8, -1.2]))

# %% one line and two linear layers end at 54 %, 16 units with ReLU near 100 % (cells [47] and [52])
shares_of_rings = [
    (network(points).argmax(dim=1) == rings).float().mean().item() for network in (one_layer, two_layers, with_relu)
]
assert all(abs(share - 0.54) < 0.05 for share in shares_of_rings[:2]) and shares_of_rings[2] >= 0.97, shares_of_rings
assert with_relu[0].out_features == 16 == two_layers[0].out_features

# %% the best line of all gets 67 % of the two rings (cell [47])
best_share = 0.0
for direction in torch.linspace(0, torch.pi, 2001).tolist():
    along = points @ torch.tensor([math.cos(direction), math.sin(direction)])
    ordered = rings[along.argsort()]
    zeros_before = F.pad((ordered == 0).cumsum(0), (1, 0))  # of the points on one side, for each place of the line
    ones_after = ordered.sum() - F.pad(ordered.cumsum(0), (1, 0))
    share_right = (zeros_before + ones_after) / len(rings)
    best_share = max(best_share, share_right.max().item(), 1 - share_right.min().item())
assert 0.67 <= best_share < 0.67 + 0.01, best_share

# %% a step of backpropagation by hand: 4 and 24 (cells [55] and [56])
assert (d_w2, d_w1) == (4.0, 24.0) == (a2.grad.item(), a1.grad.item())

# %% the network without ReLU has as many parameters as the one with it, 50,890 (cells [63] and [70])
assert all(sum(q.numel() for q in net.parameters()) == 50_890 for net in (Network(64), no_relu(), Mlp((64,))))

# %% one hidden layer of 32 units has 25,450 parameters (question 3 of the quiz)
assert sum(q.numel() for q in Mlp((32,)).parameters()) == 25_450

# %% with ReLU about five points more are right than without hidden layer, and no ReLU is a point worse (cell [70])
linear_right, chain_right, relu_right = (run.validation_accuracy[-1] for run in histories.values())
course.between(linear_right, 0.895, 0.925, what="linear")
course.between(chain_right, 0.87, 0.925, what="two linear layers")
course.between(relu_right, 0.95, 0.98, what="64 units with ReLU")
course.between(relu_right - linear_right, 0.035, 0.07, what="gain of the hidden layer")
course.between(linear_right - chain_right, 0, 0.025, what="loss by a second table")
if course.speed == "class":
    course.between(means[-1] - 0.07, -0.02, 0.02, what="mean training loss of the last epoch, above 0.07")
    course.between(table[-1][0][0], 0.28 - 0.015, 0.28 + 0.015, what="training loss of the linear classifier")

# %% with the rate 0.1 no ReLU is within half a point of linear, with ReLU four points are gained (cell [72])
if course.speed != "smoke" and not mnist.standin:
    ends = {
        name: [trained(make, seed, epochs=2, rate=rate).validation_accuracy[-1] for seed in (1, 2)]
        for name, (make, rate) in settings.items()
    }
    for seed in (0, 1):
        linear_end, fast_end, slow_end, relu_end = (run[seed] for run in ends.values())
        course.between(slow_end - linear_end, -0.008, 0.008, what="no ReLU, rate 0.1, against linear")
        course.between(relu_end - linear_end, 0.036, 0.055, what="gain by ReLU after 2 epochs")
    assert all(abs(two[0] - two[1]) < 0.015 for two in ends.values()), ends

# %% the loss on training pictures is about half of that on validation pictures (cell [74])
course.between(evaluate(model, few).loss / evaluate(model, validation).loss, 0.3, 0.8, what="ratio of the losses")

# %% the accuracy on the test pictures is about 97 %; the linear classifier, too, gets more of them right (cell [75])
course.between(evaluate(model, loader(mnist.test, batch_size=1000)).accuracy - 0.97, -0.015, 0.015)
if course.speed != "smoke" and not mnist.standin:
    test_images, test_targets = next(iter(loader(mnist.test, batch_size=10_000)))
    assert measure(W, b, test_images, test_targets)[1] > measure(W, b, new_images, new_targets)[1] + 0.002
