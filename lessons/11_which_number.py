# %% [markdown]
# # 11 Which number?
# Accuracy, precision, recall, F1 and AUC on a rare illness: what each counts, and what each does not see.
#
# 30 minutes

# %% [markdown]
# ## Question
# The score must measure what you need. A test for a rare illness is right in 95 % of all cases: is it good? We take the
# best test that there can be, and look at five numbers.

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st


def patients(number, share_ill, seed):
    """Who is ill (1), and the true probability to be ill, given three measurements that are higher in the ill."""
    rng = np.random.default_rng(seed)
    ill = (rng.random(number) < share_ill).astype(int)
    X = rng.normal(size=(number, 3)) + 1.1 * ill[:, None]
    log_odds = np.log(share_ill / (1 - share_ill)) + np.sum(1.1 * X - 1.1**2 / 2, axis=1)
    return ill, 1 / (1 + np.exp(-log_odds))


def five(ill, p, threshold):
    """Accuracy, precision, recall, F1 and AUC of an alarm from a threshold on."""
    alarm = (p >= threshold).astype(int)
    labelled = (st.metrics.precision_score, st.metrics.recall_score, st.metrics.f1_score)
    return np.array([st.metrics.accuracy_score(ill, alarm),
                     *(metric(ill, alarm, zero_division=0) for metric in labelled), st.metrics.roc_auc_score(ill, p)])


NAMES = ("accuracy", "precision", "recall", "F1", "AUC")


def show(name, scores):
    print(f"{name:24}" + ", ".join(f"{each} {score:.2f}" for each, score in zip(NAMES, scores, strict=True)))

# %% [markdown]
# ## Predict 1
# One patient in 20 is ill. Test A says *healthy* to everybody. Test B is the best possible one: it knows each patient's
# true probability, and raises the alarm from 0.5 on. How much more accurate is B?

# %%
ill, p = patients(8000, 0.05, seed=0)
show("A, always healthy:", five(ill, 0 * p, 0.5))
show("B, the best possible:", five(ill, p, 0.5))
(_, false_alarms), (missed, found) = st.metrics.confusion_matrix(ill, p >= 0.5)
print(f"B finds {found} of {ill.sum()} ill patients, misses {missed}, and alarms {false_alarms} healthy ones")
# -> A, always healthy:      accuracy 0.95, precision 0.00, recall 0.00, F1 0.00, AUC 0.50
# -> B, the best possible:   accuracy 0.96, precision 0.76, recall 0.29, F1 0.42, AUC 0.92
# -> B finds 115 of 400 ill patients, misses 285, and alarms 37 healthy ones

# %% [markdown]
# ## Answer 1
# By about a point; by less than two in 20 of 20 draws [11a]. Yet A is worthless. Accuracy is the share of right
# answers, and 19 of 20 patients are healthy (the weights w are all 1):
# - [accuracy] A = Σₙ[wₙ · (1 if yₙ = qₙ else 0)] / Σₙ[wₙ]
#
# Three others count the ill that are found (TP) or missed (FN), and the false alarms (FP). *Precision*: how many alarms
# are right? *Recall*: how many of the ill are found? *F1* (β = 1) is their harmonic mean, near the lower one.
# - [precision] Pₖ = TPₖ / (TPₖ + FPₖ) if TPₖ + FPₖ > 0 else z
# - [recall] Rₖ = TPₖ / (TPₖ + FNₖ) if TPₖ + FNₖ > 0 else z
# - [f_beta] Fₖ = (1 + β²) · TPₖ / ((1 + β²) · TPₖ + β² · FNₖ + FPₖ) if TPₖ + FNₖ + FPₖ > 0 else z
#
# *AUC* needs no alarm. Of all pairs of an ill and a healthy patient, in how many has the ill one the higher score s?
# - [auc] A = Σᵢⱼ[wᵢ · yᵢ · wⱼ · (1 − yⱼ) · (1 if sᵢ > sⱼ else 0.5 if sᵢ = sⱼ else 0)] / Σᵢⱼ[wᵢ · yᵢ · wⱼ · (1 − yⱼ)]

# %% [markdown]
# ## Predict 2
# You lower B's threshold from 0.5 towards 0. Which of the five go up, which go down? And where is F1 highest?

# %%
thresholds = np.linspace(0.01, 0.95, 95)
table = np.array([five(ill, p, threshold) for threshold in thresholds])
for threshold in (0.5, 0.3, 0.1):
    show(f"alarm from {threshold} on:", five(ill, p, threshold))
best = table[:, 3].argmax()
print(f"F1 is highest, {table[best, 3]:.2f}, from {thresholds[best]:.2f} on; accuracy from "
      f"{thresholds[table[:, 0].argmax()]:.2f} on")
