# %% LeNet-5 for sides of 16, 28 and 32: the window of C5 is 2, 5 or 6, and its output (120, 1, 1) (07.1)
assert lenet5_for(16, 1, 10).C5.kernel_size == (2, 2)
assert lenet5_for(28, 1, 10).C5.kernel_size == (5, 5)
assert lenet5_for(32, 1, 10).C5.kernel_size == (6, 6)
assert lenet5_for(28, 1, 10)[:8](torch.zeros(1, 1, 28, 28)).shape == (1, 120, 1, 1)

# %% 80 batches of 32 pictures, and 1,000 for the exam; 77 % are asked for, 58 % on drawn digits (07.3)
assert len(batches) == 80 and len(batches[0][0]) == 32 and len(exam.dataset) == 1_000
assert evaluate(model, exam).accuracy > (0.58 if mnist.standin else 0.77)

# %% the lesson's exam of 5,000 pictures (go further)
assert len(mnist.validation) == 5_000
