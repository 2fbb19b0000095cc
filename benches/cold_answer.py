#!/usr/bin/env python3
"""The question before the index: a fresh server on an empty cache is asked for 20 names at once, right after `initialize`.

    benches/cold_answer.py --portolan BIN [--rounds 3] [--index CACHE] [--answers-only] ROOT...

The names, and the declarations that belong to them, are drawn from an index of the root that is made first (or lies in CACHE):
names of own code (no tests, nothing vendored) that are declared in one place. Prints, over all names and rounds, the time from
`initialize` to the answer, and the share of the answers that hold the declaration; then when the index is complete, but for
`--answers-only`.
"""
import argparse, os, random, shutil, statistics, subprocess, tempfile, time

from lsp_client import Server

KINDS = {5, 6, 9, 10, 11, 12, 14, 23, 26}
ASIDE = ("test", "vendor", "third_party", "example", "sample", "generated", "doc")


def place(entry):
    return entry["name"], entry["location"]["uri"], entry["location"]["range"]["start"]["line"]


def draw(server, count):
    """Names of own code with one declaration, and where that is."""
    found = {}
    stems = [a + b for a in "abcdefghilmnoprstuvw" for b in "aeiorl"]
    random.Random(7).shuffle(stems)
    for stem in stems:
        for entry in server.ask("workspace/symbol", {"query": stem})[:40]:
            path = entry["location"]["uri"].lower()
            if entry["kind"] in KINDS and len(entry["name"]) >= 5 and not any(part in path for part in ASIDE):
                found.setdefault(entry["name"], entry)
    names = sorted(found)
    random.Random(8).shuffle(names)
    out = {}
    for name in names:
        same = [it for it in server.ask("workspace/symbol", {"query": name}) if it["name"] == name]
        if len(same) == 1 and name.isidentifier():
            out[name] = place(same[0])
        if len(out) == count:
            break
    return out


def measure(binary, root, cache, truth, answers_only):
    server = Server(binary, root, cache)
    asked = {server.request("workspace/symbol", {"query": name}): name for name in truth}
    times, right = [], 0
    while asked:
        number, result = server.answer()
        if number in asked:
            name = asked.pop(number)
            times.append(time.time() - server.initialized)
            right += truth[name] in [place(it) for it in result]
    if not answers_only:
        server.wait(("indexed", "embedded"))
    complete = time.time() - server.initialized
    server.stop()
    return times, right, complete


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portolan", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--index", metavar="CACHE")
    parser.add_argument("--answers-only", action="store_true")
    parser.add_argument("roots", nargs="+")
    args = parser.parse_args()
    for root in map(os.path.abspath, args.roots):
        cache = tempfile.mkdtemp(prefix="portolan-cold-")
        try:
            index = args.index or cache
            subprocess.run([args.portolan, "index", root, "--cache-dir", index], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            server = Server(args.portolan, root, index)
            server.wait(("indexed", "embedded"))
            truth = draw(server, 20 * args.rounds)
            server.stop()
            names = list(truth)
            times, right, complete = [], 0, []
            for number in range(args.rounds):
                shutil.rmtree(cache)
                some = {name: truth[name] for name in names[number::args.rounds]}
                took, hits, whole = measure(args.portolan, root, cache, some, args.answers_only)
                times += took
                right += hits
                complete.append(whole)
            times.sort()
            p95 = times[min(len(times) - 1, int(len(times) * 0.95))]
            done = "" if args.answers_only else f"; index complete after {statistics.median(complete):.1f} s"
            print(f"{os.path.basename(root)}: answer p50 {statistics.median(times):.2f} s, p95 {p95:.2f} s; "
                  f"declaration among them {right}/{len(times)}{done}; load {os.getloadavg()[0]:.1f}", flush=True)
        finally:
            shutil.rmtree(cache, ignore_errors=True)


if __name__ == "__main__":
    main()
