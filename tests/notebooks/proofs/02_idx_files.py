# %% the pixels need 47,040,000 bytes, and the file has 16 more (cell [4])
assert images_path.stat().st_size == 60_000 * 28 * 28 + 16 == 47_040_000 + 16

# %% mean and standard deviation are those of many MNIST programs (cell [16])
if not mnist.standin:
    assert (round(mean, 4), round(std, 4)) == (0.1307, 0.3081)

# %% of 256 grey values, black has about four of five pixels (cell [16])
assert len(counts) == 256
course.between(100 * share[0].item(), 79, 82, what="percent of black pixels")

# %% the list is 8 times as large as the array (cell [18])
assert sys.getsizeof(pixel_list) > 7.9 * train.images.nbytes

# %% the list is slowest and whole batches are fastest, for the same 60,000 samples (cell [20])
assert len(train) == sum(len(y) for _, y in loader(mnist.train, batch_size=500)) == 60_000
assert list_open > 2 * our_open and list_pass > our_pass and list_pass > batch_pass

# %% eight bytes too many are skipped, and about one label in ten is right (cell [22])
course.between(100 * right_share, 8, 12, what="percent right")
