# %% [markdown]
# # 38 How good is a translation
# Two scores, BLEU and chrF, by hand; and translations whose order they turn around.
#
# 25 minutes · needs 11

# %% [markdown]
# ## Question
# To tune a translator one needs a number that says how good its sentences are, without a reader. Both usual ones
# count pieces that a translation shares with one reference: BLEU runs of 1 to 4 words, chrF runs of 1 to 6 letters.
# Which faults do they see, and which do they not?

# %% [markdown]
# ## Predict 1
# The reference is "the cat sat on the mat". A translator writes "the the the the the the". What share of its words is
# in the reference? And what should the share be of the very short translation "the cat"?

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.sequences.text import scores

reference = "the cat sat on the mat"


def by_hand(hypothesis, most=4):
    """Matches and totals of n-grams of 1 to ``most`` words, and the brevity penalty."""
    there, written = reference.split(), hypothesis.split()
    matches, totals = [], []
    for n in range(1, most + 1):
        found, wanted = scores.ngrams(written, n), scores.ngrams(there, n)
        names = list(found)
        matches.append(int(scores.clipped_matches(np.array([found[each] for each in names], dtype=int),
                                                  np.array([wanted[each] for each in names], dtype=int))))
        totals.append(sum(found.values()))
    return np.array(matches), np.array(totals), scores.brevity_penalty(len(written), len(there))


for hypothesis in ("the the the the the the", "the cat", "the cat sat on a mat"):
    matches, totals, brevity = by_hand(hypothesis)
    print(f"{hypothesis:24}: matches {matches}, of {totals}, brevity penalty {brevity:.3f}")
p = scores.precisions(*by_hand("the cat sat on a mat")[:2])
print(f"precisions {p.round(3)}, BLEU {scores.bleu(p, 1.0):.1f}, by the package "
      f"{scores.bleu_score([reference], ['the cat sat on a mat']):.1f}")
# -> the the the the the the : matches [2 0 0 0], of [6 5 4 3], brevity penalty 1.000
# -> the cat                 : matches [2 1 0 0], of [2 1 0 0], brevity penalty 0.135
# -> the cat sat on a mat    : matches [5 3 2 1], of [6 5 4 3], brevity penalty 1.000
# -> precisions [0.833 0.6   0.5   0.333], BLEU 53.7, by the package 53.7

# %% [markdown]
# ## Answer 1
# All six words are in the reference, a share of 1 for nonsense. So matches are *clipped*: "the" counts at most as often
# as the reference has it, twice.
# - [clipped_matches] m = Σᵢ[min(hᵢ, rᵢ)]
# - [ngram_precision] pₙ = mₙ / tₙ
#
# "the cat" has a [precision](README.md#text) of 1, though most of the sentence is missing. BLEU has no recall; instead
# there is a penalty for what is shorter than the reference, here exp(1 - 6/2):
# - [brevity_penalty] b = 1 if c >= r else exp(1 − r / c)
# - [bleu] B = 100 · b · exp(meanₙ[log(pₙ)])
#
# One wrong word of six takes 46 points away, since it spoils every run of words that it is in. A precision of 0 would
# make BLEU 0; so a half of a match, a quarter, .. is counted instead:
# - [ngram_precision_exp] kₙ = Σᵢ[(1 if mᵢ = 0 else 0) · (1 if i <= n else 0)] ;
#   pₙ = mₙ / tₙ if mₙ > 0 else 1 / (2^kₙ · tₙ)

# %% [markdown]
# ## Predict 2
# Five translations of one sentence. In which order do BLEU and chrF put them? And in which would you?

# %%
reference = "the old man did not give the dog any water"
CASES = {"synonyms, correct": "the elderly man gave no water to the hound",
         "wrong meaning": "the old man did give the dog any water",
         "other order": "any water the dog the old man did not give",
         "wrong endings": "the olds man dids not gives the dogs any waters",
         "half of it": "the old man did not give"}
