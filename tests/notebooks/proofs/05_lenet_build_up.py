# %% a pixel goes from 0 to 255 (cell [32])
assert torch.iinfo(mnist.train.images.dtype).max == 255

# %% 2 · 3 kernels of 5 · 5 numbers are 150 (cell [2])
assert nn.Conv2d(3, 2, kernel_size=5).weight.numel() == 150

# %% 9 · 25 weights and 3 biases are 228, 6 · 25 weights and 6 biases are 156 (cell [5])
assert [sum(p.numel() for p in nn.Conv2d(*sizes, 5).parameters()) for sizes in ((3, 3), (1, 6))] == [228, 156]
assert nn.Conv2d(3, 3, 5).weight.numel() == 9 * 25 and nn.Conv2d(1, 6, 5).weight.numel() == 6 * 25

# %% both convolutions together have 2,572 parameters (cell [16])
assert sum(p.numel() for layer in (LeNet().conv1, LeNet().conv2) for p in layer.parameters()) == 2_572

# %% flattened, two pictures of 16 channels of 4x4 are 2 · 16 · 4 rows or 512 numbers, one has 256 (cell [14])
assert two.numel() == 512 and two[0].numel() == 256 and two.numel() // 4 == 128

# %% mean and standard deviation of the training pictures are 0.131 and 0.308 (cell [27])
if not mnist.standin:
    assert (round(mnist.mean[0], 3), round(mnist.std[0], 3)) == (0.131, 0.308)

# %% a new network starts with a loss near ln 10 = 2.303, with pixels up to 255 far above (cell [32])
torch.manual_seed(777)
net, raw = LeNet(), mnist.train.images[:64].float()
first_loss, raw_loss = F.cross_entropy(net(images), targets).item(), F.cross_entropy(net(raw), targets).item()
assert round(math.log(10), 3) == 2.303 and abs(first_loss - math.log(10)) < 0.05 and raw_loss > first_loss + 1

# %% momentum makes steps up to ten times as large: 0.1, 0.19; about half as large where the sign changes (cell [34])
assert steps[:2] == [0.1, 0.19] and 0.99 < steps[-1] < 1
assert sizes[0] == 0.1 and sizes[-2:] == [0.053, 0.053] and abs(0.1 / (1 + 0.9) - 0.053) < 0.001

# %% one batch by heart is far from its threshold: other first weights, shuffled labels, a frozen layer (cell [36])


def loss_by_heart(seed, labels, frozen=(), steps=300):
    torch.manual_seed(seed)
    net = LeNet()
    for name in frozen:
        getattr(net, name).requires_grad_(False)
    optimizer = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=0.01, momentum=0.9)
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(net(images), labels).backward()
        optimizer.step()
    with torch.no_grad():
        return F.cross_entropy(net(images), labels).item()


assert 64 == len(targets) and (shuffled == targets).sum() < 20
assert loss_by_heart(1, targets, steps=300) < 0.05 and loss_by_heart(1, shuffled, steps=300) < 0.05
assert all(loss_by_heart(777, targets, [name]) < 0.05 for name in ("conv1", "fc1")), "one frozen layer is not found"
assert loss_by_heart(777, targets, ["conv1", "conv2", "fc1", "fc2"]) > 1, "most layers frozen are"

# %% health says six times ok, and 20 % of the ReLUs are dead on 64 pictures: 46 of 226 (cell [38])
torch.manual_seed(777)
table = health(LeNet(), loader(mnist.train, batch_size=64))
assert table.ok and len(table) == 6
course.between(float(table[4].value.rstrip("%")), 20, 20, what="dead ReLUs in %")
torch.manual_seed(777)
net = LeNet()
counts = [dead_units(net, layer, [(images, targets)]) for layer in (net.conv1, net.conv2, net.fc1, net.fc2)]
assert sum(len(units) for units in counts) == 226
conv1_dead, conv2_dead, fc1_dead, fc2_dead = (units.sum().item() for units in counts)
course.between(conv1_dead + conv2_dead, 0, 0, what="dead channels")
course.between(fc1_dead, 17, 17, what="dead units of fc1")
course.between(fc2_dead, 29, 29, what="dead units of fc2")
course.between(conv1_dead + conv2_dead + fc1_dead + fc2_dead, 46, 46, what="dead units and channels")

# %% a dead unit gets a gradient of 0 from this batch; some of them live on 5,000 pictures (cell [40])
assert dead.any() and len(mnist.validation) == 5_000
course.between((dead & ~dead_on_all).sum().item() / dead.sum().item(), 0.34, 0.6, what="share that lives")

# %% the loss of a sample does not depend on the batch size, the wrong one does (cell [43])
assert len(small) == 4_000 and 4_000 % 64 == 4_000 % 128 == 32 and 4_000 % 4 == 0
net, few_pictures = LeNet(), small.subset(slice(512))
right, wrong_way = {}, {}
with torch.no_grad():
    for size in (4, 128):
        found = [(F.cross_entropy(net(x), y).item(), len(y)) for x, y in loader(few_pictures, size)]
        right[size] = sum(loss * n for loss, n in found) / 512
        wrong_way[size] = sum(loss for loss, _ in found) / 512
