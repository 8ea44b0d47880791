"""A formula line is mathematics on one line of Unicode; this module parses it into a small tree and evaluates the tree.

The dialect, by example::

    R = λ · Σᵢ[θᵢ²]                                 a product is always an explicit ·
    yₙₖ = exp(zₙₖ − maxⱼ[zₙⱼ]) / Σⱼ[exp(zₙⱼ − maxⱼ[zₙⱼ])]     a subscript is an index; j has the range of k
    a = z if z > 0 else α · (exp(z) − 1)            cases reach both sides of every condition
    gₖ = 2 · (aₖ − tₖ) / #k                         #k is the length of the axis k; a bare k counts from 0
    m'ᵢ = β₁ · mᵢ + (1 − β₁) · gᵢ ; θ'ᵢ = θᵢ − α · m'ᵢ        a prime marks the new value; equations run in order
    yₘ = Σₖ[x[s · m + k − t] · wₖ]                  brackets after a symbol: its entry at computed indices, 0 outside

Nothing here calls the code that a line describes. A line is evaluated entry by entry, without any optimisation, in
decimals (`arithmetic`).
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scratchtune.core.formulas.arithmetic import CONSTANTS, FUNCTIONS, OPERATORS, REDUCTIONS, number

INDEX_LETTERS = dict(zip("ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", "aehijklmnoprstuvx", strict=True))
SUPERSCRIPTS = dict(zip("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789", strict=True))
SPELLINGS = str.maketrans({"−": "-", "≤": "<=", "≥": ">="})
COMPARISONS = ("<", "<=", ">", ">=", "=")

# The tree ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Number:
    """A number as text, which is converted exactly."""

    text: str


@dataclass(frozen=True)
class Name:
    """A symbol with its indices: ``θ'ᵢ`` is Name("θ'", ("i",))."""

    symbol: str
    indices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """``x[s · m + k, c]``: the entry of a symbol at computed indices, integers from 0; outside the array it is 0."""

    symbol: str
    places: tuple[Node, ...]


@dataclass(frozen=True)
class Count:
    """``#k``: the number of values of the index k."""

    letter: str


@dataclass(frozen=True)
class Call:
    """A function or an operator with its arguments."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Reduction:
    """A sum, product, mean, maximum or minimum of ``body`` over all values of some indices."""

    operation: str
    indices: tuple[str, ...]
    body: Node


@dataclass(frozen=True, eq=False)
class Choice:
    """``yes if test else no``; equal only to itself, so that the branches of each one are counted separately."""

    test: Node
    yes: Node
    no: Node


@dataclass(frozen=True)
class Equation:
    """``target = value``."""

    target: Name
    value: Node


Node = Number | Name | Entry | Count | Call | Reduction | Choice
Computed = Callable[[Mapping[str, int]], Any]  # from the value of each index letter to a node's value


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and all its descendants."""
    yield node
    match node:
        case Call(_, children) | Entry(_, children):
            pass
        case Reduction(_, _, body):
            children = (body,)
        case Choice(test, yes, no):
            children = (test, yes, no)
        case _:
            children = ()
    for child in children:
        yield from walk(child)


# Reading -------------------------------------------------------------------------------------------------------------

_BELOW, _ABOVE = "".join(INDEX_LETTERS), "".join(SUPERSCRIPTS)
_LETTER = rf"[^\W\d₀-₉{_BELOW}{_ABOVE}]"
_TOKEN = re.compile(
    rf"""\s*(?:(?P<number>\d+(?:\.\d+)?(?:e-?\d+)?)
    |(?P<name>{_LETTER}(?:{_LETTER}|[\d\u0300-\u036f])*[₀-₉]*'?)(?P<index>[{_BELOW}]*)(?P<prime>'?)
    |(?P<power>[{_ABOVE}]+)
    |(?P<operator><=|>=|[-+·/^√#()\[\]|<>=;,]))""",
    re.VERBOSE)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    index: tuple[str, ...] = ()


