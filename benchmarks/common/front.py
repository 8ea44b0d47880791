"""README's table of results: each row is computed from the lines of one stored report.

No list says who is compared. The lines of a report's table that are not ours (`OURS`) are those of the other
libraries. Each library has its best line, and the best libraries are shown, so that a better one cannot be left out.
Scores are compared with one searcher, on the seeds that both have: the report states our difference from each, with
its 95 % interval, and the searcher with the smallest difference is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from benchmarks.common.reports import Line, lines_of, number, report

OURS = frozenset(  # the first words of our lines, and of those that are no library
    ("ours", "scratchtune", "AutoML", "tuned", "network", "bayesian", "genetic", "hyperband", "random", "floor"))
LIBRARIES = {"HGB": "scikit-learn", "sklearn": "scikit-learn"}  # of labels that do not begin with the library's name
SHOWN = 1  # libraries in a row
FEWEST = 30  # problems; a difference on fewer has too large an error for a row
MARK = "†"


class Row(NamedTuple):
    """A row of the table: where its numbers are in a report, and which number is best."""

    what: str
    report: str
    column: str
    ours: str
    best: Callable[..., float] = min
    heading: str = ""


class Shown(NamedTuple):
    """A row as it is printed: its cells, and the lines of the report that they are from."""

    what: str
    ours: str
    others: str
    report: str
    lines: Sequence[Line]


def rows() -> Iterator[Row]:
    """The rows whose libraries are sorted by one column."""
    networks = re.findall(r"^\| (\S+, batch \d+) +\| us a step", report("training_speed"), re.MULTILINE)
    for size, network in (("small", networks[0]), ("large", networks[-1])):
        yield Row(f"microseconds for a training step of a {size} network ({network}), one thread",
                  "training_speed", "us a step", "ours", heading=network)
    yield Row("seconds for the document's grid search: 45 trainings, two cores",
              "document_example", "seconds", "scratchtune, GridSearchCV(n_jobs=2)")
    yield Row("AutoML on ten tables kept aside, 60 s each: mean rank among 8 methods, 4 of them ours (1 is best), one "
              "seed",
              "automl", "mean rank: kept aside", "AutoML")


# The best line of each library ----------------------------------------------------------------------------------------


def compared(row: Row, text: str) -> list[Line]:
    """The lines of a report that a row compares."""
    return [line for line in lines_of(text, row.column, *filter(None, [row.heading])) if line.cells[row.column]]


def library_of(label: str) -> str:
    """The first word of a label, or the library that it stands for."""
    word = re.split(r"[ ,:]", label)[0]
    return LIBRARIES.get(word, word)


def chosen(row: Row, text: str) -> list[Line]:
    """The best line of each other library, the best libraries first."""
    found: dict[str, Line] = {}
    for line in sorted(compared(row, text), key=lambda line: line.value(row.column), reverse=row.best is max):
        if library_of(line.label) not in OURS:
            found.setdefault(library_of(line.label), line)
    return list(found.values())[:SHOWN]


def sorted_row(row: Row) -> Shown:
    """A row as printed: ours beside the best libraries, the best number in bold, whoever has it."""
    text = report(row.report)
    ours = next(line for line in compared(row, text) if line.label == row.ours and library_of(line.label) in OURS)
    others = chosen(row, text)
    best = row.best(line.value(row.column) for line in (ours, *others))

    def cell(line: Line) -> str:
        value = line.cells[row.column].split()[0]
        return f"**{value}**" if number(value) == best else value

    peers = "; ".join(f"{line.label}: {cell(line)}" for line in others)
    return Shown(row.what, cell(ours), peers, row.report, sorted((ours, *others)))


# Scores on common seeds -----------------------------------------------------------------------------------------------


class Lead(NamedTuple):
    """The difference of our score from another searcher's on their common seeds, with its interval."""

    name: str
    theirs: str
    lead: str
    lines: Sequence[Line]


