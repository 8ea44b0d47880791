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
import sys
import time
from pathlib import Path

from benchmarks.common import course
from lessons import checking, running
from scratchtune.core.files import made_folder
from scratchtune.core.streams import flushed, redirect_to_devnull

COMMANDS = ("check", "claims", "notebook")


def listing() -> str:
    """The lessons by part, a title with its minutes and a line each; then the ways through them."""
    lines, parts = [], {first: [f"\n{part}"] for part, first in course.PARTS.items()}
    for number, path in course.lessons().items():
        title, line = course.heading(path)
        lines += [*parts.get(number, []), f"{title} ({course.minutes(path)[0]} minutes)", f"    {line}"]
    ways = (f"In {way}: {' '.join(f'{number:02}' for number in numbers)}" for way, numbers in course.PATHS.items()
            if len(numbers) < len(course.lessons()))
    return "\n".join([*lines, "", "Ways through, in this order:", *ways])


# One lesson ----------------------------------------------------------------------------------------------------------


def show(number: int, folder: Path | None) -> bool:
    """Run a lesson with its output, and say what there is to do next; False where it failed."""
    path = course.lessons()[number]
    print(f"{course.heading(path)[0]}\nRead along in {running.relative(path)}\n", flush=True)
    begun = time.perf_counter()
    try:
        running.run(path)
    except BrokenPipeError:  # who reads has left; no fault of the lesson
        raise
    except Exception as error:  # a lesson is the reader's own to change: whatever it raises is an answer, not a crash
        print(f"\nLesson {number:02} stopped. {running.explained(error, path)}", file=sys.stderr)
        return False
    print(f"\nAll checks passed, in {time.perf_counter() - begun:.1f} s.")
    if folder is not None:
        for saved in running.save_pictures(folder):
            print(f"saved {saved}")
    elif _number_of_pictures():
        print(f"Its pictures:  python -m lessons {number} --save pictures")
    print(f"Its exercise:  solve it in {running.relative(path)}, then  python -m lessons check {number}\n")
    return True


def _number_of_pictures() -> int:
    import matplotlib.pyplot as plt

    return len(plt.get_fignums())


# An exercise ---------------------------------------------------------------------------------------------------------


def check_exercise(number: int) -> bool:
    """Say whether a lesson's exercise is solved; of the lesson only its imports and the exercise are run."""
    path = course.lessons()[number]
    try:
        names = running.exercise(path)
    except Exception as error:
        answer, reason = "failed", f"The exercise could not be read. {running.explained(error, path)}"
    else:
        answer, reason = checking.verdict(number, names[running.to_write(path)])
    print(f"Exercise {number:02} in {running.relative(path)}: {answer}.\n{reason}")
    return answer == checking.SOLVED


def write_notebooks(numbers: list[int], folder: Path) -> int:
    """Write lessons as notebooks; the exit code."""
    from lessons import notebook

    try:
        for path in (course.lessons()[number] for number in numbers):
            print(f"jupyter lab {notebook.write(path, running.to_write(path), folder)}")
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
        numbers = [course.number_of(text) for text in given.what[command != "show":]]
        if command in ("check", "notebook") and not numbers:
            raise ValueError(f"{command} needs a lesson's number, as in: python -m lessons {command} 2")
        if command == "notebook" or given.save is not None:
            made_folder(*(given.out, "--out") if command == "notebook" else (given.save, "--save"))
    except (ValueError, OSError) as error:
        print(f"lessons: {error}", file=sys.stderr)
        return 2
    if command == "claims":
        from lessons import claims

        return 0 if claims.run({n: course.lessons()[n] for n in numbers or course.lessons()}, bool(numbers)) else 1
    if command == "notebook":
        return write_notebooks(numbers, given.out)
    if given.all:
        numbers = list(course.lessons())
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
