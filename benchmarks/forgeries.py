"""Forge model files by meaning, every kind of file: does one crash, hang, or predict nonsense?

A forgery changes one place, or up to three, of a small saved model. In the header: an entry deleted, set to a value of
another type, to a negative, zero, huge or NaN number, to another name that some file holds, exchanged with another
entry, or a list shuffled or shortened. In the arrays: numbers negated, zeroed, multiplied by 1e30, NaN, infinite,
shuffled, drawn as small indices, in another shape or type, exchanged with another array, or an array left out.

Each forgery is loaded and asked for a prediction of a few rows, a translation or a transcript. It must be *refused*,
by a ValueError that says why, when it is loaded or when it is asked; or its answer must be *finite*, and probabilities
must be from 0 to 1 and sum to 1. A crash is any other exception, a hang takes more than 20 s of the processor, and any
other answer is nonsense. A finite answer other than that of the original is accepted: a file carries no signature.

    python -m benchmarks forgeries                   # 100,000 forgeries of six kinds of file
    python -m benchmarks forgeries --quick           # 600
    python -m benchmarks forgeries --kind NAME --seed N
"""

from __future__ import annotations

import copy
import json
import signal
import tempfile
import warnings
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import scratchtune as st
from benchmarks.common import harness
from benchmarks.common.benchmark import Benchmark
from benchmarks.common.harness import table

FORGERIES, QUICK = 100_000, 600  # of all kinds together
SECONDS = 20  # after which a forgery hangs
DELETED = 0.15  # the share of the changes in a header that delete an entry
INNER = 0.1  # the share of the walks through a header that end at each object or list
SHOWN = 20  # failures that the report describes
ROUNDING = 1e-5  # of a sum of probabilities, which are float32
VALUES: list[Any] = [
    None, True, False, 0, 1, 2, -1, 255, 2**31 - 1, -(2**31), 2**63, 2**64, 10**400, 0.0, 0.5, -0.5, 1e-30, 1e30, -1e30,
    1e308, float("nan"), float("inf"), "", "x", "\x00", [], {}, [0], [[]], ["x"], {"x": 0}, {"class": "Dense"}]
NAMES = ("linear", "relu", "sigmoid", "tanh", "softmax", "standard", "minmax", "robust", "quantile", "network",
         "estimator", "automl", "boosted trees", "translator", "recognizer", "MLPRegressor", "NetworkClassifier",
         "number", "category", "date", "identifier", "log", "log1p", "keep", "one-hot", "float64", "float32")
DTYPES = ("float32", "float64", "int32", "int64", "uint8", "bool", "complex128", "U3", "S3")
X = np.random.default_rng(0).normal(size=(60, 4))
Parts = dict[str, np.ndarray]


class Hang(BaseException):
    """A forgery has taken too long; no exception that the code under test may catch."""


# The models -----------------------------------------------------------------------------------------------------------


def sequential() -> Any:
    """A compiled network with a layer of each kind that keeps something, after one epoch."""
    model = st.Sequential([st.Dense(3, "relu"), st.BatchNormalization(), st.Dropout(0.2), st.Dense(2, "softmax")])
    model.compile(st.Adam(0.01), "categorical_crossentropy", ["accuracy"])
    model.fit(X, X[:, 0] > 0, verbose=0)
    return model


def estimator() -> Any:
    """A classifier by a network, of scaled rows."""
    return st.MLPClassifier(units=3, epochs=1, random_state=0, verbose=0).fit(X, X[:, 0] > 0)


def trees() -> Any:
    """Boosted trees of three classes, with a column of categories."""
    rows = np.column_stack([X[:, :3], np.arange(60) % 5])
    return st.HistGradientBoostingClassifier(max_iter=3, max_leaf_nodes=4, categorical_features=[3], verbose=0).fit(
        rows, np.digitize(X[:, 0], [-0.5, 0.5]))


def automl() -> Any:
    """An ensemble for a table of numbers, categories and dates."""
    columns = {"n": X[:, 0], "m": X[:, 1], "c": np.array(["u", "v", "w"])[np.arange(60) % 3],
               "d": np.datetime64("2020-01-01") + 7 * np.arange(60)}
    return st.AutoClassifier(n_trials=4, random_state=0, cv=2, n_jobs=1, verbose=0).fit(columns, X[:, 0] > 0)


def translator() -> Any:
    """A translator of two words."""
    vocabulary = st.text.Vocabulary(["a b"])
    model = st.Seq2Seq(vocabulary, vocabulary, embedding=2, units=2, source_length=3, target_length=3)
    model.build()
    return model


