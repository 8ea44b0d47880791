# %% [markdown]
# # 04 Backpropagation by hand
# A network of 12 numbers, its gradient worked out on paper, and the package held against it.

# %% [markdown]
# ## Question
# Gradient descent needs the gradient: for each parameter, how much the loss changes if that parameter changes a
# little. With 4,810 parameters, must one try 4,810 little changes? Backpropagation gets all of them in one pass back
# through the network. How?

# %% [markdown]
# ## Formulas
# Forward, from the input x to the loss L:
#
# - [matmul] cᵢⱼ = Σₖ[aᵢₖ · bₖⱼ]
# - [add_bias] y'ₙⱼ = yₙⱼ + bⱼ
# - [relu] a = z if z > 0 else 0
# - [softmax] pₙₖ = exp(zₙₖ) / Σⱼ[exp(zₙⱼ)] ; sₙ = log(Σⱼ[exp(zₙⱼ)])
# - [categorical_crossentropy] L = −Σₖ[tₖ · log(pₖ)]
#
# Backward, from the loss to the parameters:
#
# - [softmax_crossentropy_grad] gₖ = w · (pₖ · Σⱼ[tⱼ] − tₖ)
# - [relu_grad] d = 1 if z > 0 else 0
# - [bias_grad] dⱼ = Σₙ[eₙⱼ]
# - [matmul_transposed] cᵢⱼ = Σₖ[aᵢₖ · bⱼₖ]
#
# (w is the weight of a row of data; on this page it is 1.)
#
# The one idea behind it is the *chain rule*. If x changes z, and z changes L, then dL/dx = dL/dz · dz/dx: multiply
# along the way. Where several ways lead from x to L, add them up.

# %% [markdown]
# ## The network
# Two inputs, two hidden units with ReLU, two classes with softmax. The numbers are chosen so that you can follow on
# paper.
#
#     x = (1, 2)                    the input; its class is the first one, so t = (1, 0)
#
#     W = | 1   0.5 |   b = (0, 0)     hidden layer: column j holds the weights of hidden unit j
#         | 0  -1   |
#
#     V = | 1   0 |     c = (0, 0)     output layer: column k holds the weights of class k
#         | 2   1 |
#
# Forward:
#
#     z = x W + b = (1·1 + 2·0, 1·0.5 + 2·(-1)) = (1, -1.5)
#     h = relu(z) = (1, 0)                                      the second unit is off
#     o = h V + c = (1·1 + 0·2, 1·0 + 0·1) = (1, 0)
#     p = softmax(o) = (e / (e + 1), 1 / (e + 1)) = (0.7311, 0.2689)
#     L = -log 0.7311 = 0.3133

# %% [markdown]
# ## Predict
# Below, dL/do is short for "how much L changes for a little change of o". It is p − t = (−0.2689, 0.2689).
#
# 1. Which sign has dL/dV for the weight from the first hidden unit to the right class? (Would a larger weight help?)
# 2. The second hidden unit is off. Which parts of the gradient are 0 because of that?
# 3. How does L change, about, if the first entry of x is 1.01 instead of 1?

# %% [markdown]
# Try it on paper before you read on. Backward:
#
#     dL/do = p - t           = (-0.2689, 0.2689)
#     dL/dV = hᵀ · dL/do      = | 1·(-0.2689)  1·0.2689 | = | -0.2689  0.2689 |
#                               | 0·(-0.2689)  0·0.2689 |   |  0       0      |
#     dL/dc = dL/do           = (-0.2689, 0.2689)
#     dL/dh = dL/do · Vᵀ      = (-0.2689·1 + 0.2689·0, -0.2689·2 + 0.2689·1) = (-0.2689, -0.2689)
#     dL/dz = dL/dh · relu'(z) = (-0.2689·1, -0.2689·0) = (-0.2689, 0)
#     dL/dW = xᵀ · dL/dz      = | 1·(-0.2689)  0 | = | -0.2689  0 |
#                               | 2·(-0.2689)  0 |   | -0.5379  0 |
#     dL/db = dL/dz           = (-0.2689, 0)
#
# The pattern: a weight's gradient is *what came in* times *what comes back*. And what comes back goes through the
# same weights as on the way forward, transposed.

