"""The book: its links lead somewhere, its lessons show what they print, and it works in a browser, by keyboard."""

from __future__ import annotations

import html as markup
import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks.common import course
from lessons import __main__ as main
from lessons import book, book_course, book_pages, book_reference, cells, highlight, prose, typeset
from scratchtune import formulas
from scratchtune.core.formulas.dialect import Equation, Name, parse
from scratchtune.document.statements import STATEMENTS
from tests.lessons.test_notebook import regrouped

from ..browsing import click, is_too_wide, opened, serious_violations

REGISTRY = formulas.registry()
RUN = (4, 19, 53)  # the lessons that the book of these tests runs; of the others it shows what they have recorded
PARTS = {"mfrac": 2, "msub": 2, "msup": 2, "munder": 2, "msubsup": 3, "mtr": 2}


def text_of(html: str) -> str:
    return markup.unescape(re.sub("<[^>]+>", "", html))


# Prose ----------------------------------------------------------------------------------------------------------------


def address(name: str) -> str | None:
    return f"to:{name}" if name in ("adam", "18a", "lesson 18", "README.md#tuning trial") else None


@pytest.mark.parametrize(("text", "html"), [
    ("## Break it\nA line\nof two.", '<h2 id="break-it">Break it</h2>\n<p>A line\nof two.</p>'),
    ("*so*, **very** `a*b`", "<p><em>so</em>, <strong>very</strong> <code>a*b</code></p>"),
    ("2 * 3 < 7 & x[i]", "<p>2 * 3 &lt; 7 &amp; x[i]</p>"),
    ("a [trial](README.md#tuning)", '<p>a <a href="to:README.md#tuning trial">trial</a></p>'),
    ("see [adam], [other]", '<p>see <a href="to:adam"><code>adam</code></a>, [other]</p>'),
    ("in 9 of 9 draws [18a]", '<p>in 9 of 9 draws <a href="to:18a">[18a]</a></p>'),
    ("lessons 18 and 20", '<p>lessons <a href="to:lesson 18">18</a> and 20</p>'),
    ("- one\n  more\n- two", "<ul>\n<li>one\nmore</li>\n<li>two</li>\n</ul>"),
    ("0. zero\n1. one", '<ol start="0">\n<li>zero</li>\n<li>one</li>\n</ol>'),
    ("about lesson\n03. Then", "<p>about lesson\n03. Then</p>"),
    ("So:\n    a  = b", '<p>So:</p>\n<pre class="block"><code>a  = b</code></pre>'),
])
def test_prose_becomes_html(text, html):
    assert prose.html(text, address) == html


@pytest.mark.parametrize("text", [
    "| a | b |", "> said", "### deep", "```", "* item", "<b>bold</b>", "a `b", "so *much", "- item\nand more",
    "![a](b)", " - deeper", "\tcode", "&nbsp;"])
def test_what_is_not_known_is_refused(text):
    with pytest.raises(ValueError, match="no Markdown that the course uses|indent it"):
        prose.html(text, address)


@pytest.mark.parametrize("number", course.lessons())
def test_the_prose_of_a_lesson_is_known_and_complete(number):
    for cell in cells.cells(course.lessons()[number]):
        if not cell.is_code:
            plain = re.sub(r"^- \[\w+\] .+ = .+(\n  .+)*$", "", cell.text, flags=re.MULTILINE)
            said = text_of(re.sub(r'<div class="formula">.*?</div>', "", prose.html(cell.text, lambda name: None)))
            words = re.findall(r"[A-Za-z]{4,}", re.sub(r"\]\([^)]*\)", "", plain))
            assert not {*words} - {*re.findall(r"[A-Za-z]{4,}", said)}


# Code and cells -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", [prose, typeset, book])
def test_highlighting_changes_no_character(module):
    text = Path(module.__file__).read_text(encoding="utf-8")
    lines = highlight.lines(text)
    assert [text_of(line) for line in lines] == text.splitlines()
    assert all(line.count("<span") == line.count("</span>") for line in lines)


def test_an_interactive_session_has_its_prompts():
    html = highlight.session(">>> def f(x):\n...     return x\n>>> f(1)\n1")
    assert html.splitlines()[0] == (
        '<span class="p">&gt;&gt;&gt; </span><span class="k">def</span> <span class="d">f</span>(x):')
    assert text_of(html) == ">>> def f(x):\n...     return x\n>>> f(1)\n1"


