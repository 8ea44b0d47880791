"""The document's network tuned by each framework: same digits, space, folds and budget. Who is fast, and who is good?

    pip install -e ".[tuners]"
    python -m benchmarks same_job --own --tuners "Optuna, TPE" --seeds 5
    python -m benchmarks same_job --seeds 1 --save

One hidden layer on the digits, Adam, 9 epochs; learning rate (log), units and batch size are tuned by 30 trials, each
cross-validated on three folds; the best configuration is trained on all training rows and evaluated on held-out ones.
Each tuner has the network of its own framework, then that of scratchtune; scratchtune's searchers have the networks of
the others, too, so that the effects of tuner and network are separate. A run has a process of its own on one core.
*Seconds* are those of the search; *start* are the seconds from the start of the process to that of the search: imports,
the start of Ray, and what a first training takes longer than a second one. (What we compile is already on the disk; the
first run on a machine takes longer, see `first_run`.) *Outside training* is what the tuner adds, with Ray the start of
a process for trials, too. Methods that stop bad trials early have other numbers of trials and epochs. *MB* is the most
memory of the process and those that it has started, together. *Lines* are those of the tuner and the network in
`benchmarks/common/job_tuners.py` and `job_networks.py`, without blank lines, docstrings and what counts epochs and
seconds. *Again*: whether a second run with the same seed gave the same configuration and score.

Each run is kept in a file, so that an interrupted benchmark continues, and a tuner whose runs are short may have more
seeds than one whose runs take minutes; runs of other versions are not used. Our searches have a run before the first
one that is timed, so that nothing is compiled within it (what that takes is the question of `first_run`).

A bar compares a search with ours of the same kind: grid, random, guided by a model of the trials (Bayesian), or with
early stopping. It compares seconds; with early stopping seconds an epoch, since the numbers of epochs differ. (Our
Hyperband trains a promoted configuration from the beginning here, while Keras Tuner, Optuna and Ray Tune continue its
networks.) Each comparison is made with the network of the other library and with ours; with the first, and without
early stopping, there is a bar for seconds *with start*, too, as for somebody who runs one search in a new process. The
bar of the held-out accuracy fails where ours is lower by more than two standard errors of the difference, which is two
to three points with 360 digits: to pass it does not show that two accuracies are equal.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import math
import os
import statistics
import tempfile
import textwrap
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from benchmarks.common import harness, job_networks, job_tuners
from benchmarks.common.benchmark import Benchmark, count
from benchmarks.common.harness import Worker, bar, table, verdict
from benchmarks.common.job_tuners import Best, Job
from benchmarks.common.memory import Watch, proportional

SEEDS, TRIALS, QUICK_TRIALS = 3, 30, 5
STARTS = 3  # processes whose start is timed (one with --quick)
FASTER = {"Keras Tuner": 50.0, "Ray Tune": 50.0, "Optuna": 10.0}
HELD_OUT = 360  # rows
AGAIN = -1  # instead of a seed: the second run with seed 0
OURS = "scratchtune"


class Tuner(NamedTuple):
    """A way to search: its kind, the library, its package, the function, whose lines count, and its own network."""

    kind: str
    library: str
    package: str
    search: Callable[[Job], Best]
    counted: tuple[Callable[..., Any], ...]
    network: str


def of(kind: str, library: str, package: str, network: str, function: Callable[..., Best], *given: str) -> Tuner:
    """A tuner whose function takes further arguments."""
    counted = (function, *([job_tuners.optuna_params] if package == "optuna" else []))
    return Tuner(kind, library, package, lambda job: function(job, *given), counted, network)


GRID, RANDOM, MODEL, EARLY = "grid", "random", "model", "early"
TUNERS = {
    "scratchtune, grid": of(GRID, OURS, "scratchtune", OURS, job_tuners.our_grid),
    "scratchtune, random": of(RANDOM, OURS, "scratchtune", OURS, job_tuners.ours, "random"),
    "scratchtune, Bayesian": of(MODEL, OURS, "scratchtune", OURS, job_tuners.ours, "bayesian"),
    "scratchtune, Hyperband": of(EARLY, OURS, "scratchtune", OURS, job_tuners.our_hyperband),
    "Keras Tuner, random": of(
        RANDOM, "Keras Tuner", "keras_tuner", "Keras", job_tuners.keras_tuner_search, "RandomSearch"),
    "Keras Tuner, Bayesian": of(
        MODEL, "Keras Tuner", "keras_tuner", "Keras", job_tuners.keras_tuner_search, "BayesianOptimization"),
    "Keras Tuner, Hyperband": of(
        EARLY, "Keras Tuner", "keras_tuner", "Keras", job_tuners.keras_tuner_search, "Hyperband"),
    "Optuna, random": of(RANDOM, "Optuna", "optuna", "PyTorch", job_tuners.optuna_search, "RandomSampler"),
    "Optuna, TPE": of(MODEL, "Optuna", "optuna", "PyTorch", job_tuners.optuna_search, "TPESampler"),
    "Optuna, GP": of(MODEL, "Optuna", "optuna", "PyTorch", job_tuners.optuna_search, "GPSampler"),
    "Optuna, Hyperband": of(EARLY, "Optuna", "optuna", "PyTorch", job_tuners.optuna_hyperband),
    "Ray Tune, random": of(RANDOM, "Ray Tune", "ray", "PyTorch", job_tuners.ray_tune, "random"),
    "Ray Tune, ASHA": of(EARLY, "Ray Tune", "ray", "PyTorch", job_tuners.ray_tune, "ASHA"),
    "Ray Tune, Optuna": of(MODEL, "Ray Tune", "ray", "PyTorch", job_tuners.ray_tune, "Optuna"),
    "scikit-learn, grid": of(GRID, "scikit-learn", "sklearn", "scikit-learn", job_tuners.scikit_learn, "grid"),
    "scikit-learn, random": of(RANDOM, "scikit-learn", "sklearn", "scikit-learn", job_tuners.scikit_learn, "random"),
    "scikit-learn, halving": of(EARLY, "scikit-learn", "sklearn", "scikit-learn", job_tuners.scikit_learn, "halving"),
    "hyperopt, TPE": of(MODEL, "hyperopt", "hyperopt", "PyTorch", job_tuners.hyperopt_tpe),
    "SMAC3": of(MODEL, "SMAC3", "smac", "PyTorch", job_tuners.smac),
}
IMPORTS = {
    "optuna": ("optuna",), "keras_tuner": ("keras_tuner",), "hyperopt": ("hyperopt",), "smac": ("smac", "ConfigSpace"),
    "ray": ("ray.tune", "ray.tune.search.optuna"), "scratchtune": ("scratchtune",),
    "sklearn": ("sklearn.experimental.enable_halving_search_cv", "sklearn.model_selection", "scipy.stats")}
PACKAGES = {OURS: "scratchtune", "Keras": "tensorflow", "PyTorch": "torch", "scikit-learn": "sklearn"}
Pair = tuple[str, str]  # a tuner and a network


def pairs(tuners: Sequence[str], own_only: bool) -> list[Pair]:
    """What is run: each tuner with its own network; then with ours, and our tuners with the others' networks."""
    own = [(name, TUNERS[name].network) for name in tuners]
    if own_only:
        return own
    theirs = [(name, OURS) for name in tuners if TUNERS[name].network in job_networks.NETWORKS]
    crossed = [(name, network) for name in tuners if TUNERS[name].library == OURS and name != "scratchtune, grid"
               for network in ("PyTorch", "Keras")]
    return list(dict.fromkeys([*own, *theirs, *crossed]))


