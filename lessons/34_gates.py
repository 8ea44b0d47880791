# %% [markdown]
# # 34 Gradients that vanish, and gates
# A network has to remember one symbol for forty steps. As it is usually initialised it cannot, and one number helps.
#
# 30 minutes · needs 05, 33

# %% [markdown]
# ## Question
# On its way back through time (lesson 33) the [gradient](README.md#networks-and-training) is multiplied by something in
# every step. How large is it at the first one? And if it is nearly 0, can the network learn what was said there?

# %% [markdown]
# ## Predict 1
# A *plain* recurrent layer, h' = tanh(x·W + h·U), has no gates. Let U keep the length of every vector; or halve it; or
# double it. Compare it with a GRU as it is initialised, whose update gate z = σ(0) is 0.5, and with one whose bias of z
# is 4. The gradient has norm 1 at the last step. How large is it 20 steps before?

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.core.network.optimizers import clip_by_norm
from scratchtune.sequences.layers.gru import gru_gates, gru_inner_grad, gru_state_grad

ROWS, STEPS, UNITS = 16, 60, 32


def orthogonal(rng, radius, blocks=1):
    """Square matrices side by side, each of which multiplies the length of every vector by the radius."""
    return radius * np.hstack([np.linalg.qr(rng.normal(size=(UNITS, UNITS)))[0] for _ in range(blocks)])


def plain(X, rng, radius):
    """Functions from dJ/d(state) to dJ/d(state before), one for each step, the last step first."""
    W, U, state, backs = rng.uniform(-0.4, 0.4, (8, UNITS)), orthogonal(rng, radius), np.zeros((ROWS, UNITS)), []
    for x in X:
        state = np.tanh(x @ W + state @ U)
        backs.insert(0, lambda d, state=state: (d * (1.0 - state**2)) @ U.T)
    return backs


def gru(X, rng, update_bias):
    W, U, bias = rng.uniform(-0.2, 0.2, (8, 3 * UNITS)), orthogonal(rng, 1.0, 3), np.zeros((2, 3, UNITS))
    bias[0, 0], state, backs, ones = update_bias, np.zeros((ROWS, UNITS)), [], np.ones(ROWS)
    for x in X:
        inputs, inner = (x @ W).reshape(ROWS, 3, UNITS), (state @ U).reshape(ROWS, 3, UNITS)
        gates, after = np.empty((ROWS, 4, UNITS)), np.empty((ROWS, UNITS))
        gru_gates(inputs, inner, bias, state, ones, gates, after)

        def back(d, gates=gates, state=state):
            dinner, before = np.empty((ROWS, 3, UNITS)), np.zeros((ROWS, UNITS))
            gru_inner_grad(gates, state, ones, d, dinner)
            gru_state_grad(gates, ones, d, before)  # the path z·h
            return before + dinner.reshape(ROWS, -1) @ U.T

        backs.insert(0, back)
        state = after
    return backs


fig, ax = plt.subplots(num="34-vanishing", layout="constrained")
for name, layer, value in (("plain, U halves", plain, 0.5), ("plain, U keeps", plain, 1.0),
                           ("plain, U doubles", plain, 2.0), ("GRU as initialised", gru, 0.0),
                           ("GRU, update bias 4", gru, 4.0)):
    rng = np.random.default_rng(0)
    X, d = 0.1 * rng.normal(size=(STEPS, ROWS, 8)), rng.normal(size=(ROWS, UNITS))
    norms = [np.ones(ROWS)]
    d /= np.linalg.norm(d, axis=1, keepdims=True)
    for back in layer(X, rng, value):
        d = back(d)
        norms.append(np.linalg.norm(d, axis=1))
    norms = np.exp(np.log(norms).mean(axis=1))  # the geometric mean, as the steps multiply
    print(f"{name:18}: after 20 steps back {norms[20]:.1e}")
    ax.semilogy(norms, "--" if layer is gru else "-", label=name)
