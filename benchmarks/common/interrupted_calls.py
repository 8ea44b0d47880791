"""Ctrl-C at random moments in the calls that users make, without a file: is it KeyboardInterrupt, and what is left?

A timer's signal, handled as Ctrl-C is, comes at a random time after the call. `Call.reached` then counts the trials
that had finished, as a callback or the scorer has seen, and those of them that cannot be reached. Where a signal is
swallowed, since Python ignores what is raised in a finalizer, the next one comes after `AGAIN` seconds.
"""

from __future__ import annotations

import contextlib
import io
import random
import signal
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

import scratchtune as st

MANY, FEW = 10**6, 12  # trials or epochs: more than the time allows; as many as compile all that is used
AGAIN = 5.0
signals: list[str] = []  # of the current call: the function that each one has interrupted
RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4))
Y = (X[:, 0] + X[:, 1] ** 2 > 0.5).astype(int)
SPACE = {"x": st.Float(-1.0, 1.0), "y": st.Float(-1.0, 1.0)}


class Call:
    """A call that is interrupted after at most ``longest`` seconds. Every method but `make` is a part of the test."""

    longest, trials = 0.6, MANY

    def __init__(self) -> None:
        self.heard: dict[int, Any] = {}  # finished trials, with their values

    def make(self) -> None:
        """Make the call."""
        raise NotImplementedError

    def reached(self) -> tuple[int, int]:
        """How many trials had finished, and how many of them the user can't reach."""
        raise NotImplementedError

    def hear(self, study: st.Study, trial: st.Trial) -> None:
        """Note a finished trial."""
        self.heard[trial.number] = trial.value

    def compared(self, study: st.Study) -> tuple[int, int]:
        """How many trials were heard of, and how many of them a study lacks; two further trials must run."""
        there = {trial.number: trial.value for trial in study.trials if trial.state == "complete"}
        study.optimize(objective, 2)
        return len(self.heard), sum(there.get(number, np.nan) != value for number, value in self.heard.items())


def objective(trial: st.Trial) -> float:
    """A paraboloid."""
    return (trial.params["x"] - 0.3) ** 2 + (trial.params["y"] + 0.2) ** 2


class Tune(Call):
    """`tune` with Bayesian search, whose study is not assigned to a name."""

    def make(self) -> None:
        st.tune(objective, SPACE, n_trials=self.trials, progress=False, callbacks=[self.hear])

    def reached(self) -> tuple[int, int]:
        return self.compared(st.interrupted_study()) if self.heard else (0, 0)


class Optimize(Call):
    """`Study.optimize`."""

    def make(self) -> None:
        self.study = st.Study(SPACE)
        self.study.optimize(objective, self.trials, callbacks=[self.hear])

    def reached(self) -> tuple[int, int]:
        return self.compared(self.study) if self.heard else (0, 0)


class Auto(Call):
    """`AutoClassifier.fit` in one thread: the model must be that of the best trial."""

    longest = 1.5

    def make(self) -> None:
        self.model = st.AutoClassifier(n_trials=self.trials, random_state=0, cv=3, n_jobs=1, verbose=0)
        self.model.fit(X, Y)

    def reached(self) -> tuple[int, int]:
        if not hasattr(self.model, "study_"):  # no trial had finished
            return 0, 0
        finished = sum(trial.state == "complete" for trial in self.model.study_.trials)
        is_best = list(self.model.weights_) == [self.model.study_.best_trial.number]
        return finished, 0 if is_best and len(self.model.predict(X)) == len(X) else finished


class Fit(Call):
    """`Sequential.fit`: the weights must be finite, and a further epoch must run."""

    def make(self) -> None:
        self.model = st.Sequential([st.Dense(16, activation="relu"), st.Dense(2, activation="softmax")])
        self.model.compile(st.Adam(0.01), "categorical_crossentropy", metrics=["accuracy"])
        self.model.fit(X, Y, epochs=self.trials, verbose=0, validation_split=0.2)

    def reached(self) -> tuple[int, int]:
        with contextlib.suppress(ValueError):  # interrupted before it was built
            self.model.fit(X, Y, verbose=0)
            return 0, int(not np.isfinite(self.model.theta).all())
        return 0, 0


class SearchFit(Call):
    """`RandomizedSearchCV.fit`, whose search is not assigned to a name; a scorer counts the folds."""

    trials = 300

    def make(self) -> None:
        self.folds = 0
        space = {"learning_rate": st.Float(1e-3, 1e-1, log=True)}
        st.RandomizedSearchCV(st.MLPClassifier(epochs=3, units=8), space, self.trials, cv=2, scoring=self.score,
                              verbose=0).fit(X, Y)

    def score(self, model: Any, X: Any, y: Any) -> float:
        """Return the accuracy, and count the call."""
        value = float(model.score(X, y))
        self.folds += 1
        return value

    def reached(self) -> tuple[int, int]:
        wanted = (self.folds - 1) // 2  # the last fold may not have ended
        if wanted < 1:
            return 0, 0
        return wanted, max(wanted - sum(trial.state == "complete" for trial in st.interrupted_study().trials), 0)


CALLS: dict[str, type[Call]] = {
    "tune": Tune, "optimize": Optimize, "AutoClassifier.fit": Auto, "Sequential.fit": Fit,
    "RandomizedSearchCV.fit": SearchFit}


def interrupt(number: int, frame: Any) -> None:
    """The signal's handler: that of Ctrl-C, which also notes where it was called."""
    signals.append(f"{frame.f_code.co_filename}:{frame.f_lineno}")
    raise KeyboardInterrupt


def interrupted(kind: type[Call], seconds: float) -> Counter[str]:
    """Interrupt one call after so many seconds; counts of what came of it."""
    call = kind()
    signals.clear()
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
            call.make()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
    except KeyboardInterrupt:
        finished, lost = call.reached()
        swallowed = {f"swallowed: {where}": 1 for where in signals[:-1]}
        return Counter({"interrupts": 1, "KeyboardInterrupt": 1, "finished trials": finished, "lost trials": lost,
                        "swallowed": len(swallowed), **swallowed})
    except BaseException as error:
        return Counter({"interrupts": 1, type(error).__name__: 1, f"bad: {error}": 1})
    return Counter({"ended before": 1})


def all_calls(moments: int, seed: int, done: Callable[[], Any]) -> dict[str, Counter[str]]:
    """Interrupt each of `CALLS` at so many moments, after one that compiles."""
    before = signal.signal(signal.SIGALRM, interrupt)
    found: dict[str, Counter[str]] = {}
    try:
        for name, kind in CALLS.items():
            rng = random.Random(f"{seed} {name}")
            first = kind()
            first.trials = FEW
            first.make()
            found[name] = Counter()
            for _ in range(moments):
                with contextlib.redirect_stderr(io.StringIO()):
                    found[name] += interrupted(kind, rng.uniform(1e-4, kind.longest))
                done()
    finally:
        signal.signal(signal.SIGALRM, before)
    return found
