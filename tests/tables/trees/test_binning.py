"""Binning: codes keep the order of numbers, and say what is missing."""

from __future__ import annotations

import numpy as np

from scratchtune.tables.trees.binning import encode, find_bins

NONE = np.zeros(1, bool)


def test_few_values_are_cut_at_their_midpoints() -> None:
    X = np.array([[1.0], [2.0], [4.0], [np.nan], [2.0]])
    bins = find_bins(X, NONE, 255, 0)
    assert bins.edges.tolist() == [1.5, 3.0]
    assert encode(bins, X).tolist() == [[0, 1, 2, 3, 1]]  # 3: missing
    assert encode(bins, np.array([[-9.0], [1.5], [9.0]])).tolist() == [[0, 0, 2]]


def test_many_values_are_cut_at_quantiles() -> None:
    X = np.random.default_rng(0).exponential(size=(1000, 1))
    codes = encode(find_bins(X, NONE, 10, 0), X)[0]
    assert np.bincount(codes).tolist() == [100] * 10
    assert (np.diff(codes[np.argsort(X[:, 0])].astype(int)) >= 0).all()


def test_categories_have_a_code_each() -> None:
    X = np.array([[7.0], [-1.0], [7.0], [3.0], [np.nan]])
    bins = find_bins(X, ~NONE, 255, 0)
    assert encode(bins, X).tolist() == [[2, 0, 2, 1, 3]]
    assert encode(bins, np.array([[5.0]])).tolist() == [[3]]  # unknown: as missing


def test_of_too_many_categories_the_most_frequent_are_kept() -> None:
    X = np.array([[1.0], [2.0], [2.0], [3.0], [3.0]])
    assert find_bins(X, ~NONE, 2, 0).edges.tolist() == [2.0, 3.0]


def test_a_column_without_values() -> None:
    X = np.full((3, 1), np.nan)
    assert encode(find_bins(X, NONE, 255, 0), np.array([[np.nan], [1.0]])).tolist() == [[1, 0]]
