"""Examples that run whole jobs: ``scratchtune example NAME``; each is a script to take apart.

A module here has ``main(quick)``, which prints what it does and may take more options, and a docstring whose first
sentence says what it shows.
"""

from __future__ import annotations

NAMES = {"own-objectives": "own_objectives", "image": "image"}
