"""The lessons: each runs and prints what it says that it prints, and its exercise can be solved, but is not yet."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scratchtune import formulas
from scratchtune.network import optimizers

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # the lessons are no part of the installed package
main = importlib.import_module("lessons.__main__")
sys.path.remove(str(ROOT))

LESSONS = main.lessons()
LONG = (5, 6, 8, 9, 10, 13, 14, 15, 16, 18, 19, 20)  # these take seconds to run
EVERY_LESSON = pytest.mark.parametrize(
    "number", [pytest.param(number, marks=pytest.mark.slow if number in LONG else ()) for number in LESSONS])
PRINTED = "# -> "


@cache
def ran(number: int) -> tuple[dict[str, Any], str]:
    """The names of a lesson that has been run, and what it printed; each is run once."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        names = main.run(LESSONS[number])
    return names, printed.getvalue()


# Each lesson ---------------------------------------------------------------------------------------------------------


@EVERY_LESSON
def test_it_runs_and_prints_what_it_says(number):
    _, printed = ran(number)
    lines = LESSONS[number].read_text(encoding="utf-8").splitlines()
    said = [line.removeprefix(PRINTED) for line in lines if line.startswith(PRINTED)]
    assert len(said) == len(printed.splitlines())
    for here, there in zip(printed.splitlines(), said, strict=True):
        assert alike(here, there), f"it prints {here!r}, and says {there!r}"


NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def alike(here: str, there: str) -> bool:
    """The same words, and numbers about equal: another processor rounds otherwise, which a training amplifies."""
    if NUMBER.sub("0", here).split() != NUMBER.sub("0", there).split():
        return False
    pairs = zip(NUMBER.findall(here), NUMBER.findall(there), strict=True)
    return all(float(a) == pytest.approx(float(b), rel=0.1, abs=0.011) for a, b in pairs)


def test_alike_tells_other_words_and_other_numbers():
    assert alike("alpha 0.1: J = 226.3003", "alpha 0.1: J =   226.3")
    assert not alike("J = 226.3", "J = 326.3")
    assert not alike("theta 1.0", "J 1.0")


@EVERY_LESSON
def test_it_has_every_part(number):
    text = LESSONS[number].read_text(encoding="utf-8")
    parts = ["Question", "Formulas", "Predict", "Code", "Check", "Break it", "Exercise"]
    places = [text.find(f"\n# ## {part}") for part in parts]
    assert min(places) > 0 and places == sorted(places)
    title, sentence = main.heading(LESSONS[number])
    assert title.startswith(f"{number:02} ") and sentence.endswith(".")


@EVERY_LESSON
def test_the_formulas_that_it_shows_are_those_of_the_package(number):
    text = LESSONS[number].read_text(encoding="utf-8")
    for name, line in re.findall(r"^# - \[(\w+)\] (.+(?:\n#   .+)*)$", text, re.MULTILINE):
        assert formulas.find(name).line == line.replace("\n#   ", " ")
    prose = "\n".join(line for line in text.splitlines() if line.startswith("# "))
    for name in re.findall(r"\[([a-z]+[0-9]?_[a-z_]+)\]", prose):
        formulas.find(name)


# The exercises -------------------------------------------------------------------------------------------------------


def mean_square(theta):
    """Mean of the squares of the parameters.

    Formula [mean_square]
        R = Σᵢ[θᵢ²] / #i
    Where
        θ: theta, (i,), real
    Source
        Lesson 01.
    """
    return (theta**2).sum() / theta.size


def careful_descent(objective, gradient, theta, alpha, steps):
    for _ in range(steps):
        attempt = theta.copy()
        optimizers.gradient_descent(attempt, gradient(theta), alpha)
        if objective(attempt) <= objective(theta):
            theta = attempt
        else:
            alpha /= 2.0
    return theta, alpha


def soft_threshold(theta, alpha, lam):
    theta[:] = np.sign(theta) * np.maximum(abs(theta) - alpha * lam, 0.0)


def tanh_gradient(weights, X, y):
    W, b, V, c = weights
    h = np.tanh(X @ W + b)
    da = 2.0 * (h @ V + c - y) / len(X)
    dz = da @ V.T * (1.0 - h**2)
    return np.concatenate([part.ravel() for part in (X.T @ dz, dz.sum(0), h.T @ da, da.sum(0))])


