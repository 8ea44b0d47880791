"""Mutants that compute the same as the formula's function, each with the reason.

Keyed by the formula's ID and the mutant's description, as `scratchtune formulas --check` prints it. An entry whose
mutant is caught after all, or no longer exists, is an error, so this table is always up to date.
"""

from __future__ import annotations

EQUIVALENT: dict[tuple[str, str], str] = {
    ("exp_nonpositive", "dropped: x * _LOG2_E + 0.5 -> x * _LOG2_E in `k = np.floor(x * _LOG2_E + 0.5)`"):
        "k is then rounded down instead of to the nearest: less accurate for r up to log(2), by 7e-14, but not wrong",
    ("exp_nonpositive", "dropped: 0.0 * r -> 0.0 in `p = 0.0 * r`"):
        "0 · r is 0; it is there to give 0 the type of r",
    ("expm1_nonpositive", "dropped: x * _LOG2_E + 0.5 -> x * _LOG2_E in `k = np.floor(x * _LOG2_E + 0.5)`"):
        "as in exp_nonpositive",
    ("expm1_nonpositive", "dropped: 0.0 * r -> 0.0 in `p = 0.0 * r`"):
        "0 · r is 0; it is there to give 0 the type of r",
    ("linear_grad", "dropped: zero_like(z) + 1.0 -> 1.0 in `return zero_like(z) + 1.0`"):
        "zero_like(z) is 0; it is there to give 1 the type of z",
    ("log_sum_of_two",
     "sign: -np.inf -> np.inf in `return highest if highest == -np.inf else highest + np.log1p(np.exp(min(a, b) - "
     "highest))`"):
        "equal on every number; it keeps the sum of two −inf from being NaN, as test_decoding.py asserts",
    ("relu", "dropped: 0.0 * z -> 0.0 in `return z if z > 0.0 else 0.0 * z`"):
        "equal on every number; 0 · z also preserves NaN, which test_activations.py asserts",
    ("dropout", "dropped: 0.0 * x -> 0.0 in `return x / (1.0 - rate) if u >= rate else 0.0 * x`"):
        "0 · x is 0; it is there to give 0 the type of x",
    ("same_padding", "constant: 0 -> 1 in `return max((same_size(n, s) - 1) * s + k - n, 0) // 2`"):
        "half of 1, rounded down, is 0 too",
    ("matmul", "swapped: b.size > SMALL -> b.size <= SMALL in `if b.size > SMALL:`"):
        "with and without panels each sum has the same terms in the same order; only the time differs",
    ("flat_share", "square and absolute: np.abs(samples) -> samples * samples in `sizes = np.abs(samples)`"):
        "the samples of the largest size are those of the largest square",
}
