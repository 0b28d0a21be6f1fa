# %% PyTorch draws first weights from -1 / sqrt(fan-in) to 1 / sqrt(fan-in) (cell [7])
for layer in (nn.Linear(64 * 7 * 7, 10), nn.Conv2d(32, 64, kernel_size=3)):
    assert layer.weight.abs().max() <= 1 / math.sqrt(layer.weight[0].numel())

# %% the first loss is near ln 10 = 2.303, and in the thousands with weights 10 times as large (cell [8])
assert round(math.log(10), 3) == 2.303
course.between(starts[10][0], 1_000, 100_000, what="first loss with weights 10 times as large")
course.between(max(starts[1][0], starts[0.01][0]), 2.25, 2.36, what="the other first losses")

# %% an epoch has 550 steps, and 600 with all pictures (cell [15])
assert len(mnist.validation) == 5_000 and len(mnist.train) == 55_000
assert 550 == 55_000 // 100 and 600 == 60_000 // 100

# %% our costs of the first epoch agree with the post's (cell [19])
for name, costs in POST.items():
    ratio = histories[name].train_loss[0] / costs[0]
    course.between(ratio, 0.75, 1.35, what=f"{name}: our first cost / the post's")

# %% without eval(), the deeper network loses little, and its answers change (cell [20])
lost = 100 * ((proper == truth).float().mean() - (first == truth).float().mean()).item()
course.between(lost, -0.3, 1, what="percentage points lost")
course.between((first != second).sum().item(), 5, 300, what="number of answers that changed between two calls")

# %% training brings kernels nearer to Sobel's, but fewer than half of them (cell [21])
gain = after[:, :2].abs().max() - before[:, :2].abs().max()
course.between(gain.item(), 0.01, 0.2, what="gain of the best match with a Sobel kernel")
resembling = (after[:, :2].abs() > 0.8).any(dim=1).sum()
course.between(resembling.item(), 1, 15, what="number of kernels that resemble Sobel's")

# %% the last hidden layer has 625 numbers (cell [23])
assert features.shape[1] == 625

# %% the accuracy on the test pictures (cell [24])
for network, low in ((model, 0.975), (deeper, 0.97)):
    outputs, labels = predict(network, test_loader)
    right = (outputs.argmax(dim=1) == labels).double().mean().item()
    course.between(right, low, 0.996, what=f"{type(network).__name__}, test accuracy")
