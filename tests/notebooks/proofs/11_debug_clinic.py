# %% 5,000 validation pictures, except at smoke speed (cell [2])
assert smoke or len(valid) == 5_000

# %% health says six times ok about a new network, and measures what measure does (cell [4])
torch.manual_seed(777)
network = models.LeNet().to(course.device)
loss, gradients, dead = measure(network, images, targets)
table = health(network, loader(sample, batch_size=64))
assert table.ok and abs(loss - 2.303) < 0.1
assert f"{loss:.3f}" in table[1].value and f"{min(gradients):.1e}" in table[3].value and f"{dead:.0%}" == table[4].value

# %% the accuracy of the healthy training, and the noise of three seeds (cell [6])
course.between(healthy, 94.0, 99.0, what="validation accuracy in %, healthy")
course.between(noise, 0.0, 1.5, what="greatest difference between three seeds, in points")

# %% only the last of 5,000 answers is wrong (cell [19])
assert len(right) == 5_000 and right.sum() == 4_999 and right[-1] == 0

# %% an augmented picture is another picture (cell [20])
torch.manual_seed(777)
assert not torch.equal(valid.images[:8], pad_and_crop(valid.images[:8])), "fault 17 moves no picture"

# %% 1,000 pictures for training, and the validation set is cut from them (cell [21])
assert len(few) == 1_000

# %% what each of the faults 6 to 18 costs, and that of a half repair (cell [22])
for fault, low, high in (
    ("6", -92, -75),
    ("7", -92, -75),
    ("8", -92, -75),
    ("9", -92, -75),
    ("10", -45, -0.5),
    ("11", -40, 1),
    ("12", -4, 0.3),
    ("13", -1.5, 1.5),
    ("3b", -90, 1),
    ("13b", -2, 1),
    ("14", -8, -0.5),
    ("15", -0.5, 0.5),
    ("16", -1.3, -0.9),
    ("17", -15, -0.2),
    ("18", 3, 12),
):
    ((true, shown),) = [(true, shown) for name, (_, true, shown) in bill.items() if name.split()[0] == fault]
    course.between(shown - true, low, high, what=f"fault {fault}, one of 18: points of difference")
assert len(bill) == 15, "a fault of the bill has no range"
