"""load_study: a stored study is continued without its arguments, bit for bit; what the file lacks must be given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import scratchtune as st
from scratchtune.core.study.study import core_of

SPACE = {"x": st.Float(-2.0, 2.0), "how": ["square", "absolute"], "k": st.Int(1, 9, when={"how": "square"})}


def objective(trial: st.Trial) -> float:
    return abs(trial.params["x"] - 0.3) + trial.params.get("k", 4) / 10.0


def table(study: st.Study) -> list[Any]:
    return [(trial.number, trial.params, trial.value, trial.state, trial.seed) for trial in study.trials]


@pytest.mark.parametrize("searcher", [
    st.RandomSearch(), st.GeneticSearch(population=4), st.Hyperband(4, 2), st.BayesianSearch("tpe", initial=3)])
def test_a_loaded_study_continues_as_if_it_had_never_stopped(searcher: st.Searcher, tmp_path: Path) -> None:
    arguments: dict[str, Any] = {"direction": "maximize", "seed": 3, "stopping": st.MedianStopping(2), "data": "digest"}
    whole = st.Study(SPACE, searcher, **arguments).run(objective, 9, progress=False)
    st.Study(SPACE, searcher, **arguments, storage=tmp_path / "a.db", name="one").run(objective, 5, progress=False)
    loaded = st.load_study(tmp_path / "a.db")
    assert (loaded.name, loaded.direction, loaded.seed, len(loaded.trials)) == ("one", "maximize", 3, 5)
    assert table(loaded.run(objective, 9, progress=False)) == table(whole)
    assert st.load_study(tmp_path / "a.db", "one").best_value == whole.best_value


def test_a_loaded_study_takes_new_configurations(tmp_path: Path) -> None:
    """In a script that is run again, those that it had enqueued are the same ones; here they are new."""
    path = tmp_path / "a.db"
    study = st.Study({"x": [1, 2, 3]}, "random", storage=path)
    study.enqueue({"x": 2})
    study.run(lambda trial: trial.params["x"], 1, progress=False)
    loaded = st.load_study(path)
    loaded.enqueue({"x": 3})
    assert loaded.run(lambda trial: trial.params["x"], 2, progress=False).trials[1].params == {"x": 3}


class Own(st.Searcher):
    def suggest(self, space: Any, seen: Any, pending: Any, number: int, rng: Any) -> st.Suggestion:
        return st.Suggestion(space.from_unit(rng.random(len(space.names))))


def positive(params: dict[str, Any]) -> bool:
    return params["k"] > 0


def test_what_the_file_lacks_must_be_given(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    space: dict[str, Any] = {"k": st.Int(1, 8), "kind": [int, float]}
    first = st.tune(lambda trial: 1.0, {"k": [2, 4]}, "grid", storage=path, name="first", progress=False)
    study = st.Study(space, Own(), storage=path, name="own", constraint=positive)
    study.run(lambda trial: float(trial.params["k"]), 3, progress=False)
    with pytest.raises(st.StorageError, match=(
            r"the study 'own' in .*a.db' can't be made from the file alone; give load_study what is not in it: "
            r"space \(the choices of kind are not plain values\) and searcher \(a Own\(\)\) and constraint, as in")):
        st.load_study(path, "own")
    given: dict[str, Any] = {"space": space, "searcher": Own(), "constraint": positive}
    loaded = st.load_study(path, "own", **given)
    assert table(loaded) == table(study)
    assert len(loaded.run(lambda trial: 0.0, 5, progress=False).trials) == 5
    with pytest.raises(st.StorageError, match="has space .*; this one has"):
        st.load_study(path, "own", **given | {"space": {"k": st.Int(1, 9), "kind": [int, float]}})
    later = st.Study({"k": [2, 4]}, "random", storage=path, name="later", start_from=first)
    later.close()
    with pytest.raises(st.StorageError, match="not in it: start_from, as in"):
        st.load_study(path, "later")
    assert (core_of(st.load_study(path, "later", start_from=first)).definition.earlier
            == core_of(later).definition.earlier)


def test_which_study(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with pytest.raises(st.StorageError, match="is not there"):
        st.load_study(path)
    for name in ("first", "second"):
        st.Study({"x": [1]}, "grid", storage=path, name=name).close()
    with pytest.raises(st.StorageError, match="name is None and .* holds 2 studies, 'first', 'second'; give the name"):
        st.load_study(path)
    with pytest.raises(st.StorageError, match="holds no study 'secnd'; .*did you mean 'second'"):
        st.load_study(path, "secnd")
    assert st.load_study(path, "second").name == "second"
