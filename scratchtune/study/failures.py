"""The failed trials of a run: the first is printed, and if the objective itself is wrong, the run ends."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scratchtune.study.trial import Trial

FEW = 5  # a run ends if so many trials at its beginning all fail with the same error
UNLIMITED = "unlimited"
FRAME = re.compile(r'  File "(.+)", line (\d+), in .+(?:\n   ( .+))?')
LIBRARIES = (os.path.dirname(os.__file__), str(Path(__file__).parents[1]), "<frozen ")
NO_MISTAKE = re.compile(r"told as failed|TrialPruned\b|.*value is \S*(nan|inf)\b")  # a configuration is the cause


def first_note(trial: Trial) -> str:
    """What a run prints about its first failed trial."""
    return f"trial {trial.number} failed: {trial.error}{place_in(trial.traceback or '')}"


def refuse(failed: Sequence[Trial], ended: int, most: int | str | None, workers: int, first: Any) -> None:
    """Raise a RuntimeError if too many have failed, or all of the first trials by one error.

    ``ended`` is how many trials of the run have ended; ``most`` is the argument ``max_failures`` of `Study.run`;
    ``first`` the exception of the first failed trial, from which the error is raised.
    """
    count, one = len(failed), failed[0]
    cause = first or (RuntimeError(f"in a worker process\n{one.traceback}") if one.traceback else None)
    if isinstance(most, int) and count >= most:
        raise RuntimeError(f"{count} trials have failed, which max_failures={most} does not allow; the first, trial "
                           f"{one.number}: {one.error}") from cause
    if most is None and count == ended == max(FEW, workers) and len({trial.error for trial in failed}) == 1:
        if not NO_MISTAKE.match(str(one.error)):
            raise RuntimeError(
                f"the first {count} trials of this run have all failed with the same error, {one.error}"
                f"{place_in(one.traceback or '')}. Correct the objective and run again, "
                f'or continue with max_failures="{UNLIMITED}"') from cause


def place_in(traceback: str) -> str:
    """The last line of a traceback that is not in a library, as ", in FILE, line N: code"; "" if there is none."""
    frames = [found for found in FRAME.findall(traceback)
              if "-packages" not in found[0] and not found[0].startswith(LIBRARIES)]
    return ", in {}, line {}{}".format(*frames[-1][:2], frames[-1][2] and f":{frames[-1][2]}") if frames else ""
