r"""A formula's line as LaTeX, for notebooks, and as MathML, which browsers typeset without a library.

One walk of the tree that the check of the formulas evaluates serves both: what a part looks like is in a writer.

>>> latex("R = λ · Σᵢ[θᵢ²]")
'R = \\lambda \\, \\sum_{i} \\theta_{i}^{2}'
>>> mathml("α = 2")
'<math display="block" alttext="α = 2"><mi>α</mi><mo>=</mo><mn>2</mn></math>'
"""

from __future__ import annotations

import re
from html import escape
from typing import Protocol

from scratchtune.core.formulas.dialect import Call, Choice, Count, Entry, Equation, Name, Node, Number, Reduction, parse

GREEK = dict(zip("αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ", (
    "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon varphi chi "
    "psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega").split(), strict=True))
BELOW = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
NAMED = {"exp": r"\exp", "log": r"\log", "tanh": r"\tanh", "sin": r"\sin", "cos": r"\cos", "max": r"\max",
         "min": r"\min", "Φ": r"\Phi", "φ": r"\varphi", "Σ": r"\sum", "Π": r"\prod"}
COMPARISON, SUM, PRODUCT, POWER, ATOM = range(5)  # how tightly a node binds
LEVELS = {"<": COMPARISON, "<=": COMPARISON, ">": COMPARISON, ">=": COMPARISON, "=": COMPARISON, "+": SUM, "-": SUM,
          "·": PRODUCT, "negative": SUM, "^": POWER}


def latex(line: str) -> str:
    """A line's equations, one below the other where it has several; a ValueError where it is not of the dialect."""
    every = [of_equation(each) for each in parse(line)]
    if len(every) == 1:
        return every[0].replace(" &= ", " = ")
    return r"\begin{aligned} " + r" \\ ".join(every) + r" \end{aligned}"


def mathml(line: str) -> str:
    """The same as an element of HTML, which programs that read aloud find with the line itself as its text."""
    every = [of_equation(each, MATHML) for each in parse(line)]
    inside = every[0].replace("&=", "") if len(every) == 1 else '<mtable class="lines" displaystyle="true">{}</mtable>'
    rows = ("".join(f"<mtd>{part}</mtd>" for part in each.split("&=")) for each in every)
    inside = inside.replace("{}", "".join(f"<mtr>{row}</mtr>" for row in rows))
    return f'<math display="block" alttext="{escape(line)}">{inside}</math>'


# What a part of a formula looks like ---------------------------------------------------------------------------------


class Writer(Protocol):
    """Writes each kind of part, from its parts that are written already; these may be several elements of MathML."""

    minus: str

    def number(self, digits: str, exponent: str) -> str: ...
    def name(self, letters: str, primes: int, below: list[str], comma: bool) -> str: ...
    def count(self, letter: str) -> str: ...
    def fenced(self, left: str, inside: str, right: str) -> str: ...
    def fraction(self, above: str, below: str) -> str: ...
    def root(self, inside: str) -> str: ...
    def power(self, base: str, exponent: str) -> str: ...
    def product(self, left: str, right: str, of_number: bool) -> str: ...
    def infix(self, left: str, sign: str, right: str) -> str: ...
    def applied(self, function: str, arguments: list[str]) -> str: ...
    def reduced(self, operation: str, indices: tuple[str, ...], inside: str) -> str: ...
    def cases(self, rows: list[tuple[str, str]], otherwise: str) -> str: ...


