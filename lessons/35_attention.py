# %% [markdown]
# # 23 Attention as a soft look-up
# From a dictionary to dot products and softmax; then a translator learns to align, and what its weights do not explain.
#
# Covers section 6.2 of the document.

# %% [markdown]
# ## Question
# The translator of this lesson is an *encoder-decoder*: one recurrent layer (lesson 22), the *encoder*, reads a
# sentence, and another, the *decoder*, writes its translation. If the decoder gets only the encoder's last state, then
# a few numbers must hold the whole sentence. With *attention* the decoder looks up, for each word that it writes, the
# encoder's states of all words.
#
# How can a network look something up, and learn by gradient descent where? And may we read its choice as a reason?

# %% [markdown]
# ## Formulas
# - [dot_scores] sᵢⱼ = c · Σₑ[qᵢₑ · kⱼₑ]
# - [additive_scores] tᵢⱼₑ = tanh(qᵢₑ + kⱼₑ) ; sᵢⱼ = Σₑ[wₑ · tᵢⱼₑ]
# - [masked_softmax] aᵢⱼ = mⱼ if c = 0 else mⱼ if j <= i else 0 ; uᵢⱼ = aᵢⱼ · exp(sᵢⱼ) ;
#   pᵢⱼ = uᵢⱼ / Σₖ[uᵢₖ] if Σₖ[aᵢₖ] > 0 else 0
# - [masked_softmax_grad] dᵢⱼ = pᵢⱼ · (gᵢⱼ − Σₖ[gᵢₖ · pᵢₖ])
# - [dot_product_attention] aᵢⱼ = mⱼ if c = 0 else mⱼ if j <= i else 0 ; uᵢⱼ = aᵢⱼ · exp(b · Σₑ[qᵢₑ · kⱼₑ]) ;
#   pᵢⱼ = uᵢⱼ / Σₗ[uᵢₗ] if Σₗ[aᵢₗ] > 0 else 0 ; yᵢₒ = Σⱼ[pᵢⱼ · vⱼₒ]
#
# The last one is all of it, in three steps. A *query* q is compared with each *key* k: their dot product is the
# *score*. Softmax turns the scores into *attention weights* p, which are positive and sum to 1. The result is the mean
# of the *values* v, with these weights. The *mask* m is 1 for a key that counts, and 0 for padding.

# %% [markdown]
# ## Predict
# 1. Three keys have the scores 2, 0 and 0. What are their weights? And with the third one masked?
# 2. Query and key are 64 random numbers each, with variance 1. How large is a score, about: 1, 8 or 64?
# 3. You exchange two words of a sentence. What becomes of the output of self-attention for the other words?
# 4. Two translators are equal, but one has no attention. How much worse is it on short sentences, and on long ones?
# 5. The decoder writes "mil" (thousand). Is its largest attention weight at "thousand"?

# %% [markdown]
# ## Code: from a dictionary to a soft look-up
# A dictionary compares a query with its keys. It returns the value of the equal one, and nothing if none is equal. The
# closest thing that takes any query is: return the value of the *most similar* key. That is a *hard* look-up. It has
# no use for gradient descent: if the query changes a little, the result does not change at all, or it jumps.
#
# A *soft* look-up returns a mean of all values, in which similar keys have larger weights. It changes smoothly. And the
# hard one is its limit: multiply the scores by a large number, and the largest one takes all the weight.

# %%
import sys
import time

import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.sequences.attention import (
    additive_scores,
    dot_product_attention,
    dot_scores,
    masked_softmax,
    masked_softmax_grad,
)

WORDS = ("cat", "dog", "car")
prices = {"cat": 10.0, "dog": 20.0, "car": 60.0}
print("a dictionary:", prices["dog"], prices.get("puppy"))

keys = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])  # of cat, dog and car
values = np.array([[10.0], [20.0], [60.0]])


def look_up(query, scale, keep=(1.0, 1.0, 1.0)):
    """The weights of the three words and the weighted mean of their values."""
    weights, out = np.empty((1, 3)), np.empty((1, 1))
    dot_product_attention(np.array([query]), keys, values, scale, np.array(keep), 0, weights, out)
    return weights[0], out[0, 0]


