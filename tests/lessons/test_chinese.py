"""The Chinese page of the course, lessons/README.zh.md, has all lessons, ways and terms of the English one."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.common import course

LESSONS = Path(__file__).parents[2] / "lessons"
ENGLISH, CHINESE = ((LESSONS / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md"))
BODY, _, GLOSSARY = CHINESE.partition("\n## 术语表\n")
LINKED = re.compile(r"\[(\d\d) [^]]*\]\((\d\d_\w+\.py)\)")


def is_chinese(text: str) -> bool:
    return re.search("[\u4e00-\u9fff]", text) is not None


def rows(text: str) -> list[list[str]]:
    """The cells of the rows of all tables, without their heads."""
    found = re.findall(r"^\| (.+?) ?\|$", text, re.MULTILINE)
    return [re.split(r" ?\| ", row) for row in found if not re.match("(?:term|术语|命令|时间|课) ", row)]


def test_each_lesson_is_linked_once_and_in_order():
    assert [file for _, file in LINKED.findall(CHINESE)] == [path.name for path in course.lessons().values()]
    assert all(file.startswith(number) and (LESSONS / file).is_file() for number, file in LINKED.findall(CHINESE))


def test_each_lesson_has_a_title_a_question_and_a_summary_in_chinese():
    cells = [row for row in rows(BODY) if LINKED.match(row[0])]
    assert len(cells) == len(course.lessons())
    assert all(len(row) == 3 and all(map(is_chinese, row)) for row in cells)
    assert all(row[1].endswith(("？", "？）")) and row[2].endswith("。") for row in cells)


def test_the_parts_begin_where_those_of_the_course_do():
    firsts = [LINKED.search(part)[1] for part in BODY.split("\n### ")[1:]]
    assert [int(number) for number in firsts] == list(course.PARTS.values())


def test_the_ways_are_those_of_the_course():
    ways = [" ".join(f"{number:02}" for number in way) for way in course.PATHS.values()]
    assert [way for way in ways if f"| {way} |" in BODY] == ways[:-1] and f"全部 {len(course.lessons())} 课" in BODY


def test_the_glossary_has_the_terms_of_the_english_one_with_their_names_in_the_code():
    english, chinese = rows(ENGLISH.partition("\n## Glossary\n")[2]), rows(GLOSSARY)
    assert [(row[1], row[3]) for row in chinese] == [(row[0], row[3]) for row in english]
    assert all(is_chinese(row[2]) for row in chinese)
    assert len({row[0] for row in chinese}) == len(chinese)
