"""Every formula's line as JavaScript gives the line's numbers: on each of the check's cases, in Chromium."""

from __future__ import annotations

import json
import math
from importlib.resources import files
from typing import Any

import numpy as np
import pytest

from scratchtune.core.formulas import arithmetic, judge, registry
from scratchtune.core.formulas.registry import Formula
from scratchtune.play.javascript import DIGITS, javascript


def test_a_line_is_written_as_one_reads_it() -> None:
    assert javascript(registry()["momentum"]) == (
        "momentum(θ, g, v, α, μ) { const v_new = array(θ.length, ᵢ => μ * v[ᵢ] - α * g[ᵢ]); "
        "const θ_new = array(θ.length, ᵢ => θ[ᵢ] + v_new[ᵢ]); return {v_new, θ_new}; }")


def test_the_scripts_stay_small_and_their_lines_short() -> None:
    """A budget as those of the package's rooms, which only falls."""
    scripts = [path.read_text(encoding="utf-8") for path in files("scratchtune.play").iterdir()
               if path.name.endswith(".js")]
    assert sum(text.count("\n") for text in scripts) <= 3600
    assert max(len(line) for text in scripts for line in text.splitlines()) <= 120


def test_every_formula_is_translated() -> None:
    assert all(javascript(formula).startswith(f"{name}(") for name, formula in registry().items())


def cases(formula: Formula) -> list[judge.Judged]:
    """The cases of the check for which the line has a value."""
    found = []
    for arguments in judge.cases(formula):
        try:
            found.append(judge.judge(formula, arguments)[0])
        except arithmetic.UNDEFINED:
            pass
    return found


def as_json(value: Any) -> Any:
    """Arguments as JSON; what it lacks is text."""
    value = np.asarray(value).tolist()
    return json.loads(json.dumps(value), parse_constant=str)


def as_array(value: Any) -> np.ndarray:
    """The inverse of `as_json`; an array that is no rectangle is one NaN."""
    try:
        return np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        return np.array(math.nan)


RUN = """
const read = v => Array.isArray(v) ? v.map(read) : v === "NaN" ? NaN : v === "Infinity" ? Infinity
  : v === "-Infinity" ? -Infinity : v;
const write = v => Array.isArray(v) ? v.map(write) : typeof v === "boolean" ? Number(v)
  : Number.isFinite(v) ? v : String(v);
return arguments[0].map(([name, given]) => Object.fromEntries(
  Object.entries(every[name](...given.map(read))).map(([key, value]) => [key, write(value)])));"""


@pytest.mark.slow
def test_every_line_gives_its_numbers_in_a_browser(browser: Any) -> None:
    """But for a few that overflow in float64 at the edges of some cases: the package computes a stable rewrite."""
    known = registry()
    given = [(name, judged) for name, formula in known.items() for judged in cases(formula)]
    helpers = files("scratchtune.play").joinpath("formulas.js").read_text(encoding="utf-8")
    code = f"{helpers}\nconst every = {{{', '.join(map(javascript, known.values()))}}};\n{RUN}"
    browser.get("about:blank")
    asked = [(name, [as_json(judged.arguments[where.argument]) for where in known[name].where])
             for name, judged in given]
    worst: dict[str, float] = {}
    for (name, judged), found in zip(given, browser.execute_script(code, asked), strict=True):
        values = {target: as_array(found[target.translate(DIGITS).replace("'", "_new")]) for target in judged.targets}
        with np.errstate(invalid="ignore"):  # of two infinities
            worst[name] = max(worst.get(name, 0.0), judge.distance(known[name], judged, values))
    different = {name for name, distance in worst.items() if distance > 1e-9}
    assert len(different) < 20
    rewritten = {name for name, formula in known.items() if "Computed as" in formula.sections}
    assert not different - rewritten, "these lines differ in a browser, and no 'Computed as' says that they overflow"
    assert len(given) > 5_000
