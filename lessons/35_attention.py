# %% [markdown]
# # 35 Attention as a soft look-up
# A dictionary that answers every question, and from which gradient descent can learn where to look.
#
# 30 minutes · needs 33

# %% [markdown]
# ## Question
# A decoder that gets only the last state of an encoder (lesson 33) has a whole sentence in a few numbers. *Attention*
# lets it look up the states of all words instead. How can a network learn by
# [gradient](README.md#networks-and-training) descent where to look? A dictionary compares a *query* with its *keys*,
# and returns the *value* of the equal one. A *hard* look-up takes any query: it returns the value of the most similar
# key. A *soft* look-up returns a mean of all values, in which similar keys have larger weights.

# %% [markdown]
# ## Predict 1
# The keys of cat, dog and car are (1, 0), (0, 1) and (-1, 0), their values 10, 20 and 60. The query moves from
# (0.51, 0.49) to (0.49, 0.51). By how much does the hard look-up change, by how much the soft one? And what does the
# soft one become if all scores are multiplied by 1000?

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.sequences import attention

keys, values = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]), np.array([[10.0], [20.0], [60.0]])


def look_up(query, scale=1.0, keep=(1, 1, 1)):
    """The weights of the three words, and the weighted mean of their values."""
    weights, mean = np.empty((1, 3)), np.empty((1, 1))
    attention.dot_product_attention(np.array([query]), keys, values, scale, np.array(keep, float), 0, weights, mean)
    return weights[0], mean[0, 0]


for query in ([0.51, 0.49], [0.49, 0.51]):
    hard = values[(keys @ query).argmax(), 0]
    print(f"query {query}: hard {hard:.0f}, soft {look_up(query)[1]:.2f}, times 1000 {look_up(query, 1000.0)[1]:.2f}")
for keep in ((1, 1, 1), (1, 1, 0)):
    weights, mean = look_up([2.0, 0.0], keep=keep)
    print(f"query (2, 0), mask {keep}: weights {' '.join(f'{weight:.3f}' for weight in weights)}, mean {mean:.2f}")
# -> query [0.51, 0.49]: hard 10, soft 21.89, times 1000 10.00
# -> query [0.49, 0.51]: hard 20, soft 22.09, times 1000 20.00
# -> query (2, 0), mask (1, 1, 1): weights 0.867 0.117 0.016, mean 11.97
# -> query (2, 0), mask (1, 1, 0): weights 0.881 0.119 0.000, mean 11.19

# %% [markdown]
# ## Answer 1
# The hard look-up jumps from 10 to 20, and does not change at all on either side: its gradient is 0 wherever it has
# one. The soft look-up changes by 0.20. With large scores the soft one becomes the hard one. The three steps, by hand:
#
#     scores    q·k      2·1 + 0·0 = 2    2·0 + 0·1 = 0    2·(-1) + 0·0 = -2
#     exp                7.389            1                0.135               sum 8.524
#     weights            0.867            0.117            0.016               mean 11.97
#
# With the rows of Q, K and V as queries, keys and values, this is *attention*: `softmax(QKᵀ/√d)·V`. It is one line,
# and in the package's formulas, with a scale b = 1/√d for d features, and a mask m that is 0 for padding. The mask acts
# before the division: without "car" the weights of the others still sum to 1.
# - [dot_scores] sᵢⱼ = c · Σₑ[qᵢₑ · kⱼₑ]
# - [masked_softmax] aᵢⱼ = mⱼ if c = 0 else mⱼ if j <= i else 0 ; uᵢⱼ = aᵢⱼ · exp(sᵢⱼ) ;
#   pᵢⱼ = uᵢⱼ / Σₖ[uᵢₖ] if Σₖ[aᵢₖ] > 0 else 0
# - [dot_product_attention] aᵢⱼ = mⱼ if c = 0 else mⱼ if j <= i else 0 ; uᵢⱼ = aᵢⱼ · exp(b · Σₑ[qᵢₑ · kⱼₑ]) ;
#   pᵢⱼ = uᵢⱼ / Σₗ[uᵢₗ] if Σₗ[aᵢₗ] > 0 else 0 ; yᵢₒ = Σⱼ[pᵢⱼ · vⱼₒ]

# %% [markdown]
# ## Predict 2
# Queries and keys are random numbers with variance 1. Why divide by √d? What becomes of the largest weight and of the
# gradient that gets through softmax with 256 features, without the division?

# %%
for features in (16, 256):
    rng = np.random.default_rng(0)
    queries, ten_keys = rng.normal(size=(2000, features)), rng.normal(size=(10, features))
    for name, scale in (("as they are", 1.0), ("divided by √d", features**-0.5)):
        scores, weights, through = (np.empty((2000, 10)) for _ in range(3))
        attention.dot_scores(queries, ten_keys, scale, scores)
        attention.masked_softmax(scores, np.ones(10), 0, weights)
        attention.masked_softmax_grad(weights, np.eye(10)[weights.argmax(axis=1)], through)
        print(f"{features:3} features, {name:13}: variance {scores.var():6.2f}, largest weight "
              f"{weights.max(axis=1).mean():.2f}, median gradient {np.median(through.max(axis=1)):.4f}")
