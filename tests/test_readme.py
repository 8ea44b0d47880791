"""The pages: their code runs and prints what its comments say, links lead somewhere, generated parts are up to date."""

import contextlib
import importlib
import io
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import scratchtune as st
from scratchtune import formulas

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # benchmarks are no part of the installed package
pages, document = (importlib.import_module(f"benchmarks.{name}") for name in ("pages", "common.document"))
sys.path.remove(str(ROOT))

PAGES = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in pages.PAGES}
README = PAGES["README.md"]
BLOCKS = [block for text in PAGES.values() for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL)]


def block_with(text):
    (found,) = [block for block in BLOCKS if text in block]
    return found


def ran(block, names=None):
    """The names that a block defines, and what it prints."""
    names, printed = {} if names is None else names, io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block, "README", "exec"), names)
    return names, printed.getvalue()


def test_the_front_page_is_read_in_three_minutes():
    assert len(README.split()) <= 1_200  # code and tables too


def test_the_first_code_is_within_ten_lines():
    assert "```" in "\n".join(README.splitlines()[:10])


def test_the_ten_lines_print_their_numbers():
    block = block_with("RandomizedSearchCV(")
    assert len(block.strip().splitlines()) <= 12
    lines = ran(block)[1].splitlines()
    comments = re.findall(r"# (.*)", block)
    assert eval(lines[0]).keys() == eval(comments[0]).keys()
    for line, comment in zip(lines[1:], comments[1:], strict=True):  # the last digits are the processor's
        assert float(line) == pytest.approx(float(comment), abs=0.03)


@pytest.mark.slow  # 30 trainings, and a report
def test_the_study_of_the_ten_lines_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names, _ = ran(block_with("RandomizedSearchCV(").replace("n_iter=20, cv=5", "n_iter=10, cv=3"))
    _, printed = ran(block_with("search.study_").replace("y_train)", "y_train, cv=2)"), names)
    assert " accuracy " in printed and "bad trials included" in printed and "\nall of them " in printed
    assert re.search(r"\nlearning_rate +\d+\.\d%\n", printed)
    assert (tmp_path / "study.html").stat().st_size > 10_000
    assert names["study"].at(10).ask().number == 10


@pytest.mark.slow  # some twenty trainings
def test_the_model_of_a_table_is_explained():
    names, printed = ran(block_with("st.AutoClassifier("))
    assert names["model"].score(names["X_new"], names["y_new"]) > 0.8
    assert "expected on" in printed and "columns that matter" in printed


@pytest.mark.slow  # its kernels take long to compile
def test_the_search_over_image_classifiers_runs():
    block = block_with("load_fashion_mnist()").replace("test_size=0.3", "test_size=0.85")  # 330 images, for the time
    names, _ = ran(block)
    assert len(names["study"].trials) == 22
    assert names["model"].evaluate(names["X_test"], names["y_test"])["accuracy"] > 0.5


@pytest.mark.slow  # its kernels take long to compile
def test_the_translator_translates():
    names, printed = ran(block_with("st.Seq2Seq(").replace("model.fit(train)", "model.fit(train, epochs=1)"))
    assert len(names["held_out"]) == 300 and 0.0 <= float(printed.splitlines()[-1].split()[0]) <= 1.0


@pytest.mark.slow  # its kernels take long to compile
def test_the_search_over_translators_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names, _ = ran(block_with('read_corpus("numbers"').replace("hyperband(9)", "hyperband(3)"))
    assert len(names["study"].trials) == 6 and (tmp_path / "translator.npz").exists()


@pytest.mark.slow  # its kernels take long to compile
def test_the_recogniser_needs_nothing_but_an_alphabet():
    block = block_with("st.SpeechRecognizer(\"\".join").replace("train.texts)\nprint", "train.texts, 1, 32)\nprint")
    names, printed = ran(block)
    assert names["model"].features.rate == 8000 and "'word_error_rate': " in printed


@pytest.mark.slow
def test_the_search_over_recognizers_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names, _ = ran(block_with("read_corpus(None)").replace("hyperband(18)", "hyperband(3)"))
    assert len(names["study"].trials) == 6 and len(names["second"].trials) == 20
    assert st.load_model(tmp_path / "recognizer.npz").decoder.beam_width == names["second"].best_params["beam_width"]


