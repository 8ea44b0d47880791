"""The lessons' command line: list them, run one or all, save their pictures, check an exercise, measure claims.

    python -m lessons                      lists the lessons
    python -m lessons 2                    runs lesson 02
    python -m lessons 2 --save pictures    and saves its pictures in the folder `pictures`
    python -m lessons check 2              says whether its exercise is solved
    python -m lessons claims 2             measures its claims on new draws; without numbers, those that have changed
    python -m lessons notebook 2           writes it as a notebook, in the folder `notebooks`
    python -m lessons book                 writes all lessons as pages, in the folder `book` (--help: its options)
    python -m lessons race my_searcher.py  races a searcher of yours on ten landscapes (--help: its options)
    python -m lessons --all                runs all of them

Exit codes: 0 done or solved, 1 a lesson failed, an exercise is not solved or a claim falls short, 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import runpy
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from lessons import checking
from scratchtune.files import made_folder
from scratchtune.streams import flushed, redirect_to_devnull

FOLDER = Path(__file__).parent
EXERCISE = "\n# ## Exercise\n"
PARTS = {  # of the course, each with its first lesson
    "Play": 0, "What one training is": 3, "Is it better?": 11, "Searchers: write one, then race it": 18, "Images": 29,
    "Translation": 33, "Speech": 41, "Tables": 45, "Reading a study": 48, "The same numbers elsewhere": 49,
    "Engine room (appendix)": 50, "Capstone": 53}
PATHS = {  # ways through the course
    "two hours": (0, 1, 3, 18, 15), "a weekend": (0, 1, 3, 4, 5, 7, 8, 18, 14, 15, 11, 19, 20, 24, 53),
    "a semester": tuple(range(54))}
MINUTES = re.compile(r"^# (\d+) minutes(?: · needs ((?:\d\d(?:, )?)+))?$", re.MULTILINE)
COMMANDS = ("check", "claims", "notebook")


def lessons() -> dict[int, Path]:
    """The files of all lessons by number."""
    return {int(path.name[:2]): path for path in sorted(FOLDER.glob("[0-9][0-9]_*.py"))}


def heading(path: Path) -> tuple[str, str]:
    """A lesson's title and its one line, from its first cell."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return lines[1].removeprefix("# # "), lines[2].removeprefix("# ")


def minutes(path: Path) -> tuple[int, list[int]]:
    """How many minutes a lesson takes, and the lessons that it needs."""
    found = MINUTES.search(path.read_text(encoding="utf-8"))
    assert found is not None, f"{path} does not say its minutes"
    return int(found[1]), [int(number) for number in (found[2] or "").split(", ") if number]


def listing() -> str:
    """The lessons by part, a title with its minutes and a line each; then the ways through them."""
    lines, parts = [], {first: [f"\n{part}"] for part, first in PARTS.items()}
    for number, path in lessons().items():
        title, line = heading(path)
        lines += [*parts.get(number, []), f"{title} ({minutes(path)[0]} minutes)", f"    {line}"]
    ways = (f"In {way}: {' '.join(f'{number:02}' for number in numbers)}" for way, numbers in PATHS.items()
            if len(numbers) < len(lessons()))
    return "\n".join([*lines, "", "Ways through, in this order:", *ways])


def run(path: Path) -> dict[str, Any]:
    """Run a lesson as the script that it is; its names."""
    prepare_pictures()
    return runpy.run_path(str(path), run_name="__main__")


def prepare_pictures() -> None:
    os.environ.setdefault("MPLBACKEND", "Agg")  # without a screen
    import matplotlib.pyplot as plt

    plt.close("all")
    plt.style.use(FOLDER / "style.mplstyle")


def save_pictures(folder: Path) -> list[Path]:
    """Save the pictures that the last lesson drew, each under the name that it gave; their files."""
    import matplotlib.pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    figures = [plt.figure(number) for number in plt.get_fignums()]
    paths = [folder / f"{figure.get_label()}.png" for figure in figures]
    for figure, path in zip(figures, paths, strict=True):
        figure.savefig(path)
    return paths


# One lesson ----------------------------------------------------------------------------------------------------------


def show(number: int, folder: Path | None) -> bool:
    """Run a lesson with its output, and say what there is to do next; False where it failed."""
    path = lessons()[number]
    print(f"{heading(path)[0]}\nRead along in {_relative(path)}\n", flush=True)
    begun = time.perf_counter()
    try:
        run(path)
    except BrokenPipeError:  # who reads has left; no fault of the lesson
        raise
    except Exception as error:  # a lesson is the reader's own to change: whatever it raises is an answer, not a crash
        print(f"\nLesson {number:02} stopped. {explained(error, path)}", file=sys.stderr)
        return False
    print(f"\nAll checks passed, in {time.perf_counter() - begun:.1f} s.")
    if folder is not None:
        for saved in save_pictures(folder):
            print(f"saved {saved}")
    elif _number_of_pictures():
        print(f"Its pictures:  python -m lessons {number} --save pictures")
    print(f"Its exercise:  solve it in {_relative(path)}, then  python -m lessons check {number}\n")
    return True


