#!/usr/bin/env python3
"""Evaluation A: the first paragraph of a documentation finds its function among 1,000 of the language, in held-back repositories.

    tools/model/evaluation_a.py --raw DIR [--pools 3] [--lines] TOKENIZER:MODEL...

Functions of at least three lines, not tests, without their documentation, path and containers; no text twice. Mean reciprocal
rank, averaged over 18 languages; a language with fewer than 1,000 has one pool of what there is.
"""
import argparse, collections, gzip, json, os, random, sys

import numpy

from network import load
from pieces import Pieces
from prepare import cleaned, paragraph, parts_of_repositories, raw_of, tells

LANGUAGES = {"python", "rust", "go", "typescript", "javascript", "java", "c", "cpp", "csharp", "ruby", "php", "kotlin", "swift", "scala",
             "lua", "elixir", "haskell", "zig"}
FUNCTIONS = {"Function", "Method", "Constructor", "Macro", "Operator"}
# The language that a held-back repository counts for where its files are of several.
ALSO = {"tsx": "typescript"}


def pools(raw, most, size=1000):
    found, seen = collections.defaultdict(list), set()
    for name, part in sorted(parts_of_repositories().items()):
        if part != "A" or not os.path.exists(raw_of(raw, name)):
            continue
        with gzip.open(raw_of(raw, name), "rt", encoding="utf-8") as file:
            for it in map(json.loads, file):
                language = ALSO.get(it["lang"], it["lang"])
                if language not in LANGUAGES or it["kind"] not in FUNCTIONS or not it["doc"] or it["test"] or "test" in it["name"].lower():
                    continue
                asked, bare = paragraph(cleaned(it["doc"])), (it["bare"] or "").strip()
                if bare.count("\n") < 2 or not tells(asked) or asked.lower() in seen or bare in seen:
                    continue
                seen |= {asked.lower(), bare}
                found[language].append((asked, bare))
    out = {}
    for language, rows in found.items():
        random.Random(7).shuffle(rows)
        groups = [rows[at:at + size] for at in range(0, len(rows), size)]
        out[language] = [it for it in groups if len(it) == size or len(groups) == 1][:most]
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--raw", required=True)
    parser.add_argument("--pools", type=int, default=3)
    parser.add_argument("--lines", action="store_true", help="each language")
    parser.add_argument("models", nargs="+")
    args = parser.parse_args()
    all_, known = pools(args.raw, args.pools), {}
    print(" ".join(f"{language} {len(of)}x{len(of[0])}" for language, of in sorted(all_.items())))
    for model in args.models:
        tokenizer, path = model.split(":")
        encoder = load(path, known.setdefault(tokenizer, Pieces(tokenizer)))
        found = {}
        for language, groups in sorted(all_.items()):
            ranks = []
            for rows in groups:
                scores = encoder([asked for asked, _ in rows]) @ encoder([bare for _, bare in rows]).T
                ranks.append(1 + (scores > numpy.diag(scores)[:, None]).sum(1))
            found[language] = numpy.mean([(1 / it).mean() for it in ranks])
        print(f"{path[-40:]:40} {numpy.mean(list(found.values())):.4f}", " ".join(f"{key} {it:.3f}" for key, it in found.items()) if args.lines else "", flush=True)


if __name__ == "__main__":
    sys.exit(main())
