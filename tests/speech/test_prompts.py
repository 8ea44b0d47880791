"""The recorded prompts: where Debian's packages are installed, and where they are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scratchtune.speech import recorded_prompts
from scratchtune.speech.prompts import DIGIT_WORDS, SOUNDS

from .conftest import Writer


@pytest.mark.parametrize("language, folder, speaker", [
    ("en", "en_US_f_Allison", "Allison Smith"), ("es", "es_MX_f_Allison", "Allison Smith"),
    ("fr", "fr_CA_f_June", "June Wallack"), ("it", "it_IT_m_Carlo", "Carlo Flora"),
    ("ru", "ru_RU_f_IvrvoiceRU", "IvrvoiceRU")])
def test_ten_digits_of_one_speaker(language: str, folder: str, speaker: str) -> None:
    if not Path(SOUNDS, folder, "digits", "9.wav").exists():
        pytest.skip(f"Debian's asterisk-core-sounds-{language}-wav is not installed")
    found = recorded_prompts(language)
    assert found.texts == list(DIGIT_WORDS[language]) and found.voices == [speaker] * 10
    assert {clip.rate for clip in found.clips} == {8000} and all(0.2 < clip.seconds < 2 for clip in found.clips)


def test_a_folder_of_ones_own(write: Writer, tmp_path: Path) -> None:
    for digit in range(10):
        write(f"it_IT_m_Carlo/digits/{digit}.wav", np.full(800 + digit, 0.5))
    found = recorded_prompts("it", tmp_path)
    assert [len(clip.samples) - 800 for clip in found.clips] == list(range(10))


def test_the_package_is_named_where_it_is_absent(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"lacks the recorded prompts '0.wav', .*; install Debian's package "
                                                "asterisk-core-sounds-fr-wav, or give the folder"):
        recorded_prompts("fr", tmp_path)
    with pytest.raises(ValueError, match="language is 'de'"):
        recorded_prompts("de")
