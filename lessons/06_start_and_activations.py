# %% [markdown]
# # 06 Start and activations
# The first weights decide whether a signal survives twenty layers; a wrong learning rate can kill every unit later.
#
# 25 minutes · needs 03, 04

# %% [markdown]
# ## Question
# How large should the first, random [weights](README.md#networks-and-training) be? An initialiser draws them with a
# variance v that depends on fan_in, a unit's number of inputs, and perhaps on fan_out, the number of units they go to:
# - [lecun_variance] v = 1 / fan_in
# - [he_variance] v = 2 / fan_in
# - [glorot_variance] v = 2 / (fan_in + fan_out)
#
# Uniform random numbers between −l and l have the variance v if
# - [uniform_limit] l = √(3 · v)

# %% [markdown]
# ## Predict 1
# A network of 20 layers, 256 units each, with the [activation](README.md#networks-and-training) ReLU. Its inputs have
# the mean square 1, its weights LeCun's variance. What is the mean square of its outputs: 1, 0.05 or 0.000001?
# - [relu] a = z if z > 0 else 0

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.core.network import activations as of
from scratchtune.core.network.initializers import glorot_variance, he_variance, lecun_variance, uniform_limit

UNITS = 256
STARTS = {"a twentieth of LeCun's": 0.05 * lecun_variance(UNITS), "LeCun, Glorot": glorot_variance(UNITS, UNITS),
          "He": he_variance(UNITS), "twice He's": 2.0 * he_variance(UNITS)}
ACTIVATIONS = {"relu": lambda z: np.maximum(z, 0.0), "tanh": np.tanh}


def mean_squares(variance, activation, layers=20, seed=0):
    """The mean square of each layer's outputs, (layers,), where that of the inputs is 1."""
    rng = np.random.default_rng(seed)
    a, limit, found = rng.normal(size=(200, UNITS)), uniform_limit(variance), []
    for _ in range(layers):
        a = activation(a @ rng.uniform(-limit, limit, (UNITS, UNITS)))
        found.append(np.mean(a**2))
    return np.array(found)


signals = {(kind, name): mean_squares(v, ACTIVATIONS[kind]) for kind in ACTIVATIONS for name, v in STARTS.items()}
for name in STARTS:
    print(f"{name:22}: " + ", ".join(f"{kind} {signals[kind, name][-1]:.0e}" for kind in ACTIVATIONS))
fig, axes = plt.subplots(1, 2, num="06-signal", figsize=(9, 4.2), layout="constrained")
for (kind, name), sizes in signals.items():
    axes[int(kind == "tanh")].plot(range(1, 21), sizes, "o-", ms=3, label=name)
for ax, kind in zip(axes, ("ReLU", "tanh"), strict=True):
    ax.set(title=kind, xlabel="layer", ylabel="mean square of outputs", yscale="log", ylim=(1e-9, 1e7))
axes[1].legend(title="variance of the weights")
# -> a twentieth of LeCun's: relu 5e-33, tanh 9e-27
# -> LeCun, Glorot         : relu 5e-07, tanh 3e-02
# -> He                    : relu 5e-01, tanh 3e-01
# -> twice He's            : relu 6e+05, tanh 5e-01

# %% [markdown]
# ## Answer 1
# About 0.000001. A weighted sum z of fan_in inputs has the variance fan_in · v · (mean square of the inputs): with
# LeCun's v it is as large as the inputs. Then ReLU sets the negative half to zero, and half of the mean square is lost.
# Twenty layers multiply by (1/2)²⁰. He's variance has a 2 that makes up for that. Twice He's doubles it in every layer.
# Backwards the same happens to the gradient, with fan_out in place of fan_in; Glorot's variance is between the two.
#
# What do other activations leave of the mean square, and of a gradient that passes their derivative d?
# - [relu_grad] d = 1 if z > 0 else 0
# - [leaky_relu] a = z if z > 0 else s · z
# - [elu] a = z if z > 0 else exp(z) − 1
# - [gelu] a = z · Φ(z)
# - [sigmoid] a = 1 / (1 + exp(−z))
# - [tanh] a = (exp(z) − exp(−z)) / (exp(z) + exp(−z))
# - [tanh_grad] d = 4 / (exp(z) + exp(−z))²

# %%
z = np.linspace(-8.0, 8.0, 4001)  # the sums, of a normal distribution
for name, *more in (("relu",), ("leaky_relu", 0.2), ("elu",), ("gelu",), ("sigmoid",), ("tanh",)):
    activation, derivative = getattr(of, name), getattr(of, f"{name}_grad")
    left = np.average([activation(each, *more) ** 2 for each in z], weights=np.exp(-(z**2) / 2.0))
    at = "  ".join(f"{derivative(each, *more):6.3f}" for each in (-4.0, 1.0, 4.0))
    print(f"{name:10} leaves {left:.3f} of the mean square; derivative at z = -4, 1, 4: {at}")
