"""An encoder-decoder reads a source sequence, and writes a target sequence token by token.

A row holds the tokens of the source, then those of the target. Two chains of layers read their parts of it:

| part | gru, lstm | transformer |
|---|---|---|
| vectors of the tokens | `Embedding` | `Embedding`, `SinusoidalPositions` |
| encoder, over the source | `RecurrentEncoder` | `TransformerEncoder`, at last `LayerNormalization` |
| decoder, over the target | `RecurrentDecoder`, which begins with the encoder's last state | `TransformerDecoder` |
| attention to the encoder's states | `CrossAttention` or `MultiHeadCrossAttention` | within the decoder's blocks |
| state and what it looked up in one vector | `Dense` with tanh | `LayerNormalization` |
| logits of the next token | `Dense` | `Dense` |

The encoder's states are the second input of layers of the decoder. In use, `Writer` runs the encoder once for each
source, and then the decoder for one token after the other.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import groupby
from weakref import WeakKeyDictionary

import numpy as np

from scratchtune.core import checks
from scratchtune.core.network import engine
from scratchtune.core.network.layers.base import InputOf, Layer
from scratchtune.core.network.layers.dense import Dense
from scratchtune.core.network.layers.dropout import Dropout
from scratchtune.core.network.layers.normalization import LayerNormalization
from scratchtune.core.network.layers.residual import Composed
from scratchtune.core.network.program import Program, compile_kernels
from scratchtune.sequences.layers.cross_attention import (
    SCORES,
    CachedAttention,
    CrossAttention,
    MultiHeadCrossAttention,
)
from scratchtune.sequences.layers.embedding import Embedding, SinusoidalPositions, Steps
from scratchtune.sequences.layers.recurrent_coders import CELLS, RecurrentDecoder, RecurrentEncoder
from scratchtune.sequences.layers.transformer import EPSILON, TransformerDecoder, TransformerEncoder

STRUCTURES = (*CELLS, "transformer")
ATTENTIONS = ("none", *SCORES, "multi_head")
MOST_LAYERS = 1000  # a file may claim any number


class EncoderDecoder(Composed):
    """Logits (target length, target_tokens) of the token after each of the target, for rows of source and target.

    The first ``source_length`` tokens of a row are the source's. `Seq2Seq` has the arguments from ``structure`` on.
    ``writes``: for a `Writer`, whose rows have one target token at a time, the most tokens of a target; else None.
    """

    def __init__(
        self, source_tokens: int, target_tokens: int, source_length: int, structure: str = "gru",
        attention: str | None = None, embedding: int = 64, units: int = 128, layers: int = 1, heads: int = 4,
        dropout: float = 0.0, writes: int | None = None,
    ) -> None:
        self.tokens = (checks.integer("source_tokens", source_tokens, 2),
                       checks.integer("target_tokens", target_tokens, 2))
        self.source_length = checks.integer("source_length", source_length, 1)
        self.structure = checks.choice("structure", structure, STRUCTURES)
        is_transformer = structure == "transformer"
        default = "multi_head" if is_transformer else "dot"
        self.attention = default if attention is None else checks.choice("attention", attention, ATTENTIONS)
        if is_transformer and self.attention != "multi_head":
            raise ValueError(f"attention is {attention!r}; structure='transformer' has attention='multi_head' only")
        self.embedding, self.units = checks.integer("embedding", embedding, 1), checks.integer("units", units, 1)
        self.layers, self.heads = checks.integer("layers", layers, 1, MOST_LAYERS), checks.integer("heads", heads, 1)
        self.dropout = checks.real("dropout", dropout, 0.0, 1.0, open_high=True)
        name, divided = ("embedding", self.embedding) if is_transformer else ("units", self.units)
        if self.attention == "multi_head" and divided % self.heads > 0:
            raise ValueError(f"{name} is {divided}; with heads={self.heads} it must be a multiple of {self.heads}")
        self.writes = writes

    def check_inputs(self, name: str, X: np.ndarray) -> None:
        """Raise a ValueError unless all tokens are integers that the vocabularies have."""
        for part, columns, tokens in (("source", X[:, : self.source_length], self.tokens[0]),
                                      ("target", X[:, self.source_length :], self.tokens[1])):
            wrong = columns[(columns < 0) | (columns >= tokens) | (columns != np.floor(columns))]
            if wrong.size > 0:
                raise ValueError(f"{name} holds the token {wrong[0]:g} in its {part}; tokens must be integers from 0 "
                                 f"to {tokens - 1} there")

    # Composition ------------------------------------------------------------------------------------------------------

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are (source length + target length,), the outputs (target length, target_tokens)."""
        if len(input_shape) != 1 or input_shape[0] <= self.source_length:
            raise ValueError(f"EncoderDecoder gets rows of shape {tuple(input_shape)}; with source_length="
                             f"{self.source_length} it takes tokens (source length + target length,)")
        self.parts: list[Layer] = []
        self.decoder: list[Layer] = []  # the parts that run for each token
        first = Steps(0, self.source_length)
        source = self._add([first, *self._vectors(0)], None)
        target = self._add([Steps(self.source_length), *self._vectors(1)], InputOf(first), decodes=True)
        compose = self._transformer if self.structure == "transformer" else self._recurrent
        return compose(source, target).output_shape

    def _add(self, parts: Sequence[Layer], reads: Layer | InputOf | None, decodes: bool = False) -> Layer:
        """Chain parts; the first reads ``reads``, None: the row. Return the last stage. ``decodes``: run per token."""
        before = reads.stage.input_shape if isinstance(reads, InputOf) else reads.output_shape if reads else None
        shape = self.input_shape if before is None else before
        for part in parts:
            shape = part.start(shape)
        parts[0].stages()[0].reads = reads
        self.parts += parts
        self.decoder += parts if decodes else []
        return parts[-1].stages()[-1]

    def _vectors(self, part: int) -> list[Layer]:
        """New layers that give the vectors of the source's tokens, part 0, or of the target's, part 1."""
        table = Embedding(self.tokens[part], self.embedding, mask_zero=True)
        if self.structure != "transformer":
            return [table]
        return [table, SinusoidalPositions(True, self.writes if part else None), *self._dropout()]

    def _dropout(self) -> list[Layer]:
        return [Dropout(self.dropout)] if self.dropout > 0.0 else []

    def _recurrent(self, source: Layer, target: Layer) -> Layer:
        """Add what follows the tokens' vectors, ``source`` and ``target``, in a GRU or LSTM; return the last stage."""
        has_cell = self.structure == "lstm"
        for number in range(self.layers):
            encoder = RecurrentEncoder(self.units, self.structure)
            decoder = RecurrentDecoder(self.units, self.structure)
            decoder.second = encoder
            is_read = number + 1 < self.layers or self.attention != "none"  # by other layers than the decoder
            states = [Steps(0, self.source_length)] if has_cell and is_read else []
            source = self._add([*self._dropout(), encoder, *states], source)
            states = [Steps(0, self.input_shape[0] - self.source_length)] if has_cell else []
            target = self._add([*self._dropout(), decoder, *states], target, decodes=True)
        if self.attention != "none":
            target = self._add([self._look_up(source)], target, decodes=True)
        last = [Dense(self.units, "tanh"), *self._dropout(), Dense(self.tokens[1])]
        return self._add(last, target, decodes=True)

    def _look_up(self, source: Layer) -> Layer:
        """The attention layer of a recurrent network; its outputs are each state beside what that looks up."""
        multi_head = self.attention == "multi_head"
        layer = MultiHeadCrossAttention(self.heads, self.units // self.heads, joins=True) if multi_head else (
            CrossAttention(self.attention))
        layer.second = source
        return layer

    def _transformer(self, source: Layer, target: Layer) -> Layer:
        """The same as `_recurrent` for a Transformer."""
        given = self.units, self.heads, self.dropout
        encoder = [TransformerEncoder(*given) for _ in range(self.layers)]
        source = self._add([*encoder, LayerNormalization(EPSILON)], source)
        decoder = [TransformerDecoder(*given, cached=self.writes) for _ in range(self.layers)]
        for block in decoder:
            block.second = source
        return self._add([*decoder, LayerNormalization(EPSILON), Dense(self.tokens[1])], target, decodes=True)


