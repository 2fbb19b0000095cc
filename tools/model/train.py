#!/usr/bin/env python3
"""Trains the default model: one table, a small head, InfoNCE over batches of a few repositories.

    tools/model/train.py --data FILE.npz --tokenizer FILE --out FILE.npz (--init TABLE.npy | --start MODEL) [--steps N] ...

Query and declaration share everything. A batch is --groups repositories with --batch / --groups pairs each; --run pairs at a
time are of one file. A declaration is seen as the program feeds it, with two exceptions: without its documentation where that is the
query, without its name where that is the query. --prefix N adds the same loss on the first N numbers alone.
"""
import argparse, os, sys, time

import numba
import numpy

import network
import prepare
from pieces import Pieces, add_rows, spread_rows
from prepare import KINDS

THREADS = numba.get_num_threads()
BETA1, BETA2 = 0.9, 0.98


@numba.njit(cache=True)
def assemble(parts, starts, use, rows, low, high, banned, ban_at, ban, size, alpha, drop, seed):
    """Bags of declarations: of each row the parts with a bit in `use`, code cut to [low, high), banned pieces left out."""
    numpy.random.seed(seed)
    room = 0
    for row in rows:
        for part in range(4):
            room += starts[part][row + 1] - starts[part][row]
    ids, weights = numpy.empty(room + len(rows), numpy.int32), numpy.empty(room + len(rows), numpy.float32)
    offsets = numpy.zeros(len(rows) + 1, numpy.int64)
    stamp, slot, out = numpy.full(size, -1, numpy.int64), numpy.zeros(size, numpy.int64), numpy.full(size, -1, numpy.int64)
    k = 0
    for at in range(len(rows)):
        row = rows[at]
        if ban[at]:
            for place in range(ban_at[row], ban_at[row + 1]):
                out[banned[place]] = at
        for part in range(4):
            if not use[at] >> part & 1:
                continue
            first, last = starts[part][row], starts[part][row + 1]
            if part == 3:
                first, last = min(last, first + low[at]), min(last, first + high[at])
            source = parts[part]
            for place in range(first, last):
                piece = source[place]
                if piece < 2 or out[piece] == at or (drop > 0 and numpy.random.random() < drop):
                    continue
                if stamp[piece] == at:
                    weights[slot[piece]] += 1
                else:
                    stamp[piece], slot[piece], ids[k], weights[k] = at, k, piece, 1
                    k += 1
        if k == offsets[at]:
            ids[k], weights[k] = 1, 1
            k += 1
        offsets[at + 1] = k
    for place in range(k):
        if weights[place] > 1:
            weights[place] = weights[place] ** alpha
    return ids[:k], weights[:k], offsets


@numba.njit(parallel=True, cache=True, fastmath=True)
def adam(values, slopes, first, second, rate, fix1, fix2):
    for row in numba.prange(values.shape[0]):
        v, s, a, b = values[row], slopes[row], first[row], second[row]
        for column in range(values.shape[1]):
            slope = s[column]
            a[column] = BETA1 * a[column] + (1 - BETA1) * slope
            b[column] = BETA2 * b[column] + (1 - BETA2) * slope * slope
            v[column] -= rate * (a[column] / fix1) / (numpy.sqrt(b[column] / fix2) + 1e-8)
            s[column] = 0


def joined(paths):
    """Several files of prepare.py as one; repositories and files of one name are one."""
    names, places, out = {}, {}, {}
    for path in paths:
        held = dict(numpy.load(path))
        held["repository"] = numpy.array([names.setdefault(str(it), len(names)) for it in held.pop("names")], "i4")[held["repository"]]
        held["of_file"] = numpy.array([places.setdefault(str(it), len(places)) for it in held.pop("paths")], "i4")[held["of_file"]]
        held["of"] = held["of"] + len(out.get("repository", ()))
        for key, it in held.items():
            if key not in out:
                out[key] = it
            elif key.endswith("_at"):
                out[key] = numpy.concatenate([out[key], out[key][-1] + it[1:]])
            else:
                out[key] = numpy.concatenate([out[key], it])
    return {**out, "listed": list(names)}