# -> relu       leaves 0.500 of the mean square; derivative at z = -4, 1, 4:  0.000   1.000   1.000
# -> leaky_relu leaves 0.520 of the mean square; derivative at z = -4, 1, 4:  0.200   1.000   1.000
# -> elu        leaves 0.645 of the mean square; derivative at z = -4, 1, 4:  0.018   1.000   1.000
# -> gelu       leaves 0.425 of the mean square; derivative at z = -4, 1, 4: -0.001   1.083   1.001
# -> sigmoid    leaves 0.293 of the mean square; derivative at z = -4, 1, 4:  0.018   0.197   0.018
# -> tanh       leaves 0.394 of the mean square; derivative at z = -4, 1, 4:  0.001   0.420   0.001

# %% [markdown]
# ## Predict 2
# Ten ReLU layers learn digits from 400 images. Each start gets the best of five learning rates. Does training make up
# for a start that is too small? (A network that gives each digit 1/10 has the loss log 10 = 2.30.)

# %%
X, y = st.datasets.load_digits()
X, y = X[:400] / 16.0, y[:400]


def trained(rate, start, activation="relu", layers=1, seed=0):
    hidden = [st.Dense(32, activation=activation, kernel_initializer=start) for _ in range(layers)]
    model = st.Sequential([*hidden, st.Dense(10, activation="softmax")], "float64", seed)
    model.compile(loss="categorical_crossentropy", optimizer=st.SGD(rate))
    return model, model.fit(X, y, batch_size=16, epochs=10, verbose=0).history["loss"][-1]


for start in ("uniform", "glorot_uniform", "he_uniform"):  # uniform: the limit is 0.05
    ends = [np.mean([trained(rate, start, layers=10, seed=seed)[1] for seed in range(4)])
            for rate in (0.003, 0.01, 0.03, 0.1, 0.3)]
    print(f"{start:14} training loss of each rate: {'  '.join(f'{end:.1f}' for end in ends)}")
# ~> uniform        training loss of each rate: 2.3  2.3  2.3  2.3  2.3
# ~> glorot_uniform training loss of each rate: 2.3  2.3  2.2  1.7  2.3
# ~> he_uniform     training loss of each rate: 2.0  1.1  0.8  1.4  2.2

# %% [markdown]
# ## Answer 2
# No. With a fixed limit of 0.05 signal and gradient are lost, and no rate learns anything. He's start ends at a lower
# training loss than Glorot's, each with its best rate (in 20 of 20 draws [06a]).

# %% [markdown]
# ## Predict 3
# One hidden layer, Glorot's start. A [learning rate](README.md#networks-and-training) of 0.3 is good; now it is 3. The
# ReLU network ends near log 10, the loss of guessing, the tanh network far above it. Why?

# %%
for activation, rate in (("relu", 0.3), ("relu", 3.0), ("tanh", 0.3), ("tanh", 3.0)):
    model, loss = trained(rate, "glorot_uniform", activation)
    weights, biases, *_ = model.get_weights()
    sums = X @ weights + biases
    state = (f"{np.mean((sums <= 0.0).all(axis=0)):.0%} of the units are 0 for every image" if activation == "relu"
             else f"{np.mean(abs(np.tanh(sums)) > 0.99):.0%} of the outputs beyond 0.99")
    print(f"{activation}, learning rate {rate}: loss {loss:.1f}, {state}")
# ~> relu, learning rate 0.3: loss 0.1, 12% of the units are 0 for every image
# ~> relu, learning rate 3.0: loss 2.4, 100% of the units are 0 for every image
# ~> tanh, learning rate 0.3: loss 0.1, 0% of the outputs beyond 0.99
# ~> tanh, learning rate 3.0: loss 26.8, 100% of the outputs beyond 0.99

# %% [markdown]
# ## Answer 3
# At 3 all ReLU units are *dead*: negative sums for every image (in 20 of 20 draws [06b]). A dead unit's output is 0 and
# its derivative is 0, so no step moves its weights again. What is left are the biases of the last layer, which can only
# guess. A tanh unit does not die, it *saturates*: more than nine of ten outputs are beyond 0.99 (in 20 of 20
# draws [06c]), where its derivative is near 0 too. But such outputs are ±1, not 0: the weights of the last layer keep
# moving, in steps that are too long, and the loss is more than four times that of guessing (in 20 of 20 draws [06d]).
# So a loss that stays near log 10 is a reason to count dead units.
#
# *In your logbook:* from which learning rate on do the trainings of lesson 00 only guess? They have ReLU units, too.

# %% [markdown]
# ## Exercise
# The layers of a network have `widths[0]` inputs, then `widths[1]` units, and so on. All but the last layer have leaky
# ReLU with the given slope; the last has no activation. For each layer return the limit l of the uniform random weights
# that keeps the mean square of the signal, in a list. How much of a mean square does leaky ReLU leave, if positive and
# negative sums are equally frequent? Then run `python -m lessons check 6`.


# %%
def uniform_limits(widths, slope):
    raise NotImplementedError
