"""The pages that are generated in part: tables of results, from benchmarks/results, of lessons and of sections.

    python -m benchmarks.pages            writes them
    python -m benchmarks.pages --check    exit code 1 where one of them is not what would be written

A generated block is between two comments, `<!-- generated: NAME -->` and `<!-- end -->`; the rest of a page is written
by hand. Every number in a block is read from a stored report, so a page cannot say what no run has printed.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from benchmarks.common.askers import PEERS
from benchmarks.common.harness import RESULTS, ROOT, table
from benchmarks.common.reports import cell, machine_of, report, tables_of, verdicts_of
from scratchtune import formulas

GROUPS = {  # of `search_groups`, as README's table has them
    "under noise: five functions in 4 dimensions, mean of three levels": ("noise 0.05", "noise 0.15", "noise 0.4"),
    "under noise, each by its own answer (ours: `study.recommended()`)": tuple(
        f"noise {level}, own answers" for level in (0.05, 0.15, 0.4)),
    "in 20 and 40 dimensions": ("20 dimensions", "40 dimensions"),
    "in five spaces with conditions": ("conditions",), "eight at a time": ("8 at a time",),
    "with 30 evaluations": ("budgets",)}
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
PAGES = tuple(ROOT / folder / "README.md" for folder in (".", "benchmarks", "lessons", "scratchtune"))


# README's table -------------------------------------------------------------------------------------------------------


class Measured(NamedTuple):
    """A row of the table: what was measured, its values by library, and whether the lowest or highest is best."""

    what: str
    best: Callable[..., float] | None
    ours: str
    peers: Mapping[str, str]
    report: str


def front() -> str:
    """The shortest honest table of results: here, beside the best peers in the same report; the best one is bold."""
    rows = [row(measured) for measured in (*_training(), *_searching(), *_estimating())]
    return table(["", "scratchtune", "the best peers in the report", ""], rows, "llll")


def row(measured: Measured) -> list[str]:
    """The cells of a line of the table, the best of its numbers in bold, whoever has it."""
    texts = [measured.ours, *measured.peers.values()]
    best = measured.best(map(_number, texts)) if measured.best else None
    ours, *others = (f"**{text}**" if best is not None and _number(text) == best else text for text in texts)
    peers = ", ".join(f"{name} {text}" for name, text in zip(measured.peers, others, strict=True))
    return [measured.what, ours, peers, f"[report](benchmarks/results/{measured.report}.md)"]


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def _training() -> Iterator[Measured]:
    small, large = "64-64-10, batch 32", "64-1024-1024-10, batch 128"
    for what, network in (
        ("a training step, 64-64-10, batch 32, float32, one thread, in microseconds", small),
        ("the same with 64-1024-1024-10, batch 128", large),
    ):
        peers = {"JAX": step("JAX", network), "PyTorch": step("PyTorch (fused Adam)", network)}
        yield Measured(what, min, step("ours", network), peers, "training_speed")


def _searching() -> Iterator[Measured]:
    def seconds(who: str) -> str:
        return cell("document_example", who, "seconds")

    def overhead(who: str) -> str:
        return cell("search_overhead", who, "100")

    def job(who: str) -> str:
        return cell("same_job", who, "seconds (range)").split()[0]

    def trials(who: str) -> str:
        return cell("study_overhead", who, "1000")

    yield Measured(
        "the document's grid search, 45 trainings, in seconds", min,
        seconds("scratchtune, GridSearchCV(n_jobs=2)"),
        {"scikit-learn": seconds("scikit-learn, GridSearchCV(n_jobs=2)"),
         "Keras on PyTorch": seconds("Keras on PyTorch")}, "document_example")
    yield Measured(
        "the document's network on the digits, 30 trials guided by a model: seconds without imports", min,
        job("scratchtune, Bayesian"),
        {"Optuna TPE with PyTorch": job("Optuna, TPE"), "Ray Tune": job("Ray Tune, Optuna"),
         "Keras Tuner": job("Keras Tuner, Bayesian")}, "same_job")
    yield Measured(
        "100 trials on 25 black boxes; 0 is random search, 1 the optimum", max, score("bayesian"),
        {name: score(name) for name in ("Optuna TPE", "Optuna CMA-ES")}, "search_quality")
    for what, groups in GROUPS.items():
        ours, *others = sorted(group_means(groups).items(), key=lambda found: (found[0] != "bayesian", -found[1]))
        yield Measured(f"the same {what}", max, f"{ours[1]:.3f}", {name: f"{mean:.3f}" for name, mean in others[:2]},
                       "search_groups")
    front = {name: cell("pareto", row, "digits").split()[0] for name, row in (
        ("ours", "ours"), ("Optuna NSGA-II", "Optuna NSGA-II"), ("pymoo NSGA-II", "pymoo NSGA-II"))}
    yield Measured("Pareto front of the digits, error against cost, 200 trials: % of the hypervolume", max,
                   front.pop("ours"), front, "pareto")
    yield Measured(
        "milliseconds for a suggestion at trial 100", min, overhead("bayesian"),
        {name: overhead(name) for name in ("Optuna TPE", "Optuna GP")}, "search_overhead")
    yield Measured(
        "trials a second in SQLite, each commit on the disk", max, trials("ours, SQLite"),
        {"Optuna": trials("Optuna, SQLite"), "its journal": trials("Optuna, journal")}, "study_overhead")


def _estimating() -> Iterator[Measured]:
    def rank(method: str) -> str:
        return cell("automl", method, "mean rank: kept aside")

    yield Measured("AutoML on ten tables kept aside, 60 s, one seed: mean rank of 8 methods", min, rank("AutoML"),
                   {"HistGradientBoosting searched": rank("HGB searched"), "FLAML": rank("FLAML")}, "automl")
    yield Measured("trainings of 50 steps in float64 that follow PyTorch and Keras", None, parity(), {}, "parity")


def step(who: str, network: str) -> str:
    """Microseconds of a training step."""
    return cell("training_speed", who, "us a step", network)


def score(searcher: str) -> str:
    """A searcher's mean score over all black boxes."""
    return cell("search_quality", searcher, "all", "mean score").lstrip("+")


