# %% [markdown]
# # 33 A recurrent step by hand
# A network that reads one word after the other, and carries what it has read in a state; and its gradient through time.
#
# 30 minutes · needs 04

# %% [markdown]
# ## Question
# A sentence of 5 words and one of 50 should go through the same network, and the order of the words matters. A
# *recurrent* layer reads one *step* of the sequence at a time. It keeps a vector, the *state* h, and computes the next
# one from it and from the step's input x, always with the same [weights](README.md#networks-and-training). What does a
# step compute, and how does the gradient get back to the first one?
#
# A *gate* is a number between 0 and 1 for each unit that multiplies something. In a GRU (gated recurrent unit), with
# σ(a) = 1 / (1 + exp(-a)), for one row and without biases:
#
#     z = σ(x·Wz + h·Uz)             update gate: how much of the old state stays
#     r = σ(x·Wr + h·Ur)             reset gate: how much of the old state the candidate sees
#     c = tanh(x·Wc + r·(h·Uc))      candidate: a new state
#     h' = z·h + (1 - z)·c           next state: a weighted mean of the two
#
# All W side by side are the *kernel*, all U the *recurrent kernel*. In the package, x and u are the two products, m is
# a mask (see Predict 3), and gates are stored for the gradient:
# - [gru_gates] zₙⱼ = 1 / (1 + exp(−(x[n, 0, j] + b[0, 0, j] + u[n, 0, j] + b[1, 0, j]))) ;
#   rₙⱼ = 1 / (1 + exp(−(x[n, 1, j] + b[0, 1, j] + u[n, 1, j] + b[1, 1, j]))) ;
#   eₙⱼ = u[n, 2, j] + b[1, 2, j] ; cₙⱼ = tanh(x[n, 2, j] + b[0, 2, j] + rₙⱼ · eₙⱼ) ;
#   gₙₖⱼ = (zₙⱼ if k = 0 else rₙⱼ) if k < 2 else (cₙⱼ if k = 2 else eₙⱼ) ;
#   yₙⱼ = zₙⱼ · hₙⱼ + (1 − zₙⱼ) · cₙⱼ if mₙ > 0 else hₙⱼ

# %% [markdown]
# ## Predict 1
# One unit, one number a step, no biases: Wz = -1, Wr = 0, Wc = 2, Uz = 0, Ur = 0, Uc = -1. The state begins with 0, the
# inputs are 1 and then 0. What are the two states? And how many weights has a GRU of 4 units for sequences of 12 steps
# of 3 numbers, and of 1000 steps?

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.sequences.layers.embedding import padding_mask
from scratchtune.sequences.layers.gru import gru_gates, gru_gates_grad, gru_inner_grad, gru_state_grad


def read(X, kernel, recurrent, bias, mask=None):
    """The states of a GRU before each step and after the last, and its gates in each step; X is (rows, steps, ..)."""
    rows, units = len(X), len(recurrent)
    states, all_gates = [np.zeros((rows, units))], []
    for t, x in enumerate(X.transpose(1, 0, 2)):
        inputs, inner = ((a @ w).reshape(rows, 3, units) for a, w in ((x, kernel), (states[-1], recurrent)))
        gates, state = np.empty((rows, 4, units)), np.empty((rows, units))
        gru_gates(inputs, inner, bias, states[-1], np.ones(rows) if mask is None else mask[:, t].copy(), gates, state)
        states.append(state)
        all_gates.append(gates)
    return states, all_gates


paper = np.array([[-1.0, 0.0, 2.0]]), np.array([[0.0, 0.0, -1.0]]), np.zeros((2, 3, 1))
states, gates = read(np.array([[[1.0], [0.0]]]), *paper)
for step in (0, 1):
    z, r, c, _ = gates[step][0, :, 0]
    print(f"step {step + 1}: z {z:.4f}, r {r:.4f}, c {c:.4f}, next state {states[step + 1][0, 0]:.4f}")
for steps in (1000, 12):
    model = st.Sequential([st.GRU(4)], dtype="float64")
    model.build((None, steps, 3))
    print(f"weights for {steps} steps: {model.theta.size}")
# -> step 1: z 0.2689, r 0.5000, c 0.9640, next state 0.7048
# -> step 2: z 0.5000, r 0.5000, c -0.3385, next state 0.1831
# -> weights for 1000 steps: 108
# -> weights for 12 steps: 108

# %% [markdown]
# ## Answer 1
# On paper:
#
#     x = 1, h = 0:       z = σ(-1) = 0.2689    r = σ(0) = 0.5    c = tanh(2) = 0.9640
#                         h' = 0.2689·0 + 0.7311·0.9640 = 0.7048
#     x = 0, h = 0.7048:  z = σ(0) = 0.5        r = σ(0) = 0.5    c = tanh(0.5·(-0.7048)) = -0.3385
#                         h' = 0.5·0.7048 + 0.5·(-0.3385) = 0.1831
#
# With z = 1 the state would stay unchanged, with z = 0 it would be replaced. The weights are 3·12 in the kernel, 4·12
# in the recurrent kernel and 2·12 biases, for any number of steps: the steps share them.

