"""What one trial of a study runs through: `python -m tests.trace`.

The functions of the package that are called from `Study.run` until the commit that stores the trial returns, counted by
`sys.setprofile`, in a study in a file: how many there are, how many calls, how deep, in how many files. Comprehensions
and lambdas are no functions here: Python 3.12 has inlined the former.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import scratchtune as st

PACKAGE = str(Path(st.__file__).parent)
SPACE = {"rate": st.Float(1e-4, 1.0, log=True), "units": st.Int(4, 64), "kind": ["a", "b"]}
TRIAL = 8  # the one that is traced: by then Bayesian search has its initial design behind it


class Trace(NamedTuple):
    """Of a trial: its functions, each with its file, the number of their calls, and the greatest depth."""

    functions: frozenset[tuple[str, str]]
    calls: int
    depth: int

    def __str__(self) -> str:
        files = {file for file, _ in self.functions}
        return f"{len(self.functions)} functions in {len(files)} files, {self.depth} deep, {self.calls} calls"


def trace_of(searcher: Any, path: Path) -> Trace:
    """The trace of one trial, from `Study.run` to the return of the commit that stores its outcome."""
    functions: set[tuple[str, str]] = set()
    depth = deepest = calls = 0

    def profile(frame: FrameType, event: str, _: Any) -> None:
        nonlocal depth, deepest, calls
        file, name = frame.f_code.co_filename, frame.f_code.co_qualname
        if not file.startswith(PACKAGE) or frame.f_code.co_name.startswith("<") or event not in ("call", "return"):
            return
        depth += 1 if event == "call" else -1
        if event == "call":
            functions.add((file.removeprefix(PACKAGE), name))
            calls, deepest = calls + 1, max(deepest, depth)
        elif name == "File.put" and study.trials[-1].state == "complete":
            sys.setprofile(None)

    with st.Study(SPACE, searcher, storage=path) as study:
        study.run(objective, TRIAL, progress=False)
        sys.setprofile(profile)
        try:
            study.run(objective, TRIAL + 1, progress=False)
        finally:
            sys.setprofile(None)
    return Trace(frozenset(functions), calls, deepest)


def objective(trial: st.Trial) -> float:
    """The learning rate alone: nothing of the package but `Trial.params`."""
    return float(trial.params["rate"])


def main() -> int:
    """Print the traces."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("random", "bayesian"):
            found = trace_of(name, Path(folder) / f"{name}.db")
            print(f"{name}: {found}")
            if "--list" in sys.argv:
                print(*(f"  {file} {function}" for file, function in sorted(found.functions)), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
