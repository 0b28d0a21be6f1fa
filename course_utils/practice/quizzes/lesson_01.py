"""The quiz of lesson 01: filters."""

from course_utils.practice.quiz import question, right, wrong

ROW = (10, 10, 50)
SIDE, KERNEL = 64, 3
AFTER = SIDE - KERNEL + 1
OUT, IN = 5, 3

QUESTIONS = (
    question(
        "Three equal rows `10 10 50`. What does $S_x$ give there?",
        wrong(ROW[2] - ROW[0], "this forgets that the three rows count with the weights 1, 2 and 1."),
        right((1 + 2 + 1) * (ROW[2] - ROW[0]), "`(1 + 2 + 1) * (50 - 10)`."),
        wrong(-(1 + 2 + 1) * (ROW[2] - ROW[0]), "this is the true convolution, with the kernel turned first."),
        wrong(0, "the weights add up to 0, so *equal* pixels give 0. These are not equal."),
    ),
    question(
        "You call `filter2D` with depth `-1` and $S_x$ on a `uint8` picture: a black vertical bar on a white picture. "
        "What remains?",
        wrong("both sides of the bar", "one of them is negative and becomes 0."),
        wrong("only its left side", "there white turns to black, right minus left is negative."),
        right("only its right side", "there black turns to white, right minus left is positive."),
        wrong("nothing", "only negative results are lost."),
    ),
    question(
        f"A picture of `{SIDE} × {SIDE}` goes through a `{KERNEL} × {KERNEL}` kernel without padding, then through max "
        "pooling of `2 × 2` blocks. How many rows remain?",
        wrong(SIDE // 2, "this forgets that a kernel without padding takes off two rows."),
        right(AFTER // 2, f"{SIDE} - 2 = {AFTER}, and half of it."),
        wrong(AFTER, "this forgets the pooling."),
        wrong((AFTER - 2) // 2, "this takes off two rows a second time; pooling blocks do not overlap."),
    ),
    question(
        "Someone writes a convolution layer that really turns its kernel, and trains it as above. What happens?",
        right(
            "It learns the Sobel kernel turned by half a turn, with the same loss.",
            "training finds weights that give the right result after the turn.",
        ),
        wrong("It cannot learn edges.", "every correlation is a convolution with the turned kernel."),
        wrong("It learns the same weights.", "turned once more, these weights would give the opposite sign."),
        wrong(
            "It finds horizontal instead of vertical edges.",
            "half a turn keeps vertical edges vertical; a quarter turn would not.",
        ),
    ),
    question(
        f"A layer `nn.Conv2d({IN}, {OUT}, kernel_size={KERNEL}, bias=False)` gets one colour picture. How many "
        "products are added for *one* number of its result?",
        wrong(KERNEL**2, "this is one channel; the products of all three input channels are added."),
        right(IN * KERNEL**2, f"`{KERNEL} * {KERNEL}` weights for each of the `{IN}` input channels."),
        wrong(OUT * IN * KERNEL**2, "these are all weights of the layer; one number needs one kernel."),
        wrong(OUT * KERNEL**2, "each output channel has a kernel of its own, over all input channels."),
    ),
)
