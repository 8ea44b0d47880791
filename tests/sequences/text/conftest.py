"""Random pairs of sentences, on which scores are compared with sacrebleu's."""

from __future__ import annotations

import numpy as np
import pytest

WORDS = ("the cat Cat sat on mat gatos ¿dónde está niño? ¡sí! it's don't twenty-one 1,000 3.14 12:30 end. U.S.A. a,b "
         "7- (yes) \"no\" &quot; &amp; <skipped> [x] a/b $5 50% _ — … «sí» 日本 e\u0301 x\u00ady").split()
SPACES = (" ", " ", " ", " ", "  ", "\t", "\n", "-\n", "\u00a0")


def sentence(words: list[str], rng: np.random.Generator) -> str:
    return "".join(word + rng.choice(SPACES) for word in words)


@pytest.fixture(scope="session")
def pairs() -> tuple[list[str], list[str]]:
    """1,000 references, and hypotheses that are equal, changed a little, or unrelated; some of both are empty."""
    rng = np.random.default_rng(0)
    references, hypotheses = [], []
    for _ in range(1000):
        words = rng.choice(WORDS, rng.integers(0, 15)).tolist()
        changed = [rng.choice(WORDS) if rng.random() < 0.2 else word for word in words if rng.random() > 0.1]
        other = rng.choice(WORDS, rng.integers(0, 15)).tolist()
        kind = rng.random()
        references.append(sentence(words, rng))
        hypotheses.append(sentence(words if kind < 0.1 else changed if kind < 0.8 else other, rng))
    return references, hypotheses
