#!/usr/bin/env python3
"""Bare snapshots of repositories to records: one gzip file of JSON lines for each, as `benches/declarations.rs` prints them.

    tools/model/extract.py --mirrors DIR --program BIN --out DIR [--most MB] [OWNER/NAME]...

DIR/OWNER+NAME/repo holds a bare git directory. BIN is the bench program `declarations` (`cargo bench --bench declarations
--no-run` names it). Of each repository the program's languages are read, no more than --most MB of them, chosen by a hash of
their paths; OUT/index.tsv gets its commit and the licences that its licence files name. Without names: all of repositories.tsv that
are mirrored and not extracted yet.
"""
import argparse, gzip, hashlib, json, os, re, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
EXTENSIONS = set("""py pyi rs go ts mts cts tsx js mjs cjs jsx java c h cc cpp cxx hpp hh hxx inl ipp cs rb rake php kt kts swift
scala sc lua sh bash bats ex exs hs zig md""".split())
SKIPPED = re.compile(
    r"(^|/)(vendor|node_modules|third[_-]?party|3rdparty|external|dist|build|deps|fixtures?|testdata|__snapshots__|snapshots?|"
    r"locales?|i18n|generated|gen|_vendor|vendored)(/|$)|\.min\.|\.pb\.|_pb2|\.d\.ts$|changelog|history\.md", re.I)
LARGEST = 300_000
LICENCE = re.compile(r"^(licen[cs]e|copying|unlicense|notice)[^/]*$|^licenses?/[^/]+$", re.I)
# A text of a licence, by a sentence that only it has.
LICENCES = [("MPL", r"mozilla public license"), ("GPL", r"gnu (lesser |affero |library )?general public license"),
            ("Apache-2.0", r"apache license"), ("MIT", r"permission is hereby granted, free of charge"),
            ("BSD", r"redistribution and use in source and binary forms"), ("ISC", r"permission to use, copy, modify,? and/?(or)? distribute"),
            ("Unlicense", r"released into the public domain"), ("BSL-1.0", r"boost software license"), ("Zlib", r"this notice may not be removed or altered")]


def git(mirror, *args):
    return subprocess.run(["git", "--git-dir", mirror, *args], check=True, capture_output=True).stdout


def listed(mirror):
    """Path, blob and size of all regular files of the newest commit."""
    for row in git(mirror, "ls-tree", "-r", "-l", "-z", "HEAD").split(b"\0"):
        if row:
            facts, path = row.split(b"\t", 1)
            mode, _, blob, size = facts.split()
            # A snapshot may lack its largest files.
            if mode.startswith(b"100") and size.isdigit():
                yield path.decode("utf-8", "replace"), blob.decode(), int(size)


def blobs(mirror, wanted):
    """The contents of (path, blob) pairs."""
    child = subprocess.Popen(["git", "--git-dir", mirror, "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for path, blob in wanted:
        child.stdin.write(blob.encode() + b"\n")
        child.stdin.flush()
        head = child.stdout.readline().split()
        if head[-1] == b"missing":
            continue
        text = child.stdout.read(int(head[2]))
        child.stdout.read(1)
        yield path, text
    child.stdin.close()
    child.wait()


def licences(mirror, files):
    """Names of the licences whose texts lie at the top of the repository."""
    named = [(path, blob) for path, blob, size in files if LICENCE.match(path) and size < 200_000]
    found = set()
    for _, text in blobs(mirror, named[:20]):
        text = re.sub(r"\s+", " ", text.decode("utf-8", "replace").lower())
        found |= {name for name, said in LICENCES if re.search(said, text)}
    return "+".join(sorted(found)) or "?"


def extract(mirror, program, out, most):
    files = list(listed(mirror))
    code = [it for it in files if it[0].rsplit(".", 1)[-1].lower() in EXTENSIONS and it[2] <= LARGEST and not SKIPPED.search(it[0])]
    code.sort(key=lambda it: hashlib.md5(it[0].encode()).digest())
    chosen, total = [], 0
    for path, blob, size in code:
        if total + size <= most:
            chosen.append((path, blob))
            total += size
    count = 0
    with tempfile.TemporaryDirectory(prefix="declarations-") as folder, gzip.open(out + ".part", "wb", compresslevel=1) as file:
        for path, text in blobs(mirror, chosen):
            place = os.path.join(folder, path)
            if len(place) < 1000:
                os.makedirs(os.path.dirname(place), exist_ok=True)
                with open(place, "wb") as it:
                    it.write(text)
        child = subprocess.Popen([program, folder, "--code"], stdout=subprocess.PIPE)
        for line in child.stdout:
            file.write(line)
            count += 1
        if child.wait():
            raise SystemExit(f"{program} failed on {mirror}")
    os.replace(out + ".part", out)
    return git(mirror, "rev-parse", "HEAD").decode().strip(), licences(mirror, files), len(chosen), total, count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mirrors", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--most", type=float, default=12)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    with open(os.path.join(HERE, "repositories.tsv"), encoding="utf-8") as file:
        rows = [line.split("\t") for line in file if line.strip() and not line.startswith("#")]
    # In no order of languages, so that what is there at any time is a fair part of all.
    rows.sort(key=lambda row: hashlib.md5(row[0].encode()).digest())
    for name in args.names or [row[0].strip() for row in rows]:
        flat = name.replace("/", "+")
        mirror, out = os.path.join(args.mirrors, flat, "repo"), os.path.join(args.out, flat + ".jsonl.gz")
        if os.path.exists(out) or not os.path.isdir(mirror):
            continue
        if not claimed(out):
            continue
        told = extract(mirror, args.program, out, int(args.most * 1e6))
        with open(os.path.join(args.out, "index.tsv"), "a", encoding="utf-8") as file:
            file.write("\t".join(map(str, (name, *told))) + "\n")
        print(name, *told, flush=True)


def claimed(out):
    """Several of these may run at once: who makes the file of the claim does the work."""
    try:
        os.close(os.open(out + ".claim", os.O_CREAT | os.O_EXCL))
        return True
    except FileExistsError:
        return False


if __name__ == "__main__":
    sys.exit(main())
