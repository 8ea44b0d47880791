# %% [markdown]
# # 07 Five metrics, and when each of them misleads
# Accuracy, precision, recall, F1 and AUC on a rare illness: what each does and does not measure; and calibration.
#
# Covers section 2.3 of the document.

# %% [markdown]
# ## Question
# A search (lesson 06) finds the configuration with the best score. So the score must measure what you need. The
# document names five (section 2.3). A model reaches 95 % accuracy: is it good? Another one has an AUC of 0.9: can you
# act on its probabilities? Each of the five numbers can be right and still mislead you. When?

# %% [markdown]
# ## Formulas
# - [accuracy] A = Σₙ[wₙ · (1 if yₙ = qₙ else 0)] / Σₙ[wₙ]
# - [confusion_matrix] Cᵢⱼ = Σₙ[wₙ · (1 if i = yₙ else 0) · (1 if j = qₙ else 0)]
# - [precision] Pₖ = TPₖ / (TPₖ + FPₖ) if TPₖ + FPₖ > 0 else z
# - [recall] Rₖ = TPₖ / (TPₖ + FNₖ) if TPₖ + FNₖ > 0 else z
# - [f_beta] Fₖ = (1 + β²) · TPₖ / ((1 + β²) · TPₖ + β² · FNₖ + FPₖ) if TPₖ + FNₖ + FPₖ > 0 else z
# - [auc] A = Σᵢⱼ[wᵢ · yᵢ · wⱼ · (1 − yⱼ) · (1 if sᵢ > sⱼ else 0.5 if sᵢ = sⱼ else 0)] / Σᵢⱼ[wᵢ · yᵢ · wⱼ · (1 − yⱼ)]
# - [log_loss] L = −Σₙ[wₙ · Σₖ[tₙₖ · log(pₙₖ)]] / Σₙ[wₙ]
#
# Here y is the truth and q the prediction; the weights w are all 1. Call the class that you look for *positive*. TP
# counts the positives that are found, FN those that are missed, FP the false alarms. *Precision* asks: of the alarms,
# how many are right? *Recall* asks: of the positives, how many are found? *F1* (β = 1) is their harmonic mean, which is
# near the smaller of the two. z is the value of a metric that is undefined; here it is 0.
#
# *AUC* needs no decision, only a score s. Take a positive and a negative row: how often has the positive one the
# higher score? (A tie counts half.) That share is also the area under the ROC curve, which you see below.
#
# *Log loss* is lesson 04's cross-entropy, averaged over the rows: t is 1 for the true class and 0 for the others, p is
# what the model gives each class. It is small if the true class gets a high probability.
#
# Probabilities are *calibrated* if they are true as shares: of the patients with a probability of about 0.3, about 30 %
# are ill.

# %% [markdown]
# ## Predict
# 1. One patient in 20 is ill. A "model" says *healthy* to everybody. What are its five metrics?
# 2. A real model raises the alarm above 0.5. You lower that threshold to 0.1. Which of the five go up, which go down,
#    and which stays?
# 3. You divide all probabilities by 10. Which changes: the AUC, the log loss, or both?
# 4. One of ten classes is rare, and a model never finds it. Do you see that in the accuracy?

# %% [markdown]
# ## Code: a rare illness
# We make the data: 8,000 patients, one in 20 is ill. Of six measurements three are a little higher in the ill ones.

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.metrics.ranking import pairs_in_order

rng = np.random.default_rng(0)
ill = (rng.random(8000) < 0.05).astype(int)
X = rng.normal(size=(8000, 6)) + 1.1 * ill[:, None] * np.array([1, 1, 1, 0, 0, 0])
X_train, X_test, y_train, y_test = st.train_test_split(X, ill, test_size=0.5, stratify=ill, random_state=0)

model = st.MLPClassifier(units=8, epochs=20, weight_decay=0.0, dtype="float64", random_state=0, verbose=0)
model.fit(X_train, y_train)
p = model.predict_proba(X_test)[:, 1]


def five(truth, probability, threshold=0.5):
    """The five metrics of an alarm at or above a threshold."""
    alarm = (probability >= threshold).astype(int)
    labelled = (st.metrics.precision_score, st.metrics.recall_score, st.metrics.f1_score)
    return np.array([
        st.metrics.accuracy_score(truth, alarm), *(metric(truth, alarm, zero_division=0) for metric in labelled),
        st.metrics.roc_auc_score(truth, probability)])


