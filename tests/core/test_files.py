"""Files are written whole: through a name that no other writer uses, and with nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scratchtune.core.files import identity, whole_file, write_text


def test_a_file_is_replaced_whole_and_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "one\r\n\udcff")
    assert path.read_bytes() == b"one\r\n\\udcff"
    (tmp_path / "plain.txt").write_text("")
    assert path.stat().st_mode == (tmp_path / "plain.txt").stat().st_mode  # as the umask has it
    path.chmod(0o640)
    with whole_file(path) as beside:
        assert beside.parent == tmp_path and beside.read_bytes() == b""
        beside.write_text("two")
        assert path.read_bytes() == b"one\r\n\\udcff"
    assert path.read_text() == "two" and path.stat().st_mode & 0o777 == 0o640
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.txt", "plain.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_after_an_error_or_an_interruption_everything_is_as_it_was(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "a.txt"
    for existing in (False, True):
        with pytest.raises(error), whole_file(path) as beside:
            beside.write_text("half")
            raise error
        assert [file.name for file in tmp_path.iterdir()] == ["a.txt"] * existing
        path.write_text("before")
    assert path.read_text() == "before"


def test_two_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with whole_file(path) as one, whole_file(path) as other:
        assert one != other
        one.write_text("one")
        other.write_text("other")
    assert path.read_text() == "one"  # the outer block ends last


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")
    script = ("import resource, sys; from scratchtune.core.files import write_text; "
              "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)); write_text(sys.argv[1], 'x' * 5000)")
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True)
    assert "File too large" in done.stderr
    assert path.read_text() == "before" and len(list(tmp_path.iterdir())) == 1


def test_what_cannot_be_replaced_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "fixed.txt").touch(0o444)
    for path, error, message in (
        (tmp_path, ValueError, "a folder"), (tmp_path / "pipe", ValueError, "no regular file"),
        (tmp_path / "fixed.txt", PermissionError, "read-only"), (tmp_path / "loop", ValueError, "leads to itself"),
        (tmp_path / "absent" / "a", FileNotFoundError, "no folder"),
    ):
        before = sorted(tmp_path.iterdir())
        with pytest.raises(error, match=message):
            write_text(path, "text")
        assert sorted(tmp_path.iterdir()) == before


def test_a_link_stays_a_link_and_has_the_identity_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "file")
    write_text(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "folder" / "file").read_text() == "text"
    assert identity(tmp_path / "link") == identity(tmp_path / "folder" / "file") is not None
    assert identity(tmp_path / "absent") is None
