#!/usr/bin/env python3
"""A trained model as model.onnx: signed bytes for the table with a scale for each row, the head as it is.

    tools/model/export.py MODEL.npz OUT.onnx

Inputs: input_ids, attention_mask, int64 [batch, seq] (padding 0, 0). Output: sentence_embedding, float [batch, width], unit length.
The built-in evaluator reads the tensors by name; ONNX Runtime runs the graph.
"""
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

from network import NAMES


def quantised(table):
    scale = numpy.abs(table).max(1) / 127
    scale[scale == 0] = 1
    return numpy.clip(numpy.rint(table / scale[:, None]), -127, 127).astype("i1"), scale.astype("f4")


def graph(held):
    nodes, tensors = [], []

    def constant(name, value):
        tensors.append(numpy_helper.from_array(numpy.ascontiguousarray(value), name))
        return name

    def node(kind, inputs, output, **more):
        nodes.append(helper.make_node(kind, inputs, [output], **more))
        return output

    def unit(source, output):
        length = node("ReduceL2", [source, "last"], output + "_length", keepdims=1)
        return node("Div", [source, node("Max", [length, "least"], output + "_divisor")], output)

    table = held["table"].astype("f4").copy()
    # Padding and what is not known add nothing, as in bags of pieces.
    table[:2] = 0
    rows, scale = quantised(table)
    for name, value in (("table", rows), ("row_scale", scale), ("first", numpy.array([1], "i8")), ("second", numpy.array([2], "i8")),
                        ("last", numpy.array([-1], "i8")), ("least", numpy.array(1e-12, "f4")), ("one", numpy.array(1, "f4")),
                        ("pw", numpy.array(float(held["alpha"]) - 1, "f4"))):
        constant(name, value)
    node("Cast", [node("Gather", ["table", "input_ids"], "bytes")], "rows", to=TensorProto.FLOAT)
    node("Gather", ["row_scale", "input_ids"], "scales")
    mask = node("Cast", ["attention_mask"], "mask", to=TensorProto.FLOAT)
    # How often each piece stands in its text: equal pieces that are not padding.
    ids = node("Cast", ["input_ids"], "ids", to=TensorProto.INT32)
    equal = node("Equal", [node("Unsqueeze", [ids, "second"], "down"), node("Unsqueeze", [ids, "first"], "across")], "equal")
    many = node("MatMul", [node("Cast", [equal], "equals", to=TensorProto.FLOAT), node("Unsqueeze", [mask, "second"], "column")], "many")
    count = node("Max", [node("Squeeze", [many, "second"], "counts"), "one"], "count")
    weight = node("Mul", [node("Mul", [node("Pow", [count, "pw"], "damped"), mask], "masked"), "scales"], "weight")
    bag = node("MatMul", [node("Unsqueeze", [weight, "first"], "weights"), "rows"], "bags")
    x = unit(node("Squeeze", [bag, "first"], "bag"), "x")
    for name in NAMES:
        constant(name, held[name].astype("f4"))
    y = node("LayerNormalization", [x, "lnw", "lnb"], "normed", axis=-1, epsilon=1e-5)
    inner = node("Add", [node("MatMul", [y, "wa"], "up"), "ba"], "inner")
    back = node("Add", [node("MatMul", [node("Gelu", [inner], "active"), "wb"], "down_again"), "bb"], "outer")
    unit(node("Add", [x, back], "sum"), "sentence_embedding")
    whole = lambda name: helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "seq"])
    output = helper.make_tensor_value_info("sentence_embedding", TensorProto.FLOAT, ["batch", table.shape[1]])
    return helper.make_graph(nodes, "portolan-static", [whole("input_ids"), whole("attention_mask")], [output], tensors)


def main():
    held = dict(numpy.load(sys.argv[1]))
    model = helper.make_model(graph(held), opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, sys.argv[2])
    print(sys.argv[2], len(model.SerializeToString()), "bytes")


if __name__ == "__main__":
    sys.exit(main())
