"""Flax's nnx, after its MNIST tutorial: a Module, an optimizer of optax, a jitted step; arrays shuffled by NumPy."""

from functools import partial

import jax
import numpy as np
import optax
from flax import nnx

from benchmarks.peer_loops.work import EPSILON, MOMENTUM, Clock, Work

halve = partial(nnx.max_pool, window_shape=(2, 2), strides=(2, 2))


class LeNet(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.conv1 = nnx.Conv(1, 6, (5, 5), padding="VALID", rngs=rngs)
        self.conv2 = nnx.Conv(6, 16, (5, 5), padding="VALID", rngs=rngs)
        self.fc1 = nnx.Linear(16 * 4 * 4, 120, rngs=rngs)
        self.fc2 = nnx.Linear(120, 84, rngs=rngs)
        self.fc3 = nnx.Linear(84, 10, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = halve(nnx.relu(self.conv1(x)))
        x = halve(nnx.relu(self.conv2(x)))
        x = x.reshape(x.shape[0], -1)
        return self.fc3(nnx.relu(self.fc2(nnx.relu(self.fc1(x)))))


class Conv32x64(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.conv1 = nnx.Conv(1, 32, (3, 3), rngs=rngs)
        self.conv2 = nnx.Conv(32, 64, (3, 3), rngs=rngs)
        self.fc = nnx.Linear(64 * 7 * 7, 10, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = nnx.relu(halve(self.conv1(x)))
        x = nnx.relu(halve(self.conv2(x)))
        return self.fc(x.reshape(x.shape[0], -1))


class Convolution(nnx.Module):
    def __init__(self, inputs: int, outputs: int, pooled: bool, rngs: nnx.Rngs):
        self.conv = nnx.Conv(inputs, outputs, (3, 3), use_bias=False, rngs=rngs)
        self.norm = nnx.BatchNorm(outputs, momentum=0.6, epsilon=1e-5, use_scale=False, rngs=rngs)
        self.pooled = pooled

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.conv(x)
        return nnx.gelu(self.norm(halve(x) if self.pooled else x), approximate=False)


class CifarNet(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.first = nnx.Conv(3, 24, (2, 2), padding="VALID", rngs=rngs)
        widths = ((24, 64), (64, 64), (64, 256), (256, 256), (256, 256), (256, 256))
        self.blocks = nnx.List([Convolution(*two, pooled=i % 2 == 0, rngs=rngs) for i, two in enumerate(widths)])
        self.fc = nnx.Linear(256, 10, use_bias=False, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = nnx.gelu(self.first(x), approximate=False)
        for block in self.blocks:
            x = block(x)
        x = nnx.max_pool(x, window_shape=(3, 3), strides=(3, 3))
        return self.fc(x.reshape(x.shape[0], -1)) / 9


MODELS = {model.__name__: model for model in (LeNet, Conv32x64, CifarNet)}


def loss_fn(model: nnx.Module, images: jax.Array, labels: jax.Array) -> jax.Array:
    return optax.softmax_cross_entropy_with_integer_labels(model(images), labels).mean()


@nnx.jit
def train_step(model: nnx.Module, optimizer: nnx.Optimizer, images: jax.Array, labels: jax.Array) -> jax.Array:
    loss, gradients = nnx.value_and_grad(loss_fn)(model, images, labels)
    optimizer.update(model, gradients)
    return loss


def train(work: Work, clock: Clock) -> None:
    network = work.network
    model = MODELS[network.model](nnx.Rngs(0))
    model.train()
    clock.weights(sum(weight.size for weight in jax.tree.leaves(nnx.state(model, nnx.Param))))
    sgd = optax.sgd(network.lr, momentum=MOMENTUM)
    rule = sgd if network.optimizer == "sgd" else optax.adam(network.lr, eps=EPSILON)
    step = nnx.cached_partial(train_step, model, nnx.Optimizer(model, rule, wrt=nnx.Param))
    images, labels, rng = work.images_channels_last, work.labels.astype(np.int32), np.random.default_rng(0)
    for _ in range(work.epochs):
        order, losses = rng.permutation(len(labels)), []
        for start in range(0, len(order), network.batch_size):
            chosen = order[start : start + network.batch_size]
            losses.append(step(images[chosen], labels[chosen]))
        clock.epoch_ends(np.mean(jax.device_get(losses)))
