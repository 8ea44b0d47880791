"""Hypothesis with the profiles of these tests: what imports it from here is skipped where it is not installed.

The same few cases are drawn each time; ``pytest --hypothesis-profile=search`` draws many other ones.
"""

from __future__ import annotations

import pytest

hypothesis = pytest.importorskip("hypothesis")
hypothesis.settings.register_profile("few", max_examples=20, deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile("search", max_examples=500, deadline=None, print_blob=True)
hypothesis.settings.load_profile("few")
