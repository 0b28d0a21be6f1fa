"""The same training as each library's own documentation writes it, one file each: benchmarks/peers.py compares them.

    work           the trainings: network, data, batch size, optimizer; and the clock that every loop calls
    ours           loader and fit, as in the lessons
    post           the blog posts' way: torchvision makes each sample when it is asked for
    plain          PyTorch's own DataLoader over ready tensors, and the loop of its tutorial
    with_skorch    with_lightning    with_fastai    with_keras (on torch or on JAX)    with_flax

Each has a function `train(work, clock)`. It makes the network, tells the clock how many weights it trains, and calls
`clock.epoch_ends(loss)` after each epoch. Nothing is imported here, and nothing of PyTorch in `work`, so that each
process holds in memory what its library needs, and no more.
"""
