"""README's table of results: each row is computed from the lines of one stored report.

No list says who is compared. The lines of a report's table that are not ours (`OURS`) are those of the other
libraries. Each library has its best line, and the best libraries are shown, so that a better one cannot be left out.
Scores are compared with one searcher, on the seeds that both have: the report states our difference from each, with
its 95 % interval, and the searcher with the smallest difference is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from benchmarks.common.harness import table
from benchmarks.common.reports import Line, lines_of, number, report

OURS = frozenset(  # the first words of our lines, and of those that are no library
    ("ours", "scratchtune", "AutoML", "tuned", "network", "bayesian", "genetic", "hyperband", "random", "floor"))
LIBRARIES = {"HGB": "scikit-learn", "sklearn": "scikit-learn"}  # of labels that do not begin with the library's name
WORDS = {  # for groups of `search_groups` whose names do not speak for themselves
    "noise": "{} (std, in interquartile ranges of the function)",
    "at a time": "eight trials at a time", "budgets": "30 evaluations", "conditions": "spaces with conditions"}
SHOWN = 3  # libraries in a row
MARK = "†"


class Row(NamedTuple):
    """A row of the table: where its numbers are in a report, and which number is best.

    ``only`` says which lines are compared, by patterns of their cells; ``library`` is the column whose first word
    names the library; ``beside`` are columns that are shown in brackets.
    """

    what: str
    report: str
    column: str
    ours: str
    best: Callable[..., float] = min
    heading: str = ""
    only: Mapping[str, str] = {}
    library: str = ""
    beside: Sequence[str] = ()


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
    for size, network in (("smallest", networks[0]), ("largest", networks[-1])):
        yield Row(f"microseconds a training step, {size} network measured ({network}), float32, one thread",
                  "training_speed", "us a step", "ours", heading=network)
    yield Row("seconds of the document's grid search, 45 trainings, two cores",
              "document_example", "seconds", "scratchtune, GridSearchCV(n_jobs=2)", beside=("best score",))
    job = "digits, 30 trials x 3 folds, one core"
    yield Row(f"seconds of random search, each library with its own network: {job}", "same_job",
              "seconds (range)", "scratchtune, random", only={"tuner": "random", "epochs": "^810$"}, library="network")
    yield Row(f"seconds of model-based search, all with scratchtune's network: {job}",
              "same_job", "seconds (range)", "scratchtune, Bayesian", beside=("best score", "seeds"),
              only={"tuner": "^(?!.*(random|grid))", "network": "^scratchtune$", "epochs": "^810$"})
    yield Row("milliseconds a suggestion at trial 100: BayesianSearch; of each library its fastest searcher, "
              "whatever its quality", "search_overhead", "100", "bayesian")
    yield Row("trials a second of random search, 1,000 trials, each flushed to disk by one process (our file allows "
              "one writer at a time, others may allow several)", "study_overhead", "1000",
              "ours, SQLite", max, only={"trials a second of a study of": "^(?!.*memory)"})
    yield Row("AutoML: mean rank of 8 methods, four of them ours, on ten tables kept aside, 60 s, two cores, one "
              "seed", "automl", "mean rank: kept aside", "AutoML")


# The best line of each library ----------------------------------------------------------------------------------------


def compared(row: Row, text: str) -> list[Line]:
    """The lines of a report that a row compares."""
    return [line for line in lines_of(text, row.column, *filter(None, [row.heading]), *row.only, *row.beside)
            if line.cells[row.column] and all(re.search(kept, line.cells[name]) for name, kept in row.only.items())]


def library(row: Row, line: Line) -> str:
    """Whose line it is."""
    return library_of(line.cells[row.library] if row.library else line.label)


def library_of(label: str) -> str:
    """The first word of a label, or the library that it stands for."""
    word = re.split(r"[ ,:]", label)[0]
    return LIBRARIES.get(word, word)


def chosen(row: Row, text: str) -> list[Line]:
    """The best line of each other library, the best libraries first."""
    found: dict[str, Line] = {}
    for line in sorted(compared(row, text), key=lambda line: line.value(row.column), reverse=row.best is max):
        if library(row, line) not in OURS:
            found.setdefault(library(row, line), line)
    return list(found.values())[:SHOWN]


def sorted_row(row: Row) -> Shown:
    """A row as printed: ours beside the best libraries, the best number in bold, whoever has it."""
    text = report(row.report)
    ours = next(line for line in compared(row, text) if line.label == row.ours and library(row, line) in OURS)
    others = chosen(row, text)
    best = row.best(line.value(row.column) for line in (ours, *others))

    def cell(line: Line) -> str:
        value = line.cells[row.column].split()[0]
        beside = ", ".join(f"{name} {line.cells[name].split()[0]}" for name in row.beside if line.cells[name])
        return f"{f'**{value}**' if number(value) == best else value}{f' ({beside})' if beside else ''}"

    peers = "; ".join(f"{line.cells[row.library or next(iter(line.cells))]}: {cell(line)}" for line in others)
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
    """Of `search_groups`: against each searcher of a group, on the seeds that both have."""
    for line in lines_of(text, group, "bayesian less this"):
        if lead := line.cells["bayesian less this"]:
            yield Lead(line.label, line.cells["mean score"], f"{lead}, {line.cells['seeds']} seeds", (line,))


def pareto_leads(problem: str, text: str) -> Iterator[Lead]:
    """Of `pareto`: against each searcher on one problem."""
    for k, line in enumerate(text.splitlines()):
        found = re.search(rf": {problem}: ours at least (.+): hypervolume \S+ % against (\S+) %, difference (\S+) "
                          r"\(95 % interval (.+?)\)", line)
        if found:
            yield Lead(found[1], found[2], f"{found[3]} ({found[4]})", (Line(k + 1, line, {}),))


def score_rows() -> Iterator[Shown]:
    """The rows of scores: all groups of `search_groups`, so that one in which we are behind cannot be left out.

    Groups that differ in a number only, such as the level of the noise, share a row.
    """
    boxes = re.search(r"\d+ cases, \d+ trials, \d+ seeds", report("search_quality"))
    assert boxes is not None
    yield score_row(f"score of BayesianSearch (0: random search, 1: the optimum), {boxes[0]}", "search_quality",
                    quality_leads())
    text = report("search_groups")
    groups = re.findall(r"^## (?!Bars)(.+)\n\n(\d+) cases", text, re.MULTILINE)
    for (kind, cases), some in groupby(groups, lambda each: (re.sub(r"\d\S* ?", "", each[0]).strip(), each[1])):
        names = [name for name, _ in some]
        parts = [score_row("", "search_groups", group_leads(name, text)) for name in names]
        yield Shown(f"the same, {cases} other cases: {WORDS.get(kind, '{}').format(', '.join(names))}",
                    "<br>".join(part.ours for part in parts), "<br>".join(part.others for part in parts),
                    "search_groups", [line for part in parts for line in part.lines])
    yield score_row("% of the hypervolume of the digits' Pareto front (error, cost), NSGA2, 200 trials, 10 seeds",
                    "pareto", pareto_leads("digits", report("pareto")))


# All rows -------------------------------------------------------------------------------------------------------------


def shown() -> list[Shown]:
    """All rows of the table."""
    return [*map(sorted_row, rows()), *score_rows()]


def front(stale: Collection[str]) -> str:
    """The table: ours beside the best other libraries in the same report; the best number is bold.

    The rows of the ``stale`` reports are marked; the others have a space, so that a mark changes no other line.
    """
    headings = "measured", "scratchtune", "other libraries", f"report, lines ({MARK}: the code has changed since)"
    return table(headings, [
        [row.what, row.ours, row.others, f"[{row.report}](benchmarks/results/{row.report}.md) "
         f"{', '.join(str(line.number) for line in row.lines)} {MARK if row.report in stale else ' '}"]
        for row in shown()], "llll")


def sources() -> str:
    """Each row of the table, and below it the lines of the report that it is from."""
    return "\n\n".join("\n".join([
        f"{row.what}\n    scratchtune {row.ours} | {row.others}", f"    benchmarks/results/{row.report}.md",
        *(f"    {line.number:5}: {line.text}" for line in row.lines)]) for row in shown())
