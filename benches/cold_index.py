#!/usr/bin/env python3
"""Cold index against the physical limit, side by side in one run.

    benches/cold_index.py --portolan BIN --limit BIN [--rounds 3] [--no-vectors] ROOT...

For each root: `portolan index ROOT` into an empty cache directory, with the CPU of all its processes, its wall time and
the peak of the sum of PSS over the process tree; then `portolan status --files ROOT` as the list of what was indexed, and
at once `limit --mode hashparse --threads 2 --list LIST ROOT`, which only reads, hashes and parses those files. Code (files
with a grammar) and text are given to `limit` apart. Printed per round and as medians:

    ratio = (our CPU - 0.06 s x MB of text) / CPU of the limit over code        what the project's bar is about

(0.05 s with `--no-vectors`.)

LIMIT is any program with those arguments that prints a line of JSON with `user_s`, `sys_s` (CPU seconds) and `bytes`.
"""
import argparse, json, os, shutil, statistics, subprocess, sys, tempfile, time

from process_tree import run


def size_of(directory):
    return sum(os.lstat(os.path.join(d, f)).st_blocks * 512 for d, _, fs in os.walk(directory) for f in fs)


def limit_over(args, root, rows):
    """CPU seconds and MB of the limit over these rows of `status --files`."""
    if not rows:
        return 0.0, 0.0
    with tempfile.NamedTemporaryFile("w", suffix=".list", errors="surrogateescape") as f:
        f.write("".join(rows))
        f.flush()
        out = run([args.limit, "--mode", "hashparse", "--threads", "2", "--list", f.name, root])[3]
        line = json.loads(next(l for l in out.splitlines() if "user_s" in l))
    return line["user_s"] + line["sys_s"], line["bytes"] / 1e6


def one_round(args, root):
    cache = tempfile.mkdtemp(prefix="portolan-bench-")
    try:
        flags = ["--cache-dir", cache] + (["--set", "embeddings.enabled=false"] if args.no_vectors else [])
        cpu, wall, pss, _ = run([args.portolan, "index", root] + flags, stderr=subprocess.DEVNULL)
        listing = run([args.portolan, "status", root, "--files"] + flags, stderr=subprocess.DEVNULL)[3]
        rows = [l for l in listing.splitlines(keepends=True) if l.rstrip("\n").endswith("\tindexed")]
        text = [l for l in rows if l.split("\t")[1] == "text"]
        code = [l for l in rows if l.split("\t")[1] != "text"]
        code_cpu, code_mb = limit_over(args, root, code)
        text_cpu, text_mb = limit_over(args, root, text)
        disk = size_of(cache) / 1e6
    finally:
        shutil.rmtree(cache, ignore_errors=True)
    ratio = (cpu - (0.05 if args.no_vectors else 0.06) * text_mb) / code_cpu if code_cpu else float("nan")
    return {"files": len(rows), "code_mb": code_mb, "text_mb": text_mb, "cpu_s": cpu, "wall_s": wall, "wall/cpu": wall / cpu,
            "pss_mb": pss, "limit_code_s": code_cpu, "limit_text_s": text_cpu, "ratio": ratio,
            "disk_mb": disk, "disk/bytes": disk / (code_mb + text_mb)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portolan", required=True)
    parser.add_argument("--limit", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-vectors", action="store_true")
    parser.add_argument("roots", nargs="+")
    args = parser.parse_args()
    for root in map(os.path.abspath, args.roots):
        rounds = []
        for number in range(args.rounds):
            it = one_round(args, root)
            rounds.append(it)
            print(os.path.basename(root), number + 1, " ".join(f"{k}={v:.3g}" for k, v in it.items()),
                  f"load={os.getloadavg()[0]:.1f}", flush=True)
        medians = {k: statistics.median(r[k] for r in rounds) for k in rounds[0]}
        print(os.path.basename(root), "median", " ".join(f"{k}={v:.3g}" for k, v in medians.items()), flush=True)


main()