nobody, everybody = np.zeros(len(y_test)), np.ones(len(y_test))
print(f"{y_test.sum()} of {len(y_test)} are ill")
print(f"{'':24}accuracy  precision  recall     F1    AUC")
results = {
    "always healthy": five(y_test, nobody),
    "always ill": five(y_test, everybody),
    "network, from 0.5 on": five(y_test, p),
    "network, from 0.1 on": five(y_test, p, 0.1),
}
for name, scores in results.items():
    print(f"{name:22}" + "".join(f"{score:{width}.3f}" for score, width in zip(scores, (10, 11, 8, 7, 7), strict=True)))
# -> 200 of 4000 are ill
# ->                         accuracy  precision  recall     F1    AUC
# -> always healthy             0.950      0.000   0.000  0.000  0.500
# -> always ill                 0.050      0.050   1.000  0.095  0.500
# -> network, from 0.5 on       0.959      0.655   0.390  0.489  0.932
# -> network, from 0.1 on       0.895      0.299   0.810  0.437  0.932

# %% [markdown]
# ## Check: the rare illness
# Predict 1: saying *healthy* to everybody has an accuracy of 0.95, an AUC of 0.5, and 0 in the three others. It finds
# none of the ill. (It raises no alarm, so its precision is undefined, and z is used.) The trained network is hardly
# more *accurate* than this, though it finds 39 % of the ill. The other way round, *always ill* has a perfect recall,
# and an accuracy of 5 %. AUC gives both of them 0.5, chance, since they give every patient the same score.
#
# The *confusion matrix* has the counts behind the first four. Rows are true classes, columns predicted ones.

# %%
healthy, always = results["always healthy"], results["always ill"]
assert healthy[0] > 0.94 and healthy[2] == 0.0 and healthy[3] == 0.0 and healthy[4] == 0.5
assert always[2] == 1.0 and always[0] < 0.06 and np.isclose(always[1], y_test.mean())
assert 0.0 < results["network, from 0.5 on"][0] - healthy[0] < 0.02  # the accuracy hardly sees the network
for threshold in (0.5, 0.1):
    matrix = st.metrics.confusion_matrix(y_test, p >= threshold)
    print(f"from {threshold} on: true: healthy {matrix[0].tolist()}, true: ill {matrix[1].tolist()}")
    (_, false_alarms), (missed, found) = matrix
    assert np.isclose(five(y_test, p, threshold)[1], found / (found + false_alarms))
    assert np.isclose(five(y_test, p, threshold)[2], found / (found + missed))
# -> from 0.5 on: true: healthy [3759, 41], true: ill [122, 78]
# -> from 0.1 on: true: healthy [3420, 380], true: ill [38, 162]

# %% [markdown]
# ## Code: the threshold
# The network gives probabilities. Where the alarm begins is *your* choice, and 0.5 is just a habit. Each threshold is
# one point of the *ROC curve*: recall (up) against the share of the healthy who are alarmed (right).

# %%
thresholds = np.linspace(0.01, 0.9, 90)
table = np.array([five(y_test, p, threshold) for threshold in thresholds])
best_f1 = table[:, 3].argmax()
print(f"F1 from 0.5 on: {results['network, from 0.5 on'][3]:.3f}")
print(f"F1 is largest from {thresholds[best_f1]:.2f} on: {table[best_f1, 3]:.3f}")
print(f"AUC over all thresholds: from {table[:, 4].min():.3f} to {table[:, 4].max():.3f}")
# -> F1 from 0.5 on: 0.489
# -> F1 is largest from 0.36 on: 0.534
# -> AUC over all thresholds: from 0.932 to 0.932

# %%
fig, axes = plt.subplots(1, 2, num="07-threshold", figsize=(10.5, 4.4), layout="constrained", width_ratios=[1, 1.35])
alarmed, recalls, _ = st.metrics.roc_curve(y_test, p)
axes[0].plot(alarmed, recalls)
axes[0].fill_between(alarmed, recalls, alpha=0.12)
axes[0].plot([0, 1], [0, 1], "--", color="0.6", lw=1)
axes[0].text(0.6, 0.5, "chance", color="0.4", rotation=40)
axes[0].text(0.45, 0.15, f"area: AUC = {table[0, 4]:.3f}", fontsize=12)
for threshold in (0.5, 0.1):
    alarm = p >= threshold
    point = alarm[y_test == 0].mean(), alarm[y_test == 1].mean()
    axes[0].plot(*point, "o", color="C1", ms=8)
    axes[0].annotate(f"from {threshold} on", point, xytext=(12, -12), textcoords="offset points")
