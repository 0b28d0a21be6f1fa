"""The quiz of lesson 12: luck, short numbers, work, GELU, a white cloud, Dirac weights."""

import math
from statistics import NormalDist

from course_utils.practice.quiz import question, right, wrong

IDEAS, CHANCE = 20, 0.5
LUCK = CHANCE * NormalDist().inv_cdf((IDEAS - 0.375) / (IDEAS + 0.25))  # the greatest of 20 normal numbers, on average
STEP = 2**-7  # from 1 to the next number of bfloat16, which has 7 bits after the point
SMALL, TIMES = 0.003, 500
INPUTS, OUTPUTS, SIDE = 32, 128, 15
POOLED = SIDE // 2
MULTIPLICATIONS = OUTPUTS * POOLED**2 * INPUTS * 9
X, BELOW = -1.0, NormalDist().cdf(-1)
VARIANCE, COVARIANCE = 2.0, 1.2
LONG = VARIANCE + COVARIANCE  # the variance along the diagonal
FEW, MANY = 24, 64

QUESTIONS = (
    question(
        f"From seed to seed, the accuracy of a training varies with a standard deviation of `{CHANCE}` points. You try "
        f"{IDEAS} ideas, each once. All are useless. By how much does the best of them seem to help?",
        wrong("by `0.0` points", "this is the mean of all of them; you look at the best."),
        wrong(f"by about `{CHANCE}` points", "one idea in six is better than that by chance, and you have twenty."),
        right(
            f"by about `{LUCK:.1f}` points",
            "this is luck, and is gone with the next seed. So train it again with other seeds before you believe it.",
        ),
        wrong(f"by about `{IDEAS * CHANCE:.1f}` points", "chances are not added up: you take one idea, not all."),
    ),
    question(
        f"A weight is `1.0` in bfloat16. You add `{SMALL}` to it, `{TIMES}` times, and each sum is rounded to "
        "bfloat16. What is it then?",
        wrong(f"`{1 + TIMES * SMALL}`", "this is the sum in exact numbers."),
        right(
            "`1.0`",
            f"the next number is {1 + STEP}, and {SMALL} is less than half of the way. So autocast keeps the weights "
            "in float32.",
        ),
        wrong(f"`{1 + SMALL}`", f"bfloat16 has no such number: after 1 comes {1 + STEP}."),
        wrong("`inf`", "bfloat16 has the range of float32; what it lacks is digits."),
    ),
    question(
        f"A picture of `{SIDE} × {SIDE}` places with `{INPUTS}` channels is pooled (2x2). Then comes "
        f"`nn.Conv2d({INPUTS}, {OUTPUTS}, kernel_size=3, padding=1, bias=False)`. How many FLOP does the convolution "
        "need for it, forward?",
        wrong(OUTPUTS * INPUTS * 9, "this is the number of its weights; each is used at every place."),
        wrong(MULTIPLICATIONS, "these are the multiplications; there are as many additions."),
        wrong(2 * OUTPUTS * SIDE**2 * INPUTS * 9, "this is the work without pooling, more than four times as much."),
        right(
            2 * MULTIPLICATIONS, f"{OUTPUTS} · {POOLED} · {POOLED} outputs, each of {INPUTS} · 3 · 3 products, times 2."
        ),
    ),
    question(
        f"A normally distributed random number is below {X:.0f} with probability {BELOW:.2f}. What is GELU({X:.0f})?",
        wrong("`0`", "this is ReLU; GELU lets small negative numbers through, made smaller."),
        wrong(f"`{BELOW:.2f}`", "this is the factor alone: GELU multiplies x by it."),
        right(f"`{X * BELOW:.2f}`", f"x times the probability, {X:.0f} · {BELOW:.2f}."),
        wrong(f"`{X * (1 - BELOW):.2f}`", "this takes the probability of a number above x."),
    ),
    question(
        f"Two numbers have the variances {VARIANCE:g} and {VARIANCE:g}, and the covariance {COVARIANCE:g}. You whiten "
        "them. By which number do you divide the coordinate along the diagonal?",
        wrong(f"`{LONG:.2f}`", "this is the variance along the diagonal: divide by its root."),
        wrong(
            f"`{math.sqrt(VARIANCE):.2f}`", "this is the standard deviation of one of the numbers, not of this axis."
        ),
        wrong(f"`{math.sqrt(VARIANCE - COVARIANCE):.2f}`", "this belongs to the other axis, across the diagonal."),
        right(
            f"`{math.sqrt(LONG):.2f}`",
            f"the variance along (1, 1) is the eigenvalue {VARIANCE:g} + {COVARIANCE:g}; its root is the standard "
            "deviation.",
        ),
    ),
    question(
        f"`nn.Conv2d({FEW}, {MANY}, kernel_size=3, padding=1)` gets Dirac weights. Which of its {MANY} outputs are "
        "copies of an input, before any training?",
        right(f"the first `{FEW}`", "each copies the input of its own number; for more there is no input."),
        wrong(f"all `{MANY}`", f"there are {FEW} inputs, so {FEW} outputs can copy; the others stay random."),
        wrong("none: a 3x3 window mixes nine places", "eight of the nine weights are 0, and the middle one is 1."),
        wrong("the last one", "it has a number that no input has, so it stays random."),
    ),
)
