# %% [markdown]
# # 04 Backpropagation by hand
# A network of 12 numbers, its gradient worked out on paper and compared with the package's.
#
# Covers sections 2.1 and 4.1 of the document.

# %% [markdown]
# ## Question
# Gradient descent needs the gradient: for each parameter, how much the loss changes if that parameter changes a little.
# With 4,810 parameters, does that take 4,810 small changes, one after the other? Backpropagation gets all of them in
# one pass back through the network. How?

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
# All of it follows from the *chain rule*. If x changes z, and z changes L, then dL/dx = dL/dz · dz/dx: multiply along
# the path. Where several paths lead from x to L, add them up.

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
# Below, dL/do is short for "how much L changes for a little change of o". The first step backward is to find it. Let
# class y be the right one. Then p_y = exp(o_y) / Σⱼ exp(oⱼ), and
#
#     L = -log p_y = -o_y + log Σⱼ exp(oⱼ)
#
# Take the derivative for o_k. The first term gives −1 if k is y and otherwise 0, which is −t_k. The second gives
# exp(o_k) / Σⱼ exp(oⱼ), which is p_k. So dL/do = p − t = (−0.2689, 0.2689).
#
# 1. Which sign has dL/dV for the weight from the first hidden unit to the right class? (Would a larger weight help?)
# 2. The second hidden unit is off: its ReLU puts out 0. Which parts of the gradient are 0 because of that?
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
# Four rules have done all of it, and they do for any network that is built of the same pieces:
#
#     forward                     backward
#     z = x W                     dL/dW = xᵀ · dL/dz    and    dL/dx = dL/dz · Wᵀ
#     z = y + b, in every row     dL/db = the sum of dL/dz over the rows
#     h = f(z), each entry        dL/dz = dL/dh · f'(z), each entry
#     a value used twice          add the gradients of its uses

# %% [markdown]
# ## Code
# The same network in the package. `set_weights` takes W, b, V, c.

# %%
import time

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
# First, is it the gradient that we have worked out on paper?

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
# Then against *central differences*, which do not use the chain rule: move one parameter by h both ways, and see how
# much L changes. That takes two forward passes for each parameter.


# %%
def central_differences(model, x, y, h=1e-5):
    """The gradient without backpropagation, (P,)."""
    found = np.empty(model.theta.size)
    for i in range(model.theta.size):
        kept = model.theta[i]
        model.theta[i] = kept + h
        above = model.objective(x, y)
        model.theta[i] = kept - h
        below = model.objective(x, y)
        model.theta[i] = kept
        found[i] = (above - below) / (2.0 * h)
    return found


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
# Central differences agree here, too. But here they take 2,420 forward passes, and backpropagation takes one forward
# and one backward. We time both. That is why one uses differences to test a gradient, and not to train.

# %%
begun = time.process_time()
by_differences = central_differences(digits, X, y)
between = time.process_time()
for _ in range(20):
    digits.gradient(X, y)
slower = (between - begun) / ((time.process_time() - between) / 20)
print(f"largest difference below 0.00000001: {abs(by_differences - by_package).max() < 1e-8}")
print(f"central differences take more than 100 times as long: {slower > 100.0}")
assert abs(by_differences - by_package).max() < 1e-8 and slower > 100.0
# -> largest difference below 0.00000001: True
# -> central differences take more than 100 times as long: True

# %% [markdown]
# How small should h be? If it is too large, L is not a straight line between the two points. If it is too small, the
# two losses differ only in their last digits, which are rounded. The smallest error is in between. For this network
# and 16 digits it is at an h of the order of 0.00001.

