"""The failures of a run: which are said at once, and which of them end it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from scratchtune.core.study.trial import Outcome, Trial

FEW = 5  # a run ends if so many trials at its beginning all fail with the same error
UNLIMITED = "unlimited"
FRAME = re.compile(r'  File "(.+)", line (\d+), in .+(?:\n   ( .+))?')
LIBRARIES = (os.path.dirname(os.__file__), str(Path(__file__).parents[1]), "<frozen ")
NO_MISTAKE = re.compile(r"told as failed|TrialPruned\b|.*value is \S*(nan|inf)\b")  # a configuration is the cause


class Failures:
    """The failed ``trials`` of a run, which ends after ``most`` of them; None: if all of the first ones fail alike.

    The first ones are five, or ``at_least`` as many.
    """

    def __init__(self, most: int | str | None, at_least: int) -> None:
        self.trials: list[Trial] = []
        self._most, self._first = most, max(FEW, at_least)
        self._ended = 0
        self._error: BaseException | None = None  # of the first failed trial, while the run may end by it

    def note(self, trial: Trial, outcome: Outcome | None) -> str:
        """Count a trial that has ended; return what is to be printed of the first one that fails, else ""."""
        self._ended += 1
        if trial.state != "failed":
            return ""
        self.trials.append(trial)
        if len(self.trials) > 1:
            return ""
        self._error = None if outcome is None else outcome.exception
        return f"trial {trial.number} failed: {trial.error}{place_in(trial.traceback or '')}"

    def refuse(self) -> None:
        """Raise a RuntimeError if too many trials have failed, or all of the first ones by one error."""
        count = len(self.trials)
        if count:
            one = self.trials[0]
            cause = self._error or (RuntimeError(f"in a worker process\n{one.traceback}") if one.traceback else None)
            if isinstance(self._most, int) and count >= self._most:
                raise RuntimeError(f"{count} trials have failed, which max_failures={self._most} does not allow; the "
                                   f"first, trial {one.number}: {one.error}") from cause
            if self._most is None and count == self._ended == self._first and self._are_one_mistake():
                raise RuntimeError(
                    f"the first {count} trials of this run have all failed with the same error, {one.error}"
                    f"{place_in(one.traceback or '')}. Correct the objective and run again, "
                    f'or continue with max_failures="{UNLIMITED}"') from cause
        if self._ended > count and not isinstance(self._most, int):
            self._error = None  # frees the arrays that its traceback refers to

    def _are_one_mistake(self) -> bool:
        """Whether all have the same error, which no configuration causes."""
        return len({trial.error for trial in self.trials}) == 1 and not NO_MISTAKE.match(str(self.trials[0].error))


def place_in(traceback: str) -> str:
    """The last line of a traceback that is not in a library, as ", in FILE, line N: code"; "" if there is none."""
    frames = [found for found in FRAME.findall(traceback)
              if "-packages" not in found[0] and not found[0].startswith(LIBRARIES)]
    return ", in {}, line {}{}".format(*frames[-1][:2], frames[-1][2] and f":{frames[-1][2]}") if frames else ""
