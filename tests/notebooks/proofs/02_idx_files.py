# %% the pixels need 47,040,000 bytes, and the file has 16 more (cell [3])
assert images_path.stat().st_size == 60_000 * 28 * 28 + 16 == 47_040_000 + 16

# %% the counts of the digits lie around 6,000, 1 is the most frequent and 5 the least (cell [15])
assert np.bincount(labels).mean() == 6_000
if not mnist.standin:
    assert np.bincount(labels).argmax() == 1 and np.bincount(labels).argmin() == 5

# %% mean and standard deviation are those of many MNIST programs (cells [26] and [27])
if not mnist.standin:
    assert (round(mean, 4), round(std, 4)) == (0.1307, 0.3081)

# %% of 256 grey values, black has about four of five pixels (cell [26])
assert len(counts) == 256
course.between(100 * share[0].item(), 79, 82, what="percent of black pixels")

# %% from_numpy would warn without the copy, since the bytes of a file may not be changed (cell [19])
assert not parse(labels_path).flags.writeable and parse(labels_path).copy().flags.writeable

# %% the list is 8 times as large as the tensor (cell [30])
assert sys.getsizeof(pixel_list) > 7.9 * train.images.nbytes

# %% the list is slowest and whole batches are fastest (cell [35])
assert len(some) == 3_000 and list_time > our_time > batch_time

# %% the data sets of load take whole batches (section 5)
from course_utils.data import loader

batch_of_load = next(iter(loader(mnist.train, batch_size=500)))
assert torch.allclose(batch_of_load.images, (collected - mean) / std, atol=1e-3)

# %% 784 objects for each piece of the list (cell [31])
assert 28 * 28 == 784 and len(pixel_list) == 60_000 * 784

# %% eight bytes too many are skipped, and about one label in ten is right (cell [36])
course.between(100 * right_share, 8, 12, what="percent right")
if not mnist.standin:
    assert round(100 * right_share, 1) == 8.9
    pure_chance = ((np.bincount(labels) / len(labels)) ** 2).sum()
    assert 0.1 <= pure_chance < 0.101 and (pure_chance - right_share) / np.sqrt(0.09 / len(wrong)) > 5, "not random"

# %% the short last batch: 156 batches of 64 are 9,984 pictures, and 16 are left
assert divmod(10_000, 64) == (156, 16) and 156 * 64 == 9_984
