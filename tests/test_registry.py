"""Every formula of the package, by its ID: the line of its docstring against the code, the gradient, all mutants.

``pytest tests/test_registry.py -k l2_penalty`` tries one; whoever changes a formula's code, or its line, fails here.
"""

import pytest

from scratchtune import formulas

REGISTRY = formulas.registry()


@pytest.mark.parametrize("name", REGISTRY)
def test_formula(name):
    row = formulas.check(REGISTRY[name], REGISTRY)
    assert row.ok, "\n".join([*row.problems, *(f"a mutant survives: {mutant}" for mutant in row.survived)])


def test_the_registry_is_as_large_as_promised():
    assert len(REGISTRY) >= 40
    assert sum(row.gradient_of is not None for row in REGISTRY.values()) >= 15


def test_the_documents_formulas_to_the_letter():
    assert REGISTRY["gradient_descent"].line == "θ'ᵢ = θᵢ − α · gᵢ"
    assert REGISTRY["l1_penalty"].line == "R = λ · Σᵢ[|θᵢ|]"
    assert REGISTRY["l2_penalty"].line == "R = λ · Σᵢ[θᵢ²]"
