"""The report as a document: its structure, hostile names, its size, and studies with little in them."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from studies import HOSTILE_NAME, hostile_study, network_study

import scratchtune as st
from scratchtune.insight import drawing
from scratchtune.insight.reporting import svg
from scratchtune.insight.reporting.page import SECTIONS, advice, html_of
from scratchtune.insight.reporting.view import View, reasons, script

VOID = {"meta", "input", "img", "br"}


class Document(HTMLParser):
    """The elements of a page: (name, attributes) in order, the texts, and whether all elements are closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def named(self, name: str) -> list[dict[str, str | None]]:
        """The attributes of all elements of a name."""
        return [attributes for tag, attributes in self.elements if tag == name]

    def text(self) -> str:
        """All texts that are read, one after the other."""
        return "".join(data for tag, data in self.texts if tag not in ("style", "script"))


@pytest.fixture(scope="module")
def network() -> st.Study:
    return network_study(60, names=("learning_rate", "dropout", "optimizer", "momentum"))


@pytest.fixture(scope="module")
def page(network: st.Study) -> str:
    return html_of(network)


def test_a_page_has_every_section_and_nothing_is_missing(page: str) -> None:
    document = Document(page)
    assert document.open == []
    assert [one["id"] for one in document.named("section")] == [section.name for section in SECTIONS]
    assert document.text().count("RandomSearch, has no state that is drawn") == 1
    assert len([one for _, one in document.elements if one.get("class") == "empty"]) == 1
    assert document.named("html")[0]["lang"] == "en" and document.named("main") and document.named("nav")


@pytest.fixture(scope="module")
def pair() -> str:
    """The page of two studies."""
    return html_of([st.Study({"x": st.Float(0, 1)}, "random", name=name, direction=direction).run(
        lambda trial: trial.params["x"], 5, progress=False)
        for name, direction in (("one", "minimize"), ("other", "maximize"))])