def test_the_cells_are_those_of_the_lesson_without_what_it_recorded():
    path = course.lessons()[19]
    found, text = cells.cells(path), path.read_text(encoding="utf-8")
    assert found[0].text.startswith("# 19 One process\n") and "# ->" not in "".join(cell.text for cell in found)
    assert text.splitlines()[found[2].line - 1] == "# ## Predict 1" or not found[2].is_code
    assert found[3].recorded.startswith("values 0.2 and 0.4: 2772 are kept")
    assert text.splitlines()[found[3].line - 1] == found[3].text.splitlines()[0] == "import math"


LESSON = """# %% [markdown]
# # 99 A lesson

# %%
import matplotlib.pyplot as plt

print(1)
plt.figure(num="99-picture")
plt.plot([1, 2], label="a line")
plt.gca().set(title="Title", xlabel="across", ylabel="up")
# -> 2

# %%
print(__name__)
"""


@pytest.mark.slow
def test_a_lesson_is_run_cell_by_cell(tmp_path):
    path = tmp_path / "99_lesson.py"
    path.write_text(LESSON, encoding="utf-8")
    one, two = cells.run(path, tmp_path)
    assert (one.printed, two.printed, two.pictures) == ("1", "__main__", [])
    picture, = one.pictures
    assert (tmp_path / picture.file).read_bytes().startswith(b"\x89PNG")
    assert (picture.title, picture.text) == ("Title", "Title: up by across (a line)")


@pytest.mark.slow
def test_a_lesson_that_fails_is_named_and_the_others_are_written(tmp_path, monkeypatch, capsys):
    broken = tmp_path / "19_broken.py"
    broken.write_text(course.lessons()[19].read_text(encoding="utf-8").replace("import math\n", "math = None\n", 1)
                      + "\n\n# %%\nassert 1 + 1 == 3\n", encoding="utf-8")
    every = course.lessons() | {19: broken}
    monkeypatch.setattr(course, "lessons", lambda: every)
    assert book.main(["19", "53", "--out", str(tmp_path / "book"), "--jobs", "1"]) == 1
    said = capsys.readouterr()
    assert re.fullmatch(r"Lesson 19 stopped\. Line \d+ of \S+19_broken\.py: .+\n", said.err)
    assert [path.name for path in sorted((tmp_path / "book" / "lessons").glob("*.html"))] == ["53_capstone.html"]