def group_means(groups: Sequence[str]) -> dict[str, float]:
    """The mean score over some groups of `search_groups`: of BayesianSearch, and of the peers that all of them have."""
    found = {}
    for name in ("bayesian", *PEERS):
        with contextlib.suppress(LookupError):
            found[name] = statistics.fmean(float(cell("search_groups", name, "mean score", group)) for group in groups)
    return found


def parity() -> str:
    """How many trainings agree, and how far the worst one is away."""
    found = re.search(r"(\d+ of \d+) within (\S+); the largest difference is (\S+)\.", report("parity"))
    assert found is not None
    return f"{found[1]} within {found[2]}, the largest difference {found[3]}"


# scratchtune/README.md ------------------------------------------------------------------------------------------------


def speech() -> str:
    """What a recogniser reaches with its defaults, on synthetic voices and on one person."""
    text = report("speech_defaults")
    (headings, *rows), (_, *built_in) = tables_of(text)
    person = re.findall(r"word error rate ([.\d]+), character", text)
    cells = ["the built-in clips, then ten digits said by a person", *built_in[0][1:6], " ".join(person),
             f"{statistics.mean(map(float, person)):.2f}"]
    return table(headings, [*rows, *built_in, cells])


# benchmarks/README.md -------------------------------------------------------------------------------------------------


def results() -> str:
    """Every report: its question, its machine, what it holds, and its bars."""
    parts = []
    for path in sorted(RESULTS.glob("*.md")):
        name = path.stem
        text = report(name)
        title, bars = text.splitlines()[0].removeprefix("# "), verdicts_of(text)
        met = sum(line.startswith("PASS") for line in bars)
        missed = [f"    - {line}" for line in bars if line.startswith("FAIL")]
        made_on = f" ({where})" if (where := machine_of(text)) else ""
        count = f": {met} of {len(bars)} bars met" if bars else ""
        parts.append("\n".join([f"- [{title}](results/{name}.md){made_on}{count}", *missed]))
    return "\n".join(parts)


def lessons() -> str:
    """The lessons: number and title, what each is about, and the formulas that it cites."""
    rows = []
    for path in sorted((ROOT / "lessons").glob("[0-9][0-9]_*.py")):
        _, title, about, *rest = path.read_text(encoding="utf-8").splitlines()
        cited = dict.fromkeys(re.findall(r"^# - \[(\w+)\]", "\n".join(rest), re.MULTILINE))
        rows.append([f"[{title.removeprefix('# # ')}]({path.name})", about.removeprefix("# "),
                     ", ".join(f"`{formula}`" for formula in cited)])
    return table(["lesson", "what it is about", "formulas"], rows, "lll")


GENERATORS: dict[str, Callable[[], str]] = {
    "front": front, "results": results, "lessons": lessons, "sections": formulas.sections,
    "speech": speech}


def generated(page: str) -> str:
    """A page with its generated blocks updated."""
    return BLOCK.sub(lambda found: f"{found[1]}{GENERATORS[found[2]]()}\n{found[3]}", page)


def main() -> int:
    """Write the pages, or compare them with what would be written."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    stale = [page for page in PAGES if page.exists() and generated(text := page.read_text(encoding="utf-8")) != text]
    for page in stale:
        print(f"{page.relative_to(ROOT)} {'is out of date' if check else 'written'}")
        if not check:
            page.write_text(generated(page.read_text(encoding="utf-8")), encoding="utf-8")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
