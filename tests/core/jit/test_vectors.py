"""What the compiler's answer says about a processor; the same bits from processors of two kinds."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import llvmlite.binding
import pytest

from scratchtune.core.jit.vectors import processor

AVX2 = ",".join([*(f"+{name}" for name in "avx2 fma avx sse4.2 popcnt bmi bmi2 f16c".split()),
                 *(f"-avx512{name}" for name in "f vl bw dq cd".split())])
HASWELL = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": AVX2}
X86_64 = {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": ""}
FEATURES = llvmlite.binding.get_host_cpu_features()
HAS_AVX2 = bool(FEATURES.get("avx2") and FEATURES.get("fma"))
pytestmark = pytest.mark.needs_compiler

RESULTS = """
import hashlib, json
import numpy as np
import scratchtune as st
from scratchtune.core.jit.vectors import processor

def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()

X = np.random.default_rng(0).normal(size=(70, 12, 12, 1))
found = {"processor": processor()}
for dtype in ("float32", "float64"):
    layers = [st.Conv2D(5, 3, activation="tanh"), st.MaxPooling2D(2), st.Flatten(), st.Dense(33, activation="relu"),
              st.Dense(3, activation="softmax")]
    model = st.Sequential(layers, dtype=dtype, seed=3)
    model.build((None, 12, 12, 1))
    found[dtype] = digest(model.predict(X))

def objective(trial):
    return (trial.params["x"] - 0.3) ** 2 + abs(trial.params["y"]) ** 1.5

for model in ("gp", "tpe"):
    study = st.Study({"x": st.Float(-1, 1), "y": st.Float(-1, 1)}, st.BayesianSearch(model=model), seed=5)
    study.run(objective, 25)
    found[model] = digest(np.array([list(trial.params.values()) for trial in study.trials]))
print(json.dumps(found))
"""


def _results(**environment: str) -> dict[str, object]:
    run = subprocess.run([sys.executable, "-c", RESULTS], capture_output=True, text=True,
                         env={**os.environ, **environment})
    assert run.returncode == 0, run.stderr
    return dict(json.loads(run.stdout))


@pytest.fixture(scope="module")
def here() -> dict[str, object]:
    """The results of this processor as it is."""
    return _results()


@pytest.mark.skipif("NUMBA_CPU_NAME" in os.environ or "NUMBA_CPU_FEATURES" in os.environ, reason="not the host's code")
@pytest.mark.skipif(not FEATURES.get("sse2"), reason="not an x86 processor")
def test_the_assembly_tells_what_the_processors_flags_tell() -> None:
    length = 64 if FEATURES.get("avx512f") else 32 if FEATURES.get("avx") else 16
    assert processor() == (length, length == 64, bool(FEATURES.get("fma")))


@pytest.mark.slow
@pytest.mark.skipif(not HAS_AVX2, reason="the processor has no AVX2 with fused multiply-adds")
def test_predictions_and_gaussian_processes_have_the_same_bits_with_vectors_of_other_lengths(
    here: dict[str, object],
) -> None:
    avx2 = _results(**HASWELL)
    assert avx2["processor"] == [32, False, True]
    assert avx2 | {"processor": None} == here | {"processor": None}


@pytest.mark.slow
@pytest.mark.skipif(not FEATURES.get("sse4.2"), reason="not an x86 processor")
def test_without_fused_multiply_adds_the_last_bits_differ_but_not_those_of_tpe(here: dict[str, object]) -> None:
    oldest = _results(**X86_64)
    assert oldest["processor"] == [16, False, False]
    assert oldest["tpe"] == here["tpe"]
    if HAS_AVX2:
        assert oldest["float32"] != here["float32"] and oldest["float64"] != here["float64"]
