"""What the last lessons add to the loop of `train`: the ideas on the way to 94 % on CIFAR-10, several processes."""
