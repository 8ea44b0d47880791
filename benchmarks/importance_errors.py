"""How far are importances from the exact variance decomposition of known functions, ours and Optuna's?

Ishigami's function, Sobol's g and a sum have a known decomposition. Each is evaluated in 200 trials, of random search
and of `BayesianSearch`, which minimises and so concentrates its trials; all methods get the same trials.
An error is the largest absolute difference of the share of a main effect, or of a pair where there are pairs, from the
known one.
PED-ANOVA answers another question (what matters for being among the best tenth?), and mean decrease in impurity
assigns interactions to parameters: their errors say how far their answers are from shares of the variance, and not
that they are wrong. Optuna's fANOVA returns shares of the whole variance here (``normalize=False``), as ours are; the
shares of its other two sum to 1 over the parameters.

The bar of 0.05 is missed from BayesianSearch's trials on Sobol's g: most of them have the first parameter near its
minimum, so the process extrapolates in the rest of the range. Errors there vary much by seed: with the seeds 0 to 3,
which were used in development, the largest were 0.025 to 0.128.
"""

from __future__ import annotations

import itertools
import warnings
from argparse import Namespace
from collections.abc import Callable
from typing import Any

import numpy as np
from tqdm import tqdm

import scratchtune as st
from benchmarks.common import harness
from benchmarks.common.benchmark import Benchmark, count
from scratchtune import checks

TRIALS, SEEDS, QUICK_SEEDS, PEER_SEEDS, BAR = 200, 10, 2, 3, 0.05
TREES = 64  # of each forest, ours and Optuna's
FIRST_SEED = 100  # the methods were developed with lower seeds
G = np.array([0.0, 1.0, 4.5, 9.0, 99.0, 99.0])
PEERS = ("FanovaImportanceEvaluator", "PedAnovaImportanceEvaluator", "MeanDecreaseImpurityImportanceEvaluator")
HEADINGS = ("ours", "ours: process", "ours: forest", "ours: PED-ANOVA", "Optuna fANOVA", "Optuna PED-ANOVA",
            "Optuna mean decrease")

Truth = dict[Any, float]


# Functions on the unit cube ------------------------------------------------------------------------------------------


def ishigami(u: np.ndarray) -> float:
    """Ishigami's function with a = 7, b = 0.1."""
    x, y, z = np.pi * (2.0 * u - 1.0)
    return float(np.sin(x) + 7.0 * np.sin(y) ** 2 + 0.1 * z**4 * np.sin(x))


def sobol_g(u: np.ndarray) -> float:
    """Sobol's g function of six parameters."""
    return float(np.prod((np.abs(4.0 * u - 2.0) + G) / (1.0 + G)))


def additive(u: np.ndarray) -> float:
    """A sum of a line, half a wave, an exponential, a parabola and nothing."""
    return float(3.0 * u[0] + 2.0 * np.sin(np.pi * u[1]) + np.exp(u[2]) + 2.0 * (u[3] - 0.5) ** 2)


def ishigami_truth() -> Truth:
    """The shares of Ishigami's function (Saltelli et al. 2008, "Global sensitivity analysis")."""
    first, second = 0.5 * (1.0 + 0.1 * np.pi**4 / 5.0) ** 2, 49.0 / 8.0
    both = 0.01 * np.pi**8 * (1.0 / 18.0 - 1.0 / 50.0)
    total = first + second + both
    return _filled({0: first / total, 1: second / total, (0, 2): both / total}, 3)


def sobol_truth() -> Truth:
    """The shares of Sobol's g: the variance of each factor is 1 / (3 (1 + a)²), its mean is 1."""
    variance = 1.0 / (3.0 * (1.0 + G) ** 2)
    total = float(np.prod(1.0 + variance) - 1.0)
    main = {j: float(one / total) for j, one in enumerate(variance)}
    return _filled(main | {(j, k): float(variance[j] * variance[k] / total)
                           for j, k in itertools.combinations(range(6), 2)}, 6)


def additive_truth() -> Truth:
    """The shares of the sum, by the variances of its terms."""
    variances = np.array([9.0 / 12.0, 4.0 * (0.5 - 4.0 / np.pi**2), (np.e**2 - 1.0) / 2.0 - (np.e - 1.0) ** 2,
                          4.0 * (1.0 / 80.0 - 1.0 / 144.0), 0.0])
    return _filled({j: float(one / variances.sum()) for j, one in enumerate(variances)}, 5)


def _filled(known: Truth, d: int) -> Truth:
    """The shares, with 0 for all others."""
    return {key: known.get(key, 0.0) for key in (*range(d), *itertools.combinations(range(d), 2))}


FUNCTIONS: dict[str, tuple[Callable[[np.ndarray], float], Truth]] = {
    "Ishigami": (ishigami, ishigami_truth()), "Sobol's g": (sobol_g, sobol_truth()),
    "a sum": (additive, additive_truth())}


# Measuring -----------------------------------------------------------------------------------------------------------


Found = dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]


