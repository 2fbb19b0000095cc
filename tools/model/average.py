#!/usr/bin/env python3
"""The mean of several models over one vocabulary, weight by weight.

    tools/model/average.py --tokenizer FILE --out FILE.npz MODEL=SHARE...

Only of models that one was trained on from: tables that began apart have no common directions.
"""
import argparse, sys

import numpy

from network import NAMES, load
from pieces import Pieces


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("models", nargs="+")
    args = parser.parse_args()
    pieces, out, total = Pieces(args.tokenizer), {}, 0.0
    for it in args.models:
        path, share = it.rsplit("=", 1)
        one, share = load(path, pieces), float(share)
        total += share
        for name, value in (("table", one.table), *((name, one.head[name]) for name in NAMES)):
            out[name] = out.get(name, 0) + share * value
    numpy.savez(args.out, alpha=numpy.float32(one.alpha), **{name: (it / total).astype("f4") for name, it in out.items()})


if __name__ == "__main__":
    sys.exit(main())