def hard_look_up(query):
    return values[(keys @ np.array(query)).argmax(), 0]


for query in ([0.51, 0.49], [0.49, 0.51]):
    soft = "  ".join(f"{look_up(query, scale)[1]:.2f}" for scale in (1.0, 10.0, 1000.0))
    print(f"query {query}: hard {hard_look_up(query):.0f}, soft with scores times 1, 10 and 1000: {soft}")
# -> a dictionary: 20.0 None
# -> query [0.51, 0.49]: hard 10, soft with scores times 1, 10 and 1000: 21.89  14.50  10.00
# -> query [0.49, 0.51]: hard 20, soft with scores times 1, 10 and 1000: 22.09  15.50  20.00

# %% [markdown]
# On paper, for the query (2, 0) and scale 1:
#
#     scores     2·1 + 0·0 = 2      2·0 + 0·1 = 0      2·(-1) + 0·0 = -2        cat, dog, car
#     exp        7.389              1                  0.135                    sum 8.524
#     weights    0.867              0.117              0.016
#     mean       0.867·10 + 0.117·20 + 0.016·60 = 11.97
#
# With the mask (1, 1, 0), "car" is left out before the division: 7.389 / 8.389 = 0.881 and 1 / 8.389 = 0.119.

# %%
for keep in ((1.0, 1.0, 1.0), (1.0, 1.0, 0.0)):
    weights, mean = look_up([2.0, 0.0], 1.0, keep)
    print(f"mask {keep}: weights {' '.join(f'{weight:.3f}' for weight in weights)}, mean {mean:.2f}")
# -> mask (1.0, 1.0, 1.0): weights 0.867 0.117 0.016, mean 11.97
# -> mask (1.0, 1.0, 0.0): weights 0.881 0.119 0.000, mean 11.19

# %% [markdown]
# ## Check: a soft look-up
# Predict 1: exp(2) = 7.389, and exp(0) = 1 twice, so 7.389 / 9.389 = 0.787 and twice 0.107. With the third one masked
# they are 0.881, 0.119 and exactly 0.
#
# And the soft look-up has a gradient. We move the query a little and see how the mean changes: it does, and the hard
# look-up does not.

# %%
weights, mean = look_up([2.0, 0.0], 1.0)
assert np.allclose(weights, [0.867, 0.117, 0.016], atol=1e-3) and abs(mean - 11.97) < 0.01
scores, weights = np.array([[2.0, 0.0, 0.0]]), np.empty((1, 3))
for keep, right in (([1.0, 1.0, 1.0], [0.787, 0.107, 0.107]), ([1.0, 1.0, 0.0], [0.881, 0.119, 0.0])):
    masked_softmax(scores, np.array(keep), 0, weights)
    assert np.allclose(weights[0], right, atol=1e-3) and (weights[0, 2] == 0.0) == (keep[2] == 0.0)
assert look_up([2.001, 0.0], 1.0)[1] < look_up([2.0, 0.0], 1.0)[1]
assert hard_look_up([2.001, 0.0]) == hard_look_up([2.0, 0.0]) == 10.0
for query in ([0.51, 0.49], [0.49, 0.51]):
    assert abs(look_up(query, 1000.0)[1] - hard_look_up(query)) < 1e-6

# %% [markdown]
# ## Code: why scores are divided by √e
# A dot product is a sum of e products. If the numbers are random with mean 0 and variance 1, so is each product, and
# the variance of the sum is e. So with more features the scores are larger, though the keys fit no better. And large
# scores *saturate* softmax: one weight is nearly 1, and the gradient that gets through, p · (1 − p) at most, is nearly
# 0. Divided by √e, the scores have variance 1 for every e.
#
# 2000 random queries, 10 random keys. The gradient is that of the largest weight with respect to its own score.

