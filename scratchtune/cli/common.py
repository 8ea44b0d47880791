"""What several commands share: checks of options before any work, plain warnings, saved models."""

import argparse
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from scratchtune import checks
from scratchtune.files import replaceable
from scratchtune.loading import load_model
from scratchtune.network.training import DivergenceWarning
from scratchtune.streams import note

Model = TypeVar("Model")


def check_integers(given: argparse.Namespace, most_seed: int = 2**32 - 1, **lowest: int) -> None:
    """Check that integer options, where given, are at least their lowest values, and --seed where a command has it."""
    for name, low in lowest.items():
        if getattr(given, name) is not None:
            checks.integer(f"--{name.replace('_', '-')}", getattr(given, name), low)
    if "seed" in given:
        checks.integer("--seed", given.seed, 0, most_seed)


def check_outputs(outputs: dict[str, Path], inputs: dict[str, Path | None]) -> None:
    """Check before any work that the output files can be written, and that they overwrite no input."""
    used = {what: path for what, path in inputs.items() if path is not None}
    for option, path in outputs.items():
        written = f"{option} is {str(path)!r}" if option == "--out" else f"{option} would write {str(path)!r}"
        for what, other in used.items():
            if path.resolve() == other.resolve() or (path.exists() and other.exists() and path.samefile(other)):
                raise ValueError(f"{written}, which would overwrite {what}; choose another name with --out")
        if path.is_dir():
            raise ValueError(f"{written}, a folder; it must be the name of a file")
        if not path.parent.is_dir():
            raise ValueError(f"{written}; there is no folder {str(path.parent)!r}")
        check_folder(replaceable(path).parent, written)
        used["the model" if option == "--out" else f"the script of {option}"] = path


def check_folder(folder: Path, written: str) -> None:
    """Raise an OSError that begins with ``written`` if no file can be created in a folder."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as problem:
        raise OSError(f"{written}; no file can be made in the folder {str(folder)!r}: {problem.strerror}") from None


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Print warnings as plain lines, without a position in the code; the study reports trainings that diverge."""
    with warnings.catch_warnings():
        warnings.simplefilter("once")
        warnings.simplefilter("ignore", DivergenceWarning)
        warnings.simplefilter("ignore", ResourceWarning)  # says nothing to a user
        warnings.showwarning = lambda message, *_, **__: note(f"scratchtune: {message}")
        yield


def loaded(path: Path, kind: type[Model], takes: str) -> Model:
    """Load a model; raise a ValueError, which ends with what the command ``takes``, if the file holds another one."""
    model = load_model(path)
    if not isinstance(model, kind):
        raise ValueError(f"{path} holds a {type(model).__name__}; {takes}")
    return model