rows = []
for name, hypothesis in CASES.items():
    rows.append((scores.bleu_score([reference], [hypothesis]), scores.chrf_score([reference], [hypothesis])))
    print(f"{name:18}: BLEU {rows[-1][0]:5.1f}, chrF {rows[-1][1]:5.1f}")

fig, ax = plt.subplots(num="38-scores", figsize=(8, 4), layout="constrained")
for k, name in enumerate(("BLEU", "chrF")):
    ax.barh(np.arange(5) + 0.2 * (1 - 2 * k), [row[k] for row in rows], 0.36, label=name)
ax.set_yticks(range(5), CASES)
ax.invert_yaxis()
ax.set(xlabel="score", title="The best translation has the lowest scores")
ax.legend(loc="lower right")
# -> synonyms, correct : BLEU   6.0, chrF  27.2
# -> wrong meaning     : BLEU  66.9, chrF  83.2
# -> other order       : BLEU  63.9, chrF  82.9
# -> wrong endings     : BLEU   6.3, chrF  63.8
# -> half of it        : BLEU  51.3, chrF  59.4

# %% [markdown]
# ## Answer 2
# The only correct one is last by both. The one that says the opposite is first: a single "not" is missing. In another
# order nearly all runs remain, and neither score asks whether the sentence is one. The wrong endings separate the two:
# with letters, "olds" is nearly "old"; with words, it is as wrong as "xyz". chrF is an F score of mean precision and
# recall, in which recall counts β = 2 times as much:
# - [chrf] P = meanₙ[mₙ / hₙ] ; R = meanₙ[mₙ / rₙ] ; F = 100 · (1 + β²) · P · R / (β² · P + R) if P > 0 else 0
#
# Both compare with *one* reference, and many translations are right. So a score says little of one sentence.

# %% [markdown]
# ## Predict 3
# And of many? Take 300 Spanish verses as references, and damage them: exchange the two halves of each verse, or replace
# the last letter of every fifth word. The first confuses a reader, the second hardly does. And the scores?


# %%
def halves(words):
    return [*words[len(words) // 2 :], *words[: len(words) // 2]]


def endings(words):
    return [word[:-1] + "x" if i % 5 == 0 else word for i, word in enumerate(words)]


verses = [st.text.tokenize(spanish) for _, spanish in st.datasets.load_verses("test")][:300]
references = [" ".join(words) for words in verses]
for name, damage in (("nothing", list), ("halves exchanged", halves), ("wrong endings", endings)):
    damaged = [" ".join(damage(words)) for words in verses]
    each = np.mean([scores.bleu_score([right], [found]) for right, found in zip(references, damaged, strict=True)])
    print(f"{name:16}: BLEU {scores.bleu_score(references, damaged):5.1f} (mean of the verses {each:5.1f}), "
          f"chrF {scores.chrf_score(references, damaged):5.1f}")
# -> nothing         : BLEU 100.0 (mean of the verses 100.0), chrF 100.0
# -> halves exchanged: BLEU  83.9 (mean of the verses  81.8), chrF  94.0
# -> wrong endings   : BLEU  45.5 (mean of the verses  45.4), chrF  81.6

# %% [markdown]
# ## Answer 3
# BLEU is lower for the wrong endings than for the exchanged halves (in 20 of 20 draws [38a]), though a reader would say
# the reverse. chrF keeps more than BLEU of both (in 20 of 20 draws [38b]). And the BLEU of a corpus is not the mean of
# its sentences' BLEU: counts are summed before they are divided, since in a single verse a run of four is often never
# matched. Use one score, with the same words and the same program, to compare two versions of one translator on the
# same sentences; read twenty translations before you report a difference.

# %% [markdown]
# ## Exercise
# Write the clipped precision of a corpus. `references` and `hypotheses` are lists of texts, in pairs; words are
# separated by spaces. Return the share of the hypotheses' runs of `n` words that their own reference has too, each run
# counted at most as often as that reference has it. Sum over all pairs before you divide; without any run, return 0.
#
# Check it with `python -m lessons check 38`.


# %%
def clipped_precision(references, hypotheses, n):
    raise NotImplementedError
