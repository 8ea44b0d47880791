"""Exercise 49: wrong answers of readers, each with a part of the hint that names its mistake."""


def the_same_everywhere(lam, n):
    return {"keras": lam, "torch": lam, "sklearn": lam}


def torch_half(lam, n):
    return {"keras": lam, "torch": lam / 2, "sklearn": 2 * lam * n}


def torch_not_doubled(lam, n):
    return {"keras": lam, "torch": lam, "sklearn": 2 * lam * n}


def sklearn_divided(lam, n):
    return {"keras": lam, "torch": 2 * lam, "sklearn": lam / (2 * n)}


def sklearn_without_the_two(lam, n):
    return {"keras": lam, "torch": 2 * lam, "sklearn": lam * n}


def sklearn_without_the_rows(lam, n):
    return {"keras": lam, "torch": 2 * lam, "sklearn": 2 * lam}


def keras_doubled(lam, n):
    return {"keras": 2 * lam, "torch": 2 * lam, "sklearn": 2 * lam * n}


def keras_halved(lam, n):
    return {"keras": lam / 2, "torch": 2 * lam, "sklearn": 2 * lam * n}


def sklearn_half_of_it(lam, n):
    return {"keras": lam, "torch": 2 * lam, "sklearn": lam * n / 2}


def sklearn_by_its_gradient(lam, n):
    return {"keras": lam, "torch": 2 * lam, "sklearn": 4 * lam * n}


WRONG = [
    ("This is λ for all three", the_same_everywhere),
    ("PyTorch's weight_decay is halved", torch_half),
    ("PyTorch's weight_decay is in the gradient", torch_not_doubled),
    ("scikit-learn's alpha is divided by 2 · n", sklearn_divided),
    ("scikit-learn's alpha lacks the factor of 1/2 in its penalty", sklearn_without_the_two),
    ("scikit-learn's alpha lacks the number of rows", sklearn_without_the_rows),
    ("Keras's L2 is the formula of this package", keras_doubled),
    ("Keras's L2 is not halved", keras_halved),
    ("scikit-learn's alpha is halved", sklearn_half_of_it),
    ("scikit-learn's alpha is doubled twice", sklearn_by_its_gradient),
]
