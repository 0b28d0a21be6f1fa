"""The quiz of lesson 11: symptoms, clues and measurements of the debug clinic."""

import math

from course_utils.practice.quiz import question, right, wrong

CLASSES = 10
FLOOR = math.log(math.e + CLASSES - 1) - 1  # cross-entropy of the softmax of right and certain logits
PICTURES, BATCH = 5_000, 64
BATCHES = -(-PICTURES // BATCH)

QUESTIONS = (
    question(
        "The training loss stays at 2.303. All weights change, few units are dead, and the network learns one batch by "
        "heart. What is the first suspect?",
        wrong(
            "The learning rate is too high.", "then most units would be dead on the batch, and it would not be learned."
        ),
        wrong("The optimizer holds the weights of another model.", "then the weights would not change at all."),
        right(
            "Images and labels do not belong together.",
            "the weights move, and the network can learn: look at the data.",
        ),
        wrong("There is a ReLU on the logits.", "then the loss usually falls; the outputs of `health` show the fault."),
    ),
    question(
        f"Softmax stands before `F.cross_entropy`. {CLASSES} classes, all answers right and certain. What is the loss?",
        wrong("`0.000`", "this is the loss without the softmax."),
        wrong(f"`{math.log(CLASSES):.3f}`", "this is the loss of a blind guess."),
        right(f"`{FLOOR:.3f}`", f"the scores are one 1 and {CLASSES - 1} zeros: ln(e + {CLASSES - 1}) - 1."),
        wrong("`1.000`", "the second softmax makes probabilities of the 1 and the zeros, and none of them is 1/e."),
    ),
    question(
        "The loss is `inf` at one step, and `nan` from the next on. At the first bad step, the pictures and the logits "
        "are finite, and one step before the loss was normal. Where do you look?",
        wrong("At the learning rate.", "a rate that diverges makes the loss very large before it is nan."),
        right("At the loss: a logarithm of 0.", "everything in front of it is finite, so it is the first bad thing."),
        wrong("At the labels.", "wrong labels give a large loss, and a finite one."),
        wrong("At the scaling of the pictures.", "a division by 0 there would make the pictures nan."),
    ),
    question(
        "In a new network, a fifth of the units are dead on the first batch of 64 pictures. What follows?",
        wrong("They never learn.", "another batch may wake them, and the layers before them learn."),
        wrong("The network is broken.", "this is normal in a new network; most units dead would not be."),
        right("They get no gradient from this batch.", "no more can be said of one batch, at one moment."),
        wrong("They can be taken out of the network.", "many answer to other pictures, now or later in the training."),
    ),
    question(
        f"{PICTURES:,} pictures, batches of {BATCH}, all answers right. What is `right / (len(loader) * {BATCH})`?",
        wrong("`100.00%`", "it would, if the last batch were full."),
        right(f"`{PICTURES / (BATCHES * BATCH):.2%}`", f"{BATCHES} batches could hold {BATCHES * BATCH:,} pictures."),
        wrong(f"`{PICTURES / ((BATCHES - 1) * BATCH):.2%}`", "this leaves out the last batch, which is not full."),
        wrong(f"`{PICTURES % BATCH / BATCH:.2%}`", "this is how full the last batch is."),
    ),
    question(
        "You measure the same network twice on the same validation pictures. The two accuracies differ. What do you "
        "look at first?",
        wrong("The learning rate.", "nothing is trained between the two measurements."),
        wrong("The batch size.", "it is the same in both, so it cannot make a difference."),
        right("`model.training`, and the transform of the validation set.", "dropout and augmentation are random."),
        wrong("The labels.", "wrong labels give a wrong number, but the same one twice."),
    ),
    question(
        "Validation accuracy is `99.5 %`, as good as training accuracy, after a long training on 1,000 pictures. What "
        "do you do?",
        wrong("Publish it.", "a result that is too good has to be doubted more than a bad one."),
        right("Count the pictures that stand in both sets.", "this pattern is what a validation leak looks like."),
        wrong("Train longer.", "it cannot get much better, and the doubt stays."),
        wrong("Add dropout against overfitting.", "overfitting shows as a gap, and here there is none."),
    ),
)
