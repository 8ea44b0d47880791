"""Does a recogniser of speech learn from its defaults: `SpeechRecognizer(alphabet)`, `compile()`, `fit(clips, texts)`?

Each task is a vocabulary of some language, said by espeak-ng in some voices at some rate. A seed draws the voices, what
they say, and the weights. The word error rate is that of greedy decoding, on clips of ten voices never heard in
training. Features, dropout and the speeds of training clips were chosen on `CHOSEN_ON`, with seeds 100 and 101; the
learning rate, batch size and epochs are those of `chosen_training`, which was chosen on translations. The other tasks
were first run when all was fixed.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

import scratchtune as st
from benchmarks.common import espeak, espeak_program, harness
from benchmarks.common.benchmark import Benchmark, count

TEST_VOICES, TEST_CLIPS = 10, 40
BAR = 0.3  # word error rate after training on 200 clips


class Task(NamedTuple):
    """Some words of a language, how many of them a clip has, and how many voices and clips there are to train on."""

    name: str
    accents: tuple[str, ...]
    words: str  # separated by a bar
    most: int = 1
    voices: int = 20
    clips: int = 200
    rate: int = 8000


DIGITS = "zero|one|two|three|four|five|six|seven|eight|nine"
COMMANDS = "stop|go|left|right|up|down|yes|no|on|off|open|close"
CHOSEN_ON = (
    Task("English digits", espeak.ACCENTS["en"], DIGITS, 2),
    Task("English commands", espeak.ACCENTS["en"], COMMANDS, 1, 16),
    Task("Spanish colours", espeak.ACCENTS["es"], "rojo|azul|verde|negro|blanco|gris|amarillo|naranja|rosa", 1, 15,
         100),
    Task("Swedish digits", ("sv",), "noll|ett|två|tre|fyra|fem|sex|sju|åtta|nio", 3, 30, 400, 16000),
)
OTHERS = (
    Task("German months", ("de",), "januar|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember",
         1, 25, 200, 16000),
    Task("French animals", espeak.ACCENTS["fr"],
         "chat|chien|cheval|vache|mouton|lapin|souris|poule|canard|cochon|ours|loup|singe|lion", 2, 12),
    Task("Italian days", ("it",), "lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica", 2, 20, 200, 11025),
    Task("Russian food", ("ru", "ru-lv"), "хлеб|молоко|сыр|яблоко|мясо|рыба|суп|чай|соль|сахар|вода|каша", 1, 20),
)


class Part(NamedTuple):
    """Clips and what is said in them."""

    clips: list[st.speech.Clip]
    texts: list[str]


def spoken(folder: Path, task: Task, seed: int) -> tuple[Part, Part]:
    """The clips to train on, and those of voices never heard, made where they are not in the folder yet."""
    rng = np.random.default_rng([seed, *task.name.encode()])
    voices = [espeak.draw_voice(seed, rng, number, "en")._replace(accent=str(rng.choice(task.accents)))
              for number in range(task.voices + TEST_VOICES)]
    who = [*(n % task.voices for n in range(task.clips)), *(task.voices + n % TEST_VOICES for n in range(TEST_CLIPS))]
    texts = [" ".join(rng.choice(task.words.split("|"), rng.integers(1, task.most + 1))) for _ in who]
    path = folder / f"{task.name.replace(' ', '_')}_{seed}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = [espeak.say(text, voices[voice], task.rate).samples.astype(np.float32)
                for text, voice in zip(tqdm(texts, task.name, leave=False, disable=None), who, strict=True)]
        np.savez(path, *made)
    with np.load(path) as file:
        clips = [st.speech.Clip(file[f"arr_{number}"].astype(np.float64), task.rate) for number in range(len(texts))]
    return Part(clips[: task.clips], texts[: task.clips]), Part(clips[task.clips :], texts[task.clips :])


def trained(train: Part, seed: int, epochs: int | None) -> st.SpeechRecognizer:
    """A recogniser with nothing but its defaults, and the number of epochs if it is given."""
    model = st.SpeechRecognizer("".join(sorted(set("".join(train.texts)))), seed=seed)
    model.compile()
    model.fit(*train, epochs=epochs, verbose=0)
    return model


def measured(folder: Path, task: Task, seeds: range, epochs: int | None) -> list[str]:
    """A row of the table: the task, and the word error rate for each seed."""
    rates = []
    for seed in seeds:
        train, test = spoken(folder, task, seed)
        rates.append(st.speech.word_error_rate(test.texts, trained(train, seed, epochs).transcribe(test.clips)))
        tqdm.write(f"{task.name}, seed {seed}: {rates[-1]:.2f}", file=sys.stderr)
    vocabulary = len(task.words.split("|"))
    return [task.name, str(vocabulary), str(task.most), str(task.clips), str(task.voices), f"{task.rate:,}",
            " ".join(f"{rate:.2f}" for rate in rates), f"{statistics.mean(rates):.2f}"]


def built_in(seeds: range, epochs: int | None, folder: Path | None) -> tuple[list[str], list[str]]:
    """The row of the built-in clips, split by voice, and what these recognisers hear in digits that a person says."""
    found, rates, heard = st.speech.load_spoken_digits(), [], []
    for seed in seeds:
        train, test = st.speech.split_by_voice(found, (0.8, 0.2), seed)
        model = trained(Part(train.clips, train.texts), seed, epochs)
        rates.append(st.speech.word_error_rate(test.texts, model.transcribe(test.clips)))
        heard.append(prompts(model, folder))
    return ["built-in digit strings", "10", "5", "144", "48", "8,000", " ".join(f"{rate:.2f}" for rate in rates),
            f"{statistics.mean(rates):.2f}"], heard


Found = tuple[list[list[str]], list[str], list[str]]


def prompts(model: st.SpeechRecognizer, folder: Path | None) -> str:
    """What a recogniser hears in recorded prompts."""
    try:
        real = st.speech.recorded_prompts("en", folder)
    except FileNotFoundError as problem:
        return f"- Left out: {problem}."
    heard = model.transcribe([st.speech.trim(clip) for clip in real.clips])
    pairs = "; ".join(f"{text} → {found or 'nothing'}" for text, found in zip(real.texts, heard, strict=True))
    return (f"- word error rate {st.speech.word_error_rate(real.texts, heard):.2f}, character error rate "
            f"{st.speech.character_error_rate(real.texts, heard):.2f}: {pairs}")


def measure(given: Namespace) -> Found:
    """The rows of the tasks on which nothing was chosen, and of the built-in clips with what is heard in prompts."""
    seeds, epochs = (range(1), 2) if given.quick else (range(given.seeds), None)
    espeak_program.provide()
    try:
        rows = [measured(given.data, task, seeds, epochs) for task in tqdm(OTHERS, "tasks", disable=None)]
    except (FileNotFoundError, ValueError) as problem:
        raise SystemExit(str(problem)) from None
    return rows, *built_in(seeds, epochs, given.prompts)


def report(found: Found, given: Namespace) -> list[str]:
    """The word error rates, and the bars."""
    rows, row, heard = found
    columns = ["task", "words", "at most in a clip", "clips", "voices", "samples a second", "seeds", "mean"]
    bars = [harness.bar(f"word error rate, {row[0]}", None if given.quick else float(row[-1]), BAR, "", at_most=True,
                        digits=2) for row in rows if row[3] == "200"]
    return [
        f"Word error rates of greedy decoding on {TEST_CLIPS} clips of {TEST_VOICES} voices never heard, of synthetic "
        "speech by espeak-ng; an accent of the language for each voice. A seed is a draw of voices, texts and weights.",
        "## Tasks on which nothing was chosen", harness.table(columns, rows), "\n".join(bars),
        "The defaults were chosen on others: " + ", ".join(task.name for task in CHOSEN_ON) + ".",
        "## The built-in clips", "12 of 60 voices never heard.", harness.table(columns, [row]),
        "## Real speech: the ten English digits as recorded prompts, one speaker",
        "The recognisers of the built-in clips, one for each seed.", "\n".join(heard)]


BENCHMARK = Benchmark(
    "A recogniser of speech with its defaults alone", measure, report,
    quick="one seed, two epochs: only whether it runs", options={
        "--data": {"type": Path, "default": Path(tempfile.gettempdir(), "scratchtune-words"),
                   "help": "the folder of the synthetic speech, made where it is not there (default: %(default)s)"},
        "--prompts": {"type": Path, "help": "the folder of Asterisk's sounds (default: Debian's)"},
        "--seeds": {"type": count, "default": 3, "help": "draws of each task (default: %(default)s)"}})
