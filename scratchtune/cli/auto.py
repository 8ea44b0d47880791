"""``scratchtune auto``: models, preprocessing and hyper-parameters are searched together for the user's own table."""

import argparse
import time
from pathlib import Path

from scratchtune import checks
from scratchtune.cli.common import check_integers, check_outputs, plain_warnings
from scratchtune.cli.parsing import Parser
from scratchtune.cli.stored import DB_HELP, check_db
from scratchtune.cli.tables import add_columns, prepared_table, strip_columns
from scratchtune.streams import tell
from scratchtune.tables.auto_table import auto_table
from scratchtune.tables.describing import described
from scratchtune.tables.families import FAMILIES


def add_auto(parser: Parser) -> None:
    """Add the arguments of ``scratchtune auto``."""
    add = parser.add_argument
    add("file", type=Path, metavar="FILE", help="the table, as for scratchtune tune")
    add_columns(add)
    add("--minutes", type=float, default=1.0, metavar="M", help="how long to search (default: 1)")
    add("--trials", type=int, metavar="N",
        help="how many configurations to try, instead of --minutes; the result is then the same in each run with "
             "the same --seed")
    add("--families", nargs="+", default=[], metavar="NAME",
        help="the families of models to use: some of network, trees, linear (default: all)")
    add("--scoring", metavar="NAME", help="the score that is maximised (default: neg_log_loss for classes, "
                                          "neg_mean_squared_error for numbers)")
    add("--test-size", type=float, default=0.0, metavar="SHARE",
        help="the share of the rows that is held out, to evaluate the result on (default: 0, since the score on new "
             "rows is estimated by cross-validation)")
    add("--jobs", type=int, metavar="N", help="the number of threads (default: one for each processor)")
    add("--seed", type=int, default=0, metavar="N", help="the seed of folds, models and search (default: 0)")
    add("--out", type=Path, default=Path("model.npz"), metavar="MODEL.npz",
        help="the file in which the model is saved (default: model.npz)")
    add("--db", type=Path, metavar="FILE", help=DB_HELP)


def run_auto(given: argparse.Namespace) -> int:
    """Run ``scratchtune auto``; return the exit code."""
    begun = time.monotonic()
    _check_auto(given)
    check_outputs({"--out": given.out}, {"the table": given.file})
    check_db(given.db, {"the table": given.file, "the model": given.out})
    prepared = prepared_table(given)
    tell(described(prepared, given.positive))
    with plain_warnings():
        seconds = 60.0 * given.minutes
        left = max(seconds - (time.monotonic() - begun), seconds / 4)  # reading the table counts too
        result = auto_table(
            prepared, time_budget=left, n_trials=given.trials, random_state=given.seed,
            scoring=given.scoring, families=tuple(given.families or FAMILIES), n_jobs=given.jobs or -1,
            storage=given.db)
    replaced = "replaced; " * given.out.exists()
    result.model.save(given.out)
    tell(f"\n{result.text()}\nmodel: {given.out} ({replaced}scratchtune predict {given.out} FILE)")
    return 0


def _check_auto(given: argparse.Namespace) -> None:
    """Check the options before any work."""
    given.data = None
    strip_columns(given)
    if given.target is None:
        raise ValueError("--target is missing; it names the column to predict")
    checks.real("--minutes", given.minutes, 0.0, open_low=True)
    for name in given.families:
        checks.choice("--families", name, FAMILIES)
    check_integers(given, 2**31 - 1, trials=1, jobs=1)
    checks.real("--test-size", given.test_size, 0.0, 1.0, open_high=True)