axes[0].set(xlabel="share of the healthy with an alarm", ylabel="recall: share of the ill with an alarm",
            title="ROC curve: all thresholds at once", aspect="equal")
for column, name, style in (
    (1, "precision", "-"), (2, "recall", "-"), (3, "F1", "-"), (4, "AUC", ":"), (0, "accuracy", "--"),
):
    axes[1].plot(thresholds, table[:, column], style, label=name)
axes[1].set(xlabel="threshold: alarm from this probability on", ylim=(0, 1.02), xlim=(0, 0.9))
axes[1].set_title("The five against the threshold")
axes[1].legend(loc="lower center", ncols=2)

# %% [markdown]
# ## Check: the threshold
# Predict 2: from 0.5 to 0.1 recall goes up (0.39 to 0.81). Precision (0.66 to 0.30), accuracy (0.96 to 0.90) and F1
# (0.49 to 0.44) go down. AUC stays. Recall can never fall when the threshold is lowered, since every alarm remains.
# Precision mostly falls when the threshold is lowered, but not at each step: its curve is jagged on the right of the
# picture, where few are alarmed. F1 is largest in between, here at 0.36. So on the way down F1 first rises, then falls.
#
# With one model, the threshold trades precision for recall. The two are equal where as many are alarmed as are ill:
# there both divide TP by the same number, so F1 is the same, too.
#
# AUC is the same for all thresholds, as no threshold enters it. So it compares how well two models order the rows, and
# says nothing about where to put the threshold.

# %%
assert (np.diff(table[:, 2]) <= 0).all()  # recall only falls as the threshold rises
high, low = results["network, from 0.5 on"], results["network, from 0.1 on"]
assert low[2] > high[2] + 0.3 and low[1] < high[1] - 0.2 and low[4] == high[4]
assert low[0] < high[0] and low[3] < high[3]
assert 0 < np.sum(np.diff(table[:, 1]) < 0) < 30 < np.sum(np.diff(table[:, 1]) > 0)  # it mostly rises, not always
as_many = five(y_test, p, np.sort(p)[-y_test.sum()])  # as many alarms as there are ill patients
assert np.isclose(as_many[1], as_many[2]) and np.isclose(as_many[1], as_many[3])
assert thresholds[best_f1] < 0.4 and table[best_f1, 3] > high[3]
one_by_one = [np.mean((score > p[y_test == 0]) + 0.5 * (score == p[y_test == 0])) for score in p[y_test == 1]]
assert np.isclose(np.mean(one_by_one), table[0, 4])  # the area is the share of pairs in the right order
assert np.isclose(st.metrics.auc(alarmed, recalls), table[0, 4])

# %% [markdown]
# ## Code: a good AUC with wrong probabilities
# Now let us change the probabilities, but keep their order: once we divide them by 10, and once we make them
# *overconfident*, pushed towards 0 and 1. Are the three calibrated? We sort the patients by probability into ten groups
# of 400, and compare in each the mean probability with the share that is ill.
#
# Then decide by cost: a missed patient costs 20, a false alarm 1. The alarm pays where p · 20 > (1 − p) · 1, from p =
# 1/21 on, *if the probabilities are calibrated*.

# %%
logit = np.log(p / (1.0 - p))
versions = {"as trained": p, "divided by 10": p / 10.0, "overconfident": 1.0 / (1.0 + np.exp(-4.0 * logit))}
groups = np.array_split(np.argsort(p), 10)
shares_ill = np.array([y_test[rows].mean() for rows in groups])  # the same for all three: they have one order


def cost_for_1000(probability, threshold=1.0 / 21.0):
    (_, false_alarms), (missed, _) = st.metrics.confusion_matrix(y_test, probability >= threshold)
    return 1000.0 * (20.0 * missed + false_alarms) / len(y_test)


