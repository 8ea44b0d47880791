"""``scratchtune recommend``: the searcher for a space and a budget, and why."""

import argparse
import json
from pathlib import Path
from typing import Any

from scratchtune.cli.common import check_integers
from scratchtune.cli.parsing import Parser
from scratchtune.core import checks
from scratchtune.core.search import Float, Int
from scratchtune.core.search.recommending import recommend
from scratchtune.core.streams import tell
from scratchtune.tables.families import FAMILIES, joint_space


def add_recommend(parser: Parser) -> None:
    """Add the arguments of ``scratchtune recommend``."""
    add = parser.add_argument
    add("--space", type=Path, metavar="FILE.json",
        help='the hyper-parameters: {"units": [16, 32], "l2": {"low": 1e-6, "high": 0.1, "log": true}} (default: those '
             "that scratchtune tune searches)")
    add("--trials", type=int, metavar="N", help="the number of trials (default: 50)")
    add("--seconds-per-trial", type=float, metavar="S", help="the duration of a trial")
    add("--jobs", type=int, default=1, metavar="N", help="the number of trials that run at the same time (default: 1)")
    add("--noisy", action="store_true", help="a trial that is run again has a clearly different value")
    add("--epochs", type=int, metavar="N",
        help="trials can be stopped early and continued, and a full one takes N epochs, so that Hyperband can be "
             "recommended")
    add("--objectives", type=int, default=1, metavar="N", help="the number of values that a trial has (default: 1)")


def _read_space(path: Path) -> dict[str, Any]:
    """The space in a JSON file: a list is a choice, an object has the arguments of an `Int` or a `Float`."""
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        return {name: entry if isinstance(entry, list) else (Int if _are_integers(entry) else Float)(**entry)
                for name, entry in given.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as problem:
        raise ValueError(f"--space is {str(path)!r}; it must be a JSON file of an object from names to lists or "
                         f"ranges: {problem}") from None


def _are_integers(entry: dict[str, Any]) -> bool:
    return all(isinstance(entry.get(part, 1), int) for part in ("low", "high", "step"))


def run_recommend(given: argparse.Namespace) -> None:
    """Run ``scratchtune recommend``: print a searcher for the space, and why."""
    check_integers(given, trials=1, jobs=1, epochs=1, objectives=1)
    if given.seconds_per_trial is not None:
        checks.real("--seconds-per-trial", given.seconds_per_trial, 0.0)
    space = joint_space(list(FAMILIES)) if given.space is None else _read_space(given.space)
    if given.epochs is not None:  # Hyperband chooses them itself
        epochs = "epochs", "network_epochs", "linear_epochs"
        space = {name: parameter for name, parameter in space.items() if name not in epochs}
        if not space:
            raise ValueError(f"--epochs is {given.epochs}, so that Hyperband chooses the epochs, and --space is "
                             f"{str(given.space)!r}, which has no other hyper-parameter; leave out one of them")
    tell(str(recommend(space, given.trials, given.seconds_per_trial, given.jobs, given.noisy, given.epochs,
                       given.objectives)))
