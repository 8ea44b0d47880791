"""AutoML: any table gives a sensible model; the same with one thread and four; bad input gets one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.tables import auto, ensemble_selection, features, searching
from scratchtune.tables.families import defaults, own_arguments, portfolio
from scratchtune.tables.members import Folds
from scratchtune.tables.networks import NetworkClassifier
from scratchtune.tables.splitting import splits_for

pytestmark = pytest.mark.usefixtures("few_resamples")

RNG = np.random.default_rng(0)
N = 120
TABLE = {
    "x": RNG.normal(size=N), "city": RNG.choice(["Rome", "Oslo", "Nice"], N).tolist(),
    "gaps": np.where(RNG.random(N) < 0.3, np.nan, RNG.normal(size=N))}
LABELS = np.where(np.asarray(TABLE["x"]) + (np.asarray(TABLE["city"]) == "Rome") > 0.3, "yes", "no")
VALUES = 2.0 * np.asarray(TABLE["x"]) + (np.asarray(TABLE["city"]) == "Oslo")


@pytest.fixture(scope="module")
def classifier() -> st.AutoClassifier:
    return st.AutoClassifier(n_trials=3, random_state=0, cv=3, n_jobs=1).fit(TABLE, LABELS)


def test_it_learns_from_numbers_texts_and_gaps(classifier: st.AutoClassifier) -> None:
    assert classifier.score(TABLE, LABELS) > 0.85
    assert classifier.predict_proba(TABLE).sum(axis=1) == pytest.approx(1.0)
    assert sum(classifier.weights_.values()) == pytest.approx(1.0)


def test_a_dict_of_columns_has_names_in_any_order(recwarn: pytest.WarningsRecorder) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"x": TABLE["x"], "gaps": TABLE["gaps"]})
    model = st.AutoClassifier(n_trials=1, families=("linear",), random_state=0, cv=2, n_jobs=1).fit(frame, LABELS)
    expected = model.predict(frame)
    assert (model.predict({"gaps": TABLE["gaps"], "x": TABLE["x"]}) == expected).all() and not recwarn
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        assert (model.predict(frame.to_numpy()) == expected).all()


def test_it_says_what_it_tried_chose_and_expects(classifier: st.AutoClassifier) -> None:
    said = classifier.explain()
    for part in ("verdict: ", " of 3", "expected", "columns that matter", "the model: "):
        assert part in said


def test_the_expected_score_is_that_of_rows_left_out(classifier: st.AutoClassifier) -> None:
    found = classifier.expected_score(rows=50)
    assert found.low < found.score < found.high < 0.0


def test_a_regression_is_learned() -> None:
    model = st.AutoRegressor(n_trials=3, random_state=0, cv=3).fit(TABLE, VALUES)
    assert model.score(TABLE, VALUES) > 0.7


def test_the_model_is_the_same_with_one_thread_and_four(classifier: st.AutoClassifier) -> None:
    other = st.AutoClassifier(n_trials=3, random_state=0, cv=3, n_jobs=4).fit(TABLE, LABELS)
    assert other.weights_ == classifier.weights_
    np.testing.assert_array_equal(other.predict_proba(TABLE), classifier.predict_proba(TABLE))


def test_the_model_is_the_same_after_an_interruption(
    classifier: st.AutoClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The search is interrupted in its third trial; the same call continues from the file."""
    file = tmp_path / "trials.db"
    member, calls = searching.Folds.member, []

    def interrupted(*arguments: object) -> object:
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return member(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(searching.Folds, "member", interrupted)
    model = st.AutoClassifier(n_trials=3, random_state=0, cv=3, n_jobs=1, storage=file)
    with pytest.raises(KeyboardInterrupt):
        model.fit(TABLE, LABELS)
    model.fit(TABLE, LABELS)
    np.testing.assert_array_equal(model.predict_proba(TABLE), classifier.predict_proba(TABLE))


@pytest.mark.parametrize("moment", ["third trial", "ensemble", "first trial"])
def test_an_interrupted_fit_leaves_the_model_of_the_best_trial(
    moment: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:
    calls: list[object] = []

    def interrupted(*arguments: object) -> object:
        calls.append(arguments)
        if len(calls) == {"third trial": 3, "ensemble": 1, "first trial": 1}[moment]:
            raise KeyboardInterrupt
        return real(*arguments)

    where: Any = (auto, "greedy_weights") if moment == "ensemble" else (searching.Folds, "member")
    real = getattr(*where)
    monkeypatch.setattr(*where, interrupted)
    model = st.AutoClassifier(n_trials=3, random_state=0, cv=3, n_jobs=1, families="linear")
    with pytest.raises(KeyboardInterrupt):
        model.fit(TABLE, LABELS)
    if moment == "first trial":
        assert not hasattr(model, "study_") and not hasattr(model, "members_")
        assert len(st.interrupted_study().trials) == 1
        return
    finished = {"third trial": 2, "ensemble": 3}[moment]
    assert f"interrupted; {finished} trials finished: study_ holds" in capsys.readouterr().err
    assert model.weights_ == {model.study_.best_trial.number: 1.0} and model.study_ is st.interrupted_study()
    assert model.score(TABLE, LABELS) > 0.6 and "interrupted" in model.explain()


# The defaults, and the verdict ---------------------------------------------------------------------------------------


def test_the_defaults_come_first_then_the_portfolio(classifier: st.AutoClassifier) -> None:
    trees, network = (classifier.study_.trials[number].params for number in (1, 2))
    assert [trial.params["family"] for trial in classifier.study_.trials] == ["linear", "trees", "network"]
    for params, estimator in ((trees, st.HistGradientBoostingClassifier()), (network, NetworkClassifier())):
        own = own_arguments(params["family"], params)
        different = {name for name, value in own.items() if value != getattr(estimator, name)}
        assert different <= {"l2_regularization", "weight_decay"}  # 0.001 for 0, and the number that "auto" gives


def test_the_default_is_saved_where_no_gain_can_be_shown(
    monkeypatch: pytest.MonkeyPatch, classifier: st.AutoClassifier,
) -> None:
    """The rule is a number of standard errors: with many no gain is enough, with few every gain is."""
    for errors, saved in ((1e9, "default"), (-1e9, "ensemble")):
        monkeypatch.setattr(ensemble_selection, "ERRORS", errors)
        model = st.AutoClassifier(n_trials=4, random_state=0, cv=3, n_jobs=1).fit(TABLE, LABELS)
        assert model.verdict_.saved == saved
        assert f"The {saved if saved == 'default' or len(model.weights_) > 1 else 'one configuration'} is saved" in (
            model.verdict_.text)
        scores = {row["number"]: row["score"] for row in model.leaderboard_}
        default = max(range(3), key=lambda number: scores[number])  # of the first three trials
        assert model.verdict_.default == model.leaderboard_[[*scores].index(default)]["family"]
        if saved == "default":
            assert model.weights_ == {default: 1.0} and len(model.members_[default]) == 3
            assert model.estimate_.score == pytest.approx(scores[default], rel=1e-6)


@pytest.mark.parametrize("searcher", ["grid", st.RandomSearch()])
def test_a_searcher_begins_after_the_defaults(searcher: Any) -> None:
    model = st.AutoClassifier(n_trials=3, random_state=0, cv=2, n_jobs=1, families="linear", searcher=searcher).fit(
        TABLE, LABELS)
    first, *others = (trial.params for trial in model.study_.trials)
    assert first == defaults(("linear",), 2, N)["linear"] and others and first not in others
    assert all(params not in portfolio(("linear",), 2, N) for params in others)


@pytest.mark.parametrize(("options", "message"), [
    ({"searcher": "hyperband"}, "searcher is 'hyperband', whose trials have different budgets"),
    ({"searcher": "bayes"}, "searcher is 'bayes'.*did you mean 'bayesian'"), ({"cv": 1}, "cv is 1"),
    ({"searcher": "grid", "n_trials": None}, "searcher is 'grid', and the grid has .* without n_trials it may have")])
def test_what_cannot_be_searched(options: dict[str, Any], message: str) -> None:
    given = {"n_trials": 1, "families": "network", "cv": 2, **options}
    with pytest.raises(ValueError, match=message):
        st.AutoClassifier(**given).fit(TABLE, LABELS)


def test_a_skewed_target_is_tried_on_both_scales() -> None:
    model = st.AutoRegressor(n_trials=3, random_state=0, cv=2, families="linear", n_jobs=1).fit(TABLE, np.exp(VALUES))
    assert [trial.params["target"] for trial in model.study_.trials][:2] == ["linear", "log"]


def test_groups_and_times_reach_the_folds() -> None:
    options: dict[str, Any] = {"n_trials": 1, "random_state": 0, "families": "linear", "n_jobs": 1}
    assert st.AutoClassifier(**options).fit(TABLE, LABELS, groups=np.arange(N) % 3).folds_ == 3
    model = st.AutoClassifier(**options).fit(TABLE, LABELS, times=np.arange(N))
    assert model.folds_ == 5 and model.rows_ == N


def test_a_budget_is_not_exceeded_by_later_trials() -> None:
    """A trial whose folds begin after the end of the budget has failed, unless it is the first."""
    X, y = RNG.normal(size=(400, 4)), RNG.integers(0, 2, 400)
    folds = Folds(features.table_of(X), y, 2, splits_for(y, 2, 2))
    params = {"family": "linear"}
    with pytest.raises(TimeoutError, match="the time budget was over after 0 of 2 folds"):
        folds.member(params, 0, 0.0, lambda: 0.0)
    assert len(folds.member(params, 0, 0.0).models) == 2


# Tables --------------------------------------------------------------------------------------------------------------


def test_a_large_offset_of_a_column_loses_nothing(classifier: st.AutoClassifier) -> None:
    """Such as seconds since 1970: in single precision the column would be constant."""
    shifted = {**TABLE, "x": np.asarray(TABLE["x"]) + 1e9}
    model = st.AutoClassifier(n_trials=3, random_state=0, cv=3).fit(shifted, LABELS)
    assert model.score(shifted, LABELS) > 0.85


def test_a_saved_model_predicts_the_same_bits(classifier: st.AutoClassifier, tmp_path: Path) -> None:
    classifier.save(tmp_path / "model.npz")
    loaded = st.load_model(tmp_path / "model.npz")
    np.testing.assert_array_equal(loaded.predict_proba(TABLE), classifier.predict_proba(TABLE))
    assert loaded.expected_score(rows=50) == classifier.expected_score(rows=50)
    assert loaded.explain() == classifier.explain()
    for name in ("verdict_", "kinds_", "target_", "leaderboard_", "weights_"):
        assert getattr(loaded, name) == getattr(classifier, name)


def test_a_budget_too_short_gives_one_model_and_a_warning() -> None:
    with pytest.warns(UserWarning, match="the time budget is 0.001 s, and fitting took .* s: the search"):
        model = st.AutoClassifier(time_budget=1e-3, random_state=0, families="linear", cv=3).fit(TABLE, LABELS)
    assert 1 <= len(model.weights_) <= 4  # as many as are trained at the same time


def test_a_table_wider_than_long_works() -> None:
    X = RNG.normal(size=(30, 100))
    model = st.AutoRegressor(n_trials=2, random_state=0, cv=3).fit(X, X[:, 0])
    assert np.isfinite(model.predict(X)).all()


def test_a_text_column_with_a_thousand_values_works() -> None:
    table = {"code": [f"c{i % 1000}" for i in range(2000)], "x": np.arange(2000) % 7}
    model = st.AutoRegressor(n_trials=2, random_state=0, cv=2).fit(table, np.asarray(table["x"], float))
    assert model.score(table, np.asarray(table["x"], float)) > 0.9


@pytest.mark.parametrize(("options", "y", "message"), [
    ({}, ["a"] * N, "y holds one class, \\['a'\\]; it must hold at least two"),
    ({"time_budget": 0}, LABELS, "time_budget is 0; it must be a finite number above 0"),
    ({"families": ["forest"]}, LABELS, "families is 'forest'; it must be one of"),
    ({"scoring": "r2"}, LABELS, "scoring is 'r2'; for 2 classes it must be one of"),
    ({"n_trials": 0}, LABELS, "n_trials is 0; it must be an integer of at least 1"),
])
def test_bad_input_gets_one_sentence(options: dict[str, object], y: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        st.AutoClassifier(**{"n_trials": 1, **options}).fit(TABLE, y)  # type: ignore[arg-type]


def test_a_constant_target_and_a_table_without_values_are_refused() -> None:
    with pytest.raises(ValueError, match="y is 1 in all rows; there is nothing to learn"):
        st.AutoRegressor(n_trials=1).fit(TABLE, np.ones(N))
    with pytest.raises(ValueError, match="no column is left to learn from"):
        st.AutoRegressor(n_trials=1).fit({"x": [None] * N}, VALUES)
    with pytest.raises(ValueError, match="no column is left to learn from"):
        st.AutoClassifier(n_trials=1).fit({"constant": np.ones(N), "name": [f"n{i}" for i in range(N)]}, LABELS)


def test_numbers_beyond_single_precision_are_refused_before_the_search() -> None:
    huge = {**TABLE, "x": np.where(np.arange(N) == 3, 1e300, np.asarray(TABLE["x"]))}
    with pytest.raises(ValueError, match=r"column 'x' holds 1e\+300 in row 4, too large for float32; scale"):
        st.AutoClassifier(n_trials=1).fit(huge, LABELS)
    with pytest.raises(ValueError, match=r"y holds .*e\+200; every value must be at most 1e\+75"):
        st.AutoRegressor(n_trials=1).fit(TABLE, VALUES * 1e200)


@pytest.mark.parametrize("scale", [2e-200, 2e-310])
def test_targets_whose_squared_errors_would_be_zero_are_refused(scale: float) -> None:
    """With an error of 0 each trial would seem perfect."""
    with pytest.raises(ValueError, match="the largest value of y is .* in size; it must be at least 1e-75, since"):
        st.AutoRegressor(n_trials=1).fit(TABLE, VALUES * scale)


def test_a_class_for_each_row_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="target holds 120 classes in 120 rows, 120 of them in a single row"):
        st.AutoClassifier(n_trials=1, families="linear", n_jobs=1).fit(TABLE, [f"n{i}" for i in range(N)])


# Kinds of columns -----------------------------------------------------------------------------------------------------

DAYS = np.datetime64("2020-01-01") + np.random.default_rng(1).permutation(200)
BUSY = np.isin((DAYS.astype(int) + 3) % 7, [1, 3, 6])  # by the weekday
FORMS: dict[str, Callable[[np.ndarray], Any]] = {
    "datetime64": lambda days: days.astype("datetime64[s]")[:, None],
    "objects": lambda days: {"x0": days.astype(object)},
    "ISO 8601": lambda days: days.astype(str)[:, None], "dmy": lambda days: {"x0": [
        f"{day.day:02d}.{day.month:02d}.{day.year}" for day in days.astype(object)]}}


@pytest.mark.parametrize("form", FORMS)
def test_a_saved_model_knows_dates_two_years_later(form: str, tmp_path: Path) -> None:
    model = st.AutoClassifier(n_trials=1, families="linear", random_state=0, n_jobs=1).fit(FORMS[form](DAYS), BUSY)
    model.save(tmp_path / "m.npz")
    loaded = st.load_model(tmp_path / "m.npz")
    later = FORMS[form](DAYS + 7 * 105)
    assert loaded.score(later, BUSY) == 1.0
    np.testing.assert_array_equal(loaded.predict_proba(later), model.predict_proba(later))
    with pytest.raises(ValueError, match="column 'x0' holds 'soon' in row 2; it must hold dates, as in training"):
        loaded.predict({"x0": [None, "soon"]})


def test_columns_keep_their_kind_at_prediction() -> None:
    """Whatever the cells of the new rows look like: categories with numbers as names, booleans as 0 and 1."""
    code = RNG.integers(0, 4, N)
    y = np.isin(code, [1, 2])
    for given, later in ((code.astype(str), code), (y, y.astype(int)), (y.astype(int), y), (y, y.astype(str))):
        model = st.AutoClassifier(n_trials=1, families="linear", random_state=0, n_jobs=1).fit({"x": given}, y)
        assert model.score({"x": later}, y) == 1.0
    with pytest.warns(UserWarning, match="'x' holds categories that were not seen in training: 'c' .1 row.; each"):
        model.predict({"x": ["c", True]})


def test_identifiers_are_left_out_and_named() -> None:
    given = {"id": np.arange(N), **TABLE}
    with pytest.warns(UserWarning, match=r"left out.*'id'; as X, st.Table.from_columns\(columns, numeric=\['id'\]\)"):
        model = st.AutoClassifier(n_trials=1, families="linear", n_jobs=1).fit(given, LABELS)
    assert "id" in model.dropped_ and "id" not in model.kinds_
    assert model.predict(given).tolist() == model.predict(TABLE).tolist()
    assert "id" in model.fit(st.Table.from_columns(given, numeric=["id"]), LABELS).kinds_


def test_texts_that_numpy_has_made_of_numbers_are_numbers() -> None:
    X = np.array([[f"{x:.3f}", c] for x, c in zip(TABLE["x"], TABLE["city"], strict=True)])
    model = st.AutoClassifier(n_trials=1, families="linear", n_jobs=1).fit(X, LABELS)
    assert [kind.kind for kind in model.kinds_.values()] == ["number", "category"]


def test_a_model_that_is_not_fitted_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not fitted"):
        st.AutoClassifier().save(tmp_path / "m.npz")
    assert not (tmp_path / "m.npz").exists()


def test_families_must_be_names() -> None:
    with pytest.raises(TypeError, match="families is None"):
        st.AutoClassifier(families=None).fit(TABLE, LABELS)


def test_the_verdict_says_where_no_feature_helps() -> None:
    rng = np.random.default_rng(1)
    model = st.AutoRegressor(n_trials=1, random_state=0, verbose=0, families="trees").fit(
        rng.normal(size=(60, 2)), rng.normal(size=60))
    assert "WARNING: this is not better than a model without features, mean squared error" in model.verdict_.text
