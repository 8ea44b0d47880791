"""A million rows: tuning takes the memory that the table needs, and little more."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest

ROWS, NUMBERS, TEXTS = 1_000_000, 16, 3


def write_large(path, rows=ROWS, chunk=100_000):
    """A table of numbers, texts and gaps, with a target that depends on some of them; written in chunks."""
    rng = np.random.default_rng(0)
    numbers = np.linspace(-3.0, 3.0, 4001)
    number_cells = np.array([*(f"{number:.4f}" for number in numbers), ""], dtype=object)
    text_cells = np.array(["north", "south", "east", "west", "", "inland"], dtype=object)
    with open(path, "w") as file:
        names = [f"x{i}" for i in range(NUMBERS)] + [f"place{i}" for i in range(TEXTS)]
        file.write(",".join([*names, "answer"]) + "\n")
        for _ in range(0, rows, chunk):
            x = np.clip(rng.normal(2000.0, 600.0, (NUMBERS, chunk)), 0, 4000).astype(int)
            places = rng.integers(0, len(text_cells), (TEXTS, chunk))
            score = numbers[x[0]] - numbers[x[1]] * (places[0] == 1) + rng.normal(0.0, 0.5, chunk)
            x[rng.random(x.shape) < 0.01] = len(numbers)
            columns = [number_cells[row].tolist() for row in x] + [text_cells[row].tolist() for row in places]
            columns.append(np.where(score > 1.0, "yes", "no").tolist())
            file.write("\n".join(map(",".join, zip(*columns, strict=True))) + "\n")


# The peak of this process alone: what the kernel reports of an ended child includes its parent's memory at the fork.
TUNE = """
import re, sys
from pathlib import Path
from scratchtune.cli import main
code = main(sys.argv[2:])
Path(sys.argv[1]).write_text(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
sys.exit(code)
"""


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the peak of memory is read from /proc")
def test_a_million_rows_are_tuned_in_under_four_gigabytes(tmp_path):
    path = tmp_path / "large.csv"
    write_large(path)
    peak = tmp_path / "peak"
    command = [sys.executable, "-c", TUNE, str(peak), "tune", str(path), "--target", "answer",
               "--trials", "2", "--families", "network", "--folds", "2", "--jobs", "2",
               "--out", str(tmp_path / "large.npz")]
    begun = time.perf_counter()
    with open(tmp_path / "out", "w") as out, open(tmp_path / "err", "w") as err:
        process = subprocess.run(command, stdout=out, stderr=err, check=False)
    print(f"{time.perf_counter() - begun:.0f} s")
    print((tmp_path / "out").read_text(), (tmp_path / "err").read_text())
    assert process.returncode == 0, (tmp_path / "err").read_text()
    assert int(peak.read_text()) * 1024 < 4e9
    assert (tmp_path / "large.npz").stat().st_size < 1e7