# %% [markdown]
# ## Code
# The same network in the package. `set_weights` takes W, b, V, c.

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.network.activations import relu_grad
from scratchtune.network.losses import softmax_crossentropy_grad

model = st.Sequential([st.Dense(2, activation="relu"), st.Dense(2, activation="softmax")], dtype="float64")
model.compile(loss="categorical_crossentropy", optimizer=st.SGD(0.1))
model.build((None, 2))
W, b = np.array([[1.0, 0.5], [0.0, -1.0]]), np.zeros(2)
V, c = np.array([[1.0, 0.0], [2.0, 1.0]]), np.zeros(2)
model.set_weights([W, b, V, c])
x, label = np.array([[1.0, 2.0]]), np.array([0])

print(f"p = {model.predict(x).round(4)[0]}, L = {model.objective(x, label):.4f}")
gradient = model.gradient(x, label)
for name, part in zip(("dL/dW", "dL/db", "dL/dV", "dL/dc"), np.split(gradient, [4, 6, 10]), strict=True):
    print(f"{name} = {part.round(4) + 0.0}")
# -> p = [0.7311 0.2689], L = 0.3133
# -> dL/dW = [-0.2689  0.     -0.5379  0.    ]
# -> dL/db = [-0.2689  0.    ]
# -> dL/dV = [-0.2689  0.2689  0.      0.    ]
# -> dL/dc = [-0.2689  0.2689]

# %% [markdown]
# The gradient is one flat vector in the order W, b, V, c, like `model.theta`. The rows of a matrix follow one
# another.

# %% [markdown]
# ## Check
# First against paper.

# %%
q = 1.0 / (np.e + 1.0)  # 0.2689
on_paper = [-q, 0, -2 * q, 0] + [-q, 0] + [-q, q, 0, 0] + [-q, q]
assert np.allclose(gradient, on_paper, atol=1e-12)

# %% [markdown]
# Question 3: one step further back, dL/dx = dL/dz · Wᵀ = (-0.2689, 0). So for 0.01 more in the first entry of x, L
# should change by about 0.01 · (-0.2689) = -0.0027.

# %%
change = model.objective(np.array([[1.01, 2.0]]), label) - model.objective(x, label)
print(f"L changes by {change:.4f}")
assert abs(change + 0.01 * q) < 1e-4
# -> L changes by -0.0027

# %% [markdown]
# Then against *central differences*, which know nothing of the chain rule: move one parameter by h both ways, and see
# how much L changes. It takes two forward passes for each parameter, so one uses it to test, not to train.


# %%
def central_differences(model, x, y, h=1e-5):
    slopes = np.empty(model.theta.size)
    for i in range(model.theta.size):
        kept = model.theta[i]
        model.theta[i] = kept + h
        above = model.objective(x, y)
        model.theta[i] = kept - h
        below = model.objective(x, y)
        model.theta[i] = kept
        slopes[i] = (above - below) / (2.0 * h)
    return slopes


difference = abs(central_differences(model, x, label) - gradient).max()
print(f"largest difference below 0.000000001: {difference < 1e-9}")
assert difference < 1e-9
# -> largest difference below 0.000000001: True

# %% [markdown]
# And now many rows and many parameters. Nothing new happens: x becomes a matrix with a row for each image, and the
# loss is the mean over the rows, so the first step backward divides by their number.

# %%
X, y = st.datasets.load_digits()
X, y = X[:200] / 16.0, y[:200]
digits = st.Sequential([st.Dense(16, activation="relu"), st.Dense(10, activation="softmax")], dtype="float64")
digits.compile(loss="categorical_crossentropy", optimizer=st.SGD(0.1))
digits.fit(X, y, epochs=3, verbose=0)


