"""What a figure shows, in words, for readers who cannot see it."""