def adagrad(theta, grad, v, alpha, epsilon):
    v += grad**2
    theta -= alpha * grad / (np.sqrt(v) + epsilon)


def early_stop(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        elif epoch - best >= patience:
            return epoch + 1, best + 1
    return len(losses), best + 1


def cheapest_threshold(truth, score, cost_of_a_miss, cost_of_an_alarm):
    def cost(threshold):
        alarm = score >= threshold
        return cost_of_a_miss * np.sum(truth[~alarm]) + cost_of_an_alarm * np.sum(1 - truth[alarm])

    return min([np.inf, *np.unique(score)], key=cost)


def fill_gaps(X, train, test):
    median = np.nanmedian(X[train], axis=0)
    return [np.where(np.isnan(X[rows]), median, X[rows]) for rows in (train, test)]


def with_shifts(X, y):
    images = np.pad(np.reshape(X, (-1, 8, 8)), ((0, 0), (1, 1), (1, 1)))
    places = ((1, 1), (2, 1), (0, 1), (1, 2), (1, 0))
    return np.concatenate([images[:, i : i + 8, j : j + 8].reshape(-1, 64) for i, j in places]), np.tile(y, 5)


def nested_scores(score, settings, folds, rows):
    def inner(setting, train):
        return np.mean([score(setting, *split) for split in folds(train)])

    return [score(max(settings, key=lambda s: inner(s, train)), train, test) for train, test in folds(rows)]


def best_on_all_rows(score, settings, folds, rows):
    best = max(settings, key=lambda s: np.mean([score(s, *split) for split in folds(rows)]))
    return [score(best, *split) for split in folds(rows)]


def trials_needed(share, confidence):
    n = 1
    while 1.0 - (1.0 - share) ** n < confidence:
        n += 1
    return n


def log_ratios(good, bad, count, b):
    def density(trials):
        kernels = [((np.arange(count) == c) + b / count) / (1.0 + b) for c in trials]
        return np.mean([*kernels, np.full(count, 1.0 / count)], axis=0)

    return np.log(density(good)) - np.log(density(bad))


def log_ratios_without_prior(good, bad, count, b):
    shares = [(np.bincount(trials, minlength=count) + b / count) / (len(trials) + b) for trials in (good, bad)]
    return np.log(shares[0]) - np.log(shares[1])


def rank_shares(losses):
    parts, order = np.zeros(len(losses)), np.argsort(losses, kind="stable")
    alive = order[: np.sum(~np.isnan(losses))]
    parts[alive] = np.arange(len(alive), 0, -1)
    return parts / parts.sum()


def rank_shares_with_failed_ones(losses):
    parts = np.empty(len(losses))
    parts[np.argsort(losses, kind="stable")] = np.arange(len(losses), 0, -1)
    return parts / parts.sum()


def race_on_a_table(curves, eta):
    left, epoch, spent = list(range(len(curves))), 1, len(curves)
    while True:
        left.sort(key=lambda i: curves[i, epoch - 1])
        if epoch == curves.shape[1]:
            return left[0], spent
        left = left[: len(left) // eta]
        spent += len(left) * (eta - 1) * epoch
        epoch *= eta


def makespan(durations, needs, workers):
    begins, ends, free = [0], [], [0] * workers
    for duration, needed in zip(durations, needs, strict=True):
        worker = free.index(min(free))
        begins.append(max([free[worker], begins[-1], *ends[:needed]]))
        free[worker] = begins[-1] + duration
        ends.append(free[worker])
    return max(ends)


def makespan_without_waiting_for_the_one_before(durations, needs, workers):
    ends, free = [], [0] * workers
    for duration, needed in zip(durations, needs, strict=True):
        worker = free.index(min(free))
        free[worker] = max([free[worker], *ends[needed - 1 : needed]]) + duration  # only the last that it needs
        ends.append(free[worker])
    return max(ends)


def shared_step(gradient_of, theta, alpha, parts):
    parts = [part for part in parts if len(part)]
    return theta - alpha * sum(len(part) * gradient_of(theta, part) for part in parts) / sum(map(len, parts))


def shared_step_with_a_plain_mean(gradient_of, theta, alpha, parts):
    return theta - alpha * np.mean([gradient_of(theta, part) for part in parts if len(part)], axis=0)


def receptive_field(layers):
    seen = step = 1
    for window, stride in layers:
        seen += (window - 1) * step
        step *= stride
    return seen


def cutout(images, size, rng):
    images = images.copy()
    for image in images:
        row, column = (rng.integers(pixels - size + 1) for pixels in image.shape[:2])
        image[row : row + size, column : column + size] = 0.0
    return images


def cutout_that_never_reaches_the_end(images, size, rng):
    images = images.copy()
    for image in images:
        row, column = (rng.integers(pixels - size) for pixels in image.shape[:2])
        image[row : row + size, column : column + size] = 0.0
    return images


def kendall(a, b):
    pairs = [(i, j) for j in range(len(a)) for i in range(j)]
    return sum(np.sign(a[j] - a[i]) * np.sign(b[j] - b[i]) for i, j in pairs) / len(pairs)


def kendall_without_ties(a, b):
    pairs = [(i, j) for j in range(len(a)) for i in range(j)]
    return np.mean([1.0 if (a[j] > a[i]) == (b[j] > b[i]) else -1.0 for i, j in pairs])


def posterior(K, y, c, s):
    return c @ np.linalg.solve(K, y), s - c @ np.linalg.solve(K, c)


def mean_square_without_mean(theta):
    """Mean of the squares of the parameters.

    Formula [mean_square]
        R = Σᵢ[θᵢ²] / #i
    Where
        θ: theta, (i,), real
    Source
        Lesson 01.
    """
    return (theta**2).sum()


SOLUTIONS = {
    1: mean_square, 2: careful_descent, 3: soft_threshold, 4: tanh_gradient, 5: adagrad, 6: early_stop,
    7: cheapest_threshold, 8: fill_gaps, 9: with_shifts, 10: nested_scores, 11: trials_needed, 12: posterior,
    13: log_ratios, 14: rank_shares, 15: race_on_a_table,
    16: makespan, 17: shared_step, 18: receptive_field, 19: cutout, 20: kendall,
}
WRONG = {
    1: mean_square_without_mean,
    2: lambda objective, gradient, theta, alpha, steps: (theta, alpha),
    3: lambda theta, alpha, lam: theta.__isub__(alpha * lam * np.sign(theta)),
    4: lambda weights, X, y: len(X) * tanh_gradient(weights, X, y),
    5: lambda theta, grad, v, alpha, epsilon: optimizers.rmsprop(theta, grad, v, alpha, 0.9, epsilon),
    6: lambda losses, patience: (len(losses), int(np.argmin(losses)) + 1),
    7: lambda truth, score, cost_of_a_miss, cost_of_an_alarm: cost_of_an_alarm / (cost_of_a_miss + cost_of_an_alarm),
    8: lambda X, train, test: [np.where(np.isnan(X[rows]), np.nanmedian(X, axis=0), X[rows]) for rows in (train, test)],
    9: lambda X, y: (np.tile(X, (5, 1)), np.tile(y, 5)),
    10: best_on_all_rows,
    11: lambda share, confidence: round(confidence / share),
    12: lambda K, y, c, s: (c @ np.linalg.solve(K, y), s),
    13: log_ratios_without_prior,
    14: rank_shares_with_failed_ones,
    15: lambda curves, eta: (int(curves[:, -1].argmin()), race_on_a_table(curves, eta)[1]),
    16: makespan_without_waiting_for_the_one_before,
    17: shared_step_with_a_plain_mean,
    18: lambda layers: 1 + sum(window - 1 for window, _ in layers),
    19: cutout_that_never_reaches_the_end,
    20: kendall_without_ties,
}
HINTS = {  # what it says first
    8: r"take the median of X\[train\] only", 10: "the outer fold may take no part", 19: r"never at \(row, column\)"}


@EVERY_LESSON
def test_a_right_solution_passes_its_check(number):
    ran(number)[0]["check"](SOLUTIONS[number])


@EVERY_LESSON
def test_a_wrong_solution_does_not(number):
    with pytest.raises(AssertionError, match=HINTS.get(number)):
        ran(number)[0]["check"](WRONG[number])


@pytest.mark.slow  # not slow: left to CI, so that the tests still pass for a reader who has solved one
@EVERY_LESSON
def test_it_comes_unsolved(number):
    names, _ = ran(number)
    answer, reason = main.verdict(names, LESSONS[number])
    assert answer == main.UNSOLVED and reason.endswith("is still empty.")


@pytest.mark.exercise
@pytest.mark.parametrize("number", LESSONS)
def test_exercise(number):
    """Fails until the reader has solved it: pytest -m exercise."""
    ran(number)[0]["check"]()


# The command line ----------------------------------------------------------------------------------------------------


def test_without_arguments_it_lists_every_lesson(capsys):
    assert main.main([]) == 0
    printed = capsys.readouterr().out
    assert all(main.heading(path)[0] in printed for path in LESSONS.values())


@pytest.mark.parametrize("arguments", [["99"], ["two"], ["check"], ["check", "0"]])
def test_a_wrong_number_is_one_line_and_exit_code_2(arguments, capsys):
    assert main.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and len(captured.err.splitlines()) == 1


def test_pictures_are_saved_where_save_says(tmp_path, capsys):
    assert main.main(["04", "--save", str(tmp_path / "pictures")]) == 0
    saved = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert saved == ["04-network.png", "04-step-size.png"]
    assert all((tmp_path / "pictures" / name).read_bytes().startswith(b"\x89PNG") for name in saved)
    assert "All checks passed" in capsys.readouterr().out


LESSON = """# %% [markdown]
# # 01 A lesson
# A line.

# %%
def double(x):
    {body}


def check(solution=double):
    assert solution(2) == 4, "double(2) should be 4"
"""


@pytest.mark.parametrize(("body", "code", "text"), [
    ("return 2 * x", 0, ": solved."),
    ("raise NotImplementedError", 1, "double is still empty"),
    ("return x", 1, "double(2) should be 4"),
    ("return x / 0", 1, "ZeroDivisionError"),
    ("return (", 1, "no valid Python"),
])
def test_check_says_plainly_whether_an_exercise_is_solved(body, code, text, tmp_path, monkeypatch, capsys):
    path = tmp_path / "01_lesson.py"
    path.write_text(LESSON.format(body=body), encoding="utf-8")
    monkeypatch.setattr(main, "lessons", lambda: {1: path})
    assert main.main(["check", "1"]) == code
    assert text in capsys.readouterr().out


def test_a_lesson_that_fails_names_its_line(tmp_path, monkeypatch, capsys):
    path = tmp_path / "01_lesson.py"
    path.write_text("# %% [markdown]\n# # 01 A lesson\n# A line.\n# %%\nassert 1 + 1 == 3\n", encoding="utf-8")
    monkeypatch.setattr(main, "lessons", lambda: {1: path})
    assert main.main(["1"]) == 1
    assert "Line 5" in capsys.readouterr().err


def test_a_lesson_is_a_plain_script_that_runs_from_any_folder(tmp_path):
    done = subprocess.run([sys.executable, LESSONS[4]], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "L = 0.3133" in done.stdout
    assert not list(tmp_path.iterdir())


def test_python_m_lessons_runs_one():
    done = subprocess.run(
        [sys.executable, "-m", "lessons", "02"], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("02 Gradient descent")


def test_a_reader_that_leaves_early_is_no_error():
    """As ``python -m lessons | head`` does; here the reader has gone before the first line."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as broken:
        done = subprocess.run(
            [sys.executable, "-m", "lessons"], cwd=ROOT, stdout=broken, stderr=subprocess.PIPE, text=True, timeout=120)
    assert done.returncode == 0 and done.stderr == ""


# As a notebook -------------------------------------------------------------------------------------------------------


@EVERY_LESSON
def test_it_converts_to_a_notebook_and_back(number, tmp_path):
    jupytext = pytest.importorskip("jupytext")
    notebook = jupytext.read(LESSONS[number])
    kinds = [cell.cell_type for cell in notebook.cells]
    assert kinds[0] == "markdown" and kinds.count("code") >= 6 and kinds.count("markdown") >= 6
    assert notebook.cells[0].source.startswith(f"# {number:02} ")
    for cell in notebook.cells:
        assert cell.source.strip()
        if cell.cell_type == "code":
            compile(cell.source, str(LESSONS[number]), "exec")
    jupytext.write(notebook, tmp_path / "lesson.ipynb")
    again = jupytext.read(tmp_path / "lesson.ipynb")
    assert [cell.source for cell in again.cells] == [cell.source for cell in notebook.cells]
