# %% 80 batches of 128 pictures, 48 at once; 85 % of 1,000 validation pictures (14.5)
from course_utils.practice.exercises import lesson_14 as exercise

assert (exercise.STEPS, exercise.BATCH, exercise.HELD, exercise.GOAL) == (80, 128, 1_000, 0.85)
assert [len(piece) for piece in torch.zeros(128).split(48)] == [48, 48, 32]

# %% the pieces of the hint (14.5)
assert [len(piece) for piece in torch.zeros(128).split(50)] == [50, 50, 28]
