r"""The text from which `emit` makes scripts in Keras and in PyTorch: all that a network may need.

A line that ends in ``#? A B`` is written if A and B are among the parts of the script; ``A|B`` is one of both, ``!A``
is without A. Such a mark on a function or a class decides on the whole of it. ``$NAME`` is replaced by a text.
"""

TEMPLATE = r'''
import base64
import csv
import gzip  #? gzip
import sys
import zlib
from datetime import datetime  #? date !zone
from datetime import datetime, timezone  #? zone
from math import $MATH  #? math

import keras  #? keras
import numpy as np
import pandas as pd  #? frame
import torch  #? torch
from keras import ops  #? keras
from torch import nn  #? torch

$CONSTANTS
torch.set_default_dtype(torch.float64)  #? torch double
keras.config.set_floatx("float64")  #? keras double

# Reading, as scratchtune has read the file

def read(path):
    """The columns of a file: by name, the texts of its cells."""
    with open(path, encoding="utf-8-sig", newline="") as file:  #? csv !gzip
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:  #? csv gzip
        next(file)  # the line sep=..  #? csv sep
        names, *rows = [row for row in csv.reader(file, delimiter=DELIMITER, skipinitialspace=True) if row]  #? csv
    columns = dict(zip(names, zip(*rows)))  #? csv
    table = pd.$READ  #? frame
    columns = {str(name): table[name].array for name in table}  #? frame
    columns = {}  #? npz
    for name, array in np.load(path).items():  #? npz
        columns |= {name: array} if array.ndim == 1 else {f"{name}{j}": x for j, x in enumerate(array.T)}  #? npz
    return {name.strip(): [cell.strip() for cell in map(text, cells)] for name, cells in columns.items()}  #? !csv
    return {name.strip(): [cell.strip() for cell in cells] for name, cells in columns.items()}  #? csv

def text(value):  #? !csv
    """A cell as a CSV file has it: empty if it is missing, 3 for 3.0."""
    if value is None or str(value) in ("nan", "NaT", "<NA>"):
        return ""
    return str(value).removesuffix(".0") if isinstance(value, (float, np.floating)) else str(value)

def number(cell):
    """A cell as a number, NaN if it is missing."""
    for sign in THOUSANDS:  #? thousands
        cell = cell.replace(sign, "")  #? thousands
    cell = cell.replace(",", ".")  # the decimal mark  #? comma
    try:  #? coerced
        value = np.nan if cell.lower() in MISSING else float(cell)  #? coerced
    except ValueError:  #? coerced
        value = np.nan  #? coerced
    value = np.nan if cell.lower() in MISSING else float(cell)  #? !coerced
    return np.nan if value in MISSING_NUMBERS else value  #? gaps
    return value  #? !gaps

def days(cell, forms):  #? date
    """A date as days since 1 January 1970, the time of day as a fraction; NaN if it is missing."""
    for form in forms if cell.lower() not in MISSING else ():
        try:
            date = datetime.strptime(cell, form)
        except ValueError:
            continue
        if date.tzinfo:  #? zone
            date = date.astimezone(timezone.utc).replace(tzinfo=None)  #? zone
        return (date - datetime(1970, 1, 1)).total_seconds() / 86400
    if cell.lower() in MISSING:
        return np.nan
    raise ValueError(f"{cell!r} is no date of the forms {forms}")

# Features, by what scratchtune has fitted to the training rows (at the end of this file)

def number_columns(columns):  #? number
    """Numbers, the median for a missing one; if so fitted, a column follows that is 1 where a number is missing."""
    parts = []
    for name, (median, indicated) in NUMBERS.items():
        x = np.array([number(cell) for cell in columns[name]])
        parts += [np.where(np.isnan(x), median, x), *[np.isnan(x)] * indicated]
    return parts

def date_columns(columns):  #? date
    """Parts of dates: a number, kept within its range in training, or a column of 0 and 1 for each listed value."""
    found = []
    for name, (forms, median, indicated, first, parts) in DATES.items():
        given = np.array([days(cell, forms) for cell in columns[name]])
        missing = np.isnan(given)
        for part, values in parts.items():
            x = part_of_dates(np.where(missing, median, given), part, first)
            one_hot = isinstance(values, list)
            found += [(x == value) & ~missing for value in values] if one_hot else [np.clip(x, *values)]
        found += [missing] * indicated
    return found

def part_of_dates(days, part, first):  #? date
    """One part of dates that are days since 1 January 1970, a Thursday; Monday is 0."""
    day = np.floor(days).astype(int).astype("datetime64[D]")  #? year|month|weekday|day
    month = day.astype("datetime64[M]")  #? year|month|day
    if part == "year":  #? year
        return month.astype("datetime64[Y]").astype(int) + 1970  #? year
    if part == "month":  #? month
        return month.astype(int) % 12 + 1  #? month
    if part == "weekday":  #? weekday
        return (day.astype(int) + 3) % 7  #? weekday
    if part == "day":  #? day
        return (day - month.astype("datetime64[D]")).astype(int) + 1  #? day
    if part == "hour":  #? hour
        return np.floor(days % 1 * 24 + 1e-9)  #? hour
    return days - first

def codes(cells, texts):  #? short|long
    """The place of each cell's text in a list; an unknown text is (other), or (missing) if no text was rare."""
    place = {text: i for i, text in enumerate(texts)}
    missing = place.get("(missing)", len(texts))
    other = place.get("(other)", missing)
    return np.array([missing if cell.lower() in MISSING else place.get(cell, other) for cell in cells])

def scaled(x):  #? number|date
    """$SCALING"""
    return (x - CENTER) / SCALE  #? affine
    z = np.clip((x - CENTER) * FACTOR, -1e18, 1e18)  #? robust
    return z / np.sqrt(1 + (z / 3) ** 2)  #? robust
    return np.column_stack([np.interp(column, *q) for column, q in zip(x.T, QUANTILES)])  #? quantile
    return x  #? unscaled

def features(columns):
    """The inputs of the network, (rows, inputs): $INPUTS."""
    parts = [scaled(np.column_stack([*number_columns(columns), *date_columns(columns)]).astype(float))]  #? number date
    parts = [scaled(np.column_stack(number_columns(columns)).astype(float))]  #? number !date
    parts = [scaled(np.column_stack(date_columns(columns)).astype(float))]  #? date !number
    parts = []  #? !number !date
    parts += [codes(columns[name], texts)[:, None] == np.arange(len(texts)) for name, texts in TEXTS.items()]  #? short
    parts += [codes(columns[name], texts) for name, texts in EMBEDDED.items()]  #? long
    return np.column_stack(parts).astype("$DTYPE")

def target(cells):
    """The number of each row's class."""  #? classes
    """The value of each row."""  #? !classes
    place = {label: i for i, label in enumerate(CLASSES)}  #? classes !digits
    return np.array([place[cell] for cell in cells])  #? classes !digits
    place = {float(label): i for i, label in enumerate(CLASSES)}  #? digits
    return np.array([place[number(cell)] for cell in cells])  #? digits
    return np.array([number(cell) for cell in cells])  #? !classes

# The network

def weight(initial):  #? custom
    return nn.Parameter(torch.tensor(initial, dtype=torch.$DTYPE))  #? torch
    return keras.Variable(initial, dtype="$DTYPE")  #? keras

def uniform(shape, variance):  #? linear|members
    """Uniform random numbers with mean 0 and this variance."""
    return rng.uniform(-np.sqrt(3 * variance), np.sqrt(3 * variance), shape)

class ColumnLinear($LAYER):  #? linear
    """A linear map of its own for each column, or member, j: y[n, j] = x[n, j] @ kernel[j] + bias[j]."""

    def __init__(self, columns, inputs, units, variance):
        super().__init__()
        self.kernel = weight(uniform((columns, inputs, units), variance))
        self.bias = weight(np.zeros((columns, units)))

    def $CALL(self, x):
        return $OPS.einsum("njk,jkm->njm", x, self.kernel) + self.bias

class BatchEnsemble($LAYER):  #? members hidden
    """A dense layer of each member m, with one kernel: y[m] = ((x[m] * r[m]) @ kernel) * s[m] + b[m]."""

    def __init__(self, inputs, units, first):
        super().__init__()
        self.r = weight(rng.choice([-1.0, 1.0], (MEMBERS, inputs)) if first else np.ones((MEMBERS, inputs)))
        self.kernel = weight(uniform((inputs, units), 2 / (inputs + units)))
        self.s = weight(np.ones((MEMBERS, units)))
        self.b = weight(np.zeros((MEMBERS, units)))

    def $CALL(self, x):
        return $OPS.matmul(x * self.r, self.kernel) * self.s + self.b

class Parametric($LAYER):  #? parametric hidden
    """x + alpha (activation(x) - x), with a learned alpha for each unit."""

    def __init__(self, units):
        super().__init__()
        self.alpha = weight(np.ones(units))

    def $CALL(self, x):
        return x + self.alpha * (ACTIVATION(x) - x)

def dense(inputs, units):  #? torch !members
    """A linear layer with the first weights of Glorot and Bengio (2010)."""
    layer = nn.Linear(inputs, units)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer

class Network($MODEL):
    def __init__(self, inputs):
        super().__init__()
        tables = [np.vstack([rng.standard_normal((len(texts), 8)), np.zeros(8)]) for texts in EMBEDDED.values()]  #? long
        self.vectors = $LIST([weight(table) for table in tables])  # of each category; the last: unknown  #? long
        inputs += 7 * len(tables)  # each code becomes 8 numbers  #? long
        self.frequencies = weight(FREQUENCY_SCALE * rng.standard_normal((COLUMNS, 16)))  #? periodic
        self.phases = weight(rng.uniform(-0.5, 0.5, (COLUMNS, 16)))  #? periodic
        self.embedding = ColumnLinear(COLUMNS, $WIDTH, EMBEDDING_DIM - 1, 1 / $WIDTH)  #? embedding
        inputs += COLUMNS * (EMBEDDING_DIM - 1)  #? embedding
        self.scale = weight(np.ones(inputs))  #? scaling
        parts = []
        for units in UNITS:  #? hidden
            parts.append($DENSE(inputs, units))  #? hidden !members torch
            parts.append($DENSE(units))  #? hidden !members keras
            parts.append(BatchEnsemble(inputs, units, first=not parts))  #? hidden members
            parts.append(ACTIVATION)  #? hidden !parametric
            parts.append(Parametric(units))  #? hidden parametric
            parts.append($DROPOUT(DROPOUT))  #? hidden dropout
            inputs = units  #? hidden
        parts.append($DENSE(inputs, OUTPUTS))  #? !members torch
        parts.append($DENSE(OUTPUTS))  #? !members keras
        parts.append(ColumnLinear(MEMBERS, inputs, OUTPUTS, 2 / (inputs + OUTPUTS)))  #? members
        self.parts = $MODULES(parts)

    def $CALL(self, x):  #? torch|!augment
    def call(self, x, training=False):  #? keras augment
        codes = x[:, -len(EMBEDDED):].long()  #? long torch
        vectors = [vectors[codes[:, j]] for j, vectors in enumerate(self.vectors)]  #? long torch
        codes = ops.cast(x[:, -len(EMBEDDED):], "int32")  #? long keras
        vectors = [ops.take(vectors, codes[:, j], axis=0) for j, vectors in enumerate(self.vectors)]  #? long keras
        x = $CONCATENATE([x[:, :-len(EMBEDDED)], *vectors], 1)  #? long
        if self.training:  #? augment torch
            x = x + NOISE * torch.randn_like(x)  #? augment torch
        if training:  #? augment keras
            x = x + NOISE * keras.random.normal(ops.shape(x), dtype=x.dtype)  #? augment keras
        t = x[:, :COLUMNS, None] * self.frequencies + self.phases  # in turns  #? periodic
        encoding = $OPS.cos(2 * np.pi * t)  #? periodic
        low, width = $BINS  # of each number, 16 bins or fewer  #? piecewise
        encoding = $OPS.clip((x[:, :COLUMNS, None] - low) / width, 0, 1)  # 0 below a bin, 1 above  #? piecewise
        embedded = self.embedding(encoding)  #? embedding
        x = $CONCATENATE([x, $OPS.reshape(embedded, (-1, COLUMNS * (EMBEDDING_DIM - 1)))], 1)  #? embedding
        x = x * self.scale  #? scaling
        x = $REPEAT  #? members
        for part in self.parts:
            x = part(x)
        return x

    def compute_loss(self, *given, **named):  #? keras penalty
        """The loss and the penalty of all weights, biases too."""  #? keras penalty
        loss = super().compute_loss(*given, **named)  #? keras penalty
        loss += L1 * sum(ops.sum(ops.abs(theta)) for theta in self.trainable_variables)  #? keras l1
        loss += L2 * sum(ops.sum(theta**2) for theta in self.trainable_variables)  #? keras l2
        return loss  #? keras penalty

# Training

def rate(step):  #? rate torch
    """The learning rate after so many steps."""
    return $RATE

class Rate(keras.optimizers.schedules.LearningRateSchedule):  #? rate keras
    """The learning rate after so many steps."""

    def __call__(self, step):
        step = ops.cast(step, "float32")
        return $RATE

def losses(y, z):
    """The cross-entropy of softmax(z), of each row."""  #? classes !members
    """The cross-entropy of softmax(z), of each row: the mean over the members, each with a loss of its own."""  #? classes members
    """The squared error of each row."""  #? !classes !members
    """The squared error of each row: the mean over the members, each with a loss of its own."""  #? !classes members
    each = (z[..., 0] - $OPS.reshape(y, (-1, 1))) ** 2  #? !classes members
    each = (z[..., 0] - $OPS.reshape(y, (-1,))) ** 2  #? !classes !members
    y = y[:, None].expand(-1, MEMBERS)  #? classes members torch
    y = ops.repeat(ops.reshape(y, (-1, 1)), MEMBERS, axis=1)  #? classes members keras
    each = nn.functional.cross_entropy(z.movedim(-1, 1), y, reduction="none")  #? classes torch !smoothing
    each = nn.functional.cross_entropy(z, y, reduction="none", label_smoothing=SMOOTHING)  #? torch smoothing
    y = ops.reshape(y, (-1,))  #? classes !members keras
    each = ops.sparse_categorical_crossentropy(y, z, from_logits=True)  #? classes keras !smoothing
    y = (1 - SMOOTHING) * ops.one_hot(y, OUTPUTS) + SMOOTHING / OUTPUTS  #? smoothing keras
    each = ops.categorical_crossentropy(y, z, from_logits=True)  #? smoothing keras
    return $OPS.mean(each, 1)  #? members
    return each  #? !members

def trained(X, y):
    """The network after EPOCHS passes over the rows, in batches of a random order."""
    $SET_SEED(SEED)
    weights = CLASS_WEIGHTS[y]  #? weighted
    X, y, weights = X[weights > 0], y[weights > 0], weights[weights > 0]  #? weighted
    weights = weights / weights.mean()  #? weighted
    y = ((y - Y_CENTER) / Y_SCALE).astype("$DTYPE")  #? !classes
    model = Network(X.shape[1])
    model.compile(keras.optimizers.$OPTIMIZER, loss=losses)  #? keras
    model.fit(X, y, batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=2)  #? keras !weighted
    model.fit(X, y, batch_size=BATCH_SIZE, epochs=EPOCHS, sample_weight=weights, verbose=2)  #? keras weighted
    X, y, parameters, step = torch.tensor(X), torch.tensor(y), list(model.parameters()), 0  #? torch
    weights = torch.tensor(weights, dtype=torch.$DTYPE)  #? torch weighted
    optimizer = torch.optim.$OPTIMIZER  #? torch adam
    average = parameters  #? torch averaging
    memory = [torch.zeros_like(theta) for theta in parameters]  #? torch !adam
    for epoch in range(EPOCHS):  #? torch
        for batch in torch.randperm(len(X)).split(BATCH_SIZE):  #? torch
            loss = losses(y[batch], model(X[batch])).mean()  #? torch !weighted
            loss = (weights[batch] * losses(y[batch], model(X[batch]))).mean()  #? torch weighted
            loss = loss + L1 * sum(theta.abs().sum() for theta in parameters)  # of biases too  #? torch l1
            loss = loss + L2 * sum((theta**2).sum() for theta in parameters)  # of biases too  #? torch l2
            model.zero_grad()  #? torch
            loss.backward()  #? torch
            optimizer.param_groups[0]["lr"] = rate(step)  #? torch adam rate
            optimizer.step()  #? torch adam
            update(parameters, memory, rate(step))  #? torch !adam rate
            update(parameters, memory, LEARNING_RATE)  #? torch !adam !rate
            step += 1  #? torch
            keep = AVERAGING if step > 1 else 0.0  #? torch averaging
            average = [keep * a.detach() + (1 - keep) * theta.detach() for a, theta in zip(average, parameters)]  #? torch averaging
        print(f"epoch {epoch + 1} of {EPOCHS}: loss {loss.item():.4f} on the last batch")  #? torch
    for theta, a in zip(parameters, average):  #? torch averaging
        theta.data = a  #? torch averaging
    return model

@torch.no_grad()  #? torch !adam
def update(parameters, memory, alpha):  #? torch !adam
    """RMSprop: theta -= alpha g / sqrt(v + 1e-7); torch.optim.RMSprop has its epsilon outside the root."""  #? rmsprop
    """Momentum: v = MOMENTUM v - alpha g, theta += v; torch.optim.SGD keeps alpha, which changes, out of v."""  #? sgd
    for theta, v in zip(parameters, memory):
        theta -= alpha * WEIGHT_DECAY * theta  #? decayed
        v.copy_(0.9 * v + 0.1 * theta.grad**2)  #? rmsprop
        theta -= alpha * theta.grad / torch.sqrt(v + 1e-7)  #? rmsprop
        v.copy_(MOMENTUM * v - alpha * theta.grad)  #? sgd
        theta += v  #? sgd

def outputs(model, X):
    return model.predict(X, verbose=0).astype(float)  #? keras
    model.eval()  # no dropout  #? torch
    with torch.no_grad():  #? torch
        return torch.cat([model(rows) for rows in torch.tensor(X).split(10_000)]).double().numpy()  #? torch

# Predictions

def predicted(model, X):
    """The probability of each class: softmax(z)."""  #? classes !members
    """The probability of each class: the mean over the members of softmax(z)."""  #? classes members
    """The values."""  #? !classes !log
    """The logarithms of the values, at most as far beyond those of training as these differ."""  #? log
    z = outputs(model, X)
    p = np.exp(z - z.max(axis=-1, keepdims=True))  #? classes
    p /= p.sum(axis=-1, keepdims=True)  #? classes
    return p.mean(axis=1)  #? classes members
    return p  #? classes !members
    z = z.mean(axis=1)  # of the members  #? !classes members
    return z[:, 0] * Y_SCALE + Y_CENTER  #? !classes !log
    return np.clip(z[:, 0] * Y_SCALE + Y_CENTER, *LOG_RANGE)  #? log

def restored(q, smearing):  #? log
    """Values from logarithms q: the smearing factor makes exp(q) the mean (Duan 1983)."""
    return smearing * np.exp(q)  #? !log1p
    return np.maximum(smearing * np.exp(q) - 1, 0)  #? log1p

def scores(y, p):
    """The accuracy, and the mean of -log of the probability of the true class."""  #? classes
    """R2, the share of the variance that is explained, and the root of the mean squared error."""  #? !classes
    loss = -np.log(np.maximum(p[np.arange(len(y)), y], $LEAST)).mean()  #? classes
    return {"accuracy": (p.argmax(axis=1) == y).mean(), "log loss": loss}  #? classes
    error = ((y - p) ** 2).mean()  #? !classes
    return {"R2": 1 - error / y.var(), "root mean squared error": error**0.5}  #? !classes

def save(p, path):
    """Write the prediction for each row."""  #? !classes
    """Write the most probable class of each row, and the probability of each class."""  #? classes
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([TARGET, *CLASSES])  #? classes
        writer.writerows([CLASSES[row.argmax()], *row.tolist()] for row in p)  #? classes
        writer.writerow([TARGET])  #? !classes
        writer.writerows([value] for value in p.tolist())  #? !classes
    print(f"{path}: the predictions for {len(p)} rows")

def main():
    columns = read(FILE)
    known = [i for i, cell in enumerate(columns[TARGET]) if $KNOWN]
    columns = {name: [cells[i] for i in known] for name, cells in columns.items()}  # the rows that have a target
    X, y = features(columns), target(columns[TARGET])
    use = np.frombuffer(zlib.decompress(base64.b64decode(ROWS)), np.uint8)
    if len(use) != len(y):
        sys.exit(f"{FILE} has {len(y)} rows with a target; scratchtune has read {len(use)}")
    training, held_out = use == 1, use == 2
    model = trained(X[training], y[training])  #? !log
    z = np.$LOG(y)  #? log
    model = trained(X[training], z[training])  #? log
    smearing = np.exp(z[training] - predicted(model, X[training])).mean()  #? log
    p = predicted(model, X[held_out])  #? !log
    p = restored(predicted(model, X[held_out]), smearing)  #? log
    print(f"{held_out.sum()} rows that were not trained on:")
    for name, score in scores(y[held_out], p).items():
        print(f"{name} {score:.6g} (the same network in scratchtune: {OURS[name]:.6g})")
    if len(sys.argv) > 1:
        p = predicted(model, features(read(sys.argv[1])))
        p = restored(p, smearing)  #? log
        save(p, sys.argv[2] if len(sys.argv) > 2 else "predictions.csv")

# Fitted to the training rows by scratchtune

$FITTED

if __name__ == "__main__":
    main()
'''
