"""jit: literals that follow the arrays, kernels called by address, and a cache on disk that notices every edit."""

from __future__ import annotations

import configparser
import importlib.machinery
import json
import os
import runpy
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
import time
import types
from collections import namedtuple
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from numba import literal_unroll as unroll
from numba.core import caching, serialize
from numba.core.ccallback import CFunc

import scratchtune
from scratchtune import jit
from scratchtune.core.jit import cache, first_run, numba_internals
from scratchtune.core.jit.functions import settled

PACKAGE = Path(scratchtune.__file__).resolve().parent

@pytest.fixture
def slow() -> Callable[[Any, int], Any]:
    """A compiled function that returns two arrays after some time, not called yet."""

    @jit.function
    def two(x, n):
        for i in range(n):
            x[0] += np.sin(i)
        return x + 1.0, x

    return two


# What a numba function gives for the types it is called with ----------------------------------------------------------

HALF = 0.5


@jit.function
def literals(x):
    return HALF * x[0] + 0.25 * (1.0 - x[1])


@jit.function
def fill(x, out):
    third = 1.0 / 3.0
    for i in range(x.size):
        out[i] = x[i] * third if x[i] > 0.0 else 2.0


@jit.function
def widened(x, factor):
    return x[0] * factor


def test_literals_are_as_narrow_as_the_arrays() -> None:
    """The result is a float32, though numba hands it over as Python's float; computed in float64 it would be none."""
    for dtype, narrow in [(np.float32, True), (np.float64, False)]:
        x = np.array([0.1, 0.3], dtype)
        result, plain = float(literals(x)), jit.plain(literals)(x)
        assert plain.dtype == dtype and result == pytest.approx(float(plain), rel=1e-6)
        assert (float(np.float32(result)) == result) == narrow


def test_whole_array_expressions_are_compiled_in_float32_too() -> None:
    """`0.5 * x + 1.0` on arrays, as a layer of one's own would write it."""

    @jit.function
    def affine(x, y):
        y[:] = 0.5 * x + 1.0

    y = np.zeros(2, np.float32)
    affine(np.array([1.0, 3.0], np.float32), y)
    assert y.tolist() == [1.5, 2.5]


@pytest.mark.needs_compiler  # in plain Python a float beside a float32 is weak
def test_a_float64_argument_keeps_its_precision() -> None:
    x = np.array([1.0], np.float32)
    assert float(widened(x, 0.1)) == 0.1


def test_nan_and_infinity_keep_their_meaning() -> None:
    @jit.function
    def kinds(x):
        return np.isnan(x[0]), np.isinf(x[1]), x[0] == x[0], np.isfinite(x[2])

    assert tuple(bool(answer) for answer in kinds(np.array([np.nan, np.inf, 1.0]))) == (True, True, False, True)


def test_the_plain_function_is_still_there() -> None:
    def f(x):
        return x + 1.0

    compiled = jit.function(f)
    assert jit.plain(compiled) is f and jit.plain(f) is f and compiled(1.0) == f(1.0) == 2.0


@pytest.mark.needs_compiler
def test_float32_is_computed_in_float32_throughout() -> None:
    """No conversion to double is left in the machine's code."""
    x, out = np.array([0.1, -1.0], np.float32), np.zeros(2, np.float32)
    fill(x, out)
    assert (out == np.array([x[0] * np.float32(1 / 3), 2.0], np.float32)).all()
    code = next(code for signature, code in fill.inspect_llvm().items() if "float32" in str(signature))
    assert "fpext" not in code


@jit.function
def scaled(x, factor):
    return x[0] * factor


@jit.function
def scaled_twice(x):
    return scaled(x, 2) + scaled(x, 3)


@pytest.mark.needs_compiler
def test_literal_arguments_share_one_compiled_form_which_python_does_not_call() -> None:
    x = np.array([1.5])
    assert scaled_twice(x) == 7.5
    for factor in (2, 3):  # again, since the sum may have been loaded from the cache as a whole
        scaled.callee.get_call_template([numba.typeof(x), numba.types.literal(factor)], {})
    assert len(scaled.callee.overloads) == 1 and not scaled.overloads
    assert scaled(x, 2) == 3.0 and len(scaled.overloads) == 1


def total(x):
    result = x[0]
    for i in range(1, x.size):
        result += x[i]
    return result


@jit.function
def doubled(x):
    def double(number):
        return 2.0 * number

    return np.array([double(number) for number in x])