print(f"{'':16}AUC  log loss  highest group: mean p, share ill  mean gap  cost of 1,000 patients")
judged, reliability = {}, {}
for name, probability in versions.items():
    reliability[name] = np.array([probability[rows].mean() for rows in groups])
    gap = abs(reliability[name] - shares_ill).mean()
    auc, loss = st.metrics.roc_auc_score(y_test, probability), st.metrics.log_loss(y_test, probability)
    judged[name] = auc, loss, cost_for_1000(probability), gap
    print(f"{name:14}{auc:.3f}  {loss:8.3f}  {reliability[name][-1]:21.2f}  {shares_ill[-1]:9.2f}  {gap:8.3f}  "
          f"{judged[name][2]:6.0f}")
print(f"always healthy costs {cost_for_1000(nobody):.0f}, always ill {cost_for_1000(everybody):.0f}")
# ->                 AUC  log loss  highest group: mean p, share ill  mean gap  cost of 1,000 patients
# -> as trained    0.932     0.114                   0.41       0.36     0.009     271
# -> divided by 10 0.932     0.188                   0.04       0.36     0.044     602
# -> overconfident 0.932     0.263                   0.32       0.36     0.018     490
# -> always healthy costs 1000, always ill 950

# %%
fig, axes = plt.subplots(1, 3, num="07-calibration", figsize=(13, 4.3), layout="constrained")
matrix = st.metrics.confusion_matrix(y_test, p >= 0.1)
axes[0].imshow(np.log10(matrix), cmap="Blues", vmin=1, vmax=4)
for (i, j), count in np.ndenumerate(matrix):
    axes[0].text(j, i, f"{count:,}", ha="center", va="center", fontsize=14, color="w" if count > 1000 else "k")
axes[0].set_xticks([0, 1], ["predicted: healthy", "predicted: ill"])
axes[0].set_yticks([0, 1], ["true:\nhealthy", "true:\nill"])
axes[0].set_title("Confusion matrix, alarm from 0.1 on")
axes[0].grid(False)
by_score = np.argsort(-p)
true_alarms = np.cumsum(y_test[by_score])
axes[1].plot(true_alarms / y_test.sum(), true_alarms / np.arange(1, len(p) + 1))
axes[1].axhline(y_test.mean(), color="0.6", lw=1, ls="--")
axes[1].text(0.3, y_test.mean() + 0.02, "alarms at random", color="0.4")
for threshold in (0.5, 0.1):
    _, precision, recall, *_ = five(y_test, p, threshold)
    axes[1].plot(recall, precision, "o", color="C1", ms=8)
    axes[1].annotate(f"from {threshold} on", (recall, precision), xytext=(8, 6), textcoords="offset points")
axes[1].set(xlabel="recall", ylabel="precision", ylim=(0, 1.02), title="Precision-recall curve")
axes[2].plot([0, 0.45], [0, 0.45], "--", color="0.6", lw=1)
for name, means in reliability.items():
    axes[2].plot(means, shares_ill, "o-", ms=5, label=name)
axes[2].set(xlabel="mean probability in a group", ylabel="share of the group that is ill")
axes[2].set_title("Reliability diagram (dashed: calibrated)")
axes[2].legend(loc="lower right")

# %% [markdown]
# ## Check: probabilities
# Predict 3: only the log loss changes. The AUC is the same in all three, as the order has not changed. The trained
# probabilities are nearly calibrated: the gap in a group is 0.009 on average. The two others are not. Their log loss is
# higher, and a decision that takes them as they are costs about twice as much. The log loss is smallest on average for
# the true probabilities (it is a *proper* score: Gneiting and Raftery, 2007), and it grows without limit as the
# probability of what is true goes to 0. That is why the overconfident version has the highest log loss, though its gap
# is smaller than that of the version divided by 10. So no single number describes calibration completely either.
#
# So use AUC to see whether a model can rank, log loss and a reliability diagram if you need its probabilities, and your
# own costs for decisions.

# %%
trained, low, sure = judged.values()
assert trained[0] == low[0] and abs(trained[0] - sure[0]) < 1e-12
assert trained[1] < low[1] < sure[1] and trained[3] < sure[3] < low[3] and trained[3] < 0.02
assert 1.5 * trained[2] < min(low[2], sure[2])
certain = (versions["overconfident"] < 1e-4) & (y_test == 1)  # they add the most to the log loss
assert -np.log(versions["overconfident"][certain]).sum() / len(y_test) > (sure[1] - low[1])

