#!/usr/bin/env python3
"""Fits the weights of search by meaning to the numbers that `cargo bench --bench meaning -- FOLDER --numbers FILE` writes.

    tools/ranking/fit.py --functions FILE... --files FILE... [--test FILE...] [--by-file SHARE] [--without NAME,NAME]... [--untested]
                         [--out WEIGHTS]

`--functions`: questions whose truth has lines (tests/search); `--files`: questions whose truth is files. Each FILE is the stem
of FILE.json and FILE.f32. The model is a weight for each number (softmax over the declarations of a question, the right ones
together) plus small trees (LambdaMART), both brought to one scale. Printed: the share of questions with a right function
first, among three and among ten, the right file first and among ten, and NDCG@10 by file; on the questions of `--test`, or
on left-out repositories in five folds. `--without` fits once more without some numbers. `--out` fits to all that is given
and writes the weights. Needs numpy and LightGBM (tools/ranking/requirements.txt).
"""
import argparse, json, math, os, random, sys

import lightgbm
import numpy

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../benches"))
import passages

# What all but the best declaration of a file are held back by; as in `Tuning::further` and `Tuning::further_described`.
FURTHER, FURTHER_DESCRIBED = 3.0, 1.5
# And all but the best of a name in a file beside that; as in `Tuning::again`.
AGAIN = 1.5
ASKED = ("asks_name", "asks_near_name", "asks_architecture")
# A question whose truth is files counts so much.
BY_FILE = 0.3
# What the declaration of a name that is the question gets beside its score; as in `Tuning::declared_first`.
DECLARED_FIRST = 6.0
HELD_BACK = ("test", "docs", "sample", "vendored", "generated", "prose")
TREES = {"objective": "lambdarank", "learning_rate": 0.05, "num_leaves": 8, "min_data_in_leaf": 40, "lambda_l2": 5.0,
         "feature_fraction": 0.5, "bagging_fraction": 0.8, "bagging_freq": 1, "lambdarank_truncation_level": 20,
         "deterministic": True, "force_row_wise": True, "num_threads": 2, "seed": 1, "verbose": -1}
ROUNDS = 100


def is_right(place, truth):
    """As benches/passages.py judges; a truth without lines is a whole file."""
    if truth.get("first") is None:
        return place[0] == truth["path"]
    return passages.is_right({"path": place[0], "start_line": place[1], "end_line": place[2]}, truth)


def load(stem, by_file):
    with open(stem + ".json", encoding="utf-8") as file:
        names = json.loads(file.readline())["names"]
        rows = [json.loads(line) for line in file]
    numbers = numpy.fromfile(stem + ".f32", dtype="<f4").reshape(-1, len(names))
    at = 0
    for row in rows:
        row["x"], row["by_file"] = numbers[at:at + len(row["units"])], by_file
        row["asked"] = [names.index(name) for name in ASKED]
        row["y"] = numpy.array([any(is_right(it, truth) for truth in row["truth"]) for it in row["units"]], dtype=bool)
        at += len(row["units"])
    if at != len(numbers):
        raise SystemExit(f"{stem}: {len(numbers)} declarations, {at} of them told")
    return names, rows