def test_closures_and_comprehensions_are_compiled() -> None:
    assert doubled(np.array([1.0, 2.5])).tolist() == [2.0, 5.0]


@jit.inlined
def first_or_self(x):
    if isinstance(x, float):
        return x
    return x[0]


@jit.function
def first_plus_one(x):
    return first_or_self(x) + 1.0


@jit.function
def sum_of_mixed(numbers):
    result = 0.0
    for number in unroll(numbers):
        result += number
    return result


@jit.function
def larger(a, b):
    return max(a, b)


@jit.function
def maximum(x):
    return reduce(larger, x)


def test_passes_of_numba_that_few_functions_need() -> None:
    """A type that is asked for in an inlined function, a loop over a tuple of several types, and `reduce`."""
    assert first_plus_one(1.5) == first_plus_one(np.array([1.5])) == 2.5
    assert sum_of_mixed((1, 2.5)) == 3.5
    assert maximum(np.array([1.0, 3.0, 2.0])) == 3.0


@pytest.mark.needs_compiler
def test_one_function_compiled_in_two_ways_has_two_entries_in_the_cache() -> None:
    """In order each 1 is lost beside 2^24; in partial sums it is not. The second way must not load the first one."""
    ones = np.ones(64, np.float32)
    ones[0] = 2**24
    in_order, in_any_order = jit.function_in_order(total), jit.function(total)
    for _ in range(2):
        assert in_order(ones) == 2**24
        assert in_any_order(ones) > 2**24
        in_any_order, in_order = jit.function(total), jit.function_in_order(total)  # these load from the cache


# What is in the cache, in this process --------------------------------------------------------------------------------

ONE_FUNCTION = """
from scratchtune import jit

TERM = 1.0


@jit.function
def added(x):
    return x + TERM


@jit.function
def added_twice(x):
    return added(added(x))
"""


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Import a module with this text; the next text overwrites its file, but not the module."""
    count = iter(range(100))

    def imported(text: str) -> Any:
        file = tmp_path / "edited.py"
        file.write_text(text)
        loader = importlib.machinery.SourceFileLoader(f"edited_{next(count)}", str(file))
        module = types.ModuleType(loader.name)
        monkeypatch.setitem(sys.modules, loader.name, module)
        exec(loader.source_to_code(file.read_bytes(), str(file)), vars(module))
        return module

    return imported


def _files(compiled: Any) -> list[Path]:
    return sorted(Path(compiled.stats.cache_path).glob("*.nbc"))


def test_what_is_cached_is_what_runs_not_what_the_file_says(load: Any) -> None:
    """Both modules have one file, which is edited before the first one's functions are compiled."""
    old, new = load(ONE_FUNCTION), load(ONE_FUNCTION.replace("x + TERM", "x * 100.0"))
    assert old.added_twice(1.0) == 3.0 and new.added_twice(1.0) == 10000.0
    assert load(ONE_FUNCTION).added_twice(1.0) == 3.0


@pytest.mark.needs_compiler
def test_a_constant_that_was_assigned_between_two_compilations(load: Any) -> None:
    module = load(ONE_FUNCTION)
    assert module.added(1.0) == 2.0
    module.TERM = 5.0
    assert module.added(1) == 6.0 and module.added(1.0) == 2.0
    module.added.recompile()
    assert module.added(1.0) == 6.0
    assert load(ONE_FUNCTION).added(1) == 2.0


plus_one, doubled_too = jit.function(lambda x: x + 1.0), jit.function(lambda x: x * 2.0)


@pytest.mark.needs_compiler
def test_two_functions_on_one_line_have_a_file_each() -> None:
    assert plus_one(10.0) == 11.0 and doubled_too(10.0) == 20.0
    assert all(numba_internals.is_on_disk(compiled, (numba.float64,)) for compiled in (plus_one, doubled_too))


@jit.function
def field_x(point):
    return point.x


def test_two_types_of_one_name_have_a_file_each() -> None:
    for names in ("x y", "y x"):
        assert field_x(namedtuple("P", names)(1.0, 2.0)) == 1.0 + names.index("x") / 2


@jit.function
def applied(f, x):
    return f(x)


@pytest.mark.needs_compiler
def test_a_function_as_an_argument_is_not_cached() -> None:
    assert applied(plus_one, 1.0) == 2.0 and applied(doubled_too, 1.0) == 2.0
    assert not [file for file in _files(applied) if ".applied-" in file.name]


