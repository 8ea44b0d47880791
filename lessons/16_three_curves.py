# %% [markdown]
# # 16 Three curves
# Training, validation and held-out loss side by side: what overfitting looks like, when to stop, and what rows do.
#
# 25 minutes · needs 03

# %% [markdown]
# ## Question
# A network is trained on some rows; others, the [validation set](README.md#evaluation-and-overfitting), decide when to
# stop and which size to take; a third part is opened at the end. All three have a loss. What do the three numbers, side
# by side, tell you to change?
#
# We take digits of which a fifth has a random label, as data have that people labelled in a hurry: 400 rows to train
# on, 250 for validation, 747 held out. Every number below is the mean of three draws of these rows.

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st

X, digits = st.datasets.load_digits()
PARTS = ("training", "validation", "held out")


def curves(seed, rows=400, units=64, epochs=64):
    """Log loss and accuracy after each epoch, on the three parts: (epochs, 3, 2)."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(X))
    y = np.where(rng.random(len(X)) < 0.2, rng.integers(10, size=len(X)), digits)
    parts = order[:rows], order[800:1050], order[1050:]
    model = st.MLPClassifier(units=units, weight_decay=0.0, random_state=seed, verbose=0)
    found = []
    for _ in range(epochs):
        model.partial_fit(X[parts[0]], y[parts[0]], classes=np.arange(10))  # one epoch
        answers = [(y[part], model.predict_proba(X[part])) for part in parts]
        found.append([(st.metrics.log_loss(true, p), np.mean(p.argmax(axis=1) == true)) for true, p in answers])
    return np.array(found)


def mean_curves(**changes):
    return np.mean([curves(seed, **changes) for seed in range(3)], axis=0)


def show(name, losses):
    print(f"{name:12}" + ", ".join(f"{part} {loss:.2f}" for part, loss in zip(PARTS, losses, strict=True)))

# %% [markdown]
# ## Predict 1
# 64 epochs. Which of the three losses falls all the way, which turns, and after about how many epochs?

# %%
over_epochs = mean_curves()
for epoch in (1, 4, 8, 16, 64):
    show(f"epoch {epoch}:", over_epochs[epoch - 1, :, 0])
stop = over_epochs[:, 1, 0].argmin() + 1
print(f"validation is lowest after {stop} epochs; training accuracy at the end {over_epochs[-1, 0, 1]:.0%}")
# ~> epoch 1:    training 1.59, validation 1.75, held out 1.76
# ~> epoch 4:    training 0.87, validation 1.24, held out 1.28
# ~> epoch 8:    training 0.63, validation 1.25, held out 1.27
# ~> epoch 16:   training 0.38, validation 1.38, held out 1.41
# ~> epoch 64:   training 0.03, validation 2.32, held out 2.32
# ~> validation is lowest after 5 epochs; training accuracy at the end 100%

# %% [markdown]
# ## Answer 1
# The training loss falls to nearly 0: the network learns all labels, also the wrong ones. Validation and held-out loss
# turn after some epochs, and end at least a third above their lowest value, in 20 of 20 draws [16a]. Left of the turn
# the three are close together and high, which is *underfitting*; right of it a gap opens, which is
# [overfitting](README.md#evaluation-and-overfitting). You see the gap in your own trainings, too: if it is small and
# the loss is high, train longer or take a larger network; if it is wide, stop earlier, or take a remedy of lesson 17.
#
# Stopping at the lowest *validation* loss, which the held-out rows had no part in, lowers the held-out loss too, in 20
# of 20 draws [16b].

# %% [markdown]
# ## Predict 2
# Now the size: 1 to 128 hidden units, 64 epochs each. Do more units make the same picture as more epochs?

# %%
sizes = (1, 4, 16, 64, 128)
over_units = np.array([mean_curves(units=units) for units in sizes])
for units, each in zip(sizes, over_units, strict=True):
    show(f"{units} units:", each[-1, :, 0])
lowest = [f"{units}: {each[:, 1, 0].min():.2f}" for units, each in zip(sizes, over_units, strict=True)]
print(f"lowest validation loss of all epochs: {', '.join(lowest)}")
# ~> 1 units:    training 1.94, validation 2.09, held out 2.09
# ~> 4 units:    training 1.04, validation 1.74, held out 1.73
# ~> 16 units:   training 0.26, validation 1.95, held out 1.89
# ~> 64 units:   training 0.03, validation 2.32, held out 2.32
# ~> 128 units:  training 0.01, validation 2.44, held out 2.44
# ~> lowest validation loss of all epochs: 1: 2.09, 4: 1.68, 16: 1.31, 64: 1.22, 128: 1.20

# %% [markdown]
# ## Answer 2
# The same picture, if all of them train for 64 epochs. But look at the last line: with the best number of epochs for
# each, the large networks are not worse. 64 units have a lower validation loss than 4 units that may stop as well, in
# 20 of 20 draws [16c]. So a network that overfits need not be smaller. It is enough to stop it.

# %% [markdown]
# ## Predict 3
# A network overfits. Do more rows help: 100, 200, 400, 800 of them? First with 64 epochs each, then with the number of
# epochs that the validation loss chooses.

# %%
amounts = (100, 200, 400, 800)
over_rows = {rows: mean_curves(rows=rows) for rows in amounts}
stopped = {rows: each[each[:, 1, 0].argmin()] for rows, each in over_rows.items()}
for rows in amounts:
    (end, end_right), (best, best_right) = over_rows[rows][-1, 2], stopped[rows][2]
    print(f"{rows} rows, held out: 64 epochs {end:.2f} ({end_right:.0%} right), stopped {best:.2f} ({best_right:.0%})")
# ~> 100 rows, held out: 64 epochs 2.06 (61% right), stopped 1.55 (60%)
# ~> 200 rows, held out: 64 epochs 2.20 (64% right), stopped 1.36 (69%)
# ~> 400 rows, held out: 64 epochs 2.32 (68% right), stopped 1.27 (72%)
# ~> 800 rows, held out: 64 epochs 2.61 (65% right), stopped 1.22 (74%)

# %% [markdown]
# ## Answer 3
# Yes. With the epochs chosen by validation, 800 rows have a lower held-out loss and a higher accuracy than 200, in 20
# of 20 draws [16d]. With 64 epochs for all, the loss in this illustration rises instead: an epoch of 800 rows has eight
# times as many steps as one of 100, so the larger amounts are trained much too long. Compare amounts of data, as
# everything else, with the number of epochs that is right for each.

# %%
fig, axes = plt.subplots(1, 3, num="16-three-curves", figsize=(11.5, 4), sharey=True, layout="constrained")
for k, (part, color) in enumerate(zip(PARTS, ("C0", "C1", "C2"), strict=True)):
    axes[0].plot(range(1, 65), over_epochs[:, k, 0], color=color, label=part)
    axes[1].plot(sizes, over_units[:, -1, k, 0], "o-", color=color)
    axes[2].plot(amounts, [stopped[rows][k, 0] for rows in amounts], "o-", color=color)
axes[0].axvline(stop, color="0.4", ls=":", label="stop here")
axes[0].set(title="Epochs, 64 units", xlabel="epochs", ylabel="log loss", xscale="log")
axes[1].set(title="Units, 64 epochs", xlabel="hidden units", xscale="log")
axes[2].set(title="Rows, stopped by validation", xlabel="training rows", xscale="log")
for ax, ticks in zip(axes, ((1, 4, 16, 64), sizes, amounts), strict=True):
    ax.set_xticks(ticks, ticks)
    ax.minorticks_off()
axes[0].legend(loc="upper left")

# %% [markdown]
# *In your logbook:* the trainings have the validation curve, `trainings.curve(params)`. Does that of your best one
# still rise after 27 epochs, or has it turned?

# %% [markdown]
# ## Exercise
# Write *early stopping*. The training goes through the epochs, and after each you see the validation loss of this
# epoch, not the later ones. It stops as soon as the loss has not been below its lowest value for `patience` epochs in a
# row (equal is not below). Return two epochs, counted from 1: the one in which it stops, and the one whose weights are
# kept, which is that of the lowest loss until then. If the losses end before, it stops in the last epoch.
#
# Then run `python -m lessons check 16`.


# %%
def early_stopping(losses, patience):
    raise NotImplementedError
