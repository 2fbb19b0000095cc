#!/usr/bin/env python3
"""How long questions take: one asker, then several at once, of a language server over the real protocol.

    benches/askers.py --portolan BIN [--askers 8] [--questions 200] [--filter "path:src/"] ROOT...

For each root a server is started on an index of its own and waits until all of it has vectors. Then questions of tests/search/fit are asked
through portolan/semanticSearch: one after another, and so that there are always so many on their way. No answer is kept between
questions; each is asked once. Printed: milliseconds from request to answer at the median, the 95th and 99th percentile, and
milliseconds of CPU (all threads and processes) for a question.
"""
import argparse, json, os, random, tempfile, time

from changes import cpu_of_tree
from lsp_client import Server

HERE = os.path.dirname(os.path.abspath(__file__))
FIT = os.path.join(HERE, "../tests/search/fit")


def questions():
    out = []
    for name in sorted(os.listdir(FIT)):
        if name.endswith(".jsonl"):
            with open(os.path.join(FIT, name), encoding="utf-8") as file:
                out += [json.loads(line)["question"] for line in file]
    random.Random(1).shuffle(out)
    return out


def run(server, asked, askers):
    """Milliseconds of each question, and of CPU for one."""
    begun, took, left = {}, [], list(asked)
    before = cpu_of_tree(server.child.pid)

    def send():
        text = left.pop()
        number = server.request("portolan/semanticSearch", {"query": text, "limit": 10})
        begun[number] = time.time()

    for _ in range(min(askers, len(left))):
        send()
    while begun:
        number, _ = server.answer()
        took.append((time.time() - begun.pop(number)) * 1000)
        if left:
            send()
    return sorted(took), (cpu_of_tree(server.child.pid) - before) * 1000 / len(asked)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portolan", required=True)
    parser.add_argument("--askers", type=int, default=8)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--filter", default="")
    parser.add_argument("--cache", help="an index that stands (else one is made)")
    parser.add_argument("roots", nargs="+")
    args = parser.parse_args()
    asked = [f"{args.filter} {it}".strip() for it in questions()[: args.questions + 20]]
    for root in args.roots:
        with tempfile.TemporaryDirectory() as scratch:
            server = Server(args.portolan, os.path.abspath(root), args.cache or scratch)
            server.wait(["embedded"])
            # What the first questions read stays in memory.
            run(server, asked[:20], 1)
            for askers in (1, args.askers):
                took, cpu = run(server, asked[20:], askers)
                at = lambda share: took[min(len(took) - 1, int(len(took) * share))]
                print(f"{os.path.basename(root)}, {askers} at once: p50 {at(0.5):.1f} p95 {at(0.95):.1f} p99 {at(0.99):.1f} ms, "
                      f"{cpu:.1f} ms of CPU a question", flush=True)
            server.stop()


if __name__ == "__main__":
    main()
