"""Does a recogniser of speech learn with its defaults alone: `SpeechRecognizer(alphabet)`, `compile()`, `fit(clips, texts)`?

    python -m benchmarks.speech_defaults [--data FOLDER] [--prompts FOLDER] [--seeds 3] [--quick] [--save]

Each task is a vocabulary of some language, said by espeak-ng in some voices at some rate. A seed draws the voices, what
they say, and the weights. The word error rate is that of greedy decoding, on clips of ten voices never heard in
training. The rule of `training_plan` and the default features were chosen on the tasks named so, with seeds from 100;
all others were first run when both were fixed.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

import scratchtune as st
from benchmarks.common import espeak_program, harness
from scratchtune.speech import espeak

TEST_VOICES, TEST_CLIPS = 10, 60


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
    Task("Spanish colours", espeak.ACCENTS["es"], "rojo|azul|verde|negro|blanco|gris|amarillo|naranja|rosa", 1, 15, 100),
    Task("Swedish digits", ("sv",), "noll|ett|två|tre|fyra|fem|sex|sju|åtta|nio", 3, 30, 400, 16000),
)
OTHERS = (
    Task("German months", ("de",), "januar|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember",
         1, 25, 200, 16000),
    Task("French animals", espeak.ACCENTS["fr"],
         "chat|chien|cheval|vache|mouton|lapin|souris|poule|canard|cochon|ours|loup|singe|lion", 2, 12),
    Task("Italian days", ("it",), "lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica", 2, 20, 200, 11025),
    Task("Russian food", ("ru", "ru-lv"), "хлеб|молоко|сыр|яблоко|мясо|рыба|суп|чай|соль|сахар|вода|каша", 1, 20),
    Task("English phrases", espeak.ACCENTS["en"],
         "turn on the light|turn off the radio|open the window|close the door|call my mother|play some music|"
         "what time is it|set the alarm|good night|thank you", 1, 20),
    Task("Japanese greetings", ("ja",), "おはよう|こんにちは|こんばんは|さようなら|ありがとう|すみません|はい|いいえ", 1, 10, 120),
    Task("Polish digits", ("pl",), "zero|jeden|dwa|trzy|cztery|pięć|sześć|siedem|osiem|dziewięć", 3, 40, 600),
    Task("Dutch fruit, few clips", ("nl",), "appel|peer|banaan|kers|druif|pruim|citroen|meloen", 1, 10, 60),
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


def word_error_rate(train: Part, test: Part, seed: int) -> float:
    """The error rate of a recogniser with nothing but its defaults."""
    model = st.SpeechRecognizer("".join(sorted(set("".join(train.texts)))), seed=seed)
    model.compile()
    model.fit(*train, verbose=0)
    return st.speech.word_error_rate(test.texts, model.transcribe(test.clips))