def recognizer() -> Any:
    """A recogniser of two letters, whose decoder has a language model."""
    features = st.speech.Features(window=0.04, step=0.02, n_mels=4, kind="log_mel", rate=4000)
    model = st.SpeechRecognizer("ab", features, units=2, frames=5)
    model.build()
    model.decoder = st.speech.Decoder(2, st.speech.NGram(2, alphabet="ab").fit(["ab", "ba"]))
    return model


MAKERS: dict[str, Callable[[], Any]] = {make.__name__: make for make in (
    sequential, estimator, trees, automl, translator, recognizer)}


def answer(model: Any) -> tuple[bool, Any]:
    """Whether a model of any kind answers with probabilities, and its answer."""
    if isinstance(model, st.Seq2Seq):
        return False, [len(model.translate("a b", beam_width=width)) for width in (1, 2)]
    if isinstance(model, st.SpeechRecognizer):
        model.transcribe(X[:5])
        return True, np.exp(model.log_probabilities([X[:5]])[0])
    rows: Any = X
    if hasattr(model, "members_"):
        rows = {"n": X[:5, 0], "m": X[:5, 1], "c": [*"uvwxu"], "d": ["2020-01-01"] * 5}
    if hasattr(model, "predict_proba"):
        return True, model.predict_proba(rows)
    return False, model.predict(rows)


# The forgeries --------------------------------------------------------------------------------------------------------


def entries(part: Any) -> Iterator[tuple[Any, Any]]:
    """Each entry with a name in a header: the object that holds it, and its key."""
    for key, value in part.items() if isinstance(part, dict) else enumerate(part):
        if isinstance(part, dict):
            yield part, key
        if isinstance(value, dict | list):
            yield from entries(value)


