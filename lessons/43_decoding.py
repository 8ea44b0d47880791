# %% [markdown]
# # 43 Decoding with a language model
# How probabilities in frames become a text: watch a beam of prefixes, and what a language model adds to it.
#
# 30 minutes · needs 42

# %% [markdown]
# ## Question
# A network trained by CTC (lesson 42) gives a probability to each letter and to the blank in each frame. The best text
# still has to be found among far too many. And some letters are unclear to the network, which anyone who knows the
# language could guess. How does a decoder search, and how does the language take part?

# %% [markdown]
# ## Predict 1
# Two frames; in both the blank has the probability 0.6, and "a" has 0.4. Which path is the most probable one? Which
# text?

# %%
import itertools
import math

import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.sequences.speech import prefix_beam_search
from scratchtune.sequences.speech.decoding import collapse


def exhaustive(p, letters):
    """The probability of every text, by all paths, most probable first."""
    found = {}
    for path in itertools.product(range(len(letters) + 1), repeat=len(p)):
        text = "".join(letters[symbol - 1] for symbol in collapse(path))
        found[text] = found.get(text, 0.0) + math.prod(p[t, symbol] for t, symbol in enumerate(path))
    return dict(sorted(found.items(), key=lambda item: -item[1]))


two_frames = np.array([[0.6, 0.4], [0.6, 0.4]])  # blank, a
print("the best path spells", repr(st.speech.greedy_decode(np.log(two_frames), "a")), end="; texts: ")
print(", ".join(f"{text!r} {probability:.2f}" for text, probability in exhaustive(two_frames, "a").items()))
# -> the best path spells ''; texts: 'a' 0.64, '' 0.36

# %% [markdown]
# ## Answer 1
# The best path is two blanks, 0.6 · 0.6 = 0.36, and spells nothing. But three paths spell "a": "-a", "a-" and "aa".
# *Greedy decoding* takes the best path in each frame, and misses the best text.

# %% [markdown]
# ## Predict 2
# So sum over paths, but keep the best few *prefixes* only, beginnings of texts: a *beam*. After frame 1 below, the
# paths that spell "a" have the sum 0.670. In frame 2, "a" has the probability 0.5. How probable is "aa" then: half of
# 0.670?

# %%
frames = np.array([[0.10, 0.80, 0.10], [0.50, 0.30, 0.20], [0.20, 0.50, 0.30], [0.45, 0.15, 0.40]])  # blank, a, b
beams = [prefix_beam_search(np.log(frames[:t]), "ab", beam_width=3) for t in range(1, 5)]
for t, beam in enumerate(beams):
    print(f"frame {t}:", ", ".join(f"{each.text or 'nothing'} {math.exp(each.acoustic):.3f}" for each in beam))
best = next(iter(exhaustive(frames, "ab").items()))
print(f"all paths: {best[0]} {best[1]:.3f}; greedy: {st.speech.greedy_decode(np.log(frames), 'ab')}")
# -> frame 0: a 0.800, nothing 0.100, b 0.100
# -> frame 1: a 0.670, ab 0.160, b 0.090
# -> frame 2: ab 0.281, a 0.269, aa 0.200
# -> frame 3: ab 0.334, a 0.141, aa 0.140
# -> all paths: ab 0.344; greedy: aa

# %%
rows = ["", "a", "aa", "aab", "ab", "aba", "abb", "b", "ba", "bb"]
fig, ax = plt.subplots(num="43-beam", figsize=(9, 5), layout="constrained")
alive = {""}
for t, beam in enumerate(beams, 1):
    kept = {each.text: math.exp(each.acoustic) for each in beam}
    for before in alive:
        for text in {before, before + "a", before + "b"} & set(rows):
            ax.plot([t - 1, t], [rows.index(before), rows.index(text)], zorder=1, lw=2 if text in kept else 1,
                    color="C0" if text in kept else "0.85")
    for text, probability in kept.items():
        ax.scatter(t, rows.index(text), s=60 + 900 * probability, color="C0", zorder=2)
        ax.annotate(f"{probability:.3f}", (t, rows.index(text)), (12, 6), textcoords="offset points")
    alive = set(kept)
ax.scatter(0, rows.index(""), s=900, color="C0")
ax.set(xlim=(-0.3, 4.5), ylim=(len(rows) - 0.4, -0.6), ylabel="prefix", title="A beam of three: kept (blue), discarded")
ax.grid(False)
ax.set_xticks(range(5), ["start", *(f"frame {t}" for t in range(4))])
ax.set_yticks(range(len(rows)), [text or "nothing" for text in rows])

