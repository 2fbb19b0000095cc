#!/usr/bin/env python3
"""Which model finds the function: all declarations of a repository ranked by cosine, and by words and cosine together.

    tools/model/by_function.py --judged DIR [--half fit|seen] [--first N] TOKENIZER:MODEL...
    tools/model/by_function.py --raw DIR --questions DIR --samples DIR [--first N] TOKENIZER:MODEL...

DIR/HALF-NAME.jsonl.gz are the declarations of each checkout of tests/search, by `declarations FOLDER`. MODEL is a model.onnx or an .npz of
train.py. Printed for each: right first, in three, in ten and the mean reciprocal rank of cosine alone (`own`), the same
of the fixed mixture (`both`: BM25 of name, containers, path and text over its best, plus 1.2 times the cosine, each scaled to its
spread over the repository), by kind; then the gain over the first model with a paired bootstrap over repositories. `--first` uses only so
many numbers of each vector. The second form asks the written questions of the repositories that prepare.py holds out.
"""
import argparse, gzip, json, math, os, re, sys

import numpy

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../benches"))
import passages
import prepare
from network import load
from pieces import Pieces

QUESTIONS = os.path.join(HERE, "../../tests/search")
KINDS = ("semantic", "symptom", "vague", "architecture", "symbol")
MIX = 1.2
MEASURES = (("MRR", lambda rank: 1 / rank), ("first", lambda rank: rank <= 1), ("ten", lambda rank: rank <= 10))


def words(text):
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text)
    return [re.sub(r"(ing|ies|ed|es|s)$", "", it) if len(it) > 4 else it for it in re.findall(r"[a-z]+|[0-9]+", text.lower())]


class Repository:
    """Its declarations, and what is asked of it."""

    def __init__(self, name, path, questions):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            all_ = [json.loads(line) for line in file]
        self.name, self.questions = name, questions
        self.units = [it for it in all_ if it["kind"] != "Heading" and it["lang"] not in ("markdown", "json", "yaml", "toml", "html", "css")]
        self.texts = [(it["before"] + "\n" + it["text"]) for it in self.units]
        # What nobody asked for is held back, as the program does.
        self.held_back = numpy.array([0.15 * bool(it["test"]) + 0.1 * bool(it["sample"]) + 0.1 * bool(it["off"]) for it in self.units], "f4")
        places = [{"path": it["path"], "start_line": it["first"], "end_line": it["last"]} for it in self.units]
        for it in self.questions:
            it["right"] = numpy.array([any(passages.is_right(place, truth) for truth in it["truth"]) for place in places])
        self.index()

    def index(self, k1=1.2, b=0.6):
        """BM25 of each question over the declarations; names count four times."""
        self.counts, lengths, seen = [], [], {}
        for it, text in zip(self.units, self.texts):
            of = {}
            for word in words(it["before"]) + 3 * words(it["name"]) + words(it["text"]):
                of[word] = of.get(word, 0) + 1
            self.counts.append(of)
            lengths.append(sum(of.values()))
            for word in of:
                seen[word] = seen.get(word, 0) + 1
        average, n = sum(lengths) / len(lengths), len(lengths)
        self.bm25 = []
        for it in self.questions:
            score = numpy.zeros(n, "f4")
            for word in set(words(it["question"])):
                if word in seen:
                    rarity = math.log(1 + (n - seen[word] + 0.5) / (seen[word] + 0.5))
                    for at, of in enumerate(self.counts):
                        count = of.get(word)
                        if count:
                            score[at] += rarity * count * (k1 + 1) / (count + k1 * (1 - b + b * lengths[at] / average))
            self.bm25.append(score)
        self.counts = None


def rank(scores, right):
    """Expected place of the best right one, from 1."""
    if not right.any():
        return 1e6
    best = scores[right].max()
    return 1 + int((scores[~right] > best).sum())


