"""The pages that are generated in part: tables of results, from benchmarks/results, of lessons and of sections.

    python -m benchmarks pages            writes them
    python -m benchmarks pages --check    exit code 1 where one of them is not what would be written; lists the reports
                                          whose code has changed since they were made (no failure)
    python -m benchmarks pages --rows     prints each row of README's table with the lines of the report it is from

A generated block is between two comments, `<!-- generated: NAME -->` and `<!-- end -->`; the rest of a page is written
by hand. Every number in a block is read from a stored report, so a page cannot say what no run has printed. The marks
of reports that are older than the code are those of the day when the page was written: a page is not out of date
because of them, so an edit of the package does not require a new page.
"""

from __future__ import annotations

import argparse
import re
import statistics
from collections.abc import Callable, Collection, Sequence

from benchmarks import stale
from benchmarks.common import front, questions
from benchmarks.common.harness import ROOT, table
from benchmarks.common.reports import report, tables_of
from scratchtune import formulas
from scratchtune.formulas import document

CITED = re.compile(r"^# - \[(\w+)\]", re.MULTILINE)  # a formula that a lesson cites
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
PAGES = (*(ROOT / folder / "README.md" for folder in (".", "benchmarks", "lessons", "scratchtune")),
         *sorted((ROOT / "scratchtune").glob("*/**/README.md")))


# scratchtune/README.md ------------------------------------------------------------------------------------------------


def speech(_: Collection[str]) -> str:
    """What a recogniser reaches with its defaults, on synthetic voices and on one person."""
    text = report("speech_defaults")
    (headings, *rows), (_, *built_in) = tables_of(text)
    person = re.findall(r"word error rate ([.\d]+), character", text)
    cells = ["the built-in clips, then ten digits said by a person", *built_in[0][1:6], " ".join(person),
             f"{statistics.mean(map(float, person)):.2f}"]
    return table(headings, [*rows, *built_in, cells])


def sections(_: Collection[str]) -> str:
    """The map of the document's sections: the lesson that is most about each, and three formulas to begin with."""
    files, taught, rows = document.modules(), document.lessons(), []
    for number, title in document.TITLES.items():
        about = sorted((told.index(number), len(told), path) for path, told in taught.items() if number in told)
        texts = [(path, (ROOT / path).read_text(encoding="utf-8")) for *_, path in about]
        here = [formula.id for formula in formulas.registry().values()
                if number in document.sections_of(formula, files)]
        cited = [name for _, text in texts for name in CITED.findall(text)]
        first = [f"`{name}`" for name in dict.fromkeys([*cited, *here]) if name in here and not name.endswith("_grad")]
        links = [f"[{text.splitlines()[1].removeprefix('# # ')}](../{path})" for path, text in texts[:1]]
        rows.append(f"| {number} {title} | {''.join(links)} | {', '.join(first[:3])} |")
    return "\n".join(["| section | lesson | formulas to begin with |", "|---|---|---|", *rows])


# benchmarks/README.md -------------------------------------------------------------------------------------------------


def results(stale: Collection[str]) -> str:
    """Every question, its answer in one sentence, and its reports; the ``stale`` ones are marked."""
    marked = re.sub(r"\(results/(\w+)\.md\)", lambda found: found[0] + f" {front.MARK}" * (found[1] in stale),
                    questions.won_and_lost())
    return f"{marked}\n\n{front.MARK} The code that this report measured has changed since: `python -m benchmarks " \
           "stale` says where."


def lessons(_: Collection[str]) -> str:
    """The lessons: number and title, what each is about, and the formulas that it cites."""
    rows = []
    for path in sorted((ROOT / "lessons").glob("[0-9][0-9]_*.py")):
        _, title, about, *rest = path.read_text(encoding="utf-8").splitlines()
        cited = dict.fromkeys(CITED.findall("\n".join(rest)))
        rows.append([f"[{title.removeprefix('# # ')}]({path.name})", about.removeprefix("# "),
                     ", ".join(f"`{formula}`" for formula in cited)])
    return table(["lesson", "what it is about", "formulas"], rows, "lll")


GENERATORS: dict[str, Callable[[Collection[str]], str]] = {
    "front": front.front, "results": results, "lessons": lessons, "sections": sections,
    "speech": speech}


def generated(page: str, marked: Collection[str] = ()) -> str:
    """A page with its generated blocks updated; these reports are marked as older than the code."""
    return BLOCK.sub(lambda found: f"{found[1]}{GENERATORS[found[2]](marked)}\n{found[3]}", page)


def is_up_to_date(page: str) -> bool:
    """Whether a page is what would be written, whatever is marked."""
    now, then = (re.sub(" +", " ", text.replace(f" {front.MARK}", "")) for text in (generated(page), page))
    return now == then


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or compare them with what would be written."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks pages", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--rows", action="store_true", help="print where README's table is from, and write nothing")
    given = parser.parse_args(arguments)
    if given.rows:
        print(front.sources())
        return 0
    texts = {page: page.read_text(encoding="utf-8") for page in PAGES if page.exists()}
    if given.check:
        old = [page for page, text in texts.items() if not is_up_to_date(text)]
        print(*(f"{page.relative_to(ROOT)} is out of date" for page in old), stale.listed(stale.reports()), sep="\n")
        return int(bool(old))
    marked = stale.reports()
    for page, text in texts.items():
        if (new := generated(text, marked)) != text:
            page.write_text(new, encoding="utf-8")
            print(f"{page.relative_to(ROOT)} written")
    return 0
