"""Texts in another language, by gettext: English is the text itself, and a catalog in locale/ has its translations.

Without a language given, LANGUAGE, LC_ALL, LC_MESSAGES and LANG decide, as for any program. A text without a
translation is shown in English.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable
from pathlib import Path

LOCALE = Path(__file__).with_name("locale")
LANGUAGES = {"en": "en", "zh": "zh_CN"}  # as a user names them, and the folders of the catalogs


def translation(language: str | None = None) -> Callable[[str], str]:
    """The function that translates a text: into a language of `LANGUAGES`, or into the user's."""
    languages = None if language is None else [LANGUAGES[language]]
    return gettext.translation("scratchtune", LOCALE, languages, fallback=True).gettext
