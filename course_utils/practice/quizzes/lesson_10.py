"""The quiz of lesson 10: CIFAR-10 and a VGG-style network."""

from course_utils.practice.quiz import question, right, wrong

IMAGES, CLASSES, PART = 50_000, 10, 5  # a rate of 0.2 keeps a fifth
INPUTS, OUTPUTS, KERNEL = 64, 128, 3
WEIGHTS = OUTPUTS * INPUTS * KERNEL**2
RATE, GAMMA = 0.001, 0.9

QUESTIONS = (
    question(
        f"A class-balanced sample of all `{IMAGES:,}` training pictures at a rate of `{1 / PART}`. How many horses are "
        "in it?",
        wrong(IMAGES // PART, "this is the whole sample, all ten classes."),
        right(IMAGES // CLASSES // PART, f"a fifth of the {IMAGES // CLASSES:,} horses."),
        wrong(IMAGES // CLASSES // PART // PART, "this takes a fifth of the fifth."),
        wrong(f"about `{IMAGES // CLASSES // PART:,}`, it varies", "this is a random sample without balance."),
    ),
    question(
        f"How many parameters does `nn.Conv2d({INPUTS}, {OUTPUTS}, kernel_size={KERNEL}, bias=False)` have?",
        wrong(OUTPUTS * KERNEL**2, f"each of the {INPUTS} input channels has its own 3x3 weights."),
        right(WEIGHTS, f"{OUTPUTS} · {INPUTS} · 3 · 3."),
        wrong(WEIGHTS + OUTPUTS, f"this counts {OUTPUTS} biases, which are switched off."),
        wrong(OUTPUTS * INPUTS, "this forgets the 3x3."),
    ),
    question(
        f"`lr={RATE}` and `StepLR(step_size=1, gamma={GAMMA})`. What is the rate in the third epoch?",
        wrong(f"`{RATE:g}`", "this would hold with a step size of 10."),
        wrong(f"`{RATE * GAMMA:g}`", "this is the second epoch."),
        right(f"`{RATE * GAMMA**2:g}`", "it was multiplied by 0.9 after the first epoch and after the second."),
        wrong(f"`{RATE * GAMMA**3:g}`", "this is the fourth epoch."),
    ),
    question(
        "A network with batch norm has trained for 20 steps. In evaluation mode it is right for 20 % of the training "
        "pictures and of the validation pictures; with the statistics of the batch, for `37 %` of both. What is wrong?",
        wrong("It overfits.", "then the training pictures would be answered well in evaluation mode, too."),
        right("The running averages lag behind.", "the weights are good; the averages still hold old values."),
        wrong(
            "The learning rate falls too fast.",
            "the rate changes the weights, and both measurements use the same ones.",
        ),
        wrong("The validation pictures are harder.", "the training pictures are answered as badly."),
    ),
    question(
        "With augmentation, the training accuracy is lower than the validation accuracy. What do you conclude?",
        wrong("The labels are wrong.", "then both would be low."),
        wrong(
            "The network overfits.",
            "a network that overfits is far better on the training pictures, and its validation loss rises.",
        ),
        right(
            "Nothing is wrong: the training pictures are harder than the validation pictures.",
            "they are moved and mirrored, and measured while the weights still change.",
        ),
        wrong(
            "The validation pictures must be augmented, too.",
            "then you would no longer measure real pictures.",
        ),
    ),
)
