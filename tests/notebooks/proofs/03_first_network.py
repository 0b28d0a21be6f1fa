# %% 28 rows of 28 pixels are 784, and ten weighted sums have 7,850 parameters (cells [4] and [5])
assert mnist.train.images[0].numel() == 784 == 28 * 28 and 7_850 == 10 * 784 + 10 == W.numel() + b.numel()

# %% random weights are right in about one case of ten (cell [8])
for seed in range(5):
    torch.manual_seed(seed)
    blind = (new_images.flatten(1) @ torch.randn(784, 10)).argmax(dim=1)
    course.between((blind == new_targets).float().mean().item(), 0.01, 0.25, what="accuracy of random weights")

# %% a score that is 1 higher has 2.718 times the probability (cell [10])
three = F.softmax(torch.tensor([2.0, 1.0, -1.0]), dim=0)
assert abs(three[0] / three[1] - 2.718) < 0.001

# %% ten equal probabilities of 0.1 have the loss 2.303, and random weights are close to it (cell [15])
assert round(-math.log(0.1), 3) == 2.303
torch.manual_seed(777)
random_loss = measure(0.01 * torch.randn(10, 784), torch.zeros(10), new_images, new_targets)[0]
course.between(random_loss, 2.2, 2.45, what="loss of random weights")

# %% one step makes the loss of the same batch smaller (cell [23])
assert after < before
course.between(after.item() - 1.7, -0.3, 0.3, what="loss after one step, above 1.7")
course.between(before.item() - 2.3, -0.1, 0.1, what="loss before it, above 2.3")

# %% a training of 550 steps of 100 pictures: nine of ten validation pictures are right (cells [24] and [25])
assert len(mnist.train) == 55_000 == 550 * 100 and course.epochs(smoke=2, classroom=5, full=20) in (2, 5, 20)
one_W, one_b, _, _ = train_by_hand(0.5, epochs=1)
course.between(measure(one_W, one_b, new_images, new_targets)[1], 0.88, 0.93, what="validation accuracy")

# %% at smoke speed the sample has 2,048 pictures (cell [24])
assert len(course.sample(mnist.train)) == (2_048 if course.speed == "smoke" else 55_000)

# %% the validation loss falls from 2.3 to 0.33 in the first epoch, then to 0.31; 91 % right (cells [27] and [28])
if course.speed != "smoke" and not mnist.standin:
    row_0, row_1, row_last = table[0], table[1], table[-1]
    assert abs(row_0[2] - 2.3) < 0.1 and abs(row_1[2] - 0.33) < 0.02 and row_last[2] < row_1[2]
    assert row_last[0] < row_last[2] and row_last[1] > row_last[3]
    if course.speed == "class":
        assert abs(row_last[2] - 0.31) < 0.02 and abs(row_last[3] - 0.91) < 0.012

# %% the weights of the 0 are negative in the middle and positive beside it, and all are small at the border (cell [31])
if course.speed != "smoke" and not mnist.standin:
    zero = W[0].view(28, 28)
    assert zero[11:17, 12:16].mean() < -0.1 < 0 < zero[10:18, 5:9].mean()
    assert W.view(10, 28, 28)[:, 0].abs().max() < 0.05 < W.abs().max() / 10

# %% the surest wrong answers are almost sure (cell [33])
if course.speed != "smoke" and not mnist.standin:
    assert p[surest].min() > 0.9 and len(surest) == 16
    assert 0.05 < len(wrong) / len(new_targets) < 0.12

# %% learning rates 0.001, 0.5 and 30: near 1.8, below 1 soon, and above 100 (cells [36] and [37])
if course.speed != "smoke" and not mnist.standin:
    slow, good, wild = (rates[rate][2] for rate in (0.001, 0.5, 30))
    assert all(abs(run[0] - 2.3) < 0.1 for run in (slow, good, wild))
    assert abs(rates[0.001][3][-1][2] - 1.8) < 0.1 and max(good[10:60]) < 2 and min(good[:30]) < 1
    assert max(wild[:10]) > 100
    course.between(rates[30][3][-1][2] / math.log(10), 2.4, 8, what="loss of the rate 30, in ln 10")
    course.between(rates[30][3][-1][3], 0.6, 0.93, what="accuracy with the rate 30")

# %% the three factors of a step: 0.8, -0.8 and -1.2 (cell [35])
assert torch.allclose(1 - 2 * torch.tensor([0.1, 0.9, 1.1]), torch.tensor([0.8, -0.8, -1.2]))

# %% one line and two linear layers are as good as a coin, 16 units with ReLU are not (cells [39] and [43])
for network, low, high in ((one_layer, 0.54 - 0.04, 0.6), (two_layers, 0.54 - 0.04, 0.6), (with_relu, 0.97, 1.0)):
    right_share = (network(points).argmax(dim=1) == rings).float().mean().item()
    assert low <= right_share <= high, right_share
assert with_relu[0].out_features == 16 == two_layers[0].out_features

# %% a step of backpropagation by hand: 4 and 24 (cells [46] and [47])
assert (d_w2, d_w1) == (4.0, 24.0) == (a2.grad.item(), a1.grad.item())

# %% the network without ReLU has as many parameters as the one with it, 50,890 (cells [53] and [60])
assert all(sum(q.numel() for q in net.parameters()) == 50_890 for net in (Network(64), no_relu(), Mlp((64,))))

# %% with ReLU about five points more are right than without hidden layer, and no ReLU is not better (cell [60])
linear_right, chain_right, relu_right = (run.validation_accuracy[-1] for run in histories.values())
course.between(linear_right, 0.895, 0.925, what="linear")
course.between(chain_right, 0.87, 0.925, what="two linear layers")
course.between(relu_right, 0.95, 0.98, what="64 units with ReLU")
course.between(relu_right - linear_right, 0.035, 0.07, what="gain of the hidden layer")
if course.speed == "class":
    course.between(means[-1] - 0.07, -0.02, 0.02, what="mean training loss of the last epoch, above 0.07")

# %% for every seed the hidden layer is better after one epoch (cell [62])
if course.speed != "smoke" and not mnist.standin:
    after_one = [trained(make, 2, epochs=1).validation_accuracy[-1] for make in (Mlp, lambda: Mlp((64,)))]
    course.between(after_one[1] - after_one[0], 0.02, 0.06, what="gain after one epoch")

# %% the loss on training pictures is about half of that on validation pictures (cell [64])
course.between(evaluate(model, few).loss / evaluate(model, validation).loss, 0.3, 0.8, what="ratio of the losses")

# %% the accuracy on the test pictures is about 97 % (cell [65])
course.between(evaluate(model, loader(mnist.test, batch_size=1000)).accuracy - 0.97, -0.015, 0.015)
