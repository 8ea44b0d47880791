"""Every example in a docstring prints what it says."""

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

import scratchtune

COMPILED = (  # whose examples compile what no other test of the plain run needs
    "scratchtune.sequences.speech.error_rates", "scratchtune.sequences.speech.decoding")
MODULES = [
    pytest.param(module.name, marks=[pytest.mark.slow] * (module.name in COMPILED))
    for module in pkgutil.walk_packages(scratchtune.__path__, "scratchtune.")
    if not module.name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    module = importlib.import_module(name)
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    found = finder.find(module, extraglobs={"np": np})
    known = {test.name for test in found}
    for value in vars(module).values():  # compiled functions are no functions to doctest
        plain = getattr(value, "py_func", None)
        if plain is not None and plain.__module__ == name and f"{name}.{plain.__name__}" not in known:
            found += finder.find(plain, plain.__name__, module=module, globs={**vars(module), "np": np})
    for test in found:
        runner.run(test)
    assert runner.failures == 0