def _tokens(line: str) -> list[_Token]:
    line, position, tokens = normal(line), 0, []
    while line[position:].strip():
        found = _TOKEN.match(line, position)
        if not found:
            raise ValueError(f"{line[position:].split()[0]!r} is not part of the dialect")
        kind = next(kind for kind in ("number", "name", "power", "operator") if found[kind])
        index = tuple(INDEX_LETTERS[letter] for letter in found["index"] or "")
        tokens.append(_Token(kind, found[kind] + (found["prime"] or ""), index))
        position = found.end()
    return tokens + [_Token("end", "")]


def normal(text: str) -> str:
    """Normalise characters that look alike: composed letters, and ASCII for minus and comparisons."""
    return unicodedata.normalize("NFC", text).translate(SPELLINGS)


def parse(line: str) -> tuple[Equation, ...]:
    """Parse a line into its equations; a ValueError names what cannot be parsed."""
    return _Parser(line).equations()


class _Parser:
    """Recursive descent: one method for each level of precedence, the loosest first."""

    def __init__(self, line: str) -> None:
        self.tokens = _tokens(line)
        self.position = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.position]

    def take(self, *texts: str) -> str | None:
        """Step over the next token and return it if it is one of these, else return None."""
        if self.token.text not in texts or self.token.kind == "end":
            return None
        self.position += 1
        return self.tokens[self.position - 1].text

    def expect(self, text: str, hint: str = "") -> None:
        if not self.take(text):
            seen = repr(self.token.text) if self.token.kind != "end" else "the end of the line"
            raise ValueError(f"{seen} was found where {text!r} was expected{hint}")

    def equations(self) -> tuple[Equation, ...]:
        found = [self.equation()]
        while self.take(";"):
            found.append(self.equation())
        if self.token.kind != "end":
            raise ValueError(f"{self.token.text!r} follows a complete expression (every product needs a ·)")
        return tuple(found)

    def equation(self) -> Equation:
        target = self.atom()
        if not isinstance(target, Name):
            raise ValueError("an equation begins with the name of what it defines, as in y = or gᵢ =")
        self.expect("=", " after the name that is defined")
        return Equation(target, self.expression())

    def expression(self) -> Node:
        value = self.comparison()
        if not self.take("if"):
            return value
        test = self.comparison()
        self.expect("else")
        return Choice(test, value, self.expression())

    def comparison(self) -> Node:
        left = self.sum()
        sign = self.take(*COMPARISONS)
        return Call(sign, (left, self.sum())) if sign else left

    def sum(self) -> Node:
        value = self.product()
        while sign := self.take("+", "-"):
            value = Call(sign, (value, self.product()))
        return value

    def product(self) -> Node:
        value = self.negation()
        while sign := self.take("·", "/"):
            value = Call(sign, (value, self.negation()))
        return value

    def negation(self) -> Node:
        return Call("negative", (self.negation(),)) if self.take("-") else self.power()

    def power(self) -> Node:
        base = self.atom()
        if self.take("^"):
            return Call("^", (base, self.negation()))
        if self.token.kind == "power":
            digits = "".join(SUPERSCRIPTS[letter] for letter in self.token.text)
            self.position += 1
            exponent = Number(digits.removeprefix("-"))
            return Call("^", (base, Call("negative", (exponent,)) if digits[0] == "-" else exponent))
        return base

    def atom(self) -> Node:
        token = self.token
        if token.kind == "end":
            raise ValueError("the line ends where a number, a name or '(' was expected")
        self.position += 1
        if token.kind == "number":
            return Number(token.text)
        if token.kind == "name" and token.text not in ("if", "else"):
            return self.named(token)
        if token.text in ("(", "|"):
            inside = self.expression()
            self.expect(")" if token.text == "(" else "|")
            return inside if token.text == "(" else Call("absolute", (inside,))
        if token.text == "#" and self.token.kind == "name":
            self.position += 1
            return Count(self.tokens[self.position - 1].text)
        if token.text == "√":
            return Call("√", (self.atom(),))
        raise ValueError(f"{token.text!r} was found where a number, a name or '(' was expected")

    def named(self, token: _Token) -> Node:
        """Parse a reduction ``Σᵢ[..]``, a function ``exp(..)``, an entry ``x[i + 1]``, or a symbol ``θᵢ``."""
        if token.index and self.take("["):
            if token.text not in REDUCTIONS:
                raise ValueError(f"{token.text!r} before '[' is not one of {', '.join(REDUCTIONS)}")
            body = self.expression()
            self.expect("]")
            return Reduction(token.text, token.index, body)
        if not token.index and self.take("("):
            if token.text not in FUNCTIONS:
                raise ValueError(f"{token.text!r} before '(' is not a function of the dialect (a product needs a ·)")
            return Call(token.text, self.several(")"))
        if not token.index and self.take("["):
            return Entry(token.text, self.several("]"))
        return Name(token.text, token.index)

    def several(self, end: str) -> tuple[Node, ...]:
        """Parse expressions with commas between them, up to a bracket."""
        found = [self.expression()]
        while self.take(","):
            found.append(self.expression())
        self.expect(end)
        return tuple(found)


