# %% the network of 09.4: 4,110 parameters, 128,808 products, a thirtieth of Conv32-64's 3,869,824 (cell [8])
from course_utils.models import Conv32x64, Mlp
from course_utils.practice.exercises.lesson_09 import BATCH, GOAL, MOST_PARAMETERS, STEPS, products_for_one_picture

picture = torch.zeros(1, 1, 28, 28)
network = train_small([])  # as it is before the first step
assert sum(p.numel() for p in network.parameters()) == 4_110 < MOST_PARAMETERS
assert products_for_one_picture(network, picture) == 128_808
assert products_for_one_picture(Conv32x64(), picture) == 3_869_824 > 30 * 128_808

# %% even a linear model has 7,850 parameters (cell [8])
assert sum(p.numel() for p in Mlp().parameters()) == 7_850

# %% the checker gives 200 batches of 100 pictures, judges with 1,000 others, and wants 91 % (cell [9])
from course_utils.practice.exercises import lesson_09

assert (STEPS, BATCH, GOAL) == (200, 100, 0.91)
assert len(lesson_09._digits()[2]) == 1_000
