r"""The text from which `emit` makes scripts in Keras and in PyTorch: all that a network may need.

A line that ends in ``#? A B`` is written if A and B are among the parts of the script; ``A|B`` is one of both, ``!A``
is without A. Such a mark on a function or a class decides on the whole of it. ``$name`` is replaced by a value. The
empty lines before functions are added.
"""

TEMPLATE = r'''"""The best network that scratchtune has found for $title (trial $TRIAL), in $FRAMEWORK.

    python THIS_SCRIPT                           trains it, and prints its scores beside scratchtune's
    python THIS_SCRIPT NEW_ROWS [PREDICTIONS]    also predicts the rows of another file

It needs numpy and torch.  #? torch
It needs numpy, keras and one of Keras's backends, such as torch (KERAS_BACKEND=torch).  #? keras
The file is read by pandas.  #? parquet|excel
"""
import base64
import csv
import gzip  #? gzip
import sys
import zlib
from datetime import datetime, timezone  #? dates

import keras  #? keras
import numpy as np
import pandas as pd  #? parquet|excel
import torch  #? torch
from keras import ops  #? keras
from torch import nn  #? torch

FILE = $file  #? file
FILE = "table.csv"  # write the table with its target into this file  #? !file
TARGET = $target
CLASSES = $classes  #? classes
DELIMITER = $delimiter  #? csv
MISSING = $missing
MISSING_NUMBERS = $missing_numbers  #? missing_numbers
THOUSANDS = $thousands  #? thousands

UNITS = $units  # of each hidden layer  #? units
ACTIVATION = $ACTIVATION  #? units
DROPOUT = $dropout  #? units dropout
MEMBERS = $members  # networks in one  #? members
EMBEDDING_DIM = $embedding_dim  # numbers for each number  #? numeric_embedding
FREQUENCY_SCALE = $frequency_scale  #? numeric_embedding=periodic
NOISE = $augment  # standard deviation  #? augment
OUTPUTS = $outputs
BATCH_SIZE = $batch_size
EPOCHS = $epochs
STEPS = EPOCHS * -(-$rows // BATCH_SIZE)  # of $rows training rows  #? schedule
LEARNING_RATE = $learning_rate
DECAY = $decay  #? decay
MOMENTUM = $momentum  #? optimizer=sgd
WEIGHT_DECAY = $weight_decay
AVERAGING = $averaging  #? averaging
L1 = $l1  #? l1
L2 = $l2  #? l2
LABEL_SMOOTHING = $label_smoothing  #? label_smoothing
CLASS_WEIGHTS = np.array($class_weight)  #? class_weight
SEED = $seed
rng = np.random.default_rng(SEED)  #? vectors|numeric_embedding|members
torch.set_default_dtype(torch.float64)  #? torch dtype=float64
keras.config.set_floatx("float64")  #? keras dtype=float64

# Reading, as scratchtune has read the file
def read(path):
    """The columns of a file: by name, the texts of its cells."""
    with open(path, encoding="utf-8-sig", newline="") as file:  #? csv !gzip
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:  #? csv gzip
        next(file)  # the line sep=..  #? csv sep
        names, *rows = [row for row in csv.reader(file, delimiter=DELIMITER, skipinitialspace=True) if row]  #? csv
    columns = dict(zip(names, zip(*rows)))  #? csv
    table = pd.read_parquet(path)  #? parquet
    table = pd.read_excel(path, keep_default_na=False, na_values=[""])  #? excel
    columns = {str(name): table[name].array for name in table}  #? parquet|excel
    columns = {}  #? npz
    for name, array in np.load(path).items():  #? npz
        columns |= {name: array} if array.ndim == 1 else {f"{name}{j}": x for j, x in enumerate(array.T)}  #? npz
    return {name.strip(): [text(cell).strip() for cell in cells] for name, cells in columns.items()}  #? !csv
    return {name.strip(): [cell.strip() for cell in cells] for name, cells in columns.items()}  #? csv
def text(value):  #? !csv
    """A cell as a CSV file has it: empty if it is missing, 3 for 3.0."""
    shown = "" if value is None or str(value) in ("nan", "NaT", "<NA>") else str(value)
    return shown.removesuffix(".0") if isinstance(value, (float, np.floating)) else shown
def number(cell):  #? numbers|digits|!classes
    """A cell as a number, NaN if it is missing."""
    if cell.lower() in MISSING:
        return np.nan
    for sign in THOUSANDS:  #? thousands
        cell = cell.replace(sign, "")  #? thousands
    cell = cell.replace(",", ".")  # the decimal mark  #? comma
    try:  #? numeric
        value = float(cell)  #? numeric
    except ValueError:  #? numeric
        return np.nan  #? numeric
    value = float(cell)  #? !numeric
    return np.nan if value in MISSING_NUMBERS else value  #? missing_numbers
    return value  #? !missing_numbers
def days(cell, forms):  #? dates
    """A date as days since 1 January 1970, the time of day as a fraction; NaN if it is missing."""
    if cell.lower() in MISSING:
        return np.nan
    for form in forms:
        try:
            date = datetime.strptime(cell, form)
        except ValueError:
            continue
        return date.replace(tzinfo=date.tzinfo or timezone.utc).timestamp() / 86400
    raise ValueError(f"{cell!r} is no date of the forms {forms}")

# Features, by what scratchtune has fitted to the training rows (at the end of this file)
def number_columns(columns):  #? numbers
    """Numbers, the median for a missing one; if so fitted, a column follows that is 1 where a number is missing."""
    parts = []
    for name, (median, indicated) in NUMBERS.items():
        x = np.array([number(cell) for cell in columns[name]])
        parts += [np.where(np.isnan(x), median, x), *[np.isnan(x)] * indicated]
    return parts
def date_columns(columns):  #? dates
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
def part_of_dates(days, part, first):  #? dates
    """One part of dates that are days since 1 January 1970, a Thursday; Monday is 0."""
    day = np.floor(days).astype(int).astype("datetime64[D]")  #? year|month|weekday|day
    month = day.astype("datetime64[M]")  #? year|month|day
    return {
        "year": month.astype("datetime64[Y]").astype(int) + 1970,  #? year
        "month": month.astype(int) % 12 + 1,  #? month
        "weekday": (day.astype(int) + 3) % 7,  #? weekday
        "day": (day - month.astype("datetime64[D]")).astype(int) + 1,  #? day
        "hour": np.floor(days % 1 * 24 + 1e-9),  #? hour
        "days since": days - first}[part]
def codes(cells, texts):  #? texts|vectors
    """The index of each cell's text in a list; an unknown text is (other), or (missing) if no text was rare."""
    index = {text: i for i, text in enumerate(texts)}
    missing = index.get("(missing)", len(texts))
    other = index.get("(other)", missing)
    return np.array([missing if cell.lower() in MISSING else index.get(cell, other) for cell in cells])
def scaled(x):  #? numbers|dates
    """$SCALING"""
    return np.column_stack([np.interp(column, *q) for column, q in zip(x.T, QUANTILES)])  #? scale=quantile
    x = (x - CENTER) * FACTOR  #? center
    x = np.clip(x, -1e18, 1e18)  #? scale=robust
    return x / np.sqrt(1 + (x / 3) ** 2)  #? scale=robust
    return x  #? !scale=quantile !scale=robust
def features(columns):
    """The inputs of the network, (rows, inputs): scaled numbers, columns of 0 and 1, codes."""
    parts = []
    parts += number_columns(columns)  #? numbers
    parts += date_columns(columns)  #? dates
    parts = [scaled(np.column_stack(parts).astype(float))]  #? numbers|dates
    parts += [codes(columns[name], texts)[:, None] == np.arange(len(texts)) for name, texts in TEXTS.items()]  #? texts
    parts += [codes(columns[name], texts) for name, texts in VECTORS.items()]  #? vectors
    return np.column_stack(parts).astype($dtype)
def target(cells):
    """The number of each row's class."""  #? classes
    """The value of each row."""  #? !classes
    return np.array([CLASSES.index(cell) for cell in cells])  #? classes !digits
    labels = [float(label) for label in CLASSES]  #? digits
    return np.array([labels.index(number(cell)) for cell in cells])  #? digits
    return np.array([number(cell) for cell in cells])  #? !classes

# The network
def weight(initial):  #? own_layers
    return nn.Parameter(torch.tensor(initial, dtype=torch.get_default_dtype()))  #? torch
    return keras.Variable(initial, dtype=$dtype)  #? keras
def uniform(shape, variance):  #? numeric_embedding|members
    """Uniform random numbers with mean 0 and this variance."""
    return rng.uniform(-np.sqrt(3 * variance), np.sqrt(3 * variance), shape)
class ColumnLinear($LAYER):  #? numeric_embedding|members
    """A linear map of its own for each column, or member, j: y[n, j] = x[n, j] @ kernel[j] + bias[j]."""
    def __init__(self, columns, inputs, units, variance):
        super().__init__()
        self.kernel = weight(uniform((columns, inputs, units), variance))
        self.bias = weight(np.zeros((columns, units)))
    def $CALL(self, x):
        return $OPS.einsum("njk,jkm->njm", x, self.kernel) + self.bias
class BatchEnsemble($LAYER):  #? members units
    """A dense layer of each member m, with one kernel: y[m] = ((x[m] * r[m]) @ kernel) * s[m] + b[m]."""
    def __init__(self, inputs, units, first):
        super().__init__()
        self.r = weight(rng.choice([-1.0, 1.0], (MEMBERS, inputs)) if first else np.ones((MEMBERS, inputs)))
        self.kernel = weight(uniform((inputs, units), 2 / (inputs + units)))
        self.s = weight(np.ones((MEMBERS, units)))
        self.b = weight(np.zeros((MEMBERS, units)))
    def $CALL(self, x):
        return $OPS.matmul(x * self.r, self.kernel) * self.s + self.b
class Parametric($LAYER):  #? parametric_activation units
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
    """Hidden layers, and a linear one."""
    def __init__(self, inputs):
        super().__init__()
        tables = [np.vstack([rng.standard_normal((len(t), 8)), np.zeros(8)]) for t in VECTORS.values()]  #? vectors
        self.vectors = $LIST([weight(table) for table in tables])  # of each category, and 0 if unknown  #? vectors
        inputs += 7 * len(tables)  # each code becomes 8 numbers  #? vectors torch|members|scaling_layer
        self.frequencies = weight(FREQUENCY_SCALE * rng.standard_normal((COLUMNS, 16)))  #? numeric_embedding=periodic
        self.phases = weight(rng.uniform(-0.5, 0.5, (COLUMNS, 16)))  #? numeric_embedding=periodic
        waves, added = 16, EMBEDDING_DIM - 1  #? numeric_embedding=periodic
        waves, added = len(BINS[0][0]), EMBEDDING_DIM - 1  #? numeric_embedding=piecewise
        self.embedding = ColumnLinear(COLUMNS, waves, added, 1 / waves)  #? numeric_embedding
        inputs += COLUMNS * added  #? numeric_embedding torch|members|scaling_layer
        self.scale = weight(np.ones(inputs))  #? scaling_layer
        parts = []
        for units in UNITS:  #? units
            parts.append(dense(inputs, units))  #? units !members torch
            parts.append(keras.layers.Dense(units))  #? units !members keras
            parts.append(BatchEnsemble(inputs, units, first=not parts))  #? units members
            parts.append(ACTIVATION)  #? units !parametric_activation
            parts.append(Parametric(units))  #? units parametric_activation
            parts.append($DROPOUT(DROPOUT))  #? units dropout
            inputs = units  #? units torch|members
        parts.append(dense(inputs, OUTPUTS))  #? !members torch
        parts.append(keras.layers.Dense(OUTPUTS))  #? !members keras
        parts.append(ColumnLinear(MEMBERS, inputs, OUTPUTS, 2 / (inputs + OUTPUTS)))  #? members
        self.parts = $MODULES(parts)
    def $CALL(self, x):  #? torch|!augment
    def call(self, x, training=False):  #? keras augment
        codes = x[:, -len(VECTORS):].long()  #? vectors torch
        vectors = [vectors[codes[:, j]] for j, vectors in enumerate(self.vectors)]  #? vectors torch
        codes = ops.cast(x[:, -len(VECTORS):], "int32")  #? vectors keras
        vectors = [ops.take(vectors, codes[:, j], axis=0) for j, vectors in enumerate(self.vectors)]  #? vectors keras
        x = $CONCATENATE([x[:, :-len(VECTORS)], *vectors], 1)  #? vectors
        if self.training:  #? augment torch
            x = x + NOISE * torch.randn_like(x)  #? augment torch
        if training:  #? augment keras
            x = x + NOISE * keras.random.normal(ops.shape(x), dtype=x.dtype)  #? augment keras
        t = x[:, :COLUMNS, None] * self.frequencies + self.phases  # in turns  #? numeric_embedding=periodic
        encoding = $OPS.cos(2 * np.pi * t)  #? numeric_embedding=periodic
        low, width = $BINS  # of each number's bins  #? numeric_embedding=piecewise
        encoding = (x[:, :COLUMNS, None] - low) / width  #? numeric_embedding=piecewise
        encoding = $OPS.clip(encoding, 0, 1)  # of each bin: 0 below, 1 above  #? numeric_embedding=piecewise
        embedded = $OPS.reshape(self.embedding(encoding), (-1, COLUMNS * (EMBEDDING_DIM - 1)))  #? numeric_embedding
        x = $CONCATENATE([x, embedded], 1)  #? numeric_embedding
        x = x * self.scale  #? scaling_layer
        x = $REPEAT  #? members
        for part in self.parts:
            x = part(x)
        return x
    def compute_loss(self, *given, **named):  #? keras l1|l2
        loss = super().compute_loss(*given, **named)  # and the penalty of all weights, biases too  #? keras l1|l2
        loss += L1 * sum(ops.sum(ops.abs(theta)) for theta in self.trainable_variables)  #? keras l1
        loss += L2 * sum(ops.sum(theta**2) for theta in self.trainable_variables)  #? keras l2
        return loss  #? keras l1|l2

# Training
def rate(step):  #? schedule|decay
    """The learning rate after so many steps."""
    alpha = LEARNING_RATE
    alpha *= (1 + $MATH.cos(np.pi * step / STEPS)) / 2  #? schedule=cosine
    alpha *= 1 - step / STEPS  #? schedule=linear
    alpha *= (1 - $MATH.cos(2 * np.pi * $MATH.log2(1 + 15 * step / STEPS))) / 2  #? schedule=cosine_log
    alpha /= 1 + DECAY * step  #? decay
    return alpha
class Rate(keras.optimizers.schedules.LearningRateSchedule):  #? keras schedule|decay
    def __call__(self, step):
        return rate(ops.cast(step, "float32"))
def losses(y, z):
    """Of each row the cross-entropy of softmax(z)."""  #? classes !members
    """Of each row the squared error."""  #? !classes !members
    """Of each row the mean over the members of the cross-entropy of softmax(z)."""  #? classes members
    """Of each row the mean over the members of the squared error."""  #? !classes members
    return $OPS.mean((z[..., 0] - $OPS.reshape(y, (-1, 1))) ** 2, 1)  #? !classes members
    return (z[..., 0] - $OPS.reshape(y, (-1,))) ** 2  #? !classes !members
    y = $OPS.reshape(y, (-1,))  #? classes !members
    y = y[:, None].expand(-1, MEMBERS)  #? classes members torch
    y = ops.repeat(ops.reshape(y, (-1, 1)), MEMBERS, axis=1)  #? classes members keras
    y = (1 - LABEL_SMOOTHING) * ops.one_hot(y, OUTPUTS) + LABEL_SMOOTHING / OUTPUTS  #? label_smoothing keras
    return ops.categorical_crossentropy(y, z, from_logits=True)  #? label_smoothing keras
    each = ops.sparse_categorical_crossentropy(y, z, from_logits=True)  #? classes keras !label_smoothing
    smoothing = {"label_smoothing": LABEL_SMOOTHING}  #? label_smoothing torch
    return nn.functional.cross_entropy(z, y, reduction="none", **smoothing)  #? label_smoothing torch
    each = nn.functional.cross_entropy(z.movedim(-1, 1), y, reduction="none")  #? classes torch !label_smoothing
    return $OPS.mean(each, 1)  #? classes members
    return each  #? classes !members !label_smoothing
def trained(X, y):
    """The network after EPOCHS passes over the rows, in batches of a random order."""
    $SET_SEED(SEED)
    weights = CLASS_WEIGHTS[y]  #? class_weight
    X, y, weights = X[weights > 0], y[weights > 0], weights[weights > 0]  #? class_weight
    weights = (weights / weights.mean()).astype($dtype)  #? class_weight
    y = ((y - Y_CENTER) / Y_SCALE).astype($dtype)  #? !classes
    model = Network(X.shape[1])
    alpha = Rate()  #? keras schedule|decay
    alpha = LEARNING_RATE  #? keras !schedule !decay
    # Keras adds epsilon before Adam's bias correction; at first 3e-10 acts like 1e-8 after it  #? keras optimizer=adam
    optimizer = keras.optimizers.Adam(alpha, epsilon=3e-10, weight_decay=WEIGHT_DECAY)  #? keras optimizer=adam
    optimizer = keras.optimizers.RMSprop(alpha, weight_decay=WEIGHT_DECAY)  #? keras optimizer=rmsprop
    optimizer = keras.optimizers.SGD(alpha, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)  #? keras optimizer=sgd
    optimizer.use_ema, optimizer.ema_momentum = True, AVERAGING  #? keras averaging
    model.compile(optimizer, loss=losses)  #? keras
    model.fit(X, y, batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=2)  #? keras !class_weight
    model.fit(X, y, batch_size=BATCH_SIZE, epochs=EPOCHS, sample_weight=weights, verbose=2)  #? keras class_weight
    X, y, parameters = torch.tensor(X), torch.tensor(y), list(model.parameters())  #? torch
    step = 0  #? torch schedule|decay|averaging
    weights = torch.tensor(weights)  #? torch class_weight
    optimizer = torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)  #? torch optimizer=adam
    memory = [torch.zeros_like(theta) for theta in parameters]  #? torch !optimizer=adam
    average = parameters  #? torch averaging
    for epoch in range(EPOCHS):  #? torch
        for batch in torch.randperm(len(X)).split(BATCH_SIZE):  #? torch
            loss = losses(y[batch], model(X[batch])).mean()  #? torch !class_weight
            loss = (weights[batch] * losses(y[batch], model(X[batch]))).mean()  #? torch class_weight
            loss = loss + L1 * sum(theta.abs().sum() for theta in parameters)  # of biases too  #? torch l1
            loss = loss + L2 * sum((theta**2).sum() for theta in parameters)  # of biases too  #? torch l2
            model.zero_grad()  #? torch
            loss.backward()  #? torch
            optimizer.param_groups[0]["lr"] = rate(step)  #? torch optimizer=adam schedule|decay
            optimizer.step()  #? torch optimizer=adam
            update(parameters, memory, rate(step))  #? torch !optimizer=adam schedule|decay
            update(parameters, memory, LEARNING_RATE)  #? torch !optimizer=adam !schedule !decay
            step += 1  #? torch schedule|decay|averaging
            keep = AVERAGING if step > 1 else 0.0  #? torch averaging
            average = [(keep * a + (1 - keep) * t).detach() for a, t in zip(average, parameters)]  #? torch averaging
        print(f"epoch {epoch + 1} of {EPOCHS}: loss {loss.item():.4f} on the last batch")  #? torch
    for theta, a in zip(parameters, average):  #? torch averaging
        theta.data = a  #? torch averaging
    return model
@torch.no_grad()  #? torch !optimizer=adam
def update(parameters, memory, alpha):  #? torch !optimizer=adam
    """RMSprop: theta -= alpha g / sqrt(v + 1e-7); torch has epsilon outside the root."""  #? optimizer=rmsprop
    """Momentum: v = MOMENTUM v - alpha g, theta += v; torch keeps alpha, which changes, out of v."""  #? optimizer=sgd
    for theta, v in zip(parameters, memory):
        theta -= alpha * WEIGHT_DECAY * theta
        v.copy_(0.9 * v + 0.1 * theta.grad**2)  #? optimizer=rmsprop
        theta -= alpha * theta.grad / torch.sqrt(v + 1e-7)  #? optimizer=rmsprop
        v.copy_(MOMENTUM * v - alpha * theta.grad)  #? optimizer=sgd
        theta += v  #? optimizer=sgd
def outputs(model, X):
    """The outputs of the network for each row."""
    return model.predict(X, verbose=0).astype(float)  #? keras
    model.eval()  # no dropout  #? torch
    with torch.no_grad():  #? torch
        return torch.cat([model(rows) for rows in torch.tensor(X).split(10_000)]).double().numpy()  #? torch

# Predictions
def predicted(model, X):
    """The probability of each class: softmax(z)."""  #? classes
    """The values."""  #? !classes !log
    """The logarithms of the values, at most as far beyond those of training as these differ."""  #? log
    z = outputs(model, X)
    z = np.exp(z - z.max(axis=-1, keepdims=True))  #? classes
    z /= z.sum(axis=-1, keepdims=True)  #? classes
    z = z.mean(axis=1)  # of the members  #? members
    return z  #? classes
    return z[:, 0] * Y_SCALE + Y_CENTER  #? !classes !log
    return np.clip(z[:, 0] * Y_SCALE + Y_CENTER, *LOG_RANGE)  #? log
def restored(q, smearing):  #? log
    """Values from logarithms q: the smearing factor makes exp(q) the mean (Duan 1983)."""
    return smearing * np.exp(q)  #? log=log
    return np.maximum(smearing * np.exp(q) - 1, 0)  #? log=log1p
def scores(y, p):
    """The accuracy, and the mean of -log of the probability of the true class."""  #? classes
    """R2, the share of the variance that is explained, and the root of the mean squared error."""  #? !classes
    loss = -np.log(np.maximum(p[np.arange(len(y)), y], $least)).mean()  #? classes
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
    known = [i for i, cell in enumerate(columns[TARGET]) if cell.lower() not in MISSING]  #? classes !digits
    known = [i for i, cell in enumerate(columns[TARGET]) if not np.isnan(number(cell))]  #? digits|!classes
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
    p = predicted(model, X[held_out])
    p = restored(p, smearing)  #? log
    print(f"{held_out.sum()} rows that were not trained on:")
    for name, score in scores(y[held_out], p).items():
        print(f"{name} {score:.6g} (the same network in scratchtune: {OURS[name]:.6g})")
    if len(sys.argv) > 1:
        p = predicted(model, features(read(sys.argv[1])))
        p = restored(p, smearing)  #? log
        save(p, sys.argv[2] if len(sys.argv) > 2 else "predictions.csv")

# Fitted to the training rows by scratchtune
NUMBERS = $numbers  #? numbers
DATES = $dates  #? dates
TEXTS = $texts  #? texts
VECTORS = $vectors  #? vectors
CENTER = np.array($center)  #? center
FACTOR = np.array($factor)  #? center
QUANTILES = $quantiles  #? scale=quantile
COLUMNS = $columns  # of numbers, which come first in the inputs  #? numeric_embedding
BINS = $bins  #? numeric_embedding=piecewise
Y_CENTER, Y_SCALE = $y_scaling  #? !classes
LOG_RANGE = $log_range  #? log
ROWS = """$ROWS"""  # 1 for a row that is trained on, 2 for one that is scored: compressed, in base 64
OURS = $scores

if __name__ == "__main__":
    main()
'''
