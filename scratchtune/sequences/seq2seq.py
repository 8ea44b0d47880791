"""A translator: a network that reads a sentence in one language and writes it in another, an encoder-decoder.

The network itself is a `Sequential` of the layers that `encoder_decoder` puts together, trained by the epoch loop as
any other network. This file turns pairs of texts into its rows, and its outputs into texts.

| part of a row | tokens | length |
|---|---|---|
| source | those of the sentence, then padding | ``source_length`` |
| target, read | the start, those of the translation, then padding | ``target_length`` |
| target, to be written | those of the translation, the end, then padding | ``target_length`` |

In training, the decoder reads the correct translation up to each token and must predict the next one ("teacher
forcing"). In use it reads what it has written itself.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core.declared import exactly
from scratchtune.core.network.callbacks import Callback, History
from scratchtune.core.network.layers.base import Layer
from scratchtune.core.network.saving import entry
from scratchtune.core.network.sequential import unpacked as unpacked_network
from scratchtune.core.streams import note
from scratchtune.sequences.encoder_decoder import EncoderDecoder, writer_of
from scratchtune.sequences.layers.cross_attention import Crosses
from scratchtune.sequences.sequence_model import SequenceModel
from scratchtune.sequences.text.beam import Hypothesis, search
from scratchtune.sequences.text.padding import pad_sequences
from scratchtune.sequences.text.scores import exact_match, token_accuracy
from scratchtune.sequences.text.tokens import detokenize, is_blank, tokenize
from scratchtune.sequences.text.vocabulary import Vocabulary

Pairs = Sequence[tuple[str, str]]
ARGUMENTS = ("structure", "attention", "embedding", "units", "layers", "heads", "dropout")  # of the network
SILENT = (Vocabulary.padding, Vocabulary.start)  # never part of a text


class Seq2Seq(SequenceModel):
    """An encoder-decoder between two vocabularies; its loss is the cross-entropy of the tokens.

    ``structure`` of encoder and decoder: "gru", "lstm" or "transformer". ``attention``, by which the decoder looks up
    the source: "none", "dot", "additive" or "multi_head"; by default "dot", for a Transformer "multi_head", the only
    one it has. ``embedding``: the numbers of a token's vector, in a Transformer of every step. ``units`` of encoder and
    decoder, in a Transformer of the hidden layer of its blocks. ``layers`` of encoder and of decoder. ``dropout``
    between layers. ``heads`` of "multi_head". ``source_length`` and ``target_length``: the most tokens, of the target
    with its end; None: the most that the first training pairs have.
    """

    kind, loss, lengths = "translator", "token_crossentropy", "source_length and target_length"

    def __init__(
        self, source_vocabulary: Vocabulary, target_vocabulary: Vocabulary, structure: str = "gru",
        attention: str | None = None, embedding: int = 64, units: int = 128, layers: int = 1, dropout: float = 0.0,
        heads: int = 4, source_length: int | None = None, target_length: int | None = None, dtype: str = "float32",
        seed: int = 0,
    ) -> None:
        super().__init__(dtype, seed)
        for name, vocabulary in (("source", source_vocabulary), ("target", target_vocabulary)):
            if not isinstance(vocabulary, Vocabulary):
                raise TypeError(f"{name}_vocabulary is {vocabulary!r:.80}; it must be a text.Vocabulary")
        self.source_vocabulary, self.target_vocabulary = source_vocabulary, target_vocabulary
        self.architecture = EncoderDecoder(
            len(source_vocabulary), len(target_vocabulary), 1, structure, attention, embedding, units, layers, heads,
            dropout)
        if structure == "transformer":
            self.rate = 0.002
        self.source_length = None if source_length is None else checks.integer("source_length", source_length, 1)
        self.target_length = None if target_length is None else checks.integer("target_length", target_length, 2)

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of the network, by name."""
        return {name: getattr(self.architecture, name) for name in ARGUMENTS}

    def stack(self) -> list[Layer]:
        """The network's layers, new ones."""
        return [EncoderDecoder(len(self.source_vocabulary), len(self.target_vocabulary), self._known_lengths()[0],
                               **self.arguments)]

    def input_shape(self) -> tuple[int, ...]:
        """The most tokens of source and target together."""
        return (sum(self._known_lengths()),)

    def _known_lengths(self) -> tuple[int, int]:
        """``source_length`` and ``target_length``; a ValueError if one of them is None."""
        if self.source_length is None or self.target_length is None:
            raise ValueError("source_length or target_length is None; give both, or call fit, which takes them from "
                             "the pairs")
        return self.source_length, self.target_length

    def description(self) -> dict[str, Any]:
        """Both vocabularies, and the arguments of the network."""
        vocabularies = {"source": self.source_vocabulary.to_dict(), "target": self.target_vocabulary.to_dict()}
        return {"vocabularies": vocabularies, "arguments": self.arguments}

    def longest(self) -> int:
        """The most tokens of a source or a target."""
        return max(self._known_lengths())

    def guessing(self, y: np.ndarray) -> float | None:
        """The loss of targets that are written without their sources, by the frequencies of tokens and of pairs."""
        return guessing_loss([[int(token) for token in row if token] for row in y])

    # Rows -------------------------------------------------------------------------------------------------------------

    def _encoded(self, pairs: Any, name: str) -> tuple[list[list[int]], list[list[int]]]:
        """The ids of sources and targets, without start and end."""
        if not isinstance(pairs, (list, tuple)) or not pairs:
            raise ValueError(f"{name} is {pairs!r:.80}; it must be a list of pairs (source, target), at least one")
        for number, pair in enumerate(pairs):
            if not isinstance(pair, (list, tuple)) or len(pair) != 2:
                raise ValueError(f"{name}[{number}] is {pair!r:.80}; it must be a pair (source, target)")
        sources, targets = zip(*pairs, strict=True)
        return (self._ids(self.source_vocabulary, sources, f"{name}, source"),
                self._ids(self.target_vocabulary, targets, f"{name}, target"))

    def _ids(self, vocabulary: Vocabulary, texts: Sequence[str], name: str) -> list[list[int]]:
        """The ids of each text's tokens; an error says which text it is about."""
        ids = []
        for number, text in enumerate(texts):
            try:
                ids.append(vocabulary.encode(text))
            except (ValueError, TypeError) as problem:
                raise type(problem)(f"{name} {number}: {problem}") from None
        return ids

    def _rows(self, sources: list[list[int]], targets: list[list[int]], name: str) -> tuple[np.ndarray, np.ndarray]:
        """Rows for the network, (n, source_length + target_length), and their targets, (n, target_length)."""
        start, end = self.target_vocabulary.start, self.target_vocabulary.end
        read = self._padded([[start, *ids] for ids in targets], self.target_length, f"{name}, target")
        written = self._padded([[*ids, end] for ids in targets], self.target_length, f"{name}, target")
        return np.hstack([self._padded(sources, self.source_length, f"{name}, source"), read]), written

    def _padded(self, ids: list[list[int]], length: int | None, name: str) -> np.ndarray:
        """The ids with padding at the end, (n, length); a ValueError for a text that is too long."""
        assert length is not None
        for number, row in enumerate(ids):
            if len(row) > length:
                raise ValueError(f"{name} {number} has {len(row)} tokens; this model was built for at most {length}")
        return pad_sequences(ids, length, self.dtype, "post")

    # Training ---------------------------------------------------------------------------------------------------------

    def fit(
        self, pairs: Pairs, epochs: int | None = None, batch_size: int | None = None, verbose: int = 1,
        callbacks: Sequence[Callback] | None = (), validation_data: Pairs | None = None,
    ) -> History:
        """Train for ``epochs`` passes over the pairs (source, target); the arguments of `Sequential.fit`.

        What is None, and the learning rate unless `compile` got an optimizer, is chosen by
        `scratchtune.sequences.sequence_model.chosen_training`.
        """
        sources, targets = self._encoded(pairs, "pairs")
        held_out = None if validation_data is None else self._encoded(validation_data, "validation_data")
        if not self.built:
            every = [(sources, targets), *([] if held_out is None else [held_out])]
            self.source_length = self.source_length or max(len(ids) for part, _ in every for ids in part)
            self.target_length = self.target_length or max(len(ids) for _, part in every for ids in part) + 1
        X, y = self._rows(sources, targets, "pairs")
        valid = None if held_out is None else self._rows(*held_out, "validation_data")
        return self.fit_rows(X, y, batch_size, epochs, verbose, callbacks, valid)

    def evaluate(self, pairs: Pairs) -> dict[str, float]:
        """The loss, and of greedy translations the shares of correct tokens and of exact matches.

        A token of a reference that is not in the vocabulary is never matched.
        """
        rows = self._rows(*self._encoded(pairs, "pairs"), "pairs")
        references = [self.target_vocabulary.decode(self.target_vocabulary.encode(target)) for _, target in pairs]
        found = self._translations(self._tokenized([source for source, _ in pairs]))
        return self.network.evaluate(*rows) | {
            "token_accuracy": token_accuracy(references, found), "exact_match": exact_match(references, found)}

    # Translating ------------------------------------------------------------------------------------------------------

    def translate(self, texts: Any, beam_width: int = 1, length_penalty: float = 0.0) -> Any:
        """Return the translation of a text, or the list of those of a list of texts, in their order.

        With ``beam_width`` 1 each token is the most probable one (greedy); otherwise the best of a `beam_search`. The
        unknown token is never written.

        Of a text that is longer than those of the training, only the first ``source_length`` tokens are translated;
        one without words has an empty translation. stderr names these texts, and each unknown token once.
        """
        checks.integer("beam_width", beam_width, 1)
        several = self._tokenized([texts] if isinstance(texts, str) else texts)
        if self.warns:
            for line in self.remarks(several, [f"text {number}" for number in range(len(several))]):
                note(line)
        found = self._translations(several, beam_width, length_penalty)
        return found[0] if isinstance(texts, str) else found

    def _tokenized(self, texts: Iterable[Any]) -> list[Any]:
        """The tokens of each text, so that each is split only once."""
        lower = self.source_vocabulary.lower
        return [tokenize(text, lower) if isinstance(text, str) else text for text in texts]

    def _translations(self, texts: list[Any], beam_width: int = 1, length_penalty: float = 0.0) -> list[str]:
        """The translations of a list of texts, or of their tokens, without remarks."""
        if blank := [number for number, text in enumerate(texts) if is_blank(text)]:
            others = [text for text in texts if not is_blank(text)]
            found = self._translations(others, beam_width, length_penalty) if others else []
            for number in blank:
                found.insert(number, "")
            return found
        if not texts:
            return []
        decoded, tokens = self._decoded(self._read(texts)[1], beam_width, length_penalty), self.target_vocabulary.tokens
        return [detokenize(tokens[token] for token in hypothesis.ids if token not in SILENT) for hypothesis in decoded]

    def _read(self, texts: Sequence[str]) -> tuple[list[list[str]], np.ndarray]:
        """The first ``source_length`` tokens of each text, and their ids with padding, (n, source_length)."""
        length = self.network.input_shape[0] - (self.target_length or 0)
        ids = [each[:length] for each in self._ids(self.source_vocabulary, texts, "text")]
        words = [self.source_vocabulary.split(text)[:length] for text in texts]
        return words, self._padded(ids, length, "text")

    def remarks(self, texts: Sequence[str], names: Sequence[str]) -> list[str]:
        """Sentences on the texts without words or that are too long, and on the unknown tokens, each once."""
        most = self.network.input_shape[0] - (self.target_length or 0)
        found: list[str] = []
        unknown: dict[str, None] = {}
        for name, text in zip(names, texts, strict=True):
            words = [] if is_blank(text) else self.source_vocabulary.split(text)
            if not words:
                found.append(f"{name} has no words; its translation is empty")
            elif len(words) > most:
                found.append(f"{name} has {checks.counted(len(words), 'token')}; the model reads at most {most}, so "
                             "only these are translated")
            unknown |= dict.fromkeys(word for word in words[:most] if word not in self.source_vocabulary)
        return [*found, *[f"not in the model's vocabulary: {checks.quoted(list(unknown))}"] * bool(unknown)]

    def log_probabilities(self, sources: np.ndarray, prefixes: np.ndarray) -> np.ndarray:
        """Log-probabilities of the token after each prefix, (n, vocabulary); ``prefixes`` are (n, length).

        They are computed by the whole network; `translate` computes the same step by step.
        """
        logits = checks.finite_outputs(self.network.program.outputs(self._joined(sources, prefixes)))
        return log_softmax(logits[:, prefixes.shape[1] - 1])

    def _joined(self, sources: np.ndarray, read: np.ndarray) -> np.ndarray:
        """Rows for the network of sources and of what the decoder has read so far."""
        rows = np.zeros((len(sources), self.network.input_shape[0]), self.dtype)
        rows[:, : sources.shape[1]], rows[:, sources.shape[1] : sources.shape[1] + read.shape[1]] = sources, read
        return rows

    def _decoded(self, sources: np.ndarray, beam_width: int, penalty: float) -> list[Hypothesis]:
        """The best translation of each source; as many as the network has rows for are translated side by side."""
        vocabulary, most = self.target_vocabulary, self.target_length or 1
        each = max(1, self.network.program.evaluation_rows() // beam_width)
        decoded: list[Hypothesis] = []
        with writer_of(self.network.program, min(each, len(sources)) * beam_width, most) as writer:

            def step(prefixes: np.ndarray, parents: np.ndarray) -> np.ndarray:
                found = log_softmax(checks.finite_outputs(writer.write(prefixes[:, -1], parents)))
                found[:, vocabulary.unknown] = -np.inf
                return found

            for first in range(0, len(sources), each):
                writer.read(sources[first : first + each])
                number = len(sources[first : first + each])
                found = search(step, number, vocabulary.start, vocabulary.end, beam_width, most, penalty)
                decoded += [hypotheses[0] for hypotheses in found]
        return decoded

    def attention(self, text: str) -> tuple[list[str], list[str], np.ndarray]:
        """The tokens of a text, those of its greedy translation, and how the decoder weighted the first for the second.

        The weights are (tokens of the translation, tokens of the text); each row sums to 1. The end of the translation
        is its last token, unless ``target_length`` ended it.
        """
        if self.architecture.attention == "none":
            raise ValueError("the model has attention='none', so there are no weights; take 'dot' or 'additive'")
        words, source = self._read([text])
        (hypothesis,), program = self._decoded(source, 1, 0.0), self.network.program
        written = hypothesis.ids + [self.target_vocabulary.end] * hypothesis.ended
        read = np.array([[self.target_vocabulary.start, *written[: (self.target_length or 1) - 1]]])
        attending = {number: stage for number, stage in enumerate(program.stages) if isinstance(stage, Crosses)}
        number = max(attending)
        _, work = next(program.outputs_and_work(self._joined(source, read), number))
        weights = attending[number].attention_weights(1, work)[0, : len(written), : len(words[0])]
        known = [word if word in self.source_vocabulary else "[UNK]" for word in words[0]]
        return known, [self.target_vocabulary.tokens[token] for token in written], weights


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities (n, tokens), float64."""
    found = logits.astype(np.float64)
    found -= found.max(axis=1, keepdims=True)
    found -= np.log(np.exp(found).sum(axis=1, keepdims=True))
    return found


def guessing_loss(texts: Sequence[Sequence[int]]) -> float:
    """Return the mean cross-entropy of texts (ids of tokens) by a bigram model: each token depends on the one before.

    A translator whose loss is not clearly lower has learned the language of its targets, but no translation.
    Each token is predicted from all others (leave one out), so that no text is predicted from itself. The
    frequencies after a token are smoothed by those of all tokens, as Witten and Bell do: with a weight that is the
    number of different tokens seen there. Each text has the same weight.

    >>> round(guessing_loss([[4, 5], [5, 4]] * 50), 3), round(guessing_loss([[4, 5]] * 50), 3)
    (0.357, 0.01)
    """
    rows = [(-1, *text) for text in texts]
    pairs = Counter(pair for row in rows for pair in pairwise(row))
    before, single, kinds = Counter[int](), Counter[int](), Counter(first for first, _ in pairs)
    for (first, second), count in pairs.items():
        before[first] += count
        single[second] += count
    total = single.total() - 1 + len(single)

    def loss(first: int, second: int) -> float:
        prior = kinds[first] * single[second] / total
        return float(-np.log((pairs[first, second] - 1 + prior) / (before[first] - 1 + kinds[first])))

    losses = {pair: loss(*pair) for pair in pairs}
    return float(np.mean([np.mean([losses[pair] for pair in pairwise(row)]) for row in rows]))


def unpacked(header: dict[str, Any], arrays: Any) -> Seq2Seq:
    """Make the translator that `Seq2Seq.save` has written."""
    network, vocabularies = unpacked_network(header, arrays), entry(header, "vocabularies")
    model = Seq2Seq(
        Vocabulary.from_dict(entry(vocabularies, "source")), Vocabulary.from_dict(entry(vocabularies, "target")),
        **exactly("arguments", entry(header, "arguments"), ARGUMENTS), dtype=network.dtype, seed=network.seed)
    first = network.layers[0]
    model.source_length = first.source_length if isinstance(first, EncoderDecoder) else 1  # which `adopt` refuses
    model.target_length = network.input_shape[0] - model.source_length
    return model.adopt(network, header)
