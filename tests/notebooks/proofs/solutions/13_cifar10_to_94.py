# %% four classes and a smoothing of 0.2: 0.85 for the right class, 0.05 for each other one (exercise 13.1)
one_hot = F.one_hot(torch.tensor(1), 4)
assert torch.allclose((1 - 0.2) * one_hot + 0.2 / 4, torch.tensor([0.05, 0.85, 0.05, 0.05]))
