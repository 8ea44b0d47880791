"""The built-in speech: digit strings in English, synthetic, and small enough to be part of the package.

Implements section 6.3 of the document.
"""

from __future__ import annotations

from importlib import resources

from scratchtune.sequences.speech.folder import Recordings, read_clips


def load_spoken_digits() -> Recordings:
    """Digit strings in English: 180 clips of *synthetic* speech, no recordings of people, as `read_clips` returns them.

    Each of 60 voices of espeak-ng, which differ in accent, timbre, speed and pitch, says three strings of 3 to 5
    digits, such as "four zero seven one". A clip has 8,000 samples a second, of 8 bits, and no silence at its ends.
    `data/spoken_digits/LICENSE.txt` names the source. ``python -m benchmarks.common.synthesis`` makes more, also in
    Spanish, French, Italian and Russian. `split_by_voice` splits them.

    >>> found = load_spoken_digits()
    >>> len(found.clips), len(set(found.voices)), found.texts[0], found.voices[0]
    (180, 60, 'three eight two nine', 'en-gb-x-rp+benjamin')
    """
    built_in = resources.files("scratchtune.data").joinpath("spoken_digits", "spoken_digits.zip")
    with resources.as_file(built_in) as path:
        return read_clips(path)