def test_headings_are_in_order_and_links_lead_somewhere(page: str, pair: str) -> None:
    for document in (Document(page), Document(pair)):
        levels = [int(tag[1]) for tag, _ in document.elements if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1 and all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
        ids = [one["id"] for _, one in document.elements if "id" in one]
        assert len(ids) == len(set(ids))
        assert {one["href"] for one in document.named("a")} <= {f"#{name}" for name in ids}


def test_every_trial_is_in_the_table_with_its_reason(network: st.Study, page: str) -> None:
    document = Document(page)
    links = [one["href"] for one in document.named("a")]
    assert [link for link in links if "trial-" in (link or "")][1:] == [f"#trial-{number}" for number in range(60)]
    text = document.text()
    for number in (0, 17, 59):
        assert network.why(number).removeprefix(f"Trial {number}: ") in text
    assert {"failed", "stopped", "complete"} <= {trial.state for trial in network.trials}
    assert f"Best configuration: trial {network.best_trial.number}, value {network.best_value:.6g}" in text


def test_every_picture_has_a_sentence_as_its_alternative_text(page: str) -> None:
    pictures = Document(page).named("svg")
    assert len(pictures) >= 8 and all(one["role"] == "img" and one["aria-label"].endswith(".") for one in pictures)
    assert not Document(page).named("img")


def test_tables_have_captions_and_scopes(page: str) -> None:
    document = Document(page)
    assert len(document.named("caption")) == len(document.named("table"))
    assert all(one["scope"] in ("col", "row") for one in document.named("th"))
    trials = Document(re.findall('<table class="trials".*?</table>', page, re.DOTALL)[0])
    kinds = ["n", None, "n", "n", "n", None, "n"]  # numbers are at the right: not the state and the optimizer
    assert [one.get("class") for one in trials.named("th")[:7]] == kinds
    assert [one.get("class") for one in trials.named("td")[:6]] == kinds[1:]


def marks(page: str, section: str) -> list[tuple[int, float, float]]:
    """Trial, x and y of the points in a section."""
    start = page.index(f'id="{section}"')
    found = re.findall(r'<use href="[^"]+" x="([-\d.]+)" y="([-\d.]+)"[^>]*data-n="(\d+)"',
                       page[start : page.index("</section>", start)])
    return [(int(number), float(x), float(y)) for x, y, number in found]


def test_the_history_draws_each_complete_trial_at_its_value(network: st.Study, page: str) -> None:
    axes = st.insight.plot_optimization_history(network)
    low, high = axes.get_ylim()
    complete = {trial.number: trial.value for trial in network.trials if trial.state == "complete"}
    points = {number: (x, y) for number, x, y in marks(page, "history")}
    inside = [number for number, value in complete.items() if low <= value <= high]
    assert set(inside) <= set(points) <= set(complete)
    for values, place in (([complete[number] for number in inside], 1), (inside, 0)):
        at = np.array([points[number][place] for number in inside])
        slope, offset = np.polyfit(values, at, 1)
        assert slope * (1 - 2 * place) > 0 and np.allclose(offset + slope * np.array(values), at, atol=0.1)


def test_nothing_is_loaded_from_elsewhere(page: str) -> None:
    document = Document(page)
    namespace = "http://www.w3.org/2000/svg"  # a name, which no browser loads
    assert not re.search(r"https?://|@import|url\((?!#)", page.replace(namespace, ""))
    assert not document.named("link") and all("src" not in one for one in document.named("script"))
    images = [one["href"] or "" for one in document.named("image")]  # pixels in a picture of matplotlib
    assert all(href.startswith("data:image/png;base64,") for href in images)
    policy = next(one["content"] for one in document.named("meta") if one.get("http-equiv"))
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert not [name for _, one in document.elements for name in one if name == "style" or name.startswith("on")]


@pytest.mark.slow
def test_what_users_write_remains_text() -> None:
    study = hostile_study(14)
    page = html_of(study)
    document = Document(page)
    assert len(document.named("script")) == 1 and not [one for one in document.named("img") if "onerror" in one]
    assert not document.named("iframe") and document.texts[0][1]
    text = document.text()
    assert HOSTILE_NAME in text and "<script>alert(1)</script>" in text and "x\\ny" in text and "</script><b>" in text
    assert "\u2028" not in page and "\u202e" not in page


@pytest.mark.slow
@pytest.mark.parametrize(("study", "sentence"), [
    (st.Study({"x": st.Float(0, 1)}, name="empty"), "The study has no trial yet."),
    (st.Study({"x": st.Float(0, 1)}, "random").run(lambda trial: 1 / 0, 3, progress=False), "No trial is complete"),
    (st.Study({"x": st.Float(0, 1)}, "random").run(lambda trial: 1.0, 12, progress=False), "has one parameter"),
    (st.Study({"x": ["a", "b"], "y": ["a", "b"]}, "grid").run(lambda trial: trial.number, progress=False),
     "Grid"),
    (st.Study({"x": st.Float(0, 1)}, "random").run(
        lambda trial: trial.set_constraint(2.0) or trial.params["x"], 3, progress=False),
     "Run more trials: no trial of 3 is feasible; trial 0 violates its constraints the least, by 2."),
], ids=["empty", "failed", "one parameter", "no number", "infeasible"])
def test_a_study_with_little_in_it_gets_a_page_that_says_so(study: st.Study, sentence: str) -> None:
    document = Document(html_of(study))
    assert sentence in document.text() and len(document.named("section")) == len(SECTIONS)


def test_the_script_makes_the_same_study_again(network: st.Study) -> None:
    names = {"objective": lambda trial: 1.0}
    text = script(View(network))
    exec(text.replace(f"n_trials={len(network.trials)}", "n_trials=3, progress=False"), names)
    again = names["study"]
    assert [trial.params for trial in again.trials] == [trial.params for trial in network.trials[:3]]
    assert repr(again.space) == repr(network.space) and repr(again.stopping) == repr(network.stopping)


@pytest.mark.slow
@pytest.mark.parametrize("trials", [6, 30])
def test_a_stored_study_gives_the_same_page_but_for_what_is_not_stored(trials: int, tmp_path: Path) -> None:
    from scratchtune.core.study.file import File
    from scratchtune.core.study.stored import read_study

    path = tmp_path / "studies.db"
    with st.Study({"x": st.Float(-1, 1), "y": st.Int(1, 9)}, "random", storage=path, name="s") as study:
        study.run(lambda trial: trial.params["x"], trials, progress=False)
    pages = [html_of(one).split("<h2") for one in (study, read_study(File(path, reading=True), "s"))]
    different = [one.partition(">")[0] for one, other in zip(*pages, strict=True) if one != other]
    assert different == [' id="cost-title"'] and "not recorded" in "".join(pages[1])


def test_several_studies_are_compared_at_the_top(pair: str) -> None:
    document = Document(pair)
    assert "2 studies" in document.text() and "Some of the studies minimize and others maximize" in document.text()
    assert [one["href"] for one in document.named("a")][1:4] == ["#comparison", "#s0-study", "#s1-study"]


def test_a_report_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    study = st.Study({"x": st.Float(0, 1)}, name="empty")
    st.insight.report(study, tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        st.insight.report(study, tmp_path / "none" / "page.html")
    with pytest.raises(TypeError, match="must be a Study"):
        st.insight.report([1, 2], tmp_path / "page.html")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


@pytest.mark.slow
def test_sixty_trials_of_six_parameters_fit_into_250_kilobytes() -> None:
    space = {**{f"x{k}": st.Float(0, 1) for k in range(4)}, "layers": st.Int(1, 6), "optimizer": ["sgd", "adam", "x"]}
    study = st.Study(space, st.BayesianSearch()).run(lambda trial: sum(
        (k + 1) * (trial.params[f"x{k}"] - 0.3) ** 2 for k in range(4)) + trial.params["layers"] / 10, 60,
        progress=False)
    assert len(html_of(study).encode()) <= 250_000


@pytest.mark.slow
def test_a_thousand_trials_fit_into_five_megabytes() -> None:
    assert len(html_of(network_study(1000)).encode()) < 5_000_000


@pytest.mark.slow
@pytest.mark.parametrize("values", [
    [1e308, -1e308, 5.0], *(pytest.param(values, marks=pytest.mark.slow) for values in (
        [1e308], [-0.0, 0.0], [1.0, 1.0 + 2.3e-16], [3.0])), [5e-324, 1e-310],
], ids=["largest", "one large", "zeros", "near", "equal", "smallest"])
def test_any_finite_values_are_drawn(values: list[float]) -> None:
    study = st.Study({"x": st.Float(0, 1)}, "random").run(
        lambda trial: values[trial.number % len(values)], 9, progress=False)
    page = html_of(study)
    assert "could not be drawn" not in page and not re.search(r'="[^"]*\b(nan|inf)\b', page.partition("<body>")[2])
    if max(map(abs, values)) < 1e300:  # of larger ones matplotlib draws nothing
        assert len(marks(page, "history")) + len(marks(page, "importance")) >= 12  # the others are beyond the axes


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
def test_letters_that_matplotlib_has_no_font_for_are_drawn() -> None:
    study = st.Study({"🎉": st.Float(0, 1), "日本語": ["🧪", "מ"]}, "random").run(lambda trial: 1.0, 3, progress=False)
    assert "日本語</text>" in html_of(study)


@pytest.mark.slow
def test_a_picture_that_fails_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OverflowError("too <large>")

    monkeypatch.setattr("scratchtune.insight.reporting.pictures.plot_contour", broken)
    monkeypatch.setattr("scratchtune.insight.reporting.pictures.plot_partial_dependence", broken)
    with pytest.warns(UserWarning, match="OverflowError"):
        text = Document(html_of(network_study(16, names=("learning_rate", "dropout")))).text()
    assert text.count("This part could not be drawn: OverflowError: too <large>.") == 2 and "Timeline" in text


def test_advice_follows_from_the_trials() -> None:
    def objective(trial: st.Trial) -> float:
        if trial.number % 4 == 1:
            raise RuntimeError("out of memory")
        return abs(trial.number - 39.0)

    study = st.Study({"x": st.Float(0, 1), "y": st.Int(0, 9)}, "random")
    study.enqueue({"x": 1.0, "y": 5}, again=True)
    late = " ".join(advice(View(study.run(objective, 41, progress=False))))
    assert "10 of 41 trials failed, 10 of them with: RuntimeError: out of memory" in late
    assert "Run more trials: the best of 41 is trial 39" in late or "is trial 40" in late
    first = st.Study({"x": st.Float(0, 1), "y": st.Int(0, 9)}, "random")
    first.enqueue({"x": 1.0, "y": 5}, again=True)
    early = " ".join(advice(View(first.run(lambda trial: float(trial.number), 12, progress=False))))
    assert "since the best value is at an end: x (1, upper end)." in early
    assert "The last 11 trials gave no better value" in early
    raced = st.Study({"x": st.Float(0, 1)}, st.Hyperband(9)).run(lambda trial: abs(trial.number - 20.0), progress=False)
    assert "Run more trials: the best of 5 with budget 9 is trial 20" in " ".join(advice(View(raced)))


def test_a_single_failure_is_no_advice_and_its_traceback_is_in_its_reason() -> None:
    def objective(trial: st.Trial) -> float:
        if trial.number == 1:
            raise RuntimeError("out of <memory>")
        return 1.0

    view = View(st.Study({"x": st.Float(0, 1)}, "random").run(objective, 41, progress=False))
    assert "Look at the failures" not in " ".join(advice(view))
    assert re.search('<p class="error">Failed: RuntimeError: out of &lt;memory&gt;</p>.*<pre tabindex="0">Traceback .*'
                     "RuntimeError: out of &lt;memory&gt;\\s*</pre></details>", str(reasons(view)), re.DOTALL)


@pytest.mark.slow
def test_the_best_trial_is_that_of_the_largest_budget_everywhere() -> None:
    study = st.Study({"x": st.Float(0, 1)}, st.Hyperband(max_budget=9, eta=3), name="budgets").run(
        lambda trial: trial.params["x"] + (trial.budget or 0.0), 12, progress=False)
    text, best = Document(html_of(study)).text(), study.best_trial
    assert best.budget == max(trial.budget or 0.0 for trial in study.trials)
    assert f"Best configuration: trial {best.number}, value {best.value:.6g}, budget {best.budget:g}" in text
    assert f"best, trial {best.number}: {best.value:.4g}" in text and f"{best.number} best" in text


def test_a_repeated_configuration_is_named_with_its_mean() -> None:
    study = st.Study({"x": [1, 2]}, "random")
    for _ in range(3):
        study.enqueue({"x": 1}, again=True)
    text = Document(html_of(study.run(lambda trial: float(trial.number), 3, progress=False))).text()
    assert "Its configuration was evaluated 3 times: mean 1." in text


@pytest.mark.slow
@pytest.mark.parametrize("count", [3, 30])  # paths, and uses of one path
def test_each_dot_within_the_axes_names_its_trial(count: int) -> None:
    figure, axes = drawing.canvas(1)
    at = np.arange(count) / count
    drawing.of_trials(axes.scatter(at, at**2), range(5, 5 + count))
    axes.set_xlim(-0.1, 0.99 - 1.0 / count)  # the last one is beyond it
    text = svg.drawing(figure, "a picture", "a")
    assert re.findall(r'data-n="(\d+)"', text) == [str(number) for number in range(5, 4 + count)]
    assert {tag for tag in re.findall(r'<(\w+)[^>]* id="', text)} <= {"path", "clipPath"}
    assert not [key for key, value in svg.STYLES.items() if f' {key}="{value}"' in text]


@pytest.mark.slow
def test_pictures_show_the_most_important_parameters() -> None:
    view = View(st.Study({"a": [1, 2], "b": [1, 2], "c": [1, 2]}))
    assert view.ordered_names() == ["a", "b", "c"]  # nothing is known of them
    vars(view)["shares"] = {"a": 0.2, "b": 0.5, "c": 0.3}
    assert view.ordered_names() == ["b", "c", "a"] and view.ordered_names(2) == ["b", "c"]


def test_lines_lose_only_corners_that_are_not_visible() -> None:
    x = np.linspace(0.0, 300.0, 500)
    y = 50.0 + 40.0 * np.sin(x / 30.0)
    found = svg.simplified("M " + " L ".join(f"{a:.3f} {b:.3f}" for a, b in zip(x, y, strict=True)))
    numbers = [float(number) for number in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", found)]
    points = np.cumsum(np.reshape(numbers, (-1, 2)), axis=0)
    assert len(points) < 120 and np.abs(np.interp(x, *points.T) - y).max() < 0.5


def test_a_printed_table_has_fifty_rows_and_says_so(page: str) -> None:
    assert sum(one.get("class") == "more" for one in Document(page).named("tr")) == 10
    assert "Printed are the best 50 of 60 trials" in page