def backpropagation(weights, X, y, off=relu_grad, keep_mean=True, transposed=True):
    """The gradient of a network with one hidden ReLU layer: the paper above, for many rows."""
    W, b, V, c = weights
    z = X @ W + b
    h = np.maximum(z, 0.0)
    o = h @ V + c
    p = np.exp(o) / np.exp(o).sum(axis=1, keepdims=True)
    do = np.empty_like(p)
    for row, target, out in zip(p, np.eye(10)[y], do, strict=True):
        softmax_crossentropy_grad(row, target, 1.0, out)
    if keep_mean:
        do /= len(X)
    dh = do @ (V.T if transposed else V.reshape(V.T.shape))
    dz = dh * np.vectorize(off)(z)
    return np.concatenate([part.ravel() for part in (X.T @ dz, dz.sum(0), h.T @ do, do.sum(0))])


by_package = digits.gradient(X, y)
by_hand = backpropagation(digits.get_weights(), X, y)
print(f"{by_hand.size} parameters, by hand and by the package the same: {np.allclose(by_hand, by_package, atol=1e-12)}")
assert np.allclose(by_hand, by_package, atol=1e-12)
# -> 1210 parameters, by hand and by the package the same: True

# %% [markdown]
# How small should h be? Take it too large, and the curve bends between the two points. Take it too small, and the two
# losses differ only in their last digits, which are rounded. In between lies a valley. With 16 digits it is near h =
# 0.00001, which is why you see that number in gradient checks everywhere.

# %%
steps = 10.0 ** np.arange(-1, -14, -0.5)
errors = [abs(central_differences(model, x, label, h) - gradient).max() for h in steps]
fig, ax = plt.subplots(num="04-step-size", layout="constrained")
ax.loglog(steps, errors, "o-", ms=5)
ax.text(3e-13, 1e-9, "h too small:\nrounding", color="0.3")
ax.text(1e-3, 1e-10, "h too large:\nthe curve bends", color="0.3")
ax.set(xlabel="h, how far each parameter is moved", ylabel="largest error of the differences",
       title="Central differences are best at a middling h")
assert 1e-7 < steps[int(np.argmin(errors))] < 1e-3

# %% [markdown]
# The small network once more, as a picture. Blue numbers are computed from left to right, red ones from right to
# left.

# %%
places = {"x₁": (0, 1), "x₂": (0, 0), "h₁": (1.2, 1), "h₂": (1.2, 0), "o₁": (2.4, 1), "o₂": (2.4, 0), "L": (3.5, 0.5)}
forward = {"x₁": "1", "x₂": "2", "h₁": "1", "h₂": "0 (off)", "o₁": "1", "o₂": "0", "L": "0.3133"}
back = {"h₁": "−0.2689", "h₂": "−0.2689", "o₁": "−0.2689", "o₂": "+0.2689", "L": "1"}
links = [("x₁", "h₁", 1, "−0.2689"), ("x₁", "h₂", 0.5, "0"), ("x₂", "h₁", 0, "−0.5379"), ("x₂", "h₂", -1, "0"),
         ("h₁", "o₁", 1, "−0.2689"), ("h₁", "o₂", 0, "+0.2689"), ("h₂", "o₁", 2, "0"), ("h₂", "o₂", 1, "0")]
fig, ax = plt.subplots(num="04-network", figsize=(10, 5), layout="constrained")
ax.axis("off")
ax.set(xlim=(-0.35, 3.95), ylim=(-0.35, 1.45))
for start, end in [(a, b) for a, b, *_ in links] + [("o₁", "L"), ("o₂", "L")]:
    ax.plot(*zip(places[start], places[end], strict=True), color="0.75", lw=1.5, zorder=1)
for start, end, weight, slope in links:
    (x0, y0), (x1, y1) = places[start], places[end]
    share = 0.5 if y0 == y1 else 0.27  # crossing lines carry their numbers near their start
    at = (x0 + share * (x1 - x0), y0 + share * (y1 - y0))
    ax.text(*at, f"{weight:g}", color="tab:blue", ha="right", va="center", bbox={"fc": "w", "ec": "none", "pad": 1})
    ax.text(*at, f" {slope}", color="tab:red", ha="left", va="center", bbox={"fc": "w", "ec": "none", "pad": 1})
