"""What a long run prints: the best value, not more often than five times a second."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from scratchtune.core.study.progress import Progress, readable


def test_the_best_value_is_shown_again_after_a_fifth_of_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """To find it costs time in a study of many objectives."""
    shown: list[str] = []
    bar = SimpleNamespace(disable=False, update=lambda: None, set_postfix_str=lambda text, refresh: shown.append(text))
    moments, bests = [5.0, 5.1, 5.3, 6.0], iter([3.0, 2.0, 1.0])
    monkeypatch.setattr("scratchtune.core.study.progress.tqdm", lambda **given: bar)
    monkeypatch.setattr("time.monotonic", lambda: moments[0])
    progress = Progress(None, "trial")
    for _ in range(3):
        progress.done(0.1, lambda: next(bests))
        moments.pop(0)
    progress.done(0.1)  # where there is no best value to show
    assert shown == ["best 3", "best 2"]


def test_the_estimate_is_that_of_the_fastest_unit(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(40, "fit", workers=2, headline="10 configurations")
    for seconds in (9.0, 3.0, 5.0):
        progress.done(seconds)
    progress.note("once")
    progress.note("once")
    progress.close()
    assert capsys.readouterr().err.splitlines() == [
        "10 configurations", "40 fits, about 60 s on 2 threads", "once"]


def test_durations_by_hand() -> None:
    assert [readable(seconds) for seconds in (0.01, 0.4, 1.0, 119.0, 120.0, 7100.0, 7200.0)] == [
        "0.1 s", "0.4 s", "1 s", "119 s", "2 min", "118 min", "2.0 h"]
