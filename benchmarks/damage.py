"""Damaged files of studies: is anything read as other values, and how many trials are salvaged?

Flipped: in a copy of a file one random bit is flipped, and everything is read that a reader gets: each study's
definition, queue and attributes, every public attribute of every trial, its reason and its saved arrays. It must be an
error, or all as it was (the bit was in unused space); silently different is the one thing that must not happen. There
are ten kinds of studies.

Zeroed: 512 bytes, a sector of a disk, are set to zero at a random place of a file with 200 trials, and the file is
salvaged as by ``scratchtune check FILE --salvage NEW``. Counted are all trials of the file, also those that the sector
held a part of: which of them are as they were in the new file? All others begin again when their study is continued.

    python -m benchmarks damage              # 10,000 bits and 300 sectors
    python -m benchmarks damage --quick      # 500 and 20
"""

from __future__ import annotations

import random
import statistics
import tempfile
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import scratchtune as st
from benchmarks.common.benchmark import Benchmark
from benchmarks.common.harness import bar, table, verdict
from scratchtune.core.study.errors import StorageError
from scratchtune.core.study.file import File
from scratchtune.core.study.salvage import salvage, search
from scratchtune.core.study.stored import read_study

BITS, QUICK_BITS = 10_000, 500
SECTORS, QUICK_SECTORS, SECTOR = 300, 20, 512
FEW, MANY = 24, 200  # trials of a file whose bits are flipped, and of one with a zeroed sector
SALVAGED = 0.95  # the smallest share
SPACE = {"x": st.Float(-1.0, 1.0), "kind": ["a", "b"], "rate": st.Float(1e-3, 1.0, log=True, when={"kind": ["a"]})}
ATTRIBUTES = [name for name in dir(st.Trial) if not name.startswith("_") and not callable(getattr(st.Trial, name))]
OUTCOMES = ("refused", "identical", "silently different", "another exception")


def plain(trial: st.Trial) -> Any:
    """A value of the params alone."""
    return trial.params["x"] ** 2 + trial.params.get("rate", 0.5)


def saving(trial: st.Trial) -> Any:
    """A longer training continues what a shorter one has saved."""
    before = trial.load()
    trial.save({"weights": np.full(300, trial.params["x"]) + (0.0 if before is None else before["weights"])})
    return plain(trial) + 1.0 / (trial.budget or 1.0)


def requesting(trial: st.Trial) -> Any:
    """Define-by-run: the parameters are requested."""
    kind = trial.suggest_categorical("kind", ["line", "layers"])
    return trial.suggest_float("C", 1e-3, 1e3, log=True) if kind == "line" else trial.suggest_int("layers", 1, 9) / 10


def constrained(trial: st.Trial) -> Any:
    """Some trials are infeasible."""
    trial.set_constraint([trial.params["x"], -0.5])
    return plain(trial)


def several(trial: st.Trial) -> Any:
    """Two objectives."""
    return plain(trial), -trial.params["x"]


def noting(trial: st.Trial) -> Any:
    """Attributes of any kind."""
    trial.set_user_attr("notes", {"text": "ä\n", "list": [1, None, 2.5]})
    return plain(trial)


def failing(trial: st.Trial) -> Any:
    """Reports, scores of folds, and failures."""
    for step in range(4):
        trial.report(plain(trial) + step, step)
    trial.report_scores([0.25, 0.5])
    if trial.number % 5 == 2:
        raise ValueError("two")
    return plain(trial)


KINDS: dict[str, tuple[Callable[[st.Trial], Any], dict[str, Any]]] = {
    "grid": (plain, {"space": {"x": st.Int(-20, 20), "kind": ["a", "b", "c", "d", "e"]}, "searcher": "grid"}),
    "random": (plain, {"searcher": "random"}), "bayesian": (plain, {"searcher": st.BayesianSearch(model="tpe")}),
    "genetic": (plain, {"searcher": st.GeneticSearch(population=8)}),
    "hyperband": (saving, {"searcher": st.Hyperband(max_budget=243)}),
    "define-by-run": (requesting, {"space": None, "searcher": "random"}),
    "constraints": (constrained, {"searcher": "random"}),
    "objectives": (several, {"directions": {"a": "minimize", "b": "maximize"}}),
    "attributes": (noting, {"searcher": "random"}),
    "failures": (failing, {"searcher": "random", "stopping": st.MedianStopping()})}


def made(path: Path, kind: str, trials: int) -> None:
    """A file with a study of a kind, one trial of which is unfinished, and configurations that wait."""
    objective, arguments = KINDS[kind]
    with st.Study(**{"space": SPACE, "storage": path, "name": kind} | arguments) as study:
        study.run(objective, trials - 1, progress=False, max_failures="unlimited")
        study.ask()
        if kind == "attributes":
            study.set_user_attr("who", ["me", {"and": "you"}])
            for x in (0.25, 0.5):
                study.enqueue({"x": x, "kind": "b"})


