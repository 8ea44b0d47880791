"""``scratchtune why``, ``studies``, ``show``, ``export``, ``check``; and what all with a file of studies share."""

import argparse
from pathlib import Path

from scratchtune.cli.common import check_outputs
from scratchtune.cli.parsing import Parser
from scratchtune.core import checks
from scratchtune.core.files import write_text
from scratchtune.core.streams import note, shown_params, tell, visible
from scratchtune.core.study.errors import StorageError
from scratchtune.core.study.export import as_csv, as_json, listing, table
from scratchtune.core.study.file import BESIDE, File
from scratchtune.core.study.salvage import check, salvage
from scratchtune.core.study.stored import StoredStudy, read_study
from scratchtune.insight.verdicts import have_fold_scores, verdict

OF_SEVERAL = ("pareto_front",)  # plots of a study of several objectives


def add_why(parser: Parser) -> None:
    """Add the arguments of ``scratchtune why``."""
    add_db(parser, "needed if the file holds several")
    parser.add_argument("number", type=int, metavar="NUMBER", help="the number of the trial; the first is 0")
    parser.add_argument("--brief", action="store_true", help="print the reason alone, in one sentence")


def run_why(given: argparse.Namespace) -> None:
    """Run ``scratchtune why``: print a trial's configuration, outcome and reason."""
    study = read_study(*open_study(given))
    number, known = checks.integer("NUMBER", given.number, 0), len(study.trials)
    if number >= known:
        raise StorageError(f"the study {study.name!r} in {str(given.db)!r} has no trial {number}; "
                           f"it has {checks.counted(known, 'trial')}, numbered from 0")
    if given.brief:
        tell(visible(study.why(number, brief=True)))
        return
    trial = study.trials[number]
    values = trial.values or ()
    in_words = f"value{'s' * (len(values) > 1)} {', '.join(map(str, values))}"
    outcome = {"complete": in_words, "failed": f"failed: {trial.error}"}.get(trial.state, trial.state)
    reason = study.why(number).removeprefix(f"Trial {number}: ")
    tell(f"Trial {number} of the study {study.name!r}: {shown_params(trial.params)}; {visible(outcome)}\n"
         f"{visible(reason)}")


def add_studies(parser: Parser) -> None:
    """Add the arguments of ``scratchtune studies``."""
    add_db(parser, None)


def run_studies(given: argparse.Namespace) -> None:
    """Run ``scratchtune studies``: print a line for each study of the file."""
    tell(listing(File(given.db, reading=True)))


def add_show(parser: Parser) -> None:
    """Add the arguments of ``scratchtune show``."""
    add_db(parser, "needed if the file holds several")


def run_show(given: argparse.Namespace) -> None:
    """Run ``scratchtune show``: print a study's table, and whether its gain is real."""
    chosen = open_study(given)
    tell(table(*chosen))
    study = read_study(*chosen)
    if not study.objectives.several and have_fold_scores(study):
        tell(f"\nverdict: {verdict(study, 'value')}")


def add_export(parser: Parser) -> None:
    """Add the arguments of ``scratchtune export``."""
    add_db(parser, "needed if the file holds several")
    add = parser.add_argument
    add("--format", choices=["csv", "json"], default="csv",
        help="csv, in which a text that a spreadsheet would run as a formula gets a ' before it, or json, which has "
             "everything that is stored (default: csv)")
    add("--times", action="store_true",
        help="add how often each trial was begun, when it began and ended, and its seconds")
    add("-o", "--out", type=Path, metavar="FILE", help="the file to write (default: stdout)")


def run_export(given: argparse.Namespace) -> None:
    """Run ``scratchtune export``: print all trials as CSV or JSON, or write them to a file."""
    if given.out is not None:
        check_beside_db(given.out, given.db)
    text = (as_csv if given.format == "csv" else as_json)(*open_study(given), given.times)
    if given.out is None:
        tell(text.removesuffix("\n"), data=True)
    else:
        write_text(given.out, text)
        note(f"written: {given.out}")


def add_check(parser: Parser) -> None:
    """Add the arguments of ``scratchtune check``."""
    add_db(parser, None)
    parser.add_argument("--salvage", type=Path, metavar="NEW",
                        help="write every whole study and trial to this new file; a trial that is lost is proposed and "
                             "run again when its study is continued")


def run_check(given: argparse.Namespace) -> int:
    """Run ``scratchtune check``: print what is whole, a line for each study, and return 1 for a damaged file."""
    if given.salvage is not None:
        check_beside_db(given.salvage, given.db)
    problem, found = check(given.db)
    tell("\n".join([problem or f"{str(given.db)!r} is whole", *map(str, found)]))
    if given.salvage is not None:
        salvage(found, given.salvage)
        note(f"written: {given.salvage}")
    return int(bool(problem))


def add_db(parser: Parser, study: str | None) -> None:
    """Add the arguments that choose a study of a file; ``study`` says which is taken without --study, None: all."""
    parser.add_argument("db", type=Path, metavar="DB",
                        help="the file of studies: the one given to --db, or to storage= in a script")
    if study is not None:
        parser.add_argument("--study", "--name", metavar="NAME", help=f"the name of the study; {study}")


def open_study(given: argparse.Namespace) -> tuple[File, str]:
    """Open a file of studies for reading; return it with the name of the chosen study."""
    storage = File(given.db, reading=True)
    names = storage.names()
    if not names:
        raise ValueError(f"{given.db} holds no study yet; tune and compare store one with --db")
    if given.study is None and len(names) != 1:
        raise ValueError(f"{given.db} holds {len(names)} studies; --study says which: {', '.join(map(repr, names))}")
    name = names[0] if given.study is None else given.study
    storage.definition(name)
    return storage, name


def check_beside_db(out: Path, db: Path) -> None:
    """Check that --out can be written, and that it is neither the file of studies nor a file that belongs to it."""
    check_outputs({"--out": out}, {"the file of studies": db, **{
        f"what belongs to the file of studies ({end})": db.parent / (db.name + end) for end in BESIDE}})


def check_single(study: StoredStudy, what: str) -> None:
    """Raise a ValueError for a study of several objectives, where ``what`` shows one."""
    if study.objectives.several:
        raise ValueError(f"the study {visible(study.name)!r} has {len(study.objectives.directions)} objectives "
                         f"({study.objectives}), and {what} shows one; use scratchtune show, or scratchtune plot with "
                         f"--kind {' or '.join((*OF_SEVERAL, 'timeline'))}")
