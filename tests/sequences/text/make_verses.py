"""Make the package's verses.tsv.gz; needs Debian's sword-text-web and sword-text-sparv, and PyPI's pysword.

python tests/sequences/text/make_verses.py [FILE]

The result depends on nothing but the two texts; `test_verses.py` compares it with the file in the package.
"""

from __future__ import annotations

import gzip
import re
import sys
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np

FILE = Path(__file__).parents[3] / "scratchtune/sequences/text/verses/verses.tsv.gz"
SWORD = Path("/usr/share/sword")
ENGLISH, SPANISH = "engWEB2015eb", "spaRV1909eb"
MOST_ENGLISH, MOST_SPANISH = 12, 14  # words
COMMON = 1500  # a word in more verses than this does not show whether two verses are translations
NEAR = 0.6  # two texts are near-duplicates if they share this part of their distinct words

Key = tuple[str, int, int]  # book, chapter, verse
Verses = dict[Key, tuple[str, str]]
Words = frozenset[str]


def read() -> Verses:
    """The verses that both texts have, with their markup."""
    from pysword.modules import SwordModules

    modules = SwordModules(str(SWORD))
    modules.parse_modules()
    texts = [_verses(modules.get_bible_from_module(name)) for name in (ENGLISH, SPANISH)]
    return {key: (texts[0][key], texts[1][key]) for key in texts[1] if key in texts[0]}


def _verses(bible) -> dict[Key, str]:
    books = [book for testament in bible.get_structure().get_books().values() for book in testament]
    return {
        (book.name, chapter, verse): bible.get(books=[book.name], chapters=[chapter], verses=[verse], clean=False)
        for book in books for chapter, length in enumerate(book.chapter_lengths, start=1)
        for verse in range(1, length + 1)}


def plain(text: str) -> str:
    """A verse without footnotes and markup; its words and punctuation are unchanged."""
    text = re.sub(r"<note\b.*?</note>", " ", text, flags=re.DOTALL)
    text = re.sub(r"(?<=\w)<transChange [^>]*>(?=l[aeo]s?<)", "", text)  # haber<>lo</> is haberlo
    text = re.sub(r"</?(w|q|seg)\b[^>]*>", "", text)
    text = " ".join(re.sub(r"<[^>]*>", " ", text).split())
    return re.sub(r" ([,.;:!?’”])", r"\1", text)


def has_heading(key: Key, english: str) -> bool:
    """Whether a verse begins with a heading: a psalm's title, a speaker, or a letter of the alphabet in Psalm 119."""
    return "<title" in english or "<speaker" in english or (key[:2] == ("Psalms", 119) and key[2] % 8 == 1)


def words_of(text: str) -> Words:
    """The distinct words of a text, in lower case."""
    return frozenset(re.findall(r"\w+", text.lower()))


def shifts(verses: Verses) -> dict[Key, int]:
    """By how many verses the Spanish text that fits an English verse best is away from it; 0 if they are aligned.

    The fit of two verses is the mean, over the words of both that are not common, of the highest Dice coefficient with
    a word of the other: 2 n(x, y) / (n(x) + n(y)), where n counts the verses that hold a word or both words.
    """
    words = {key: tuple(map(words_of, texts)) for key, texts in verses.items()}
    counts = [Counter(word for pair in words.values() for word in pair[side]) for side in (0, 1)]
    rare = [tuple(sorted(word for word in pair[side] if counts[side][word] < COMMON) for side in (0, 1))
            for pair in words.values()]
    both = Counter((x, y) for english, spanish in rare for x in english for y in spanish)
    dice = {(x, y): 2 * n / (counts[0][x] + counts[1][y]) for (x, y), n in both.items()}

    def fit(english: list[str], spanish: list[str]) -> float:
        if not english or not spanish:
            return 0.0
        table = np.array([[dice.get((x, y), 0.0) for y in spanish] for x in english])
        return float(table.max(axis=1).mean() + table.max(axis=0).mean())

    found = {}
    for i, key in enumerate(words):
        near = sorted(range(max(0, i - 5), min(len(rare), i + 6)), key=lambda j: abs(j - i))
        found[key] = max(near, key=lambda j: fit(rare[i][0], rare[j][1])) - i
    return found


