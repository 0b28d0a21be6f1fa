"""Keras, whose backend the environment variable KERAS_BACKEND names: `compile` and `fit` on arrays, by its defaults."""

import math

import keras
from keras import layers

from benchmarks.peer_loops.work import EPSILON, MOMENTUM, Clock, Work


def lenet() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(6, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(120, activation="relu"),
            layers.Dense(84, activation="relu"),
            layers.Dense(10),
        ]
    )


def conv32x64() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, padding="same"),
            layers.MaxPooling2D(),
            layers.ReLU(),
            layers.Conv2D(64, 3, padding="same"),
            layers.MaxPooling2D(),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )


def cifarnet() -> keras.Model:
    def convolution(channels: int, *pooling: layers.Layer) -> list[layers.Layer]:
        norm = layers.BatchNormalization(momentum=0.6, epsilon=1e-5, scale=False)
        return [layers.Conv2D(channels, 3, padding="same", use_bias=False), *pooling, norm, gelu()]

    def gelu() -> layers.Layer:
        return layers.Activation("gelu")

    blocks = [convolution(n, layers.MaxPooling2D()) + convolution(n) for n in (64, 256, 256)]
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(24, 2),
            gelu(),
            *sum(blocks, []),
            layers.MaxPooling2D(3),
            layers.Flatten(),
            layers.Dense(10, use_bias=False),
            layers.Rescaling(1 / 9),
        ]
    )


MODELS = {"LeNet": lenet, "Conv32x64": conv32x64, "CifarNet": cifarnet}


class Tell(keras.callbacks.Callback):
    def __init__(self, clock: Clock):
        super().__init__()
        self.clock = clock

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.clock.epoch_ends(logs["loss"])


def train(work: Work, clock: Clock) -> None:
    network = work.network
    model = MODELS[network.model]()
    clock.weights(sum(math.prod(weight.shape) for weight in model.trainable_weights))
    sgd = keras.optimizers.SGD(network.lr, momentum=MOMENTUM)
    model.compile(
        optimizer=sgd if network.optimizer == "sgd" else keras.optimizers.Adam(network.lr, epsilon=EPSILON),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.fit(
        work.images_channels_last,
        work.labels,
        batch_size=network.batch_size,
        epochs=work.epochs,
        callbacks=[Tell(clock)],
        verbose=0,
    )
