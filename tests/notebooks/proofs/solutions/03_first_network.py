# %% what the texts say that the checkers ask for
from course_utils.practice.exercises import lesson_03

assert (lesson_03.BATCHES, lesson_03.BATCH, lesson_03.GOAL) == (400, 50, 0.92)
assert [len(part) for part in lesson_03._digits()] == [20_000, 20_000, 2_000, 2_000]
points, labels = lesson_03.shells(1_000, 3, 2, seed=1)
assert len(points) == len(labels) == 1_000 and lesson_03.SHELLS_GOAL == 0.95

# %% each of the five curves has 20 points, one for each epoch (cell of 03.2)
assert {len(curve) for pair in lesson_03.five_trainings().values() for curve in pair} == {20}
