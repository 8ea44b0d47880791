"""Diversity of configurations: worked examples, bounds, conditional parameters."""

from __future__ import annotations

import numpy as np
import pytest

import scratchtune as st
from scratchtune.insight.lineage_plots import diversity_of, gene_diversity
from scratchtune.search import Space


def test_a_worked_example() -> None:
    space = Space({"x": st.Float(0.0, 4.0), "kind": ["a", "b", "c"]})
    points = [{"x": 0.0, "kind": "a"}, {"x": 2.0, "kind": "a"}, {"x": 4.0, "kind": "c"}]
    # pairs: (1/2 + 0) / 2, (1 + 1) / 2, (1/2 + 1) / 2; their mean is 2/3
    assert diversity_of(space, points) == pytest.approx(2.0 / 3.0)
    assert diversity_of(space, points[:1]) == diversity_of(space, []) == diversity_of(space, points[:1] * 3) == 0.0


def test_uniform_genes_have_a_third() -> None:
    u = np.random.default_rng(0).random((400, 5))
    assert gene_diversity(u, np.zeros(5)) == pytest.approx(1.0 / 3.0, abs=0.01)


def test_an_absent_choice_differs_from_all_choices() -> None:
    space = Space({"kind": ["a", "b"], "sub": st.Categorical(["x", "y"], when={"kind": ["a"]})})
    assert diversity_of(space, [{"kind": "a", "sub": "x"}, {"kind": "b"}]) == 1.0
    assert diversity_of(space, [{"kind": "b"}, {"kind": "b"}]) == 0.0
