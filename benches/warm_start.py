#!/usr/bin/env python3
"""Warm start: a fresh server on an index that exists answers 100 names at once; the answers after it has looked at every
file again must equal those that the server before it gave.

    benches/warm_start.py --portolan BIN [--rounds 3] ROOT...

For each root: index it into an empty cache; start a server, wait until all is revalidated, ask 100 names (drawn from its own
answers), stop it; then per round start a fresh server and print the time from its start to the first answer, the time until
everything is revalidated, and whether all 100 answers are equal and complete.
"""
import argparse, os, shutil, statistics, subprocess, tempfile, time

from lsp_client import Server


def symbols(server, names):
    return [server.ask("workspace/symbol", {"query": name}) for name in names]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portolan", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("roots", nargs="+")
    args = parser.parse_args()
    for root in map(os.path.abspath, args.roots):
        cache = tempfile.mkdtemp(prefix="portolan-warm-")
        try:
            subprocess.run([args.portolan, "index", root, "--cache-dir", cache], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            before = Server(args.portolan, root, cache)
            before.wait(("embedded",))
            seen = sorted({s["name"] for q in "abcdefghijklmnopqrstuvwxyz" for s in symbols(before, [q])[0] if len(s["name"]) > 3})
            names = seen[:: max(1, len(seen) // 100)][:100]
            wanted = symbols(before, names)
            before.stop()
            firsts = []
            for number in range(args.rounds):
                server = Server(args.portolan, root, cache)
                first = symbols(server, names[:1])[0]
                firsts.append(time.time() - server.begun)
                server.wait(("embedded",))
                valid = time.time() - server.begun
                equal = sum(a == b for a, b in zip(symbols(server, names), wanted))
                print(os.path.basename(root), number + 1, f"first answer {firsts[-1] * 1000:.0f} ms ({len(first)} symbols), "
                      f"revalidated after {valid:.2f} s, {equal} of {len(names)} answers equal, load {os.getloadavg()[0]:.1f}",
                      flush=True)
                server.stop()
            print(os.path.basename(root), "median", f"first answer {statistics.median(firsts) * 1000:.0f} ms", flush=True)
        finally:
            shutil.rmtree(cache, ignore_errors=True)


main()
