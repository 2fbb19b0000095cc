"""Text to piece numbers as src/embed/tokenizer.rs does it, and bags of them: numba kernels over flat arrays.

A list of texts is two arrays: all pieces one after another, and where each text starts (one more at the end).
"""
import json, re

import numba
import numpy

MOST_TOKENS, LONGEST_WORD, MOST_BYTES = 512, 64, 2_000
NONE, LOWER, UPPER, DIGIT = 0, 1, 2, 3


def _classes():
    kind, code = numpy.zeros(256, "u1"), numpy.zeros(256, "u1")
    for n in range(26):
        kind[97 + n], code[97 + n] = LOWER, n
        kind[65 + n], code[65 + n] = UPPER, n
    for n in range(10):
        kind[48 + n], code[48 + n] = DIGIT, 26 + n
    return kind, code


KIND, CODE = _classes()


class Pieces:
    """The vocabulary of a tokenizer.json."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            model = json.load(file)["model"]
        self.names = sorted(model["vocab"], key=model["vocab"].get)
        self.size, self.unknown = len(self.names), model["vocab"].get(model["unk_token"], 0)
        children, ends = [[-1] * 36], [-1]
        for number, piece in enumerate(self.names):
            if not re.fullmatch("[a-z0-9]+", piece):
                continue
            at = 0
            for letter in piece.encode():
                code = CODE[letter]
                if children[at][code] < 0:
                    children[at][code] = len(children)
                    children.append([-1] * 36)
                    ends.append(-1)
                at = children[at][code]
            ends[at] = number
        self.children, self.ends = numpy.array(children, "i4"), numpy.array(ends, "i4")

    def encode(self, texts, most_bytes=MOST_BYTES, most=MOST_TOKENS):
        """(pieces, starts) of the texts, each cut at `most_bytes`."""
        blobs = [text.encode("utf-8", "replace")[:most_bytes] for text in texts]
        starts = numpy.zeros(len(blobs) + 1, "i8")
        numpy.cumsum([len(it) for it in blobs], out=starts[1:])
        data = numpy.frombuffer(b"".join(blobs), "u1")
        out, counts = scan(data, starts, self.children, self.ends, self.unknown, most, KIND, CODE)
        ends = numpy.zeros(len(blobs) + 1, "i8")
        numpy.cumsum(counts, out=ends[1:])
        return out, ends


@numba.njit(cache=True)
def scan(data, starts, children, ends, unknown, most, kinds, codes):
    out = numpy.empty(len(data) + 1, numpy.uint16)
    counts = numpy.zeros(len(starts) - 1, numpy.int64)
    word = numpy.empty(LONGEST_WORD, numpy.uint8)
    at = 0
    for text in range(len(starts) - 1):
        first, length, previous = at, 0, NONE
        for place in range(starts[text], starts[text + 1] + 1):
            last = place == starts[text + 1]
            this = NONE if last else kinds[data[place]]
            cut = this == NONE or (previous == LOWER and this == UPPER) or (previous == DIGIT) != (this == DIGIT)
            if previous == UPPER and this == UPPER and place + 1 < starts[text + 1] and kinds[data[place + 1]] == LOWER:
                cut = True
            if cut and length > 0:
                if length > LONGEST_WORD:
                    out[at] = unknown
                    at += 1
                else:
                    done = 0
                    while done < length:
                        state, best, taken, look = 0, unknown, length - done, done
                        while look < length:
                            state = children[state, word[look]]
                            if state < 0:
                                break
                            look += 1
                            if ends[state] >= 0:
                                best, taken = ends[state], look - done
                        out[at] = best
                        at += 1
                        done += taken
                length = 0
                if at - first >= most:
                    break
            if this != NONE:
                if length < LONGEST_WORD:
                    word[length] = codes[data[place]]
                length += 1
            previous = this
        at = min(at, first + most)
        counts[text] = at - first
    return out[:at].copy(), counts


@numba.njit(cache=True)
def bags(pieces, starts, size, alpha, drop, seed):
    """Of each text its distinct pieces with `count ^ alpha`; a piece is dropped with probability `drop`."""
    numpy.random.seed(seed)
    ids, weights = numpy.empty(len(pieces), numpy.int32), numpy.empty(len(pieces), numpy.float32)
    offsets = numpy.zeros(len(starts), numpy.int64)
    stamp, slot = numpy.full(size, -1, numpy.int64), numpy.zeros(size, numpy.int64)
    k = 0
    for text in range(len(starts) - 1):
        for place in range(starts[text], starts[text + 1]):
            piece = pieces[place]
            if piece < 2 or (drop > 0 and numpy.random.random() < drop):
                continue
            if stamp[piece] == text:
                weights[slot[piece]] += 1
            else:
                stamp[piece], slot[piece], ids[k], weights[k] = text, k, piece, 1
                k += 1
        offsets[text + 1] = k
    for place in range(k):
        if weights[place] > 1:
            weights[place] = weights[place] ** alpha
    return ids[:k], weights[:k], offsets


@numba.njit(parallel=True, cache=True, fastmath=True)
def add_rows(table, ids, weights, offsets):
    count, width = len(offsets) - 1, table.shape[1]
    out = numpy.zeros((count, width), numpy.float32)
    for text in numba.prange(count):
        row = out[text]
        for place in range(offsets[text], offsets[text + 1]):
            weight, source = weights[place], table[ids[place]]
            for column in range(width):
                row[column] += weight * source[column]
    return out


@numba.njit(parallel=True, cache=True, fastmath=True)
def spread_rows(slopes, ids, weights, offsets, out, parts):
    """The reverse of `add_rows`: each thread has columns of its own."""
    width = out.shape[1]
    for part in numba.prange(parts):
        low, high = part * width // parts, (part + 1) * width // parts
        for text in range(len(offsets) - 1):
            source = slopes[text]
            for place in range(offsets[text], offsets[text + 1]):
                weight, row = weights[place], out[ids[place]]
                for column in range(low, high):
                    row[column] += weight * source[column]
