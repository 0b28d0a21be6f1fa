"""The quiz of lesson 04: MLP and batch normalisation."""

import math

from course_utils.practice.quiz import question, right, wrong

UNITS = 64
LEAST_LOSS = -math.log(math.e / (math.e + 9))  # softmax of a perfect answer: 1 for one of ten classes, 0 for nine
IMAGES, BATCH, RIGHT = 1050, 100, 1000
BATCHES = -(-IMAGES // BATCH)


def percent(part: float) -> str:
    return f"`{100 * part:.3g} %`"


TRUE, POSTS = percent(RIGHT / IMAGES), percent(RIGHT / (BATCHES * BATCH))

GRADIENTS = 50  # cross-entropy on logits against MSE after softmax, at the logits of an undecided network

QUESTIONS = (
    question(
        f"How many parameters does `nn.BatchNorm1d({UNITS})` train?",
        wrong(UNITS, "this counts the weights, but not the biases."),
        right(2 * UNITS, f"one weight and one bias for each of the {UNITS} units."),
        wrong(4 * UNITS, "this counts the two buffers too; they are not trained."),
        wrong(0, "the standardising has no parameters, but the weight and the bias after it are learned."),
    ),
    question(
        "`F.cross_entropy` gets the probabilities of ten classes from a softmax. What do you see?",
        wrong("An error about the range", "any numbers are valid logits, so nothing is checked."),
        wrong(
            "A loss that can reach 0",
            "for this, one logit must be far above the others; probabilities differ by 1 at most.",
        ),
        right(f"A loss that stays above about `{LEAST_LOSS:.2f}`", "even a perfect answer gets this loss."),
        wrong("An accuracy of `10 %`", "the network learns, only more slowly."),
    ),
    question(
        f"`{IMAGES:,}` pictures, batches of `{BATCH}`, `{RIGHT:,}` right answers. What is the accuracy, and what does "
        "`len(loader) * batch_size` give?",
        right(f"{TRUE} and {POSTS}", f"`{RIGHT} / {IMAGES}`; the formula divides by `{BATCHES} * {BATCH}`."),
        wrong(
            f"{POSTS} and {TRUE}",
            "the two are exchanged; the formula divides by too much, so its result is too low.",
        ),
        wrong(f"{TRUE} both times", "this would hold if the batch size divided the number of pictures."),
        wrong(f"{percent(RIGHT / (IMAGES // BATCH * BATCH))} and {TRUE}", "the short last batch counts too."),
    ),
    question(
        "`V1` with MSE after softmax and the learning rate `0.1` learns very slowly. Which single change "
        "mends it best?",
        wrong("Batch normalisation", "after two epochs `V1+BN` reads about `74 %`; with the other loss it is more."),
        wrong("Larger starting weights", "they bring it to about `43 %` after two epochs, a part of the way."),
        right(
            "Cross-entropy on logits",
            f"about `88 %` after two epochs; its gradient at the start is `{GRADIENTS}` times as large.",
        ),
        wrong("Fewer parameters", "with the other loss, `V1` learns well with all its parameters."),
    ),
    question(
        "Why does batch normalisation need two modes?",
        wrong("Evaluation has to be faster", "it may be, but a mode for speed alone would give the same answers."),
        wrong(
            "In evaluation mode the weight and the bias are switched off",
            "both modes use them; the mean and the variance come from elsewhere.",
        ),
        right(
            "An answer must not depend on the other pictures of the batch",
            "so evaluation uses averages that were kept during training. One picture alone has no variance at all.",
        ),
        wrong(
            "The running averages are learned by gradients, which evaluation does not have",
            "they are buffers: no gradient changes them.",
        ),
    ),
    question(
        "In evaluation mode, which mean does batch normalisation subtract?",
        wrong(
            "The mean of the evaluated batch",
            "this is training mode; the answer would depend on the other pictures in the batch.",
        ),
        right("The running mean from training", "it is a buffer, and the same for every picture."),
        wrong("Zero", "only before the first training step the running mean is zero."),
        wrong("The learned bias", "the bias is added after the standardising."),
    ),
)
