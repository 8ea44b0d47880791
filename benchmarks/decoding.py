"""How long does the translation of 100 sentences take, here and in PyTorch with the same network?

Numbers in words, English to Spanish, by networks of one layer that were trained here for three epochs. From texts to
texts, both with our vocabularies. PyTorch decodes step by step too: nn.GRU or nn.LSTM keeps its state, the Transformer
keys and values; greedy decoding is a loop of argmax until every sentence has ended, and the beam is our search around
PyTorch's steps. float32, CPU time of one thread each, pinned to one core; in every round the libraries are measured in
turn, and a ratio is the median over the rounds. Both must write the same translations.
"""

from __future__ import annotations

import time
from argparse import Namespace
from functools import cache
from typing import Any

import numpy as np

from benchmarks.common import harness, speeds
from benchmarks.common.benchmark import Benchmark

SENTENCES, TRAINING, EPOCHS = 100, 600, 3
STRUCTURES = {"gru": 32, "lstm": 32, "transformer": 64}  # the numbers of a token's vector
UNITS, BEAMS = 128, (1, 4)
CASES = {f"{structure}, {'greedy' if width == 1 else f'beam {width}'}": {"structure": structure, "beam_width": width}
         for structure in STRUCTURES for width in BEAMS}
ROUNDS = 15, 5  # of a whole run and of a quick one


@cache
def trained(structure: str) -> tuple[Any, list[str]]:
    """Our translator, the same in every process, and the sentences to be translated."""
    import scratchtune as st

    pairs = st.datasets.number_words(TRAINING + SENTENCES, 0)
    sources, targets = zip(*pairs, strict=True)
    model = st.Seq2Seq(st.text.Vocabulary(sources), st.text.Vocabulary(targets), structure=structure,
                       embedding=STRUCTURES[structure], units=UNITS)
    model.compile()
    model.fit(pairs[:TRAINING], epochs=EPOCHS, verbose=0)
    return model, list(sources[TRAINING:])


def ours(structure: str, beam_width: int, seed: int) -> speeds.Answer:
    """Translate all sentences; return the seconds of CPU time, and the translations."""
    model, texts = trained(structure)
    begun = time.process_time()
    found = model.translate(texts, beam_width)
    return {"seconds": time.process_time() - begun, "texts": found}


@cache
def copied(structure: str) -> Any:
    """The same network in PyTorch, which decodes step by step."""
    import torch

    from benchmarks.common import decoders

    torch.set_num_threads(1)
    return decoders.decoder(trained(structure)[0])


def pytorch(structure: str, beam_width: int, seed: int) -> speeds.Answer:
    """The same in PyTorch."""
    model, texts = trained(structure)
    network = copied(structure)
    begun = time.process_time()
    found = translations(model, network, texts, beam_width)
    return {"seconds": time.process_time() - begun, "texts": found}


def translations(model: Any, network: Any, texts: list[str], beam_width: int) -> list[str]:
    """The texts that PyTorch's network writes; as ours, it never writes the unknown token."""
    import scratchtune as st
    from scratchtune.sequences.text.beam import search

    ids = [model.source_vocabulary.encode(text) for text in texts]
    network.read(st.text.pad_sequences(ids, None, "int64", "post"), [len(each) for each in ids])
    vocabulary, most = model.target_vocabulary, model.target_length
    if beam_width == 1:
        written = network.greedy(vocabulary.start, vocabulary.end, most)
    else:
        found = search(network.log_probabilities, len(texts), vocabulary.start, vocabulary.end, beam_width, most)
        written = [each[0].ids for each in found]
    return [vocabulary.decode(each) for each in written]


def measure(given: Namespace) -> speeds.Found:
    """All answers."""
    return speeds.in_turns({"ours": ours, "PyTorch": pytorch}, CASES, ROUNDS[given.quick])


def report(found: speeds.Found, given: Namespace) -> list[str]:
    """A line for each network and decoding, and whether the translations are the same."""
    rows, lines = [], []
    for case in CASES:
        median = {name: 1e3 * float(np.median(speeds.values(found, case, name))) for name in ("ours", "PyTorch")}
        ratio = speeds.ratio(found, case, "PyTorch")
        rows.append([case, f"{median['ours']:.1f}", f"{median['PyTorch']:.1f}", f"{ratio:.2f}"])
        lines.append(harness.bar(f"{case}: PyTorch / ours", ratio, 1.0, digits=2))
    texts = [[found[case, name][0]["texts"] for name in ("ours", "PyTorch")] for case in CASES]
    same = min(sum(a == b for a, b in zip(*both, strict=True)) for both in texts)
    lines.append(harness.verdict(
        same == SENTENCES, f"equal translations: bar {SENTENCES} of {SENTENCES}, measured at least {same}"))
    return [f"float32, one thread, core {harness.pinned_core()}, {ROUNDS[given.quick]} rounds, {SENTENCES} sentences, "
            f"{UNITS} units, medians of CPU time.",
            harness.table(["what", "ours, ms", "PyTorch, ms", "time / ours"], rows),
            "Against the bars:", "\n".join(lines)]


ANSWER = (
    "Won: PyTorch, with the same weights and its states or keys and values kept, takes 1.15 to 1.19 times as long for "
    "a Transformer; all translations are equal. Neither: 1.03 to 1.15 times as long for GRU and LSTM, and noise is as "
    "large.")
BENCHMARK = Benchmark("Translating 100 sentences", measure, report, ("torch",), quick="five rounds")
