"""The quiz of lesson 09: Conv32-64, initial weights and Adam."""

from course_utils.practice.quiz import question, right, wrong

INPUTS, OUTPUTS, KERNEL = 32, 64, 3
WEIGHTS = OUTPUTS * INPUTS * KERNEL**2
SIDE, PADDING = 9, 1
GRADIENT, RATE, BETA1 = 0.2, 0.001, 0.9

QUESTIONS = (
    question(
        f"How many parameters does `nn.Conv2d({INPUTS}, {OUTPUTS}, kernel_size={KERNEL}, padding=1)` have?",
        wrong(WEIGHTS, f"these are the weights; the {OUTPUTS} biases are missing."),
        right(WEIGHTS + OUTPUTS, f"{OUTPUTS} · {INPUTS} · 3 · 3 weights and {OUTPUTS} biases. Padding adds none."),
        wrong(
            OUTPUTS * KERNEL**2 + OUTPUTS,
            f"each output channel has its own kernel for each of the {INPUTS} input channels.",
        ),
        wrong(OUTPUTS * INPUTS * 5**2 + OUTPUTS, "this is the number for 5x5 kernels."),
    ),
    question(
        f"`nn.MaxPool2d(2, padding=1)` gets a picture of `{SIDE} × {SIDE}`. How long is the output side?",
        wrong(SIDE // 2, "this is the side without padding."),
        wrong(f"`{SIDE / 2}`", "the formula rounds down; there are no half places."),
        right((SIDE + 2 * PADDING - 2) // 2 + 1, "(9 + 2 - 2) // 2 + 1 = 5."),
        wrong(SIDE + 2 * PADDING, "this is the padded side, before the blocks are formed."),
    ),
    question(
        f"A weight has the gradient `{GRADIENT}`. How far does Adam with `lr={RATE}` move it in the very first step?",
        wrong(f"`{RATE * GRADIENT:g}`", "this is SGD, learning rate times gradient."),
        right(
            f"`{RATE:g}`",
            "after the bias correction, `m` is the gradient and the root of `v` its size; the quotient is 1.",
        ),
        wrong(
            f"`{RATE * GRADIENT * (1 - BETA1):.5f}`",
            "this forgets the bias correction of `m`, and divides by nothing.",
        ),
        wrong(f"`{GRADIENT}`", "this is the gradient itself."),
    ),
    question(
        "A network with dropout answers the same picture twice, and the answers differ. What happened?",
        wrong("The loader shuffles.", "the order of the pictures changes no answer."),
        wrong(
            "The seed was not set.",
            "a seed repeats a whole run; within one run, the second call still draws other numbers.",
        ),
        right(
            "The network is in training mode.",
            "dropout is on and draws new zeros in each call. `model.eval()` switches it off.",
        ),
        wrong("The network is not trained enough.", "in evaluation mode even a new network repeats its answer."),
    ),
)