def place(header: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """A random place of a header: the object or list that holds it, and its key or index.

    Half are drawn from all names, wherever they are; half are where a random walk from the top ends.
    """
    if rng.random() < 0.5:
        named = list(entries(header))
        return named[rng.integers(len(named))]
    while True:
        key = str(rng.choice(list(header))) if isinstance(header, dict) else int(rng.integers(len(header)))
        if not isinstance(header[key], dict | list) or not header[key] or rng.random() < INNER:
            return header, key
        header = header[key]


def other_value(value: Any, header: Any, rng: np.random.Generator) -> Any:
    """Another value for a place in a header."""
    kind = rng.integers(4)
    if kind == 0 and isinstance(value, str):
        return str(rng.choice(NAMES))
    if kind == 0 and type(value) in (int, float) and abs(value) < 2**63:
        return [-value, 0, value * 1e30, value + 1, value / 2, float(value), int(value)][rng.integers(7)]
    if kind == 0 and isinstance(value, list):
        order = rng.permutation(len(value))[: rng.integers(len(value) + 1)]
        return [value[i] for i in (order if rng.random() < 0.5 else np.sort(order))]
    if kind == 1:
        inside, key = place(header, rng)
        return copy.deepcopy(inside[key])
    return copy.deepcopy(VALUES[rng.integers(len(VALUES))])


def forge_header(header: dict[str, Any], rng: np.random.Generator) -> str:
    """Change one place of a header; say what was done."""
    inside, key = place(header, rng)
    if rng.random() < DELETED:
        del inside[key]
        return f"{key!r} deleted"
    value = inside[key]
    inside[key] = other_value(value, header, rng)
    return f"{key!r}: {value!r:.60} -> {inside[key]!r:.60}"


def forge_array(arrays: Parts, rng: np.random.Generator) -> str:
    """Change one array; say what was done."""
    name = str(rng.choice(list(arrays)))
    array = arrays[name].copy()
    at = tuple(int(rng.integers(size)) for size in array.shape) if array.size else ()
    some = (at, ...)[rng.integers(2)] if array.size else ...
    number = int(rng.integers(10))
    with np.errstate(all="ignore"):
        if number < 5 and array.size and array.dtype.kind in "iuf":
            small = rng.integers(-2, 6, array.shape)
            array[some] = [-array, 0 * array, array * 1e30, np.full(array.shape, (np.nan, np.inf)[rng.integers(2)]),
                           small][number].astype(array.dtype)[some]
        elif number == 5:
            array = rng.permutation(array.ravel()).reshape(array.shape)
        elif number == 6:
            array = [array[:-1], array[None], array.ravel(), array.T, np.concatenate([array, array])][rng.integers(5)]
        elif number == 7 and array.dtype.kind not in "US":
            array = array.astype(str(rng.choice(DTYPES)))
        elif number == 8:
            array = arrays[str(rng.choice(list(arrays)))]
        elif number == 9:
            del arrays[name]
            return f"{name} left out"
    arrays[name] = array
    return f"{name}, change {number} at {some}"


def forgeries(parts: Parts, count: int, seed: int) -> Iterator[tuple[str, Parts]]:
    """Forged copies of a file's content, each with what was done to it."""
    told = str(parts["header"])
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        header, arrays, done = json.loads(told), {name: parts[name] for name in parts if name != "header"}, []
        for _ in range(max(1, rng.integers(-3, 4))):
            in_header = rng.random() < 0.5 and header or not arrays
            done.append(forge_header(header, rng) if in_header else forge_array(arrays, rng))
        yield f"{number}: {'; '.join(done)}", {**arrays, "header": np.array(json.dumps(header))}


# What came of them ----------------------------------------------------------------------------------------------------


def outcome(path: Path) -> tuple[str, str]:
    """Load a forgery and ask it: "refused", "finite", "nonsense" or "crash", and what is wrong with the last two."""
    try:
        model = st.load_model(path)
        are_probabilities, found = answer(model)
    except ValueError as problem:
        return ("refused", "") if str(problem) else ("crash", "a ValueError without a word")
    except Exception as problem:
        return "crash", f"{type(problem).__name__}: {problem}"
    found = np.asarray(found)
    if not np.isfinite(found).all():
        return "nonsense", f"predicts {found[~np.isfinite(found)][0]}"
    if are_probabilities and (found.min() < 0.0 or found.max() > 1.0 + ROUNDING
                              or np.abs(found.sum(axis=-1) - 1.0).max() > ROUNDING):
        return "nonsense", f"probabilities {found[0].tolist()}"
    return "finite", ""


def timed(path: Path) -> tuple[str, str]:
    """The `outcome`, or "hang" after `SECONDS` of the processor, so that other programs do not matter."""
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        return outcome(path)
    except Hang:
        return "hang", f"takes more than {SECONDS} s"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _hang(*_: Any) -> None:
    raise Hang


def tried(name: str, count: int, seed: int, folder: Path, progress: Any) -> tuple[Counter[str], list[str]]:
    """What came of so many forgeries of one kind of file, and a line for each failure."""
    MAKERS[name]().save(folder / "model.npz")
    assert outcome(folder / "model.npz")[0] == "finite"  # and what it needs is compiled
    counts, failures = Counter[str](), []
    for what, content in forgeries(dict(np.load(folder / "model.npz")), count, seed):
        np.savez(folder / "forged.npz", **content)  # type: ignore[arg-type]
        kind, problem = timed(folder / "forged.npz")
        counts[kind] += 1
        failures += [f"{name} {what}: {kind}: {problem}"] * bool(problem)
        progress.update()
    return counts, failures


def measure(given: Namespace) -> dict[str, tuple[Counter[str], list[str]]]:
    """Try forgeries of every kind of file; counts and failures by kind."""
    names = [given.kind] if given.kind else list(MAKERS)
    each = -(-(QUICK if given.quick else FORGERIES) // len(MAKERS))
    signal.signal(signal.SIGPROF, _hang)
    with tempfile.TemporaryDirectory() as folder, np.errstate(all="ignore"), warnings.catch_warnings(), \
            tqdm(total=each * len(names), unit="forgery", disable=None) as progress:
        warnings.simplefilter("ignore")
        return {name: tried(name, each, given.seed, Path(folder), progress) for name in names}


def report(found: dict[str, tuple[Counter[str], list[str]]], _: Namespace) -> list[str]:
    """A line for each kind of file, and the bars: no failure of any kind."""
    kinds = ("refused", "finite", "nonsense", "crash", "hang")
    rows = [[name, str(counts.total()), *(str(counts[kind]) for kind in kinds)] for name, (counts, _) in found.items()]
    failures = [line for _, lines in found.values() for line in lines]
    total = sum(counts.total() for counts, _ in found.values())
    wrong = {kind: sum(counts[kind] for counts, _ in found.values()) for kind in kinds[2:]}
    return [table(["file", "forgeries", *kinds], rows),
            "\n".join([*(harness.verdict(count == 0, f"{kind}: {count} of {total:,}") for kind, count in wrong.items()),
                       *(f"    {line:.300}" for line in failures[:SHOWN])])]


BENCHMARK = Benchmark("Forged model files", measure, report, quick=f"{QUICK} forgeries, not {FORGERIES:,}", options={
    "--kind": {"choices": list(MAKERS), "help": "forge one kind of file only"},
    "--seed": {"type": int, "default": 0, "help": "of the forgeries (%(default)s)"}})
