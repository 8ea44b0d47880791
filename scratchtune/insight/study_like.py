"""What insight reads of a study, whether it is in memory, was read from a file, or was gathered from several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from scratchtune.search import Space
    from scratchtune.study import Trial


class StudyLike(Protocol):
    """A study, for reading only."""

    @property
    def space(self) -> Space:
        """The hyper-parameters."""

    @property
    def direction(self) -> str:
        """Whether values are minimized ("minimize") or maximized ("maximize")."""

    @property
    def trials(self) -> list[Trial]:
        """All trials, in order of number."""


class TrialTable(StudyLike, Protocol):
    """A study with a name, which plots and the report show."""

    @property
    def name(self) -> str:
        """The name of the study."""