@pytest.mark.needs_compiler
@pytest.mark.parametrize("damage", [lambda data: data[:64], lambda data: data[:200], lambda data: b"",
                                    lambda data: data[:1000] + bytes(1000) + data[2000:]])
def test_a_damaged_file_is_written_again(load: Any, damage: Callable[[bytes], bytes]) -> None:
    compiled = load(ONE_FUNCTION).added
    assert compiled(1.0) == 2.0
    (file,) = _files(compiled)
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert load(ONE_FUNCTION).added(1.0) == 2.0
    assert _files(compiled) == [file] and len(file.read_bytes()) > 2000
    again = load(ONE_FUNCTION).added
    assert again(1.0) == 2.0 and again.stats.cache_hits


@pytest.mark.needs_compiler
def test_a_folder_that_is_deleted_meanwhile_costs_one_warning(load: Any) -> None:
    module = load(ONE_FUNCTION)
    shutil.rmtree(module.added.stats.cache_path)
    with pytest.warns(UserWarning, match="compiled code can't be written to .*: No such file or directory"):
        assert module.added_twice(1.0) == 3.0


@jit.function
def wrapped(a, b):
    return jit.wrapped_sum(a, b), jit.wrapped_product(a, b)


def test_wrapped_arithmetic_of_integers_of_two_widths() -> None:
    for a, b in [(np.uint64(2**64 - 1), np.int32(2)), (np.uint32(2), np.uint64(2**64 - 1))]:
        assert wrapped(a, b) == (1, 2**64 - 2)


@pytest.mark.needs_compiler
def test_wrapped_arithmetic_of_floats_is_refused() -> None:
    with pytest.raises(numba.TypingError):
        wrapped(1.0, 2.0)


# Kernels --------------------------------------------------------------------------------------------------------------


@jit.update
def halve(theta, grad, slots, settings, rate, step):
    for i in range(theta.size):
        theta[i] = theta[i] * rate + step


@jit.loop
def call_it(kernel, theta, grad, slots, settings, rate, step):
    jit.call(kernel, (theta, grad, slots, settings, rate, step))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_kernel_is_called_by_its_address(dtype: str) -> None:
    theta, slots = np.array([2.0, 4.0], dtype), np.zeros((1, 2), dtype)
    call_it(halve.compiled(dtype), theta, theta.copy(), slots, np.zeros(1), 0.5, 1)
    assert theta.tolist() == [2.0, 3.0]
    halve(theta, theta, slots, np.zeros(1), 0.5, 0)  # the same, as plain Python
    assert theta.tolist() == [1.0, 1.5]
    assert halve.compiled(dtype) == halve.compiled(np.dtype(dtype)) and halve.is_ready(dtype)
    assert len(jit.table([halve, halve], dtype)) == 2


def test_a_kernel_of_other_arguments_is_refused() -> None:
    with pytest.raises(TypeError, match=r"f has the arguments \(theta, grad\); a update kernel must have \(theta"):

        @jit.update
        def f(theta, grad):
            theta[:] = grad


def test_preparing_says_how_much_is_missing_and_nothing_where_nothing_is(capsys: Any) -> None:
    done: list[str] = []
    ready = jit.Job("a", lambda: True, lambda: done.append("a"))
    missing = jit.Job("b", lambda: False, lambda: done.append("b"))
    jit.prepare([ready])
    assert capsys.readouterr().err == "" and done == ["a"]
    jit.prepare([ready, missing])
    assert capsys.readouterr().err.startswith("scratchtune: compiling 1 kernel for this processor\n")


def test_the_longest_job_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    short, unknown = jit.plain(scaled), None
    jobs = [jit.Job(str(source), lambda: False, lambda source=source: done.append(source), None, source)
            for source in (unknown, short, jit.plain(scaled_twice))]
    monkeypatch.setattr(first_run, "compile_side_by_side", lambda jobs, update: done.extend(job.source for job in jobs))
    jit.prepare(jobs)
    assert done[:3] == [jit.plain(scaled_twice), short, unknown]


# Other processes ------------------------------------------------------------------------------------------------------


def _start(script: str, *folders: Path, **environment: str) -> subprocess.Popen[str]:
    """Run a script in a new process, which finds modules in ``folders`` first."""
    path = os.pathsep.join(map(str, [*folders, PACKAGE.parent]))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    return subprocess.Popen(
        [sys.executable, "-P", "-c", textwrap.dedent(script)], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**kept, "PYTHONPATH": path, **environment})