assert abs(right[4] - right[128]) < 1e-4 and wrong_way[4] > 30 * wrong_way[128]

# %% 2,000 pictures in batches of 64 take far less time than in batches of 4, but not 16 times less (cell [45])
assert len(small.subset(slice(2000))) == 2_000 and 64 / 4 == 16
assert seconds(4) > 1.5 * seconds(64)

# %% one epoch with the larger rate is about as good as five with the smaller: 95 to 97 % (cell [49])
if course.speed == "class":
    course.between(slow_history.validation_accuracy[4], 0.95, 0.97, what="rate 0.001 after five epochs")
    course.between(history.validation_accuracy[0], 0.95, 0.97, what="rate 0.01 after one epoch")
    course.between(history.train_accuracy[0], 0.8, history.validation_accuracy[0], what="training accuracy, epoch 1")
course.between(history.validation_accuracy[-1], 0.975, 1, what="validation accuracy")

# %% none of the dead units is still dead (cell [50])
course.between((dead_on_all & dead_now).sum().item(), 0, 0, what="units of fc2 dead before and after")

# %% 98 to 99 % of the test pictures are right (cell [51])
in_percent = 100 * (predictions == targets_test).double().mean().item()
course.between(in_percent, 98, 99.5 if course.speed == "full" else 99, what="test accuracy in %")

# %% half of the pictures are right between step 30 and 70 of 430, where the kernels change fastest (cell [53])
assert -(-55_000 // 128) == 430 and len(mnist.validation) == 5_000
assert len(recording.within - {0}) == 6 and recording.moments[0].kernels.shape == (6, 5, 5)
if course.speed != "smoke" and not mnist.standin:
    found = {moment.steps: moment for moment in recording.moments}
    assert found[30].accuracy < 0.5 and found[70].accuracy > 2 / 3
    first_epoch = [moment for moment in recording.moments if moment.steps <= 430]
    speeds = {
        b.steps: abs(b.kernels - a.kernels).mean() / (b.steps - a.steps)
        for a, b in zip(first_epoch, first_epoch[1:], strict=False)
    }
    assert sorted(speeds, key=speeds.get)[-2:] in ([50, 70], [70, 50])
    assert all(set(found[steps].mistake[:2]) == {4, 9} for steps in (50, 70, 100))
    assert 2.5 < abs(found[max(found)].kernels).max() / abs(found[0].kernels).max() < 4

# %% an MLP with 56 hidden units has about as many parameters as LeNet (cell [56])
assert sum(p.numel() for p in Mlp(hidden=(56,)).parameters()) == 44_530

# %% mixed pixels cost the CNN about ten points, and the MLP none; the CNN falls below the MLP (cell [59])
assert course.speed == "smoke" or len(few) == 20_000
mean = {name: sum(values) / 3 for name, values in accuracy.items()}
course.between(mean["CNN, pixels as they are"] - mean["CNN, pixels mixed"], 7, 14, what="points that the CNN loses")
course.between(mean["CNN, pixels as they are"] - mean["MLP, pixels as they are"], 1.5, 4.5, what="points that it gains")
course.between(abs(mean["MLP, pixels as they are"] - mean["MLP, pixels mixed"]), 0, 0.8, what="and the MLP")
course.between(mean["MLP, pixels mixed"] - mean["CNN, pixels mixed"], 3, 12, what="points of the MLP above the CNN")

# %% with a larger rate the order is the same and the distances are smaller (cell [61])
assert list(faster) == ["CNN, pixels as they are", "MLP, pixels as they are", "CNN, pixels mixed"]
means = [sum(values) / 3 for values in faster.values()]
slower = [sum(accuracy[name]) / 3 for name in faster]
course.between(means[0] - means[1], 0.3, slower[0] - slower[1], what="points of the CNN above the MLP")
course.between(means[1] - means[2], 1, slower[1] - slower[2], what="points of the MLP above the CNN with mixed pixels")

# %% the place alone decides over digits that are not centred (cell [65])
found = {}
for way, drawings in ways.items():
    found[way] = sum(classify(model, mnist, drawing, centred=False).best == d for d, drawing in enumerate(drawings))
large, middle, in_a_corner, small_ones = found.values()
course.between(large, 9, 10, what="right of 10, large")
course.between(middle, 9, 10, what="right of 10, 0.6 of the size")
course.between(in_a_corner, 0, 3, what="right of 10, in a corner")
course.between(small_ones, 0, 8, what="right of 10, 0.4 of the size")

# %% a digit that is moved by 3 pixels is mostly lost (cell [66])
left = {}
for shift in (0, 1, 3):
    at = 0.2 - shift / 28
    left[shift] = count_right([moved(digit, size=0.6, x=at, y=at) for digit in DIGITS])
course.between(left[1], 2, left[0] - 1, what="right of 10, moved by 1 pixel")
course.between(left[3], 0, 4, what="right of 10, moved by 3 pixels")

# %% with scaling and centring, digits in a corner are recognised again (cell [67])
course.between(count_right(corner, centred=True), 9, 10, what="right of 10, centred,")
