"""The page put together: texts, style, scripts, formulas as JavaScript, and the trainings, in one HTML file.

An instrument is an entry of `INSTRUMENTS`, a file NAME.js that registers it, and a file texts/NAME.json.
"""

from __future__ import annotations

import base64
import json
import lzma
import zlib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core.files import write_text
from scratchtune.core.formulas.registry import registry
from scratchtune.play.javascript import javascript
from scratchtune.play.trainings import EPOCHS, ROWS, SEEDS, VALUES, load_trainings

FOLDER = files("scratchtune.play")
BOARD = '<section class="instrument" id="board"></section>\n'


class Instrument(NamedTuple):
    """The lesson that an instrument belongs to, and the formulas that it computes."""

    lesson: int
    formulas: tuple[str, ...]


INSTRUMENTS = {name: Instrument(lesson, tuple(formulas.split())) for name, lesson, formulas in (
    ("bowl", 5, "gradient_descent momentum nesterov"),
    ("threshold", 11, "confusion_matrix precision recall f_beta accuracy balanced_accuracy auc trapezoids "
     "average_precision log_loss sigmoid"),
    ("curse", 15, "standard_error_of_mean"),
    ("gaussian", 19, "scaled_distance matern52 posterior_mean posterior_variance log_marginal_likelihood "
     "expected_improvement"),
    ("densities", 21, "tpe_good_count parzen_min_bandwidth normal_mass log_truncated_normal parzen_mixture tpe_ratio "
     "tpe_probability"),
    ("rungs", 25, "hyperband_s_max hyperband_bracket_size hyperband_rung_size hyperband_rung_budget"))}
OF_TRAININGS = {"rungs", "curse"}  # instruments that look up trainings


def scripts(instruments: Iterable[str], links: Mapping[str, str] = {}, lessons: Mapping[int, str] = {},  # noqa: B006
            game: bool = True, moves: str = "", **more: Any) -> dict[str, str]:
    """The scripts of pages with some instruments, and with the game or without, by name; "core" is needed by each.

    ``links`` are addresses of formulas by ID, ``lessons`` those of lessons by number (else a lesson is named by its
    command), ``moves`` packed games in place of the stored ones. ``more`` is added to the page's data, such as
    ``board`` (`lessons.race.board`), which the section `BOARD` shows.
    """
    used, known = {name: INSTRUMENTS[name] for name in instruments}, registry()
    formulas = list(dict.fromkeys(id for each in used.values() for id in each.formulas))
    parts = [*["game", "ending"] * game, *["board"] * ("board" in more), *used]
    data = {
        "instruments": {name: each._asdict() for name, each in used.items()},
        "lines": {id: {"line": known[id].line, "where": [[each.symbol, each.argument, each.words]
                                                         for each in known[id].where]} for id in formulas},
        "links": dict(links), "lessons": dict(lessons),
        "scores": json.loads(read("scores.json")) if "threshold" in used else None, **more}
    generated = ",\n".join(f"  {javascript(known[id])}" for id in formulas)
    packed = _packed({"texts": texts(["core", *parts]), "data": data})
    made = {"core": "\n".join([read("formulas.js"), read("core.js"), f"Object.assign(play, {packed});",
                               f"play.formulas = {{\n{generated}}};"])}
    if game or OF_TRAININGS & used.keys():
        made["trainings"] = f"play.data.trainings = {_packed(trainings())};\n{read('trainings.js')}"
    if game:
        moves = moves or pack(lzma.decompress(FOLDER.joinpath("moves.json.xz").read_bytes()))
        made["moves"] = f"play.data.moves = {_packed(moves)};"
    return made | {part: read(f"{part}.js") for part in parts}


def texts(parts: Iterable[str]) -> dict[str, list[str]]:
    """The texts of some parts by key, in English and in Chinese."""
    return {key: text for part in parts for key, text in json.loads(read(f"texts/{part}.json")).items()}


def trainings() -> dict[str, Any]:
    """The trainings as the page unpacks them: the steps of their curves, and the ends, each packed."""
    known = load_trainings()
    steps = np.diff(known.validation, axis=-1, prepend=np.uint8(0))
    arrays = {"validation": steps, "wide": known.wide.astype("<u2"), "held_out": known.held_out.astype("<u2")}
    packed = {name: pack(array.tobytes()) for name, array in arrays.items()}
    return {"values": VALUES, "seeds": SEEDS, "epochs": EPOCHS, "rows": ROWS, "packed": packed}


def pack(raw: bytes) -> str:
    """Bytes as text that the page's DecompressionStream unpacks."""
    return base64.b64encode(zlib.compress(raw, 9)).decode("ascii")


def whole(title: str, main: str, code: Mapping[str, str], navigation: str = "") -> str:
    """A whole page around its main part, with `scripts`."""
    return Template(read("page.html")).substitute(
        title=title, style=read("page.css"), main=main, script="\n".join(code.values()), navigation=navigation)


def sections(instruments: Iterable[str]) -> str:
    """The places that the script fills with instruments."""
    return "\n".join(
        f'<section class="instrument" id="{name}" data-instrument="{name}"></section>' for name in instruments)


def write_page(path: Path, **more: Any) -> None:
    """Write the page with the game and all instruments; ``more`` is as in `scripts`."""
    ways = [f'<a href="#{name}" data-text="{name}.title"></a>' for name in INSTRUMENTS]
    main = f"""<section id="game"></section>
{BOARD * ("board" in more)}<h1 id="instruments" data-text="core.instruments"></h1>
<p class="row ways">{" ".join(ways)}</p>
{sections(INSTRUMENTS)}"""
    navigation = '<a href="#game" data-text="core.game"></a> <a href="#instruments" data-text="core.instruments"></a>'
    write_text(path, whole("Beat the searcher", main, scripts(INSTRUMENTS, **more), navigation))


def read(name: str) -> str:
    """A file of this folder, such as the style of all pages."""
    return FOLDER.joinpath(name).read_text(encoding="utf-8")


def _packed(data: Any) -> str:
    """JSON that may stand in a script."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
