"""The machine that reads and checks formulas: it must pass what is right, and above all fail what is wrong."""

from __future__ import annotations

import math
import multiprocessing
import re
import types

import numpy as np
import pytest

from scratchtune import formulas, jit
from scratchtune.core.formulas import arithmetic, dialect, domains, gradients, report
from scratchtune.core.formulas.check import TOLERANCE_GRADIENT
from scratchtune.core.formulas.judge import MOST, cases
from scratchtune.core.formulas.mutants import mutants

# The dialect ---------------------------------------------------------------------------------------------------------


def computed(line, **symbols):
    """The value of a line's last equation; arrays get the axes i, j, k in turn."""
    sizes = {letter: size for value in symbols.values() for letter, size in zip("ijk", np.shape(value), strict=False)}
    equations = formulas.parse(line)
    with arithmetic.digits(float(x) for value in symbols.values() for x in np.ravel(value)):
        given = {name: arithmetic.decimals(value) for name, value in symbols.items()}
        found = dialect.Evaluation(given, sizes).run(equations)[equations[-1].target.symbol]
        return np.asarray(arithmetic.rounded(found)).tolist()


@pytest.mark.parametrize(("line", "symbols", "expected"), [
    ("R = λ · Σᵢ[θᵢ²]", {"λ": 0.1, "θ": [1.0, -2.0]}, 0.5),
    ("y = 2 + 3 · 4 − 6 / 2", {}, 11.0),
    ("y = 8 / 2 / 2 − 1 − 1", {}, 0.0),
    ("y = −x² + 2^−1", {"x": 3.0}, -8.5),
    ("y = 2^3^2", {}, 512.0),
    ("y = x⁻²", {"x": 2.0}, 0.25),
    ("y = |1 − |x||", {"x": -3.0}, 2.0),
    ("y = √(x) + √x", {"x": 4.0}, 4.0),
    ("y = max(x, 1) − min(x, 1)", {"x": 3.0}, 2.0),
    ("y = 1 if x > 0 else 2 if x = 0 else 3", {"x": 0.0}, 2.0),
    ("y = 1 if x ≤ 0 else 0", {"x": 0.0}, 1.0),
    ("y = sign(x) + floor(x)", {"x": -1.5}, -3.0),
    ("y = meanᵢ[xᵢ] + maxᵢ[xᵢ] + minᵢ[xᵢ] + Πᵢ[xᵢ]", {"x": [1.0, 2.0, 3.0, 4.0]}, 31.5),
    ("yᵢ = Σⱼ[aᵢⱼ · j] / #j", {"a": [[1.0, 2.0], [3.0, 4.0]]}, [1.0, 2.0]),
    ("yⱼ = Σᵢ[aᵢⱼ · (1 if i = j else 0)]", {"a": [[1.0, 2.0], [3.0, 4.0]]}, [1.0, 4.0]),
    ("m' = β₁ · m + (1 − β₁) · g ; θ' = θ − m'", {"β₁": 0.5, "m": 2.0, "g": 4.0, "θ": 1.0}, -2.0),
    ("yᵢ = x[i + 1] + 10 · x[i − 1]", {"x": [1.0, 2.0, 3.0]}, [2.0, 13.0, 20.0]),  # outside there is 0
    ("y = Σᵢ[a[2 − i, i]]", {"a": [[1.0, 2.0], [3.0, 4.0]]}, 4.0),
    ("ŷ = fan_in + p̂", {"fan_in": 3, "p̂": 0.5}, 3.5),
    ("y = Φ(0) + erf(0) + exp(0) + log(1) + tanh(0) + cos(0) + sin(0)", {}, 2.5),
])
def test_worked_lines(line, symbols, expected):
    symbols = {dialect.normal(name): value for name, value in symbols.items()}
    assert computed(line, **symbols) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(("line", "message"), [
    ("y = 2 x", "'x' follows a complete expression"),
    ("y = (2 + 3", r"the end of the line was found where '\)' was expected"),
    ("y = f(2)", "'f' before '\\(' is not a function"),
    ("y = medianᵢ[xᵢ]", "'median' before '\\['"),
    ("y = 2 * 3", r"'\*' is not part of the dialect"),
    ("2 = y", "an equation begins with the name"),
    ("y = x if x > 0", "the end of the line was found where 'else'"),
    ("y = ", "the line ends where"),
])
def test_lines_that_are_not_understood(line, message):
    with pytest.raises(ValueError, match=message):
        formulas.parse(line)


