"""Exercise 11: a right answer, and wrong ones, each with the hint that it must get."""


def trials_needed(share, confidence):
    n = 1
    while 1.0 - (1.0 - share) ** n < confidence:
        n += 1
    return n


SOLUTION = trials_needed
WRONG = [
    ("", lambda share, confidence: round(confidence / share)),
]
