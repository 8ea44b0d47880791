# %% [markdown]
# # 12 Is the probability right?
# A network that orders patients well and is wrong about its probabilities: see it, repair it, and decide by costs.
#
# 25 minutes · needs 11

# %% [markdown]
# ## Question
# A network gives a patient a probability of 90 % to be ill. Are 90 of 100 such patients ill? If so for every value, its
# probabilities are *calibrated*. No number of lesson 11 measures that: AUC sees the order alone, and the other four
# only see on which side of the threshold a probability is.

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st

rng = np.random.default_rng(0)


def patients(number):
    """One in five is ill. Of 20 measurements three are higher in the ill."""
    ill = (rng.random(number) < 0.2).astype(int)
    X = rng.normal(size=(number, 20))
    X[:, :3] += 1.1 * ill[:, None]
    return X, ill


(X_train, train), (X_validation, validation), (X_test, test) = patients(400), patients(400), patients(5000)
model = st.MLPClassifier(units=32, epochs=60, weight_decay=0.0, random_state=0, verbose=0).fit(X_train, train)


def probabilities(X):
    return np.clip(model.predict_proba(X)[:, 1], 1e-7, 1 - 1e-7)


p = probabilities(X_test)

# %% [markdown]
# ## Predict 1
# The network has learned 400 patients for 60 epochs, long enough to know each of them. Of the new patients to whom it
# gives more than 0.9, how many are ill? And is its log loss lower than that of the answer "20 %" to everybody?

# %%
groups = np.array_split(np.argsort(p), 10)  # by probability, 500 patients each
share_ill = np.array([test[rows].mean() for rows in groups])
sure = p > 0.9
print(f"AUC {st.metrics.roc_auc_score(test, p):.2f}; above 0.9: mean probability {p[sure].mean():.2f}, "
      f"ill {test[sure].mean():.2f}")
print(f"log loss: network {st.metrics.log_loss(test, p):.2f}, 20 % for everybody "
      f"{st.metrics.log_loss(test, np.full(5000, 0.2)):.2f}")
# ~> AUC 0.84; above 0.9: mean probability 0.98, ill 0.74
# ~> log loss: network 0.63, 20 % for everybody 0.49

# %% [markdown]
# ## Answer 1
# Far fewer than it says: at least ten points fewer in 20 of 20 draws [12a]. It is *overconfident*. And its log loss is
# higher than that of an answer that looks at no patient, in 20 of 20 draws [12b], although it orders them well. With t
# = 1 for the ill and 0 for the healthy, the loss of one patient is
# - [binary_crossentropy] L = −(t · log(p) + (1 − t) · log(1 − p))
#
# and the *log loss* is its mean, here in the form for k classes:
# - [log_loss] L = −Σₙ[wₙ · Σₖ[tₙₖ · log(pₙₖ)]] / Σₙ[wₙ]
#
# It grows without limit as the probability of what is true goes to 0: one ill patient with p = 0.001 costs as much as
# ten with p = 0.5. On average no answer has a lower log loss than the true probability, so it is a *proper* score.

# %% [markdown]
# ## Predict 2
# The network cannot be trained again, but you have 400 other patients. Divide all log odds, log(p / (1 − p)), by one
# number T, the *temperature*. What becomes of the AUC, of the accuracy at 0.5, and of the log loss?

# %%
def tempered(p, T):
    return 1 / (1 + (1 / p - 1) ** (1 / T))  # log odds divided by T


temperatures = np.geomspace(0.5, 20, 60)
losses = [st.metrics.log_loss(validation, tempered(probabilities(X_validation), T)) for T in temperatures]
T = temperatures[np.argmin(losses)]
repaired = tempered(p, T)
print(f"T is {T:.1f}")
for name, each in (("as trained", p), ("divided by T", repaired)):
    gap = np.mean([abs(each[rows].mean() - share) for rows, share in zip(groups, share_ill, strict=True)])
    print(f"{name:13} AUC {st.metrics.roc_auc_score(test, each):.2f}, accuracy {np.mean((each >= 0.5) == test):.2f}, "
          f"log loss {st.metrics.log_loss(test, each):.2f}, mean gap {gap:.2f}")