class Latex:
    """LaTeX as MathJax and KaTeX read it."""

    minus = "-"
    signs = {"<=": r"\le", ">=": r"\ge", "=": "=", "&=": "&="}

    def number(self, digits: str, exponent: str) -> str:
        return digits + rf" \cdot 10^{{{exponent}}}" * bool(exponent)

    def name(self, letters: str, primes: int, below: list[str], comma: bool) -> str:
        letter = "".join(rf"\{GREEK[each]} " if each in GREEK else each for each in letters).strip()
        if len(letters) > 1 and not any(each in GREEK for each in letters):
            letter = rf"\mathrm{{{letters}}}".replace("_", r"\_")
        return letter + "'" * primes + (rf"_{{{('' if not comma else ',').join(below)}}}" if below else "")

    def count(self, letter: str) -> str:
        return rf"\#{letter}"

    def function(self, name: str) -> str:
        return NAMED.get(name) or rf"\operatorname{{{name}}}"

    def fenced(self, left: str, inside: str, right: str) -> str:
        return rf"\left{left}{inside}\right{right}"

    def fraction(self, above: str, below: str) -> str:
        return rf"\frac{{{above}}}{{{below}}}"

    def root(self, inside: str) -> str:
        return rf"\sqrt{{{inside}}}"

    def power(self, base: str, exponent: str) -> str:
        return f"{{{base}}}^{{{exponent}}}" if "'" in base or "frac" in base else f"{base}^{{{exponent}}}"

    def product(self, left: str, right: str, of_number: bool) -> str:
        return rf"{left} \cdot {right}" if of_number else rf"{left} \, {right}"

    def infix(self, left: str, sign: str, right: str) -> str:
        return f"{left} {self.signs.get(sign, sign)} {right}"

    def applied(self, function: str, arguments: list[str]) -> str:
        return self.function(function) + self.fenced("(", ", ".join(arguments), ")")

    def reduced(self, operation: str, indices: tuple[str, ...], inside: str) -> str:
        return rf"{self.function(operation)}_{{{' '.join(indices)}}} {inside}"

    def cases(self, rows: list[tuple[str, str]], otherwise: str) -> str:
        written = [rf"{value} & \text{{if }} {test}" for value, test in rows]
        return r"\begin{cases} " + r" \\ ".join([*written, rf"{otherwise} & \text{{otherwise}}"]) + r" \end{cases}"


class MathML:
    """MathML Core, which Chromium, Firefox and Safari draw."""

    minus = "<mo>−</mo>"
    signs = {"<=": "≤", ">=": "≥", "-": "−", "<": "&lt;", ">": "&gt;"}
    times = '<mo lspace="0.1em" rspace="0.1em">&#x2062;</mo>'  # is read aloud, not seen
    large = {"Σ": '<mo movablelimits="false">∑</mo>', "Π": '<mo movablelimits="false">∏</mo>', "max": "<mi>max</mi>",
             "min": "<mi>min</mi>"}

    def number(self, digits: str, exponent: str) -> str:
        if not exponent:
            return f"<mn>{digits}</mn>"
        of_ten = exponent.replace("-", "−")
        return f"<mn>{digits}</mn><mo>·</mo><msup><mn>10</mn><mn>{of_ten}</mn></msup>"

    def name(self, letters: str, primes: int, below: list[str], comma: bool) -> str:
        first = f"<mi>{letters}</mi>"
        under = self._one(("<mo>,</mo>" if comma else "").join(
            f"<mn>{each}</mn>" if each.isdecimal() else each if each[0] == "<" else f"<mi>{each}</mi>"
            for each in below)) if below else ""
        above = f"<mo>{'′' * primes}</mo>" if primes else ""
        if not under and not above:
            return first
        kind = "msubsup" if under and above else "msub" if under else "msup"
        return f"<{kind}>{first}{under}{above}</{kind}>"

    def count(self, letter: str) -> str:
        return f'<mrow><mo form="prefix" lspace="0" rspace="0">#</mo><mi>{letter}</mi></mrow>'

    def function(self, name: str) -> str:
        upright = ' mathvariant="normal"' if len(name) == 1 else ""
        return f"<mi{upright}>{name}</mi>"

    def fenced(self, left: str, inside: str, right: str) -> str:
        return f'<mrow><mo form="prefix">{left}</mo>{inside}<mo form="postfix">{right}</mo></mrow>'

    def fraction(self, above: str, below: str) -> str:
        return f"<mfrac>{self._one(above)}{self._one(below)}</mfrac>"

    def root(self, inside: str) -> str:
        return f"<msqrt>{inside}</msqrt>"

    def power(self, base: str, exponent: str) -> str:
        if re.fullmatch(r"<msub>(?:(?!<msub>).)*</msub>", base):  # the exponent above the index, not beside it
            return f"<msubsup>{base.removeprefix('<msub>').removesuffix('</msub>')}{self._one(exponent)}</msubsup>"
        return f"<msup>{self._one(base)}{self._one(exponent)}</msup>"

    def product(self, left: str, right: str, of_number: bool) -> str:
        return left + ("<mo>·</mo>" if of_number else self.times) + right

    def infix(self, left: str, sign: str, right: str) -> str:
        return f"{left}<mo>{self.signs.get(sign, sign)}</mo>{right}" if sign != "&=" else f"{left}&=<mo>=</mo>{right}"

    def applied(self, function: str, arguments: list[str]) -> str:
        inside = self.fenced("(", "<mo>,</mo>".join(arguments), ")")
        return f"{self.function(function)}<mo>&#x2061;</mo>{inside}"

    def reduced(self, operation: str, indices: tuple[str, ...], inside: str) -> str:
        under = self._one("".join(f"<mi>{index}</mi>" for index in indices))
        if operation in self.large:
            return f"<mrow><munder>{self.large[operation]}{under}</munder>{inside}</mrow>"
        return f"<mrow><msub>{self.function(operation)}{under}</msub>{inside}</mrow>"

    def cases(self, rows: list[tuple[str, str]], otherwise: str) -> str:
        written = [f"<mtr><mtd>{value}</mtd><mtd><mtext>if&#xA0;</mtext>{test}</mtd></mtr>" for value, test in rows]
        table = "".join([*written, f"<mtr><mtd>{otherwise}</mtd><mtd><mtext>otherwise</mtext></mtd></mtr>"])
        return f'<mrow><mo form="prefix">{{</mo><mtable class="cases">{table}</mtable></mrow>'

    @staticmethod
    def _one(text: str) -> str:
        """One element where there may be several."""
        return text if re.fullmatch(r"<(m[a-z]+)[^>]*>[^<]*</\1>", text) else f"<mrow>{text}</mrow>"


