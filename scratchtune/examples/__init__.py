"""Complete examples: ``scratchtune example NAME``; each is a script to read and to change.

A module that `NAMES` lists has ``main(quick)``, which prints what it does and may take more options, and a docstring
whose first sentence says what the example shows.
"""

from __future__ import annotations

NAMES = {"own-objectives": "own_objectives", "image": "image", "translation": "translation", "speech": "speech"}
