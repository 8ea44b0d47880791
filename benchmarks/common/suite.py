"""Run benchmarks one after the other, each in a process of its own, and keep what each has answered.

An answer is a JSON file in the output folder: the question, the command, exit code, seconds, processor, versions, and
for each report of the benchmark its title, its bars and its tables. The report itself and its pictures are in the same
folder.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks.common import harness, reports
from benchmarks.common.questions import Question

DONE, SKIPPED, FAILED = "done", "skipped", "failed"
MISSING = re.compile(r"ModuleNotFoundError: (.+)|(.+ is not installed.*)")


@dataclass
class Answer:
    """What became of a question: its state, why it was skipped or failed, and the reports that it wrote."""

    name: str
    question: str
    state: str
    reason: str = ""
    command: str = ""
    code: int = 0
    seconds: float = 0.0
    processor: str = ""
    versions: str = ""
    written: list[str] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)


def run_all(asked: Sequence[Question], quick: bool, folder: Path, again: bool) -> list[Answer]:
    """Answer the questions in order, with a progress bar; answers of an earlier run in the folder are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    with tqdm(asked, unit="question", disable=None) as progress:
        for question in progress:
            progress.set_description(question.name)
            if again:
                (folder / f"{question.name}.jsonl").unlink(missing_ok=True)  # runs that a benchmark keeps
            answer = None if again else stored(question.name, quick, folder)
            if answer is None:
                answer = ask(question, quick, folder)
                store(answer, quick, folder)
            tqdm.write(f"{question.name}: {answer.state}{f', {answer.reason}' if answer.reason else ''}"
                       f"{f', {answer.seconds:.0f} s' if answer.seconds else ''}", file=sys.stderr)
            found.append(answer)
    return found


def ask(question: Question, quick: bool, folder: Path, *options: str) -> Answer:
    """Run one benchmark."""
    if quick and not question.is_quick:
        return Answer(question.name, question.text, SKIPPED, "it has no short run")
    command = ["-m", "benchmarks", question.name, *options, "--save", *["--quick"] * quick]
    before, begun = _times(folder), time.perf_counter()
    code, messages = _run([sys.executable, *command], {"SCRATCHTUNE_RESULTS": str(folder), "MPLBACKEND": "Agg"})
    written = sorted(name for name, changed in _times(folder).items() if before.get(name) != changed)
    state, reason = (DONE, "") if written else _without_a_report(code, messages)
    return Answer(
        question.name, question.text, state, reason, " ".join(["python", *command]), code, time.perf_counter() - begun,
        harness.machine(), harness.versions("scratchtune", "numpy", "numba"), written,
        [_content(name, folder) for name in written])


def _times(folder: Path) -> dict[str, int]:
    """When each report in the folder was written, by name."""
    return {path.stem: path.stat().st_mtime_ns for path in folder.glob("*.md")}


def _run(command: Sequence[str], more: dict[str, str]) -> tuple[int, str]:
    """Run a command, and return its exit code and what it wrote to stderr; it ends with this process."""
    process = subprocess.Popen(command, cwd=harness.ROOT, env={**os.environ, **more}, text=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
    try:
        _, messages = process.communicate()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
    return process.returncode, messages


def _without_a_report(code: int, messages: str) -> tuple[str, str]:
    """The state of a benchmark without a report, and why: skipped if something that it needs is missing."""
    for line in reversed(messages.strip().splitlines()):
        if found := MISSING.search(line):
            return SKIPPED, next(group for group in found.groups() if group).strip()
    last = (messages.strip().splitlines() or ["no message"])[-1]
    return FAILED, f"exit code {code}: {last[:200]}"


def _content(name: str, folder: Path) -> dict[str, Any]:
    """A report's title, bars, those that were not measured, and tables."""
    text = reports.report(name, folder)
    bars = [{"met": line.startswith("PASS"), "text": line.partition(": ")[2]} for line in reports.verdicts_of(text)]
    tables = [{"headings": headings, "rows": rows} for headings, *rows in reports.tables_of(text)]
    unmeasured = re.findall(r"^- NOT MEASURED: (.*)$", text, re.MULTILINE)
    return {"name": name, "title": text.splitlines()[0].removeprefix("# "), "bars": bars, "not measured": unmeasured,
            "tables": tables}


# Stored answers -------------------------------------------------------------------------------------------------------


def path_of(name: str, quick: bool, folder: Path) -> Path:
    """The file of an answer."""
    return folder / f"{name}{'_quick' if quick else ''}.json"


def store(answer: Answer, quick: bool, folder: Path) -> None:
    """Write an answer; one that was not given is not kept, so that the next run asks again."""
    if answer.state == DONE:
        text = json.dumps(asdict(answer), indent=1, ensure_ascii=False)
        path_of(answer.name, quick, folder).write_text(text + "\n", encoding="utf-8")


def stored(name: str, quick: bool, folder: Path) -> Answer | None:
    """An answer of an earlier run, or None."""
    path = path_of(name, quick, folder)
    return Answer(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


# The whole report -----------------------------------------------------------------------------------------------------


def whole(asked: Sequence[Question], answers: Sequence[Answer], folder: Path) -> str:
    """The report of all answers: a table, what fell short, and each answer in the order of the chapters."""
    bars = {answer.name: [bar for one in answer.reports for bar in one["bars"]] for answer in answers}
    missed = [f"- {name}: {bar['text']}" for name, given in bars.items() for bar in given if not bar["met"]]
    absent = [f"- {answer.name}: {answer.state}, {answer.reason}" for answer in answers if answer.state != DONE]
    absent += [f"- {answer.name}: {line}" for answer in answers for one in answer.reports
               for line in one["not measured"]]
    rows = [[answer.name, answer.question, _bars(bars[answer.name]) if answer.state == DONE else answer.state,
             f"{answer.seconds:.0f}" if answer.seconds else ""] for answer in answers]
    text = ["# scratchtune, measured", f"{harness.machine()}. {_versions(answers)}.",
            harness.table(("benchmark", "question", "bars met", "seconds"), rows, "llrr")]
    text += ["## Where it falls short", "\n".join(missed)] if missed else []
    text += ["## Not measured", "\n".join(absent)] if absent else []
    text += _chapters(asked, {answer.name: answer for answer in answers}, folder)
    return "\n\n".join(text) + "\n"


def _versions(answers: Sequence[Answer]) -> str:
    return "; ".join(dict.fromkeys(answer.versions for answer in answers if answer.versions)) or "nothing was run"


def _bars(bars: Sequence[dict[str, Any]]) -> str:
    return f"{sum(bar['met'] for bar in bars)} of {len(bars)}" if bars else ""


def _chapters(asked: Sequence[Question], answers: dict[str, Answer], folder: Path) -> list[str]:
    """The reports, under the headings of their chapters and questions."""
    text, chapter = [], ""
    for question in asked:
        if answers[question.name].state != DONE:
            continue
        if question.chapter != chapter:
            chapter = question.chapter
            text.append(f"## {chapter}")
        written = answers[question.name].written
        text += [f"### {question.text}", *(_below(reports.report(name, folder)) for name in written)]
    return text


def _below(text: str) -> str:
    """A report whose headings are three levels lower."""
    return re.sub(r"^(#+ )", r"###\1", text.strip(), flags=re.MULTILINE)
