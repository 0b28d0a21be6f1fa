"""What a long training needs around the loop of `train`: checkpoints and logs, as callbacks of `fit`."""