def misaligned(verses: Verses) -> set[tuple[str, int]]:
    """The chapters that the two texts number differently: two successive verses fit better with the same shift."""
    found = shifts(verses)
    return {key[:2] for (key, shift), (after, other) in pairwise(found.items())
            if shift == other != 0 and key[:2] == after[:2]}


def reference(key: Key) -> str:
    """The usual name of a verse: 1 Samuel 3:4."""
    book = key[0].replace("Revelation of John", "Revelation")
    book = re.sub(r"^(I+) ", lambda found: f"{len(found[1])} ", book)
    return f"{book} {key[1]}:{key[2]}"


def select(raw: Verses) -> Verses:
    """The short verses, and on stderr how many others were left out, and why."""
    verses = {key: (plain(english), plain(spanish)) for key, (english, spanish) in raw.items()}
    verses = {key: texts for key, texts in verses.items() if all(texts)}
    skipped = misaligned(verses)
    kept, reasons = {}, Counter[str]()
    for key, texts in verses.items():
        english, spanish = (len(text.split()) for text in texts)
        if english > MOST_ENGLISH or spanish > MOST_SPANISH:
            reasons["long"] += 1
        elif key[:2] in skipped:
            reasons["misaligned chapter"] += 1
        elif has_heading(key, raw[key][0]):
            reasons["heading"] += 1
        elif re.search(r"[()\[\]{}<>*\d]", "".join(texts)):
            reasons["brackets"] += 1
        else:
            kept[key] = texts
    print(f"{len(raw)} verses, {len(raw) - len(verses)} empty, {dict(reasons)}; {len(kept)} kept", file=sys.stderr)
    print("misaligned:", ", ".join(f"{book} {chapter}" for book, chapter in sorted(skipped)), file=sys.stderr)
    return kept


def similarity(a: Words, b: Words) -> float:
    """The share of the distinct words of two texts that both have (Jaccard)."""
    return len(a & b) / len(a | b)


def near_duplicates(verses: Verses) -> list[tuple[Key, Key]]:
    """The pairs of verses that are near-duplicates in English or in Spanish."""
    words = [(key, *map(words_of, texts)) for key, texts in verses.items()]
    return [(a, b) for i, (a, *first) in enumerate(words) for b, *second in words[:i]
            if any(similarity(x, y) >= NEAR for x, y in zip(first, second, strict=True))]


def split(verses: Verses, seed: int = 0) -> dict[Key, str]:
    """The part of each verse: a chapter is in one part, and so are two chapters that share near-duplicates.

    Groups of chapters that are drawn at random are the test part until it has a tenth of the verses, then the
    validation part; all others, and groups with more than a hundredth of the verses, are the training part.
    """
    group = {key[:2]: {key[:2]} for key in verses}
    for a, b in near_duplicates(verses):
        if group[a[:2]] is not group[b[:2]]:
            group[a[:2]] |= group[b[:2]]
            for chapter in group[b[:2]]:
                group[chapter] = group[a[:2]]
    members: dict[int, list[Key]] = defaultdict(list)
    for key in verses:
        members[id(group[key[:2]])].append(key)
    groups = list(members.values())  # in the order of their first verses
    part, sizes = dict.fromkeys(verses, "train"), Counter[str]()
    for i in np.random.default_rng(seed).permutation(len(groups)):
        name = next((name for name in ("test", "validation") if sizes[name] < len(verses) / 10), "train")
        if len(groups[i]) <= len(verses) / 100:
            part |= dict.fromkeys(groups[i], name)
            sizes[name] += len(groups[i])
    return part


def table() -> str:
    """The file's text: reference, part, English and Spanish of each verse, separated by tabs."""
    verses = select(read())
    part = split(verses)
    rows = [("reference", "part", "english", "spanish")]
    rows += [(reference(key), part[key], *texts) for key, texts in verses.items()]
    return "".join("\t".join(row) + "\n" for row in rows)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    target.write_bytes(gzip.compress(table().encode(), compresslevel=9, mtime=0))
    print(f"{target}: {target.stat().st_size:,} bytes", file=sys.stderr)
