"""Text for a network: tokens and their ids, padding, the search for the best output, and its scores.

Reading order: `tokens` (a text is split and joined), `vocabulary` (tokens and ids), `padding`, `beam` (decoding, for
any function that returns log-probabilities), `scores` (token accuracy, exact match,
n-grams, BLEU, chrF). Scores take the reference first, as scikit-learn's do.
"""

from scratchtune.sequences.text.beam import Hypothesis, beam_search, greedy
from scratchtune.sequences.text.padding import pad_sequences
from scratchtune.sequences.text.scores import bleu_score, chrf_score, exact_match, token_accuracy, tokenize_13a
from scratchtune.sequences.text.tokens import detokenize, tokenize
from scratchtune.sequences.text.vocabulary import Vocabulary

__all__ = [
    "Hypothesis", "Vocabulary", "beam_search", "bleu_score", "chrf_score", "detokenize", "exact_match", "greedy",
    "pad_sequences", "token_accuracy", "tokenize", "tokenize_13a",
]