FLOATS = {
    "exp": math.exp, "tanh": math.tanh, "erf": math.erf, "sin": math.sin, "cos": math.cos, "floor": math.floor,
    "sign": lambda x: math.copysign(x != 0, x), "Φ": lambda z: 0.5 * math.erfc(-z / math.sqrt(2.0)),
    "φ": lambda z: math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)}


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("x", [-35.5, -20.0, -3.0, -0.5, 0.0, 1e-6, 0.7, 4.0, 21.0, 30.0])
def test_decimals_agree_with_floats(name, x):
    with arithmetic.digits():
        exact = float(arithmetic.FUNCTIONS[name](arithmetic.number(x)))
    assert exact == pytest.approx(FLOATS[name](x), rel=1e-12, abs=1e-300)


def test_naive_line_is_exact_where_floats_have_nothing_left():
    naive = "L = −log(1 − 1 / (1 + exp(−z)))"
    assert computed(naive, z=1e4) == pytest.approx(1e4, rel=1e-15)
    assert computed(naive, z=-50.0) == pytest.approx(math.exp(-50.0), rel=1e-15)


# Domains and cases ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "low", "high"), [
    (">= 0", 0, math.inf), ("> 0", 1e-9, math.inf), ("in [0, 1)", 0, 1 - 1e-9), ("in (0, 1)", 1e-9, 1 - 1e-9),
    ("in [-1, 1]", -1, 1), ("integer >= 1", 1, math.inf), ("integer in [0, 3]", 0, 3), ("<= 2", -math.inf, 2),
    ("0 or 1", 0, 1), ("probabilities", 1e-9, 1), ("real", -math.inf, math.inf), ("logits", -1e4, 1e4),
])
def test_values_lie_in_their_domain_and_are_exact_in_float32(text, low, high):
    domain, sampled, words = domains.read_domain(text + ", some words; and more, again")
    assert words == "some words; and more, again" and sampled == domain
    rng = np.random.default_rng(0)
    for edge in [None, None, *domains.edges(domain)]:
        values = np.asarray(domains.draw(domain, (3, 5), rng, {}, edge))
        assert (values >= low).all() and (values <= high).all()
        assert (values.astype(np.float32) == values).all()


def test_probabilities_sum_to_exactly_one_in_either_precision():
    domain, _, _ = domains.read_domain("probabilities")
    for edge in [None, (0,), (-1,)]:
        values = domains.draw(domain, (4, 9), np.random.default_rng(0), {}, edge)
        assert (values.sum(axis=1) == 1).all() and (values.astype(np.float32).sum(axis=1) == 1).all()


@pytest.mark.parametrize(("text", "domain", "sampled"), [
    ("real; sampled in [-1, 1]", "real", "in [-1, 1]"),
    ("> 0; sampled in (0, 0.1)", "> 0", "in (0, 0.1)"),
    (">= 0; sampled > 0", ">= 0", "> 0"),
    ("integer >= 1; sampled in [1, 3]", "integer >= 1", "integer in [1, 3]"),
    ("integer; sampled in [-9, 9]", "integer", "integer in [-9, 9]"),
    ("real; sampled as integer >= 2", "real", "integer >= 2"),
    ("probabilities; sampled as one-hot", "probabilities", "one-hot"),
    ("in [0, 1]; sampled as 0 or 1", "in [0, 1]", "0 or 1"),
])
def test_a_sampling_range_is_a_part_of_the_domain(text, domain, sampled):
    expected = (domains.read_domain(domain)[0], domains.read_domain(sampled)[0], "the mean")
    assert domains.read_domain(text + ", the mean") == expected


