"""The page of `scratchtune play`, written once for all tests of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scratchtune.play.page import write_page


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the page, with a # at its end."""
    path: Path = tmp_path_factory.mktemp("play") / "play.html"
    write_page(path)
    return f"{path.as_uri()}#"
