"""Exercise 01: a right answer, and wrong ones, each with the hint that it must get."""


def mean_square(theta):
    """Mean of the squares of the parameters.

    Formula [mean_square]
        R = Σᵢ[θᵢ²] / #i
    Where
        θ: theta, (i,), real
    Source
        Lesson 01.
    """
    return (theta**2).sum() / theta.size


def mean_square_without_mean(theta):
    """Mean of the squares of the parameters.

    Formula [mean_square]
        R = Σᵢ[θᵢ²] / #i
    Where
        θ: theta, (i,), real
    Source
        Lesson 01.
    """
    return (theta**2).sum()


SOLUTION = mean_square
WRONG = [
    ("", mean_square_without_mean),
]
