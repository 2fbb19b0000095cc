#!/usr/bin/env python3
"""What must hold between the kernels and the exported graph: run it after a change to either.

    tools/model/check.py

Made-up tables; nothing is read or written.
"""
import sys

import numpy
import onnx
import onnxruntime
from onnx import helper

import export
import network
from pieces import add_rows, bags, spread_rows

SIZE, WIDTH, HIDDEN, ALPHA = 50, 16, 24, 0.4
# Pieces of each text; 1 stands for a word that is not known.
TEXTS = ([5, 9, 5, 7], [2, 49, 3, 3, 3, 8], [5, 9, 1, 5, 7, 1], [1, 11])


def flat():
    starts = numpy.cumsum([0, *map(len, TEXTS)]).astype("i8")
    return numpy.array([it for text in TEXTS for it in text], "u2"), starts


def slopes_reach_every_column(rng):
    """`spread_rows` is the reverse of `add_rows`, in however many parts."""
    ids, weights, offsets = bags(*flat(), SIZE, ALPHA, 0.0, 0)
    table, slopes = rng.standard_normal((SIZE, WIDTH)).astype("f4"), rng.standard_normal((len(TEXTS), WIDTH)).astype("f4")
    want = (add_rows(table, ids, weights, offsets) * slopes).sum(0)
    for parts in range(1, WIDTH + 3):
        out = numpy.zeros_like(table)
        spread_rows(slopes, ids, weights, offsets, out, parts)
        numpy.testing.assert_allclose((table * out).sum(0), want, rtol=1e-4, atol=1e-5, err_msg=f"{parts} parts")


def graph_gives_what_was_measured(rng):
    """A text's vector is the same from numpy and from the graph, also where words in it are not known."""
    table = rng.standard_normal((SIZE, WIDTH)).astype("f4")
    head = network.new_head(WIDTH, HIDDEN)
    head["wb"] = rng.standard_normal((HIDDEN, WIDTH)).astype("f4")
    rows, scale = export.quantised(table)
    seen = network.Encoder(None, rows * scale[:, None], head, ALPHA).of_pieces(*flat())
    graph = export.graph({"table": table, "alpha": numpy.float32(ALPHA), **head})
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for text, want in zip(TEXTS, seen):
        ids = numpy.array([text], "i8")
        (got,) = session.run(None, {"input_ids": ids, "attention_mask": numpy.ones_like(ids)})
        numpy.testing.assert_allclose(got[0], want, atol=1e-4, err_msg=str(text))


def main():
    failed = 0
    for check in (slopes_reach_every_column, graph_gives_what_was_measured):
        try:
            check(numpy.random.default_rng(7))
            print(check.__name__, "holds")
        except AssertionError as error:
            failed += 1
            print(check.__name__, "does not hold:", error)
    return failed


if __name__ == "__main__":
    sys.exit(main())
