"""The quiz of lesson 13: momentum, a smoothed loss, fast biases, mirror pictures, singular values, chance."""

import math
from itertools import combinations

from course_utils.practice.quiz import question, right, wrong

MOMENTUM, RATE = 0.9, 0.1
FAR = RATE / (1 - MOMENTUM)
CLASSES, SMOOTHING = 10, 0.2
OTHER = SMOOTHING / CLASSES
SURE = 1 - SMOOTHING + OTHER
ENTROPY = -SURE * math.log(SURE) - (CLASSES - 1) * OTHER * math.log(OTHER)
FACTOR, DECAY = 64, 0.0016
PICTURES = 50_000
VALUE = 0.5
ORDERS = len(list(combinations(range(6), 3)))

QUESTIONS = (
    question(
        f"SGD with a rate of `{RATE}` and momentum `{MOMENTUM}`. The gradient of a weight is 1 in every step. How far "
        "does a step go, after many steps?",
        wrong(f"`{RATE}`", "this is the first step; then the velocity adds up."),
        wrong(f"`{RATE * (1 + MOMENTUM):.2f}`", "this is the second step: the sum goes on growing."),
        right(
            f"`{FAR:.1f}`", f"the velocity grows to 1 / (1 - {MOMENTUM}) = {1 / (1 - MOMENTUM):.0f}, times the rate."
        ),
        wrong("ever further, without end", "old gradients count less and less, so the sum has an end."),
    ),
    question(
        f"Label smoothing of `{SMOOTHING}`, {CLASSES} classes. What is the smallest loss that a network can reach?",
        wrong(
            "`0.00`", "for this, the right class needs the probability 1; but then -ln(0) of the others is infinite."
        ),
        wrong(f"`{-math.log(SURE):.2f}`", f"this is -ln({SURE:g}): the other nine classes count, too."),
        right(
            f"`{ENTROPY:.2f}`",
            f"the best answer is what is wanted, {SURE:g} once and {OTHER:g} nine times; -sum q ln q of it.",
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
        f"Each of `{PICTURES:,}` pictures is mirrored with probability `0.5` in each epoch. After three epochs, how "
        "many were seen from one side only, on average? And how many with the alternating flip?",
        right(f"`{PICTURES // 4:,}` and `0`", "the second and the third coin fall as the first in a quarter of cases."),
        wrong(f"`{PICTURES // 8:,}` and `0`", "these were mirrored three times; as many were never mirrored."),
        wrong(f"`{PICTURES // 2:,}` and `0`", "this is after two epochs; the third shows half of them the other side."),
        wrong(f"`{PICTURES // 4:,}` and `{PICTURES // 2:,}`", "half begin mirrored, but then all change their side."),
    ),
    question(
        f"A matrix $A$ has the singular value `{VALUE}`. Which singular value has $A A^T A$ in this direction?",
        wrong(f"`{VALUE**2}`", "this is that of a product of two; here are three."),
        wrong("`1.0`", "one product does not make directions equal; it makes small ones smaller still."),
        right(f"`{VALUE**3}`", "each of the three factors stretches by it once: its third power."),
        wrong(f"`{3 * VALUE}`", "matrices are multiplied here, so their stretches are multiplied, too."),
    ),
    question(
        "Two ideas are equally good. You train each with three seeds. How often do all three of the first lie above "
        "all three of the second, by luck alone?",
        wrong("in 1 of 2 cases", "this is one seed against one; here are nine such pairs, and all have to agree."),
        wrong("in 1 of 8 cases", "three coins would say so, but all pairs have to agree, not three of them."),
        wrong("never", "luck can do this, and among many comparisons it will."),
        right(
            f"in 1 of {ORDERS} cases",
            f"there are {ORDERS} ways to choose three of six places, and one of them is the three highest.",
        ),
    ),
)
