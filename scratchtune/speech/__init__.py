"""Speech: a language model, the search for the text of a recording, alignments, and error rates.

Reading order: `smoothing` and `ngram` (the language model), `alphabets` (letters and their symbols), `fusion` (what the
language model adds to a search), `decoding` (greedy and prefix beam search, for any network that is trained by CTC),
`alignment` (when each letter was spoken), `edit_distance`, `error_rates`. Scores take the reference first, as
scikit-learn's do.
"""

from scratchtune.speech.alignment import Alignment, align
from scratchtune.speech.decoding import Transcript, decode, greedy_decode, prefix_beam_search
from scratchtune.speech.edit_distance import Edits, edits
from scratchtune.speech.error_rates import (
    ErrorCounts,
    character_error_rate,
    error_counts,
    error_rate_interval,
    word_error_rate,
)
from scratchtune.speech.ngram import END, START, UNKNOWN, NGram

__all__ = [
    "Alignment", "END", "Edits", "ErrorCounts", "NGram", "START", "Transcript", "UNKNOWN", "align",
    "character_error_rate", "decode", "edits", "error_counts", "error_rate_interval", "greedy_decode",
    "prefix_beam_search", "word_error_rate",
]