def _finish(process: subprocess.Popen[str]) -> tuple[str, str]:
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out.strip(), err


def _run(script: str, *folders: Path, **environment: str) -> tuple[str, str]:
    return _finish(_start(script, *folders, **environment))


TRAINING = """
    import json
    import numpy as np
    import scratchtune as st
    from scratchtune import jit

    X, y = np.random.default_rng(0).normal(size=(11, 3)), np.arange(11) % 3
    found = {}
    for dtype in ("float64", "float32"):
        layers = [st.Dense(5, "gelu"), st.Dropout(0.3), st.Dense(17, "relu"), st.Dense(3, "softmax")]
        model = st.Sequential(layers, dtype, 4)
        model.compile(st.Adam(0.01, weight_decay=0.01), "categorical_crossentropy", ["accuracy"], st.L1L2(1e-3, 1e-3))
        history = model.fit(X, y, batch_size=4, epochs=4, validation_split=0.2)
        assert model.theta.dtype == model.predict(X).dtype == dtype
        found[dtype] = [model.theta.tolist(), model.gradient(X, y).tolist(), history.history["val_loss"]]
    print(json.dumps({"compiled": not jit.DISABLED, **found}))
"""


@pytest.mark.slow
def test_without_the_compiler_the_numbers_are_the_same_and_a_later_process_compiles_nothing() -> None:
    warm = _start(TRAINING)
    plain = json.loads(_run(TRAINING, NUMBA_DISABLE_JIT="1")[0])
    compiled = json.loads(_finish(warm)[0])
    again, messages = _run(TRAINING)
    assert compiled["compiled"] and not plain["compiled"]
    assert json.loads(again) == compiled and "compiling" not in messages, messages
    for dtype, tolerance in [("float64", 1e-12), ("float32", 1e-4)]:
        for a, b in zip(plain[dtype], compiled[dtype], strict=True):
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance / 100)


def test_without_the_compiler_there_are_no_warnings_of_numpy_either() -> None:
    """Counters that wrap around are meant to; a learner in the debugger should not have to wonder."""
    _run(TRAINING.replace("epochs=4", "epochs=1"), NUMBA_DISABLE_JIT="1", PYTHONWARNINGS="error::RuntimeWarning")


PREDICTION = """
    import numpy as np
    import scratchtune as st

    model = st.Sequential([st.Dense(17, kernel_initializer="ones")], dtype="float64")
    model.build((None, 2))
    print(st.__file__)
    print(model.program.outputs(np.array([[1.0, 2.0]]))[0, 0])
"""


@pytest.mark.slow
def test_an_edit_of_the_tile_changes_the_next_run(tmp_path: Path) -> None:
    """In a copy of the package; the tile is part of the dense layer's kernel, which is in another file."""
    shutil.copytree(PACKAGE, tmp_path / "scratchtune", ignore=shutil.ignore_patterns("__pycache__"))
    file = tmp_path / "scratchtune" / "core" / "jit" / "tile.py"
    found = []
    for old, new in [("", ""), ("multiply_add(a[row], b[v],", "multiply_add(a[row], builder.fadd(b[v], b[v]),")]:
        source = file.read_text()
        assert old in source
        file.write_text(source.replace(old, new) if old else source)
        where, number = _run(PREDICTION, tmp_path)[0].splitlines()
        assert where.startswith(str(tmp_path))
        found.append(float(number))
    assert found == [3.0, 6.0]


OWN_LAYER = """
import scratchtune as st
from scratchtune import jit
import far
from near import nearly


@jit.forward
def own_forward(integers, reals, theta, state, x, y, work, training, step, key):
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[i, j] = 1.0 * x[i, j] + nearly(x[i, j]) + far.distant(x[i, j])


@jit.backward
def own_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    dx[:, :] = dy


class Own(st.Layer):
    forward, backward = own_forward, own_backward

    def build(self, input_shape):
        return input_shape
"""
NEAR = """
from scratchtune import jit
from deep import deeper


@jit.function
def nearly(x):
    return 0.0 * x + deeper(x)
"""
DEEP = """
from scratchtune import jit


@jit.function
def deeper(x):
    return 0.0 * x
"""
USE = """
    import numpy as np
    from own import Own, st
    model = st.Sequential([Own()], dtype="float64")
    model.build((None, 1))
    print(model.predict([[1.0]])[0, 0])
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with a layer of one's own and the files that it imports."""
    sources = {"own": OWN_LAYER, "near": NEAR, "deep": DEEP, "far": DEEP.replace("deeper", "distant")}
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source)
    return tmp_path


