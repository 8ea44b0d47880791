"""Python as HTML: keywords, names that are defined, strings, numbers and comments get classes, by the tokenizer.

>>> html("x = 2  # two")
'x = <span class="n">2</span>  <span class="c"># two</span>'
"""

from __future__ import annotations

import io
import keyword
import tokenize
from collections.abc import Iterator
from html import escape

KINDS = {tokenize.COMMENT: "c", tokenize.STRING: "s", tokenize.NUMBER: "n"} | {
    getattr(tokenize, f"FSTRING_{part}"): "s" for part in ("START", "MIDDLE", "END")
    if hasattr(tokenize, f"FSTRING_{part}")}  # f-strings are several tokens from Python 3.12 on
SOFT = ("match", "case", "type", "_")


def html(code: str) -> str:
    """Code with classes; each line can stand alone."""
    return "\n".join(lines(code))


def lines(code: str) -> list[str]:
    """The lines of some code as HTML; a token of several lines is closed and opened at each end of a line."""
    written, rows, at = list[str](), code.splitlines(keepends=True), (1, 0)
    for kind, text, begin, end in _marked(code):
        written += [escape(_between(rows, at, begin), quote=False), _span(kind, _between(rows, begin, end) or text)]
        at = end
    written.append(escape(_between(rows, at, (len(rows), len(rows[-1]) if rows else 0)), quote=False))
    return "".join(written).split("\n")[: len(rows)]


def session(text: str) -> str:
    """An interactive session: the code after >>> and ... with classes, what is printed without."""
    found = list[str]()
    for prompt, block in _blocks(text):
        if not prompt:
            found.append(escape("\n".join(block), quote=False))
        else:
            marks = [line[:4] for line in block]
            code = lines("\n".join(line[4:] for line in block))
            found.append("\n".join(f'<span class="p">{escape(mark)}</span>{line}'
                                   for mark, line in zip(marks, code, strict=True)))
    return "\n".join(found)


def _blocks(text: str) -> Iterator[tuple[bool, list[str]]]:
    block, prompt = list[str](), False
    for line in text.splitlines():
        now = line.startswith(">>>") or (prompt and line.startswith("..."))
        if block and (now != prompt or line.startswith(">>>")):
            yield prompt, block
            block = []
        prompt = now
        block.append(line)
    if block:
        yield prompt, block


def _marked(code: str) -> Iterator[tuple[str, str, tuple[int, int], tuple[int, int]]]:
    """The tokens that get a class: the class, the text, the first and the last position."""
    before = ""
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        kind = KINDS.get(token.type, "")
        if token.type == tokenize.NAME:
            if before in ("def", "class"):
                kind = "d"
            elif keyword.iskeyword(token.string) and token.string not in SOFT:
                kind = "k"
        if kind:
            yield kind, token.string, token.start, token.end
        before = token.string


def _between(rows: list[str], begin: tuple[int, int], end: tuple[int, int]) -> str:
    """The text from one position to another; lines count from 1."""
    if begin >= end or not rows:
        return ""
    chosen = rows[begin[0] - 1 : end[0]]
    if begin[0] == end[0]:
        return chosen[0][begin[1] : end[1]]
    last = chosen[-1][: end[1]] if len(chosen) == end[0] - begin[0] + 1 else ""
    return "".join([chosen[0][begin[1] :], *chosen[1 : end[0] - begin[0]], last])


def _span(kind: str, text: str) -> str:
    return "\n".join(f'<span class="{kind}">{escape(line, quote=False)}</span>' * bool(line)
                     for line in text.split("\n"))
