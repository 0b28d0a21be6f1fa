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
)
