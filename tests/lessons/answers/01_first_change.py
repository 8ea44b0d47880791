"""Exercise 01: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


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


def sum_of_the_squares(theta):
    return (theta**2).sum()


def square_of_the_mean(theta):
    return theta.mean() ** 2


def mean_of_the_absolute_values(theta):
    return abs(theta).mean()


def root_of_the_mean_square(theta):
    return np.sqrt((theta**2).mean())


def squares_in_place(theta):
    theta *= theta
    return theta.mean()


SOLUTION = mean_square
WRONG = [
    ("sum of the squares. It is not divided by #i", sum_of_the_squares),
    ("square of the mean. Square each parameter first", square_of_the_mean),
    ("mean of the absolute values. The line squares", mean_of_the_absolute_values),
    ("square root of the mean. The line has no root", root_of_the_mean_square),
    ("changes its argument theta", squares_in_place),
]