# Workers --------------------------------------------------------------------------------------------------------------


def answer(tuner: str, network: str, seed: int, trials: int) -> dict[str, Any]:
    """Search, then train the best configuration and evaluate it on the held-out digits; without trials just begin."""
    memory = Watch(lambda: proportional(os.getpid()), 0.1)
    job = Job(network_of(network), trials, seed)
    job.held_out(job_tuners.FIRST)  # what is compiled or loaded the first time
    with_torch = ("torch",) if tuner == "Optuna, GP" else ()  # which it imports at its first suggestion
    for name in (*IMPORTS[TUNERS[tuner].package], *with_torch):
        importlib.import_module(name)
    if TUNERS[tuner].package == "ray":
        job_tuners.start_ray()
    begun = time.perf_counter()
    if not trials:
        job.held_out(job_tuners.FIRST)
        return {"training": time.perf_counter() - begun, "memory": memory.most()}
    params, score = TUNERS[tuner].search(job)
    seconds = time.perf_counter() - begun
    params = {name: value.item() if hasattr(value, "item") else value for name, value in params.items()}
    return {"params": params, "score": score, "seconds": seconds, "outside": max(seconds - job.seconds, 0.0),
            "epochs": job.epochs, "trials": job.trials, "held_out": job.held_out(params), "memory": memory.most()}