ax.set(xlabel="steps before the last", ylabel="norm of the gradient", ylim=(1e-10, 1e4))
ax.legend(fontsize=9)
# -> plain, U halves   : after 20 steps back 8.5e-07
# -> plain, U keeps    : after 20 steps back 4.3e-01
# -> plain, U doubles  : after 20 steps back 1.4e+01
# -> GRU as initialised: after 20 steps back 7.4e-04
# -> GRU, update bias 4: after 20 steps back 6.9e-01

# %% [markdown]
# ## Answer 1
# Halved twenty times it is at most one in a million: it *vanishes*. Doubled, it grows: it *explodes*. As it is
# initialised, the GRU keeps less than a hundredth of what the plain layer with a fitting U keeps (in 20 of 20 draws
# [34a]), since a gate of 0.5 halves the gradient too. With a gate near 1, σ(4) = 0.98, more than half of it is left (in
# 20 of 20 draws [34b]), along the path that only multiplies by z. So gates do not keep the gradient; they *can*, and
# whether they do is a matter of one bias.
#
# What explodes is cut: a gradient that is longer than c is shortened to that norm, its direction stays.
# - [clip_by_norm] n = √(Σᵢ[gᵢ²]) ; g'ᵢ = gᵢ · c / n if n > c else gᵢ

# %% [markdown]
# ## Predict 2
# Sequences of four symbols at random; name the *first* one after 5, 20 or 40 others. Guessing costs log 4 = 1.39. A GRU
# of 16 units gets 512 sequences, 15 epochs, clipping at 1, and the best of three learning rates. How far does it
# remember, as it is initialised and with an update bias of 3?


# %%
def sequences(count, distance, seed):
    symbols = np.random.default_rng(seed).integers(4, size=(count, distance + 1))
    return np.eye(4)[symbols], symbols[:, 0]


def remembered(update_bias, distance, rate, seed=0):
    """The loss on new sequences after training."""
    model = st.Sequential([st.GRU(16), st.Dense(4, "softmax")], dtype="float64", seed=seed)
    model.compile(st.Adam(rate, global_clipnorm=1.0), "categorical_crossentropy")
    model.build((None, distance + 1, 4))
    weights = model.get_weights()
    weights[2][0, :16] = update_bias  # the first block of the inputs' bias
    model.set_weights(weights)
    model.fit(*sequences(512, distance, seed), batch_size=32, epochs=15, verbose=0)
    return model.evaluate(*sequences(500, distance, 500 + seed))["loss"]


for update_bias in (0.0, 3.0):
    losses = [min(remembered(update_bias, distance, rate) for rate in (0.005, 0.01, 0.03)) for distance in (5, 20, 40)]
    print(f"update bias {update_bias:.0f}: loss after 5, 20, 40 steps " + " ".join(f"{loss:.1f}" for loss in losses))
gradient = np.array([30.0, 40.0])
print(f"clipped to 1: norm {clip_by_norm(gradient, 1.0):.0f}, then {gradient}")
# ~> update bias 0: loss after 5, 20, 40 steps 0.0 0.7 1.4
# ~> update bias 3: loss after 5, 20, 40 steps 0.0 0.0 0.0
# ~> clipped to 1: norm 50, then [0.6 0.8]

# %% [markdown]
# ## Answer 2
# Over 5 steps both remember. Over 40 steps the GRU as initialised has learned nothing, at any of the three rates, while
# with an update bias of 3 it is nearly perfect (in 18 of 20 draws [34c]). Both *could* represent the answer: it is the
# gradient that does not arrive. So the initial bias of a gate is a hyper-parameter, and it sets how far back a network
# learns at first. It is no remedy for any distance: a gate of 0.95 keeps 0.95⁴⁰ = 0.13 over 40 steps, and 0.0005 over
# 150. The next lesson shortens the path instead: with attention, each step is one look-up away.

# %% [markdown]
# ## Exercise
# Follow the gradient back through a plain layer, h' = tanh(x·W + h·U). `states` is (steps + 1, units): the state before
# the first step, and after each. `dlast` is the gradient of the loss with respect to the last state. Return the norms
# of the gradients with respect to all states, the first state first: an array (steps + 1,), whose last entry is the
# norm of `dlast`.
#
# Check it with `python -m lessons check 34`.


# %%
def norms_through_time(states, U, dlast):
    raise NotImplementedError
