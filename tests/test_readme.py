"""README's code runs, and prints what its comments say; its map of sections is the generated one."""

import contextlib
import io
import re

import pytest

import scratchtune as st
from scratchtune import formulas
from scratchtune.formulas.document import ROOT, SECTIONS

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def block_with(text):
    (found,) = [block for block in BLOCKS if text in block]
    return found


def test_the_first_code_stands_within_ten_lines():
    assert "```" in "\n".join(README.splitlines()[:10])


def test_the_ten_lines_print_their_numbers():
    block, printed = block_with("RandomizedSearchCV("), io.StringIO()
    assert len(block.strip().splitlines()) <= 12
    with contextlib.redirect_stdout(printed):
        exec(compile(block, "README", "exec"), {})
    lines = printed.getvalue().splitlines()
    comments = re.findall(r"# (.*)", block)
    assert eval(lines[0]).keys() == eval(comments[0]).keys()
    for line, comment in zip(lines[1:], comments[1:], strict=True):  # the last digits are the processor's
        assert float(line) == pytest.approx(float(comment), abs=0.03)


def test_the_estimator_is_scored_saved_and_loaded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block_with("st.MLPClassifier("), "README", "exec"), {})
    scores, labels = printed.getvalue().splitlines()
    assert all(0.9 < float(score) <= 1.0 for score in scores.split())
    assert labels == "[0 1 2 3 4]"


def test_the_search_over_image_classifiers_runs():
    block = block_with("load_fashion_mnist()").replace("test_size=0.3", "test_size=0.85")  # 330 images, for the time
    names, printed = {}, io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block, "README", "exec"), names)
    assert len(names["study"].trials) == 22
    assert names["model"].evaluate(names["X_test"], names["y_test"])["accuracy"] > 0.5


def test_the_layer_of_ones_own_trains(tmp_path, monkeypatch):
    (tmp_path / "scale_layer.py").write_text(block_with("class Scale"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    import scale_layer

    X, y = st.datasets.load_digits()
    scale_layer.model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    history = scale_layer.model.fit(X[:500] / 16, y[:500], epochs=20, verbose=0).history
    assert history["accuracy"][-1] > 0.8 and history["loss"][-1] < history["loss"][0]


def test_the_searcher_of_ones_own_finds_the_minimum():
    names, printed = {"st": st}, io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block_with("class Shrinking"), "README", "exec"), names)
    assert names["study"].best_params["x"] == pytest.approx(0.3, abs=0.02)
    assert "around trial" in printed.getvalue()


def test_the_formula_is_the_packages():
    shown = block_with("Formula [l2_penalty]")
    assert formulas.find("l2_penalty").line in shown
    assert shown.split('"""')[-1].strip() in formulas.find("l2_penalty").code


def test_the_map_of_the_documents_sections_is_the_generated_one():
    assert formulas.sections() in README, "put the output of `scratchtune formulas --sections` into README.md"
    assert all((ROOT / file).is_file() for section in SECTIONS for file in section.files)


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
