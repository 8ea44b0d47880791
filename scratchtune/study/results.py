"""What follows from the trials of a study, in memory or read from a file: the best ones, a table, a recommendation."""

from __future__ import annotations

from typing import Any

from scratchtune.study.best import best_first, without_best
from scratchtune.study.frames import trials_frame
from scratchtune.study.objectives import Objectives, pareto_optimal
from scratchtune.study.recommended import RecommendedTrial, recommended_trial
from scratchtune.study.trial import Trial


class HasBestTrial:
    """What follows from the objectives and the trials, which each kind of study has in its own way.

    With several objectives there are only `best_trials`; the others raise a ValueError.
    """

    objectives: Objectives

    @property
    def direction(self) -> str:
        """Whether values are minimised ("minimize") or maximised ("maximize")."""
        return self.objectives.direction

    @property
    def directions(self) -> tuple[str, ...]:
        """The direction of each objective."""
        return self.objectives.directions

    @property
    def best_trial(self) -> Trial:
        """The best trial (`scratchtune.study.best`); a ValueError if no trial is complete."""
        if self.objectives.several:
            raise self.objectives.no_single("best trial", "use best_trials, which no other trial dominates")
        of_study: Any = self  # each kind of study has its trials, in order of number
        trials = of_study.trials
        ranked = best_first(trials, self.direction)
        if not ranked:
            raise without_best(trials)
        return ranked[0]

    @property
    def best_trials(self) -> list[Trial]:
        """The Pareto front: the complete trials that no other one dominates, in order of number.

        One trial dominates another if it is worse in no objective and better in at least one. Of one objective these
        are all trials that have the best value.
        """
        of_study: Any = self
        return pareto_optimal(of_study.trials, self.objectives)

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

    def to_dataframe(self) -> Any:
        """Return the trials as a pandas DataFrame with the columns of Optuna's (`trials_frame`)."""
        of_study: Any = self
        return trials_frame(of_study.trials, of_study.space.names, self.objectives)

    def recommended(self) -> RecommendedTrial:
        """The trial to use where values are noisy, and why.

        `best_trial` is often a mediocre configuration whose noise was favourable. Here a Gaussian process predicts the
        true value of each configuration, each prediction is worsened by its standard deviation, and the trial with the
        best result is returned. With fewer than ten different configurations, or equal values, it is the best observed
        trial. See `scratchtune.study.recommended`.

        Raises
            ValueError where no trial is complete.
        """
        return recommended_trial(self)
