"""The quiz of lesson 03: scores, softmax, loss, gradient, steps, ReLU."""

import math

from course_utils.practice.quiz import question, right, wrong

CLASSES = 100
INPUTS, HIDDEN, OUTPUTS = 784, 32, 10
PARAMETERS = (INPUTS + 1) * HIDDEN + (HIDDEN + 1) * OUTPUTS
PICTURES, BATCH, EPOCHS = 1050, 100, 3
SHARES = (0.2, 0.7, 0.1)  # of three classes; the middle one is right

QUESTIONS = (
    question(
        f"A new network has to tell {CLASSES} classes apart. Which cross-entropy do you expect before the training?",
        wrong(f"`{math.log(10):.3f}`", "this is the loss for ten classes."),
        wrong(f"`{1 / CLASSES}`", "this is the probability of each class; the loss is minus its logarithm."),
        right(
            f"`{math.log(CLASSES):.3f}`", f"each class gets about 1/{CLASSES}, and `-ln(1/{CLASSES}) = ln {CLASSES}`."
        ),
        wrong("`0`", "only an answer that is sure and right has the loss 0."),
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
        f"`{PICTURES:,}` training pictures, batches of `{BATCH}`, {EPOCHS} epochs: how many steps are made?",
        wrong(f"`{PICTURES // BATCH * EPOCHS}`", "the short last batch of each epoch makes a step, too."),
        wrong(f"`{-(-PICTURES * EPOCHS // BATCH)}`", "each epoch ends with a short batch of its own."),
        wrong(f"`{PICTURES * EPOCHS:,}`", "there is one step for each batch, not for each picture."),
        right(
            f"`{-(-PICTURES // BATCH) * EPOCHS}`", f"`{-(-PICTURES // BATCH)}` batches in each epoch, {EPOCHS} times."
        ),
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
