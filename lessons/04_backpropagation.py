# %% [markdown]
# # 04 Backpropagation by hand
# One pass back through a network gives the gradient of all its parameters: 12 numbers on paper, then any network.
#
# 40 minutes · needs 03

# %% [markdown]
# ## Question
# Descent needs the [gradient](README.md#networks-and-training): for each parameter, how much the loss changes if that
# parameter changes a little. To measure it, one would move each parameter and compute the loss again, thousands of
# times for one step. [Backpropagation](README.md#networks-and-training) gets all of it in one pass. How?
#
# Here is a network to follow on paper: two inputs, two hidden units, two classes, 12 parameters. The input is
# x = (1, 2), and the right class is the first one, so the target is t = (1, 0). Forward:
#
#     W = | 1  0.5 |   b = (0, 0)    z = x W + b    = (1·1 + 2·0, 1·0.5 + 2·(-1)) = (1, -1.5)
#         | 0  -1  |                 h = relu(z)    = (1, 0)          the second unit is off
#     V = | 1   0  |   c = (0, 0)    o = h V + c    = (1·1 + 0·2, 1·0 + 0·1) = (1, 0)
#         | 2   1  |                 p = softmax(o) = (e / (e + 1), 1 / (e + 1))
#                                    L = -log p₁
#
# - [dense] yₙⱼ = Σᵢ[xₙᵢ · wᵢⱼ] + bⱼ
# - [relu] a = z if z > 0 else 0
# - [categorical_crossentropy] L = −Σₖ[tₖ · log(pₖ)]

# %% [markdown]
# ## Predict 1
# Go backward on paper. The first step is known: dL/do = p − t, which is (−0.2689, 0.2689). The rest is the chain rule:
# multiply along a path, add where paths meet. Which sign has dL/dV for the weight from the first hidden unit to the
# right class? And which of the 12 numbers are 0, because the second unit is off?

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st

model = st.Sequential([st.Dense(2, activation="relu"), st.Dense(2, activation="softmax")], dtype="float64")
model.compile(loss="categorical_crossentropy", optimizer=st.SGD(0.1))
model.build((None, 2))
model.set_weights([np.array([[1.0, 0.5], [0.0, -1.0]]), np.zeros(2), np.array([[1.0, 0.0], [2.0, 1.0]]), np.zeros(2)])
x, label = np.array([[1.0, 2.0]]), np.array([0])

print(f"p = {model.predict(x).round(4)[0]}, L = {model.objective(x, label):.4f}")
gradient = model.gradient(x, label)  # one flat vector: W, b, V, c, the rows of a matrix after one another
for name, part in zip(("dL/dW", "dL/db", "dL/dV", "dL/dc"), np.split(gradient, [4, 6, 10]), strict=True):
    print(f"{name} = {part.round(4) + 0.0}")
# -> p = [0.7311 0.2689], L = 0.3133
# -> dL/dW = [-0.2689  0.     -0.5379  0.    ]
# -> dL/db = [-0.2689  0.    ]
# -> dL/dV = [-0.2689  0.2689  0.      0.    ]
# -> dL/dc = [-0.2689  0.2689]

# %% [markdown]
# ## Answer 1
# The sign is negative: a larger weight would raise p₁ and lower the loss. Zero are *five* numbers, in both layers: the
# second unit sends nothing forward, so the second row of dL/dV is 0, and nothing comes back through it, so its column
# of dL/dW and its entry of dL/db are 0.
#
#     dL/do = p - t            = (-0.2689, 0.2689)
#     dL/dV = hᵀ · dL/do       = | -0.2689  0.2689 |        dL/dc = dL/do
#                                |  0       0      |
#     dL/dh = dL/do · Vᵀ       = (-0.2689, -0.2689)
#     dL/dz = dL/dh · relu'(z) = (-0.2689·1, -0.2689·0)
#     dL/dW = xᵀ · dL/dz       = | -0.2689  0 |             dL/db = dL/dz
#                                | -0.5379  0 |
#
# - [softmax_crossentropy_grad] gₖ = w · (pₖ · Σⱼ[tⱼ] − tₖ)
# - [relu_grad] d = 1 if z > 0 else 0
# - [bias_grad] dⱼ = Σₙ[eₙⱼ]
# - [dense_input_grad] dₙᵢ = Σⱼ[eₙⱼ · wᵢⱼ]
#
# In the first line w is the weight of a row: 1, or 1/n where the loss is the mean of n rows. Three rules do all of it,
# for any number of layers: the weights get (their input)ᵀ · d, the biases the sum of d over the rows, and the layer
# before gets d · Wᵀ, times the activation's derivative.

# %%
places = {"x₁": (0, 1), "x₂": (0, 0), "h₁": (1.2, 1), "h₂": (1.2, 0), "o₁": (2.4, 1), "o₂": (2.4, 0), "L": (3.5, 0.5)}
values = {"x₁": "1", "x₂": "2", "h₁": "1", "h₂": "0 (off)", "o₁": "1", "o₂": "0", "L": "0.3133"}
back = {"h₁": "−0.2689", "h₂": "−0.2689", "o₁": "−0.2689", "o₂": "+0.2689", "L": "1"}
links = [("x₁", "h₁", 1, "−0.2689"), ("x₁", "h₂", 0.5, "0"), ("x₂", "h₁", 0, "−0.5379"), ("x₂", "h₂", -1, "0"),
         ("h₁", "o₁", 1, "−0.2689"), ("h₁", "o₂", 0, "+0.2689"), ("h₂", "o₁", 2, "0"), ("h₂", "o₂", 1, "0")]
