"""What a long run prints on stderr: the amount of work, its estimated duration, a bar, notes; and what it logs.

Trials that begin, end and fail are recorded by `logging`, under "scratchtune.core.study".
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable

from tqdm import tqdm

from scratchtune.core.files import valid_text
from scratchtune.core.streams import shown_params, visible
from scratchtune.core.study.trial import Trial, configuration

logging.getLogger("scratchtune").addHandler(logging.NullHandler())
LOGGER = logging.getLogger("scratchtune.core.study")


class Progress:
    """Counts units of work, trials or fits, as they finish; safe to call from several threads.

    ``headline`` is printed at once; after a few units a line such as "45 fits, about 3 s", estimated from the fastest
    of them; then a bar, on a terminal only. ``total`` None: not known, and no headline.
    """

    def __init__(
        self, total: int | None, unit: str, workers: int = 1, show: bool = True, headline: str | None = None,
    ) -> None:
        self.total, self.unit, self.workers, self.show = total, unit, workers, show
        self._lock = threading.RLock()
        self._seconds: list[float] = []
        self._measured = min(workers + 1, max(1, (total or 0) // 2))
        self._bar: tqdm | None = None
        self._notes: set[str] = set()
        self._next = 0.0  # when the best value is shown again
        if show and headline is not None:
            print(headline, file=sys.stderr, flush=True)
        else:
            self._start_bar()

    def done(self, seconds: float, best: Callable[[], float | None] | None = None) -> None:
        """Count one unit that took ``seconds``; ``best`` returns the best value so far, which the bar shows."""
        if not self.show:
            return
        with self._lock:
            self._seconds.append(seconds)
            if self._bar is not None:
                self._bar.update()
            elif len(self._seconds) >= self._measured:
                threads = f" on {self.workers} threads" if self.workers > 1 else ""
                about = readable(min(self._seconds) * (self.total or 0) / self.workers)
                print(f"{self.total} {self.unit}s, about {about}{threads}", file=sys.stderr)
                self._start_bar()
            if best is not None and self._bar is not None and not self._bar.disable and time.monotonic() > self._next:
                self._next = time.monotonic() + 0.2  # seconds
                value = best()
                self._bar.set_postfix_str("" if value is None else f"best {value:.6g}", refresh=False)

    def note(self, text: str, always: bool = False) -> None:
        """Print a line above the bar, once; if nothing is shown, only if ``always``."""
        with self._lock:
            if (self.show or always) and text not in self._notes:
                self._notes.add(text)
                has_bar = self._bar is not None and not self._bar.disable
                write = tqdm.write if has_bar else print  # print if possible: an interruption spoils tqdm's lock
                write(visible(text), file=sys.stderr)

    def close(self) -> None:
        """Remove the bar."""
        with self._lock:
            if self._bar is not None:
                self._bar.close()

    def _start_bar(self) -> None:
        if self.show:
            self._bar = tqdm(total=self.total, initial=len(self._seconds), unit=self.unit, disable=None, leave=False)


def readable(seconds: float) -> str:
    """A duration as text: "0.4 s", "3 s", "5 min", "2.5 h"."""
    if seconds < 1.0:
        return f"{max(seconds, 0.1):.1f} s"
    if seconds < 120.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.0f} min" if seconds < 7200.0 else f"{seconds / 3600.0:.1f} h"


def log_begun(study: str, trial: Trial) -> None:
    """Record that a trial begins, or begins again after an interruption."""
    if LOGGER.isEnabledFor(logging.INFO):
        again = "" if trial.attempts == 1 else f", attempt {trial.attempts}"
        LOGGER.info("study %r: trial %d begins%s: %s", study, trial.number, again, shown_params(configuration(trial)))


def log_ended(study: str, trial: Trial) -> None:
    """Record the outcome of a trial."""
    if trial.state == "failed":
        LOGGER.warning("study %r: trial %d failed: %s", study, trial.number, valid_text(trial.error))
    elif LOGGER.isEnabledFor(logging.INFO):
        values = ", ".join(f"{value:.6g}" for value in trial.values or ())
        value = f"value {values}, " if values else ""
        LOGGER.info("study %r: trial %d is %s: %s%s", study, trial.number, trial.state, value,
                    shown_params(configuration(trial)))
