"""Speech: from a WAV file to features; from a network's probabilities to a text.

Reading order, recordings: `clip` (samples and their rate), `resampling`, `wav` (reading a file), `folder` (reading
many, with transcripts; splitting by voice; the built-in synthetic speech). A clip's features, step by step: `spectrum`,
`cepstrum`, and all of them in `features`.

Texts: `alphabets` (letters and their symbols), `ngram` (the language model), `decoding` (greedy and prefix beam search,
for any network that is trained by CTC), `alignment` (when each letter was spoken), `error_rates`. Scores take the
reference first, as scikit-learn's do.
"""

from scratchtune.sequences.speech.alignment import Alignment, align
from scratchtune.sequences.speech.clip import Clip, is_clipped, trim
from scratchtune.sequences.speech.decoding import Decoder, Transcript, decode, greedy_decode, prefix_beam_search
from scratchtune.sequences.speech.error_rates import (
    ErrorCounts,
    character_error_rate,
    edits,
    error_counts,
    error_rate_interval,
    word_error_rate,
)
from scratchtune.sequences.speech.features import Features
from scratchtune.sequences.speech.folder import Recordings, load_spoken_digits, read_clips, split_by_voice
from scratchtune.sequences.speech.ngram import END, START, NGram
from scratchtune.sequences.speech.resampling import change_speed, resample
from scratchtune.sequences.speech.wav import read_wav

__all__ = [
    "END", "START", "Alignment", "Clip", "Decoder", "ErrorCounts", "Features", "NGram", "Recordings",
    "Transcript", "align", "change_speed", "character_error_rate", "decode", "edits", "error_counts",
    "error_rate_interval", "greedy_decode", "is_clipped", "load_spoken_digits", "prefix_beam_search", "read_clips",
    "read_wav", "resample", "split_by_voice", "trim", "word_error_rate",
]