tanhs, score = np.empty((1, 1, 2)), np.empty((1, 1))
attention.additive_scores(np.array([[1.0, 0.0]]), np.array([[0.0, -1.0]]), np.array([1.0, 2.0]), tanhs, score)
print(f"additive score: {score[0, 0]:.3f}")
# ->  16 features, as they are  : variance  17.48, largest weight 0.74, median gradient 0.1751
# ->  16 features, divided by √d: variance   1.09, largest weight 0.33, median gradient 0.2103
# -> 256 features, as they are  : variance 252.59, largest weight 0.93, median gradient 0.0016
# -> 256 features, divided by √d: variance   0.99, largest weight 0.32, median gradient 0.2075
# -> additive score: -0.762

# %% [markdown]
# ## Answer 2
# A dot product is a sum of d products of variance 1, so its variance is d. Large scores *saturate* softmax: one weight
# is nearly 1, and the gradient p·(1 - p) nearly 0. With 256 features and no division the median gradient is less than
# a tenth of what it is with it (in 20 of 20 draws [35a]).
#
# The older way to compare (Bahdanau and others, 2015) is a small network. Its size is at most Σₑ|wₑ|; in the last line
# w is (1, 2), the query (1, 0) and the key (0, -1), so that the score is tanh(1) + 2·tanh(-1):
# - [additive_scores] tᵢⱼₑ = tanh(qᵢₑ + kⱼₑ) ; sᵢⱼ = Σₑ[wₑ · tᵢⱼₑ]

# %% [markdown]
# ## Predict 3
# A translator of 2,000 pairs of numbers, English and Spanish; its decoder looks up the encoder's states by dot scores.
# The pairs do not say which words belong together. Where does it look when it writes "tres"? And is the word with the
# largest weight also the one whose replacement changes the probability of the written word most?

# %%
pairs = st.datasets.number_words(2300)
vocabularies = [st.text.Vocabulary([pair[side] for pair in pairs]) for side in (0, 1)]
model = st.Seq2Seq(*vocabularies, attention="dot", embedding=16, units=32, dtype="float64")
model.compile(st.Adam(0.01, global_clipnorm=1.0))
model.fit(pairs[:2000], 8, 32, verbose=0)
print(f"translated without a mistake: {model.evaluate(pairs[2000:])['exact_match']:.2f} of the held-out pairs")


def influence(model, text, rng):
    """Attention weights; and how far the log-probability of each word written falls when one that was read changes."""
    source, target, weights = model.attention(text)
    read, written = ([names.tokens.index(token) for token in tokens]
                     for names, tokens in ((vocabularies[0], source), (vocabularies[1], target)))
    rows = np.tile(read, (1 + 8 * len(read), 1))  # the text itself, then eight times another word at each step
    for j in range(len(read)):
        rows[1 + 8 * j : 9 + 8 * j, j] = rng.choice(np.arange(4, len(vocabularies[0])), 8, replace=False)
    rows = st.text.pad_sequences(list(rows), model.source_length, "float64", "post")
    log_p = [model.log_probabilities(rows, np.tile([vocabularies[1].start, *written[:i]], (len(rows), 1)))[:, token]
             for i, token in enumerate(written)]
    return weights, np.array([each[0] - each[1:].reshape(-1, 8).mean(axis=1) for each in log_p])


rng, agree = np.random.default_rng(0), []
for text, _ in pairs[2000:2040]:
    weights, falls = influence(model, text, rng)
    agree += list(weights.argmax(axis=1) == falls.argmax(axis=1))
print(f"largest weight at the word of the largest influence: {np.mean(agree):.1f} of the written words")
fig, ax = plt.subplots(num="35-alignment", figsize=(6, 5), layout="constrained")
st.insight.plot_attention(model.attention("fifty-three thousand five hundred and sixty-one"), ax)
# ~> translated without a mistake: 1.00 of the held-out pairs
# ~> largest weight at the word of the largest influence: 0.6 of the written words

# %% [markdown]
# ## Answer 3
# In the picture, each row is a word that was written, and its weights sum to 1. "cincuenta" looks at "fifty", "tres" at
# "three", and "quinientos" at "hundred": gradient descent has found where to look, from pairs of whole sentences.
#
# But a weight is a hint and no reason. The word with the largest weight is the one with the largest influence for fewer
# than four fifths of the written words (in 10 of 10 draws [35b]). A weight says which *state* was read. The state at
# "hundred" has read "five" before, so that "quinientos" needs no look at "five".

# %% [markdown]
# ## Exercise
# Write scaled dot-product attention with a mask. `queries` is (i, d), `keys` (j, d), `values` (j, o), and `keep` (j,)
# is 1 for a key that counts and 0 for padding; at least one is 1. Return the weighted means, (i, o). Scores may be
# large, 1000 or -1000, whether their key counts or not: exp must not overflow, and no sum may become 0.
#
# Check it with `python -m lessons check 35`.


# %%
def attend(queries, keys, values, keep):
    raise NotImplementedError
