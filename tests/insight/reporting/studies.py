"""Studies that the tests of the report show."""

from __future__ import annotations

import math
from collections.abc import Sequence

import scratchtune as st

HOSTILE_NAME = '"><img src=x onerror=alert(1)>'
HOSTILE_SPACE = {
    "<script>alert(1)</script>": st.Float(0.0, 1.0), "a & b": ["x\ny", "</script><b>", "\u2028line", "\u202eright"],
    "value": st.Int(1, 5), "state": ["complete", "seconds"], "seconds": ["p", "q"]}
SPACE = {
    "learning_rate": st.Float(1e-5, 1e-1, log=True), "batch_size": st.Int(8, 256, log=True),
    "dropout": st.Float(0.0, 0.6), "layers": st.Int(1, 6), "units": st.Int(16, 512, step=16),
    "activation": ["relu", "tanh", "gelu"], "optimizer": ["sgd", "adam"],
    "momentum": st.Float(0.0, 0.99, when={"optimizer": ["sgd"]}),
    "beta_2": st.Float(0.9, 0.9999, when={"optimizer": ["adam"]}), "weight_decay": st.Float(1e-6, 1e-1, log=True)}


def network(trial: st.Trial) -> float | None:
    """A loss that depends on the parameters; some trials fail, and some are stopped."""
    params, chance = trial.params, (trial.number * 0.6180339887) % 1.0
    if chance < 0.05:
        raise RuntimeError("out of memory <b>here</b>")
    loss = 0.3 + 0.1 * (math.log10(params["learning_rate"]) + 2.7) ** 2 + 0.1 * params["dropout"] + 0.02 * chance
    for step in range(1, 6):
        trial.report(loss + math.exp(-step * (0.5 + chance)), step)
        if trial.should_stop():
            return None
    return loss


def network_study(trials: int, name: str = "network", seed: int = 0, names: Sequence[str] = tuple(SPACE)) -> st.Study:
    """A study of ten parameters or those of ``names``, some conditional, with complete, failed and stopped trials."""
    stopping = st.MedianStopping(warmup=20, first_step=3)
    return st.Study({one: SPACE[one] for one in names}, "random", seed=seed, stopping=stopping, name=name).run(
        network, trials, progress=False)


def hostile_study(trials: int = 30) -> st.Study:
    """A study whose names, choices and errors are markup."""
    def objective(trial: st.Trial) -> float:
        if trial.number % 7 == 3:
            raise ValueError("<b>bad</b>\n\u2028 </script>")
        return trial.params["value"] + trial.params["<script>alert(1)</script>"]

    return st.Study(HOSTILE_SPACE, "random", name=HOSTILE_NAME).run(objective, trials, progress=False)