# %%
print(f"{'':10}{'not scaled':^34}{'divided by the root of e':^34}")
print(f"{'features':10}" + f"{'variance':>10}{'largest p':>12}{'gradient':>10}  " * 2)
saturation = {}
for features in (1, 16, 256):
    rng = np.random.default_rng(0)
    queries, ten_keys = rng.normal(size=(2000, features)), rng.normal(size=(10, features))
    line = f"{features:<10}"
    for scale in (1.0, features**-0.5):
        scores, weights, gradients = (np.empty((2000, 10)) for _ in range(3))
        dot_scores(queries, ten_keys, scale, scores)
        masked_softmax(scores, np.ones(10), 0, weights)
        masked_softmax_grad(weights, np.eye(10)[weights.argmax(axis=1)], gradients)
        numbers = scores.var(), weights.max(axis=1).mean(), np.median(gradients.max(axis=1))
        saturation[features, scale == 1.0] = numbers  # with one feature both are the same
        line += f"{numbers[0]:10.2f}{numbers[1]:12.3f}{numbers[2]:10.4f}  "
    print(line.rstrip())
# ->                       not scaled                 divided by the root of e
# -> features    variance   largest p  gradient    variance   largest p  gradient
# -> 1               0.99       0.202    0.1489        0.99       0.202    0.1489
# -> 16             17.48       0.742    0.1751        1.09       0.326    0.2103
# -> 256           252.59       0.930    0.0016        0.99       0.319    0.2075

# %% [markdown]
# ## Check: why scores are divided by √e
# Predict 2: about 8. The variance is 64, so the standard deviation is 8. With 256 features and no division, the median
# gradient is a hundredth of what it is with it. In `st.MultiHeadAttention` the scores are divided; `st.Attention` has
# Keras's default, not to.

# %%
for features in (16, 256):
    assert 0.8 * features < saturation[features, True][0] < 1.2 * features
    assert 0.8 < saturation[features, False][0] < 1.2
assert saturation[256, True][2] < 0.02 * saturation[256, False][2]

# %% [markdown]
# ## Code: additive scores
# Another way to compare is a small network: add query and key, take tanh, and weight the features ([additive_scores]).
# It came first (Bahdanau and others, 2015). With the weights w = (1, 2), a query (1, 0) and a key (0, −1):
#
#     tanh(1 + 0) = 0.762      tanh(0 - 1) = -0.762      score 1·0.762 + 2·(-0.762) = -0.762
#
# Its size cannot exceed Σ|wₑ|, so softmax cannot saturate unless w grows. But it has to compute a tanh for each query,
# key and feature, while all dot products together are one matrix product.

# %%
score, tanhs = np.empty((1, 1)), np.empty((1, 1, 2))
additive_scores(np.array([[1.0, 0.0]]), np.array([[0.0, -1.0]]), np.array([1.0, 2.0]), tanhs, score)
print(f"additive score {score[0, 0]:.3f}")
# -> additive score -0.762

# %% [markdown]
# ## Code: self-attention
# A sequence can look itself up: queries, keys and values are its own steps. That is *self-attention*, and the layers
# `st.Attention`, `st.AdditiveAttention` and `st.MultiHeadAttention` are of that kind. A *causal* mask lets each step
# see only itself and the steps before. What does the result know of the order?


# %%
def output_of(*layers):
    """What layers without training make of a sequence of 5 steps; the same weights each time."""
    model = st.Sequential([layer.fresh() for layer in layers], dtype="float64")
    model.build((None, 5, 8))
    return lambda sequence: model.predict(sequence[None])[0]


sequence = np.random.default_rng(3).normal(size=(5, 8))
exchanged = sequence[[0, 3, 2, 1, 4]]  # steps 1 and 3 have changed places
LOOK_UPS = {
    "self-attention": (st.MultiHeadAttention(2, 4),),
    "with positions": (st.SinusoidalPositions(), st.MultiHeadAttention(2, 4)),
    "causal": (st.MultiHeadAttention(2, 4, use_causal_mask=True),)}
moved = {}
for name, layers in LOOK_UPS.items():
    output = output_of(*layers)
    moved[name] = abs(output(exchanged) - output(sequence)).max(axis=1)
    print(f"{name:15} change of the output of steps 0, 2, 4:", *(f"{change:.3f}" for change in moved[name][[0, 2, 4]]))
