"""Exercises and quizzes: what they ask, and how an answer is judged."""
