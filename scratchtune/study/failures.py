"""The failed trials of a run: the first is printed, and if the objective itself is wrong, the run ends.

Implements section 7.2 of the document.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from scratchtune.study.trial import Trial

FEW = 5  # a run ends if so many trials at its beginning all fail with the same error
UNLIMITED = "unlimited"
FRAME = re.compile(r'  File "(.+)", line (\d+), in .+(?:\n   ( .+))?')
LIBRARIES = (os.path.dirname(os.__file__), str(Path(__file__).parents[1]), "<frozen ")
NO_MISTAKE = re.compile(r"told as failed|TrialPruned\b|.*value is \S*(nan|inf)\b")  # a configuration is the cause


class Failures:
    """Counts the trials of a run as they end.

    ``most`` is the argument ``max_failures`` of `Study.run`. ``trials`` are those that have failed.
    """

    def __init__(self, most: int | str | None, workers: int) -> None:
        self.trials: list[Trial] = []
        self._most, self._few, self._ended = most, max(FEW, workers), 0
        self._first: BaseException | None = None  # of the first failed trial

    def add(self, trial: Trial, outcome: Any) -> str | None:
        """Count an ended trial, with its objective's outcome; return what to print if it is the first failed one."""
        self._ended += 1
        if trial.state == "failed":
            self.trials.append(trial)
        if self._ended > len(self.trials) and not isinstance(self._most, int):
            self._first = None  # frees the arrays that its traceback refers to
        if trial.state != "failed" or len(self.trials) > 1:
            return None
        elsewhere = RuntimeError(f"in a worker process\n{trial.traceback}") if trial.traceback else None
        self._first = outcome if isinstance(outcome, BaseException) else elsewhere
        return f"trial {trial.number} failed: {trial.error}{place_in(trial.traceback or '')}"

    def refuse(self) -> None:
        """Raise a RuntimeError from the first error: if too many have failed, or all of the first ones by one error."""
        count, errors = len(self.trials), {trial.error for trial in self.trials}
        if isinstance(self._most, int) and count >= self._most:
            raise RuntimeError(
                f"{count} trials have failed, which max_failures={self._most} does not allow; the first, trial "
                f"{self.trials[0].number}: {self.trials[0].error}") from self._first
        if self._most is None and count == self._ended == self._few and len(errors) == 1:
            error = str(self.trials[0].error)
            if not NO_MISTAKE.match(error):
                raise RuntimeError(
                    f"the first {count} trials of this run have all failed with the same error, {error}"
                    f"{place_in(self.trials[0].traceback or '')}. Correct the objective and run again, "
                    f'or continue with max_failures="{UNLIMITED}"') from self._first


def place_in(traceback: str) -> str:
    """The last line of a traceback that is not in a library, as ", in FILE, line N: code"; "" if there is none."""
    frames = [found for found in FRAME.findall(traceback)
              if "-packages" not in found[0] and not found[0].startswith(LIBRARIES)]
    return ", in {}, line {}{}".format(*frames[-1][:2], frames[-1][2] and f":{frames[-1][2]}") if frames else ""
