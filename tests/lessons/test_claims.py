"""The claims table: its machinery, its page, and that the claims whose code has changed still hold."""

from __future__ import annotations

import time

import pytest

from benchmarks.common import course
from lessons import claims

LESSONS = course.lessons()
SECONDS = 240  # for claims whose code has changed; those that would begin later are named


@pytest.mark.slow
def test_claims_whose_code_has_changed_still_hold():
    found, begun, left = claims.stored(), time.monotonic(), []
    for number, path in LESSONS.items():
        every = claims.claims_of(number)
        now = claims.digest(number, path) if every else ""
        for each in every:
            if found[each.id]["digest"] == now:
                continue
            if time.monotonic() - begun + found[each.id]["seconds"] > SECONDS:
                left.append(each.id)
                continue
            row = claims.measure(each, progress=False)
            assert row["held"] >= each.least * row["draws"], f"{each.id} held in {row['held']} of {row['draws']} draws"
    print("not measured again:", *left)


def test_the_page_is_that_of_what_was_measured():
    assert claims.PAGE.read_text(encoding="utf-8").splitlines()[5:] == claims.page(LESSONS).splitlines()[5:]


def test_a_claim_is_drawn_on_seeds_from_1000(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(claims, "_claims", {})
    monkeypatch.setattr(claims, "RULES", tmp_path)
    monkeypatch.setattr(claims, "STORED", tmp_path / "claims.json")
    lesson = tmp_path / "77_lesson.py"
    lesson.write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "rules_77.py").write_text(
        "from lessons.claims import claim\n\n\n@claim('77a', draws=10)\ndef even(draw):\n"
        "    '''Draws below 1009\n    are many.'''\n    return draw < 1009, draw\n", encoding="utf-8")
    assert claims.run({77: lesson}, True, progress=False)
    assert capsys.readouterr().out == "77a 9 of 10 Draws below 1009 are many.\n"
    row = claims.stored()["77a"]
    assert (row["held"], row["draws"], row["middle"]) == (9, 10, 1000.0)
    assert claims.digest(77, lesson) == row["digest"]
    lesson.write_text("from scratchtune.elsewhere import tune\nx = 1  # a move ages nothing\n", "utf-8")
    assert claims.digest(77, lesson) == row["digest"]
    lesson.write_text("x = 2  # another digest\n", encoding="utf-8")
    assert claims.digest(77, lesson) != row["digest"]


def test_a_rule_takes_functions_from_a_lesson_that_does_not_run(tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "FOLDER", tmp_path)
    (tmp_path / "77_toy.py").write_text(
        "from heapq import heapify\n\nitems = [3, 2]\nitems = items + [1]\nheapify(items)\nrate, unused = 5, 1 / 1\n"
        "other = 1 / 0\n\n\ndef first(other):\n    return items[0] * rate\n\n\n"
        "for rate in (1, 2):\n    raise SystemExit\n")
    lesson = claims.of_lesson(77, "first")
    assert lesson.first(0) == 5
    lesson.rate = 7
    assert lesson.first(0) == 7


@pytest.mark.parametrize("arguments", [{"draws": 9}, {"least": 0.8}])
def test_a_claim_needs_ten_draws_and_nine_in_ten(arguments):
    with pytest.raises(ValueError, match="at least 10 and 0.9"):
        claims.claim("77b", **arguments)


def test_two_claims_cannot_share_an_id(monkeypatch):
    monkeypatch.setattr(claims, "_claims", {})
    claims.claim("77a")(lambda draw: True)
    with pytest.raises(ValueError, match="two claims have the ID 77a"):
        claims.claim("77a")(lambda draw: True)