@pytest.mark.parametrize(("text", "message"), [
    ("positive", "'positive' does not begin with a domain; it must begin with one of real"),
    ("real; sampled positive", "'positive' does not begin with a domain; it must begin with one of real"),
    ("real; drawn in [0, 1]", "after ';' comes 'sampled' and a range, as in 'sampled in [0, 1]'"),
    ("real; sampled integer >= 0", "a domain with a type of its own follows 'as', as in 'sampled as integer >= 0'"),
    ("> 0; sampled in [0, 1]", "the sampling range 'in [0, 1]' is not within its domain; widen the domain, or"),
    ("in [0, 1); sampled in [0, 1]", "is not within its domain"),
    ("in [0, 1]; sampled in [0, 2]", "is not within its domain"),
    ("integer >= 1; sampled in [0, 3]", "is not within its domain"),
    ("integer; sampled as 0 or 1", "is not within its domain"),
    ("in [0, 1); sampled as one-hot", "is not within its domain"),
    ("<= 2; sampled >= 0", "is not within its domain"),
    ("written; sampled > 0", "is not within its domain"),
])
def test_unknown_domains_and_wrong_sampling_ranges_are_errors(text, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        domains.read_domain(text)


def test_values_are_drawn_from_the_sampling_range_in_the_domains_type():
    def toy(x, n):
        return x * n

    toy.__doc__ = GOOD.replace("y = 2 · x", "y = x · n").replace(
        "x: x, scalar, real", "x: x, scalar, real; sampled as integer in [2, 4]\n"
        "        n: n, scalar, integer; sampled in [-1, 1], a factor")
    drawn = list(cases(formulas.read(toy)))
    assert {float(arguments["x"]) for arguments in drawn} == {2.0, 3.0, 4.0}
    assert {int(arguments["n"]) for arguments in drawn} == {-1, 0, 1}
    assert {arguments["x"].dtype.kind + arguments["n"].dtype.kind for arguments in drawn} == {"fi"}


# Toy formulas that are right -----------------------------------------------------------------------------------------


@jit.function
def toy_square_mean(x, c):
    """Scaled mean of squares.

    Formula [toy_square_mean]
        y = c · meanᵢ[xᵢ²]
    Where
        x: x, (i,), real
        c: c, scalar, > 0
    Source
        None.
    """
    return c * (x**2).mean()


@jit.function
def toy_square_mean_grad(x, c):
    """Gradient of the scaled mean of squares.

    Formula [toy_square_mean_grad]
        gᵢ = 2 · c · xᵢ / #i
    Gradient of
        [toy_square_mean] in x
    Where
        x: x, (i,), real
        c: c, scalar, > 0
    Source
        None.
    """
    return 2.0 * c * x / x.dtype.type(x.size)


@jit.function
def toy_hinge(z, s):
    """A bent line, elementwise.

    Formula [toy_hinge]
        aᵢ = zᵢ if zᵢ > 0 else s · zᵢ
    Where
        z: z, (i,), real
        s: s, scalar, in (0, 1)
    Source
        None.
    """
    a = np.empty_like(z)
    for i in range(z.size):
        a[i] = z[i] if z[i] > 0.0 else s * z[i]
    return a


@jit.function
def toy_hinge_grad(a, dy, s, dz):
    """What arrives at the bent line's value is handed on to z; it is added to what is there.

    Formula [toy_hinge_grad]
        d'ᵢ = dᵢ + (gᵢ if aᵢ > 0 else s · gᵢ)
    Gradient of
        [toy_hinge] in z
    Where
        a: a, (i,), real
        g: dy, (i,), real
        s: s, scalar, in (0, 1)
        d: dz, (i,), real
    Source
        None.
    """
    for i in range(a.size):
        dz[i] += dy[i] if a[i] > 0.0 else s * dy[i]


@jit.function
def toy_momentum(theta, velocity, g, alpha):
    """Two arrays changed in place.

    Formula [toy_momentum]
        v'ᵢ = vᵢ + gᵢ ; θ'ᵢ = θᵢ − α · v'ᵢ
    Where
        θ: theta, (i,), real
        v: velocity, (i,), real
        g: g, (i,), real
        α: alpha, scalar, > 0
    Source
        None.
    """
    for i in range(theta.size):
        velocity[i] += g[i]
        theta[i] -= alpha * velocity[i]


def toy_log_sum_exp(z, p):
    """Softmax into p, and the logarithm of its denominator.

    Formula [toy_log_sum_exp]
        pₖ = exp(zₖ) / Σⱼ[exp(zⱼ)] ; s = log(Σⱼ[exp(zⱼ)])
    Where
        z: z, (k,), logits
        p: p, (k,), written
    Source
        None.
    """
    top = z.max()
    total = np.exp(z - top).sum()
    p[:] = np.exp(z - top) / total
    return top + np.log(total)


def toy_log_sum_exp_grad(p, g, dz):
    """Gradient in the row that the probabilities were made of.

    Formula [toy_log_sum_exp_grad]
        dₖ = pₖ · (gₖ − Σⱼ[gⱼ · pⱼ])
    Gradient of
        p of [toy_log_sum_exp] in z
    Where
        p: p, (k,), probabilities
        g: g, (k,), real
        d: dz, (k,), written
    Source
        None.
    """
    dz[:] = p * (g - (g * p).sum())


RIGHT = [
    toy_square_mean, toy_square_mean_grad, toy_hinge, toy_hinge_grad, toy_momentum,
    toy_log_sum_exp, toy_log_sum_exp_grad,
]
KNOWN = {formula.id: formula for formula in map(formulas.read, RIGHT)}


@pytest.mark.parametrize("function", RIGHT, ids=lambda function: jit.plain(function).__name__)
def test_right_formulas_pass(function):
    row = formulas.check(formulas.read(function), KNOWN)
    assert row.ok, row.problems + row.survived
    assert row.cases >= 10 and row.caught >= 3
    assert ("grad" in row.id) == (row.gradient_error is not None)


def test_a_line_may_be_continued_on_deeper_ones():
    text = jit.plain(RIGHT[0]).__doc__
    line = formulas.read(RIGHT[0]).line
    head, _, tail = line.partition(" = ")

    continued = types.FunctionType(jit.plain(RIGHT[0]).__code__, jit.plain(RIGHT[0]).__globals__)
    continued.__doc__ = text.replace(line, f"{head} =\n            {tail}")
    assert formulas.read(continued).line == line


def test_places_that_are_no_whole_numbers_are_an_error():
    with pytest.raises(ValueError, match="they must be integers"):
        computed("y = x[1 / 2]", x=[1.0, 2.0])


def test_many_axes_are_cut_so_that_a_line_stays_affordable():
    formula = formulas.find("conv2d")
    places = [math.prod(formula.sizes(arguments).values()) for arguments in cases(formula)]
    assert 2**9 < max(places) <= MOST


def test_parts_of_a_docstring():
    formula = KNOWN["toy_square_mean_grad"]
    assert formula.sentence == "Gradient of the scaled mean of squares."
    assert formula.line == "gᵢ = 2 · c · xᵢ / #i"
    assert (formula.gradient_of.id, formula.gradient_of.argument) == ("toy_square_mean", "x")
    assert [(where.symbol, where.argument, where.letters) for where in formula.where] == [
        ("x", "x", ("i",)), ("c", "c", ())]
    assert formula.code.splitlines()[-1] == "    return 2.0 * c * x / x.dtype.type(x.size)"
    assert "Formula" not in formula.code
    assert formula.place.startswith("tests/test_formulas.py:")


def test_evaluating_a_line_without_its_code():
    found, _ = KNOWN["toy_momentum"].solve(
        {"theta": np.ones(2), "velocity": np.zeros(2), "g": np.array([1.0, 2.0]), "alpha": 0.5})
    assert arithmetic.rounded(found["θ'"]).tolist() == [0.5, 0.0]
    with pytest.raises(ValueError, match="x has shape"):
        KNOWN["toy_square_mean"].solve({"x": 1.0, "c": 2.0})


def test_cases_are_the_same_every_time_and_differ_between_formulas():
    first, again = (list(cases(KNOWN["toy_momentum"])) for _ in range(2))
    assert all(np.array_equal(one[name], two[name]) for one, two in zip(first, again, strict=True) for name in one)
    assert any((one["theta"] == 0).all() for one in first)
    other = next(iter(cases(KNOWN["toy_square_mean"])))["x"]
    assert not np.array_equal(np.resize(other, 3), np.resize(first[0]["theta"], 3))


# Toy formulas that are wrong -----------------------------------------------------------------------------------------


def changed(function, old, new):
    """The formula of the plain function, with ``old`` replaced by ``new`` in its source."""
    formula = formulas.read(function)
    source = formula.code.replace(old, new)
    assert source != formula.code
    scope = {"np": np, "jit": jit}
    exec(source.replace("@jit.function\n", ""), scope)
    wrong = scope[formula.plain.__name__]
    wrong.__doc__ = formula.plain.__doc__
    return formulas.read(wrong)


@pytest.mark.parametrize(("function", "old", "new", "message"), [
    (toy_square_mean, ".mean()", ".sum()", "plain code is .* away from the line"),
    (toy_square_mean, "x**2", "abs(x)", "plain code is .* away"),
    (toy_square_mean, "c * (x", "0.9999999999 * c * (x", "plain code is 1.0e-10 away"),
    (toy_square_mean, "return c * (x**2).mean()", "return x", "plain code is inf away"),
    (toy_square_mean, "return c", "c", "it returns nothing, and the line ends with y"),
    (toy_square_mean, "return c * (x**2).mean()", "return 1.0, c", "it returns 2 values"),
    (toy_square_mean, "    return", "    x[0] = 1.0\n    return", "it changes its argument 'x'"),
    (toy_square_mean, "c * (x**2)", "undefined * (x**2)", "plain code fails: NameError"),
    (toy_hinge, "z[i] > 0.0", "z[i] > -100.0", "plain code is .* away"),
    (toy_momentum, "velocity[i] += g[i]", "velocity[i] = g[i]", "plain code is .* away"),
    (toy_momentum, "velocity[i] += g[i]", "pass", "plain code is .* away"),
    (toy_log_sum_exp, "top = z.max()", "top = 0.0", "plain code is inf away"),
    (toy_log_sum_exp, "p[:] =", "p[1:] =", "plain code (fails|is inf away)"),
])
def test_wrong_code_is_found(function, old, new, message):
    row = formulas.check(changed(function, old, new), KNOWN)
    assert not row.ok and any(re.search(message, problem) for problem in row.problems), row.problems


def documented(function, old, new):
    """The formula of the same code, with ``old`` replaced by ``new`` in its docstring."""
    plain = jit.plain(function)
    copied = types.FunctionType(plain.__code__, plain.__globals__, plain.__name__)
    copied.__doc__ = plain.__doc__.replace(old, new)
    assert copied.__doc__ != plain.__doc__
    return formulas.read(copied)


@pytest.mark.parametrize(("function", "old", "new"), [
    (toy_square_mean_grad, "[toy_square_mean] in x", "[toy_square_mean] in c"),
    (toy_square_mean_grad, "[toy_square_mean] in x", "[toy_hinge] in z"),
    (toy_square_mean_grad, "[toy_square_mean] in x", "[toy_nothing] in x"),
    (toy_log_sum_exp_grad, "p of [toy", "s of [toy"),
])
def test_wrong_claims_about_gradients_are_found(function, old, new):
    row = formulas.check(documented(function, old, new), KNOWN)
    assert any("gradient" in problem or "central differences" in problem for problem in row.problems), row.problems


def test_gradient_that_agrees_with_its_own_line_but_is_wrong_is_found():
    line = documented(toy_square_mean_grad, "2 · c", "3 · c")
    wrong = changed(toy_square_mean_grad, "2.0 * c", "3.0 * c")
    wrong.plain.__doc__ = line.plain.__doc__
    row = formulas.check(formulas.read(wrong.plain), KNOWN)
    assert row.error < 1e-12 and row.gradient_error > 0.1
    assert [problem for problem in row.problems if "central differences" in problem]


@pytest.mark.parametrize("factor", [1.001, 0.0])
def test_one_wrong_entry_of_a_gradient_is_found(factor):
    """The differences are those along one direction: its sum must not hide a small entry."""
    wrong = changed(toy_square_mean_grad, "return 2.0 * c * x / x.dtype.type(x.size)",
                    f"g = 2.0 * c * x / x.size\n    g[abs(g).argmin()] *= {factor}\n    return g")
    assert gradients.gradient_error(wrong, KNOWN) > 1000 * TOLERANCE_GRADIENT


def test_at_a_kink_the_other_entries_of_a_gradient_are_compared():
    arguments = {"z": np.array([1.0, 0.0, -1.0]), "s": 0.25}
    found = gradients.differences(KNOWN["toy_hinge"], arguments, "z", "a")
    assert [(direction.tolist(), value) for direction, value in found] == [([1, 0, 0], 1.0), ([0, 0, 1], 0.25)]


def test_branch_that_no_case_reaches_is_found():
    row = formulas.check(documented(toy_hinge, "zᵢ > 0", "zᵢ > 0 − 10^9"), KNOWN)
    assert any("never False" in problem for problem in row.problems)


def test_line_without_values_is_found():
    row = formulas.check(documented(toy_square_mean, "c · meanᵢ[xᵢ²]", "c · meanᵢ[log(−xᵢ²)]"), KNOWN)
    assert any("has a value on only" in problem for problem in row.problems)


@pytest.mark.needs_compiler
def test_float32_that_widens_is_found():
    def widening(x, c):
        return x * np.float64(1.0) * c

    widening.__doc__ = jit.plain(toy_square_mean).__doc__.replace("y = c · meanᵢ[xᵢ²]", "yᵢ = c · xᵢ")
    row = formulas.check(formulas.read(jit.function(widening)), KNOWN)
    assert any("float32 arguments gave a float64 array" in problem for problem in row.problems), row.problems


# All formulas, in several processes ----------------------------------------------------------------------------------


@pytest.fixture()
def few(monkeypatch):
    """A registry of four formulas of three modules, as far as this process knows."""
    some = {name: formulas.find(name) for name in ("sigmoid", "l2_penalty", "sigmoid_grad", "accuracy")}
    monkeypatch.setattr(report, "registry", lambda: some)
    monkeypatch.setattr(report, "EQUIVALENT", {})
    return some


@pytest.mark.slow
def test_rows_are_the_same_in_several_processes_and_in_the_formulas_order(few):
    rows = formulas.check_all(processes=2).rows
    assert [row.id for row in rows] == list(few) and rows == formulas.check_all(processes=1).rows


@pytest.mark.slow
def test_an_interruption_ends_the_processes(few):
    found = report._in_processes([["sigmoid"], ["l2_penalty"], ["accuracy"]], 2)
    next(found)
    with pytest.raises(KeyboardInterrupt):
        found.throw(KeyboardInterrupt)
    assert multiprocessing.active_children() == []


def test_report_has_a_line_for_each_formula_then_totals_and_a_sentence_for_each_problem():
    right, wrong = (formulas.check(formula, KNOWN) for formula in (
        KNOWN["toy_hinge"], changed(toy_hinge, "z[i] > 0.0", "z[i] > -100.0")))
    text = formulas.Report([right, wrong]).text().splitlines()
    assert text[1].startswith("toy_hinge ") and text[2].endswith("wrong, see below")
    assert text[4].startswith("2 formulas on ") and "[toy_hinge] the plain code is" in text[5]
    assert text[-1] == "Not all agree." and formulas.Report([right]).text().splitlines()[-1] == "All agree."


# Mutants -------------------------------------------------------------------------------------------------------------


def toy_with_dead_code(x, c):
    """Twice a number.

    Formula [toy_with_dead_code]
        y = 2 · x
    Where
        x: x, scalar, real
        c: c, scalar, >= 0
    Source
        None.
    """
    unused = c + 1.0
    return 2.0 * x + 0.0 * unused


def test_mutants_of_dead_code_survive_until_they_are_listed_with_a_reason():
    formula = formulas.read(toy_with_dead_code)
    row = formulas.check(formula, KNOWN)
    assert not row.ok and "constant: 1.0 -> 2.0 in `unused = c + 1.0`" in row.survived
    listed = {(formula.id, survivor): "dead code" for survivor in row.survived}
    again = formulas.check(formula, KNOWN, listed)
    assert again.ok and again.equivalent == len(row.survived) and again.caught == row.caught


@pytest.mark.parametrize(("description", "message"), [
    ("constant: 2.0 -> 3.0 in `return 2.0 * x + 0.0 * unused`", "listed as equivalent, but caught"),
    ("constant: 7.0 -> 8.0 in `return 7.0`", "listed as equivalent, but not a mutant"),
])
def test_stale_entries_of_the_table_are_found(description, message):
    table = {("toy_with_dead_code", description): "a wrong reason"}
    row = formulas.check(formulas.read(toy_with_dead_code), KNOWN, table)
    assert any(message in problem for problem in row.problems)


def toy_mistakes(x, n):
    """Not a formula."""
    total = -x
    for k in range(1, n + 1):
        if k >= 2:
            total += abs(x[k - 1]) * 0.5
    return max(total, x.sum() ** 2)


def test_the_kinds_of_mutants():
    found = {mutant.description for mutant in mutants(toy_mistakes)}
    line = "`return max(total, x.sum() ** 2)`"
    assert found == {
        "sign: -x -> x in `total = -x`",
        "swapped: k >= 2 -> k < 2 in `if k >= 2:`",
        "constant: 2 -> 3 in `if k >= 2:`",
        "sign: total += abs(x[k - 1]) * 0.5 -> total -= abs(x[k - 1]) * 0.5 in `total += abs(x[k - 1]) * 0.5`",
        "swapped: abs(x[k - 1]) * 0.5 -> abs(x[k - 1]) / 0.5 in `total += abs(x[k - 1]) * 0.5`",
        "dropped: abs(x[k - 1]) * 0.5 -> abs(x[k - 1]) in `total += abs(x[k - 1]) * 0.5`",
        "dropped: abs(x[k - 1]) * 0.5 -> 0.5 in `total += abs(x[k - 1]) * 0.5`",
        "square and absolute: abs(x[k - 1]) -> x[k - 1] * x[k - 1] in `total += abs(x[k - 1]) * 0.5`",
        "constant: 0.5 -> 1.5 in `total += abs(x[k - 1]) * 0.5`",
        f"sign: return max(total, x.sum() ** 2) -> return -max(total, x.sum() ** 2) in {line}",
        f"swapped: max(total, x.sum() ** 2) -> min(total, x.sum() ** 2) in {line}",
        f"square and absolute: x.sum() ** 2 -> abs(x.sum()) in {line}",
        f"sum and mean: x.sum() -> x.mean() in {line}",
        f"constant: 2 -> 3 in {line}",
    }


# Docstrings that do not follow the grammar ---------------------------------------------------------------------------


GOOD = """Twice a number.

    Formula [toy]
        y = 2 · x
    Where
        x: x, scalar, real
    Source
        None.
    """


@pytest.mark.parametrize(("old", "new", "message"), [
    ("    Source\n        None.\n", "", "the heading 'Source' is missing"),
    ("Where", "With", "'With' is no heading"),
    ("    Source\n", "    Computed as\n        x + x\n    Source\n", "'Computed as' is repeated or out of order"),
    ("[toy]", "[Toy 1]", "the ID is 'Toy 1'"),
    ("Twice a number.\n", "\n", "it must begin with a sentence"),
    ("y = 2 · x", "y = 2 · x\n        z = y", "2 lines of mathematics"),
    ("y = 2 · x", "y = 2 · x[0, 1]", "an entry of 'x' is taken with 2 indices"),
    ("y = 2 · x", "y = 2 · z[0]", "an entry of 'z', which is neither in Where nor defined before"),
    ("y = 2 · x", "y = 2 x", "every product needs a ·"),
    ("y = 2 · x", "y = 2 · w", "the line uses 'w', which is neither in Where nor defined before"),
    ("y = 2 · x", "y = 2 · xᵢ", "'x' is used with 1 indices; it must have 0"),
    ("y = 2 · x", "y = Σₖ[2 · x]", "the index 'k' is an axis of no argument"),
    ("y = 2 · x", "x = 2 · x", "'x' has a value already"),
    ("y = 2 · x", "y' = 2 · x", "\"y'\" is the new value of 'y', which has no value"),
    ("x: x, scalar, real", "x: x, real", "is not 'symbol: argument, shape, domain"),
    ("x: x, scalar, real", "x: x, scalar, positive", "does not begin with a domain"),
    ("x: x, scalar, real", "xᵢ: x, (i,), real", "has an index or a prime on its symbol"),
    ("x: x, scalar, real", "x: z, scalar, real", "the argument 'x' is missing in Where"),
    ("x: x, scalar, real", "x: x, scalar, real\n        w: w, scalar, real", "Where names 'w'"),
    ("x: x, scalar, real", "x: x[1], scalar, real", "Where names 'x[1]'"),
    ("x: x, scalar, real", "x: x, scalar, real\n        w: x[0], scalar, real", "Where names 'x'"),
    ("    Where", "    Gradient of\n        toy in x\n    Where", "Gradient of is 'toy in x'"),
])
def test_bad_docstrings_are_named_by_file_function_and_fault(old, new, message):
    def toy(x):
        return 2.0 * x

    toy.__doc__ = GOOD
    assert formulas.read(toy).id == "toy"
    toy.__doc__ = GOOD.replace(old, new)
    assert toy.__doc__ != GOOD
    with pytest.raises(ValueError) as error:
        formulas.read(toy)
    assert message in str(error.value)
    assert str(error.value).startswith("tests/test_formulas.py:") and " toy: " in str(error.value)


def test_an_argument_may_be_a_tuple_whose_parts_are_symbols():
    def toy(pair, x):
        low, high = pair
        return low + high * x

    toy.__doc__ = GOOD.replace("y = 2 · x", "y = a + b · x").replace(
        "x: x, scalar, real", "a: pair[0], scalar, real\n        b: pair[1], scalar, real\n        x: x, scalar, real")
    formula = formulas.read(toy)
    assert formula.values({"pair[0]": 1.0, "x": 3.0, "pair[1]": 2.0}) == [(1.0, 2.0), 3.0]
    assert formulas.check(formula).ok


def test_one_id_for_two_functions_is_an_error():
    module = types.ModuleType("a_module")
    for name in ("first", "second"):
        scope = {"__name__": "a_module"}
        exec(f"def {name}(x):\n    return 2.0 * x", scope)
        scope[name].__doc__ = GOOD
        setattr(module, name, scope[name])
    with pytest.raises(ValueError, match=r"\[toy\] is also at"):
        formulas.collect([module])
    del module.second
    assert list(formulas.collect([module])) == ["toy"]


# The package's own formulas ------------------------------------------------------------------------------------------


def test_index_has_a_line_for_each_formula_and_describe_shows_one_beside_its_code():
    lines = formulas.index().splitlines()
    assert len(lines) == len(formulas.registry())
    name, formula = next(iter(formulas.registry().items()))
    assert lines[0].startswith(name) and formula.line in lines[0] and formula.place in lines[0]
    text = formulas.describe(name)
    assert formula.line in text and formula.place in text and f"def {formula.plain.__name__}(" in text


def test_words_find_formulas_by_their_first_sentence():
    found = [line.split()[0] for line in formulas.describe("expected improvement").splitlines()]
    assert found[0] == "expected_improvement" and "log_expected_improvement_grad" in found
    assert "multi_head_attention" in formulas.index("Attention")