# %% [markdown]
# ## Answer 2
# 0.200. Of the 0.670, paths with 0.40 end in a blank, and paths with 0.27 end in "a". Only after a blank is another "a"
# a new letter, 0.40 · 0.5; after an "a" it is merged. So each prefix needs *two sums*, b for paths that end in a blank
# and l for those that end in its last letter. In the next frame z, e and p are the log-probabilities of the blank, the
# last letter y, and each letter; the prefix stays (u, v), or gets one letter more (x):
# - [prefix_kept] uᵢ = log(exp(bᵢ) + exp(lᵢ)) + z ; vᵢ = lᵢ + eᵢ
# - [prefix_extended] xᵢₖ = pₖ + (bᵢ if k = yᵢ else log(exp(bᵢ) + exp(lᵢ)))
#
# The beam finds "ab" here, with a little less than 0.344, as some of its paths were discarded. On random frames a beam
# of 8 finds the best text more often than one of 4, that more often than one of 2, and yet each wider beam also misses
# some texts that the narrower one found (in 20 of 20 draws [43a]): a prefix that only the wider one keeps can displace
# the right one later.

# %% [markdown]
# ## How usual a text is
# A language model of letters gives each letter a probability, given the n − 1 before it. It counts (c), and takes a
# discount d from each count, which it shares out in proportion to the order below (q), so that nothing is impossible:
# - [kneser_ney] pᵢ = max(cᵢ − d, 0) / n + d · t / n · qᵢ
# - [perplexity] y = exp(−l / n)
#
# Order 2, d = 0.75, the texts "no", "no", "so": "o" followed "n" twice, so p(o | n) = (2 − 0.75)/2 + 0.75·1/2·0.4, and
# "s", which never did, has 0 + 0.75·1/2·0.2. *Perplexity* says among how many letters the model has to guess.

# %%
small = st.speech.NGram(order=2).fit(["no", "no", "so"])
print(f"p(o | n) {small.probability('n', 'o'):.3f}, p(s | n) {small.probability('n', 's'):.3f}, perplexity of 'no' "
      f"{small.perplexity(['no']):.2f}, of 'on' {small.perplexity(['on']):.2f}")
# -> p(o | n) 0.775, p(s | n) 0.075, perplexity of 'no' 1.46, of 'on' 11.01

# %% [markdown]
# ## Predict 3
# Now someone says "fine", with a weak "e". The language model knows "nine" (10 times), "five" (5 times) and "fine"
# (once). It adds its log-probability l with a *weight* w to what the network says (a); b is a bonus for each letter.
# What does the decoder write as the weight grows?
# - [fused_score] s = a + w · l + b · n

# %%
LETTERS = "efinv"
said_fine = np.array([[0.06, 0.02, 0.80, 0.02, 0.08, 0.02],  # blank, e, f, i, n, v
                      [0.05, 0.03, 0.02, 0.86, 0.02, 0.02],
                      [0.05, 0.02, 0.03, 0.05, 0.60, 0.25],
                      [0.57, 0.35, 0.02, 0.02, 0.02, 0.02]])
usual = st.speech.NGram(order=4).fit(["nine"] * 10 + ["five"] * 5 + ["fine"])
heard = exhaustive(said_fine, LETTERS)
for weight in (0.0, 0.3, 1.0, 3.0):
    text = st.speech.decode(np.log(said_fine), LETTERS, 200, usual, weight)
    print(f"weight {weight}: {text:4} network {math.log(heard[text]):.2f}, language model {usual.score(text):.2f}")
# -> weight 0.0: fin  network -1.41, language model -6.61
# -> weight 0.3: fine network -1.93, language model -3.09
# -> weight 1.0: five network -2.81, language model -1.47
# -> weight 3.0: nine network -4.24, language model -0.60

# %% [markdown]
# ## Answer 3
# "fin", then "fine", which was said, then "five", and at last "nine", although an "f" was heard clearly. A language
# model corrects what was heard badly, and "corrects" what was right but unusual. Its weight is a hyper-parameter, and
# tuning it needs no training. Each letter costs a factor below 1, so tune the bonus with it, or texts become short.

# %% [markdown]
# ## Exercise
# Write one frame of the search, in probabilities. `beam` is {prefix: (blank sum, letter sum)}, `frame` is
# {symbol: probability}, and "-" is the blank. Return the two sums of each prefix that can be reached in this frame, in
# the same form; none is discarded. (A prefix may be reached in two ways: "a" from "a", and from the empty prefix "".)
# Check it with `python -m lessons check 43`.


# %%
def next_beam(beam, frame):
    raise NotImplementedError