out = output_of(st.Attention())(sequence)
weights, by_hand = np.empty((5, 5)), np.empty((5, 8))
dot_product_attention(sequence, sequence, sequence, 1.0, np.ones(5), 0, weights, by_hand)
# -> self-attention  change of the output of steps 0, 2, 4: 0.000 0.000 0.000
# -> with positions  change of the output of steps 0, 2, 4: 0.525 0.457 0.461
# -> causal          change of the output of steps 0, 2, 4: 0.000 0.750 0.000

# %% [markdown]
# ## Check: scores and self-attention
# Predict 3: nothing. A weighted mean does not depend on the order of what it is the mean of, so attention by itself
# takes a sentence for a bag of words. `st.SinusoidalPositions` adds to each step a vector that depends on its index;
# then the order counts. (In the translator below the recurrent layers see the order.) With a causal mask step 0 sees
# only itself, so it does not change either; step 2 does, as another word is before it.

# %%
assert abs(score[0, 0] + np.tanh(1.0)) < 1e-12
assert np.allclose(out, by_hand, atol=1e-12)
assert moved["self-attention"][[0, 2, 4]].max() < 1e-12 < 1e-3 < moved["with positions"][[0, 2, 4]].min()
assert moved["causal"][0] < 1e-12 and moved["causal"][2] > 1e-3

# %% [markdown]
# ## Code: a translator
# Numbers in English words, to be written in Spanish. Encoder and decoder are GRUs of 32 units. In training the decoder
# reads the correct translation up to each word and has to predict the next one, which is called *teacher forcing*; in
# use it reads what it has written itself. 2000 pairs to train on, 500 others to test on. An *exact match* is a
# translation without a mistake.
#
# One network looks up the encoder's states by dot scores, the other is the same without attention: it gets the last
# state and nothing else. Three seeds each.

# %%
pairs = st.datasets.number_words(2500)
train, held_out = pairs[:2000], pairs[2000:]
vocabularies = [st.text.Vocabulary([pair[side] for pair in pairs]) for side in (0, 1)]
EXAMPLE = "fifty-three thousand five hundred and sixty-one"
EPOCHS = (1, 3, 5, 10, 20)  # after which we test


def translator(attention, seed):
    model = st.Seq2Seq(*vocabularies, attention=attention, embedding=16, units=32, source_length=13, target_length=10,
                       dtype="float64", seed=seed)
    model.compile(st.Adam(0.01, global_clipnorm=1.0))
    model.build()
    return model


def correct(model):
    """Which of the held-out pairs are translated without a mistake, (500,)."""
    found = model.translate([source for source, _ in held_out])
    return np.array([text == target for text, (_, target) in zip(found, held_out, strict=True)])


models, hits, seconds, alignments = {}, {}, {"dot": 0.0, "none": 0.0}, {}
for attention in seconds:
    for seed in range(3):
        model, done = translator(attention, seed), 0
        if attention == "dot" and seed == 0:
            alignments[0] = model.attention(EXAMPLE)
        for epochs in EPOCHS if attention == "none" else EPOCHS[:4]:
            begun = time.process_time()
            model.fit(train, epochs - done, 32, verbose=0)
            seconds[attention] += (time.process_time() - begun) / 3
            done, hits[attention, seed, epochs] = epochs, correct(model)
            if attention == "dot" and seed == 0:
                alignments[epochs] = model.attention(EXAMPLE)
        models[attention, seed] = model
seconds = {"dot": seconds["dot"] / 10, "none": seconds["none"] / 20}  # of an epoch
print("exact match after".ljust(18) + "".join(f"{f'{n} epoch' + 's' * (n > 1):>19}" for n in EPOCHS[:4]))
for attention in seconds:
    shares = [[hits[attention, seed, epochs].mean() for seed in range(3)] for epochs in EPOCHS[:4]]
    line = "".join(f"{' '.join(f'{share:.3f}' for share in each):>19}" for each in shares)
    print(f"attention {attention!r:8}{line.rstrip()}")
