"""The best trial's configuration and value: the same of a study in memory and of one that was read from a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scratchtune.study.recommended import RecommendedTrial, TrialsOfStudy, recommended_trial
from scratchtune.study.trial import Trial


class HasBestTrial:
    """What follows from ``best_trial``, which each kind of study finds in its own way."""

    @property
    def best_trial(self) -> Trial:
        """The complete trial of the best value, the first of several; a ValueError if no trial is complete."""
        raise NotImplementedError

    @property
    def best_params(self) -> dict[str, Any]:
        """The configuration of the best trial."""
        return self.best_trial.params

    @property
    def best_value(self) -> float:
        """The best value, in the user's direction."""
        value = self.best_trial.value
        assert value is not None
        return value

    def recommended(self: TrialsOfStudy) -> RecommendedTrial:
        """The trial whose configuration has the best posterior mean of those tried, and why.

        Where values are noisy, `best_trial` is often a mediocre configuration whose noise was favourable. This is the
        trial that a Gaussian process of all complete trials predicts to be the best; with fewer than ten different
        configurations, the best observed one. See `scratchtune.study.recommended`.

        Raises
            ValueError where no trial is complete.
        """
        return recommended_trial(self)


def without_best(trials: Sequence[Trial]) -> ValueError:
    """The error of a study without a complete trial; it names the first failure."""
    failed = [trial for trial in trials if trial.state == "failed"]
    first = f"; trial {failed[0].number} failed: {failed[0].error}" if failed else ""
    return ValueError(f"no trial of {len(trials)} is complete{first}")
