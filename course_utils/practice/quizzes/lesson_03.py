"""The quiz of lesson 03: loss, gradient, parameters, ReLU, the loop, the three sets of pictures."""

import math

from course_utils.practice.quiz import question, right, wrong

INPUTS, HIDDEN, OUTPUTS = 784, 32, 10
PARAMETERS = (INPUTS + 1) * HIDDEN + (HIDDEN + 1) * OUTPUTS
LOSS = 2 * math.log(10)  # of one picture
SHARES = (0.2, 0.7, 0.1)  # of three classes; the middle one is right

QUESTIONS = (
    question(
        f"The cross-entropy of one picture is `{LOSS:.3f}`, which is twice `ln 10`. Which probability did the network "
        "give to the right class?",
        wrong("`0.1`", f"then the loss would be `{-math.log(0.1):.3f}`, half as much."),
        wrong("`0.05`", f"half of 0.1 adds `ln 2` to the loss: `{-math.log(0.05):.3f}`."),
        right(
            f"`{math.exp(-LOSS):.2f}`",
            "`-ln 0.01 = ln 100 = 2 * ln 10`: each further factor of 0.1 adds `ln 10` to the loss.",
        ),
        wrong("`0.99`", f"then the loss would be small, `{-math.log(0.99):.3f}`."),
    ),
    question(
        f"The probabilities of three classes are `{SHARES[0]}`, `{SHARES[1]}` and `{SHARES[2]}`. The second class "
        "is right. What is the gradient of the loss for the three scores?",
        right("`0.2`, `-0.3`, `0.1`", "probability minus one-hot target: from the right class 1 is taken away."),
        wrong("`-0.2`, `0.3`, `-0.1`", "this is the direction of the step; the gradient points the other way."),
        wrong("`0.2`, `0.7`, `0.1`", "these are the probabilities alone, and the target is missing."),
        wrong("`0`, `-0.3`, `0`", "the scores of the wrong classes count too: they make the sum in softmax larger."),
    ),
    question(
        f"A network has {INPUTS} inputs, one hidden layer of {HIDDEN} units and {OUTPUTS} outputs. How many parameters "
        "are there?",
        wrong(f"`{INPUTS * HIDDEN + HIDDEN * OUTPUTS:,}`", "this counts the weights, but no bias."),
        wrong(f"`{(INPUTS + 1) * OUTPUTS:,}`", "this is the linear classifier without a hidden layer."),
        right(f"`{PARAMETERS:,}`", f"`{INPUTS} * {HIDDEN} + {HIDDEN}`, and `{HIDDEN} * {OUTPUTS} + {OUTPUTS}`."),
        wrong(f"`{PARAMETERS + HIDDEN:,}`", "this gives ReLU a parameter for each unit; it has none."),
    ),
    question(
        "Why does a ReLU stand between two linear layers?",
        wrong("It keeps the scores positive.", "the last layer comes after it, and its scores may be negative."),
        right(
            "Without it, the two layers would be one linear layer.",
            "`W2 @ (W1 @ x)` is `(W2 @ W1) @ x`, and the boundary would be a straight line.",
        ),
        wrong("It turns scores into probabilities.", "softmax does that, inside the loss."),
        wrong("It makes the training diverge less.", "this is decided by the learning rate."),
    ),
    question(
        "A training loop has no `optimizer.zero_grad()`. Which gradient does its third step use?",
        wrong("that of the third batch alone", "this is so with `zero_grad`: without it nothing is forgotten."),
        wrong("the mean of those of three batches", "`backward` adds; nothing divides by the number of batches."),
        wrong("none: the third `backward` is an error", "no error comes, so this mistake is hard to see."),
        right("the sum of those of three batches", "`backward` adds each new gradient to what `.grad` already holds."),
    ),
    question(
        "You compare ten learning rates. Which pictures decide which one is best?",
        wrong("the training pictures", "a network may know them by heart; they do not show how it reads new ones."),
        wrong(
            "the test pictures", "then the test accuracy of the winner is too good, and no unseen pictures are left."
        ),
        right(
            "the validation pictures",
            "they are new to the network, and the test set stays closed until the choice is made.",
        ),
        wrong("all pictures together", "then nothing is left that the network has not seen."),
    ),
)
