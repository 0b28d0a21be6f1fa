"""What each exercise asks for: one module for each lesson, with `CHECKERS = {"1": function, ...}`.

A checker gets the student's answer and returns nothing, or a short text of what it measured; or it raises
`judge.Wrong` with what was expected and what was got. It looks at what an answer does, never at how it is written, so
a loop and a one-liner are both right.
"""
