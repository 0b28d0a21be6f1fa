# %% the pictures have the shape that the texts name
from course_utils.data import load, loader

assert next(iter(loader(load("cifar10").train, batch_size=5))).images.shape == (5, 3, 32, 32)
