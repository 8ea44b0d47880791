"""The network: theta as one flat vector, layers as pairs of kernels, and one loop that walks over them.

Reading order: `activations`, `losses`, `penalties`, `optimizers`, `layers`, then `engine` (the loop) and `sequential`.
"""