def network_of(name: str) -> Callable[[dict[str, Any], int], Any]:
    """The class of a network; scikit-learn's is an estimator."""
    return scikit_learns_network if name == "scikit-learn" else job_networks.NETWORKS[name]


def scikit_learns_network(params: dict[str, Any], seed: int) -> Any:
    """scikit-learn's MLPClassifier, without penalty and early stopping."""
    from sklearn.neural_network import MLPClassifier

    class Network(MLPClassifier):  # type: ignore[misc]
        def fit(self, X: Any, y: Any, epochs: int | None = None) -> Any:
            return super().fit(X, y)

    given = {"learning_rate_init": params["learning_rate"], "hidden_layer_sizes": (params["units"],),
             "batch_size": params["batch_size"]} if params else {}
    kind = Network if params else MLPClassifier
    return kind(alpha=0.0, max_iter=job_tuners.EPOCHS, tol=0.0, n_iter_no_change=10**9, random_state=seed, **given)


# The main process -----------------------------------------------------------------------------------------------------


def runs_of(wanted: Sequence[Pair], seeds: int, given: Namespace) -> dict[Pair, list[dict[str, Any]]]:
    """The runs of each pair, each seed in turn and a second time seed 0; those that the file lacks are made.

    Each run has a process of its own.
    """
    trials = given.trials
    plan = [{"tuner": pair[0], "network": pair[1], "turn": turn, "of": trials, "versions": versions(pair)}
            for turn in (*range(seeds), AGAIN) for pair in wanted]
    warm: set[str] = set()

    def work(tuner: str, network: str, turn: int, **_: Any) -> dict[str, Any]:
        if TUNERS[tuner].library == OURS and tuner not in warm:
            warm.add(tuner)
            run_of((tuner, OURS), 0, trials)  # compiles
        return run_of((tuner, network), max(turn, 0), trials)

    runs = harness.remembered(given, plan, work)
    return {pair: [run for run in runs if (run["tuner"], run["network"]) == pair] for pair in wanted}


Found = tuple[dict[Pair, list[dict[str, Any]]], dict[Pair, float]]


def starts_of(wanted: Sequence[Pair], times: int) -> dict[Pair, float]:
    """Seconds from the start of a process to that of the search; one median for tuners that import the same."""
    like = {pair: (TUNERS[pair[0]].package, pair[1], pair[0] == "Optuna, GP") for pair in wanted}
    first = {which: pair for pair, which in reversed(like.items())}
    found = {which: statistics.median(start_of(pair) for _ in range(times))
             for which, pair in tqdm(first.items(), desc="starts", disable=None)}
    return {pair: found[which] for pair, which in like.items()}


def start_of(pair: Pair) -> float:
    """The seconds of a process without a search and without its two trainings."""
    run = run_of(pair, 0, 0)
    return float(run["whole"] - 2.0 * run["training"])


def run_of(pair: Pair, seed: int, trials: int) -> dict[str, Any]:
    """One run, in a process of its own; "whole" are the seconds of that process."""
    with tempfile.TemporaryDirectory() as folder:
        job_tuners.write_data(Path(folder) / "digits.npz")
        env = harness.environment(1, KERAS_BACKEND="tensorflow", PYTHONWARNINGS="ignore", RAY_DEDUP_LOGS="0",
                                  RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO="0", TF_CPP_MIN_LOG_LEVEL="2",
                                  **{job_tuners.DATA: str(Path(folder) / "digits.npz")})
        begun = time.perf_counter()
        worker = Worker(answer, pair[0], env, harness.pinned_core())
        found = worker.ask(tuner=pair[0], network=pair[1], seed=seed, trials=trials)
        whole = time.perf_counter() - begun
        worker.close()
    return {**found, "whole": whole}


