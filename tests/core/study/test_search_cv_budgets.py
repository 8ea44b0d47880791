"""Cross-validated searches with budgets: a schedule by hand, rows and epochs as the resource, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st

X, Y = st.datasets.load_digits()
X, Y = X[:400], Y[:400]


class Constant:
    """An estimator whose parameters decide its score, which is below 0: the promoted ones are known in advance."""

    def __init__(self, level: float = 0.0, epochs: int = 1) -> None:
        self.level, self.epochs = level, epochs

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"level": self.level, "epochs": self.epochs}

    def set_params(self, **params: Any) -> Constant:
        vars(self).update(params)
        return self

    def fit(self, X: Any, y: Any) -> Constant:
        if self.level == 3:
            raise ValueError("level 3 is wrong")
        return self

    def score(self, X: Any, y: Any) -> float:
        return self.level / self.epochs - 100.0


LEVELS = {"level": [5, 1, 4, 2, 3, 0]}
HALVING = st.SuccessiveHalving(6, max_budget=4, eta=2, proposer=st.GridSearch())


def test_a_schedule_by_hand() -> None:
    """6 candidates with 1 epoch, the best 3 with 2, the best with 4; more epochs score less, and yet the last is best.

    The failed one counts as the worst.
    """
    search = st.SearchCV(Constant(), LEVELS, HALVING, resource="epochs", cv=2, verbose=0)
    with pytest.warns(Warning, match="2 of 20 trainings failed"):
        search.fit(X[:20], Y[:20])
    assert [tuple(params.values()) for params in search.cv_results_["params"]] == [
        (5, 1), (1, 1), (4, 1), (2, 1), (3, 1), (0, 1), (5, 2), (4, 2), (2, 2), (5, 4)]
    assert (search.best_index_, search.best_score_, search.best_estimator_.epochs) == (9, -98.75, 4)
    assert search.best_params_ == {"level": 5, "epochs": 4} and search.study_.best_value == -98.75
    assert search.cv_results_["param_epochs"].tolist() == [1] * 6 + [2] * 3 + [4]


def test_the_rows_of_a_rung_are_among_those_of_the_next_one() -> None:
    used: list[set[float]] = []

    class Noting(Constant):
        def fit(self, X: Any, y: Any) -> Constant:
            used.append(set(X[:, 0]))
            return super().fit(X, y)

    halving = st.SuccessiveHalving(4, max_budget=300, eta=4, proposer=st.GridSearch())
    search = st.SearchCV(Noting(), {"level": [1, 2, 4, 5]}, halving, resource="n_samples", cv=4, refit=False, verbose=0)
    search.fit(np.arange(400.0)[:, None], np.zeros(400))
    assert [len(rows) for rows in used] == [75] * 16 + [300] * 4  # of the 300 training rows of each fold
    assert all(used[fold] == used[4 + fold] < used[16 + fold] for fold in range(4))
    assert search.cv_results_["params"][-1] == {"level": 5}


def test_a_network_with_epochs_as_the_resource_does_not_depend_on_threads() -> None:
    def build(params: dict[str, Any]) -> st.Sequential:
        model = st.Sequential([st.layers.Dense(params["units"], activation="relu"),
                               st.layers.Dense(10, activation="softmax")])
        model.compile(st.Adam(), "categorical_crossentropy", ["accuracy"])
        return model

    space, halving = {"units": st.Int(4, 32), "batch_size": [16, 32]}, st.SuccessiveHalving(4, max_budget=4, eta=2)
    one, two = (st.SearchCV(build, space, halving, resource="epochs", cv=2, n_jobs=jobs, verbose=0).fit(X[:80], Y[:80])
                for jobs in (1, 2))
    assert one.best_params_["epochs"] == 4 and len(one.cv_results_["params"]) == 7
    assert one.cv_results_["params"] == two.cv_results_["params"]
    np.testing.assert_array_equal(one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"])


@pytest.mark.parametrize(("searcher", "arguments", "message"), [
    (HALVING, {}, "resource is None and the searcher is SuccessiveHalving.*need a resource"),
    ("random", {"resource": "epochs"}, "resource is 'epochs' and the searcher is 'random'.*other searchers take none"),
    (HALVING, {"resource": "level"}, "resource is 'level', which is searched too; take it out of the space"),
    (st.SuccessiveHalving(6, max_budget=11), {"resource": "n_samples"},
     "max_budget is 11 rows and a fold has 10 training rows; lower max_budget to that"),
])
def test_wrong_resources_are_refused_before_any_work(searcher: Any, arguments: Any, message: str) -> None:
    search = st.SearchCV(Constant(), LEVELS, searcher, cv=2, verbose=0, **arguments)
    with pytest.raises(ValueError, match=message):
        search.fit(X[:20], Y[:20])
    assert not hasattr(search, "study_")


def test_a_resource_that_is_no_parameter_is_refused_before_any_work() -> None:
    with pytest.raises(ValueError, match="rounds"):
        st.SearchCV(st.MLPClassifier(), {"units": [4, 8]}, HALVING, resource="rounds", verbose=0).fit(X, Y)