last = " ".join(f"{hits['none', seed, 20].mean():.3f}" for seed in range(3))
print(f"without attention, after 20 epochs: {last}", file=sys.stderr)
print(f"seconds of an epoch: with attention {seconds['dot']:.2f}, without {seconds['none']:.2f}", file=sys.stderr)
# -> exact match after             1 epoch           3 epochs           5 epochs          10 epochs
# -> attention 'dot'     0.002 0.002 0.000  0.042 0.138 0.100  0.698 0.932 0.922  0.996 0.996 0.994
# -> attention 'none'    0.000 0.000 0.000  0.006 0.004 0.004  0.020 0.034 0.026  0.326 0.198 0.184

# %% [markdown]
# Two lines go to stderr, as they are your machine's own. One has the seconds: on a processor with AVX-512, an epoch
# with attention took 1.0 to 1.4 times as long as one without, in several runs. So at equal *time*, 10 epochs with
# attention are 10 to 14 without, and 20 are more. The other line is of a training in which rounding matters: without
# attention, after 20 epochs, the exact match was 0.890, 0.590 and 0.428 in one run; with a sum in another order, it was
# 0.890, 0.546 and 0.482. How does the gap depend on the length of the translation?

# %%
words = np.array([len(st.text.tokenize(target)) for _, target in held_out])
LENGTHS = {"2 or 3": (2, 3), "4 or 5": (4, 5), "6 or 7": (6, 7), "8 or 9": (8, 9)}
print(f"{'words of the translation':30}" + "".join(f"{name:>9}" for name in LENGTHS))
print(f"{'pairs':30}" + "".join(f"{np.isin(words, lengths).sum():9}" for lengths in LENGTHS.values()))
by_length = {}
for attention, epochs in (("dot", 10), ("none", 10), ("none", 20)):
    by_length[attention, epochs] = [
        np.mean([hits[attention, seed, epochs][np.isin(words, lengths)].mean() for seed in range(3)])
        for lengths in LENGTHS.values()]
    name = f"attention {attention!r}, {epochs} epochs"
    print(f"{name:30}" + "".join(f"{share:9.2f}" for share in by_length[attention, epochs]),
          file=sys.stderr if epochs == 20 else sys.stdout)
# -> words of the translation         2 or 3   4 or 5   6 or 7   8 or 9
# -> pairs                                57      154      184      105
# -> attention 'dot', 10 epochs         0.98     1.00     1.00     1.00
# -> attention 'none', 10 epochs        0.52     0.41     0.12     0.03

# %% [markdown]
# After 20 epochs without attention, on stderr, it was 0.87, 0.80, 0.57 and 0.41.

# %%
fig, (left, right) = plt.subplots(1, 2, num="23-gap", figsize=(11, 4.2), sharey=True, layout="constrained")
for i, attention in enumerate(("dot", "none")):
    curves = np.array([[hits[attention, seed, epochs].mean() for epochs in EPOCHS if (attention, seed, epochs) in hits]
                       for seed in range(3)])
    for curve in curves:
        left.plot(EPOCHS[: len(curve)], curve, "o-", color=f"C{i}", ms=4, lw=1.2)
    left.plot([], [], "o-", color=f"C{i}", label=f"attention {attention!r}, three seeds")
left.set(xlabel="epochs", ylabel="exact match, held-out pairs", title="The longer they train", ylim=(-0.03, 1.05))
left.set_xticks(EPOCHS)
left.legend(loc="lower right", fontsize=9)
for (attention, epochs), style in zip(by_length, ("C0o-", "C1o-", "C1o--"), strict=True):
    right.plot(list(LENGTHS), by_length[attention, epochs], style, label=f"attention {attention!r}, {epochs} epochs")
right.set(xlabel="words of the translation", title="The longer the sentence (mean of the seeds)")
right.legend(loc="upper right", bbox_to_anchor=(1.0, 0.92), fontsize=9, handlelength=3.5)


# %%
fig, axes = plt.subplots(1, 4, num="23-alignment", figsize=(15, 4.6), layout="constrained")
for ax, (epochs, found) in zip(axes, {epochs: alignments[epochs] for epochs in (0, 1, 3, 10)}.items(), strict=True):
    st.insight.plot_attention(found, ax).set_title(f"after {epochs} epoch{'s' * (epochs != 1)}", loc="left")
