"""Exercise 15: a right answer, and wrong ones, each with the hint that it must get."""


def race_on_a_table(curves, eta):
    left, epoch, spent = list(range(len(curves))), 1, len(curves)
    while True:
        left.sort(key=lambda i: curves[i, epoch - 1])
        if epoch == curves.shape[1]:
            return left[0], spent
        left = left[: len(left) // eta]
        spent += len(left) * (eta - 1) * epoch
        epoch *= eta


SOLUTION = race_on_a_table
WRONG = [
    ("", lambda curves, eta: (int(curves[:, -1].argmin()), race_on_a_table(curves, eta)[1])),
]
