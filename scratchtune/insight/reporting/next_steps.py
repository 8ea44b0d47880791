"""What to do next: the sentences that follow from a study's trials, the most urgent one first.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections import Counter

from scratchtune.checks import counted
from scratchtune.insight.reporting.markup import Markup, element, one_line
from scratchtune.insight.reporting.scales import parameter_scale, value_at
from scratchtune.insight.reporting.view import View
from scratchtune.search import Categorical

NEAR = 0.02  # of a parameter's range: a value so near to an end is at the end
MANY_FAILED, LATE, SMALL = 0.1, 0.8, 0.01  # share of trials, share of trials, share of the variance


def next_steps(view: View) -> Markup:
    """The section: a list of sentences."""
    return element("ul", *(element("li", text) for text in advice(view)), class_="next")


def advice(view: View) -> list[str]:
    """What follows from the trials, a sentence or two each."""
    if not view.trials:
        return ["Run the study; the script below shows how."]
    found = [_failures(view)]
    if view.best is None:
        return [*filter(None, found), "Run more trials: none is complete."]
    found += [*_ends(view), _progress(view), _certainty(view), _unimportant(view)]
    return [text for text in found if text]


def _failures(view: View) -> str:
    failed = [trial for trial in view.trials if trial.state == "failed"]
    if len(failed) < MANY_FAILED * len(view.trials) or not failed:
        return ""
    (error, times), = Counter(one_line(trial.error, 160) for trial in failed).most_common(1)
    return (f"Look at the failures: {len(failed):,} of {counted(len(view.trials), 'trial')} failed, "
            f"{times:,} of them with: {error}")


def _ends(view: View) -> list[str]:
    """A sentence for each numeric parameter whose best value is at an end of its range."""
    assert view.best is not None
    found = []
    for name, value in view.best.shared_params.items():
        parameter = view.study.space.parameters[name]
        if isinstance(parameter, Categorical) or parameter.low == parameter.high:
            continue
        at = parameter_scale(parameter, 0.0, 1.0).at(value_at(parameter, value))
        few = isinstance(parameter.low, int) and parameter.high - parameter.low < 4
        if not few and not NEAR < at < 1.0 - NEAR:
            end = "lower" if at < 0.5 else "upper"
            found.append(f"Extend the range of {one_line(name, 60)} where that makes sense: the best value, "
                         f"{one_line(value)}, is at the {end} end of its range.")
    return found


def _progress(view: View) -> str:
    assert view.best is not None
    since = view.trials[-1].number - view.best.number
    if len(view.trials) < 10 or view.best.number >= LATE * len(view.trials):
        return (f"Run more trials: the best of {len(view.trials):,} is trial {view.best.number}, so the study may not "
                "have converged.")
    return f"The last {counted(since, 'trial')} gave no better value; more trials of the same kind may add little."


def _certainty(view: View) -> str:
    if any(trial.scores for trial in view.complete):
        return "Before relying on the best value, evaluate the configuration once on a held-out test set."
    return ("Evaluate the best configurations again with other seeds, for example with st.insight.reevaluate, since "
            "each value is a single evaluation.")


def _unimportant(view: View) -> str:
    if isinstance(view.shares, str):
        return ""
    totals = {name: sum(share for key, share in view.shares.items() if name == key or (
        isinstance(key, tuple) and name in key)) for name in view.names}
    names = [one_line(name, 40) for name, share in totals.items() if share < SMALL]
    if not names:
        return ""
    shown = ", ".join(names[:6]) + (f" and {counted(len(names) - 6, 'other')}" if len(names) > 6 else "")
    return f"In a further study, fix the parameters that explain less than {SMALL:.0%} of the variance: {shown}."
