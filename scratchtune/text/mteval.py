"""The tokens on which BLEU is usually computed: those of NIST's program mteval-v13a, called "13a".

They are not `tokenize`'s: capitals remain, and "¿", "¡" and apostrophes remain parts of words. A published BLEU can be
compared with another only if both have the same tokens.

Implements section 6.2 of the document.
"""

from __future__ import annotations

import re

ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))

_RULES = (
    (re.compile("([" + re.escape("!\"#$%&()*+/:;<=>?@[\\]^_`{|}~") + "])"), r" \1 "),  # ASCII marks but for ' , - .
    (re.compile(r"([^0-9])([.,])"), r"\1 \2 "),  # a full stop or comma, unless a digit is on both sides
    (re.compile(r"([.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),  # a hyphen after a digit
)


def tokenize_13a(text: str) -> list[str]:
    """Split a text into the tokens of mteval-v13a.

    Source
        NIST, mteval-v13a.pl, the language-independent and the western parts; sacrebleu's ``tokenize="13a"``.

    >>> tokenize_13a("It's 1,000: ¿sí?")
    ["It's", '1,000', ':', '¿sí', '?']
    """
    text = text.rstrip().replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for entity, char in ENTITIES:
        text = text.replace(entity, char)
    text = f" {text} "
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text.split()
