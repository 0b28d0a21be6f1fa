"""Right and wrong answers to every exercise."""
