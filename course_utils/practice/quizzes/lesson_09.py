"""The quiz of lesson 09: Conv32-64, initial weights, Adam, costs, and a control for learned filters."""

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
        "Why does He's rule have twice the variance `1 / fan-in`?",
        wrong("Because the gradient goes back through the same weights.", "this is why Xavier's rule has a fan-out."),
        right(
            "ReLU halves the mean of the squares, and the next sum depends on it.",
            "the factor 2 makes up for it, layer after layer.",
        ),
        wrong("Because weights can be negative, too.", "every rule here draws as many below 0 as above."),
        wrong("Because each convolution is followed by pooling.", "the rule is for any layer before a ReLU."),
    ),
    question(
        "Network B makes ten times the products of network A for each picture. What follows for a training step?",
        wrong("It takes ten times as long.", "in the lesson, 13.7 times the products took far less than that."),
        wrong("It needs ten times the memory.", "what is kept are the numbers between the layers; count those."),
        wrong("It has ten times the parameters.", "a kernel's weight is used at every place."),
        right(
            "None of these; its time has to be measured.",
            "small layers, layers without products, and the fixed part of a step all count.",
        ),
    ),
    question(
        "The best of your 32 learned kernels has the cosine similarity `0.8` with a Sobel kernel. What do you do next?",
        wrong("Write that the network learned Sobel.", "32 random kernels reach this rather often."),
        right(
            "Draw many random sets of 32 kernels, and see how often their best is as good.",
            "without this control, the number says nothing.",
        ),
        wrong("Train with a larger learning rate.", "first find out what the number means."),
        wrong("Take the kernels with a negative similarity out.", "they mark the same edges, from bright to dark."),
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
