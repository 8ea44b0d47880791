"""Exercise 18: a right answer, and wrong ones, each with the hint that it must get."""


def receptive_field(layers):
    seen = step = 1
    for window, stride in layers:
        seen += (window - 1) * step
        step *= stride
    return seen


SOLUTION = receptive_field
WRONG = [
    ("", lambda layers: 1 + sum(window - 1 for window, _ in layers)),
]