def closest(leads: Iterable[Lead]) -> Lead:
    """The searcher of another library that we are the least ahead of, or the most behind."""
    return min((lead for lead in leads if library_of(lead.name) not in OURS), key=lambda lead: number(lead.lead))


def score_row(what: str, name: str, leads: Iterable[Lead]) -> Shown:
    """A row of scores: ours on the seeds of the closest other searcher, its own, and the difference."""
    found = closest(leads)
    ahead, digits = number(found.lead), len(found.theirs.partition(".")[2])
    ours = f"{number(found.theirs) + ahead:.{digits}f}"
    theirs = found.theirs.lstrip("+")
    cells = (f"**{ours}**" if ahead >= 0 else ours), (f"**{theirs}**" if ahead <= 0 else theirs)
    return Shown(what, cells[0], f"{found.name}: {cells[1]}; difference {found.lead}", name, found.lines)


def quality_leads() -> Iterator[Lead]:
    """Of `search_quality`: against each searcher that ran on all black boxes."""
    text = report("search_quality")
    scores = {line.label: line for line in lines_of(text, "mean score", "all")}
    for line in lines_of(text, "difference of", "less"):
        if line.label == "bayesian":
            other = scores[line.cells["less"]]
            yield Lead(other.label, other.cells["all"], f"{line.cells['mean scores']} ({line.cells['95 % interval']})",
                       (other, line))


def group_leads(group: str, text: str) -> Iterator[Lead]:
    """Of `search_groups`: against each searcher of a group, on the problems that both have, if these are enough."""
    for line in lines_of(text, group, "bayesian less this"):
        lead = line.cells["bayesian less this"]
        if lead and int(line.cells["pairs"]) >= FEWEST:
            theirs = line.cells["mean score"].split()[0]
            yield Lead(line.label, theirs, f"{lead}, {line.cells['pairs']} problems", (line,))


def score_rows() -> Iterator[Shown]:
    """The two rows of the default searcher: without noise, and with as much of it as tuning often has."""
    share = "share of random search's distance to the optimum that the Bayesian search removes"
    boxes = re.search(r"\d+ cases, \d+ trials, \d+ seeds", report("search_quality"))
    assert boxes is not None
    yield score_row(f"{share}: {boxes[0]}", "search_quality", quality_leads())
    leads = group_leads("noise 0.15, recommended", report("search_groups"))
    yield score_row("the same where each result is noisy (std 0.15 interquartile ranges), and `recommended()` chooses "
                    "the answer of all", "search_groups", leads)


# All rows -------------------------------------------------------------------------------------------------------------


def shown() -> list[Shown]:
    """All rows of the front page's table: those read from a report's column, then the two of scores."""
    return [*map(sorted_row, rows()), *score_rows()]


def front(stale: Collection[str]) -> str:
    """The table: ours beside the best other libraries in the same report; the best number is bold.

    The rows of the ``stale`` reports are marked.
    """
    rows = [("measured", "scratchtune", "best other", f"report, commit ({MARK}: code changed since)"), ("---",) * 4]
    rows += [(row.what, row.ours, row.others, f"[{row.report}](benchmarks/results/{row.report}.md) "
              f"{commit_of(report(row.report))}{f' {MARK}' * (row.report in stale)}") for row in shown()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def commit_of(text: str) -> str:
    """The commit whose code a report measured, its first seven digits."""
    found = re.search(r"^Code: .*?\bcommit (\w{7})", text, re.MULTILINE)
    return found[1] if found else "unknown"


def sources() -> str:
    """Each row of the table, and below it the lines of the report that it is from."""
    return "\n\n".join("\n".join([
        f"{row.what}\n    scratchtune {row.ours} | {row.others}", f"    benchmarks/results/{row.report}.md",
        *(f"    {line.number:5}: {line.text}" for line in row.lines)]) for row in shown())