def versions(pair: Pair) -> str:
    """The versions of the tuner and of the network."""
    names = {"keras_tuner": "keras-tuner", "sklearn": "scikit-learn", "tensorflow": "tensorflow-cpu"}
    packages = (TUNERS[pair[0]].package, PACKAGES[pair[1]])
    return harness.versions(*dict.fromkeys(names.get(package, package) for package in packages))


def lines(functions: Sequence[Callable[..., Any]]) -> int:
    """How many lines functions or classes have, without docstrings, comments, blank lines and what is added up."""
    count = 0
    for function in functions:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node) is not None:
                node.body = node.body[1:] or [ast.Pass()]
            for name, body in ast.iter_fields(node):
                if isinstance(body, list):  # without what only the benchmark counts
                    setattr(node, name, [one for one in body if not isinstance(one, ast.AugAssign)])
        count += len(ast.unparse(tree).splitlines())
    return count


def row(pair: Pair, runs: Sequence[dict[str, Any]], start: float) -> list[str]:
    """A line of the table: means over the seeds, without the second run."""
    tuner, network = pair
    own = [job_networks.NETWORKS[network]] if network in job_networks.NETWORKS else []
    functions = [*TUNERS[tuner].counted, *own]
    first, again = runs[0], runs[-1]
    same = first["params"] == again["params"] and first["score"] == again["score"]
    each = runs[:-1]
    return [tuner, network, str(len(each)), f"{mean(each, 'score'):.4f}", f"{mean(each, 'held_out'):.4f}",
            f"{start:.1f}", spread(each, "seconds"), f"{mean(each, 'outside'):.2f}", f"{mean(each, 'epochs'):.0f}",
            f"{max(run['memory'] for run in each):,.0f}", str(lines(functions)), "yes" if same else "no"]


def mean(runs: Sequence[dict[str, Any]], what: str) -> float:
    """The mean over the seeds."""
    return statistics.fmean(run[what] for run in runs)


def spread(runs: Sequence[dict[str, Any]], what: str) -> str:
    """The median over the seeds, and the range."""
    values = sorted(run[what] for run in runs)
    middle = f"{statistics.median(values):.2f}"
    return middle if len(values) == 1 else f"{middle} ({values[0]:.2f} to {values[-1]:.2f})"


def bars(found: dict[Pair, list[dict[str, Any]]], starts: dict[Pair, float]) -> list[str]:
    """Every search against ours of the same kind: each with the network of its library, and both with ours."""
    ours = {TUNERS[pair[0]].kind: pair for pair in found if TUNERS[pair[0]].library == OURS and pair[1] == OURS}
    text = []
    for pair in found:
        tuner = TUNERS[pair[0]]
        if tuner.library != OURS and tuner.kind in ours and pair[1] in (tuner.network, OURS):
            text += verdicts(pair, found[pair], ours[tuner.kind], found[ours[tuner.kind]])
            if pair[1] == tuner.network and tuner.kind != EARLY:
                text.append(with_start(*((which, starts[which], found[which]) for which in (pair, ours[tuner.kind]))))
    return text


def verdicts(pair: Pair, theirs: list[dict[str, Any]], our_pair: Pair, ours: list[dict[str, Any]]) -> list[str]:
    """Whether our search is as much faster as required, as good on the held-out digits, and needs less memory."""
    tuner = TUNERS[pair[0]]
    names = f"{pair[0]} with {pair[1]}", f"{our_pair[0]} with {our_pair[1]}"
    times = [statistics.median(cost(run, tuner.kind) for run in runs[:-1]) for runs in (theirs, ours)]
    unit = "seconds an epoch" if tuner.kind == EARLY else "seconds"
    faster = FASTER.get(tuner.library, 1.0) if pair[1] == tuner.network else 1.0
    lines = [bar(f"{unit}, {names[0]} / {names[1]}", times[0] / times[1], faster, digits=2)]
    if pair[1] == tuner.network:
        scores, errors = zip(*(held_out(runs[:-1]) for runs in (theirs, ours)), strict=True)
        most = [max(run["memory"] for run in runs[:-1]) for runs in (theirs, ours)]
        lines += [
            verdict(scores[1] - scores[0] >= -2.0 * math.hypot(*errors),
                    f"held-out accuracy, {names[1]} {scores[1]:.4f} ± {errors[1]:.4f}, {names[0]} {scores[0]:.4f} ± "
                    f"{errors[0]:.4f}"),
            verdict(most[1] < most[0], f"memory, {names[1]} {most[1]:.0f} MB, {names[0]} {most[0]:.0f} MB")]
    return lines


