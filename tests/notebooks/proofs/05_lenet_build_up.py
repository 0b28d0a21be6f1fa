# %% mean and standard deviation of the training pictures are 0.131 and 0.308 (cell [12])
if not mnist.standin:
    assert (round(mnist.mean[0], 3), round(mnist.std[0], 3)) == (0.131, 0.308)

# %% a new network starts with a loss near ln 10 = 2.303 (cell [14])
torch.manual_seed(777)
images, targets = next(iter(loader(mnist.train, batch_size=64)))
first_loss = F.cross_entropy(LeNet()(images), targets).item()
assert round(math.log(10), 3) == 2.303 and abs(first_loss - math.log(10)) < 0.05

# %% health says six times ok (cell [16])
torch.manual_seed(777)
table = health(LeNet(), loader(mnist.train, batch_size=64))
assert table.ok and len(table) == 6

# %% the loss of a sample does not depend on the batch size, the post's does (cell [18])
assert len(small) == 4_000
net, few = LeNet(), Subset(mnist.train, range(512))
(ours_4, post_4), (ours_128, post_128) = (
    train_one_epoch(net, loader(few, size), torch.optim.SGD(net.parameters(), lr=0.0)) for size in (4, 128)
)
assert abs(ours_4 - ours_128) < 1e-4 and post_4 > 30 * post_128

# %% the accuracy after the training, on 5,000 validation pictures (cell [20])
assert len(mnist.validation) == 5_000
course.between(history.validation_accuracy[-1], 0.975, 1, what="validation accuracy")

# %% the accuracy on the test pictures (cell [21])
course.between(result.accuracy, 0.983 if course.speed == "full" else 0.975, 1)

# %% mixed pixels cost the CNN accuracy, and the MLP none (cell [24])
lost = {name: accuracy[name, "as they are"] - accuracy[name, "mixed"] for name in ("CNN", "MLP")}
course.between(lost["CNN"], 0.01, 0.10, what="accuracy that the CNN loses")
course.between(abs(lost["MLP"]), 0, 0.008, what="accuracy that the MLP loses or gains")

# %% digits in a corner are recognised only when they are centred (cell [25])
for centred, low, high in ((True, 9, 10), (False, 0, 4)):
    right = sum(classify(model, mnist, moved(DIGITS[d], size=0.4), centred).best == d for d in range(10))
    course.between(right, low, high, what=f"right of 10, centred: {centred},")