def study_of(function: Callable[[np.ndarray], float], d: int, searcher: str, seed: int) -> st.Study:
    """A study of a function, whose values are minimised."""
    study = st.Study({f"x{j}": st.Float(0.0, 1.0) for j in range(d)}, searcher=searcher, seed=seed)
    return study.run(lambda trial: function(np.array(list(trial.params.values()))), n_trials=TRIALS, progress=False)


def errors(study: st.Study, truth: Truth) -> list[float]:
    """The largest error of each of our methods; the last item is the share of intervals that contain the known share.

    The default method is one of the two models, so it is not computed again.
    """
    names: Truth = {key: f"x{key}" if isinstance(key, int) else tuple(f"x{j}" for j in key) for key in truth}

    def largest(shares: st.insight.Importance) -> float:
        return max(abs(shares[names[key]] - share) for key, share in truth.items() if names[key] in shares)

    chosen = st.insight.importance(study, n_trees=TREES)
    is_process = bool(chosen.interval)
    other = st.insight.importance(study, method="fanova-forest" if is_process else "fanova-gp", n_trees=TREES)
    process, forest = (chosen, other) if is_process else (other, chosen)
    inside = [process.interval[names[key]][0] - 0.005 <= share <= process.interval[names[key]][1] + 0.005
              for key, share in truth.items()]
    ped = st.insight.importance(study, method="ped-anova")
    return [*(largest(shares) for shares in (chosen, process, forest, ped)), float(np.mean(inside))]


def peer_errors(study: st.Study, truth: Truth) -> list[float]:
    """The largest error of a main effect, of each of Optuna's evaluators."""
    return [max(abs(shares[f"x{key}"] - share) for key, share in truth.items() if isinstance(key, int))
            for shares in peers(study)]


def peers(study: st.Study) -> list[dict[str, float]]:
    """Optuna's importances from the same trials."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    peer = optuna.create_study()
    distributions = {name: optuna.distributions.FloatDistribution(0.0, 1.0) for name in study.space.names}
    peer.add_trials([optuna.create_trial(params=trial.params, distributions=distributions, value=trial.value)
                     for trial in study.trials])
    found = []
    for name in PEERS:
        evaluator = getattr(optuna.importance, name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one = evaluator() if name.startswith("Ped") else evaluator(n_trees=TREES, seed=0)
            found.append(optuna.importance.get_param_importances(peer, evaluator=one, normalize="Fanova" not in name))
    return found


def measure(given: Namespace) -> Found:
    """Our errors (seeds, 5) and Optuna's (seeds, 3), by function and searcher."""
    seeds = QUICK_SEEDS if given.quick else given.seeds
    jobs, found = list(itertools.product(FUNCTIONS, ("random", "bayesian"))), {}
    with tqdm(total=len(jobs) * seeds, desc="studies", disable=None) as progress:
        for key, searcher in jobs:
            function, truth = FUNCTIONS[key]
            ours, others = [], []
            for seed in range(seeds):
                d = sum(isinstance(one, int) for one in truth)
                study = study_of(function, d, searcher, FIRST_SEED + seed)
                ours.append(errors(study, truth))
                if seed < PEER_SEEDS:
                    others.append(peer_errors(study, truth))
                progress.update()
            found[key, searcher] = np.array(ours), np.array(others)
    return found


# Report --------------------------------------------------------------------------------------------------------------


def report(measured: Found, given: Namespace) -> list[str]:
    """A line for each function and searcher, and the bars."""
    rows, lines = [], []
    for (key, searcher), (found, others) in measured.items():
        rows.append([f"{key}, {searcher}",
                     *(f"{one.mean():.3f} ({one.max():.3f})" for one in (*found.T[:-1], *others.T)),
                     f"{found[:, -1].mean():.0%}"])
        lines.append(harness.bar(f"{key}, {searcher}: largest error of any share and seed", found[:, 0].max(), BAR, "",
                                 at_most=True, digits=3))
    return [
        f"{TRIALS} trials each; {checks.counted(QUICK_SEEDS if given.quick else given.seeds, 'seed')} from "
        f"{FIRST_SEED} on, higher than those of the methods' development; Optuna's evaluators only on the "
        f"first {PEER_SEEDS} of them; {TREES} trees in each forest. "
        "Largest absolute error of a share of the variance: mean over the seeds, and the largest in brackets. Ours are "
        "over main effects and pairs, except for PED-ANOVA; Optuna's over main effects, since it has no pairs. "
        "Covered: how many of the Gaussian process's 95 % intervals contain the known share, to 0.005.",
        harness.table(["function, searcher", *HEADINGS, "covered"], rows),
        "PED-ANOVA answers another question, what matters for being among the best tenth, and mean decrease assigns "
        "interactions to parameters: so their differences from shares of the variance are no faults.",
        "\n".join(lines)]


BENCHMARK = Benchmark(
    "Errors of importances", measure, report, ("optuna", "scikit-learn"), quick=f"{QUICK_SEEDS} seeds",
    options={"--seeds": {"type": count, "default": SEEDS, "help": f"how many seeds ({SEEDS})"}})
