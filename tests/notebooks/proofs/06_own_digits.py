# %% the sizes and grey values that the text names
assert squares.shape[1:] == as_is.shape[1:] == made.shape[1:] == (28, 28)
assert 255 - np.uint8(100) == 155 and np.arange(28)[-1] == 27
assert np.median(flat) > 245, "after even_light the paper is near 255"
if not mnist.standin:
    assert np.mean(pictures.max(axis=(1, 2)) >= 250) > 0.95, "nearly all of MNIST's strokes reach 250"

# %% the network is good on the test pictures (section 1)
course.between(evaluate(plain, loader(mnist.test, batch_size=1000)).accuracy, 0.975, 0.99, what="test accuracy")  # 99 %

# %% eight practice pages with 320 digits (section 1)
assert len(pages) == 8 and len(digits) == 320
assert (np.bincount(digits) == 32).all(), "each digit equally often"

# %% as they are: hardly better than a guess; inverted: most; like MNIST: nearly all (sections 1, 2 and 7)
course.between(score(plain, as_is, digits), 0.05, 0.25, what="as they are")
course.between(score(plain, inverted, digits), 0.6, 0.9, what="inverted")
course.between(score(plain, made, known), 0.96, 1, what="made like MNIST")

# %% MNIST: the longer side of the box is 20, the centre of mass in the middle (section 3)
if not mnist.standin:
    assert np.mean(np.array(longest) == 20) > 0.95
    assert abs(row.mean() - 14) < 0.5 and abs(column.mean() - 14) < 0.5 and row.std() < 0.6 and column.std() < 0.6

# %% on every practice page 40 digits are found (section 6)
for page, _ in pages:
    assert len(find_pieces(find_ink(even_light(cv2.cvtColor(page, cv2.COLOR_RGB2GRAY))))[1]) == 40

# %% what the lesson writes out gives nearly what the course's own functions give
for page, _ in pages:
    ours = {tuple(np.round(place).astype(int)): like_mnist(cut) for cut, place in ink_of(page)}
    assert len(find_digits(page)) == len(ours) == 40

# %% each step left out: the margin matters most (section 7)
if not mnist.standin and course.speed != "smoke":
    rest = {way.__name__: score(plain, np.stack([way(cut) for cut in cuts]), known) for way in ways}
    assert rest["without_margin"] < rest["without_mass"] - 0.1 and rest["without_mass"] < rest["without_proportions"]
    assert rest["without_proportions"] < rest["without_brightness"] <= rest["like_mnist"] + 0.01

# %% augmentation: more of the inverted squares; the exam (sections 8 and 9)
if not mnist.standin and course.speed != "smoke":
    assert score(augmented, inverted, digits) > score(plain, inverted, digits) + 0.05
by_page = [[accuracy(read_page(net, mnist, page), truth) for page, truth in exam] for net in (plain, augmented)]
course.between(np.mean(by_page[0]), 0.93, 1, what="exam")
course.between(np.mean(by_page[1]) - np.mean(by_page[0]), -0.03, 0.03, what="exam: the augmented network's gain")
if not mnist.standin and course.speed != "smoke":
    assert np.argmin(by_page[0]) == np.argmin(by_page[1])

# %% no exam page is a practice page
assert not {truth.tobytes() for _, truth in exam} & {truth.tobytes() for _, truth in pages}

# %% no threshold is good for all pages (section 4)
for threshold in (80, 100, 120, 140):
    assert any(abs(count_pieces(grey < threshold) - 40) >= 3 for grey in greys), threshold
