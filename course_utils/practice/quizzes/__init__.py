"""The questions of each lesson, as data: one module for each lesson, with `QUESTIONS`."""