@pytest.mark.slow
def test_every_edit_of_a_layer_of_ones_own_changes_the_next_run(own: Path) -> None:
    """Two processes may come first at once. Then each edit of what the kernel computes adds a digit of its own."""
    both = [_start(USE, own), _start(USE, own)]
    first = [_finish(process) for process in both]
    assert [float(out) for out, _ in first] == [1.0, 1.0]
    assert any("compiling" in messages for _, messages in first)
    for file, old, new, number in [
        ("own.py", "y[i, j] = 1.0 *", "y[i, j] = 2.0 *", 2.0),  # the kernel itself
        ("deep.py", "return 0.0 * x", "return 10.0 * x", 12.0),  # a function that is called by one that it calls
        ("far.py", "return 0.0 * x", "return 100.0 * x", 112.0),  # a function of a module, far.distant(x)
    ]:
        source = (own / file).read_text()
        assert source.count(old) == 1
        (own / file).write_text(source.replace(old, new))
        assert float(_run(USE, own)[0]) == number


SWAPPED = """
from scratchtune import jit
from numbers_of_mine import A, B


@jit.function
def f(x):
    return A * x - B
"""


@pytest.mark.slow
def test_two_constants_that_change_places_are_noticed(tmp_path: Path) -> None:
    (tmp_path / "swapped.py").write_text(SWAPPED)
    found = []
    for constants in ("A, B = 2.0, 5.0", "A, B = 5.0, 2.0"):
        (tmp_path / "numbers_of_mine.py").write_text(constants)
        found.append(float(_run("import swapped\nprint(swapped.f(1.0))", tmp_path, PYTHONDONTWRITEBYTECODE="1")[0]))
    assert found == [-3.0, 3.0]


REACHING = """
from scratchtune import jit


@jit.function
def reach(x, i):
    return x[i]
"""


@pytest.mark.slow
def test_code_that_checks_bounds_is_cached_apart(tmp_path: Path) -> None:
    """After a run without the check, one with it finds the access beyond the end, and the other way round."""
    (tmp_path / "reaching.py").write_text(REACHING)
    script = """
    import numpy as np
    from reaching import reach
    try:
        reach(np.zeros(9)[:3], 3)
        print("not seen")
    except IndexError:
        print("seen")
    """
    found = [_run(script, tmp_path, **env)[0] for env in ({}, {"NUMBA_BOUNDSCHECK": "1"}, {})]
    assert found == ["not seen", "seen", "not seen"]


CALLED = """
from scratchtune import jit


@jit.function
def doubled(x):
    return 2.0 * x


@jit.function
def quadrupled(x):
    return doubled(doubled(x))
"""


@pytest.mark.slow
def test_the_form_that_compiled_code_calls_is_cached_apart(tmp_path: Path) -> None:
    """Python can't call it: were it loaded for the other one, the second run would crash."""
    (tmp_path / "called.py").write_text(CALLED)
    for name, number in [("quadrupled", 4.0), ("doubled", 2.0), ("quadrupled", 4.0)]:
        assert float(_run(f"import called\nprint(called.{name}(1.0))", tmp_path)[0]) == number
    assert len(list(tmp_path.rglob("called.doubled*.nbc"))) == 2


@pytest.mark.slow
def test_a_file_that_was_imported_is_run_where_it_can_not_be_imported(tmp_path: Path) -> None:
    (tmp_path / "called.py").write_text(CALLED)
    script = f"import runpy\nprint(runpy.run_path({str(tmp_path / 'called.py')!r})['doubled'](1.0))"
    assert float(_run("import called\nprint(called.doubled(1.0))", tmp_path)[0]) == float(_run(script)[0]) == 2.0


def _cached(folder: Path) -> list[str]:
    """The kernels of one's own that are cached somewhere in a folder."""
    return sorted(file.name.split("-")[0] for file in folder.rglob("own.own_*.nbc"))


