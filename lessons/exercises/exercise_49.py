"""Exercise 49: one penalty in the arguments of three frameworks."""

CASES = [(0.001, 200), (0.5, 7), (0.0, 30)]


def right(lam, n):
    return _with(lam, lam, 2 * lam, 2 * lam * n)


def _with(lam, keras, torch, sklearn):
    return {"keras": keras, "torch": torch, "sklearn": sklearn}


MISTAKES = [
    ("PyTorch's weight_decay is in the gradient: what is the gradient of λ · θ²?",
     lambda lam, n: _with(lam, lam, lam, 2 * lam * n)),
    ("PyTorch's weight_decay is halved, and should be doubled: set weight_decay · θ equal to the gradient of λ · θ².",
     lambda lam, n: _with(lam, lam, lam / 2, 2 * lam * n)),
    ("scikit-learn's alpha lacks the number of rows: its penalty is divided by n, so alpha grows with n.",
     lambda lam, n: _with(lam, lam, 2 * lam, 2 * lam)),
    ("scikit-learn's alpha lacks the factor of 1/2 in its penalty.", lambda lam, n: _with(lam, lam, 2 * lam, lam * n)),
    ("scikit-learn's alpha is divided by n: solve alpha / (2 · n) = λ for alpha, which multiplies.",
     lambda lam, n: _with(lam, lam, 2 * lam, 2 * lam / n)),
    ("scikit-learn's alpha is divided by 2 · n: solve alpha / (2 · n) = λ for alpha.",
     lambda lam, n: _with(lam, lam, 2 * lam, lam / (2 * n))),
    ("scikit-learn's alpha is halved: its penalty has the 1/2 already, so alpha is twice as large.",
     lambda lam, n: _with(lam, lam, 2 * lam, lam * n / 2)),
    ("Keras's L2 is the formula of this package: no factor of 2, since it is no weight decay.",
     lambda lam, n: _with(lam, 2 * lam, 2 * lam, 2 * lam * n)),
    ("Keras's L2 is not halved: it is λ · Σ θ², as here.", lambda lam, n: _with(lam, lam / 2, 2 * lam, 2 * lam * n)),
    ("This is λ for all three: only Keras has the same formula.", lambda lam, n: _with(lam, lam, lam, lam)),
    ("A dictionary is wanted, with the keys keras, torch and sklearn.", lambda lam, n: (lam, 2 * lam, 2 * lam * n)),
    ("scikit-learn's alpha is doubled twice: set the two penalties equal, and leave their gradients out.",
     lambda lam, n: _with(lam, lam, 2 * lam, 4 * lam * n)),
]
