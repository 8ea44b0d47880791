"""The document's network tuned by each framework: same digits, space, folds and budget. Who is fast, and who is good?

    pip install -e ".[tuners]"
    python -m benchmarks.same_job [--quick] [--tuners NAME ...] [--seeds 3] [--save]
    python -m benchmarks.same_job --own --tuners "Optuna, TPE" --seeds 5
    python -m benchmarks.same_job --seeds 1 --save

One hidden layer on the digits, Adam, 9 epochs; learning rate (log), units and batch size are tuned by 30 trials, each
cross-validated on three folds; the best configuration is trained on all training rows and evaluated on held-out ones.
Each tuner has the network of its own framework, then that of scratchtune; scratchtune's searchers have the networks of
the others, too, so that the effects of tuner and network are separate. A run has a process of its own on one core.
*Seconds* are those of the search, without imports; *outside training* is what the tuner adds. Methods that stop bad
trials early have fewer epochs. *Lines* are those of the tuner and the network in `benchmarks/common/job_tuners.py` and
`job_networks.py`, without blank lines and docstrings. *Again*: whether a second run with the same seed gave the same
configuration and score. Each run is kept in a file, so that an interrupted benchmark continues, and a tuner whose runs
are short may have more seeds than one whose runs take minutes. Our searches have a run before the first one that is
timed, so that nothing is compiled within it (what that takes is the question of `first_run`).

A bar compares a search with ours of the same kind: grid, random, guided by a model of the trials (Bayesian), or with an
early end for bad trials (Hyperband).
"""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import inspect
import json
import statistics
import sys
import textwrap
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from benchmarks.common import harness, job_networks, job_tuners
from benchmarks.common.harness import Worker, bar, table, verdict
from benchmarks.common.job_tuners import Best, Job

SEEDS, TRIALS, QUICK_TRIALS = 3, 30, 5
FASTER = {"Keras Tuner": 50.0, "Ray Tune": 50.0, "Optuna": 10.0}
AGAIN = -1  # in the place of a seed: the second run with seed 0
OURS = "scratchtune"
RECORDS = harness.RESULTS / "same_job.jsonl"


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


def missing(pair: Pair) -> str:
    """The package that a pair needs and that is not installed, or nothing."""
    packages = (TUNERS[pair[0]].package, PACKAGES[pair[1]])
    return next((name for name in packages if importlib.util.find_spec(name) is None), "")


# Workers --------------------------------------------------------------------------------------------------------------


def answer(tuner: str, network: str, seed: int, trials: int) -> dict[str, Any]:
    """Search, then train the best configuration and evaluate it on the held-out digits."""
    job_tuners.data()
    job = Job(network_of(network), trials, seed)
    job.held_out({"learning_rate": 0.01, "units": 16, "batch_size": 32})  # what is compiled or loaded the first time
    for name in IMPORTS[TUNERS[tuner].package]:
        importlib.import_module(name)
    begun = time.perf_counter()
    params, score = TUNERS[tuner].search(job)
    seconds = time.perf_counter() - begun
    params = {name: value.item() if hasattr(value, "item") else value for name, value in params.items()}
    return {"params": params, "score": score, "seconds": seconds, "outside": max(seconds - job.seconds, 0.0),
            "epochs": job.epochs, "trials": job.trials, "held_out": job.held_out(params), "memory": peak_memory()}


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


def peak_memory() -> float:
    """The largest resident memory of this process or of one of its children, in MB."""
    import resource

    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024


# The main process -----------------------------------------------------------------------------------------------------


def measure(wanted: Sequence[Pair], seeds: int, trials: int, path: Path) -> dict[Pair, list[dict[str, Any]]]:
    """The runs that the file lacks, each seed in turn and a second time seed 0; then all runs of each pair, that last.

    Each run has a process of its own.
    """
    found: dict[Pair, dict[int, dict[str, Any]]] = {pair: {} for pair in wanted}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        run = json.loads(line)
        if run["of"] == trials and (run["tuner"], run["network"]) in found:
            found[run["tuner"], run["network"]][run["turn"]] = run
    plan = [(pair, turn) for turn in (*range(seeds), AGAIN) for pair in wanted if turn not in found[pair]]
    for tuner in dict.fromkeys(pair[0] for pair, _ in plan if TUNERS[pair[0]].library == OURS):
        run_of((tuner, OURS), 0, trials)  # compiles
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a", encoding="utf-8") as file:
        for pair, turn in (progress := tqdm(plan, disable=None)):
            progress.set_description(", ".join(pair))
            found[pair][turn] = {"tuner": pair[0], "network": pair[1], "turn": turn, "of": trials,
                                 **run_of(pair, max(turn, 0), trials)}
            print(json.dumps(found[pair][turn]), file=file, flush=True)
    return {pair: [runs[turn] for turn in (*sorted(set(runs) - {AGAIN}), AGAIN)] for pair, runs in found.items()}


def run_of(pair: Pair, seed: int, trials: int) -> dict[str, Any]:
    """One run, in a process of its own."""
    env = harness.environment(1, KERAS_BACKEND="tensorflow", PYTHONWARNINGS="ignore", RAY_DEDUP_LOGS="0",
                              RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO="0", TF_CPP_MIN_LOG_LEVEL="2")
    worker = Worker("benchmarks.same_job", pair[0], env, harness.pinned_core())
    found = worker.ask(tuner=pair[0], network=pair[1], seed=seed, trials=trials)
    worker.close()
    return found