print(f"{'epochs':8}{'largest weight of a row, mean':32}translation")
for epochs, (_, target, weights) in alignments.items():
    print(f"{epochs:<8}{weights.max(axis=1).mean():<32.2f}{' '.join(target[:6])} ..",
          file=sys.stdout if epochs > 1 else sys.stderr)  # of a network that knows nothing, rounding decides
# -> epochs  largest weight of a row, mean   translation
# -> 3       0.36                            cincuenta y tres mil novecientos sesenta ..
# -> 5       0.64                            cincuenta y tres mil quinientos sesenta ..
# -> 10      0.73                            cincuenta y tres mil quinientos sesenta ..

# %% [markdown]
# ## Check: a translator
# Before training all weights are nearly equal. After an epoch the network writes Spanish number words, but the wrong
# ones, and its weights are spread. In a few more epochs, rows become sharp. "cincuenta" looks at "fifty", "tres" at
# "three", "quinientos" at "hundred" and "sesenta" at "sixty". The pairs do not say which words belong together.
#
# Predict 4: after 10 epochs, 0.99 against 0.2 to 0.3. There is a gap for short sentences too, and it grows with the
# length. After 20 epochs, which is more than the equal time, the network without attention gets most of the short ones
# right, but fewer than half of the longest. It is still improving. So attention is no new ability here, but a shorter
# path: the gradient from a Spanish word to its English one need not go through all steps between them (lesson 22).

# %%
for seed in range(3):
    assert hits["dot", seed, 10].mean() > 0.95 > hits["none", seed, 20].mean()
    assert hits["none", seed, 10].mean() < 0.5
assert by_length["dot", 10][-1] > 0.9 and by_length["none", 10][-1] < 0.1
assert by_length["none", 20][0] > 0.6 and by_length["none", 20][-1] < 0.6 * by_length["none", 20][0]
assert alignments[0][2].max() < 0.15
sharpness = {epochs: weights.max(axis=1).mean() for epochs, (_, _, weights) in alignments.items()}
assert sharpness[10] > sharpness[3] > sharpness[0] and sharpness[10] > 0.6
source, target, weights = alignments[10]
for spanish, english in (("cincuenta", "fifty"), ("tres", "three"), ("sesenta", "sixty")):
    assert source[weights[target.index(spanish)].argmax()] == english

# %% [markdown]
# ## Code: are the weights a reason?
# It is tempting to read such a picture as an explanation: it wrote "cincuenta" *because of* "fifty". Test it. Replace
# one word of the source by others, eight at random, and see how much the log-probability of each written word falls on
# average. Call that the *influence* of the one on the other. Is the word with the largest weight also the one with the
# largest influence? 40 sentences and each of the three networks with attention.


# %%
def influence(model, text, rng):
    """How far the log-probability of each word written falls when a word of the source is replaced; and attention."""
    source, target, weights = model.attention(text)
    read, written = ([names.tokens.index(token) for token in tokens]
                     for names, tokens in zip(vocabularies, (source, target), strict=True))
    rows = np.tile(read, (1 + 8 * len(read), 1))  # the text itself, then eight times with another word at each step
    for j in range(len(read)):
        rows[1 + 8 * j : 9 + 8 * j, j] = rng.choice(np.arange(4, len(vocabularies[0])), 8, replace=False)
    rows = st.text.pad_sequences(list(rows), model.source_length, "float64", "post")
    falls = np.empty(weights.shape)
    for i, token in enumerate(written):
        prefix = np.tile([vocabularies[1].start, *written[:i]], (len(rows), 1))
        log_p = model.log_probabilities(rows, prefix)[:, token]
        falls[i] = log_p[0] - log_p[1:].reshape(-1, 8).mean(axis=1)
    return source, target, weights, falls


agree, at_thousand, reads_thousand, shown = [], [], [], {}
for seed in range(3):
    rng, model = np.random.default_rng(seed), models["dot", seed]
    same, mil, caused = [], [], []
    for text in [EXAMPLE, *(source for source, _ in held_out[:40])]:
        source, target, weights, falls = influence(model, text, rng)
        shown.setdefault(seed, (source, target, weights, falls))
        same += list(weights.argmax(axis=1) == falls.argmax(axis=1))
        if "mil" in target and "thousand" in source:
            step, word = target.index("mil"), source.index("thousand")
            mil.append(weights[step].argmax() == word)
            caused.append(falls[step].argmax() == word)
    agree.append(np.mean(same))
    at_thousand.append(np.mean(mil))
    reads_thousand.append(np.mean(caused))
