"""The quiz of lesson 13: short numbers, work, a smoothed loss, fast biases, mirror pictures, chance."""

import math
from statistics import NormalDist

from course_utils.practice.quiz import question, right, wrong

STEP = 2**-7  # from 1 to the next number of bfloat16, which has 7 bits after the point
SMALL, TIMES = 0.003, 1_000
INPUTS, OUTPUTS, KERNEL, SIDE = 64, 256, 3, 31
POOLED = SIDE // 2
MULTIPLICATIONS = OUTPUTS * POOLED**2 * INPUTS * KERNEL**2
CLASSES, SMOOTHING = 10, 0.2
OTHER = SMOOTHING / CLASSES
SURE = 1 - SMOOTHING + OTHER
ENTROPY = -SURE * math.log(SURE) - (CLASSES - 1) * OTHER * math.log(OTHER)
FACTOR, DECAY = 64, 0.0016
PICTURES = 50_000
IDEAS, CHANCE = 20, 0.2
LUCK = CHANCE * NormalDist().inv_cdf((IDEAS - 0.375) / (IDEAS + 0.25))  # the greatest of 20 normal numbers, on average

QUESTIONS = (
    question(
        f"A weight is `1.0` in bfloat16. You add `{SMALL}` to it, `{TIMES:,}` times, and each sum is rounded to "
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
        f"`nn.Conv2d({INPUTS}, {OUTPUTS}, kernel_size={KERNEL}, padding=1, bias=False)`. How many FLOP does the "
        "convolution need, multiplications and additions?",
        wrong(OUTPUTS * INPUTS * KERNEL**2, "this is the number of its weights; each is used at every place."),
        wrong(MULTIPLICATIONS, "these are the multiplications; there are as many additions."),
        wrong(
            2 * OUTPUTS * SIDE**2 * INPUTS * KERNEL**2,
            "this is the work without pooling, more than four times as much.",
        ),
        right(
            2 * MULTIPLICATIONS, f"{OUTPUTS} · {POOLED} · {POOLED} outputs, each of {INPUTS} · 3 · 3 products, times 2."
        ),
    ),
    question(
        f"Label smoothing of `{SMOOTHING}`, {CLASSES} classes. What is the smallest loss that a network can reach?",
        wrong(
            "`0.00`", "for this, the right class needs the probability 1; but then -ln(0) of the others is infinite."
        ),
        wrong(f"`{-math.log(SURE):.2f}`", f"this is -ln({SURE:g}): the other nine classes count, too."),
        right(
            f"`{ENTROPY:.2f}`",
            f"the best answer is what is wanted, {SURE:g} once and {OTHER:g} nine times; the loss is its entropy.",
        ),
        wrong(f"`{math.log(CLASSES):.2f}`", "this is the loss of a blind guess, all classes alike."),
    ),
    question(
        f"The weights have `weight_decay={DECAY}`. The biases learn {FACTOR} times as fast. With which `weight_decay` "
        "does a bias shrink by the same part in each step as a weight?",
        wrong("`0.0`", "then it would not shrink at all."),
        right(f"`{DECAY / FACTOR:.6f}`", f"lr is {FACTOR} times as great, so lr * weight_decay stays the same."),
        wrong(f"`{DECAY}`", f"a step takes lr * weight_decay of it: the bias would shrink {FACTOR} times as fast."),
        wrong(f"`{DECAY * FACTOR:.4f}`", f"then it would shrink {FACTOR} · {FACTOR} times as fast."),
    ),
    question(
        f"Each of `{PICTURES:,}` pictures is mirrored with probability `0.5` in each epoch. After two epochs, how many "
        "were seen from one side only, on average? And how many with the alternating flip?",
        right(f"`{PICTURES // 2:,}` and `0`", "the second coin falls as the first in half of all cases."),
        wrong(f"`{PICTURES // 4:,}` and `0`", "these were mirrored twice; as many were never mirrored."),
        wrong("`0` and `0`", "this is what the alternating flip is for; coins do not remember."),
        wrong(f"`{PICTURES // 2:,}` and `{PICTURES // 2:,}`", "half begin mirrored, but then all change their side."),
    ),
    question(
        f"From seed to seed, the accuracy of a training varies with a standard deviation of `{CHANCE}` points. You try "
        f"{IDEAS} ideas, each once. All are useless. By how much does the best of them seem to help?",
        wrong("by `0.0` points", "this is the mean of all of them; you look at the best."),
        wrong(f"by about `{CHANCE}` points", "one idea in six is better than that by chance, and you have twenty."),
        right(
            f"by about `{LUCK:.1f}` points",
            "this is luck, and is gone with the next seed. So repeat it, and open the test set once, at the end.",
        ),
        wrong(f"by about `{IDEAS * CHANCE:.1f}` points", "chances are not added up: you take one idea, not all."),
    ),
)
