"""A formula's line as a function in JavaScript: what the page computes is generated from the line that one reads.

>>> from scratchtune.core.formulas import registry
>>> print(javascript(registry()["expected_improvement"]))
expected_improvement(μ, s, b) { const z = (b - μ) / s; const a = s * (z * Φ(z) + φ(z)); return {z, a}; }

The arguments are those of Where, in its order; an array is an array of arrays. The result has each target by its
symbol, with ``_new`` for a prime. Φ, φ and erf, the sums and an array's entries are functions of ``formulas.js``.
"""

from __future__ import annotations

from scratchtune.core.formulas import dialect
from scratchtune.core.formulas.registry import Formula

BELOW = {letter: sign for sign, letter in dialect.INDEX_LETTERS.items()}  # an index is a variable of its own, such as ᵢ
DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
OPERATORS = {  # how each is written, and how tightly it binds
    "=": ("===", 1), "<": ("<", 1), "<=": ("<=", 1), ">": (">", 1), ">=": (">=", 1), "+": ("+", 2), "-": ("-", 2),
    "·": ("*", 3), "/": ("/", 3), "^": ("**", 5)}
CHOICE, NEGATIVE, ATOM = 0, 4, 6
REDUCTIONS = {"Σ": "sum", "Π": "product", "mean": "mean", "max": "largest", "min": "smallest"}
NAMED = {"√": "sqrt", "absolute": "abs"}


def javascript(formula: Formula) -> str:
    """A formula as a method of an object."""
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
        where = next(where for where in self.formula.where if axis in where.letters)
        return f"{_identifier(where.symbol)}{'[0]' * where.letters.index(axis)}.length"

    def over(self, indices: tuple[str, ...], body: str) -> str:
        """An array over indices, one within the other."""
        for letter in reversed(indices):
            body = f"array({self.size(letter)}, {BELOW[letter]} => {body})"
        return body

    def equation(self, equation: dialect.Equation) -> str:
        """``const name = value;``, where a target with indices is an array."""
        body = self.node(equation.value)
        symbol, value = equation.target.symbol, self.over(equation.target.indices, body)
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
                return f"{REDUCTIONS[operation]}({self.over(indices, self.node(body))})", ATOM
            case dialect.Choice(test, yes, no):
                return f"{self.node(test, 1)} ? {self.node(yes, 1)} : {self.node(no)}", CHOICE
            case dialect.Call("negative", (value,)):
                return f"-{self.node(value, ATOM)}", NEGATIVE
            case dialect.Call(function, (first, second)) if function in OPERATORS:
                sign, level = OPERATORS[function]
                return f"{self.node(first, level + (sign == '**'))} {sign} {self.node(second, level + 1)}", level
            case dialect.Call(function, arguments):
                return f"{NAMED.get(function, function)}({', '.join(map(self.node, arguments))})", ATOM
