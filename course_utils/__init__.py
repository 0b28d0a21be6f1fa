"""The code that the lessons share. Every idea in it is written out once in a lesson, before it is imported.

    interactive what only a live notebook shows
    idx         the IDX file format: read_idx, write_idx
    fetch       downloads that can be cut and resumed, and checksums
    standin     drawn pictures for those who have neither the data nor a network
    data        load("mnist" | "fashion_mnist" | "cifar10") and loader(...)
    models      every network of the course
    parallel    one training in several processes, and torchrun from a notebook
    train       fit, evaluate, predict
    train_ddp   the script of lesson 11
    capstone    the ideas of lesson 10, on the way to 94 % on CIFAR-10
    layers      what the layers of a model do: shapes, parameters, receptive fields
    diagrams    the boxes of show.architecture
    show        pictures and tables
    inside      what a trained network reacts to, where it errs, how sure it is
    draw        a pad to draw a digit on, with live answers
    explore     a kernel that moves, a kernel to edit, the shapes of a layer
    health      six cheap tests of a network before a long training
    checks      errors that are meant to happen
    course      setup(), the first call of every lesson
    doctor      the instructor's pre-flight: python -m course_utils --help

A module imports only modules above it. Nothing is imported here, so that a lesson pays only for what it uses.
"""

__version__ = "0.1.0"
