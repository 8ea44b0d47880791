"""The verses: their number and form, a split without near-duplicates, and the script that made them."""

from __future__ import annotations

import gzip
import importlib.util
import re
from pathlib import Path

import pytest

import scratchtune as st
from scratchtune.sequences.text.pairs import verses

FOLDER = Path(st.__file__).parent / "sequences" / "text" / "verses"
PARTS = ("train", "validation", "test")


def _script():
    path = Path(__file__).with_name("make_verses.py")
    spec = importlib.util.spec_from_file_location("make_verses", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = _script()


def test_short_verses_in_two_languages() -> None:
    pairs = st.datasets.load_verses()
    found = {reference: (english, spanish) for reference, _, english, spanish in verses()}
    assert found["John 11:35"] == ("Jesus wept.", "Y lloró Jesús.")
    assert found["1 Thessalonians 5:17"] == ("Pray without ceasing.", "Orad sin cesar.")
    assert len(found) == len(pairs) == 3_042
    assert max(len(english.split()) for english, _ in pairs) == 12
    assert max(len(spanish.split()) for _, spanish in pairs) == 14
    assert [sum(len(pair[side].split()) for pair in pairs) for side in (0, 1)] == [29_132, 29_815]
    assert all(text and text == " ".join(text.split()) for pair in pairs for text in pair)
    assert not [text for pair in pairs for text in pair if re.search(r"[()\[\]{}<>*\d]", text)]
    assert list(found.values()) == pairs


def test_the_parts_are_all_verses() -> None:
    parts = {name: st.datasets.load_verses(name) for name in PARTS}
    assert {name: len(pairs) for name, pairs in parts.items()} == {"train": 2429, "validation": 305, "test": 308}
    assert sorted(pair for pairs in parts.values() for pair in pairs) == sorted(st.datasets.load_verses())
    chapters = [{reference.split(":")[0] for reference, of, *_ in verses() if of == name} for name in PARTS]
    assert len(set.union(*chapters)) == sum(map(len, chapters)), "a chapter is in two parts"


@pytest.mark.slow  # all pairs of verses are compared
def test_no_verse_has_a_near_duplicate_in_another_part() -> None:
    parts = [[tuple(map(SCRIPT.words_of, pair)) for pair in st.datasets.load_verses(name)] for name in PARTS]
    for i, held_out in enumerate(parts):
        for others in parts[:i]:
            highest = max(SCRIPT.similarity(x, y) for pair in held_out for other in others
                          for x, y in zip(pair, other, strict=True))
            assert highest < SCRIPT.NEAR


def test_the_file_is_small_reproducible_and_has_its_licence() -> None:
    packed = (FOLDER / "verses.tsv.gz").read_bytes()
    assert len(packed) < 1_000_000 and packed[4:8] == bytes(4), "the header holds a time"
    licence = (FOLDER / "LICENSE.txt").read_text(encoding="utf-8")
    assert licence.count("License: public-domain") == 2 and "is a Trademark of eBible.org" in licence


@pytest.mark.slow
@pytest.mark.skipif(not (SCRIPT.SWORD / "mods.d/spaRV1909eb.conf").is_file()
                    or not (SCRIPT.SWORD / "mods.d/engWEB2015eb.conf").is_file(),
                    reason="Debian's sword-text-web and sword-text-sparv are not installed")
def test_the_script_makes_the_file() -> None:
    pytest.importorskip("pysword")
    assert SCRIPT.table() == gzip.decompress((FOLDER / "verses.tsv.gz").read_bytes()).decode()


def test_the_split_by_hand() -> None:
    verses = {("A", 1, 1): ("he saw a lamb", "vio un cordero"), ("A", 1, 2): ("it was white", "era blanco"),
              ("B", 1, 1): ("he saw a white lamb", "miró"), ("C", 1, 1): ("no", "nada"), ("C", 2, 1): ("go", "nada")}
    a, b, c, d = ("A", 1, 1), ("B", 1, 1), ("C", 1, 1), ("C", 2, 1)
    assert SCRIPT.near_duplicates(verses) == [(b, a), (d, c)]  # 4 of 5 English words; the same Spanish
    part = SCRIPT.split(verses)
    assert part[a] == part["A", 1, 2] == part[b] and part[c] == part[d]


@pytest.mark.parametrize("raw, text", [
    ('He <w lemma="strong:H1">saw</w><note>or: <w>knew</w></note>.<l eID="1"/> <l sID="2"/>He', "He saw. He"),
    ('Señor</w><transChange type="added">es</transChange>. ', "Señor es."),
    ('házme<transChange type="added">lo</transChange> <w>saber</w>, ', "házmelo saber,"),
    ('only born</q><note>Greek</note><q who="Jesus">Son', "only born Son"),
])
def test_markup_is_left_out(raw: str, text: str) -> None:
    assert SCRIPT.plain(raw) == text


def test_a_chapter_with_other_numbers_is_found() -> None:
    english = "red blue green white black".split()
    spanish = "rojo azul verde blanco negro".split()
    verses = {("A", 1, i): (english[i % 5], spanish[i % 5]) for i in range(5)}
    assert SCRIPT.misaligned(verses) == set()
    shifted = {("B", 1, i): (english[i], spanish[i - 1]) for i in range(5)}
    assert SCRIPT.misaligned({**{("A", n, i): pair for n in range(9) for (_, _, i), pair in verses.items()},
                              **shifted}) == {("B", 1)}


@pytest.mark.parametrize("key, name", [
    (("I Samuel", 3, 4), "1 Samuel 3:4"), (("III John", 1, 2), "3 John 1:2"), (("Isaiah", 1, 2), "Isaiah 1:2"),
    (("Revelation of John", 1, 2), "Revelation 1:2"),
])
def test_references(key: tuple[str, int, int], name: str) -> None:
    assert SCRIPT.reference(key) == name


def test_a_part_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="part is 'valid'; it must be one of 'train', 'validation', 'test', None"):
        st.datasets.load_verses("valid")
