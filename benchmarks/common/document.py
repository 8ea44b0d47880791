"""The map from the document's sections to the formulas, files and lessons that implement them.

The titles below are the document's own. All else is read where it is written: the last line of a module's docstring
says "Implements sections 2.2 and 4.1 of the document.", that of a lesson's first cell "Covers section 3.3 of the
document."; a formula belongs to its module's sections, and to those that its `Source` names ("The document, section
2.3").
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path

from scratchtune.formulas import Formula

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "scratchtune/"
TITLES = {
    "1.1": "深度学习模型的复杂性", "1.2": "调参的重要性",
    "2.1": "超参数的类型", "2.2": "超参数之间的联系", "2.3": "评价指标",
    "3.1": "网格搜索", "3.2": "随机搜索", "3.3": "贝叶斯优化", "3.4": "遗传算法",
    "4.1": "梯度下降", "4.2": "正则化",
    "5": "项目实践：代码实例和详细解释说明",
    "6.1": "图像分类", "6.2": "自然语言处理", "6.3": "语音识别",
    "7.1": "Keras Tuner", "7.2": "Optuna", "7.3": "Ray Tune",
    "8.1": "自动机器学习", "8.2": "可解释性", "8.3": "计算效率",
    "9.1": "如何选择合适的超参数调整算法？", "9.2": "如何评估超参数调整的效果？", "9.3": "如何避免过拟合？",
}

_LINE = re.compile(r"(?:Implements|Covers) sections? (\d[\d., and]*) of the document\.$")
_SOURCE = re.compile(r"\bThe document, section (\d(?:\.\d)?)\b")

Places = Mapping[str, tuple[str, ...]]  # a file's path from the repository's root -> the numbers of its sections


# Reading -------------------------------------------------------------------------------------------------------------


def sections_of(formula: Formula, files: Places) -> tuple[str, ...]:
    """The sections that a formula's module names, and those of its Source."""
    return files.get(formula.place.rsplit(":", 1)[0], ()) + tuple(_SOURCE.findall(formula.source))


def modules() -> dict[str, tuple[str, ...]]:
    """Return the sections that each module's docstring names, of the modules that name any."""
    paths = sorted((ROOT / PACKAGE).rglob("*.py"))
    docstrings = {path: ast.get_docstring(ast.parse(text)) or "" for path in paths
                  if "of the document." in (text := path.read_text(encoding="utf-8"))}
    return _named(docstrings)


def lessons() -> dict[str, tuple[str, ...]]:
    """Return the sections that each lesson's first cell names."""
    cells = {path: path.read_text(encoding="utf-8").split("\n\n# %%")[0]
             for path in sorted((ROOT / "lessons").glob("[0-9][0-9]_*.py"))}
    return _named(cells)


def _named(texts: Mapping[Path, str]) -> dict[str, tuple[str, ...]]:
    found = {path.relative_to(ROOT).as_posix(): section_numbers(path.name, text) for path, text in texts.items()}
    return {path: numbers for path, numbers in found.items() if numbers}


def section_numbers(name: str, text: str) -> tuple[str, ...]:
    """Return the sections that the last line of a file's text names.

    Raise a ValueError if the document has no such section.
    """
    found = _LINE.search(text.rstrip())
    numbers = tuple(re.findall(r"\d(?:\.\d)?", found[1])) if found else ()
    for number in numbers:
        if number not in TITLES:
            raise ValueError(f"{name} names section {number} of the document; it has {', '.join(TITLES)}")
    return numbers
