"""The oracle: scikit-learn's metric of the same name on the same arguments, with its errors and warnings."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from scratchtune import metrics


@pytest.fixture(scope="module")
def agree() -> Iterator[Callable[..., None]]:
    """A function ``agree(name, *arguments, **options)`` that fails where our metric is not scikit-learn's."""
    sklearn = pytest.importorskip("sklearn", minversion="1.9")
    reference = pytest.importorskip("sklearn.metrics")

    def compare(name: str, *arguments: Any, **options: Any) -> None:
        ours, our_warnings = _outcome(getattr(metrics, name), arguments, options)
        theirs, their_warnings = _outcome(getattr(reference, name), arguments, options)
        case = f"{name}(*{arguments}, **{options}): ours {ours}, theirs {theirs}"
        assert type(ours) is type(theirs) or not isinstance(theirs, str | tuple), case
        for mine, other in zip(*map(_parts, (ours, theirs)), strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-12, atol=1e-12, err_msg=case)
        said = {"UndefinedMetricWarning" in kinds for kinds in (our_warnings, their_warnings)}
        assert len(said) == 1 or "RuntimeWarning" in their_warnings, f"{case}; {our_warnings}, {their_warnings}"

    with sklearn.config_context(skip_parameter_validation=True):  # faster, and their sentences are not compared
        yield compare


def _outcome(metric: Callable[..., Any], arguments: Any, options: Any) -> tuple[Any, set[str]]:
    """The result, or that there is an error, and the kinds of warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = metric(*arguments, **options)
        except ValueError:
            result = "ValueError"
        except ZeroDivisionError:  # how scikit-learn's mean says that it has nothing to divide by
            return float("nan"), {"RuntimeWarning"}
    return result, {warning.category.__name__ for warning in caught}


def _parts(result: Any) -> list[Any]:
    if isinstance(result, str):
        return []
    return [np.nan if part is None else part for part in result] if isinstance(result, tuple) else [result]