fig, ax = plt.subplots(num="04-network", figsize=(10, 5), layout="constrained")
ax.axis("off")
ax.set(xlim=(-0.35, 3.95), ylim=(-0.35, 1.45))
for start, end in [(a, b) for a, b, *_ in links] + [("o₁", "L"), ("o₂", "L")]:
    ax.plot(*zip(places[start], places[end], strict=True), color="0.75", lw=1.5, zorder=1)
for start, end, weight, grad in links:
    (x0, y0), (x1, y1) = places[start], places[end]
    share = 0.5 if y0 == y1 else 0.27  # crossing lines carry their numbers near their start
    at, white = (x0 + share * (x1 - x0), y0 + share * (y1 - y0)), {"fc": "w", "ec": "none", "pad": 1}
    ax.text(*at, f"{weight:g}", color="tab:blue", ha="right", va="center", bbox=white)
    ax.text(*at, f" {grad}", color="tab:red", ha="left", va="center", bbox=white)
for name, (across, up) in places.items():
    ax.scatter(across, up, s=1500, color="white", edgecolor="0.3", zorder=2)
    ax.text(across, up, name, ha="center", va="center", fontsize=13, zorder=3)
    ax.text(across, up + 0.17, values[name], ha="center", color="tab:blue", fontsize=12)
    ax.text(across, up - 0.23, back.get(name, ""), ha="center", color="tab:red", fontsize=12)
ax.set_title("Blue: values and weights, forward.  Red: dL/d(value) and dL/d(weight), backward.")

# %% [markdown]
# ## Predict 2
# Real digits, 1,210 parameters, 500 rows at once: X is a matrix with a row for each image. We write the backward pass
# and make two mistakes on purpose: relu' is forgotten, or V is reshaped where it should be transposed. How far is the
# gradient off? And does a network with such a mistake still learn to read?

# %%
X, y = st.datasets.load_digits()
X, (train, unseen) = X / 16.0, np.split(np.random.default_rng(0).permutation(len(X)), [500])


def backward(weights, X, y, fault=""):
    """The gradient of a network with one hidden ReLU layer, as on paper: a list in the order W, b, V, c."""
    W, b, V, c = weights
    z = X @ W + b
    h = np.maximum(z, 0.0)
    p = np.exp(h @ V + c)
    p /= p.sum(axis=1, keepdims=True)
    do = (p - np.eye(10)[y]) / len(X)
    dh = do @ (V.reshape(V.T.shape) if fault == "transpose" else V.T)
    dz = dh * (1.0 if fault == "relu'" else z > 0.0)
    return [X.T @ dz, dz.sum(axis=0), h.T @ do, do.sum(axis=0)]


digits = st.Sequential([st.Dense(16, activation="relu"), st.Dense(10, activation="softmax")], dtype="float64")
digits.compile(loss="categorical_crossentropy", optimizer=st.SGD(0.2))
digits.build((None, 64))
start, package = digits.get_weights(), digits.gradient(X[train], y[train])
for fault in ("", "relu'", "transpose"):
    found = np.concatenate([part.ravel() for part in backward(start, X[train], y[train], fault)])
    off = np.linalg.norm(found - package) / np.linalg.norm(package)
    weights = [part.copy() for part in start]
    for _ in range(300):
        for part, grad in zip(weights, backward(weights, X[train], y[train], fault), strict=True):
            part -= 0.2 * grad
    digits.set_weights(weights)
    read = np.mean(digits.predict(X[unseen]).argmax(axis=1) == y[unseen])
    print(f"forgotten: {fault or 'nothing':10} off by {off:4.0%}, reads {read:.2f} of unseen digits")
# ~> forgotten: nothing    off by   0%, reads 0.94 of unseen digits
# ~> forgotten: relu'      off by  71%, reads 0.94 of unseen digits
# ~> forgotten: transpose  off by 128%, reads 0.93 of unseen digits

# %% [markdown]
# ## Answer 2
# It learns, with a gradient that is far off: either faulty network reads more than 75 of 100 unseen digits (in 20 of
# 20 draws [04a]). The output layer comes before both mistakes on the way back, so *its* gradient is right, and it does
# the best it can with what the hidden layer gives. Without a mistake the training loss is lower (in 20 of 20 draws
# [04b]), but who has one curve alone sees no mistake in it. So test a gradient itself, against another implementation
# as here, or against (J(θ + h) − J(θ − h)) / 2h for a small h.

# %% [markdown]
# ## Exercise
# Write the engine: any number of dense layers, ReLU between them, softmax and the cross-entropy at the end. `sizes` is
# the number of inputs, then the number of units of each layer; `theta` holds all parameters in one vector, W and b of
# the first layer, W and b of the second, and so on. `layers` is given. Two methods are missing:
#
# - `forward(theta, X)` returns a list: the input of each layer (the first is X), and last the probabilities;
# - `backward(theta, X, y)` returns the mean loss over the rows, and its gradient, flat like theta. y holds class
#   numbers.
#
# `python -m lessons check 4` compares it with the package on networks of one to three layers. Keep it: the exercises of
# 03 and 05 take any function of theta that returns a loss and its gradient, so they train your engine.


# %%
class Engine:
    def __init__(self, sizes):
        self.sizes = sizes

    def layers(self, theta):
        """W and b of each layer, as views of theta."""
        found, at = [], 0
        for inputs, units in zip(self.sizes, self.sizes[1:], strict=False):
            end = at + inputs * units
            found.append((theta[at:end].reshape(inputs, units), theta[end : end + units]))
            at = end + units
        return found

    def forward(self, theta, X):
        raise NotImplementedError

    def backward(self, theta, X, y):
        raise NotImplementedError