# %%
steps = 10.0 ** np.arange(-1, -14, -0.5)
errors = [abs(central_differences(model, x, label, h) - gradient).max() for h in steps]
fig, ax = plt.subplots(num="04-step-size", layout="constrained")
ax.loglog(steps, errors, "o-", ms=5)
ax.text(3e-13, 1e-9, "h too small:\nrounding", color="0.3")
ax.text(1e-3, 1e-10, "h too large:\nthe curve bends", color="0.3")
ax.set(xlabel="h, how far each parameter is moved", ylabel="largest error of the differences",
       title="Central differences are most exact for an h in between")
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
for start, end, weight, grad in links:
    (x0, y0), (x1, y1) = places[start], places[end]
    share = 0.5 if y0 == y1 else 0.27  # crossing lines carry their numbers near their start
    at = (x0 + share * (x1 - x0), y0 + share * (y1 - y0))
    ax.text(*at, f"{weight:g}", color="tab:blue", ha="right", va="center", bbox={"fc": "w", "ec": "none", "pad": 1})
    ax.text(*at, f" {grad}", color="tab:red", ha="left", va="center", bbox={"fc": "w", "ec": "none", "pad": 1})
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
# The backward pass computes V and c first, then W and b. ReLU's derivative and the transpose come after V and c, so
# those two stay right, and W and b are wrong. Without the mean everything is exactly 200 times too large. Plain
# gradient descent with a learning rate 200 times smaller would make the same steps as without the mistake, so
# training alone does not show it.

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
MISTAKES = {  # what a usual mistake gives for dL/dW in the case below, where 6.5417 is right
    13.0834: "The mean over the rows is missing: divide by n, the number of rows",
    3.2709: "The 2 of the squared error's derivative is missing",
    8.3181: "The derivative of tanh is missing: dL/dz is dL/dh times 1 - tanh(z)^2",
    6.767: "tanh is taken twice: with h = tanh(z), the derivative is 1 - h^2, not 1 - tanh(h)^2",
    6.2386: "The derivative of tanh is 1 - tanh(z)^2, not 1 - z^2",
    4.4741: "The derivative of tanh is 1 - tanh(z)^2; the square is missing",
    2.1806: "V is missing on the way back: dL/dh is dL/da times the transpose of V",
    -6.5417: "The sign is reversed: the derivative of the error has a - t, not t - a",
}


def check(solution=None):
    """Two equal rows by hand, and then random networks of several sizes against the package."""
    solution = solution or tanh_gradient

    def gradient(weights, X, y):
        found = solution(weights, X, y)
        parts = any(np.ndim(part) > 0 for part in found)
        assert not parts, "Return one flat vector: np.concatenate of the four parts, each of them flattened by ravel()"
        return np.asarray(found)

    weights = [np.array([[0.5]]), np.zeros(1), np.array([[3.0]]), np.zeros(1)]
    found = gradient(weights, np.ones((2, 1)), np.zeros((2, 1)))
    named = [text for wrong, text in MISTAKES.items() if np.isclose(found[0], wrong, atol=1e-3)]
    assert not named, f"{named[0]}. (dL/dW is {found[0]:.4f} in a case where it should be 6.5417.)"
    mean_taken = np.isclose(found[1], 3.2709, atol=1e-3) or np.isclose(found[3], 1.3863, atol=1e-3)
    assert not mean_taken, "The gradient of a bias is the sum over the rows, and yours is the mean"

    for n, inputs, units in ((1, 2, 2), (7, 3, 5), (20, 4, 3)):
        rng = np.random.default_rng(n)
        X, y = rng.normal(size=(n, inputs)), rng.normal(size=(n, 1))
        net = st.Sequential([st.Dense(units, activation="tanh"), st.Dense(1)], dtype="float64", seed=n)
        net.compile(loss="mean_squared_error", optimizer=st.SGD(0.1))
        net.build((None, inputs))
        net.theta[:] = rng.normal(size=net.theta.size)
        found, right = gradient(net.get_weights(), X, y), net.gradient(X, y)
        assert found.shape == right.shape, f"The gradient has shape {found.shape}; it should have {right.shape}"
        reordered = np.allclose(np.sort(found), np.sort(right)) and not np.allclose(found, right)
        assert not reordered, "The numbers are right, but their order is not: W, b, V, c, each row by row"
        ends = np.cumsum([inputs * units, units, units])
        for name, a, r in zip("WbVc", np.split(found, ends), np.split(right, ends), strict=True):
            message = f"dL/d{name} is wrong for {n} rows: {a.round(4)} should be {r.round(4)}"
            assert np.allclose(a, r, atol=1e-10), message
