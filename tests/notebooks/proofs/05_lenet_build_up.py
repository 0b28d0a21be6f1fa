# %% a pixel goes from 0 to 255 (cell [29])
assert torch.iinfo(mnist.train.images.dtype).max == 255

# %% 2 · 3 kernels of 5 · 5 numbers are 150 (cell [3])
assert nn.Conv2d(3, 2, kernel_size=5).weight.numel() == 150

# %% both convolutions together have 2,572 parameters (cell [17])
assert sum(p.numel() for layer in (LeNet().conv1, LeNet().conv2) for p in layer.parameters()) == 2_572

# %% flattened, two pictures of 16 channels of 4x4 are 2 · 16 · 4 rows or 512 numbers, one has 256 (cell [14])
assert two.numel() == 512 and two[0].numel() == 256 and two.numel() // 4 == 128

# %% mean and standard deviation of the training pictures are 0.131 and 0.308 (cell [28])
if not mnist.standin:
    assert (round(mnist.mean[0], 3), round(mnist.std[0], 3)) == (0.131, 0.308)

# %% a new network starts with a loss near ln 10 = 2.303, with pixels up to 255 far above (cell [32])
torch.manual_seed(777)
net, raw = LeNet(), mnist.train.images[:64].float()
first_loss, raw_loss = F.cross_entropy(net(images), targets).item(), F.cross_entropy(net(raw), targets).item()
assert round(math.log(10), 3) == 2.303 and abs(first_loss - math.log(10)) < 0.05 and raw_loss > first_loss + 1

# %% momentum makes steps up to ten times as large: 0.1, 0.19 (cell [33])
assert steps[:2] == [0.1, 0.19] and 0.99 < steps[-1] < 1

# %% one batch by heart is far from its threshold, also with other first weights (cell [35])
for seed in (1, 2):
    torch.manual_seed(seed)
    net = LeNet()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    for _ in range(150):
        optimizer.zero_grad()
        F.cross_entropy(net(images), targets).backward()
        optimizer.step()
    with torch.no_grad():
        assert F.cross_entropy(net(images), targets) < 0.05

# %% health says six times ok, and 20 % of the ReLUs are dead on 64 pictures (cell [36])
torch.manual_seed(777)
table = health(LeNet(), loader(mnist.train, batch_size=64))
assert table.ok and len(table) == 6
course.between(float(table[4].value.rstrip("%")), 20, 20, what="dead ReLUs in %")

# %% a dead unit gets a gradient of 0 from this batch; some of them live on 5,000 pictures (cell [39])
assert dead.any() and len(mnist.validation) == 5_000
course.between((dead & ~dead_on_all).sum().item() / dead.sum().item(), 0.34, 0.6, what="share that lives")

# %% the loss of a sample does not depend on the batch size, the wrong one does (cell [42])
assert len(small) == 4_000 and 4_000 % 128
net, few_pictures = LeNet(), small.subset(slice(512))
right, wrong_way = {}, {}
with torch.no_grad():
    for size in (4, 128):
        found = [(F.cross_entropy(net(x), y).item(), len(y)) for x, y in loader(few_pictures, size)]
        right[size] = sum(loss * n for loss, n in found) / 512
        wrong_way[size] = sum(loss for loss, _ in found) / 512
assert abs(right[4] - right[128]) < 1e-4 and wrong_way[4] > 30 * wrong_way[128]

# %% 2,000 pictures in batches of 64 take far less time than in batches of 4, but not 16 times less (cell [44])
assert len(small.subset(slice(2000))) == 2_000 and 64 / 4 == 16
assert seconds(4) > 1.5 * seconds(64)

# %% one epoch with the larger rate is about as good as five with the smaller: 95 to 97 % (cell [46])
if course.speed == "class":
    course.between(slow_history.validation_accuracy[4], 0.95, 0.97, what="rate 0.001 after five epochs")
    course.between(history.validation_accuracy[0], 0.95, 0.97, what="rate 0.01 after one epoch")
    course.between(history.train_accuracy[0], 0.8, history.validation_accuracy[0], what="training accuracy, epoch 1")
course.between(history.validation_accuracy[-1], 0.975, 1, what="validation accuracy")

# %% none of the dead units is still dead (cell [48])
course.between((dead_on_all & dead_now).sum().item(), 0, 0, what="units of fc2 dead before and after")

# %% the accuracy on the test pictures (cell [49])
course.between((predictions == targets_test).double().mean().item(), 0.983 if course.speed == "full" else 0.975, 1)

# %% an MLP with 56 hidden units has about as many parameters as LeNet (cell [53])
assert sum(p.numel() for p in Mlp(hidden=(56,)).parameters()) == 44_530

# %% mixed pixels cost the CNN about ten points, and the MLP none; the CNN falls below the MLP (cell [56])
assert course.speed == "smoke" or len(few) == 20_000
mean = {name: sum(values) / 3 for name, values in accuracy.items()}
course.between(mean["CNN, pixels as they are"] - mean["CNN, pixels mixed"], 7, 14, what="points that the CNN loses")
course.between(mean["CNN, pixels as they are"] - mean["MLP, pixels as they are"], 1.5, 4.5, what="points that it gains")
course.between(abs(mean["MLP, pixels as they are"] - mean["MLP, pixels mixed"]), 0, 0.8, what="and the MLP")
course.between(mean["MLP, pixels mixed"] - mean["CNN, pixels mixed"], 3, 12, what="points of the MLP above the CNN")

# %% the place alone decides over digits that are not centred (cell [59])
found = {}
for way, drawings in ways.items():
    found[way] = sum(classify(model, mnist, drawing, centred=False).best == d for d, drawing in enumerate(drawings))
large, middle, in_a_corner, small_ones = found.values()
course.between(large, 9, 10, what="right of 10, large")
course.between(middle, 9, 10, what="right of 10, 0.6 of the size")
course.between(in_a_corner, 0, 4, what="right of 10, in a corner")
course.between(small_ones, 0, 8, what="right of 10, 0.4 of the size")

# %% with scaling and centring, digits in a corner are recognised again (cell [60])
right = sum(classify(model, mnist, corner[d], centred=True).best == d for d in range(10))
course.between(right, 9, 10, what="right of 10, centred,")
