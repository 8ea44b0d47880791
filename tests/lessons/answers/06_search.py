"""Exercise 06: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def early_stop(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        elif epoch - best >= patience:
            return epoch + 1, best + 1
    return len(losses), best + 1


SOLUTION = early_stop
WRONG = [
    ("", lambda losses, patience: (len(losses), int(np.argmin(losses)) + 1)),
]