@pytest.mark.slow  # as tests/test_own_parts does, in other words
def test_the_layer_of_ones_own_trains(tmp_path, monkeypatch):
    (tmp_path / "scale_layer.py").write_text(block_with("class Scale"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    import scale_layer

    X, y = st.datasets.load_digits()
    scale_layer.model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    history = scale_layer.model.fit(X[:500] / 16, y[:500], epochs=20, verbose=0).history
    assert history["accuracy"][-1] > 0.8 and history["loss"][-1] < history["loss"][0]


def test_the_searcher_of_ones_own_finds_the_minimum():
    names, printed = ran(block_with("class Shrinking"))
    assert names["study"].best_params["x"] == pytest.approx(0.3, abs=0.02)
    assert "around trial" in printed


@pytest.mark.slow  # as tests/test_example does, in other words
def test_the_function_of_the_front_page_is_searched(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names, printed = ran(block_with("any function of trial.params"))
    assert names["study"].best_value < 0.01 and "Trial " in printed
    assert (tmp_path / "study.html").stat().st_size > 10_000 and (tmp_path / "studies.db").exists()


def test_the_loop_and_the_stopping_rule_of_ones_own_search():
    names, printed = ran(block_with("class Impatient"))
    assert {trial.state for trial in names["study"].trials} == {"complete", "stopped"} and "Trial " in printed


def test_the_objective_that_requests_its_parameters_is_searched():
    names, printed = ran(block_with("there is no space").replace("n_trials=30", 'searcher="random", n_trials=60'))
    assert names["study"].best_value < 0.1 and "'layers': " in printed and "{'weights': " in printed


def test_the_function_of_keras_tuner_is_searched():
    names, printed = ran(block_with("keras_tuner.Tuner"))
    assert names["tuner"].study.best_value > 0.5 and "val_accuracy: best value" in printed and "'lr': " in printed
    assert names["model"].evaluate(names["X"][600:900], names["y"][600:900])["accuracy"] == pytest.approx(
        names["tuner"].study.best_value)


def test_the_loss_and_the_optimizer_of_ones_own_train(tmp_path, monkeypatch):
    imports = "".join(block_with("class Scale").splitlines(keepends=True)[:3])
    (tmp_path / "own_parts.py").write_text(imports + block_with("def huber_loss"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    import own_parts

    X = np.random.default_rng(0).normal(size=(200, 3))
    losses = own_parts.model.fit(X, X @ [1.0, 2.0, 3.0], epochs=40, verbose=0).history["loss"]
    assert losses[-1] < 0.1 < losses[0]


def test_the_metric_and_the_splitter_of_ones_own_score():
    names, _ = ran(block_with("class EveryThird"))
    assert names["scores"].shape == (3,) and (names["scores"] > 0.5).all()


def test_the_metric_of_ones_own_chooses():
    names, printed = ran(block_with("def cost("))
    assert names["cost"](np.array([1, 1, 0, 0]), np.array([1, 0, 1, 0])) == 11 / 4
    assert printed.startswith("{'units': ") and 0.0 <= -names["search"].best_score_ < 2.0


def test_the_formula_is_the_packages():
    shown = block_with("Formula [l2_penalty]")
    assert formulas.find("l2_penalty").line in shown
    assert shown.split('"""')[-1].strip() in formulas.find("l2_penalty").code


def test_generated_parts_are_up_to_date():
    """Numbers on a page are those of a stored report; python -m benchmarks pages writes them."""
    for name, text in PAGES.items():
        assert pages.is_up_to_date(text), f"{name} is out of date: python -m benchmarks pages"
    assert all(title in PAGES["scratchtune/README.md"] for title in document.TITLES.values())


def test_every_formula_and_every_lesson_names_a_section_of_the_document():
    files, lessons = document.modules(), document.lessons()
    for formula in formulas.registry().values():
        assert formula.place.rsplit(":", 1)[0] in files, f"the docstring of {formula.plain.__module__} names no section"
        assert set(document.sections_of(formula, files)) <= set(document.TITLES)
    assert set(lessons) == {path.relative_to(ROOT).as_posix() for path in (ROOT / "lessons").glob("[0-9][0-9]_*.py")}


@pytest.mark.parametrize("text, numbers", [
    ("Grids.\n\nImplements section 3.1 of the document.", ("3.1",)),
    ("Losses.\n\nImplements sections 2.1, 4.1 and 5 of the document.\n", ("2.1", "4.1", "5")),
    ("Implements section 3.1 of the document.\n\nNot the last line.", ()),
    ("Grids; see section 3.1 of the document.", ()),
])
def test_the_last_line_of_a_docstring_names_sections(text, numbers):
    assert document.section_numbers("grid.py", text) == numbers


def test_a_section_that_does_not_exist_is_an_error():
    with pytest.raises(ValueError, match="grid.py names section 3.9 of the document; it has 1, 1.1, "):
        document.section_numbers("grid.py", "Implements section 3.9 of the document.")


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    folder = (ROOT / name).parent
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", PAGES[name]):
        assert (folder / target).exists(), target
