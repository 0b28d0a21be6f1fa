# %% the networks have 784 inputs, V1 about 14 times the parameters of V0 (cell [4])
sizes_of = [sum(p.numel() for p in make().parameters()) for make in (V0, V1)]
assert images[0].numel() == 784 == 28 * 28 and round(sizes_of[1] / sizes_of[0]) == 14

# %% no mean squared error of probabilities is above 0.2, so none is 0.201 (cell [6])
assert wrong <= 0.2 < 0.201

# %% the claims of the post, on real data (cell [11])
assert course.speed != "full" or EPOCHS == 50
if course.speed != "smoke" and not mnist.standin:
    assert v1[0] > max(0.089, v0[0]) and bn_lowest
    assert accuracy["V1+BN, CE twice"] > accuracy["V1+BN"] > max(accuracy["V0"], 0.9)
    assert gap < 0.01 and share[2] > 0.6 > share[1]
    if course.speed == "class":
        assert v1[-1] > v0[-1] and accuracy["V1"] > 0.3
    else:
        assert below[0] >= 35 and 0.016 < v1[below[0] - 1] < 0.024

# %% 5,000 pictures in batches of 300: the last batch is short (cell [12])
assert len(mnist.validation) == 5000 == 16 * 300 + 200

# %% the gradient of MSE after softmax is 50 times smaller (cell [13])
assert round(sizes["cross-entropy on logits"] / sizes["MSE after softmax"]) == 50

# %% V1 with MSE has by far the smallest gradients, and small values enter its last layer (cell [14])
if not mnist.standin:
    least, normed, on_logits = gradients["V1"], gradients["V1+BN"], gradients["V1+BN, CE logits"]
    assert all(a < b / 5 < c / 50 for a, b, c in zip(least, normed, on_logits, strict=True))
    assert least[-1] < gradients["V0"][0] / 10 and inputs["V1"] < inputs["V0"] / 10

# %% after the training, the gradient of the last layer of V1 has doubled (cell [14])
if course.speed != "smoke" and not mnist.standin:
    trained = models["V1"].cpu()
    trained.zero_grad()
    mse(trained(images), targets).backward()
    assert trained[0].layers[-1].weight.grad.norm() > 2 * gradients["V1"][-1]

# %% values shrink from layer to layer without batch normalisation, and have a spread of 1 with it (cell [18])
if not mnist.standin:
    into_1, into_2, into_softmax = spreads["V1"]
    assert into_1 > 1.5 * into_2 > 2 * into_softmax
    assert all(abs(value - 1) < 0.1 for value in spreads["V1+BN"][:2])

# %% small batches gain less in an epoch, but not in equally many steps (cells [19] and [20])
course.between(gain["1 epoch, batch  10"], 0, 0.25, what="gain with batches of 10")
course.between(gain["1 epoch, batch 100"], 0.35, 0.8, what="gain with batches of 100")
course.between(gain["1 epoch, batch 500"], 0.35, 0.8, what="gain with batches of 500")
course.between(gain["550 steps, batch  10"], 0.3, 0.8, what="gain with batches of 10, after 550 steps")

# %% steps of an epoch: 5,500 with batches of 10, 110 with batches of 500 (cells [19] and [20])
assert len(mnist.train) == 5500 * 10 == 110 * 500
assert len(few) == 550 * 10 and 550 == 5 * 110

# %% after a second softmax, the gradient of a sure and wrong network is 90 times smaller (cell [21])
z = (5 * torch.eye(10)[[3]]).requires_grad_()
push = {name: torch.autograd.grad(loss_fn(z, seven), z)[0].norm() for name, loss_fn in losses.items()}
assert round((push["cross-entropy on logits"] / push["cross-entropy after softmax"]).item()) == 90

# %% logits lead clearly after one epoch (cell [21])
lead = runs["V1+BN, CE logits"].validation_accuracy[0] - runs["V1+BN, CE twice"].validation_accuracy[0]
course.between(lead, 0.05, 0.4, what="lead of logits over softmax twice after one epoch")

# %% the TensorBoard files hold the losses of the history (cell [22])
stored = [event.value for event in log.Scalars("epoch/validation_loss")]  # of V1+BN, the last one drawn
assert torch.allclose(torch.tensor(stored), torch.tensor(bn))

# %% the accuracy on the test pictures (cell [24])
course.between(test.accuracy, 0.96, 0.985)