# %% [markdown]
# ## Code: many classes, one of them rare
# With ten digits each has a precision, a recall and an F1 of its own. Three ways to make them one number: *macro*
# counts each class alike, *weighted* counts each by its rows, *micro* adds up all TP, FP and FN first. We take most
# of the eights away, from the training rows and from the test rows.

# %%
images, digits = st.datasets.load_digits()
kept = (digits != 8) | (rng.random(len(digits)) < 0.2)
A_train, A_test, b_train, b_test = st.train_test_split(
    images[kept], digits[kept], test_size=0.5, stratify=digits[kept], random_state=0)
small = st.MLPClassifier(units=16, epochs=4, weight_decay=0.0, dtype="float64", random_state=0, verbose=0)
small.fit(A_train, b_train)
answers = small.predict(A_test)
each = st.metrics.f1_score(b_test, answers, average=None, zero_division=0)
print(f"accuracy {st.metrics.accuracy_score(b_test, answers):.3f}; {np.sum(b_test == 8)} eights of {len(b_test)} rows, "
      f"their recall is {st.metrics.recall_score(b_test == 8, answers == 8):.2f}")
means = {name: st.metrics.f1_score(b_test, answers, average=name, zero_division=0)
         for name in ("macro", "weighted", "micro")}
for name, value in means.items():
    print(f"F1 {name:9} {value:.3f}")
# -> accuracy 0.897; 16 eights of 828 rows, their recall is 0.00
# -> F1 macro     0.816
# -> F1 weighted  0.889
# -> F1 micro     0.897

# %% [markdown]
# ## Check: many classes
# Predict 4: no. The model misses all eights, but these are 16 of 828 rows, so they lower the accuracy by at most 2
# points. Micro F1 *is* the accuracy wherever each row has one label, as each mistake is one FP and one FN. In weighted
# F1 the eights count as little. In macro F1 they are one class of ten, and it is the lowest of the three. Which is
# right depends on what you need: does a class count, or does a row count?

# %%
assert np.isclose(means["micro"], st.metrics.accuracy_score(b_test, answers))
assert np.isclose(means["macro"], each.mean())
assert np.isclose(means["weighted"], each @ np.bincount(b_test) / len(b_test))
assert each.argmin() == 8 and each[8] < 0.5
assert means["macro"] < means["weighted"] - 0.03

# %% [markdown]
# When each of them misleads, in short:
#
# - *Accuracy*: when one class is common. Compare it with the accuracy of always saying the most common class.
# - *Precision* does not count what is missed. Here a single alarm, for the highest probability, has precision 1.
# - *Recall* does not count false alarms. Alarm everybody, and it is 1.
# - *F1* does not count true negatives. So it depends on which class you call positive: call *healthy* positive, and
#   always saying *healthy* has an F1 of 0.97, as you see below.
# - *AUC* depends on the order alone, not on the size of the probabilities, and on no threshold.

# %%
surest = (p >= np.sort(p)[-1]).astype(int)
precise, found = st.metrics.precision_score(y_test, surest), st.metrics.recall_score(y_test, surest)
print(f"one alarm: precision {precise:.2f}, recall {found:.3f}")
well = st.metrics.f1_score(1 - y_test, everybody.astype(int))  # the healthy are the positive class now
print(f"always healthy: F1 of the ill {healthy[3]:.2f}, F1 of the healthy {well:.2f}")
assert precise == 1.0 and found < 0.01 and well > 0.97
# -> one alarm: precision 1.00, recall 0.005
# -> always healthy: F1 of the ill 0.00, F1 of the healthy 0.97

# %% [markdown]
# ## Break it
# Two details of the formulas look unimportant. In [auc], a tie counts 0.5. And F1 is a *harmonic* mean of precision P
# and recall R: 2 · P · R / (P + R), where (P + R) / 2 would be simpler. Take them away:


# %%
def auc_without_ties(positive, score):
    up, down = score[positive == 1], score[positive == 0]
    return (up[:, None] > down).mean()


rounded = np.round(p, 1)
for name, score in (("always healthy", nobody), ("p", p), ("p, rounded to 0.1", rounded)):
    right = pairs_in_order(y_test, score, np.ones(len(score)))
    print(f"{name:18} AUC {right:.3f}, and {auc_without_ties(y_test, score):.3f} if a tie counts nothing")