shares = {"largest weight at the word of the largest influence": agree,
          "'mil': largest weight at 'thousand'": at_thousand,
          "'mil': largest influence from 'thousand'": reads_thousand}
print(f"{'share, for each seed':52}" + "".join(f"  seed {seed}" for seed in range(3)))
for name, each in shares.items():
    print(f"{name:52}" + "".join(f"{share:8.2f}" for share in each),
          file=sys.stderr if each is at_thousand else sys.stdout)  # 0.22, 1.00, 0.12 on a processor with AVX-512
# -> share, for each seed                                  seed 0  seed 1  seed 2
# -> largest weight at the word of the largest influence     0.60    0.68    0.63
# -> 'mil': largest influence from 'thousand'                0.47    0.94    0.75

# %%
fig, axes = plt.subplots(2, 3, num="23-limit", figsize=(12, 8), layout="constrained")
for (above, below), (seed, (source, target, weights, falls)) in zip(axes.T, shown.items(), strict=True):
    st.insight.plot_attention((source, target, weights), above).set_title(f"weights, seed {seed}", loc="left")
    shares_of_row = np.maximum(falls, 0.0) / falls.max(axis=1, keepdims=True)
    st.insight.plot_attention((source, target, shares_of_row), below).set_title(
        f"influence, seed {seed} (1 is the row's largest)", loc="left")

# %% [markdown]
# ## Check: are the weights a reason?
# For about two thirds of the written words, yes. So the weights are a hint. But look at the rows of the picture.
#
# - "mil". Predict 5: it depends on the seed. The network of seed 1 has its largest weight at "thousand" in every
#   sentence, those of seeds 0 and 2 in fewer than one of three. All three translate 99 of 100 sentences correctly, or
#   more. So the same translation comes with different weights.
# - "quinientos". Seeds 0 and 1 have nearly all the weight at "hundred", one step after "five". But the state there is
#   not the word "hundred": the encoder has read "five" before, and the state holds both. For seed 1 the influence of
#   "five" is the largest.
# - The first "y" of seed 0. Its largest weight is at the second hyphen, that of "sixty-one", and its largest influence
#   is from the first one, that of "fifty-three".
#
# A weight says which *state* was read. It does not say which word made that state, nor what would happen without it.
# Jain and Wallace ("Attention is not explanation", 2019) found in classifiers of texts that weights agree poorly with
# measures of influence, and that quite different weights often lead to the same prediction. Wiegreffe and Pinter
# ("Attention is not not explanation", 2019) replied that it depends on what one calls an explanation, and proposed
# tests of when the weights mean something. Our influence is no last word either: a sentence in which a word has been
# replaced is often no number at all, and the network has never seen one like it.

# %%
assert all(0.5 < share < 0.8 for share in agree)
assert at_thousand[1] > 0.95 and max(at_thousand[0], at_thousand[2]) < 0.33
for seed in (0, 1):
    source, target, weights, falls = shown[seed]
    assert source[weights[target.index("quinientos")].argmax()] == "hundred"
assert source[falls[target.index("quinientos")].argmax()] == "five"  # of seed 1
source, target, weights, falls = shown[0]
first, second = (step for step, word in enumerate(source) if word == "-")
assert weights[target.index("y")].argmax() == second and falls[target.index("y")].argmax() == first

# %% [markdown]
# ## Break it
# Take the mask away. Three words are padded to the length of the longest sentence. We draw scores at random, and look
# at how much weight is left for the words. Two mistakes: no mask at all, so that padding has scores like any other key;
# and a mask that multiplies the weights *after* softmax, so that they no longer sum to 1.

