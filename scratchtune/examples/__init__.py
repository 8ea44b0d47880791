"""Complete examples, ``scratchtune example NAME``: each is a script to read and to change, with ``main(quick)``."""

from __future__ import annotations

NAMES = {"own-objectives": "own_objectives", "image": "image", "translation": "translation", "speech": "speech"}