for name, place in places.items():
    ax.scatter(*place, s=1500, color="white", edgecolor="0.3", zorder=2)
    ax.text(*place, name, ha="center", va="center", fontsize=13, zorder=3)
    ax.text(place[0], place[1] + 0.17, forward[name], ha="center", color="tab:blue", fontsize=12)
    ax.text(place[0], place[1] - 0.23, back.get(name, ""), ha="center", color="tab:red", fontsize=12)
ax.set_title("Blue: values and weights, forward.  Red: dL/d(value) and dL/d(weight), backward.")

# %% [markdown]
# ## Break it
# Forget one thing at a time, and see in which layer the gradient goes wrong.


# %%
def always_on(z):
    return 1.0


def compare(wrong):
    """The error of each part of the gradient, as a share of the part's size."""
    parts = [np.split(vector, np.cumsum([1024, 16, 160])) for vector in (wrong, by_package)]
    return [np.linalg.norm(a - r) / np.linalg.norm(r) for a, r in zip(*parts, strict=True)]


weights = digits.get_weights()
faults = {
    "nothing": backpropagation(weights, X, y),
    "relu's derivative": backpropagation(weights, X, y, off=always_on),
    "the transpose of V": backpropagation(weights, X, y, transposed=False),
    "the mean over rows": backpropagation(weights, X, y, keep_mean=False),
}
print(f"{'forgotten':20}{'dL/dW':>8}{'dL/db':>8}{'dL/dV':>8}{'dL/dc':>8}")
for name, wrong in faults.items():
    print(f"{name:20}" + "".join(f"{error:8.2f}" for error in compare(wrong)))
# -> forgotten              dL/dW   dL/db   dL/dV   dL/dc
# -> nothing                 0.00    0.00    0.00    0.00
# -> relu's derivative       0.84    0.97    0.00    0.00
# -> the transpose of V      1.37    1.32    0.00    0.00
# -> the mean over rows    199.00  199.00  199.00  199.00

# %% [markdown]
# A mistake on the way back spoils what lies behind it, not before it. ReLU's derivative and the transpose concern W
# and b, and V and c stay right. Without the mean everything is 200 times too large. Its direction is right, so with a
# learning rate 200 times smaller nobody would notice.

# %%
assert max(compare(faults["nothing"])) < 1e-10
for name in ("relu's derivative", "the transpose of V"):
    errors = compare(faults[name])
    assert min(errors[:2]) > 0.1 and max(errors[2:]) < 1e-10
assert np.allclose(compare(faults["the mean over rows"]), 199.0)

# %% [markdown]
# ## Exercise
# Another network: the hidden layer has tanh instead of ReLU, and the output is one number with the squared error
# ([mean_squared_error], mean over the rows). Write its gradient, as one flat vector in the order W, b, V, c. You need
#
# - the derivative of tanh, which is 1 − tanh(z)² (the package writes it differently: [tanh_grad]);
# - [mean_squared_error_grad] gₖ = 2 · (aₖ − tₖ) / #k
#
# X is (n, inputs), y is (n, 1). Then run `python -m lessons check 4`.


# %%
def tanh_gradient(weights, X, y):
    raise NotImplementedError


# %%
def check(solution=None):
    """Against the package, on random networks of several sizes."""
    solution = solution or tanh_gradient
    for n, inputs, units in ((1, 2, 2), (7, 3, 5), (20, 4, 3)):
        rng = np.random.default_rng(n)
        X, y = rng.normal(size=(n, inputs)), rng.normal(size=(n, 1))
        net = st.Sequential([st.Dense(units, activation="tanh"), st.Dense(1)], dtype="float64", seed=n)
        net.compile(loss="mean_squared_error", optimizer=st.SGD(0.1))
        net.build((None, inputs))
        net.theta[:] = rng.normal(size=net.theta.size)
        found, right = np.asarray(solution(net.get_weights(), X, y)), net.gradient(X, y)
        assert found.shape == right.shape, f"the gradient has shape {found.shape}; it should have {right.shape}"
        ends = np.cumsum([inputs * units, units, units])
        for name, a, r in zip("WbVc", np.split(found, ends), np.split(right, ends), strict=True):
            message = f"dL/d{name} is wrong for {n} rows: {a.round(4)} should be {r.round(4)}"
            assert np.allclose(a, r, atol=1e-10), message
