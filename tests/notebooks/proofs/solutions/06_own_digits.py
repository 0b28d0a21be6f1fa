# %% the numbers of the tasks: 28x28 pixels, 255 grey values, 1,000 moved pictures
from course_utils.practice.exercises import lesson_06 as asked

assert len(asked._moved_digits()) == 1_000 and asked._moved_digits()[0][0].shape == (1, 28, 28)
assert np.iinfo(np.uint8).max == 255
assert (asked.STEPS, asked.GOAL, asked.FAR) == (250, 0.75, 5)
