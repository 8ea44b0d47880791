"""The failed trials of a run: the first is printed, and if the objective itself is wrong, the run ends."""

from __future__ import annotations

import os
import re
from pathlib import Path

from scratchtune.study.trial import Trial

FEW = 5  # a run ends if so many trials at its beginning all fail with the same error
UNLIMITED = "unlimited"
FRAME = re.compile(r'  File "(.+)", line (\d+), in .+(?:\n   ( .+))?')
LIBRARIES = (os.path.dirname(os.__file__), str(Path(__file__).parents[1]), "<frozen ")
NO_MISTAKE = re.compile(r"told as failed|TrialPruned\b|.*value is \S*(nan|inf)\b")  # a configuration is the cause


class Failures:
    """The failed ``trials`` of a run. ``most`` is the argument ``max_failures`` of `Study.run`."""

    def __init__(self, most: int | str | None, workers: int) -> None:
        self.trials: list[Trial] = []
        self._most, self._few = most, max(FEW, workers)
        self._first: BaseException | None = None  # of the first failed trial

    def add(self, trial: Trial, exception: BaseException | None) -> str | None:
        """Add a trial, with what its objective has raised in this process; return what to print if it is the first."""
        self.trials.append(trial)
        if len(self.trials) > 1:
            return None
        elsewhere = RuntimeError(f"in a worker process\n{trial.traceback}") if trial.traceback else None
        self._first = elsewhere if exception is None else exception
        return f"trial {trial.number} failed: {trial.error}{place_in(trial.traceback or '')}"

    def refuse(self, ended: int) -> None:
        """Raise a RuntimeError from the first error: if too many have failed, or all of the first ones by one error.

        ``ended`` is how many trials of the run have ended.
        """
        count, errors = len(self.trials), {trial.error for trial in self.trials}
        if isinstance(self._most, int) and count >= self._most:
            raise RuntimeError(
                f"{count} trials have failed, which max_failures={self._most} does not allow; the first, trial "
                f"{self.trials[0].number}: {self.trials[0].error}") from self._first
        if self._most is None and count == ended == self._few and len(errors) == 1:
            error = str(self.trials[0].error)
            if not NO_MISTAKE.match(error):
                raise RuntimeError(
                    f"the first {count} trials of this run have all failed with the same error, {error}"
                    f"{place_in(self.trials[0].traceback or '')}. Correct the objective and run again, "
                    f'or continue with max_failures="{UNLIMITED}"') from self._first
        if ended > count and not isinstance(self._most, int):
            self._first = None  # frees the arrays that its traceback refers to


def place_in(traceback: str) -> str:
    """The last line of a traceback that is not in a library, as ", in FILE, line N: code"; "" if there is none."""
    frames = [found for found in FRAME.findall(traceback)
              if "-packages" not in found[0] and not found[0].startswith(LIBRARIES)]
    return ", in {}, line {}{}".format(*frames[-1][:2], frames[-1][2] and f":{frames[-1][2]}") if frames else ""
