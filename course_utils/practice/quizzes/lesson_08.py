"""The quiz of lesson 08: dropout, and pictures that move."""

from course_utils.practice.quiz import question, right, wrong

VALUE, P = 6, 0.25

QUESTIONS = (
    question(
        f"In training, a number `{VALUE}` goes through `nn.Dropout({P})`. What may come out?",
        wrong(f"`0` or `{VALUE}`", "this forgets that the kept numbers are scaled."),
        right(f"`0` or `{VALUE / (1 - P):g}`", f"`{VALUE} / (1 - {P}) = {VALUE / (1 - P):g}`."),
        wrong(
            f"`{VALUE * (1 - P):g}`",
            f"`{1 - P} * {VALUE}` scales down; some old descriptions treat *evaluation* in this way.",
        ),
        wrong(f"`0` or `{VALUE / P:g}`", "this divides by p instead of 1 - p."),
    ),
    question(
        "How many of the `21,840` parameters belong to the dropout layer?",
        right(0, "it draws random numbers and learns nothing."),
        wrong(1, "p is a setting; training does not change it."),
        wrong(50, "one for each number would be a weight vector, as in batch normalisation."),
        wrong(50 * 50, "this is a linear layer from 50 to 50, without biases."),
    ),
    question(
        "Training accuracy `86 %`, validation accuracy `88 %`, with dropout. What do you think?",
        wrong("A bug: training accuracy is always higher.", "the two are measured in different modes."),
        wrong(
            "The validation pictures leaked into the training set.",
            "a leak is possible, but this difference needs no leak.",
        ),
        right(
            "Normal: dropout is on while the training accuracy is measured.",
            "and the training figure averages over an epoch in which the network still improves.",
        ),
        wrong(
            "The network overfits.",
            "overfitting shows the opposite order, with a validation loss that rises.",
        ),
    ),
    question(
        "A picture moves `2` pixels to the right. What happens after a convolution and 2x2 max pooling, away from the "
        "border?",
        wrong("The result stays the same.", "this would be invariance."),
        right("The result moves by `1`.", "the map moves by 2, and pooling halves all distances."),
        wrong("The result moves by `2`.", "this is true for the convolution alone."),
        wrong("The result is something entirely new.", "this describes the MLP."),
    ),
)