def _number_of_pictures() -> int:
    import matplotlib.pyplot as plt

    return len(plt.get_fignums())


def explained(error: BaseException, path: Path) -> str:
    """Where in the lesson's file it happened, and what."""
    if isinstance(error, SyntaxError):
        return f"Line {error.lineno} of {_relative(path)} is no valid Python: {error.msg}"
    here = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
    place = f"Line {here[-1].lineno} of {_relative(path)}: {here[-1].line}\n" if here else ""
    return f"{place}{type(error).__name__}{': ' if str(error) else ''}{error}"


def _relative(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


# An exercise ---------------------------------------------------------------------------------------------------------


def exercise(path: Path) -> dict[str, Any]:
    """Run a lesson's imports and its part "Exercise", and nothing else of it; the names that they define.

    So an exercise is checked in the time that its own check takes, and the part stands on the imports alone.
    """
    text = path.read_text(encoding="utf-8")
    heading = text[: text.index(EXERCISE)].count("\n") + 1
    tree = ast.parse(text, str(path))
    tree.body = [
        statement for statement in tree.body
        if statement.lineno > heading or isinstance(statement, (ast.Import, ast.ImportFrom))]
    names: dict[str, Any] = {"__name__": path.stem, "__file__": str(path)}
    exec(compile(tree, str(path), "exec"), names)
    return names


def to_write(path: Path) -> str:
    """The name of the function or class that the exercise asks for: the first one of that part."""
    text = path.read_text(encoding="utf-8")
    found = re.search(r"^(?:def|class) (\w+)", text[text.index(EXERCISE) :], re.MULTILINE)
    assert found is not None, f"{path} has no function to write"
    return found[1]


def check_exercise(number: int) -> bool:
    """Say whether a lesson's exercise is solved; of the lesson only its imports and the exercise are run."""
    path = lessons()[number]
    try:
        names = exercise(path)
    except Exception as error:
        answer, reason = "failed", f"The exercise could not be read. {explained(error, path)}"
    else:
        answer, reason = checking.verdict(number, names[to_write(path)])
    print(f"Exercise {number:02} in {_relative(path)}: {answer}.\n{reason}")
    return answer == checking.SOLVED


def write_notebooks(numbers: list[int], folder: Path) -> int:
    """Write lessons as notebooks; the exit code."""
    from lessons import notebook

    try:
        for path in (lessons()[number] for number in numbers):
            print(f"jupyter lab {notebook.write(path, to_write(path), folder)}")
    except ImportError as error:
        print(f"lessons: {error}", file=sys.stderr)
        return 1
    return 0


# The command line ----------------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    assert __doc__ is not None
    made = argparse.ArgumentParser(
        prog="python -m lessons", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("what", nargs="*", metavar="NUMBER", help="a lesson's number, after a command or alone")
    made.add_argument("--save", type=Path, metavar="DIR", help="save the pictures in this folder")
    made.add_argument("--out", type=Path, default=Path("notebooks"), metavar="DIR",
                      help="write notebooks to this folder (default: notebooks)")
    made.add_argument("--all", action="store_true", help="run all lessons")
    return made


def number_of(text: str) -> int:
    """A lesson's number, from "2" or "02"; ValueError where there is none."""
    known = lessons()
    if not text.isdecimal() or int(text) not in known:
        raise ValueError(f"lesson is {text!r}; there are {', '.join(f'{number:02}' for number in known)}")
    return int(text)


def main(arguments: list[str] | None = None) -> int:
    """Do what the arguments say; the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["race"]:
        from lessons import race

        return race.main(arguments[1:])
    if arguments[:1] == ["book"]:
        from lessons import book

        return book.main(arguments[1:])
    given = parser().parse_args(arguments)
    command = given.what[0] if given.what[:1] and given.what[0] in COMMANDS else "show"
    try:
        numbers = [number_of(text) for text in given.what[command != "show":]]
        if command in ("check", "notebook") and not numbers:
            raise ValueError(f"{command} needs a lesson's number, as in: python -m lessons {command} 2")
        if command == "notebook" or given.save is not None:
            made_folder(*(given.out, "--out") if command == "notebook" else (given.save, "--save"))
    except (ValueError, OSError) as error:
        print(f"lessons: {error}", file=sys.stderr)
        return 2
    if command == "claims":
        from lessons import claims

        return 0 if claims.run({n: lessons()[n] for n in numbers or lessons()}, bool(numbers)) else 1
    if command == "notebook":
        return write_notebooks(numbers, given.out)
    if given.all:
        numbers = list(lessons())
    if not numbers:
        print(f"{listing()}\n\nBegin with:  python -m lessons 0")
        return 0
    done = [check_exercise(number) if command == "check" else show(number, given.save) for number in numbers]
    return 0 if all(done) else 1


def run_for_a_reader() -> int:
    """`main`, which ends quietly where its reader has gone, as in ``python -m lessons | head``."""
    try:
        return flushed(main())
    except BrokenPipeError:
        redirect_to_devnull(sys.stdout)
        return 0


if __name__ == "__main__":
    sys.exit(run_for_a_reader())
