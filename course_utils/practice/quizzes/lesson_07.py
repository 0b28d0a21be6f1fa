"""The quiz of lesson 07: LeNet-5, softmax and log-softmax, scores and their spread, overfitting."""

from course_utils.practice.quiz import question, right, wrong

N, INPUTS, OUTPUTS, HEIGHT, WIDTH, KERNEL = 8, 6, 16, 14, 20, 5
HIGH, WIDE = HEIGHT - KERNEL + 1, WIDTH - KERNEL + 1
EXAM, ACCURACY = 5000, 0.989
PICTURES, BATCH, EPOCHS = 12_800, 50, 3
OF_A_DIFFERENCE = (2 * ACCURACY * (1 - ACCURACY) / EXAM) ** 0.5

QUESTIONS = (
    question(
        f"A batch of {N} pictures, {INPUTS} channels, `{HEIGHT}` pixels high and `{WIDTH}` wide, goes through "
        f"`nn.Conv2d({INPUTS}, {OUTPUTS}, kernel_size={KERNEL})`. Which shape comes out?",
        right((N, OUTPUTS, HIGH, WIDE), "*(N, C, H, W)*; height and width lose 4 pixels each."),
        wrong((N, OUTPUTS, WIDE, HIGH), "height comes before width."),
        wrong((N, OUTPUTS, HEIGHT, WIDTH), "this needs `padding=2`."),
        wrong((N, INPUTS, HIGH, WIDE), f"the output has {OUTPUTS} channels."),
    ),
    question(
        "What is true of the *training* pixels after standardising with their own mean and standard deviation?",
        wrong("They are Gaussian.", "the shape of the histogram does not change."),
        wrong("They lie between `-1` and `1`.", f"white pixels are near `{(1 - 0.1307) / 0.3081:.1f}`."),
        right("They have mean `0` and standard deviation `1`.", "and no more than that."),
        wrong("They are independent.", "near pixels are still alike."),
    ),
    question(
        "A model ends in log-softmax. Which loss fits, and computes no log-softmax again?",
        right("`F.nll_loss`", "it takes minus the entry of the right class, nothing more."),
        wrong("`F.mse_loss`", "it compares numbers with numbers; the targets are class numbers."),
        wrong("`torch.log`, then `F.nll_loss`", "the outputs are logarithms already, and negative."),
        wrong(
            "`F.cross_entropy`",
            "its value is right, since the log-softmax of a log-softmax changes nothing, but it computes it again.",
        ),
    ),
    question(
        f"Two models reach `98.9 %` and `98.8 %`, each on {EXAM:,} pictures of its own. What do you conclude?",
        wrong(
            "The first is better.",
            f"chance alone makes a difference with a spread of `{OF_A_DIFFERENCE:.2%}`, more than what is seen.",
        ),
        wrong("Ask the test set.", "then it is no longer an exam, but a second mock exam."),
        right("They may be equally good.", "repeat with other seeds, or take the cheaper one."),
        wrong("The second is overfitted.", "for this you need to see its validation loss over the epochs."),
    ),
    question(
        "Which of these is the sign of overfitting?",
        wrong("The training accuracy is above the validation accuracy.", "nearly every trained model shows this gap."),
        right(
            "The validation loss rises while the training loss falls.",
            "what it learns now helps only where it is known.",
        ),
        wrong("The loss of single batches jumps.", "small batches are easy or hard by chance."),
        wrong("The training loss is near 0.", "it may be small while the validation loss still falls."),
    ),
    question(
        "A coin shows heads, heads, heads, tails, in this order. What is the likelihood of the model p = `0.5`?",
        wrong("`0.75`", "this is the p with the largest likelihood, not the likelihood of `0.5`."),
        wrong("The probability that p is `0.5`.", "it is the probability of the *data*, if p is `0.5`."),
        right(f"`{0.5**4}`", "the product of the four probabilities `0.5`."),
        wrong(f"`{4 * 0.5}`", "this is their sum; a probability is never above 1."),
    ),
    question(
        f"{PICTURES:,} pictures, batches of {BATCH}, {EPOCHS} epochs. How many iterations are this?",
        wrong(f"`{EPOCHS}`", "an epoch is a pass over all pictures; an iteration is one step, with one batch."),
        wrong(f"`{PICTURES // BATCH}`", "these are the iterations of one epoch."),
        wrong(f"`{PICTURES * EPOCHS:,}`", "the network sees so many pictures; one step takes a whole batch."),
        right(f"`{PICTURES // BATCH * EPOCHS}`", f"{PICTURES // BATCH} steps in each of {EPOCHS} epochs."),
    ),
)
