"""Settings and the composition root, which builds every part and connects them."""