# ~> T is 3.9
# ~> as trained    AUC 0.84, accuracy 0.84, log loss 0.63, mean gap 0.10
# ~> divided by T  AUC 0.84, accuracy 0.84, log loss 0.37, mean gap 0.04

# %% [markdown]
# ## Answer 2
# AUC and accuracy stay exactly: the order does not change, and 0.5 remains 0.5. The log loss falls, in 20 of 20 draws
# [12c]. The network was wrong about *how sure* it is, and one number repairs that; whom it orders wrongly no T can
# change. T must be fitted to rows that the network has not learned: on its training rows it is right to be sure.

# %%
fig, ax = plt.subplots(num="12-reliability", figsize=(5.5, 5), layout="constrained")
ax.plot([0, 1], [0, 1], "--", color="0.5", lw=1, label="calibrated")
for each, color, name in ((p, "C1", "as trained"), (repaired, "C0", f"log odds divided by {T:.1f}")):
    ax.plot([each[rows].mean() for rows in groups], share_ill, "o-", color=color, label=name)
ax.set(xlabel="mean probability of a tenth of the patients", ylabel="share of them that is ill", aspect="equal",
       title="Reliability diagram")
ax.legend(loc="upper left")

# %% [markdown]
# ## Predict 3
# To miss an ill patient costs 10, a false alarm costs 1. The alarm pays where 10 · p > 1 · (1 − p), from p = 1/11 on.
# What does a patient cost on average: with this threshold and the network's p, and with the repaired p?

# %%
def cost(truth, alarm):
    return np.mean(np.where(alarm, 1 - truth, 10 * truth))


for name, alarm in (("always an alarm", p >= 0), ("p from 0.5 on", p >= 0.5), ("p from 1/11 on", p >= 1 / 11),
                    ("repaired p from 1/11 on", repaired >= 1 / 11)):
    print(f"{name:24} {cost(test, alarm):.2f}")
# ~> always an alarm          0.80
# ~> p from 0.5 on            1.10
# ~> p from 1/11 on           0.85
# ~> repaired p from 1/11 on  0.60

# %% [markdown]
# ## Answer 3
# The repaired probabilities cost less in 20 of 20 draws [12d], with the same network and the same rule. A threshold
# that comes from costs is right for calibrated probabilities only.
#
# ## Break it
# Divide all probabilities by 10. The order is the same, AUC does not see it, and now *no* patient reaches 0.5.

# %%
spoiled = p / 10
print(f"AUC {st.metrics.roc_auc_score(test, spoiled):.2f}, log loss {st.metrics.log_loss(test, spoiled):.2f}, "
      f"cost from 1/11 on {cost(test, spoiled >= 1 / 11):.2f}, from 1/110 on {cost(test, spoiled >= 1 / 110):.2f}")
# ~> AUC 0.84, log loss 0.94, cost from 1/11 on 1.43, from 1/110 on 0.85

# %% [markdown]
# With the threshold divided by 10, too, the cost is that of p again. So there is another way: choose the *threshold* by
# the costs on validation rows, and assume nothing about the scores. That is the exercise.

# %% [markdown]
# ## Exercise
# You get the truth (0 or 1), the scores, which need not be calibrated, and the two costs: of a miss (ill, no alarm) and
# of a false alarm (healthy, alarm). Return the threshold for which *alarm where score >= threshold* costs least: one of
# the scores, or infinity, which means no alarm at all. Of equally cheap thresholds return the highest.
#
# Then run `python -m lessons check 12`.


# %%
def cheapest_threshold(truth, score, cost_of_a_miss, cost_of_an_alarm):
    raise NotImplementedError
