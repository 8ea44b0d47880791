"""The map from the document's sections, in its own titles, to the formulas, files and lessons that implement them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from scratchtune.formulas.registry import registry

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "scratchtune/"


class Section(NamedTuple):
    """A section of the document: its number and title, and the files and lessons where it is to be found."""

    number: str
    title: str
    files: tuple[str, ...] = ()
    lessons: tuple[str, ...] = ()


_NETWORK = "scratchtune/network"
SECTIONS = (
    Section("1.1", "深度学习模型的复杂性", (f"{_NETWORK}/engine.py",), ("06", "09")),
    Section("1.2", "调参的重要性", ("scratchtune/comparison.py",), ("06", "10")),
    Section("2.1", "超参数的类型", (
        f"{_NETWORK}/schedules.py", f"{_NETWORK}/layers/dense.py", f"{_NETWORK}/layers/dropout.py",
        f"{_NETWORK}/activations.py", f"{_NETWORK}/initializers.py", f"{_NETWORK}/layers/gaussian_noise.py",
        "scratchtune/estimators.py", "scratchtune/data/scaling.py", "scratchtune/data/imputing.py",
        "scratchtune/data/encoding.py", "scratchtune/search/parameters.py", "scratchtune/search/space.py"),
        ("04", "05", "08")),
    Section("2.2", "超参数之间的联系", (f"{_NETWORK}/optimizers.py", f"{_NETWORK}/schedules.py"), ("05",)),
    Section("2.3", "评价指标", (
        "scratchtune/metrics/classification.py", "scratchtune/metrics/precision_recall.py",
        "scratchtune/metrics/ranking.py", "scratchtune/metrics/regression.py"), ("07",)),
    Section("3.1", "网格搜索", ("scratchtune/search/grid.py",), ("06", "11")),
    Section("3.2", "随机搜索", ("scratchtune/search/random.py", "scratchtune/search/sequences.py"), ("06", "11")),
    Section("3.3", "贝叶斯优化", (
        "scratchtune/search/bayesian.py", "scratchtune/search/kernels.py", "scratchtune/search/gaussian_process.py",
        "scratchtune/search/fitting.py", "scratchtune/search/surrogate.py", "scratchtune/search/normal.py",
        "scratchtune/search/acquisition.py", "scratchtune/search/acquisition_search.py",
        "scratchtune/search/gaussian_search.py", "scratchtune/search/mixture.py", "scratchtune/search/parzen.py"),
        ("12", "13")),
    Section("3.4", "遗传算法", (
        "scratchtune/search/genetic.py", "scratchtune/search/genetic_operators.py",
        "scratchtune/search/genetic_brood.py"), ("14",)),
    Section("4.1", "梯度下降", (f"{_NETWORK}/optimizers.py", f"{_NETWORK}/losses.py"), ("01", "02", "04", "05")),
    Section("4.2", "正则化", (f"{_NETWORK}/penalties.py",), ("01", "03")),
    Section("5", "项目实践：代码实例和详细解释说明", (
        "scratchtune/study/search_cv.py", f"{_NETWORK}/sequential.py"), ("06",)),
    Section("6.1", "图像分类", (
        "scratchtune/examples/image.py", f"{_NETWORK}/layers/images.py", f"{_NETWORK}/layers/conv2d.py",
        f"{_NETWORK}/layers/max_pooling2d.py", f"{_NETWORK}/layers/average_pooling2d.py",
        f"{_NETWORK}/layers/batch_normalization.py", f"{_NETWORK}/layers/random_flip.py",
        f"{_NETWORK}/layers/random_translation.py", f"{_NETWORK}/layers/random_rotation.py",
        f"{_NETWORK}/layers/sampling.py"), ("18", "19", "20")),
    Section("6.2", "自然语言处理"),
    Section("6.3", "语音识别"),
    Section("7.1", "Keras Tuner"),
    Section("7.2", "Optuna", ("scratchtune/study/study.py", "scratchtune/study/stopping.py"), ("13", "15")),
    Section("7.3", "Ray Tune", (
        "scratchtune/study/executors.py", "scratchtune/study/objective_run.py", f"{_NETWORK}/distributed.py"),
        ("16", "17")),
    Section("8.1", "自动机器学习"),
    Section("8.2", "可解释性", ("scratchtune/insight/plots.py",), ("12",)),
    Section("8.3", "计算效率", (
        f"{_NETWORK}/matmul.py", f"{_NETWORK}/exponential.py", f"{_NETWORK}/random_numbers.py",
        "scratchtune/jit/kernels.py", "scratchtune/search/schedule.py", "scratchtune/search/hyperband.py"),
        ("15", "17")),
    Section("9.1", "如何选择合适的超参数调整算法？", ("scratchtune/comparison.py",), ("11", "14", "15")),
    Section("9.2", "如何评估超参数调整的效果？", (
        "scratchtune/evaluation/splits.py", "scratchtune/evaluation/cross_validation.py",
        "scratchtune/evaluation/selection.py", "scratchtune/tabular/tuning.py"), ("06", "10")),
    Section("9.3", "如何避免过拟合？", (
        f"{_NETWORK}/callbacks.py", f"{_NETWORK}/layers/dropout.py", f"{_NETWORK}/layers/gaussian_noise.py",
        "scratchtune/evaluation/curves.py"), ("03", "06", "09", "19")),
)


def sections() -> str:
    """The map as a Markdown table, with links relative to scratchtune/README.md; a section may have no files yet."""
    rows = ["| section | formulas | files | lessons |", "|---|---|---|---|", *(_row(section) for section in SECTIONS)]
    return "\n".join(rows)


def _row(section: Section) -> str:
    files = ", ".join(f"[{Path(file).name}]({file.removeprefix(PACKAGE)})" for file in section.files) or "not there yet"
    lessons = ", ".join(f"[{name[:2]}](../lessons/{name})" for name in map(_lesson, section.lessons) if name)
    return f"| {section.number} {section.title} | {_formulas(section)} | {files} | {lessons} |"


def _formulas(section: Section) -> str:
    """The IDs of the formulas in the section's files, in the order of files and lines."""
    found = [formula for formula in registry().values() if formula.place.rsplit(":", 1)[0] in section.files]
    return ", ".join(f"`{formula.id}`" for formula in found)


def _lesson(number: str) -> str:
    return next((path.name for path in sorted((ROOT / "lessons").glob(f"{number}_*.py"))), "")
