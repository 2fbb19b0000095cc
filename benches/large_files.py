#!/usr/bin/env python3
"""Large files and many small ones: how fast they are read, and with how much memory.

    benches/large_files.py --portolan BIN --dir DIR [--one 5000] [--many 20x500] [--small 20000] [--rounds 1]

Makes in DIR, one after the other and removed again: one file of text of --one MB; so many of so many MB each (text at the
head, then text with holes, so that they take a third of the disk); --small files of .5 to 4 KB. For each: `cat` of the
files into /dev/null, `portolan index` into an empty cache, `cat` again, `portolan index` again (nothing has changed).
Printed: MB/s of both, wall and CPU seconds, the peak of the sum of PSS over the process tree, seconds of the second index.
"""
import argparse, os, random, shutil, subprocess, tempfile, time

from process_tree import run

WORDS = None


def block(dice, size):
    global WORDS
    if WORDS is None:
        WORDS = ["".join(dice.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(dice.randint(3, 10))) for _ in range(20000)]
    out, length = [], 0
    while length < size:
        line = "2026-01-01T%02d:%02d %s %s\n" % (dice.randrange(24), dice.randrange(60), dice.choice(("INFO", "WARN")),
                                             " ".join(dice.choices(WORDS, k=9)))
        out.append(line)
        length += len(line)
    return "".join(out).encode()[:size]


def large(path, dice, megabytes, every=1):
    """Text; of the megabytes behind the first 16 only each `every`-th is written, the others are holes."""
    blocks = [block(dice, 1_000_000) for _ in range(24)]
    with open(path, "wb") as f:
        for at in range(megabytes):
            if at < 18 or at % every == 0:
                f.seek(at * 1_000_000)
                f.write(b"%09d " % at + blocks[at if at < 18 else dice.randrange(24)][10:])
        f.truncate(megabytes * 1_000_000)


def small(root, dice, count):
    text = block(dice, 1_000_000)
    for at in range(count):
        folder = os.path.join(root, "d%03d" % (at // 100))
        os.makedirs(folder, exist_ok=True)
        size, start = dice.randint(300, 3500), dice.randrange(900_000)
        start = text.index(b"\n", start) + 1
        body = b"".join(b"// " + line + b"\n" for line in text[start:start + size].split(b"\n"))
        with open(os.path.join(folder, "f%d.rs" % at), "wb") as f:
            f.write(b"pub fn item_%d(value: u32) -> u32 {\n    value + %d\n}\n" % (at, at) + body)


def cat(files):
    """Reads as `cat FILE >/dev/null` does, and says how many seconds it took."""
    start = time.time()
    for at in range(0, len(files), 500):
        subprocess.run(["cat", *files[at:at + 500]], stdout=subprocess.DEVNULL, check=True)
    return time.time() - start


def measure(args, name, root):
    files = [os.path.join(d, f) for d, _, fs in os.walk(root) for f in fs]
    megabytes = sum(os.path.getsize(f) for f in files) / 1e6
    cache = tempfile.mkdtemp(prefix="portolan-bench-", dir=args.dir)
    try:
        first = cat(files)
        index = [args.portolan, "index", root, "--cache-dir", cache]
        cpu, wall, peak, _ = run(index, each=0.05, stderr=subprocess.DEVNULL)
        second = cat(files)
        again = run(index, each=0.05, stderr=subprocess.DEVNULL)[1]
    finally:
        shutil.rmtree(cache, ignore_errors=True)
    print(f"{name}: files={len(files)} MB={megabytes:.0f} wall_s={wall:.2f} MB/s={megabytes / wall:.0f} cpu_s={cpu:.2f} "
          f"cat_MB/s={megabytes / first:.0f},{megabytes / second:.0f} pss_mb={peak:.0f} again_s={again:.2f} "
          f"load={os.getloadavg()[0]:.1f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portolan", required=True)
    parser.add_argument("--dir", required=True)
    parser.add_argument("--one", type=int, default=5000)
    parser.add_argument("--many", default="20x500")
    parser.add_argument("--small", type=int, default=20000)
    parser.add_argument("--rounds", type=int, default=1)
    args = parser.parse_args()
    count, each = map(int, args.many.split("x"))

    def many(root, dice):
        for at in range(count):
            large(os.path.join(root, "b%02d.log" % at), dice, each, 3)

    kinds = {
        "one": (args.one, lambda root, dice: large(os.path.join(root, "a.log"), dice, args.one)),
        "many": (count, many),
        "small": (args.small, lambda root, dice: small(root, dice, args.small)),
    }
    for name, (wanted, make) in kinds.items():
        if not wanted:
            continue
        root = tempfile.mkdtemp(prefix="portolan-large-", dir=args.dir)
        try:
            make(root, random.Random(1))
            time.sleep(2.5)  # until the files' times prove that they are no longer written to
            for _ in range(args.rounds):
                measure(args, name, root)
        finally:
            shutil.rmtree(root, ignore_errors=True)


main()