# %%
print(f"{'weight of the three words':26}{'with the mask':>15}{'no mask':>10}{'mask after softmax':>20}")
left_over = {}
for length in (3, 5, 13, 50):
    scores = np.random.default_rng(0).normal(size=(1000, length))
    keep = (np.arange(length) < 3).astype(float)
    masked, unmasked = np.empty_like(scores), np.empty_like(scores)
    masked_softmax(scores, keep, 0, masked)
    masked_softmax(scores, np.ones(length), 0, unmasked)
    left_over[length] = masked[:, :3].sum(axis=1).mean(), unmasked[:, :3].sum(axis=1).mean()
    print(f"{f'padded to {length}':26}{left_over[length][0]:15.2f}{left_over[length][1]:10.2f}"
          f"{(unmasked * keep).sum(axis=1).mean():20.2f}")
# -> weight of the three words   with the mask   no mask  mask after softmax
# -> padded to 3                          1.00      1.00                1.00
# -> padded to 5                          1.00      0.60                0.60
# -> padded to 13                         1.00      0.23                0.23
# -> padded to 50                         1.00      0.06                0.06

# %% [markdown]
# Without the mask, a sentence of three words that is padded to 50 gets a mean that is almost all padding. What it gets
# depends on the other sentences of the batch, as the longest one decides on the padding. With a mask after softmax
# padding is out, but the mean shrinks to the same small share. The mask belongs before the division.

# %%
assert all(abs(share - 1.0) < 1e-12 for share, _ in left_over.values())
assert abs(left_over[3][1] - 1.0) < 1e-12 and left_over[50][1] < 0.1

# %% [markdown]
# ## Exercise
# Write scaled dot-product attention with a mask. `queries` is (i, e), `keys` (j, e), `values` (j, o), and `keep` (j,)
# is 1 for a key that counts and 0 for padding; at least one is 1. Divide the scores by √e. Return the weighted means,
# (i, o). Scores may be large, such as 1000, so subtract the largest score of each query before exp. Then run
# `python -m lessons check 23`.


# %%
def attend(queries, keys, values, keep):
    raise NotImplementedError


# %%
MISTAKES = {  # what a usual mistake gives for the first case below, where 1.5473 is right
    1.1423: "the scores are not divided by √e",
    1.9625: "the scores are divided by e, not by its root",
    1.0074: "divide by √e instead of multiplying",
    8.5722: "the mask is missing",
    0.0888: "the mask multiplies the weights after softmax, so they do not sum to 1",
    2.6971: "the mask multiplies the scores, but a score of 0 is not a weight of 0",
    1.8068: "softmax is over the keys, not over the queries",
    1.5000: "softmax is missing",
    1.0000: "this is a hard look-up",
}


def check(solution=None):
    """One number by hand that distinguishes the mistakes; large scores; then random numbers, against the package."""
    solution = solution or attend
    case = (np.array([[3.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]),
            np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0], [3.0, 0.0, 1.0, 0.0]]),
            np.array([[1.0], [4.0], [9.0]]), np.array([1.0, 1.0, 0.0]))
    found = np.asarray(solution(*case))
    assert found.shape == (2, 1), f"Two queries and values of one number: the result is (2, 1), not {found.shape}."
    hint = next((hint for wrong, hint in MISTAKES.items() if abs(found[0, 0] - wrong) < 2e-4), "see the formula")
    assert abs(found[0, 0] - 1.5473) < 2e-4, f"The first query gets 1.5473, not {found[0, 0]:.4f}: {hint}."
    with np.errstate(over="ignore", invalid="ignore"):
        large = np.asarray(solution(1000.0 * case[0], *case[1:]))
    assert np.isfinite(large).all(), "Scores of 1000 overflow: subtract the largest score of each query before exp."
    assert np.allclose(large, [[1.0], [4.0]]), f"With scores of 1000 it gives {large.ravel()}, not 1 and 4."
    rng = np.random.default_rng(2)
    q, k, v, keep = rng.normal(size=(4, 6)), rng.normal(size=(7, 6)), rng.normal(size=(7, 2)), np.ones(7)
    keep[[1, 5]] = 0.0
    weights, right = np.empty((4, 7)), np.empty((4, 2))
    dot_product_attention(q, k, v, 6**-0.5, keep, 0, weights, right)
    found = np.asarray(solution(q, k, v, keep))
    assert np.allclose(found, right), f"For four queries and seven keys the first result is {found[0]}, not {right[0]}."
