"""Every formula of the package, by its ID: the line of its docstring against the code, the gradient, all mutants.

``pytest tests/test_registry.py`` checks all, with ``-k l2_penalty`` one. A run of more files checks those that
`checked` names (whoever changes a formula's code, or its line, fails here), and leaves the others to the slow tests.
"""

import importlib.util
import sys

import pytest

from scratchtune import formulas

from . import checked

REGISTRY = formulas.registry()


def pytest_generate_tests(metafunc):
    if "name" in metafunc.fixturenames:
        asked = metafunc.config.option.keyword or all("test_registry" in path for path in metafunc.config.args)
        plain = REGISTRY if asked else checked.to_check(REGISTRY)
        metafunc.parametrize("name", [
            pytest.param(name, marks=() if name in plain else pytest.mark.slow) for name in REGISTRY])


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


# Which formulas the plain run checks ---------------------------------------------------------------------------------


@pytest.mark.slow  # only CI asks: whoever changes a formula need not store its digest before the plain tests pass
def test_the_stored_digests_are_those_of_the_formulas():
    assert checked.read() == checked.digests(REGISTRY), "python tests/checked.py checks what has changed and stores it"


def test_the_checks_own_code_has_a_digest_too():
    assert {"check.py", "dialect.py", "kernels.py"} <= {path.name for path in checked.files_of_the_check()}


@pytest.mark.slow  # of the tool that chooses, as is the test of its digests
@pytest.mark.parametrize(("changed", "names"), [
    (set(), set()), ({"l2_penalty"}, {"l2_penalty"}), ({checked.CHECK}, set(REGISTRY))])
def test_what_has_changed_is_checked_and_nothing_else(monkeypatch, changed, names):
    now = checked.digests(REGISTRY)
    monkeypatch.setattr(checked, "read", lambda: now | dict.fromkeys(changed, "of another code"))
    assert checked.to_check(REGISTRY) == names


TOYS = '''
FACTOR = 2.0

def doubled(x):
    """Twice x."""
    return FACTOR * x

def toy(x):
    """Twice a number.

    Formula [toy]
        y = 2 · x
    Where
        x: x, scalar, real
    Source
        None.
    """
    return doubled(x)

def toy_grad(x):
    """Its gradient.

    Formula [toy_grad]
        g = 2
    Gradient of
        [toy] in x
    Where
        x: x, scalar, real
    Source
        None.
    """
    return 2.0
'''


@pytest.mark.slow
@pytest.mark.parametrize(("old", "new", "told"), [
    ("\nFACTOR", "\n# A comment.\nFACTOR", set()),
    ("    return doubled", "    # A comment.\n\n    return doubled", set()),
    ("Twice a number.", "A number, doubled.", set()),
    ("None.", "Another book.", set()),
    ("return doubled(x)", "return doubled(x) + 0.0", {"toy"}),
    ("return FACTOR * x", "return x * FACTOR", {"toy"}),
    ("FACTOR = 2.0", "FACTOR = 3.0", {"toy"}),
    ("return 2.0", "return 3.0", {"toy_grad"}),
    ("g = 2", "g = 3", {"toy_grad"}),
    ("y = 2 · x", "y = x · 2", {"toy", "toy_grad"}),
])
def test_a_digest_tells_what_is_computed_and_nothing_else(old, new, told, tmp_path, monkeypatch):
    def digests(name, source):
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
        spec = importlib.util.spec_from_file_location("scratchtune.toys", tmp_path / f"{name}.py")
        monkeypatch.setitem(sys.modules, spec.name, importlib.util.module_from_spec(spec))
        spec.loader.exec_module(sys.modules[spec.name])
        return checked.digests(formulas.collect([sys.modules[spec.name]]))

    before, after = digests("before", TOYS), digests("after", TOYS.replace(old, new))
    assert {name for name in before if before[name] != after[name]} == told
