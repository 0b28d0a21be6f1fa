"""The quiz of lesson 08: dropout, early stopping, and pictures that move."""

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
    question(
        "All pictures move by `2` pixels. Which network of the lesson loses more accuracy, and why?",
        wrong("The CNN: its windows are small.", "the windows follow the picture; it loses fewer points."),
        right(
            "The MLP: each weight of its first layer belongs to one fixed place.",
            "it loses about twice as many points as the CNN.",
        ),
        wrong("Neither: both have about as many parameters.", "the number of parameters says nothing about places."),
        wrong(
            "Only the MLP loses; a CNN gives the same answer wherever the shoe is.",
            "this would be invariance. The linear layers of a CNN look at fixed places, too.",
        ),
    ),
    question(
        "You train for six epochs at most, with early stopping and a patience of `3`. The validation losses: `0.90`, "
        "`0.62`, `0.54`, `0.57`, `0.51`, `0.66`. Which weights does the network hold at the end?",
        wrong("Those after epoch `3`", "epoch 4 was no gain, but epoch 5 was: the patience was not over."),
        wrong("Those after epoch `4`", "here the loss rose for the first time; nobody wants these weights."),
        right("Those after epoch `5`", "it has the least loss, and only one epoch without a gain follows."),
        wrong("Those after epoch `6`", "the last epoch is the best only if nothing was kept."),
    ),
    question(
        "After the best epoch a program says `weights = net.state_dict()`, trains on, and at the end calls "
        "`net.load_state_dict(weights)`. What does `net` hold?",
        wrong("The weights of the best epoch", "they were handed out, not copied: the training changed them, too."),
        right(
            "The last weights", "`state_dict()` gives the tensors in which the network keeps its weights: copy them."
        ),
        wrong("Its first weights", "nothing in the program keeps these."),
        wrong("The mean of all epochs", "no line of the program averages anything."),
    ),
    question(
        "Without dropout, the training loss goes to 0, the validation loss rises from epoch 12 on, and the validation "
        "accuracy stays. What happens?",
        wrong("Nothing: the accuracy does not fall.", "the network becomes surer of its wrong answers."),
        wrong("The learning rate is too large.", "then the training loss would not go to 0."),
        right("Overfitting: the probabilities become worse.", "who is sure and wrong pays with a large loss."),
        wrong("The validation pictures leaked into the training.", "then the validation loss would fall as well."),
    ),
)
