"""Neural networks: theta is one flat vector, a layer is two kernels, and one loop runs them all.

Reading order: `activations`, `losses`, `penalties`, `optimizers`, `layers`, then `engine` (the loop) and `sequential`.
"""
