"""What a study records with the standard `logging` module, under "scratchtune.study".

A trial that begins or ends is recorded at level INFO, one that fails at WARNING. Without a handler of the user nothing
is printed: the package's own logger, "scratchtune", has a NullHandler.
"""

from __future__ import annotations

import logging

from scratchtune.files import valid_text
from scratchtune.streams import shown_params
from scratchtune.study.trial import Trial

logging.getLogger("scratchtune").addHandler(logging.NullHandler())
LOGGER = logging.getLogger("scratchtune.study")


def begun(study: str, trial: Trial) -> None:
    """Record that a trial begins, or begins again after an interruption."""
    if LOGGER.isEnabledFor(logging.INFO):
        again = "" if trial.attempts == 1 else f", attempt {trial.attempts}"
        LOGGER.info("study %r: trial %d begins%s: %s", study, trial.number, again, shown_params(trial.shared_params))


def ended(study: str, trial: Trial) -> None:
    """Record the outcome of a trial."""
    if trial.state == "failed":
        LOGGER.warning("study %r: trial %d failed: %s", study, trial.number, valid_text(trial.error))
    elif LOGGER.isEnabledFor(logging.INFO):
        values = ", ".join(f"{value:.6g}" for value in trial.values or ())
        value = f"value {values}, " if values else ""
        LOGGER.info("study %r: trial %d is %s: %s%s", study, trial.number, trial.state, value,
                    shown_params(trial.shared_params))