print(f"always ill: F1 {always[3]:.3f}, and {(always[1] + always[2]) / 2:.3f} as a plain mean")
# -> always healthy     AUC 0.500, and 0.000 if a tie counts nothing
# -> p                  AUC 0.932, and 0.932 if a tie counts nothing
# -> p, rounded to 0.1  AUC 0.905, and 0.848 if a tie counts nothing
# -> always ill: F1 0.095, and 0.525 as a plain mean

# %% [markdown]
# Without the 0.5 a model that gives everybody the same score gets 0, the AUC of a perfectly reversed order. Rounding
# lowers the AUC of the network by 0.08 instead of 0.03. With the plain mean, alarming everybody gets 0.53, more than
# the network's F1. The harmonic mean is small as soon as one of the two is.

# %%
assert auc_without_ties(y_test, nobody) == 0.0 and pairs_in_order(y_test, nobody, np.ones(len(nobody))) == 0.5
assert auc_without_ties(y_test, rounded) < pairs_in_order(y_test, rounded, np.ones(len(p))) - 0.04
assert always[3] < 0.11 and (always[1] + always[2]) / 2 > 0.5

# %% [markdown]
# ## Exercise
# Choose the threshold by cost, from data, without assuming that the scores are calibrated. Write a function that takes
# the truth (0 or 1), the scores, and the two costs: of a miss (ill, no alarm) and of a false alarm (healthy, alarm). It
# returns the threshold, one of the scores or infinity, for which *alarm where score >= threshold* costs least. Infinity
# means: no alarm at all.
#
# Then run `python -m lessons check 7`. Try it on the probabilities divided by 10 above: with the right threshold their
# cost is that of the others.


# %%
def cheapest_threshold(truth, score, cost_of_a_miss, cost_of_an_alarm):
    raise NotImplementedError


# %%
MISTAKES = {  # the answer of a usual mistake in the case below, where 0.15 is right
    2.0 / 7.0: "alarm / (alarm + miss) is the threshold for calibrated probabilities; do not assume it: try each score",
    0.35: "The first score above alarm / (alarm + miss) is right for calibrated probabilities only; try each score",
    0.5: "The cost of an alarm is charged for all alarms; the alarm of an ill patient costs nothing",
    0.85: "The two costs are exchanged: a miss is an ill patient without an alarm",
    0.05: "The alarm is raised where score > threshold; here it is also raised where they are equal",
    np.inf: "This is the highest cost; look for the lowest",
}


def check(solution=None):
    """By hand, without any alarm that pays, and then on three versions of the same scores."""
    solution = solution or cheapest_threshold
    truth = np.array([0, 1, 0, 0, 1, 0, 1, 1])
    score = np.array([0.05, 0.15, 0.25, 0.35, 0.5, 0.7, 0.85, 0.9])
    found = solution(truth, score, 5.0, 2.0)
    named = [text for wrong, text in MISTAKES.items() if np.isclose(found, wrong)]
    assert not named, f"{named[0]}. (It gives {found:.3g} in a case where 0.15 is right.)"
    assert found in score, f"{found} is none of the scores; return one of them, or infinity"
    assert found == 0.15, f"A miss costs 5, a false alarm 2: it gives {found}; it should be 0.15"
    found = solution(np.array([1, 0, 0]), np.array([0.2, 0.2, 0.3]), 1.0, 1.0)
    assert np.isinf(found), f"Where no alarm pays it gives {found}; allow infinity as well, which means no alarm at all"

    rng = np.random.default_rng(0)
    truth = (rng.random(300) < 0.2).astype(int)
    score = 1.0 / (1.0 + np.exp(2.0 - 1.5 * rng.normal(size=300) - 2.0 * truth))

    def cost(threshold, version):
        alarm = version >= threshold
        return 20.0 * np.sum(truth[~alarm]) + np.sum(1 - truth[alarm])

    for version in (score, score / 10.0, score**4):
        found, lowest = solution(truth, version, 20.0, 1.0), min(cost(value, version) for value in version)
        assert cost(found, version) <= lowest, f"On 300 rows it costs {cost(found, version)}; {lowest} is possible"
