"""A formula's line as LaTeX, from the tree that the check of the formulas evaluates.

>>> latex("R = λ · Σᵢ[θᵢ²]")
'R = \\\\lambda \\\\, \\\\sum_{i} \\\\theta_{i}^{2}'
"""

from __future__ import annotations

import re

from scratchtune.formulas.dialect import Call, Choice, Count, Entry, Equation, Name, Node, Number, Reduction, parse

GREEK = dict(zip("αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ", (
    "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon varphi chi "
    "psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega").split(), strict=True))
BELOW = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
NAMED = {"exp": r"\exp", "log": r"\log", "tanh": r"\tanh", "sin": r"\sin", "cos": r"\cos", "max": r"\max",
         "min": r"\min", "Φ": r"\Phi", "φ": r"\varphi", "Σ": r"\sum", "Π": r"\prod"}
OPERATOR = r"\operatorname"
SIGNS = {"<=": r"\le", ">=": r"\ge"}
COMPARISON, SUM, PRODUCT, POWER, ATOM = range(5)  # how tightly a node binds
LEVELS = {"<": COMPARISON, "<=": COMPARISON, ">": COMPARISON, ">=": COMPARISON, "=": COMPARISON, "+": SUM, "-": SUM,
          "·": PRODUCT, "negative": SUM, "^": POWER}


def latex(line: str) -> str:
    """A line's equations, one below the other where it has several; a ValueError where it is not of the dialect."""
    every = [of_equation(each) for each in parse(line)]
    if len(every) == 1:
        return every[0].replace(" &= ", " = ")
    return r"\begin{aligned} " + r" \\ ".join(every) + r" \end{aligned}"


def of_equation(equation: Equation) -> str:
    """An equation, with a mark to align it."""
    return f"{of_node(equation.target)} &= {of_node(equation.value)}"


def _level(node: Node) -> int:
    match node:
        case Call("·", _) if _begins_with_minus(node):
            return SUM
        case Call(name, _) if name in LEVELS:
            return LEVELS[name]
        case Reduction():
            return PRODUCT
        case _:
            return ATOM


def _within(node: Node, level: int) -> str:
    """A node in parentheses where it binds less tightly than its surroundings."""
    text = of_node(node)
    return text if _level(node) >= level else rf"\left({text}\right)"


def of_node(node: Node) -> str:
    """A part of a formula."""
    match node:
        case Number(text):
            return re.sub(r"e(-?)0*(\d+)$", r" \\cdot 10^{\1\2}", text)
        case Name(symbol, indices):
            return _name(symbol, list(indices))
        case Entry(symbol, places):
            return _name(symbol, [of_node(place) for place in places])
        case Count(letter):
            return rf"\#{letter}"
        case Call(function, arguments):
            return _call(function, arguments)
        case Reduction(operation, indices, body):
            inside = _within(body, PRODUCT) if operation in "ΣΠ" else rf"\left[{of_node(body)}\right]"
            name = NAMED.get(operation) or f"{OPERATOR}{{{operation}}}"
            return rf"{name}_{{{' '.join(indices)}}} {inside}"
        case Choice():
            return _choice(node)
    raise TypeError(f"{node!r} is no node of a formula")


def _name(symbol: str, below: list[str]) -> str:
    """A symbol with what is below it; letters of more than one are upright, digits below come first."""
    primes = "'" * symbol.count("'")
    letters, digits = re.fullmatch(r"([^₀-₉]*)([₀-₉]*)", symbol.replace("'", "")).groups()  # type: ignore[union-attr]
    letter = "".join(rf"\{GREEK[each]} " if each in GREEK else each for each in letters).strip()
    if len(letters) > 1 and not any(each in GREEK for each in letters):
        letter = rf"\mathrm{{{letters}}}".replace("_", r"\_")
    below = [digits.translate(BELOW)] * bool(digits) + below
    mark = "," if any(len(each) > 1 or not each.isalpha() for each in below) else ""
    return letter + primes + (rf"_{{{mark.join(below)}}}" if below else "")


def _call(function: str, arguments: tuple[Node, ...]) -> str:
    first, *rest = arguments
    if function == "/":
        return rf"\frac{{{of_node(first)}}}{{{of_node(rest[0])}}}"
    if function == "√":
        return rf"\sqrt{{{of_node(first)}}}"
    if function == "absolute":
        return rf"\left|{of_node(first)}\right|"
    if function == "negative":
        return f"-{_within(first, PRODUCT)}"
    if function == "^":
        base, power = _within(first, ATOM), of_node(rest[0])
        return f"{{{base}}}^{{{power}}}" if "'" in base or "frac" in base else f"{base}^{{{power}}}"
    if function in LEVELS:
        level = LEVELS[function]
        if function == "·":
            left = rf"\left({of_node(first)}\right)" if _ends_with_sum(first) else _within(
                first, SUM if _begins_with_minus(first) else level)
            right = of_node(rest[0]) if isinstance(rest[0], Reduction) else _within(rest[0], POWER)
            times = r"\cdot" if isinstance(rest[0], Number) else r"\,"
            return f"{left} {times} {right}"
        return f"{_within(first, level)} {SIGNS.get(function, function)} {_within(rest[0], level + (function != '+'))}"
    inside = ", ".join(map(of_node, arguments))
    return rf"{NAMED.get(function) or f'{OPERATOR}{{{function}}}'}\left({inside}\right)"


def _begins_with_minus(node: Node) -> bool:
    """Whether a node's first sign is a minus, as in -a b."""
    match node:
        case Call("negative", _):
            return True
        case Call("·", (first, _)):
            return _begins_with_minus(first)
    return False


def _ends_with_sum(node: Node) -> bool:
    """Whether what follows a node would look as if it were part of its sum."""
    match node:
        case Reduction(operation, _, _):
            return operation in "ΣΠ"
        case Call("·", (_, last)):
            return _ends_with_sum(last)
    return False


def _choice(node: Choice) -> str:
    """Cases, one below the other; a choice in the last one adds its own."""
    rows = []
    rest: Node = node
    while isinstance(rest, Choice):
        rows.append(rf"{of_node(rest.yes)} & \text{{if }} {of_node(rest.test)}")
        rest = rest.no
    return r"\begin{cases} " + r" \\ ".join([*rows, rf"{of_node(rest)} & \text{{otherwise}}"]) + r" \end{cases}"