@pytest.mark.slow
def test_a_folder_that_can_not_be_written_falls_back_to_the_users_cache(own: Path, tmp_path: Path) -> None:
    """A file named __pycache__ keeps even root from making that folder."""
    (own / "__pycache__").write_text("")
    home = tmp_path / "cache"
    assert float(_run(USE, own, XDG_CACHE_HOME=str(home), PYTHONDONTWRITEBYTECODE="1")[0]) == 1.0
    assert _cached(home / "scratchtune") == ["own.own_backward", "own.own_forward"]
    assert "compiling" not in _run(USE, own, XDG_CACHE_HOME=str(home), PYTHONDONTWRITEBYTECODE="1")[1]


@pytest.mark.slow
def test_without_any_folder_it_is_a_private_temporary_one(own: Path, tmp_path: Path) -> None:
    (own / "__pycache__").write_text("")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    out, _ = _run(USE, own, XDG_CACHE_HOME=str(own / "own.py"), TMPDIR=str(temporary), PYTHONDONTWRITEBYTECODE="1")
    private = [folder for folder in temporary.iterdir() if folder.name.startswith("scratchtune-")]
    assert float(out) == 1.0 and len(private) == 1
    assert stat.S_IMODE(private[0].stat().st_mode) == 0o700
    assert _cached(private[0]) == ["own.own_backward", "own.own_forward"]


def test_the_folder_numba_was_told_comes_first(own: Path, tmp_path: Path) -> None:
    told = tmp_path / "told"
    assert float(_run("import near\nprint(near.nearly(1.0) + 1.0)", own, NUMBA_CACHE_DIR=str(told))[0]) == 1.0
    assert list(told.rglob("near.nearly*.nbc")) and not list(own.rglob("__pycache__/near.nearly*.nbc"))


def test_a_package_folder_that_is_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The choice of a folder by itself, where the one beside the source refuses to be written."""
    real = cache.tempfile.TemporaryFile

    def refused(*arguments: Any, dir: Any = None, **settings: Any) -> Any:
        if Path(dir).name == "__pycache__":
            raise PermissionError(f"read-only: {dir}")
        return real(*arguments, dir=dir, **settings)

    monkeypatch.setattr(cache.tempfile, "TemporaryFile", refused)
    monkeypatch.setattr(cache.config, "CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    source = tmp_path / "site-packages" / "part.py"
    source.parent.mkdir()
    found = cache.cache_folder.__wrapped__(source)
    assert found.is_dir() and found.parent == tmp_path / "home" / "scratchtune"
    assert found.name.startswith("site-packages-")
    other = tmp_path / "elsewhere" / "site-packages" / "part.py"
    other.parent.mkdir(parents=True)
    assert cache.cache_folder.__wrapped__(other) != found


# Numba's versions -----------------------------------------------------------------------------------------------------


def test_a_numba_that_lacks_a_name_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(serialize, "_unpickled_memo")
    with pytest.raises(ImportError) as refused:
        runpy.run_path(numba_internals.__file__)
    assert str(refused.value) == (
        f"scratchtune can't use Numba {numba.__version__}, which lacks _unpickled_memo; it was tried with "
        f"{numba_internals.RANGE}: python -m pip install '{numba_internals.RANGE}'")


def test_the_range_of_numba_is_the_one_that_is_installed() -> None:
    setup = configparser.ConfigParser()
    if not setup.read(PACKAGE.parent / "setup.cfg"):
        pytest.skip("the package is installed without its setup.cfg")
    assert numba_internals.RANGE in setup["options"]["install_requires"].split()


@pytest.mark.needs_compiler
def test_dispatchers_and_kernels_look_for_compiled_code_in_the_cache_that_they_are_given() -> None:
    """The one private name that belongs to instances, so that an import can't look for it."""
    assert isinstance(literals._cache, numba_internals.Cache)
    plain = jit.plain(literals)
    for real in (numba.njit(plain), CFunc(plain, ((numba.float64,), numba.float64), {}, {})):
        assert isinstance(real._cache, caching.NullCache)


# Interruptions --------------------------------------------------------------------------------------------------------


@pytest.mark.needs_compiler
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers")
def test_an_interruption_within_compiled_code_is_a_keyboard_interrupt(slow: Any) -> None:
    """In the first call Numba unpickles the class of each result in Python; later it finds it in a cache."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    slow.compile((numba.float64[::1], numba.int64))
    try:
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, 0.005)
                slow(np.zeros(3), 2_000_000)
                time.sleep(1.0)
            slow(np.zeros(3), 1)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def test_an_error_that_is_not_of_a_signal_stays_as_it_is() -> None:
    def fails() -> None:
        raise SystemError("its own")

    with pytest.raises(SystemError, match="its own"):
        settled(fails)