def seen(path: Path) -> dict[str, Any]:
    """All that a reader gets of each study: its parts, and its trials by number."""
    with File(path, reading=True) as file:
        found = {}
        for name in file.names():
            study = read_study(file, name)
            rows = file.rows(name)
            found[name] = {
                "parts": repr((study.stored, study.searcher, study.stopping, study.seed, study.objectives,
                               study.user_attrs, study.waiting, file.count(name))),
                **{trial.number: repr((reason, row["saved"] and [*map(_array, row["saved"].items())], *(
                    getattr(trial, part) for part in ATTRIBUTES if part != "value" or not study.objectives.several)))
                   for trial, row, reason in zip(study.trials, rows, study.reasons, strict=True)}}
        return found


def _array(item: tuple[str, np.ndarray]) -> Any:
    name, array = item
    return name, array.dtype, array.shape, array.tobytes()


def flipped(folder: Path, kind: str, bits: int, rng: random.Random) -> Iterator[str]:
    """What comes of each flipped bit in a file of a kind."""
    made(folder / "whole.db", kind, FEW)
    content, before = (folder / "whole.db").read_bytes(), seen(folder / "whole.db")
    for _ in range(bits):
        damaged, bit = bytearray(content), rng.randrange(8 * len(content))
        damaged[bit // 8] ^= 1 << bit % 8
        (folder / "a.db").write_bytes(damaged)
        try:
            yield "identical" if seen(folder / "a.db") == before else "silently different"
        except StorageError:
            yield "refused"
        except Exception:
            yield "another exception"


def zeroed(folder: Path, kind: str, sectors: int, rng: random.Random) -> Iterator[float]:
    """The share of trials that are salvaged, for each zeroed sector in a file of a kind; 0 without its definition."""
    made(folder / "whole.db", kind, MANY)
    content, before = (folder / "whole.db").read_bytes(), seen(folder / "whole.db")
    for k in range(sectors):
        begin, path = rng.randrange(len(content) // SECTOR) * SECTOR, folder / f"{k}.db"
        (folder / "a.db").write_bytes(content[:begin] + bytes(SECTOR) + content[begin + SECTOR :])
        salvage(search(folder / "a.db"), path)
        after = seen(path)[kind]
        whole = sum(after[number] == before[kind][number] for number in range(MANY))
        yield whole / MANY * (after["parts"] == before[kind]["parts"])


def measure(given: Namespace) -> dict[str, Any]:
    """Damage files of every kind; counts of outcomes, and shares of trials, by kind."""
    bits, sectors = (QUICK_BITS, QUICK_SECTORS) if given.quick else (BITS, SECTORS)
    rng, found = random.Random(given.seed), {}
    with tqdm(total=bits + sectors, unit="file", disable=None) as progress:
        for kind in KINDS:
            with tempfile.TemporaryDirectory() as flips, tempfile.TemporaryDirectory() as zeros:
                outcomes, shares = Counter[str](), []
                for outcome in flipped(Path(flips), kind, bits // len(KINDS), rng):
                    outcomes[outcome] += 1
                    progress.update()
                for share in zeroed(Path(zeros), kind, sectors // len(KINDS), rng):
                    shares.append(share)
                    progress.update()
                found[kind] = outcomes, shares
    return found


def report(found: dict[str, Any], given: Namespace) -> list[str]:
    """A line for each kind, and the bars."""
    every = [share for _, shares in found.values() for share in shares]
    wrong = {outcome: sum(outcomes[outcome] for outcomes, _ in found.values()) for outcome in OUTCOMES}
    return [
        f"{FEW} trials where a bit is flipped, {MANY} where a sector of {SECTOR} bytes is zeroed.",
        table(["study", *OUTCOMES, "salvaged, mean", "salvaged, min"], [
            [kind, *(str(outcomes[outcome]) for outcome in OUTCOMES), f"{statistics.fmean(shares):.2%}",
             f"{min(shares):.2%}"] for kind, (outcomes, shares) in found.items()]),
        "\n".join([
            *(verdict(wrong[outcome] == 0, f"{outcome}: {wrong[outcome]} of {sum(wrong.values()):,} flipped bits")
              for outcome in OUTCOMES[2:]),
            bar(f"salvaged of all trials in {len(every)} files, min", 100 * min(every), 100 * SALVAGED, " %"),
            f"mean {statistics.fmean(every):.2%}"])]


ANSWER = (
    "Won: of 10,000 flipped bits in ten kinds of study none is read as another value, and after 512 zeroed bytes at "
    "least 99.0 % of the trials are salvaged.")
BENCHMARK = Benchmark(
    "Damaged files", measure, report, quick=f"{QUICK_BITS} bits and {QUICK_SECTORS} sectors",
    options={"--seed": {"type": int, "default": 0, "help": "of the bits and the sectors (%(default)s)"}})
