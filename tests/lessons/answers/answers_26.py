"""Exercise 26: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def _parts(values, covariance, noise):
    """Fitted means and variances of the true losses."""
    inverse = np.linalg.inv(covariance + noise * np.eye(len(values)))
    means = values - noise * (inverse @ values)
    return means, np.diag(covariance) - np.sum(covariance * (inverse @ covariance).T, axis=1)


def optimistic(values, covariance, noise, margin):
    means, variances = _parts(values, covariance, noise)
    bounds = means - margin * np.sqrt(variances)
    return int(np.argmin(bounds)), bounds


def noise_is_a_standard_deviation(values, covariance, noise, margin):
    means, variances = _parts(values, covariance, noise**2)
    bounds = means + margin * np.sqrt(variances)
    return int(np.argmin(bounds)), bounds


def observed_values(values, covariance, noise, margin):
    _, variances = _parts(values, covariance, noise)
    bounds = values + margin * np.sqrt(variances)
    return int(np.argmin(bounds)), bounds


def noise_not_in_k(values, covariance, noise, margin):
    inverse = np.linalg.inv(covariance)
    variances = np.diag(covariance) - np.sum(covariance * (inverse @ covariance).T, axis=1)
    bounds = values - noise * (inverse @ values) + margin * np.sqrt(np.maximum(variances, 0.0))
    return int(np.argmin(bounds)), bounds


def variance_added(values, covariance, noise, margin):
    means, variances = _parts(values, covariance, noise)
    bounds = means + margin * variances
    return int(np.argmin(bounds)), bounds


def lowest_fitted_mean(values, covariance, noise, margin):
    means, variances = _parts(values, covariance, noise)
    return int(np.argmin(means)), means + margin * np.sqrt(variances)


def alpha_without_noise(values, covariance, noise, margin):
    _, variances = _parts(values, covariance, noise)
    alpha = np.linalg.solve(covariance + noise * np.eye(len(values)), values)
    bounds = values - alpha + margin * np.sqrt(variances)
    return int(np.argmin(bounds)), bounds


def rows_of_k(values, covariance, noise, margin):
    means, _ = _parts(values, covariance, noise)
    K = covariance + noise * np.eye(len(values))
    variances = np.diag(covariance) - np.diag(K @ np.linalg.inv(K) @ K)
    bounds = means + margin * np.sqrt(np.maximum(variances, 0.0))
    return int(np.argmin(bounds)), bounds


def lowest_value(values, covariance, noise, margin):
    means, variances = _parts(values, covariance, noise)
    return int(np.argmin(values)), means + margin * np.sqrt(variances)


def variance_with_the_noise(values, covariance, noise, margin):
    means, variances = _parts(values, covariance, noise)
    bounds = means + margin * np.sqrt(variances + noise)
    return int(np.argmin(bounds)), bounds


WRONG = [
    ("This is optimistic: it subtracts", optimistic),
    ("The noise is taken for a standard", noise_is_a_standard_deviation),
    ("The noise is not in the means", observed_values),
    ("The noise is missing in K: α is", noise_not_in_k),
    ("The margin is multiplied with the variance", variance_added),
    ("The index is that of the lowest mean", lowest_fitted_mean),
    ("The means are the values less α", alpha_without_noise),
    ("c is a row of K here, with the", rows_of_k),
    ("The index is that of the lowest observed", lowest_value),
    ("The variance is that of a new noisy", variance_with_the_noise),
]