LATEX, MATHML = Latex(), MathML()


# The walk ------------------------------------------------------------------------------------------------------------


def of_equation(equation: Equation, to: Writer = LATEX) -> str:
    """An equation, with a mark to align it."""
    return to.infix(of_node(equation.target, to), "&=", of_node(equation.value, to))


def of_node(node: Node, to: Writer = LATEX) -> str:
    """A part of a formula."""
    match node:
        case Number(text):
            digits, _, exponent = text.partition("e")
            return to.number(digits, re.sub(r"^(-?)0*", r"\1", exponent))
        case Name(symbol, indices):
            return _name(symbol, [Name(index) for index in indices], to)
        case Entry(symbol, places):
            return _name(symbol, list(places), to)
        case Count(letter):
            return to.count(letter)
        case Call(function, arguments):
            return _call(function, arguments, to)
        case Reduction(operation, indices, body):
            inside = _within(body, PRODUCT, to) if operation in "ΣΠ" else to.fenced("[", of_node(body, to), "]")
            return to.reduced(operation, indices, inside)
        case Choice():
            return _choice(node, to)
    raise TypeError(f"{node!r} is no node of a formula")


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


def _within(node: Node, level: int, to: Writer) -> str:
    """A node in parentheses where it binds less tightly than its surroundings."""
    text = of_node(node, to)
    return text if _level(node) >= level else to.fenced("(", text, ")")


def _name(symbol: str, places: list[Node], to: Writer) -> str:
    """A symbol with what is below it; digits come first."""
    letters, digits = re.fullmatch(r"([^₀-₉]*)([₀-₉]*)", symbol.replace("'", "")).groups()  # type: ignore[union-attr]
    below = [digits.translate(BELOW)] * bool(digits) + [of_node(place, to) for place in places]
    simple = (isinstance(place, Name) and not place.indices and re.fullmatch("[A-Za-z]", place.symbol)
              for place in places)
    return to.name(letters, symbol.count("'"), below, bool(digits) or not all(simple))


def _call(function: str, arguments: tuple[Node, ...], to: Writer) -> str:
    first, *rest = arguments
    match function:
        case "/":
            return to.fraction(of_node(first, to), of_node(rest[0], to))
        case "√":
            return to.root(of_node(first, to))
        case "absolute":
            return to.fenced("|", of_node(first, to), "|")
        case "negative":
            return to.minus + _within(first, PRODUCT, to)
        case "^":
            return to.power(_within(first, ATOM, to), of_node(rest[0], to))
        case "·":
            return _product(first, rest[0], to)
        case _ if function in LEVELS:
            level = LEVELS[function]
            return to.infix(_within(first, level, to), function, _within(rest[0], level + (function != "+"), to))
    return to.applied(function, [of_node(each, to) for each in arguments])


def _product(left: Node, right: Node, to: Writer) -> str:
    before = to.fenced("(", of_node(left, to), ")") if _ends_with_sum(left) else _within(
        left, SUM if _begins_with_minus(left) else PRODUCT, to)
    after = of_node(right, to) if isinstance(right, Reduction) else _within(right, POWER, to)
    return to.product(before, after, isinstance(right, Number))


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


def _choice(node: Choice, to: Writer) -> str:
    """Cases, one below the other; a choice in the last one adds its own."""
    rows = []
    rest: Node = node
    while isinstance(rest, Choice):
        rows.append((of_node(rest.yes, to), of_node(rest.test, to)))
        rest = rest.no
    return to.cases(rows, of_node(rest, to))