class Data:
    def __init__(self, paths, weights):
        held = joined(paths)
        order = ("before", "name", "doc", "code")
        self.parts, self.starts = tuple(held[it] for it in order), tuple(held[it + "_at"] for it in order)
        self.query, self.query_at = held["query"], held["query_at"]
        of, kind = held["of"], held["kind"]
        # A repository may have left the list since the records were made.
        listed = prepare.parts_of_repositories()
        stays = numpy.array([listed.get(it) == "train" for it in held["listed"]])[held["repository"]]
        # Pairs in the order of their files, with the weight of each up to it.
        pairs = numpy.lexsort((numpy.arange(len(of)), held["of_file"][of]))
        pairs = pairs[(numpy.array([weights[it] for it in kind[pairs]]) > 0) & stays[of[pairs]]]
        self.of, self.kind, self.pair = of[pairs], kind[pairs], pairs
        self.file, self.repository = held["of_file"][self.of], held["repository"][self.of]
        weight = numpy.array([weights[it] for it in self.kind])
        self.up_to = numpy.concatenate([[0.0], numpy.cumsum(weight)])
        edges = numpy.flatnonzero(numpy.diff(self.file)) + 1
        edges = numpy.concatenate([[0], edges, [len(pairs)]])
        of_pair = numpy.searchsorted(edges, numpy.arange(len(pairs)), side="right") - 1
        self.file_first, self.file_last = edges[of_pair], edges[of_pair + 1]
        ends = numpy.concatenate([[0], numpy.flatnonzero(numpy.diff(self.repository)) + 1, [len(pairs)]])
        self.bounds = list(zip(ends[:-1], ends[1:]))
        total = numpy.array([self.up_to[b] - self.up_to[a] for a, b in self.bounds])
        # Big repositories do not own the batches.
        self.chance = numpy.sqrt(total * numpy.minimum(total, 6000))
        self.chance /= self.chance.sum()
        text = numpy.zeros(len(of), "u8")
        hashes(self.query, self.query_at, text)
        self.text = text[pairs]

    def draw(self, rng, batch, groups, run):
        chosen = []
        for at in rng.choice(len(self.bounds), groups, replace=False, p=self.chance):
            first, last = self.bounds[at]
            wanted = batch // groups
            anchors = self.within(rng, numpy.full(max(1, wanted // run), first), numpy.full(max(1, wanted // run), last))
            several = numpy.repeat(anchors, run - 1)
            more = self.within(rng, self.file_first[several], self.file_last[several]) if run > 1 else several
            chosen.append(numpy.unique(numpy.concatenate([anchors, more])))
        return numpy.concatenate(chosen)

    def within(self, rng, first, last):
        drawn = self.up_to[first] + rng.random(len(first)) * (self.up_to[last] - self.up_to[first])
        return numpy.clip(numpy.searchsorted(self.up_to, drawn, side="right") - 1, first, last - 1)


@numba.njit(cache=True)
def hashes(pieces, starts, out):
    for text in range(len(out)):
        it = numpy.uint64(1469598103934665603)
        for place in range(starts[text], starts[text + 1]):
            it = (it ^ numpy.uint64(pieces[place] + 1)) * numpy.uint64(1099511628211)
        out[text] = it


def views(data, rng, pairs, args):
    """Parts of each declaration, the window of its code, whether its name is left out; whether the name is the query."""
    count, kind = len(pairs), data.kind[pairs]
    at = {name: KINDS.index(name) for name in KINDS}
    by_name = (kind == at["name"]) | ((kind == at["doc"]) & (rng.random(count) < args.named))
    rows = data.of[pairs]
    has_name = data.starts[1][rows + 1] > data.starts[1][rows]
    by_name &= has_name
    whole = (kind == at["question"]) | (kind == at["test"]) | (kind == at["commit"])
    around = (rng.random(count) < args.around) | whole
    ban = by_name & (rng.random(count) < 0.6)
    use = numpy.full(count, 8)
    use |= numpy.where(around, 1, 0) | numpy.where((around & ~by_name) | whole, 2, 0)
    with_doc = whole & (rng.random(count) < 0.9) | (by_name | (kind == at["comment"])) & (rng.random(count) < 0.5)
    use |= numpy.where(with_doc, 4, 0)
    length = data.starts[3][rows + 1] - data.starts[3][rows]
    cut = (rng.random(count) < args.window) & (length > 40)
    low = numpy.where(cut, rng.random(count) * length * 0.5, 0).astype("i8")
    high = numpy.where(cut, low + numpy.maximum(30, length // 2), 1 << 20)
    return rows, use, low, high, ban, by_name


def gather(pieces, starts, rows):
    """The texts of `rows`."""
    sizes = starts[rows + 1] - starts[rows]
    ends = numpy.concatenate([[0], numpy.cumsum(sizes)])
    place = numpy.arange(ends[-1]) - numpy.repeat(ends[:-1] - starts[rows], sizes)
    return pieces[place], ends


def loss_of(asked, told, same, scale, back):
    """InfoNCE both ways on unit vectors; (loss, slope of asked, of told, of the scale's logarithm)."""
    count = len(asked)
    scores = asked @ told.T * scale
    scores[same] = -1e4
    row = scores - scores.max(1, keepdims=True)
    numpy.exp(row, out=row)
    row /= row.sum(1, keepdims=True)
    column = scores - scores.max(0, keepdims=True)
    numpy.exp(column, out=column)
    column /= column.sum(0, keepdims=True)
    diagonal = numpy.arange(count)
    loss = -numpy.log(row[diagonal, diagonal] + 1e-20).mean() - back * numpy.log(column[diagonal, diagonal] + 1e-20).mean()
    row += back * column
    row[diagonal, diagonal] -= 1 + back
    row /= count
    of_scale = float((row * numpy.where(same, 0, scores)).sum())
    row *= scale
    return float(loss), row @ told, row.T @ asked, of_scale


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--tokenizer", "--out"):
        parser.add_argument(name, required=True)
    parser.add_argument("--data", required=True, nargs="+")
    parser.add_argument("--init")
    parser.add_argument("--start")
    for name, value in (("steps", 1200), ("batch", 1024), ("groups", 4), ("run", 1), ("hidden", 256), ("prefix", 0), ("seed", 0), ("log", 100)):
        parser.add_argument("--" + name, type=int, default=value)
    for name, value in (("alpha", 0.4), ("rate", 3e-3), ("head-rate", 1e-3), ("drop", 0.15), ("drop-told", 0.1), ("named", 0.15), ("around", 0.7),
                        ("window", 0.33), ("back", 0.5), ("scale", 20.0)):
        parser.add_argument("--" + name, type=float, default=value)
    parser.add_argument("--kinds", default="doc:1,name:.15,comment:.25,heading:.08,keys:0,test:0,commit:0,question:0")
    args = parser.parse_args()
    rng, vocabulary = numpy.random.default_rng(args.seed), Pieces(args.tokenizer)
    kinds = {key: float(value) for key, value in (it.split(":") for it in args.kinds.split(","))}
    data = Data(args.data, [kinds.get(name, 0.0) for name in KINDS])
    if args.start:
        begun = network.load(args.start, vocabulary)
        table, head = begun.table.copy(), {name: begun.head[name].copy() for name in network.NAMES}
        args.alpha = begun.alpha
    else:
        table = numpy.load(args.init).astype("f4")
        head = network.new_head(table.shape[1], args.hidden, args.seed)
    table = train(args, rng, data, table, head, vocabulary)
    numpy.savez(args.out, table=table, alpha=numpy.float32(args.alpha), **head)


def train(args, rng, data, table, head, vocabulary):
    slopes, first, second = (numpy.zeros_like(table) for _ in range(3))
    small = {**head, "scale": numpy.array([numpy.log(args.scale)], "f4")}
    moments = {name: (numpy.zeros_like(it), numpy.zeros_like(it)) for name, it in small.items()}
    begun, mean = time.time(), 0.0
    for step in range(args.steps):
        share = min(1, (step + 1) / 50) * (0.5 * (1 + numpy.cos(numpy.pi * step / args.steps)) * 0.98 + 0.02)
        pairs = data.draw(rng, args.batch, args.groups, args.run)
        rows, use, low, high, ban, by_name = views(data, rng, pairs, args)
        told = assemble(data.parts, data.starts, use, rows, low, high, data.parts[1], data.starts[1], ban, vocabulary.size, args.alpha,
                        args.drop_told, int(rng.integers(1 << 30)))
        asked = queries(data, rng, pairs, rows, by_name, vocabulary.size, args)
        small_slopes = {name: numpy.zeros_like(it) for name, it in small.items()}
        scale = float(numpy.exp(min(small["scale"][0], numpy.log(60.0))))
        (q, kept_q), (d, kept_d) = (network.forward(small, add_rows(table, *bag)) for bag in (asked, told))
        text = numpy.where(by_name, data.of[pairs].astype("u8") * numpy.uint64(0x9E3779B97F4A7C15), data.text[pairs])
        same = (text[:, None] == text[None]) | (rows[:, None] == rows[None])
        numpy.fill_diagonal(same, False)
        slope_q, slope_d, loss = numpy.zeros_like(q), numpy.zeros_like(d), 0.0
        for width in {q.shape[1], args.prefix or q.shape[1]}:
            (uq, lq), (ud, ld) = network.unit(q[:, :width]), network.unit(d[:, :width])
            one, gq, gd, of_scale = loss_of(uq, ud, same, scale, args.back)
            slope_q[:, :width] += network.unit_back(uq, lq, gq)
            slope_d[:, :width] += network.unit_back(ud, ld, gd)
            small_slopes["scale"] += of_scale
            loss += one
        for bag, kept, slope in ((asked, kept_q, slope_q), (told, kept_d, slope_d)):
            spread_rows(network.backward(small, kept, slope, small_slopes), *bag, slopes, THREADS)
        fix1, fix2 = 1 - BETA1 ** (step + 1), 1 - BETA2 ** (step + 1)
        adam(table, slopes, first, second, args.rate * share, fix1, fix2)
        for name, it in small.items():
            a, b = moments[name]
            a *= BETA1
            a += (1 - BETA1) * small_slopes[name]
            b *= BETA2
            b += (1 - BETA2) * small_slopes[name] ** 2
            it -= args.head_rate * share * (a / fix1) / (numpy.sqrt(b / fix2) + 1e-8)
        mean += loss
        if (step + 1) % args.log == 0:
            print(f"{step + 1} loss {mean / args.log:.4f} scale {scale:.1f} {(time.time() - begun) / (step + 1):.3f} s a step, {len(pairs)} pairs", flush=True)
            mean = 0.0
    return table


def queries(data, rng, pairs, rows, by_name, size, args):
    """Bags of the queries: a text of its own, or the declaration's name."""
    flat, starts = gather(data.query, data.query_at, data.pair[pairs])
    names, name_starts = gather(data.parts[1], data.starts[1], rows)
    one = (flat, names, flat, names)
    where = (starts, name_starts, starts, name_starts)
    use = numpy.where(by_name, 2, 1)
    every, none = numpy.arange(len(pairs)), numpy.zeros(len(pairs), "i8")
    return assemble(one, where, use, every, none, none, flat, starts, numpy.zeros(len(pairs), "?"), size, args.alpha, args.drop, int(rng.integers(1 << 30)))


if __name__ == "__main__":
    sys.exit(main())
