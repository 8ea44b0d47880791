"""The sections of a report, in order: each draws a part of the page, or says in a sentence why it can't.

The first is what a reader looks for first: the verdict, the best configuration, how sure it is, and what to do next.
A further section is a further entry of `SECTIONS`.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from scratchtune.checks import counted
from scratchtune.insight import drawing
from scratchtune.insight.reporting import pictures
from scratchtune.insight.reporting.markup import Markup, element, facts, joined, one_line, sentences
from scratchtune.insight.reporting.reproduction import cost, reproduction
from scratchtune.insight.reporting.trials_table import reasons, shown_value, trials_table
from scratchtune.insight.reporting.view import View
from scratchtune.insight.verdicts import verdict
from scratchtune.insight.winners_curse import optimism
from scratchtune.search import Categorical
from scratchtune.study.best import best_first, repeats, said_repeats

NEAR = 0.02  # of a parameter's range: a value so near to an end is at the end
MANY_FAILED, LATE, SMALL = 0.1, 0.8, 0.01  # share of trials, share of trials, share of the variance
MOST_STEPS = 3  # sentences of what to do next


class Section(NamedTuple):
    """A part of the page: its id, its heading, and the functions that draw it, one after the other."""

    name: str
    title: str
    parts: tuple[Callable[[View], Markup], ...]
    complete: bool = True  # whether it needs a complete trial
    charts: bool = True  # whether its parts are pictures, two beside each other where there is room
    trials: bool = True  # whether it needs a trial
    closed: bool = False  # whether the reader opens it


def drawn(section: Section, view: View) -> Markup:
    """Return a section; each of its parts that raises a ValueError is replaced by the sentence of that error."""
    name = f"{view.key}{section.name}"
    if not view.trials and section.trials:
        body = [element("p", "The study has no trial yet.", class_="empty")]
    elif section.complete and view.best is None:
        body = [element("p", "No trial is complete, so there is nothing to show here.", class_="empty")]
    else:
        body = [_or_sentence(part, view) for part in section.parts]
    head = element(f"h{view.level}", section.title, id=f"{name}-title")
    whole = element("div", *body, class_="charts" if section.charts else "text")
    if section.closed:
        head, whole = element("details", element("summary", head), whole, class_="closed"), Markup("")
    return element("section", head, whole, id=name, aria_labelledby=f"{name}-title")


def _or_sentence(part: Callable[[View], Markup], view: View) -> Markup:
    try:
        with np.errstate(all="ignore"):  # values near the largest number
            return part(view)
    except ValueError as problem:
        text = str(problem)
    except Exception as problem:  # one part that fails must not cost the reader the others
        text = f"this part could not be drawn: {type(problem).__name__}: {one_line(problem, 200)}"
        warnings.warn(f"report of {one_line(view.study.name, 40)!r}: {text}", stacklevel=2)
    return element("p", text[:1].upper() + text[1:] + ("" if text.endswith(".") else "."), class_="empty")


# The first screen ----------------------------------------------------------------------------------------------------


def result(view: View) -> Markup:
    """The verdict, the best configuration, how sure it is, and what to do next."""
    parts = [element("p", verdict(view.study, "value"), class_="verdict")]
    if view.best is not None:
        parts += [_best_configuration(view), element("p", f"{_certainty(view)} ", element(
            "a", "Why it was proposed", href=f"#{view.key}trial-{view.best.number}"))]
    return joined([*parts, element("p", element("b", "What to do next")), sentences(advice(view))])


def _best_configuration(view: View) -> Markup:
    assert view.best is not None
    budget = "" if view.best.budget is None else f", budget {view.best.budget:g}"
    return facts(f"Best configuration: trial {view.best.number}, value {view.best.value:.6g}{budget}",
                 [(one_line(name), shown_value(value)) for name, value in view.best.shared_params.items()])


def _certainty(view: View) -> str:
    """How sure the best value is, in one sentence: by its folds, its repetitions, or the next configuration."""
    assert view.best is not None and view.best.value is not None
    said = said_repeats(repeats(view.trials, view.best, view.study.space))
    if any(trial.scores for trial in view.complete):
        text = str(optimism(view.study))
        return f"{text[:1].upper()}{text[1:]}{f'; {said}' if said else ''}."
    if said:
        return f"{said[:1].upper()}{said[1:]}."
    ranked = best_first(view.trials, view.study.direction)
    if len(ranked) < 2:
        return "It is the only one that can be compared."
    return (f"The next of {counted(len(ranked), 'comparable trial')}, trial {ranked[1].number}, is worse by "
            f"{abs((ranked[1].value or 0.0) - view.best.value):.2g}: where repeated evaluations differ by as much, "
            "either may be the better one.")


def advice(view: View) -> list[str]:
    """What to do next, at most `MOST_STEPS` sentences, the most urgent one first."""
    if not view.trials:
        return ["Run the study; the script below shows how."]
    found = [_failures(view)]
    if view.best is None:
        found.append("Run more trials: none is complete.")
    else:
        found += [_ends(view), _progress(view), _unimportant(view)]
    return [text for text in found if text][:MOST_STEPS]


def _failures(view: View) -> str:
    failed = [trial for trial in view.trials if trial.state == "failed"]
    if len(failed) < MANY_FAILED * len(view.trials) or not failed:
        return ""
    (error, times), = Counter(one_line(trial.error, 160) for trial in failed).most_common(1)
    return (f"Look at the failures: {len(failed):,} of {counted(len(view.trials), 'trial')} failed, "
            f"{times:,} of them with: {error}")


def _ends(view: View) -> str:
    """Which numeric parameters have their best value at an end of their range."""
    assert view.best is not None
    found = []
    for name, value in view.best.shared_params.items():
        parameter = view.study.space.parameters[name]
        if isinstance(parameter, Categorical) or parameter.low == parameter.high:
            continue
        at = float(drawing.fractions(parameter, np.array([float(value)]))[0])
        few = isinstance(parameter.low, int) and parameter.high - parameter.low < 4
        if not few and not NEAR < at < 1.0 - NEAR:
            found.append(f"{one_line(name, 60)} ({one_line(value)}, {'lower' if at < 0.5 else 'upper'} end)")
    if not found:
        return ""
    ranges = "range" if len(found) == 1 else "ranges"
    return f"Extend the {ranges} where that makes sense, since the best value is at an end: {', '.join(found)}."


def _progress(view: View) -> str:
    assert view.best is not None
    since = view.trials[-1].number - view.best.number
    if len(view.trials) < 10 or view.best.number >= LATE * len(view.trials):
        return (f"Run more trials: the best of {len(view.trials):,} is trial {view.best.number}, so the study may not "
                "have converged.")
    return f"The last {counted(since, 'trial')} gave no better value; more trials of the same kind may add little."


def _unimportant(view: View) -> str:
    if isinstance(view.shares, str):
        return ""
    totals = {name: sum(share for key, share in view.shares.items() if name == key or (
        isinstance(key, tuple) and name in key)) for name in view.names}
    names = [one_line(name, 40) for name, share in totals.items() if share < SMALL]
    if not names:
        return ""
    shown = ", ".join(names[:6]) + (f" and {counted(len(names) - 6, 'other')}" if len(names) > 6 else "")
    return ("These had no visible effect over the whole range, bad trials included; look at the slices before fixing "
            f"them: {shown}.")


SECTIONS = (
    Section("result", "Result", (result,), False, False, False),
    Section("importance", "What mattered", (pictures.importance, pictures.slices, pictures.dependence)),
    Section("history", "History", (pictures.history, pictures.distribution, pictures.reports)),
    Section("parameters", "Parameters", (pictures.parallel, pictures.contour)),
    Section("trials", "Trials", (trials_table,), False, False),
    Section("reasons", "Reasons", (reasons,), False, False, closed=True),
    Section("searcher", "What the searcher saw", (pictures.searcher_pictures,), closed=True),
    Section("cost", "Time and cost", (cost, pictures.timeline), False, closed=True),
    Section("reproduction", "How to reproduce it", (reproduction,), False, False, False, closed=True),
)