def with_start(*searches: tuple[Pair, float, list[dict[str, Any]]]) -> str:
    """Whether ours, the second one, is as much faster as required if the start of the process counts, too."""
    theirs, ours = (start + statistics.median(run["seconds"] for run in runs[:-1]) for _, start, runs in searches)
    names = " / ".join(f"{tuner} with {network}" for (tuner, network), _, _ in searches)
    faster = FASTER.get(TUNERS[searches[0][0][0]].library, 1.0)
    return bar(f"seconds with start, {names}", theirs / ours, faster, digits=2)


def cost(run: dict[str, Any], kind: str) -> float:
    """The seconds of a run; of the kind that decides itself how long it trains, by epoch."""
    return float(run["seconds"] / run["epochs"] if kind == EARLY else run["seconds"])


def held_out(runs: Sequence[dict[str, Any]]) -> tuple[float, float]:
    """The mean accuracy on the held-out rows, and its standard error, as of one evaluation, since the rows are few."""
    p = mean(runs, "held_out")
    return p, math.sqrt(p * (1.0 - p) / HELD_OUT)


def measure(given: Namespace) -> Found:
    """All runs of each pair, and the seconds until a search starts."""
    wanted = pairs(given.tuners, given.quick or given.own)
    given.skipped = {pair: package for pair in wanted if (
        package := harness.missing(TUNERS[pair[0]].package, PACKAGES[pair[1]]))}
    seeds, given.trials = (1, QUICK_TRIALS) if given.quick else (given.seeds, TRIALS)
    found = runs_of([pair for pair in wanted if pair not in given.skipped], seeds, given)
    return found, starts_of(list(found), 1 if given.quick else STARTS)


def report(measured: Found, given: Namespace) -> list[str]:
    """A line for each pair, and the bars."""
    found, starts = measured
    names = "; ".join(f"{tuner} with {network} ({package})" for (tuner, network), package in given.skipped.items())
    return [
        f"One core for each run. {given.trials} trials, {job_tuners.FOLDS} folds, at most {job_tuners.EPOCHS} epochs.",
        *[f"Skipped, since the package in parentheses is not installed: {names}."] * bool(names),
        table(("tuner", "network", "seeds", "best score", "held-out", "start", "seconds (range)", "outside training",
               "epochs", "MB", "lines", "again"),
              [row(pair, runs, starts[pair]) for pair, runs in found.items()], "llrrrrrrrrrl"),
        "\n".join(bars(found, starts))]


ANSWER = (
    "Won: random search takes 0.26 s, scikit-learn's 2.92 s and Keras Tuner's 140.16 s, at comparable scores; "
    "lost: some other tuners on scratchtune's network have better scores, and Optuna's TPE then takes 0.35 s, our"
    " Bayesian search 0.42 s.")
BENCHMARK = Benchmark(
    "The same job in each framework", measure, report,
    ("keras", "keras-tuner", "tensorflow-cpu", "torch", "optuna", "ray", "scikit-learn", "hyperopt", "smac"),
    quick=f"own networks only, one seed, {QUICK_TRIALS} trials", options={
        "--tuners": {"nargs": "+", "choices": list(TUNERS), "default": list(TUNERS), "metavar": "NAME",
                     "help": "; ".join(TUNERS)},
        "--own": {"action": "store_true", "help": "each tuner with the network of its own library only"},
        "--seeds": {"type": count, "default": SEEDS},
        "--records": {"type": Path, "default": harness.RESULTS / "same_job.jsonl", "help": "the file of all runs"}})