# %% [markdown]
# ## Predict 2
# Side by side, 12 steps are a network of 12 layers with the same weights: *unrolled in time*. The loss reads the last
# state. Its gradient goes back from step to step ([backpropagation](README.md#networks-and-training), lesson 04). From
# a state to the one before it there is the path z·h. Which other one is there? What is the gradient of a weight?

# %%
rng = np.random.default_rng(0)
X, target = rng.normal(size=(5, 12, 3)), rng.normal(size=(5, 4))
kernel, recurrent, bias = rng.normal(size=(3, 12)), rng.normal(size=(4, 12)), rng.normal(size=(2, 12))
states, gates = read(X, kernel, recurrent, bias.reshape(2, 3, 4))
dstate = 2.0 * (states[-1] - target) / target.size  # of the mean squared error
dkernel, drecurrent, dbias = np.zeros((3, 12)), np.zeros((4, 12)), np.zeros((2, 12))
for t in range(11, -1, -1):
    dinputs, dinner, before = np.empty((5, 3, 4)), np.empty((5, 3, 4)), np.zeros((5, 4))
    gru_gates_grad(gates[t], states[t], np.ones(5), dstate, dinputs)  # of x·W
    gru_inner_grad(gates[t], states[t], np.ones(5), dstate, dinner)  # of h·U
    dinputs, dinner = dinputs.reshape(5, 12), dinner.reshape(5, 12)
    dkernel += X[:, t].T @ dinputs
    drecurrent += states[t].T @ dinner
    dbias += dinputs.sum(axis=0), dinner.sum(axis=0)
    gru_state_grad(gates[t], np.ones(5), dstate, before)  # the path z·h
    dstate = before + dinner @ recurrent.T  # and the path through h·U
model.compile("sgd", "mean_squared_error")
model.set_weights([kernel, recurrent, bias])
by_hand = np.concatenate([dkernel.ravel(), drecurrent.ravel(), dbias.ravel()])
print(f"by hand as by the package: {np.allclose(by_hand, model.gradient(X, target), rtol=0.0, atol=1e-12)}")
# -> by hand as by the package: True

# %% [markdown]
# ## Answer 2
# The second path goes through the product h·U, into both gates and the candidate; the two are added. And the gradient
# of a weight is the sum over all steps, as it acts in each of them. This is *backpropagation through time*. Along the
# first path, the gradient is multiplied by z and nothing else:
# - [gru_state_grad] d'ₙⱼ = dₙⱼ + (g[n, 0, j] · qₙⱼ if mₙ > 0 else qₙⱼ)

# %% [markdown]
# ## Predict 3
# Sentences of a batch are padded with the token 0 to the same length. One of 3 words is padded to 8 steps. What should
# the state do in the 5 steps of padding? What does it do if the layer is not told?

# %%
tokens = np.array([[2.0, 1.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
mask = np.empty_like(tokens)
padding_mask(tokens, mask)
vectors = np.random.default_rng(1).normal(size=(4, 3))[tokens.astype(int)]  # a vector for each token, also for 0
fig, ax = plt.subplots(num="33-padding", figsize=(8, 4.2), layout="constrained")
for name, keep, style in (("without a mask", None, ":"), ("with the mask", mask, "-")):
    followed = np.array(read(vectors, kernel, recurrent, bias.reshape(2, 3, 4), keep)[0])[:, 0]
    print(f"{name:14}: after 3 steps {followed[3].round(2)}, after 8 {followed[8].round(2)}")
    ax.plot(followed, style, label=[name, "_", "_", "_"])
    ax.set_prop_cycle(None)
ax.axvspan(3, 8, color="0.92", zorder=0)
ax.set(xlabel="steps read; grey: padding", ylabel="state of four units", title="A sentence of 3 words, padded to 8")
ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
# -> without a mask: after 3 steps [ 1.    0.   -1.    0.11], after 8 [ 1.    0.22 -0.99  0.91]
# -> with the mask : after 3 steps [ 1.    0.   -1.    0.11], after 8 [ 1.    0.   -1.    0.11]

# %% [markdown]
# ## Answer 3
# It should stay: the [mask](README.md#sequences) keeps the state of a step of padding.
# - [padding_mask] mₙₜ = 0 if xₙₜ = 0 else 1
#
# Without it the layer reads padding like words, and the state ends elsewhere: with random weights it has moved by more
# than a quarter of its own length, on average over ten layers (in 20 of 20 draws [33a]). Then the translation of a
# sentence depends on the longest one of its batch.

# %% [markdown]
# ## Exercise
# Write one step of a GRU for one row, with biases and mask. `x` is (features,), `state` (units,), `kernel` (features,
# 3 · units) and `recurrent` (units, 3 · units), each with its blocks in the order z, r, c. `bias` is (2, 3 · units):
# its first row is added to x·W, its second one to h·U. In the candidate, r multiplies the state's part with its bias.
# `keep` is 1 for a step of the sequence, and 0 for padding. Return the next state (units,).
#
# Check it with `python -m lessons check 33`.


# %%
def gru_step(x, state, kernel, recurrent, bias, keep):
    raise NotImplementedError
