# %% 5,000 validation pictures, except at smoke speed (cell [2])
assert smoke or len(valid) == 5_000

# %% health has nothing to say about a new network; its first loss is near 2.303 (cell [3])
torch.manual_seed(777)
network = models.LeNet().to(course.device)
table = health(network, loader(sample, batch_size=64))
assert table.ok and abs(float(table[1].value.partition(",")[0]) - 2.303) < 0.1

# %% which units are dead, on a batch and on all pictures, before and after the training (cells [4] and [8])
assert not (dead_on_all & ~dead_on_a_batch).any(), "the batch is a part of the sample"
course.between(dead_on_a_batch.sum() / len(dead_on_a_batch), 0.12, 0.28, what="dead on 64 pictures")
course.between(dead_on_all.sum() / dead_on_a_batch.sum(), 0.2, 0.5, what="of them, dead on all pictures")
course.between((dead_on_all & dead_after).sum(), 0, 3, what="still dead after the training")

# %% the accuracy of the healthy training, and the noise of three seeds (cell [7])
course.between(healthy, 94.0, 99.0, what="validation accuracy in %, healthy")
course.between(noise, 0.0, 1.5, what="greatest difference between three seeds, in points")

# %% the rate that diverges does so within a few steps (cell [25])
torch.manual_seed(777)
network, found = models.LeNet().to(course.device), []
optimizer = torch.optim.SGD(network.parameters(), lr=1e4, momentum=0.9)
for _, (x, y) in zip(range(8), loader(sample, batch_size=64), strict=False):
    optimizer.zero_grad()
    loss = F.cross_entropy(network(x), y)
    loss.backward()
    optimizer.step()
    found.append(loss.item())
assert 1e6 < found[1] < math.inf, "before the loss is nan it is very large"
assert not math.isfinite(found[-1])

# %% without zero_grad the loss leaves the picture, the others do not (cells [28] and [30])
highest = {name: max(losses) for name, (_, losses) in stuck.items()}
course.between(highest["12 no zero_grad"], 4.0, 1e38, what="highest loss without zero_grad")
course.between(highest["9 optimizer of another model"], 2.2, 2.6, what="highest loss, optimizer of another model")
course.between(highest["11 labels apart"], 2.2, 3.0, what="highest loss, labels apart")

# %% only the last of 5,000 answers is wrong, and the floor of softmax twice (cells [32] and [42])
assert [4_999 / 5_000, (4_999 / 4_999 + 0) / 2] == [0.9998, 0.5]
assert round(math.log(math.e + 9) - 1, 3) == 1.461

# %% the wrong divisor counts 79 full batches (cell [43])
assert -(-5_000 // 64) == 79 and 79 * 64 == 5_056
course.between(right.mean() * (1 - 5_000 / 5_056), 0.009, 0.013, what="accuracy that the wrong divisor takes off")

# %% an augmented picture is another picture (cell [44])
torch.manual_seed(777)
assert not torch.equal(valid.images[:8], pad_and_crop(valid.images[:8])), "fault 20 moves no picture"

# %% 1,000 pictures for training, and the validation set is cut from them (cell [46])
assert len(few) == 1_000

# %% what each patient shows (cells [48] to [53])
losses = patient_a.history.train_loss + patient_a.history.validation_loss
assert min(losses) > 1.461
course.between(max(patient_a.history.validation_accuracy), 0.88, 0.98, what="patient A: validation accuracy")
course.between(min(losses), 1.461, 1.6, what="patient A: least loss")
course.between(float(patient_b.after[4].value.rstrip("%")), 60, 100, what="patient B: dead ReLUs in %")
course.between(patient_b.moved, 3, 1000, what="patient B: the weights, times their size")
course.between(patient_b.history.train_accuracy[-1], 0.05, 0.2, what="patient B: accuracy")
course.between(patient_c.history.train_accuracy[-1], 0.97, 1, what="patient C: training accuracy")
course.between(max(patient_c.history.validation_accuracy), 0.05, 0.15, what="patient C: validation accuracy")
if course.speed != "smoke" and not mnist.standin:
    assert patient_c.history.validation_loss[-1] > patient_c.history.validation_loss[0] > 2.303

# %% what each of the faults 9 to 21 costs, and that of a half repair: here, and stored (cell [54])
for fault, low, high in (
    ("9", -92, -75),
    ("10", -92, -75),
    ("11", -92, -75),
    ("12", -92, -75),
    ("13", -45, -0.5),
    ("14", -90, 1),
    ("3b", -90, 1),
    ("15", -6, 0.5),
    ("16", -1.5, 1.5),
    ("16b", -2, 1),
    ("17", -8, -0.2),
    ("18", -0.5, 0.5),
    ("19", -1.3, -0.9),
    ("20", -15, -0.2),
    ("21", 3, 12),
):
    ((true, shown),) = [(true, shown) for name, (_, true, shown) in bill.items() if name.split()[0] == fault]
    course.between(shown - true, low, high, what=f"fault {fault}, one of 21: points of difference")
    (costs,) = [cost for name, cost in stored.items() if name.split()[0] == fault]
    assert all(low <= points <= high for points in costs["3"]), fault
assert len(bill) == len(stored) == 15, "a fault of the bill has no range"
numbers = {int(name.split()[0].rstrip("b")) for name in bill}
assert numbers == {3, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21}, "faults 9 to 21, and the half repair 3b"
