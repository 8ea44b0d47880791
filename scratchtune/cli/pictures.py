"""``scratchtune plot`` and ``report``: a stored study as a picture, or several on one page."""

import argparse
from pathlib import Path

from scratchtune import insight
from scratchtune.cli.parsing import Parser
from scratchtune.cli.stored import OF_SEVERAL, add_db, check_beside_db, check_single, open_study
from scratchtune.core import checks
from scratchtune.core.files import page_path
from scratchtune.core.streams import note, tell, visible
from scratchtune.core.study.file import File
from scratchtune.core.study.stored import read_study
from scratchtune.insight.drawing import save
from scratchtune.insight.reporting.page import report

PLOTS = ("optimization_history", "slice", "contour", "parallel_coordinate", "intermediate_values", "edf", "timeline",
         "rank", "grid", "param_importances")  # the functions plot_NAME of insight
OF_PARAMETERS = ("slice", "contour", "parallel_coordinate", "rank", "grid")
OF_SEARCHERS = ("posterior", "densities", "family", "brackets")  # those that show the state of one searcher
OF_ONE_TRIAL = ("posterior", "densities")  # they have one parameter, and --trial
PICTURES = (".png", ".svg", ".pdf")


def add_plot(parser: Parser) -> None:
    """Add the arguments of ``scratchtune plot``."""
    add_db(parser, "needed if the file holds several")
    add = parser.add_argument
    add("--kind", required=True, metavar="NAME", help="what to draw: "
        f"{', '.join(PLOTS)}; for BayesianSearch posterior and densities, for GeneticSearch family, for Hyperband "
        f"brackets; for several objectives {', '.join(OF_SEVERAL)}")
    add("--params", nargs="+", metavar="NAME",
        help=f"the parameters to show, in {', '.join(OF_PARAMETERS)} (default: all; grid: the first two); one in "
             f"{' and '.join(OF_ONE_TRIAL)}")
    add("--trial", type=int, metavar="N",
        help=f"{' and '.join(OF_ONE_TRIAL)}: the trial whose proposal is shown (default: the last one proposed so)")
    add("-o", "--out", type=Path, metavar="FILE",
        help="the picture to write, .png, .svg or .pdf (default: NAME.png, with the NAME of --kind)")


def run_plot(given: argparse.Namespace) -> None:
    """Run ``scratchtune plot``: draw a study, and save the picture."""
    kind = checks.choice("--kind", given.kind, (*PLOTS, *OF_SEARCHERS, *OF_SEVERAL))
    if given.params and kind not in (*OF_PARAMETERS, *OF_ONE_TRIAL):
        raise ValueError(f"--params is given, and {kind} shows no parameters; omit it")
    if given.trial is not None and kind not in OF_ONE_TRIAL:
        raise ValueError(f"--trial is given, and {kind} shows more than one trial; omit it")
    if kind in OF_ONE_TRIAL and given.params and len(given.params) > 1:
        raise ValueError(f"--params holds {len(given.params)} names; {kind} shows one parameter")
    out = Path(f"{kind}.png") if given.out is None else given.out
    if out.suffix.lower() not in PICTURES:
        raise ValueError(f"--out is {str(out)!r}; its name must end in {', '.join(PICTURES)}")
    check_beside_db(out, given.db)
    study = read_study(*open_study(given))
    if kind not in OF_SEVERAL and kind != "timeline":
        check_single(study, f"--kind {kind}")
    draw = getattr(insight, f"plot_{kind}")
    if kind in OF_ONE_TRIAL:
        axes = draw(study, given.params[0] if given.params else None, given.trial)
    else:
        axes = draw(study, given.params) if kind in OF_PARAMETERS else draw(study)
    save((axes[0] if isinstance(axes, list) else axes).figure, out)
    tell(f"picture: {out}")


def add_report(parser: Parser) -> None:
    """Add the arguments of ``scratchtune report``."""
    add_db(parser, "default: all studies of the file, compared on one page")
    parser.add_argument("-o", "--out", type=Path, default=Path("report.html"), metavar="FILE.html",
                        help="the page to write (default: report.html)")


def run_report(given: argparse.Namespace) -> int:
    """Run ``scratchtune report``: write one page of all studies that can be read; return the exit code."""
    page_path(given.out, given.out, "--out")
    check_beside_db(given.out, given.db)
    storage = File(given.db, reading=True)
    names = storage.names()
    if given.study is not None or len(names) < 2:
        names = [open_study(given)[1]]
    studies = []
    for name in names:
        try:
            study = read_study(storage, name)
            check_single(study, "a report")
            studies.append(study)
        except ValueError as problem:  # a damaged study, or one of several objectives, must not hide the others
            if len(names) == 1:
                raise
            note(f"the study {visible(name)!r} is left out: {problem}")
    if not studies:
        raise ValueError(f"{given.db} holds no study that can be read")
    report(studies[0] if len(studies) == 1 else studies, given.out)
    tell(f"report: {given.out}")
    return 0 if len(studies) == len(names) else 1
