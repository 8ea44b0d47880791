"""The public names: the stubs list them, each is what the stub says, and none is loaded before it is used."""

import ast
import importlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

import scratchtune as st

PACKAGES = ["scratchtune", "scratchtune.insight", "scratchtune.layers"]


def in_stub(package):
    """The names that type checkers see in a package, and the module of each."""
    path = Path(importlib.import_module(package).__file__).with_suffix(".pyi")
    lines = ast.parse(path.read_text(encoding="utf-8")).body
    assert all(isinstance(line, ast.ImportFrom) and line.names[0].name == line.names[0].asname for line in lines)
    return {line.names[0].name: line.module for line in lines}


def in_child(code):
    """What a new process prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("package", PACKAGES)
def test_each_name_is_defined_where_the_stub_says(package):
    module, homes = importlib.import_module(package), in_stub(package)
    assert module.__all__ == sorted(name for name in homes if name != "__version__")
    for name, home in homes.items():
        value = getattr(module, name)
        if isinstance(value, ModuleType):
            assert value.__name__ == f"{home}.{name}"
        else:
            assert value is vars(importlib.import_module(home))[name]
            assert getattr(value, "__module__", home) == home
        assert vars(module)[name] is value  # the next use does not look again


@pytest.mark.parametrize("package", PACKAGES[:2])
def test_no_module_replaces_a_public_name(package):
    """When a module is imported, it becomes an attribute of its package."""
    module = importlib.import_module(package)
    beside = {path.stem for folder in getattr(module, "__path__", []) for path in Path(folder).iterdir()}
    assert {name for name in beside & set(module.__all__) if not isinstance(getattr(module, name), ModuleType)} == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_dir_shows_public_names_only(package):
    module = importlib.import_module(package)
    importlib.import_module("scratchtune.core.checks")
    assert sorted({*module.__all__, "__version__"} if module is st else module.__all__) == dir(module)


def test_an_unknown_name_is_an_error():
    with pytest.raises(AttributeError, match="^module 'scratchtune' has no attribute 'Sequentiel'$") as caught:
        st.Sequentiel  # noqa: B018
    assert caught.value.name == "Sequentiel" and caught.value.obj is st  # from these Python suggests a name
    with pytest.raises(ImportError, match="cannot import name 'Sequentiel' from 'scratchtune'"):
        from scratchtune import Sequentiel  # noqa: F401


def test_importing_and_asking_for_help_load_next_to_nothing():
    heavy = "{'numpy', 'numba', 'llvmlite', 'matplotlib', 'tqdm', 'sqlite3', 'sklearn', 'torch', 'keras', 'jax'}"
    code = f"""
import sys
import scratchtune as st, scratchtune.insight
from scratchtune.cli import main
st.__version__, dir(st), hasattr(st, "nothing"), main(["--version"]), main(["--help"]), main(["compute"])
print(sorted({heavy} & set(sys.modules)), len([name for name in sys.modules if name.startswith("scratchtune.")]))
import scratchtune as keras
from scratchtune import layers
model = keras.Sequential([layers.Dense(2)])
of_numba = {{'numpy', 'numba', 'llvmlite', 'tqdm'}} | ({{'sqlite3'}} if 'coverage' in sys.modules else set())
print(sorted(({heavy} - of_numba) & set(sys.modules)),
      'scratchtune.core.search' in sys.modules, 'scratchtune.sequences.layers.lstm' in sys.modules)
"""
    printed = in_child(code).splitlines()[-2:]
    assert printed[0].startswith("[] ") and int(printed[0].split()[1]) <= 8
    assert printed[1] == "[] False False"


def test_threads_use_names_first_at_the_same_time():
    code = """
import threading, scratchtune as st
names, barrier, failed = ["tune", "Sequential", "metrics", "Adam", "GridSearchCV", "insight"], threading.Barrier(6), []
def use(name):
    barrier.wait()
    try:
        getattr(st, name)
    except BaseException as error:
        failed.append(error)
threads = [threading.Thread(target=use, args=(name,)) for name in names]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert not failed, failed
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_internal_package_is_loaded_as_its_name_says():
    assert in_child("import scratchtune as st; print(st.study.__name__)") == "scratchtune.core.study\n"
    assert not hasattr(st, "nonsense")


def test_the_package_is_imported_from_a_zip_archive(tmp_path):
    folder = Path(st.__file__).parent
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in (*folder.glob("*.py*"), *(folder / "core").rglob("*.py")):
            archive.write(path, Path("scratchtune") / path.relative_to(folder))
    code = "import scratchtune; assert len(scratchtune.__all__) > 100; print(scratchtune.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "all.zip")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=tmp_path, check=True, capture_output=True)
    assert b"all.zip" in done.stdout
