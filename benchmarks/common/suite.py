"""Run benchmarks one after the other, each in a process of its own, and keep what became of each.

An answer is a JSON file in the output folder: the question, whether a report was written, which, and in how many
seconds. The reports and their pictures are in the same folder.
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

from tqdm import tqdm

from benchmarks.common import harness, reports
from benchmarks.common.questions import Question

DONE, SKIPPED, FAILED = "done", "skipped", "failed"
MISSING = re.compile(r"ModuleNotFoundError: (.+)|(.+ is not installed.*)")
KEPT = ("{}.jsonl", "{}_runs.json")  # runs that a benchmark keeps, by its name


@dataclass
class Answer:
    """What became of a question: its state, why it was skipped or failed, and the reports that it wrote."""

    name: str
    question: str
    state: str
    reason: str = ""
    seconds: float = 0.0
    written: list[str] = field(default_factory=list)


def run_all(asked: Sequence[Question], quick: bool, folder: Path, again: bool) -> list[Answer]:
    """Answer the questions in order, with a progress bar; answers of an earlier run in the folder are kept.

    One that was not given is not kept, so that the next run asks again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    with tqdm(asked, unit="question", disable=None) as progress:
        for question in progress:
            progress.set_description(question.name)
            path = folder / f"{question.name}{'_quick' if quick else ''}.json"
            for name in [path.name, *(name.format(question.name) for name in KEPT)] if again else ():
                (folder / name).unlink(missing_ok=True)
            if path.exists():
                answer = Answer(**json.loads(path.read_text(encoding="utf-8")))
            elif (answer := ask(question, quick, folder)).state == DONE:
                path.write_text(json.dumps(asdict(answer), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            tqdm.write(f"{question.name}: {answer.state}{f', {answer.reason}' if answer.reason else ''}"
                       f"{f', {answer.seconds:.0f} s' if answer.seconds else ''}", file=sys.stderr)
            found.append(answer)
    return found


def ask(question: Question, quick: bool, folder: Path, *options: str) -> Answer:
    """Run one benchmark."""
    if quick and not question.is_quick:
        return Answer(question.name, question.text, SKIPPED, "it has no short run")
    command = [sys.executable, "-m", "benchmarks", question.name, *options, "--save", *["--quick"] * quick]
    before, begun = _times(folder), time.perf_counter()
    code, messages = _run(command, {"SCRATCHTUNE_RESULTS": str(folder), "MPLBACKEND": "Agg"})
    written = sorted(name for name, changed in _times(folder).items() if before.get(name) != changed)
    state, reason = (DONE, "") if written else _without_a_report(code, messages)
    return Answer(question.name, question.text, state, reason, time.perf_counter() - begun, written)


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


def whole(asked: Sequence[Question], answers: Sequence[Answer], folder: Path) -> str:
    """The report of all answers: a table, what fell short, and each answer in the order of the chapters."""
    texts = {answer.name: [reports.report(name, folder) for name in answer.written] for answer in answers}
    bars = {name: [line for text in given for line in reports.verdicts_of(text)] for name, given in texts.items()}
    missed = [f"- {name}: {line.removeprefix('FAIL: ')}" for name, given in bars.items() for line in given
              if line.startswith("FAIL")]
    absent = [f"- {answer.name}: {answer.state}, {answer.reason}" for answer in answers if answer.state != DONE]
    absent += [f"- {name}: {line}" for name, given in texts.items() for text in given
               for line in re.findall(r"^- NOT MEASURED: (.*)$", text, re.MULTILINE)]
    rows = []
    for answer in answers:
        met = [line.startswith("PASS") for line in bars[answer.name]]
        rows.append([answer.name, answer.question,
                     answer.state if answer.state != DONE else f"{sum(met)} of {len(met)}" if met else "",
                     f"{answer.seconds:.0f}" if answer.seconds else ""])
    parts = ["# scratchtune, measured", f"{harness.machine()}. {harness.versions('scratchtune', 'numpy', 'numba')}.",
             harness.table(("benchmark", "question", "bars met", "seconds"), rows, "llrr")]
    parts += ["## Where it falls short", "\n".join(missed)] if missed else []
    parts += ["## Not measured", "\n".join(absent)] if absent else []
    chapter = ""
    for question in asked:
        if texts[question.name]:
            parts += [f"## {question.chapter}"] * (question.chapter != chapter) + [f"### {question.text}"]
            parts += [re.sub(r"^(#+ )", r"###\1", text.strip(), flags=re.MULTILINE) for text in texts[question.name]]
            chapter = question.chapter
    return "\n\n".join(parts) + "\n"
