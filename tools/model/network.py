"""The model in numpy: bag of rows -> unit length -> x + W2 gelu(W1 norm(x)) -> unit length, forward and backward, and its files.

Holds: table, alpha, lnw, lnb, wa, ba, wb, bb; the names of the tensors in model.onnx.
"""
import math

import numba
import numpy

from pieces import add_rows, bags

NAMES = ("lnw", "lnb", "wa", "ba", "wb", "bb")


@numba.vectorize(["float32(float32)"], cache=True)
def gelu(x):
    return x * 0.5 * (1 + math.erf(x * 0.7071067811865476))


@numba.vectorize(["float32(float32)"], cache=True)
def gelu_slope(x):
    return 0.5 * (1 + math.erf(x * 0.7071067811865476)) + x * math.exp(-0.5 * x * x) * 0.3989422804014327


def unit(x):
    length = numpy.maximum(numpy.linalg.norm(x, axis=1, keepdims=True), 1e-12).astype("f4")
    return x / length, length


def unit_back(y, length, slope):
    return (slope - y * (slope * y).sum(1, keepdims=True)) / length


def new_head(width, hidden, seed=0):
    rng = numpy.random.default_rng(seed)
    bound = 1 / math.sqrt(width)
    return {"lnw": numpy.ones(width, "f4"), "lnb": numpy.zeros(width, "f4"),
            "wa": rng.uniform(-bound, bound, (width, hidden)).astype("f4"), "ba": numpy.zeros(hidden, "f4"),
            "wb": numpy.zeros((hidden, width), "f4"), "bb": numpy.zeros(width, "f4")}


def forward(head, sums):
    """Vectors before the last scaling, and what `backward` needs."""
    x, length = unit(sums)
    mean = x.mean(1, keepdims=True)
    spread = 1 / numpy.sqrt(((x - mean) ** 2).mean(1, keepdims=True) + 1e-5)
    normed = (x - mean) * spread
    y = normed * head["lnw"] + head["lnb"]
    inner = y @ head["wa"] + head["ba"]
    active = gelu(inner)
    return x + active @ head["wb"] + head["bb"], (x, length, spread, normed, y, inner, active)


def backward(head, kept, slope, slopes):
    """Adds to `slopes` of the head; gives the slope of the sums."""
    x, length, spread, normed, y, inner, active = kept
    slopes["bb"] += slope.sum(0)
    slopes["wb"] += active.T @ slope
    back = (slope @ head["wb"].T) * gelu_slope(inner)
    slopes["ba"] += back.sum(0)
    slopes["wa"] += y.T @ back
    back = back @ head["wa"].T
    slopes["lnw"] += (back * normed).sum(0)
    slopes["lnb"] += back.sum(0)
    back = back * head["lnw"]
    back = spread * (back - back.mean(1, keepdims=True) - normed * (back * normed).mean(1, keepdims=True))
    return unit_back(x, length, slope + back)


class Encoder:
    """A finished model over a vocabulary."""

    def __init__(self, pieces, table, head, alpha):
        self.pieces, self.table, self.head, self.alpha = pieces, table, head, alpha

    def of_pieces(self, flat, starts, size=4096):
        ids, weights, offsets = bags(flat, starts, len(self.table), self.alpha, 0.0, 0)
        sums = add_rows(self.table, ids, weights, offsets)
        out = [unit(forward(self.head, sums[at:at + size])[0])[0] for at in range(0, len(sums), size)]
        return numpy.concatenate(out) if out else sums

    def __call__(self, texts):
        return self.of_pieces(*self.pieces.encode(texts))


def load(path, pieces):
    """From a model.onnx, or an .npz of train.py."""
    if path.endswith(".npz"):
        held = numpy.load(path)
        return Encoder(pieces, held["table"], {name: held[name] for name in NAMES}, float(held["alpha"]))
    import onnx
    from onnx import numpy_helper
    held = {it.name: numpy_helper.to_array(it) for it in onnx.load(path).graph.initializer}
    table = held["table"].astype("f4") * held["row_scale"][:, None]
    return Encoder(pieces, table, {name: held[name] for name in NAMES}, float(held["pw"].ravel()[0]) + 1)
