"""Photographs of handwritten digits: find them on a page, make them like MNIST's pictures, read them (lesson 06)."""
