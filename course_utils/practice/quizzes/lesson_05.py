"""The quiz of lesson 05: LeNet."""

import math

from course_utils.practice.quiz import question, right, wrong

INPUTS, OUTPUTS, KERNEL = 6, 16, 5
WEIGHTS = OUTPUTS * INPUTS * KERNEL**2
SIDE = 32
AFTER = SIDE - KERNEL + 1

QUESTIONS = (
    question(
        f"How many parameters does `nn.Conv2d({INPUTS}, {OUTPUTS}, kernel_size={KERNEL})` have?",
        wrong(OUTPUTS * KERNEL**2 + OUTPUTS, "each of the six input channels has its own kernel."),
        wrong(WEIGHTS, "these are the weights; the biases are missing."),
        right(WEIGHTS + OUTPUTS, "16 · 6 · 5 · 5 weights and 16 biases."),
        wrong(OUTPUTS * KERNEL**2, "neither the input channels nor the biases are counted."),
    ),
    question(
        f"A picture of `{SIDE} × {SIDE}` pixels goes through a 5x5 convolution without padding, then through 2x2 max "
        "pooling. How long is its side?",
        wrong(SIDE // 2, "a convolution without padding makes the picture smaller."),
        right(AFTER // 2, f"{SIDE} - 5 + 1 = {AFTER}, and half of it is {AFTER // 2}."),
        wrong(AFTER, "this is the side before the pooling."),
        wrong((SIDE - 2) // 2, "a 5x5 window takes off 4 pixels, not 2."),
    ),
    question(
        "`nn.Conv2d(3, 2, kernel_size=5)` computes a number of output channel 0. How do the three input channels come "
        "together?",
        wrong("Their results are averaged.", "they are added; no division by 3 takes place."),
        wrong(
            "Each input channel gives an output channel of its own.", "then there would be three, and there are two."
        ),
        right(
            "Each goes through its own kernel; the three results are added, and one bias.",
            "a kernel for each pair of an input and an output channel, a bias for each output channel.",
        ),
        wrong("All three go through the same kernel.", "the weight has the shape (2, 3, 5, 5): three kernels for it."),
    ),
    question(
        "A new network for ten classes starts with a loss of `14`. What do you think?",
        wrong("Normal: it has not learned anything yet.", f"nothing learned means a loss near {math.log(10):.3f}."),
        wrong("The learning rate is too high.", "no step has been made yet."),
        right(
            "Something is wrong with the network or with its input.",
            "it is *confidently wrong*, for example because the pixels run from 0 to 255.",
        ),
        wrong("The batch is too small.", "the mean loss of a small batch varies, but not by this much."),
    ),
    question(
        "Why is there no ReLU after the last layer?",
        wrong("ReLU is slow.", "it costs almost nothing."),
        right(
            "A logit may be negative, and `F.cross_entropy` wants logits.",
            "ReLU would make every negative score 0, and its gradient too.",
        ),
        wrong("`nn.Linear` already contains a ReLU.", "a linear layer is a weighted sum with a bias, nothing more."),
        wrong(
            "The logits are already probabilities.",
            "probabilities are not negative and add up to 1; logits need neither.",
        ),
    ),
    question(
        "Before the training, a unit is 0 after ReLU for all 64 pictures of a batch. What follows?",
        wrong(
            "It can never learn.", "in the lesson, all units that were dead on 5,000 pictures lived after the training."
        ),
        right(
            "It gets no gradient from this batch; other batches may wake it up.",
            "*dead* is said of a unit and a set of pictures at one moment.",
        ),
        wrong("The network has a bug.", "a share of such units is normal; most of them would be a bad sign."),
        wrong("Its weights are 0.", "its *sum* is not positive; its weights are what they are."),
    ),
    question(
        "The pixels of all pictures are mixed in one fixed order, in training and in validation. Why does an MLP lose "
        "nothing?",
        wrong("It has more parameters than the CNN.", "both have about 44,500."),
        wrong("It looks at neighbouring pixels only.", "it looks at all of them at once; the windows are the CNN's."),
        right(
            "The same weights in another order of columns give the same logits.",
            "so what it can learn from one order, it can learn from the other.",
        ),
        wrong("It learns the pictures by heart.", "its score is measured on validation pictures."),
    ),
)
