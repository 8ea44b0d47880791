"""Speech: from a WAV file to features; from a network's probabilities to a text.

Reading order, recordings: `samples` (integers to numbers, channels), `clip` (samples and their rate), `resampling`,
`wav` (reading a file), `containers` and `folder` (reading many, with transcripts), `splitting` (by voice),
`spoken_digits` (the built-in synthetic speech). A clip's features, step by step: `trimming`, `preemphasis`, `framing`,
`windows`, `spectrum`, `mel`, `mel_filters`, `cepstrum`, `deltas`, `normalising`, and all of them in `features`; what
changes clips in training: `speed`.

Texts: `smoothing` and `ngram` (the language model), `alphabets` (letters and their symbols), `fusion` (what the
language model adds to a search), `decoding` (greedy and prefix beam search, for any network that is trained by CTC),
`decoder` (all choices of a decoding), `alignment` (when each letter was spoken), `edit_distance`, `error_rates`. Scores
take the reference first, as scikit-learn's do.
"""

from scratchtune.sequences.speech.alignment import Alignment, align
from scratchtune.sequences.speech.clip import Clip, is_clipped
from scratchtune.sequences.speech.decoder import Decoder
from scratchtune.sequences.speech.decoding import Transcript, decode, greedy_decode, prefix_beam_search
from scratchtune.sequences.speech.edit_distance import Edits, edits, paired
from scratchtune.sequences.speech.error_rates import (
    ErrorCounts,
    character_error_rate,
    error_counts,
    error_rate_interval,
    word_error_rate,
)
from scratchtune.sequences.speech.features import Features
from scratchtune.sequences.speech.folder import Recordings, read_clips
from scratchtune.sequences.speech.ngram import END, START, UNKNOWN, NGram
from scratchtune.sequences.speech.resampling import resample
from scratchtune.sequences.speech.speed import change_speed
from scratchtune.sequences.speech.splitting import split_by_voice
from scratchtune.sequences.speech.spoken_digits import load_spoken_digits
from scratchtune.sequences.speech.trimming import trim
from scratchtune.sequences.speech.wav import read_wav

__all__ = [
    "END", "START", "UNKNOWN", "Alignment", "Clip", "Decoder", "Edits", "ErrorCounts", "Features", "NGram",
    "Recordings", "Transcript", "align", "change_speed", "character_error_rate", "decode",
    "edits", "error_counts", "error_rate_interval", "greedy_decode", "is_clipped", "load_spoken_digits", "paired",
    "prefix_beam_search", "read_clips", "read_wav", "resample", "split_by_voice", "trim",
    "word_error_rate",
]