class Writer:
    """The network of an encoder-decoder, run for one token after the other.

    The encoder runs once for each source, `read`; then `write` runs the decoder for one token of each row. What the
    decoder needs of the tokens before it keeps: a GRU or an LSTM its last state, attention the keys and values.
    ``rows``: the most rows at a time; ``most``: the most tokens of a row.
    """

    def __init__(self, program: Program, rows: int, most: int) -> None:
        self.rows, self.most = rows, most
        layer = program.layers[0].fresh(writes=most)
        assert isinstance(layer, EncoderDecoder)
        self.length = layer.source_length
        own = Program([layer], (self.length + 1,), program.dtype, program.seed)
        compile_kernels(program.dtype, own.forwards())
        self.stages = own.stages
        self.network = engine.build_network(self.stages, program.theta, program.state, rows, backward=False)
        decoder = {id(stage) for part in layer.decoder for stage in part.stages()}
        self.decodes = [id(stage) in decoder for stage in self.stages]
        at = self.network.at
        read = {int(values) for values in at.inputs[self.decodes, : engine.DX].ravel() if values > 0}
        self.encoded = [values for values in sorted(read) if not self.decodes[values - 1]]  # which the decoder reads
        self.recurrent = [i for i, stage in enumerate(self.stages) if isinstance(stage, RecurrentDecoder)]
        self.texts, self.done = np.zeros(0, np.int64), 0  # the source of each row; tokens written so far
        self.kept = cache(self._kept)

    def _run(self, decoder: bool) -> None:
        """Run the stages of the encoder, or those of the decoder."""
        first = 0
        for decodes, stages in groupby(self.decodes):
            stop = first + len(list(stages))
            if decodes == decoder:
                engine.forward_pass(self.network, first, stop, len(self.texts), False, self.done, np.uint64(0))
            first = stop

    def _values(self, number: int, rows: int) -> np.ndarray:
        """The outputs of stage ``number`` - 1, (rows, width); for 0 the rows of tokens."""
        return engine.matrix(self.network.values, self.network.at, number, rows)

    def _kept(self, rows: int, encoded: bool, has_begun: bool) -> list[np.ndarray]:
        """What is kept of the encoder (``encoded``) or of the decoder, as arrays whose first axis is the rows.

        ``has_begun``: whether the decoder has run, so that there are states, keys and values of earlier steps.
        """
        at, found = self.network.at, []
        if encoded:
            found = [self._values(number, rows) for number in self.encoded]
        elif has_begun:
            found = [self._values(number + 1, rows) for number in self.recurrent]
        for number, stage in enumerate(self.stages):
            work = self.network.work[at.work_start[number] : at.work_stop[number]]
            if encoded and not self.decodes[number] and stage.makes_mask():
                found.append(work[: rows * self.length].reshape(rows, self.length))
            reads_encoder = isinstance(stage, MultiHeadCrossAttention)
            if has_begun and encoded == reads_encoder and isinstance(stage, MultiHeadCrossAttention | CachedAttention):
                found += stage.cache(rows, work)
        return found

    def _continue(self, parents: np.ndarray) -> None:
        """Make what is kept for row n that of row ``parents``[n]."""
        before, texts, has_begun = len(self.texts), self.texts[parents], self.done > 0
        moved = [not np.array_equal(parents, np.arange(before)), not np.array_equal(texts, self.texts)]
        for encoded in (False, True):
            if moved[encoded]:
                old = [array[parents] for array in self.kept(before, encoded, has_begun)]
                for array, rows in zip(self.kept(len(parents), encoded, has_begun), old, strict=True):
                    array[...] = rows
        self.texts = texts

    def read(self, sources: np.ndarray) -> None:
        """Run the encoder for sources (n, source length)."""
        self.network.at.inputs[:, : engine.DX] = engine.inputs_of(self.stages)
        self.texts, self.done = np.arange(len(sources)), 0
        self._values(0, len(sources))[:, : self.length] = sources
        self._run(decoder=False)

    def write(self, tokens: np.ndarray, parents: np.ndarray) -> np.ndarray:
        """Logits (n, target tokens) of the token after ``tokens``, (n,), each of which continues the row of its parent.

        A parent is the number of a row of the call before, in the first call that of a source.
        """
        self._continue(parents)
        self._values(0, len(tokens))[:, self.length] = tokens
        self._run(decoder=True)
        self.network.at.inputs[self.recurrent, engine.SECOND] = np.array(self.recurrent, np.int64) + 1
        self.done += 1
        return self._values(len(self.stages), len(tokens))


WRITERS: WeakKeyDictionary[Program, Writer] = WeakKeyDictionary()  # of each network one, unless it is in use


@contextmanager
def writer_of(program: Program, rows: int, most: int) -> Iterator[Writer]:
    """Lend a `Writer` of these arguments, or of more rows, that is kept for the next call."""
    kept = WRITERS.pop(program, None)
    writer = kept if kept is not None and kept.rows >= rows and kept.most == most else Writer(program, rows, most)
    yield writer
    WRITERS[program] = writer