# -> alarm from 0.5 on:      accuracy 0.96, precision 0.76, recall 0.29, F1 0.42, AUC 0.92
# -> alarm from 0.3 on:      accuracy 0.95, precision 0.55, recall 0.42, F1 0.48, AUC 0.92
# -> alarm from 0.1 on:      accuracy 0.90, precision 0.30, recall 0.71, F1 0.42, AUC 0.92
# -> F1 is highest, 0.50, from 0.22 on; accuracy from 0.50 on

# %%
fig, ax = plt.subplots(num="11-threshold", figsize=(8, 4.4), layout="constrained")
for column, style in zip(range(5), ("--", "-", "-", "-", ":"), strict=True):
    ax.plot(thresholds, table[:, column], style, color=f"C{column}")
    ax.annotate(NAMES[column], (0.95, table[-1, column]), (6, (4, 0, -6, 6, -5)[column]), va="center",
                textcoords="offset points", color=f"C{column}")
ax.axvline(thresholds[best], color="0.4", lw=1, ls=":")
ax.set(xlabel="threshold: alarm from this probability on", ylim=(0, 1.02), xlim=(0, 0.95),
       title="One model, five numbers; dotted: where F1 is highest")

# %% [markdown]
# ## Answer 2
# Recall cannot fall, since every alarm remains, and AUC has no threshold. Precision falls in exchange. F1 rises, then
# falls; its best threshold is below 0.5, in 20 of 20 draws [11b]. With true probabilities and many rows it is half the
# best F1 (Lipton and others, 2014): F1 gives nothing for a healthy patient without an alarm, so it asks for more alarms
# than accuracy does. So a comparison of two models by F1 at 0.5 compares their thresholds too. Choose it on validation
# rows first.

# %% [markdown]
# ## Predict 3
# The same test, the same threshold, in another town: there 1 in 100 is ill. An ill patient looks as before, and so does
# a healthy one. Which of the five change?

# %%
for share in (0.05, 0.01):
    here, odds = patients(200_000, share, seed=1)
    score = odds / (1 - odds) * (1 - share) / share  # the likelihood ratio of the measurements
    show(f"{share:.0%} ill:", five(here, score, 20))
# -> 5% ill:                 accuracy 0.96, precision 0.72, recall 0.27, F1 0.39, AUC 0.91
# -> 1% ill:                 accuracy 0.99, precision 0.32, recall 0.27, F1 0.29, AUC 0.91

# %% [markdown]
# ## Answer 3
# Recall and AUC stay: the first looks at the ill alone, the second at pairs of one ill and one healthy patient.
# Precision and F1 fall (in 20 of 20 draws [11c]): there are fewer ill patients, and as many healthy ones to alarm. The
# accuracy *rises*. So precision, F1 and accuracy of two data sets compare only if their shares of the ill are equal.

# %% [markdown]
# ## Break it
# Numbers instead of classes: prices, of which few are very high. Predict one and the same price for all, the mean or
# the median. Take the squares away, and the other one is right:
# - [mean_squared_error_score] E = Σₙ[wₙ · (yₙ − qₙ)²] / Σₙ[wₙ]
# - [root_mean_squared_error] E = √(Σₙ[wₙ · (yₙ − qₙ)²] / Σₙ[wₙ])
# - [mean_absolute_error_score] E = Σₙ[wₙ · |yₙ − qₙ|] / Σₙ[wₙ]
# - [r2] m = Σₙ[wₙ · yₙ] / Σₙ[wₙ] ; R = 1 − Σₙ[wₙ · (yₙ − qₙ)²] / Σₙ[wₙ · (yₙ − m)²]

# %%
price = np.random.default_rng(0).lognormal(mean=3.0, sigma=1.0, size=2000)
for name, answer in (("mean", price.mean()), ("median", np.median(price))):
    same = np.full(2000, answer)
    print(f"{name:6} {answer:.1f}: mean squared error {st.metrics.mean_squared_error(price, same):.0f}, its root "
          f"{st.metrics.root_mean_squared_error(price, same):.1f}, mean absolute error "
          f"{st.metrics.mean_absolute_error(price, same):.1f}, R² {st.metrics.r2_score(price, same):.2f}")
# -> mean   31.8: mean squared error 1452, its root 38.1, mean absolute error 24.1, R² 0.00
# -> median 19.4: mean squared error 1606, its root 40.1, mean absolute error 21.6, R² -0.11

# %% [markdown]
# No constant has a lower squared error than the mean, and none a lower absolute error than the median: the number that
# you choose decides which answer is right. R² is 0 for the mean, and 1 if all is right.
#
# *In your logbook:* write which number your score is. For the trainings it is accuracy: all ten digits are common.

# %% [markdown]
# ## Exercise
# Find the threshold of the highest F1. You get the truth (0 or 1) and the scores. The alarm is raised where score >=
# threshold. Return (threshold, F1); the threshold is one of the scores, and of equally good ones the highest.
#
# Then run `python -m lessons check 11`.


# %%
def best_f1_threshold(truth, score):
    raise NotImplementedError
