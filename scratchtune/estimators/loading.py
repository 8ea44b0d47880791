"""Loading: the class of a saved estimator constructs it from the header and the arrays of its file."""

from __future__ import annotations

from typing import Any

from scratchtune import checks
from scratchtune.estimators.base import MLP
from scratchtune.network.configured import known_classes
from scratchtune.network.saving import Arrays, entry


def unpacked(header: dict[str, Any], arrays: Arrays) -> Any:
    """Make the fitted estimator from what `MLP.packed` returns: of a class that is defined so far, with a loss."""
    params, fitted_values = entry(header, "params"), entry(header, "learnt")
    known = {name: kind for name, kind in known_classes(MLP).items() if hasattr(kind, "loss")}
    kind = known[checks.choice("class", entry(header, "class"), known)]
    return kind.unpacked(params, fitted_values, entry(header, "network"), arrays)
