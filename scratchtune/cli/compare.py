"""``scratchtune compare``: one small network is tuned with every searcher."""

import argparse
from pathlib import Path

from scratchtune import checks
from scratchtune.cli.common import check_folder, check_integers
from scratchtune.cli.comparison import compare, plot_comparison
from scratchtune.cli.parsing import Parser
from scratchtune.cli.stored import DB_HELP, check_db
from scratchtune.data.datasets import load_digits
from scratchtune.insight.drawing import save
from scratchtune.insight.reporting import report, report_path
from scratchtune.job_options import JobOptions
from scratchtune.search import SEARCHERS
from scratchtune.streams import note, tell


def add_compare(parser: Parser) -> None:
    """Add the arguments of ``scratchtune compare``."""
    add = parser.add_argument
    add("--data", choices=["digits"], default="digits", help="the data set to tune on (default: digits)")
    add("--searchers", nargs="+", metavar="NAME", default=[], help=f"some of {', '.join(SEARCHERS)} (default: all)")
    add("--trials", type=int, default=27, metavar="N",
        help="the largest number of configurations per searcher; hyperband runs at most one full schedule, within the "
             "epochs that they take (default: 27)")
    add("--jobs", type=int, default=2, metavar="N",
        help="the number of trainings that run at the same time (default: 2)")
    add("--seed", type=int, default=0, metavar="N",
        help="the seed of the splits, the initial weights and the searchers (default: 0)")
    add("--split", choices=["shuffled", "order"], default="shuffled",
        help="which rows are the test set: shuffled takes a random fifth of each class; order takes the last fifth of "
             "the file, which other people have written (default: shuffled)")
    add("--out", type=Path, default=Path("."), metavar="DIR",
        help="the folder in which the picture is saved (default: .)")
    add("--db", type=Path, metavar="FILE", help=DB_HELP)
    add("--report", nargs="?", const="", metavar="FILE.html",
        help="also write a report of all studies as one HTML page (default: comparison.html in --out)")


def run_compare(given: argparse.Namespace) -> int:
    """Run ``scratchtune compare``; return the exit code."""
    check_integers(given, trials=1, jobs=1)
    for name in given.searchers:
        checks.choice("--searchers", name, SEARCHERS)
    if given.out.exists() and not given.out.is_dir():
        raise ValueError(f"--out is {str(given.out)!r}, a file; it must be a folder")
    given.out.mkdir(parents=True, exist_ok=True)
    check_folder(given.out, f"--out is {str(given.out)!r}")  # is known before the work, not after
    page = report_path(given.report, given.out / "comparison.html")
    check_db(given.db, {"the picture": given.out / "comparison.png", "the report": page})
    X, y = load_digits()
    run = JobOptions(given.jobs, given.db, say=note)
    result = compare(X / 16.0, y, given.searchers, given.trials, given.seed, given.split, run)
    picture = save(plot_comparison(result).figure, given.out / "comparison.png")
    if page is not None:
        report([row.study for row in result.rows], page)
    tell(f"{result.text()}\npicture: {picture}" + (f"\nreport: {page}" if page is not None else ""))
    return 0