@pytest.mark.parametrize("arguments", [["99"], ["--jobs", "0"], ["2", "--out", "/dev/null"]])
def test_a_wrong_argument_is_one_line_and_exit_code_2(arguments, capsys):
    assert main.main(["book", *arguments]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


# Formulas as MathML ---------------------------------------------------------------------------------------------------


def test_every_formula_is_well_formed_with_its_line_as_text():
    for formula in REGISTRY.values():
        tree = ElementTree.fromstring(typeset.mathml(formula.line))
        assert tree.get("alttext") == formula.line
        for each in tree.iter():
            assert len(each) == PARTS.get(each.tag, len(each)), f"{formula.id}: {ElementTree.tostring(each)}"
            assert not (each.text or "").strip() or each.tag in ("mi", "mn", "mo", "mtext")
        count = len(parse(formula.line))
        assert len(tree.findall("./mtable[@class='lines']/mtr")) == (count if count > 1 else 0)


def test_no_other_grouping_looks_the_same():
    target = Name("y")
    for formula in REGISTRY.values():
        for equation in parse(formula.line):
            for pair in regrouped(equation.value):
                one, other = (typeset.of_equation(Equation(target, each), typeset.MATHML) for each in pair)
                assert one != other, formula.id


# The pages ------------------------------------------------------------------------------------------------------------


@dataclass
class Page(HTMLParser):
    """What a page refers to, and what can be referred to in it."""

    links: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    headings: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name in ("href", "src"):
                self.links.append(value or "")
            elif name == "id":
                assert value not in self.ids, f"two elements have the ID {value}"
                self.ids.add(value or "")
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole book; three lessons are really run, since other slow tests run all of them."""
    folder = tmp_path_factory.mktemp("book")
    outputs = {number: cells.recorded(path) for number, path in course.lessons().items()}
    outputs |= {number: found for number, found, _ in book.run([*RUN], folder / "lessons", 2)}
    book.write(outputs, folder)
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Page]:
    """All pages by address."""
    found = {}
    for path in sorted(site.rglob("*.html")):
        found[path.relative_to(site).as_posix()] = page = Page()
        page.feed(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.slow
def test_every_link_leads_somewhere(site, pages):
    def check(at: str, to: str) -> None:
        place, _, anchor = to.partition("#")
        file = (site / at).parent / place if place else site / at
        assert file.is_file(), f"{at}: {to}"
        if anchor:
            assert anchor in pages[file.resolve().relative_to(site.resolve()).as_posix()].ids, f"{at}: {to}"

    for at, page in pages.items():
        for to in page.links:
            assert not re.match(r"[a-z]+:", to) or to == "data:,"
            if to != "data:,":
                check(at, to)
    entries = (site / "assets" / "entries.js").read_text(encoding="utf-8").partition("play.entries = ")[2]
    for what, to, kind, _ in json.loads(entries.rstrip("\n;")):
        check("index.html", to)
        assert what and f"book.kind.{kind}" in book_pages.words()
    core = (site / "assets" / "core.js").read_text(encoding="utf-8")
    for to in re.findall(r'"((?:formulas|lessons)/[\w./]+\.html[^"]*)"', core):
        check("index.html", to)


@pytest.mark.slow
def test_pages_and_pictures_are_small_and_share_their_scripts(site):
    for path in site.rglob("*.*"):
        assert path.stat().st_size < (cells.LARGEST if path.suffix == ".png" else 1_000_000), path
    for path in site.rglob("*.html"):
        inside = re.findall(r"<script>(.*?)</script>", path.read_text(encoding="utf-8"), re.DOTALL)
        assert [len(script) < 300 for script in inside] == [True], path
    assert sum(path.stat().st_size for path in site.rglob("*.*")) < 20e6


@pytest.mark.slow
def test_every_formula_has_its_place_and_every_lesson_its_page(site, pages):
    shown = {id for address, page in pages.items() if address.startswith("formulas/") for id in page.ids}
    assert set(REGISTRY) <= shown
    assert {f"lessons/{path.stem}.html" for path in course.lessons().values()} <= set(pages)
    for address, page in pages.items():
        headings = page.headings if address != "index.html" else [1, *page.headings]  # the game's
        steps = zip(headings, headings[1:], strict=False)
        assert headings[0] == 1 and headings.count(1) == 1 and all(after <= before + 1 for before, after in steps)


@pytest.mark.slow
@pytest.mark.parametrize("number", RUN)
def test_a_lesson_shows_what_it_printed_and_drew(site, number):
    path = course.lessons()[number]
    page = (site / "lessons" / f"{path.stem}.html").read_text(encoding="utf-8")
    printed = [text_of(each) for each in re.findall(r"<samp>(.*?)</samp>", page, re.DOTALL)]
    recorded = [cell for cell in cells.cells(path) if cell.recorded]
    assert len(printed) == len(recorded)
    for cell, shown in zip(recorded, printed, strict=True):
        assert re.sub(r"[\d.]+", "", shown).split() == re.sub(r"[\d.]+", "", cell.recorded).split()
    (picture, text), = re.findall(r'<img src="(\S+)" width="\d+" height="\d+" alt="([^"]+)">', page)
    assert (site / "lessons" / picture).is_file() and len(text) > 20
    assert "# -&gt;" not in page and "NotImplementedError" in page


# In a browser ---------------------------------------------------------------------------------------------------------

SHOWN = ["index.html", "lessons/19_gaussian_process.html", "formulas/network.optimizers.html", "glossary.html"]


def problems(browser: Any) -> list[str]:
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


@pytest.mark.slow
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (400, True)])
@pytest.mark.parametrize("address", SHOWN)
def test_a_page_is_accessible_and_as_wide_as_its_window(browser, site, address, width, dark):
    opened(browser, (site / address).as_uri(), width, dark, touch=width == 400)
    assert browser.execute_script("return document.documentElement.dataset.scheme") == ("dark" if dark else "light")
    assert not is_too_wide(browser) and not problems(browser) and not serious_violations(browser)


def test_each_statement_of_the_document_is_on_its_page_with_its_verdict_in_both_languages():
    made = book_pages.Book({})
    book_reference.name_formulas(made)
    book_reference.name_claims(made)
    page = text_of(book_course.statement_of(made, STATEMENTS[0]))
    assert STATEMENTS[0].quote in page and STATEMENTS[0].note in page and "有条件成立" in page


@pytest.mark.slow
def test_the_other_pages_have_no_error_and_are_accessible(browser, site):
    for address in ("formulas/index.html", "instruments.html", "document.html", "claims.html",
                    "source/scratchtune.core.network.penalties.html", "lessons/04_backpropagation.html"):
        for width, dark in ((1280, True), (400, False)):
            opened(browser, (site / address).as_uri(), width, dark)
            assert not is_too_wide(browser) and not problems(browser), address
        assert not serious_violations(browser), address


@pytest.mark.slow
def test_the_search_works_by_keyboard(browser, site):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.wait import WebDriverWait

    opened(browser, (site / "lessons" / "19_gaussian_process.html").as_uri())
    browser.find_element(By.TAG_NAME, "body").send_keys("/")
    box = browser.switch_to.active_element
    assert box.get_attribute("role") == "combobox"
    box.send_keys("posterior mean")
    WebDriverWait(browser, 10).until(lambda driver: box.get_attribute("aria-expanded") == "true")
    first = browser.find_element(By.ID, box.get_attribute("aria-activedescendant"))
    assert "posterior_mean" in first.text and first.get_attribute("aria-selected") == "true"
    box.send_keys(Keys.ARROW_DOWN)
    assert first.get_attribute("aria-selected") == "false"
    box.send_keys(Keys.ARROW_UP, Keys.ENTER)
    WebDriverWait(browser, 10).until(lambda driver: driver.current_url.endswith("#posterior_mean"))
    assert "/formulas/" in browser.current_url
    for asked, title in {
            "adam": "adam", "winner": "The winner", "超参数": "hyper-parameter", "gaussian proc": "19 One"}.items():
        found = browser.execute_async_script("""
            const [asked, done] = arguments;
            const tag = document.createElement("script");
            tag.src = "../assets/entries.js"; tag.onload = () => done(play.search(asked));
            document.head.append(tag);""", asked)
        assert any(title in entry[0] for entry in found[:3]), (asked, found[:3])
    assert browser.execute_script("return play.search('no such words').length") == 0


@pytest.mark.slow
def test_navigation_and_contents_are_in_two_languages_and_lessons_in_english(browser, site):
    from selenium.webdriver.common.by import By

    opened(browser, (site / "index.html").as_uri())
    click(browser, browser.find_element(By.CSS_SELECTOR, "[data-set=language]"))
    assert "随机胜过网格" in browser.find_element(By.ID, "part-18").text
    navigation = browser.find_element(By.CSS_SELECTOR, "header nav").text
    assert navigation.split() == ["目录", "互动演示", "公式", "术语表", "文档"]
    opened(browser, (site / "lessons" / "19_gaussian_process.html").as_uri())
    assert not browser.find_elements(By.CSS_SELECTOR, "[data-set=language]")
    assert browser.find_element(By.TAG_NAME, "main").get_attribute("lang") == "en"
    opened(browser, (site / "index.html").as_uri())
    click(browser, browser.find_element(By.CSS_SELECTOR, "[data-set=language]"))  # English again, for other tests
    assert "Random beats grid" in browser.find_element(By.ID, "part-18").text


@pytest.mark.slow
def test_an_anchor_below_the_game_is_reached(browser, site):
    opened(browser, f"{(site / 'index.html').as_uri()}#part-48")
    top = browser.execute_script("return document.getElementById('part-48').getBoundingClientRect().top")
    assert 0 <= top <= 900


@pytest.mark.slow
def test_formulas_have_the_height_of_formulas(browser, site):
    """A line of a formula is one to eight lines of text high: nothing falls apart into a column, or disappears."""
    for address in sorted((site / "formulas").glob("*.html")):
        if address.name != "index.html":
            opened(browser, address.as_uri())
            for height, rows, line in browser.execute_script("""
                return [...document.querySelectorAll("math")].map(math => [math.getBoundingClientRect().height,
                  math.querySelectorAll(".lines > mtr, .cases > mtr").length, math.getAttribute("alttext")])"""):
                assert 10 < height < 110 * max(rows, 1), (line, height)