def thinned(row, most=100):
    """All right declarations and so many of the others: the first half of them, and some of the rest."""
    wrong = numpy.flatnonzero(~row["y"])
    if len(wrong) > most:
        rest = numpy.random.default_rng(len(wrong)).choice(wrong[most // 2:], most // 2, replace=False)
        wrong = numpy.concatenate([wrong[:most // 2], rest])
    keep = numpy.sort(numpy.concatenate([numpy.flatnonzero(row["y"]), wrong]))
    return {**row, "x": row["x"][keep], "y": row["y"][keep]}


def weights_of(rows, use, steps=300, l2=1e-3):
    """A weight for each number."""
    x = numpy.concatenate([row["x"] for row in rows])
    mean, spread = x.mean(0), x.std(0) + 1e-6
    x = ((x - mean) / spread * use).astype("f4")
    sizes = [len(row["x"]) for row in rows]
    y, of = numpy.concatenate([row["y"] for row in rows]), numpy.repeat(numpy.arange(len(rows)), sizes)
    starts = numpy.concatenate([[0], numpy.cumsum(sizes)[:-1]])
    share = numpy.array([row["weight"] for row in rows])
    share /= share.sum()
    w, first, second = numpy.zeros(x.shape[1]), 0, 0
    for step in range(1, steps + 1):
        score = x @ w.astype("f4")
        e = numpy.exp(score - numpy.maximum.reduceat(score, starts)[of])
        right = e * y
        p, wanted = e / numpy.add.reduceat(e, starts)[of], right / numpy.add.reduceat(right, starts)[of]
        slope = ((p - wanted) * share[of]).astype("f4") @ x + l2 * w
        first, second = 0.9 * first + 0.1 * slope, 0.99 * second + 0.01 * slope * slope
        rate = 0.05 if step < steps * 0.7 else 0.01
        w -= rate * (first / (1 - 0.9 ** step)) / (numpy.sqrt(second / (1 - 0.99 ** step)) + 1e-9)
    return w * use / spread


def trees_of(rows, use):
    x, y = numpy.concatenate([row["x"] for row in rows]) * use, numpy.concatenate([row["y"] for row in rows])
    weight = numpy.concatenate([numpy.full(len(row["x"]), row["weight"]) for row in rows])
    data = lightgbm.Dataset(x, y.astype(int), weight=weight, group=[len(row["x"]) for row in rows])
    return lightgbm.train(TREES, data, ROUNDS)


def written(tree, names, scale):
    """A tree as the program reads it: a line for each node, its children by position or `=` and a leaf's value."""
    lines = []

    def walk(node):
        if "leaf_value" in node:
            return f"={node['leaf_value'] * scale:.5g}"
        at = len(lines)
        lines.append("")
        left, right = walk(node["left_child"]), walk(node["right_child"])
        lines[at] = f"{names[node['split_feature']]} {node['threshold']:.6g} {left} {right}"
        return str(at)

    walk(tree["tree_structure"])
    return ["tree"] + lines


def parts(rows, score):
    """The scores of each row's declarations; asked for at once, as every question to the trees costs some milliseconds."""
    if not rows:
        return []
    bounds = numpy.cumsum([len(row["x"]) for row in rows])
    return numpy.split(score(numpy.concatenate([row["x"] for row in rows])), bounds[:-1])


def fit(names, rows, without=()):
    """The model's lines, and how it scores the declarations of a question."""
    use = numpy.array([name not in without for name in names], dtype="f4")
    rows = [thinned(row) for row in rows if row["y"].any()]
    weights, trees = weights_of(rows, use), trees_of(rows, use)
    # What nobody asked for is never preferred, whatever a few questions say.
    for at, name in enumerate(names):
        if name in HELD_BACK:
            weights[at] = min(weights[at], 0.0)
    spread = lambda score: 1 / numpy.mean([it.std() for it in parts(rows, score)])
    plain, forest = spread(lambda x: x @ weights), spread(lambda x: trees.predict(x * use, num_threads=2))
    model = [f"weight {name} {it:.5g}" for name, it in zip(names, weights * plain)]
    for tree in trees.dump_model()["tree_info"]:
        if "left_child" in tree["tree_structure"]:
            model += written(tree, names, forest)
    named = [names.index("declared"), names.index("asks_name")]
    forced = lambda x: DECLARED_FIRST * x[:, named].prod(1)
    return model, lambda x: (x @ weights) * plain + trees.predict(x * use, num_threads=2) * forest + forced(x)


def ranked(row, scores, window=10):
    """As `rank::spread` orders them; no place twice."""
    further = FURTHER if len(row["x"]) and row["x"][0][row["asked"]].any() else FURTHER_DESCRIBED
    listed, files, names, places = [], set(), set(), set()
    for at in numpy.argsort(-scores, kind="stable"):
        unit = row["units"][at]
        if tuple(unit[:3]) not in places:
            name = (unit[0], unit[3]) if unit[3] else None
            listed.append((scores[at] - (further if unit[0] in files else 0) - (AGAIN if name in names else 0), at))
            places.add(tuple(unit[:3]))
            files.add(unit[0])
            names.update([name] if name else [])
    listed.sort(key=lambda it: -it[0])
    return [row["units"][at] for _, at in listed[:window]]


def measured(rows):
    """The shares; each row's `scores` are those of its declarations."""
    told, gains = [], {}
    for row in rows:
        units = ranked(row, row["scores"])
        if row["by_file"]:
            ranks = {next((at for at, it in enumerate(units) if is_right(it, truth)), None) for truth in row["truth"]} - {None}
            ideal = sum(1 / math.log2(at + 2) for at in range(min(10, len(row["truth"]))))
            gains.setdefault(row["repository"], []).append(sum(1 / math.log2(at + 2) for at in ranks) / ideal)
            continue
        place = next((at for at, it in enumerate(units) if any(is_right(it, truth) for truth in row["truth"])), 99)
        paths = {truth["path"] for truth in row["truth"]}
        file = next((at for at, it in enumerate(units) if it[0] in paths), 99)
        told.append((row["kind"], place, file))
    out = []
    if told:
        share = lambda fits: f"{sum(map(fits, told)) / len(told):.3f}"
        out.append(f"{len(told)} by function: first {share(lambda it: it[1] < 1)} three {share(lambda it: it[1] < 3)} ten {share(lambda it: it[1] < 10)}"
                   f" file {share(lambda it: it[2] < 1)} {share(lambda it: it[2] < 10)}")
        for kind in sorted({it[0] for it in told}):
            own = [it for it in told if it[0] == kind]
            share = lambda most: f"{sum(it[1] < most for it in own) / len(own):.2f}"
            out.append(f"    {kind:12} {share(1)} {share(3)} {share(10)}")
    if gains:
        out.append(f"by file: NDCG@10 {numpy.mean([numpy.mean(it) for it in gains.values()]):.4f}")
    return "\n".join(out)


def tested(names, rows, test, without=()):
    if test:
        _, score = fit(names, rows, without)
        for row, scores in zip(test, parts(test, score)):
            row["scores"] = scores
        return measured(test)
    repositories = sorted({row["repository"] for row in rows})
    random.Random(5).shuffle(repositories)
    for fold in range(5):
        out = set(repositories[fold::5])
        _, score = fit(names, [row for row in rows if row["repository"] not in out], without)
        left_out = [row for row in rows if row["repository"] in out]
        for row, scores in zip(left_out, parts(left_out, score)):
            row["scores"] = scores
    return measured(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--functions", "--files", "--test"):
        parser.add_argument(name, nargs="*", default=[])
    parser.add_argument("--by-file", type=float, default=BY_FILE)
    parser.add_argument("--without", action="append", default=[])
    parser.add_argument("--untested", action="store_true", help="only fit")
    parser.add_argument("--out")
    args = parser.parse_args()
    names, rows, test = None, [], []
    for stems, by_file, into in ((args.functions, False, rows), (args.files, True, rows), (args.test, False, test)):
        for stem in stems:
            known, (names, more) = names, load(stem, by_file)
            if known not in (None, names):
                raise SystemExit(f"{stem}: other numbers than in the files before")
            into += more
            for row in more:
                row["weight"] = args.by_file if by_file else 1.0
    for without in [] if args.untested else [""] + args.without:
        print(f"\nwithout {without}" if without else "all numbers", flush=True)
        print(tested(names, rows, test, without.split(",")), flush=True)
    if args.out:
        model, _ = fit(names, rows)
        with open(args.out, "w", encoding="utf-8") as file:
            file.write("\n".join(model) + "\n")


if __name__ == "__main__":
    main()
