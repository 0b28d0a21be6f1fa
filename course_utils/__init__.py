"""The code that the lessons share. Every idea in it is written out once in a lesson, before it is imported.

Read these files, in this order; each uses only what stands above it:

    idx         the IDX file format: read_idx, write_idx
    device      the GPU, if it computes right; memory
    files/      which files a data set has; where they are found, fetched or drawn
    data        load("mnist" | "fashion_mnist" | "cifar10"), ImageDataset, loader
    models      every network of the course
    threads     how many threads a training gets: fewer beside other programs
    train       fit, evaluate, predict
    callbacks/  what a long training hangs on fit: checkpoints, TensorBoard
    figures/    how figures look; what they show in words: their alt texts
    show        pictures and charts
    course      setup(), the first call of every lesson
    network/    what the layers of a model do: shapes, receptive fields, diagrams, activations, memory, Grad-CAM, health
    photos/     photographs of handwritten digits: found on a page, made like MNIST's pictures, read
    widgets/    controls for a live notebook and the site: a pad to draw on, kernels, shapes, a training
    beyond/     the last lessons: the road to 94 % on CIFAR-10, several processes
    practice/   exercises and quizzes, how an answer is judged, what a student and a class have done
    checks      expect_error, check, expect_correct
    doctor      the instructor's pre-flight: python -m course_utils --help
    __main__    the command line

Seven of them are the core: idx, data, models, train, show, course and checks. A folder can wait until a lesson uses it.
Nothing is imported here, so that a lesson pays only for what it uses.
"""

from pathlib import Path

__version__ = "0.2.0"
ROOT = Path(__file__).resolve().parent.parent  # of the course: notebooks/, results/, images/ stand in it
