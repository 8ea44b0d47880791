"""A formula's line as a function in JavaScript: what the page computes is generated from the line that one reads.

>>> from scratchtune.formulas import registry
>>> print(javascript(registry()["expected_improvement"]))
expected_improvement(μ, s, b) { const z = (b - μ) / s; const a = s * (z * Φ(z) + φ(z)); return {z, a}; }

The arguments are those of Where, in its order; an array is an array of arrays. The result has each target by its
symbol, with ``_new`` for a prime. Φ, φ and erf, the sums and an array's entries are functions of ``core.js``.
"""

from __future__ import annotations

from scratchtune.formulas import dialect
from scratchtune.formulas.registry import Formula

BELOW = {letter: sign for sign, letter in dialect.INDEX_LETTERS.items()}  # an index is a variable of its own, such as ᵢ
DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
OPERATORS = {  # how each is written, and how tightly it binds
    "=": ("===", 1), "<": ("<", 1), "<=": ("<=", 1), ">": (">", 1), ">=": (">=", 1), "+": ("+", 2), "-": ("-", 2),
    "·": ("*", 3), "/": ("/", 3), "^": ("**", 5)}
CHOICE, NEGATIVE, ATOM = 0, 4, 6
NAMED = {"√": "sqrt", "absolute": "abs"}


def javascript(formula: Formula) -> str:
    """A formula as a method of an object; a ValueError where an axis has no length that an argument tells."""
    writer = _Writer(formula)
    names = ", ".join(_identifier(where.symbol) for where in formula.where)
    steps = " ".join(writer.equation(each) for each in formula.equations)
    targets = ", ".join(_identifier(each.target.symbol) for each in formula.equations)
    return f"{formula.id}({names}) {{ {steps} return {{{targets}}}; }}"


def _identifier(symbol: str) -> str:
    """A symbol as a name in JavaScript: θ' is θ_new, β₁ is β1."""
    return symbol.translate(DIGITS).replace("'", "_new")


class _Writer:
    """Writes the nodes of one formula, whose symbols and axes it knows."""

    def __init__(self, formula: Formula) -> None:
        self.formula = formula
        self.symbols = {where.symbol for where in formula.where} | {each.target.symbol for each in formula.equations}

    def size(self, letter: str) -> str:
        """The length of an index's axis."""
        axis = self.formula.aliases.get(letter, letter)
        if axis.isdigit():
            return axis
        for where in self.formula.where:
            if axis in where.letters:
                return f"{_identifier(where.symbol)}{'[0]' * where.letters.index(axis)}.length"
        raise ValueError(f"[{self.formula.id}] has the index {letter!r}, which is an axis of no argument")

    def over(self, indices: tuple[str, ...], body: str, function: str) -> str:
        """A function of core.js over indices, one within the other."""
        for letter in reversed(indices):
            body = f"{function}({self.size(letter)}, {BELOW[letter]} => {body})"
        return body

    def equation(self, equation: dialect.Equation) -> str:
        """``const name = value;``, where a target with indices is an array."""
        body = self.node(equation.value)
        symbol, value = equation.target.symbol, self.over(equation.target.indices, body, "array")
        given = symbol in [where.symbol for where in self.formula.where]  # an output, which gives the lengths
        return f"{'' if given else 'const '}{_identifier(symbol)} = {value};"

    def node(self, node: dialect.Node, level: int = CHOICE) -> str:
        """A node, in parentheses where it binds less tightly than ``level``."""
        text, own = self.written(node)
        return text if own >= level else f"({text})"

    def written(self, node: dialect.Node) -> tuple[str, int]:
        """A node, and how tightly it binds."""
        match node:
            case dialect.Number(text):
                return text, ATOM
            case dialect.Count(letter):
                return self.size(letter), ATOM
            case dialect.Name("π", ()) if "π" not in self.symbols:
                return "Math.PI", ATOM
            case dialect.Name(symbol, indices):
                if symbol not in self.symbols:
                    return BELOW[symbol], ATOM
                return _identifier(symbol) + "".join(f"[{BELOW[letter]}]" for letter in indices), ATOM
            case dialect.Entry(symbol, places):
                return f"entry({_identifier(symbol)}, {', '.join(map(self.node, places))})", ATOM
            case dialect.Reduction(operation, indices, body):
                values = self.over(indices, self.node(body), "array")
                return f"{_reduction(operation)}({values})", ATOM
            case dialect.Choice(test, yes, no):
                return f"{self.node(test, 1)} ? {self.node(yes, 1)} : {self.node(no)}", CHOICE
            case dialect.Call(function, arguments):
                return self.call(function, arguments)
        raise TypeError(f"{node!r} is no node of a formula")

    def call(self, function: str, arguments: tuple[dialect.Node, ...]) -> tuple[str, int]:
        """An operator or a function with its arguments."""
        if function == "negative":
            return f"-{self.node(arguments[0], ATOM)}", NEGATIVE
        if function in OPERATORS:
            sign, level = OPERATORS[function]
            first, second = self.node(arguments[0], level + (sign == "**")), self.node(arguments[1], level + 1)
            return f"{first} {sign} {second}", level
        return f"{NAMED.get(function, function)}({', '.join(map(self.node, arguments))})", ATOM


def _reduction(operation: str) -> str:
    """The function of core.js that reduces an array of arrays to a number."""
    return {"Σ": "sum", "Π": "product", "mean": "mean", "max": "largest", "min": "smallest"}[operation]