# Computing -----------------------------------------------------------------------------------------------------------


@dataclass
class Evaluation:
    """The values of a line's symbols, arrays or scalars, while its equations are evaluated in order."""

    symbols: dict[str, Any]
    sizes: Mapping[str, int]
    branches: set[tuple[Choice, bool]] = field(default_factory=set)

    def run(self, equations: tuple[Equation, ...]) -> dict[str, Any]:
        """Evaluate the equations in order, and return the value of each target."""
        for equation in equations:
            target, compute = equation.target, self.function(equation.value)
            if target.indices:
                value = np.empty([self.sizes[letter] for letter in target.indices], dtype=object)
                for place in self._places(target.indices):
                    value[tuple(place.values())] = compute(place)
            else:
                value = compute({})
            self.symbols[target.symbol] = value
        return {equation.target.symbol: self.symbols[equation.target.symbol] for equation in equations}

    def function(self, node: Node) -> Computed:
        """Compile a node to a function from the value of each index letter to the node's value.

        The tree is walked once for all index positions: that takes half the time of walking it at each of them.
        """
        match node:
            case Number(text):
                return _constant(number(text))
            case Count(letter):
                return _constant(number(self.sizes[letter]))
            case Name(symbol, indices):
                return self._name(symbol, indices)
            case Entry(symbol, places):
                array, functions = self.symbols[symbol], [self.function(place) for place in places]
                return lambda place: _entry(symbol, array, [function(place) for function in functions])
            case Call(name, arguments):
                return _call((FUNCTIONS | OPERATORS)[name], [self.function(argument) for argument in arguments])
            case Reduction(name, indices, body):
                reduce, inner = REDUCTIONS[name], self.function(body)
                return lambda place: reduce([inner({**place, **more}) for more in self._places(indices)])
            case Choice(test, yes, no):
                return self._choice(node, self.function(test), self.function(yes), self.function(no))

    def _name(self, symbol: str, indices: tuple[str, ...]) -> Computed:
        if symbol in self.symbols:
            value = self.symbols[symbol]
            return (lambda place: value[tuple([place[letter] for letter in indices])]) if indices else _constant(value)
        if symbol in CONSTANTS:
            return _constant(CONSTANTS[symbol]())
        return lambda place: number(place[symbol])  # a bare index letter, as in `if k = yₙ`

    def _choice(self, node: Choice, test: Computed, yes: Computed, no: Computed) -> Computed:
        def chosen(place: Mapping[str, int]) -> Any:
            holds = bool(test(place))
            self.branches.add((node, holds))
            return yes(place) if holds else no(place)

        return chosen

    def _places(self, indices: tuple[str, ...]) -> Iterator[dict[str, int]]:
        for position in itertools.product(*(range(self.sizes[letter]) for letter in indices)):
            yield dict(zip(indices, position, strict=True))


def _constant(value: Any) -> Computed:
    return lambda place: value


def _call(function: Callable[..., Any], arguments: list[Computed]) -> Computed:
    if len(arguments) == 2:  # most calls: an operator
        left, right = arguments
        return lambda place: function(left(place), right(place))
    return lambda place: function(*[argument(place) for argument in arguments])


def _entry(symbol: str, array: Any, places: list[Any]) -> Any:
    position = tuple(int(place) for place in places)
    if any(place != found for place, found in zip(places, position, strict=True)):
        raise ValueError(
            f"an entry of {symbol!r} has the indices {[float(index) for index in places]}; they must be integers")
    inside = all(0 <= place < size for place, size in zip(position, array.shape, strict=True))
    return array[position] if inside else number(0)
