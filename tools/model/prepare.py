#!/usr/bin/env python3
"""Records of the training repositories to arrays of pieces: pairs of a query and a declaration.

    tools/model/prepare.py --raw DIR --tokenizer FILE --out FILE.npz [--questions DIR --samples DIR | --commits DIR]

With --questions or --commits only pairs of those, else all others: train.py takes several files.

Declarations have four parts: `before` (path tail and what contains it), `name`, `doc`, `code` (the text without its
documentation). Pairs have a kind (KINDS), a query and a declaration:
  doc      the first paragraph of the documentation
  name     the name of a declaration without documentation
  comment  a comment inside a body -> the lines that it introduces, or the whole function without the comment
  heading  a heading and those around it -> its section
  keys     the first sentence of the documentation cut to its words of content, or asked ("where do we ...")
  test     the words of a test's name -> the function that it calls whose name is most like it
  commit   the subject of a commit -> the one or two functions that it changed
  question a question that a person wrote from reading the declaration; those of held-out repositories are left out
"""
import argparse, collections, glob, gzip, hashlib, json, multiprocessing, os, random, re, sys

import numpy

from pieces import Pieces

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = ("doc", "name", "comment", "heading", "keys", "test", "commit", "question")
DATA = {"json", "yaml", "toml", "html", "css"}
CALLED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*[?!]?)\s*\(|\.([A-Za-z_][A-Za-z0-9_]+)|(?<=\s)([a-z_][a-z0-9_]+[?!])")
TAG = re.compile(r"^\s*([@\\]\w+|:\w+|Args?:|Arguments:|Parameters?:?$|Returns?:|Raises:|Examples?:?|#+ |- (Parameters?|Returns|Throws)\b|>>>|```|[-=~]{4,}|\.\. )", re.I)
NOISE = re.compile(r"copyright|licen[sc]e|rights reserved|eslint|noqa|prettier|spdx|noinspection|pylint|@ts-|rubocop|istanbul|clang-format|nolint|"
                   r"TODO|FIXME|XXX|generated|do not edit|inheritdoc|\{@|go:(build|generate|noinline|linkname)|shellcheck", re.I)
# Words that say nothing of what a function does.
EMPTY = set("""a an the of to in for on with by from as is are be been was were this that these those it its and or if when whether which will
can may should would into at not no any all each than then there here has have had do does also only used use uses using given must so such
returns return get gets set sets specified provided current same other one two""".split())
ASKED = ("where do we {}", "how does it {}", "where is the code that {}s", "code that {}s", "function to {}", "how do we {}", "what {}s", "{}")


def cleaned(doc):
    """The words of a comment without its marks and mark-up."""
    doc = re.sub(r"<[^<>\n]{1,80}>", lambda it: " " + " ".join(re.findall(r'(?:cref|name)="(?:\w:)?([^"]*)"', it.group())) + " ", doc)
    lines = []
    for line in doc.split("\n"):
        line = re.sub(r'^\s*(///?!?|//!|/\*\*?!?|\*/|\*+(?=\s|/|$)|#+!?|--+\[*=*\[?\s*\|?|;+|@(module)?doc\s+(~S)?"*|"""|\'\'\'|\{-\s*\|?|%+|=begin|=end)\s?', "", line.rstrip())
        lines.append(re.sub(r'(\*/|-\}|\]\]|"""|\'\'\')\s*$', "", line).strip())
    return "\n".join(lines).strip()


def paragraph(doc):
    """The first paragraph, as far as its first tag."""
    held = []
    for line in doc.split("\n"):
        if TAG.match(line) or (not line and held):
            break
        if line:
            held.append(line)
    return " ".join(held)


def tells(text):
    """Whether it is a text in English words that says something."""
    found = re.findall(r"[A-Za-z]{2,}", text)
    if not 3 <= len(found) <= 120 or NOISE.search(text) or not text.isascii() and sum(map(str.isascii, text)) < 0.95 * len(text):
        return False
    return sum(it.isalpha() or it == " " for it in text) > 0.7 * len(text)


def keyed(text, chance):
    """The first sentence as somebody would type it who looks for it."""
    sentence = re.split(r"(?<=[a-z0-9)])[.;:]\s|\n", text)[0].strip(" .").lower()
    found = re.findall(r"[a-z0-9_]+", sentence)
    if chance.random() < 0.4 and 3 <= len(found) <= 14:
        first = re.sub(r"(?<=[a-z]{3})(?<!s)s$", "", found[0])
        rest = " ".join([first] + found[1:])
        return chance.choice(ASKED).format(rest).replace("ss ", "s ")
    held = [it for it in found if it not in EMPTY]
    if len(held) < 2:
        return None
    if len(held) > 3 and chance.random() < 0.6:
        wanted = chance.randint(2, min(6, len(held)))
        held = [held[at] for at in sorted(chance.sample(range(len(held)), wanted))]
    return " ".join(held)


def comments(text):
    """Comments of their own lines inside a body, each with the lines behind it; (comment, lines, text without it)."""
    lines = text.split("\n")
    at = 1
    while at < len(lines):
        marked = re.match(r"\s*(//+|#|--+)\s?(.*)", lines[at])
        if not marked or lines[at].lstrip().startswith(("#[", "#!", "#include", "#if", "#e", "#define", "#pragma")):
            at += 1
            continue
        first, said = at, []
        while at < len(lines) and (marked := re.match(r"\s*(//+|#|--+)\s?(.*)", lines[at])):
            said.append(marked.group(2))
            at += 1
        behind = []
        for line in lines[at:at + 14]:
            if not line.strip() and len(behind) >= 3:
                break
            behind.append(line)
        if len("".join(behind)) > 50:
            yield " ".join(said), "\n".join(behind), "\n".join(lines[:first] + lines[at:])


def split_words(name):
    return re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", re.sub(r"[_\W]+", " ", name)).lower().split()


class Writer:
    def __init__(self):
        self.parts = {"before": [], "name": [], "doc": [], "code": []}
        self.repository, self.place = [], []
        self.queries, self.kind, self.of = [], [], []

    def declaration(self, repository, place, before, name, doc, code):
        for key, text in (("before", before), ("name", name), ("doc", doc), ("code", code)):
            self.parts[key].append(text)
        self.repository.append(repository)
        self.place.append(place)
        return len(self.place) - 1

    def take(self, other):
        """All of another writer behind its own."""
        begun = len(self.place)
        for key, texts in other.parts.items():
            self.parts[key] += texts
        self.repository += other.repository
        self.place += other.place
        self.queries += other.queries
        self.kind += other.kind
        self.of += [begun + at for at in other.of]

    def pair(self, kind, query, declaration):
        self.queries.append(query)
        self.kind.append(KINDS.index(kind))
        self.of.append(declaration)


def tested(units, numbers):
    """(words of a test's name, unit that it tests) of a repository."""
    named = collections.defaultdict(list)
    for at, it in enumerate(units):
        if at in numbers and not it["test"] and len(it["name"]) > 3:
            named[it["name"]].append(at)
    for it in units:
        words = [word for word in split_words(it["name"]) if word not in ("test", "tests", "should", "it", "spec")]
        if not it["test"] or len(words) < 3 or it["kind"] in ("Class", "Struct", "Module"):
            continue
        best = None
        for groups in CALLED.findall(it["text"]):
            name = next(filter(None, groups), "")
            if name in named and len(named[name]) <= 2:
                shared = len(set(split_words(name)) & set(words)) / len(set(split_words(name)))
                score = (shared, len(name))
                if shared >= 0.5 and (best is None or score > best[0]):
                    best = (score, named[name][0])
        if best:
            yield " ".join(words), best[1]


def further(writer, name, units, commits, written):
    """Pairs of written questions and commits alone."""
    counts, made = collections.Counter(), {}

    def declared(it):
        place = (it["path"], it["first"], it["name"])
        if place not in made:
            doc = cleaned(it["doc"]) if it["doc"] else ""
            before = it["before"].removesuffix(it["name"]).rstrip()
            made[place] = writer.declaration(name, place[:2], before, it["name"], doc, it["bare"] if it["bare"] is not None else it["text"])
        return made[place]

    places = {(it["path"], it["first"], it["name"]): it for it in units}
    for it in commits:
        unit = places.get((it["path"], it["first"], it["name"]))
        if unit and counts["commit"] < 3000:
            counts["commit"] += 1
            writer.pair("commit", it["subject"], declared(unit))
    for (path, first, called), asked in written.items():
        unit = places.get((path, first, called))
        for question in asked if unit else ():
            counts["question"] += 1
            writer.pair("question", question, declared(unit))


def repository(writer, name, units, chance, most):
    docs_seen = collections.Counter(paragraph(cleaned(it["doc"])).lower() for it in units if it["doc"])
    chance.shuffle(units)
    kept, texts = {}, set()
    counts = collections.Counter()
    for at, it in enumerate(units):
        if it["off"] or it["lang"] in DATA:
            continue
        bare = it["bare"] if it["bare"] is not None else it["text"]
        key = hashlib.md5(re.sub(r"\s+", "", bare).encode()).digest()
        doc = cleaned(it["doc"]) if it["doc"] else ""
        if it["lang"] == "markdown":
            heading = " ".join(it["within"][-2:] + [it["name"]])
            body = it["text"].split("\n", 1)[-1]
            if counts["heading"] < 300 and tells(heading + " section of text") and len(body) > 80 and key not in texts:
                texts.add(key)
                counts["heading"] += 1
                place = (it["path"], it["first"])
                writer.pair("heading", heading, writer.declaration(name, place, it["path"].rsplit(".", 1)[0], "", "", body))
            continue
        if key in texts or len(bare) < 40:
            continue
        first = paragraph(doc)
        says = tells(first) and docs_seen[first.lower()] <= 5
        limit = most["doc"] if says else most["name"]
        if counts["doc" if says else "name"] >= limit:
            continue
        texts.add(key)
        before = it["before"].removesuffix(it["name"]).rstrip()
        kept[at] = made = writer.declaration(name, (it["path"], it["first"]), before, it["name"], doc, bare)
        if says:
            counts["doc"] += 1
            writer.pair("doc", first, made)
            asked = keyed(first, chance)
            if asked:
                writer.pair("keys", asked, made)
        elif len(split_words(it["name"])) >= 2 and not it["test"]:
            counts["name"] += 1
            writer.pair("name", it["name"], made)
        if counts["comment"] < most["comment"] and not it["test"]:
            for said, behind, without in list(comments(bare))[:6]:
                if tells(said):
                    counts["comment"] += 1
                    place = (it["path"], it["first"])
                    if chance.random() < 0.5:
                        writer.pair("comment", said, writer.declaration(name, place, before, it["name"], "", behind))
                    else:
                        writer.pair("comment", said, writer.declaration(name, place, before, it["name"], doc, without))
    for words, at in tested(units, kept):
        if counts["test"] < 1500:
            counts["test"] += 1
            writer.pair("test", words, kept[at])

def parts_of_repositories():
    with open(os.path.join(HERE, "repositories.tsv"), encoding="utf-8") as file:
        return dict(line.rstrip("\n").split("\t")[:2] for line in file if not line.startswith("#"))


def questions(folder, samples):
    """Written questions by repository and place: ({repository: {(path, first): [question]}}, rows with everything)."""
    with open(os.path.join(samples, "index.jsonl"), encoding="utf-8") as file:
        places = {it["id"]: it for it in map(json.loads, file)}
    by, rows = collections.defaultdict(dict), []
    for path in sorted(glob.glob(os.path.join(folder, "*.jsonl"))):
        with open(path, encoding="utf-8") as file:
            for line in file:
                try:
                    it = json.loads(line)
                    place = places[it["id"]]
                    asked = [(one["kind"], one["q"]) for one in it["questions"] if one["q"].strip()]
                except (ValueError, KeyError, TypeError):
                    print("not read:", path, line[:80], file=sys.stderr)
                    continue
                by[place["repo"]].setdefault((place["path"], place["first"], place["name"]), []).extend(q for _, q in asked)
                rows += [{**place, "kind": kind, "question": q} for kind, q in asked]
    return by, rows


def held_out(repository):
    """A tenth of the repositories that people wrote questions about."""
    return hashlib.md5(repository.encode()).digest()[0] % 10 == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--raw", required=True)
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--questions")
    parser.add_argument("--samples")
    parser.add_argument("--commits")
    parser.add_argument("--most", default="doc:6000,name:2500,comment:2000")
    args = parser.parse_args()
    most = {key: int(value) for key, value in (it.split(":") for it in args.most.split(","))}
    asked = questions(args.questions, args.samples)[0] if args.questions else {}
    chosen = [name for name, part in sorted(parts_of_repositories().items()) if part == "train"]
    chosen = [name for name in chosen if os.path.exists(raw_of(args.raw, name))]
    jobs = [(name, args, most, {} if held_out(name) else asked.get(name, {})) for name in chosen]
    writer = Writer()
    with multiprocessing.Pool(2) as pool:
        for one in pool.imap(written_by, jobs, chunksize=2):
            writer.take(one)
    save(writer, args)


def raw_of(folder, name):
    return os.path.join(folder, name.replace("/", "+") + ".jsonl.gz")


def written_by(job):
    """All pairs of a repository."""
    name, args, most, asked = job
    writer, commits = Writer(), []
    if args.commits and os.path.exists(place := os.path.join(args.commits, name.replace("/", "+") + ".jsonl")):
        with open(place, encoding="utf-8") as file:
            commits = [json.loads(line) for line in file]
    if (args.questions or args.commits) and not (asked or commits):
        return writer
    with gzip.open(raw_of(args.raw, name), "rt", encoding="utf-8") as file:
        units = [json.loads(line) for line in file]
    if args.questions or args.commits:
        further(writer, name, units, commits, asked)
    else:
        repository(writer, name, units, random.Random(name), most)
    return writer


def save(writer, args):
    pieces = Pieces(args.tokenizer)
    out = {}
    for key, texts in writer.parts.items():
        out[key], out[key + "_at"] = pieces.encode(texts, 2_000 if key == "code" else 600, 512)
    out["query"], out["query_at"] = pieces.encode(writer.queries, 600, 96)
    files, numbers = {}, {}
    out["of_file"] = numpy.array([files.setdefault((name, path), len(files)) for name, (path, _) in zip(writer.repository, writer.place)], "i4")
    out["repository"] = numpy.array([numbers.setdefault(name, len(numbers)) for name in writer.repository], "i4")
    out["names"], out["paths"] = numpy.array(list(numbers)), numpy.array([f"{name}:{path}" for name, path in files])
    out["kind"], out["of"] = (numpy.array(it, "i4") for it in (writer.kind, writer.of))
    numpy.savez(args.out, **out)
    print(len(numbers), "repositories,", len(writer.place), "declarations,",
          {kind: writer.kind.count(at) for at, kind in enumerate(KINDS)}, f"{len(out['code']) / 1e6:.0f} M pieces of code")


if __name__ == "__main__":
    sys.exit(main())
