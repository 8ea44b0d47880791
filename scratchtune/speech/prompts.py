"""Recorded prompts: the ten digits, each spoken once by a person, in five languages, from packages of Debian.

They are a test from elsewhere: a recogniser that was trained on synthetic speech never heard a person. The recordings
are Asterisk's sounds, 8,000 samples a second; their licences, CC BY-SA 3.0 (en, es, fr) and CC BY 3.0 (it, ru), are in
/usr/share/doc/asterisk-core-sounds-LANGUAGE/copyright. They are not part of this package.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from scratchtune import checks
from scratchtune.speech.clip import Clip, is_clipped
from scratchtune.speech.folder import Recordings
from scratchtune.speech.wav import read_wav

SOUNDS = "/usr/share/asterisk/sounds"
DIGIT_WORDS = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "es": ("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"),
    "fr": ("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"),
    "it": ("zero", "uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove"),
    "ru": ("ноль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять"),
}


class _Prompts(NamedTuple):
    """Where the recordings of a language are, and who speaks."""

    folder: str
    speaker: str


_PROMPTS = {
    "en": _Prompts("en_US_f_Allison", "Allison Smith"), "es": _Prompts("es_MX_f_Allison", "Allison Smith"),
    "fr": _Prompts("fr_CA_f_June", "June Wallack"), "it": _Prompts("it_IT_m_Carlo", "Carlo Flora"),
    "ru": _Prompts("ru_RU_f_IvrvoiceRU", "IvrvoiceRU")}


def recorded_prompts(language: str = "en", folder: str | os.PathLike[str] | None = None) -> Recordings:
    """The recordings of the digits 0 to 9 by one speaker, from Debian's package ``asterisk-core-sounds-en-wav``.

    ``texts`` are the words, ``voices`` the speaker, the same for all ten. Clips are not trimmed.
    Arguments
        language: "en", "es", "fr", "it" or "ru".
        folder: Asterisk's folder of sounds, by default Debian's, /usr/share/asterisk/sounds.
    Raises
        ValueError for another language; FileNotFoundError, which names the package, where it is not installed.
    """
    prompts = _PROMPTS[checks.choice("language", language, _PROMPTS)]
    digits = Path(SOUNDS if folder is None else folder) / prompts.folder / "digits"
    paths = [digits / f"{digit}.wav" for digit in range(10)]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise FileNotFoundError(f"{digits} lacks the recorded prompts {checks.quoted(missing)}; install Debian's "
                                f"package asterisk-core-sounds-{language}-wav, or give the folder of Asterisk's sounds")
    clips: list[Clip] = [read_wav(path) for path in paths]
    return Recordings(clips, list(DIGIT_WORDS[language]), [prompts.speaker] * len(clips), [], 0,
                      sum(map(is_clipped, clips)))
