# %% the steps, batches and goals of 04.5 are those of its checker
from course_utils.practice.exercises import lesson_04

assert (lesson_04.STEPS, lesson_04.SIZE, lesson_04.HELD) == (200, 100, 1_000)
assert (lesson_04.GOAL, lesson_04.GOAL_DRAWN) == (0.8, 0.6)
assert 55_000 == 110 * 500, "steps of an epoch of the lesson"
