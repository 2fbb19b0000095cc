#!/usr/bin/env python3
"""How often the right function comes first: the questions of tests/search, asked of `portolan search-server`.

    benches/passages.py --portolan BIN --checkouts DIR [--half seen] [--only NAME]... [--set NAME=VALUE]... [--list]

DIR holds a checkout of each repository of tests/search/repositories.json, at its commit, in a folder of its name. Printed,
for each repository, each kind and all: the share of questions with a right passage first, among three and among ten; with
the right file first and among ten; and of the architecture questions how many of their places are among ten. `--list`
shows the questions without a right passage among three. `--half unseen` is for the end alone; `fit` are the questions that
weights are fitted to.
"""
import argparse, collections, json, os, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "../tests/search")
SLACK, TENTH = 20, 10


def is_right(result, truth):
    """Whether a result is the passage: see tests/search/README.md."""
    if result["path"] != truth["path"]:
        return False
    first, last = result["start_line"], result["end_line"]
    shared = min(last, truth["last"]) - max(first, truth["first"]) + 1
    length, wanted = last - first + 1, truth["last"] - truth["first"] + 1
    return shared * 2 >= min(length, wanted) and length <= 2 * wanted + SLACK


class Server:
    def __init__(self, binary, settings, cache):
        command = [binary, "search-server", "--cache-dir", cache] + [it for name in settings for it in ("--set", name)]
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.number = 0

    def ask(self, **message):
        self.number += 1
        self.child.stdin.write(json.dumps({"id": self.number, **message}) + "\n")
        self.child.stdin.flush()
        answer = json.loads(self.child.stdout.readline())
        if "error" in answer:
            raise SystemExit(f"{message}: {answer['error']}")
        return answer


def relative(path, root):
    return os.path.relpath(path, root) if os.path.isabs(path) else path


def rank(results, truths, fits):
    """Place of the first result that fits one of the truths, from 1; none: beyond all."""
    places = (at for at, it in enumerate(results, 1) if any(fits(it, truth) for truth in truths))
    return next(places, TENTH + 1)


def questions(half, name):
    with open(os.path.join(DATA, half, name + ".jsonl"), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def show(name, rows):
    share = lambda fits: sum(map(fits, rows)) / len(rows)
    places = [it["places"] for it in rows if it["kind"] == "architecture"]
    architecture = f"  places {sum(places) / len(places):.2f}" if places else ""
    print(f"{name:14} {len(rows):4}  passage {share(lambda it: it['passage'] == 1):.3f} {share(lambda it: it['passage'] <= 3):.3f} "
          f"{share(lambda it: it['passage'] <= TENTH):.3f}  file {share(lambda it: it['file'] == 1):.3f} "
          f"{share(lambda it: it['file'] <= TENTH):.3f}{architecture}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portolan", required=True)
    parser.add_argument("--checkouts", required=True)
    parser.add_argument("--half", choices=("seen", "unseen", "fit"), default="seen")
    parser.add_argument("--only", action="append")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    with open(os.path.join(DATA, "fit.json" if args.half == "fit" else "repositories.json"), encoding="utf-8") as file:
        names = [it["name"] for it in json.load(file) if not args.only or it["name"] in args.only]
    rows = []
    with tempfile.TemporaryDirectory(prefix="passages-") as cache:
        server = Server(args.portolan, args.set, cache)
        for name in names:
            root = os.path.realpath(os.path.join(args.checkouts, name))
            if not os.path.isdir(root):
                raise SystemExit(f"{root}: no checkout; see tests/search/repositories.json")
            server.ask(op="index", root=root)
            for it in questions(args.half, name):
                results = server.ask(root=root, query=it["question"], limit=TENTH)["results"]
                results = [{**found, "path": relative(found["path"], root)} for found in results]
                it["passage"] = rank(results, it["truth"], is_right)
                it["file"] = rank(results, it["truth"], lambda found, truth: found["path"] == truth["path"])
                it["places"] = sum(rank(results, [truth], is_right) <= TENTH for truth in it["truth"]) / len(it["truth"])
                rows.append({**it, "repository": name})
                if args.list and it["passage"] > 3:
                    print(f"{it['id']} [{it['kind']}] {it['question']}: {it['truth'][0]['path']} {it['truth'][0]['name']}, rank {it['passage']}, file {it['file']}")
            show(name, [it for it in rows if it["repository"] == name])
            server.ask(op="forget", root=root)
        server.child.stdin.close()
        server.child.wait()
    for kind in collections.Counter(it["kind"] for it in rows):
        show(kind, [it for it in rows if it["kind"] == kind])
    show("all", rows)


if __name__ == "__main__":
    sys.exit(main())
