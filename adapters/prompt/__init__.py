"""Transfer without training: labels put into words, and texts told by the nearest of them."""