def judge(repositories, encoder, first=None, mix=MIX):
    rows = []
    for it in repositories:
        if not hasattr(it, "cached") or it.cached[0] is not encoder.pieces:
            it.cached = (encoder.pieces, encoder.pieces.encode(it.texts), encoder.pieces.encode([q["question"] for q in it.questions]))
        vectors, asked = encoder.of_pieces(*it.cached[1]), encoder.of_pieces(*it.cached[2])
        if first:
            vectors, asked = (x[:, :first] / numpy.linalg.norm(x[:, :first], axis=1, keepdims=True).clip(1e-9) for x in (vectors, asked))
        cosines = asked @ vectors.T
        for at, question in enumerate(it.questions):
            cosine, text = cosines[at], it.bm25[at]
            both = text / (text.max() + 1e-6) + mix * cosine / (cosine.std() + 1e-6) / 6 - it.held_back
            rows.append({"repository": it.name, "kind": question["kind"], "own": rank(cosine - it.held_back, question["right"]),
                         "both": rank(both, question["right"]), "words": rank(text / (text.max() + 1e-6) - it.held_back, question["right"])})
    return rows


def shares(rows, key):
    ranks = numpy.array([it[key] for it in rows])
    return (ranks <= 1).mean(), (ranks <= 3).mean(), (ranks <= 10).mean(), (1 / ranks).mean()


def show(name, rows, keys=("own", "both")):
    line = f"{name:28.28}"
    for key in keys:
        line += f"  {key} " + " ".join(f"{it:.3f}" for it in shares(rows, key))
    print(line + "  own MRR by kind " + " ".join(f"{kind[:4]} {shares([it for it in rows if it['kind'] == kind], 'own')[3]:.3f}" for kind in KINDS
                                 if any(it["kind"] == kind for it in rows)), flush=True)


def against(rows, base, key, of, times=4000):
    """Difference of the mean of `of` of the ranks and its 95 % range, repositories drawn with return."""
    names = sorted({it["repository"] for it in rows})
    gain = numpy.array([numpy.mean([of(a[key]) - of(b[key]) for a, b in zip(rows, base) if a["repository"] == name]) for name in names])
    drawn = gain[numpy.random.default_rng(1).integers(0, len(gain), (times, len(gain)))].mean(1)
    return gain.mean(), *numpy.quantile(drawn, (0.025, 0.975))


def repositories(judged, half):
    names = sorted(it[len(half) + 1:-9] for it in os.listdir(judged) if it.startswith(half + "-"))
    out = []
    for name in names:
        with open(os.path.join(QUESTIONS, half, name + ".jsonl"), encoding="utf-8") as file:
            out.append(Repository(name, os.path.join(judged, f"{half}-{name}.jsonl.gz"), [json.loads(line) for line in file]))
    return out


def held_back(raw, folder, samples):
    """The repositories that prepare.py holds out, with what was written about them."""
    by = {}
    for it in prepare.questions(folder, samples)[1]:
        if prepare.held_out(it["repo"]):
            truth = [{key: it[key] for key in ("path", "first", "last")}]
            by.setdefault(it["repo"], []).append({"question": it["question"], "kind": it["kind"], "truth": truth})
    return [Repository(name, prepare.raw_of(raw, name), asked) for name, asked in sorted(by.items())]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judged")
    for name in ("--raw", "--questions", "--samples"):
        parser.add_argument(name)
    parser.add_argument("--half", choices=("fit", "seen"), default="fit")
    parser.add_argument("--first", type=int)
    parser.add_argument("models", nargs="+")
    args = parser.parse_args()
    all_ = repositories(args.judged, args.half) if args.judged else held_back(args.raw, args.questions, args.samples)
    base, known = None, {}
    for model in args.models:
        tokenizer, path = model.split(":")
        known.setdefault(tokenizer, Pieces(tokenizer))
        rows = judge(all_, load(path, known[tokenizer]), args.first)
        if base is None:
            show("BM25", rows, ("words",))
        show(os.path.basename(os.path.dirname(path) or ".") + "/" + os.path.basename(path), rows)
        if base is None:
            base = rows
        else:
            for key in ("own", "both"):
                told = ["{} {:+.3f} ({:+.3f} to {:+.3f})".format(name, *against(rows, base, key, of)) for name, of in MEASURES]
                print(f"    {key} against the first: " + ", ".join(told))


if __name__ == "__main__":
    sys.exit(main())