def lines(functions: Sequence[Callable[..., Any]]) -> int:
    """How many lines of code functions or classes have, without docstrings, comments and blank lines."""
    count = 0
    for function in functions:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node) is not None:
                node.body = node.body[1:] or [ast.Pass()]
        count += len(ast.unparse(tree).splitlines())
    return count


def row(pair: Pair, runs: Sequence[dict[str, Any]]) -> list[str]:
    """A line of the table: means over the seeds, without the second run."""
    tuner, network = pair
    own = [job_networks.NETWORKS[network]] if network in job_networks.NETWORKS else []
    functions = [*TUNERS[tuner].counted, *own]
    first, again = runs[0], runs[-1]
    same = first["params"] == again["params"] and first["score"] == again["score"]
    each = runs[:-1]
    return [tuner, network, str(len(each)), f"{mean(each, 'score'):.4f}", f"{mean(each, 'held_out'):.4f}",
            spread(each, "seconds"), f"{mean(each, 'outside'):.2f}", f"{mean(each, 'epochs'):.0f}",
            f"{max(run['memory'] for run in each):,.0f}", str(lines(functions)), "yes" if same else "no"]


def mean(runs: Sequence[dict[str, Any]], what: str) -> float:
    """The mean over the seeds."""
    return statistics.fmean(run[what] for run in runs)


def spread(runs: Sequence[dict[str, Any]], what: str) -> str:
    """The median over the seeds, and the range."""
    values = sorted(run[what] for run in runs)
    middle = f"{statistics.median(values):.2f}"
    return middle if len(values) == 1 else f"{middle} ({values[0]:.2f} to {values[-1]:.2f})"


def bars(found: dict[Pair, list[dict[str, Any]]]) -> list[str]:
    """Every search with the network of its library, against ours of the same kind with our network."""
    own = [pair for pair in found if pair[1] == TUNERS[pair[0]].network]
    ours = {TUNERS[pair[0]].kind: pair for pair in own if TUNERS[pair[0]].library == OURS}
    text = []
    for pair in own:
        library, kind = TUNERS[pair[0]].library, TUNERS[pair[0]].kind
        if library != OURS and kind in ours:
            text += verdicts(pair[0], found[pair], ours[kind][0], found[ours[kind]])
    return text


def verdicts(name: str, theirs: list[dict[str, Any]], our_name: str, ours: list[dict[str, Any]]) -> list[str]:
    """Whether our search is faster by what is asked for, as good on the held-out digits, and needs less memory."""
    times = [statistics.median(run["seconds"] for run in runs[:-1]) for runs in (theirs, ours)]
    scores = [mean(runs[:-1], "held_out") for runs in (theirs, ours)]
    most = [max(run["memory"] for run in runs) for runs in (theirs, ours)]
    faster = FASTER.get(TUNERS[name].library)
    return [
        *([bar(f"seconds of {name} / {our_name}", times[0] / times[1], faster)] if faster else []),
        verdict(scores[1] >= scores[0], f"held-out accuracy of {our_name} {scores[1]:.4f}, of {name} {scores[0]:.4f}"),
        verdict(most[1] < most[0], f"memory of {our_name} {most[1]:.0f} MB, of {name} {most[0]:.0f} MB")]


def main() -> int:
    """Measure, print, and with --save write benchmarks/results/same_job.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.same_job", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"own networks only, one seed, {QUICK_TRIALS} trials")
    parser.add_argument("--tuners", nargs="+", choices=list(TUNERS), default=list(TUNERS), metavar="NAME",
                        help="; ".join(TUNERS))
    parser.add_argument("--own", action="store_true", help="each tuner with the network of its own library only")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--records", type=Path, default=RECORDS, help="the file that keeps every run")
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/same_job.md")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        harness.serve(answer)
        return 0
    before = harness.load()
    wanted = pairs(given.tuners, given.quick or given.own)
    skipped = {pair: package for pair in wanted if (package := missing(pair))}
    seeds, trials = (1, QUICK_TRIALS) if given.quick else (given.seeds, TRIALS)
    found = measure([pair for pair in wanted if pair not in skipped], seeds, trials, given.records)
    text = [f"{harness.machine()}; {before}; one core for each run.",
            f"{harness.versions('scratchtune', 'keras', 'keras-tuner', 'tensorflow-cpu', 'torch', 'optuna', 'ray')}, "
            f"{harness.versions('scikit-learn', 'hyperopt', 'smac').partition(', ')[2]}. {trials} trials, "
            f"{job_tuners.FOLDS} folds, at most {job_tuners.EPOCHS} epochs."]
    names = "; ".join(f"{tuner} with {network} ({package})" for (tuner, network), package in skipped.items())
    text += [f"Skipped, since the package in parentheses is not installed: {names}."] * bool(skipped)
    text.append(table(
        ("tuner", "network", "seeds", "best score", "held-out", "seconds (range)", "outside training", "epochs", "MB",
         "lines", "again"), [row(pair, runs) for pair, runs in found.items()], "llrrrrrrrrl"))
    text.append("\n".join(bars(found)))
    harness.report("The same job in each framework", "same_job", text, given.save)
    return 0


if __name__ == "__main__":
    sys.exit(main())
