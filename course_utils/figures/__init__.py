"""How figures look, and what they show in words, for readers who cannot see them."""
