#!/usr/bin/env python3
"""Subjects of commits with the one to three declarations that each changed, where the snapshot has its history.

    tools/model/commits.py --mirrors DIR --raw DIR --out DIR [--most N] [OWNER/NAME]...

Of the newest N commits those that change one to three files of code outside tests; a declaration is found by its name in the headings
that git puts over a change, or by its first line among the added ones, in the file as it is today.
"""
import argparse, gzip, json, os, re, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
DRIVERS = {"py": "python", "rs": "rust", "go": "golang", "java": "java", "kt": "kotlin", "rb": "ruby", "php": "php", "c": "cpp", "h": "cpp", "cc": "cpp",
           "cpp": "cpp", "hpp": "cpp", "cs": "csharp", "ex": "elixir", "exs": "elixir", "sh": "bash", "bash": "bash", "js": "ours", "ts": "ours",
           "tsx": "ours", "jsx": "ours", "mjs": "ours", "lua": "ours", "swift": "ours", "scala": "ours", "zig": "ours", "hs": "ours"}
OURS = (r"^[ \t]*((export|default|async|static|public|private|internal|open|final|override|local|pub|inline|implicit|protected|get|set)[ \t]+)*"
        r"((function|func|fn|def|class|struct|init|interface)[ \t(].*|[A-Za-z_$][A-Za-z0-9_$]*[ \t]*\([^;]*\)[^;]*\{[ \t]*|[a-z][A-Za-z0-9_']*[ \t]*::.*)$")
DULL = re.compile(r"^(merge|bump|release|version|prepare|update (dep|change|read|copy|version)|revert|typo|lint|format|style|chore|docs?|ci|build|test|tests|"
                  r"deps|changelog|readme|whitespace|cleanup|clean up|wip|v?\d+\.\d+)\b|dependenc|changelog|readme|rubocop|clippy|prettier|eslint|typo|copyright|"
                  r"clang-?format|renam(e|ing)|refactor|documentation|deprecat|coverage|warning", re.I)
TEST = re.compile(r"(^|/)(tests?|specs?|__tests__|testing|examples?|docs?|bench[a-z]*)/|[._-](test|spec)\.|_test\.|test_|Tests?\.", re.I)
SHORT = re.compile(r"^\s*(\[[^\]]*\]\s*)+|^\s*[\w/.,*()-]+:\s+|\s*\(?(fix(es|ed)?|close[sd]?|resolve[sd]?|see|ref)?\s*:?\s*\(?[\w/.-]*#\d+\)?.*$|\s*\[[^\]]*\]\s*$", re.I)


def told(mirror, most, attributes):
    """(subject, {path: (headings, added lines)}) of the newest commits."""
    command = ["git", "--git-dir", mirror, "-c", "core.attributesFile=" + attributes, "-c", "diff.ours.xfuncname=" + OURS, "log", "--no-merges",
               "-n", str(most), "-p", "-U0", "--no-renames", "--no-ext-diff", "--no-textconv", "--format=\x01%s"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    subject, files, path, size = None, {}, None, 0
    for raw in child.stdout:
        line = raw[:400].decode("utf-8", "replace").rstrip("\n")
        if line.startswith("\x01"):
            if subject:
                yield subject, files
            subject, files, path, size = line[1:], {}, None, 0
        elif line.startswith("+++ "):
            path = line[6:] if line.startswith("+++ b/") else None
            if path:
                files[path] = (set(), set())
        elif path and line.startswith("@@"):
            files[path][0].add(line.split("@@", 2)[-1].strip())
        elif path and line.startswith("+"):
            size += 1
            if size < 400:
                files[path][1].add(line[1:].strip())
    if subject:
        yield subject, files
    child.wait()


def worded(subject):
    subject = SHORT.sub("", SHORT.sub("", subject)).strip(" .:-")
    found = re.findall(r"[A-Za-z]{2,}", subject)
    return subject if 4 <= len(found) <= 25 and not DULL.search(subject) and sum(map(str.isascii, subject)) == len(subject) else None


def changed(units, headings, added):
    for it in units:
        name = re.escape(it["name"])
        first = next((line.strip() for line in (it["bare"] or it["text"]).splitlines() if it["name"] in line), None)
        if any(re.search(rf"(?<!\w){name}(?!\w)", line) for line in headings) or first in added:
            yield it


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--mirrors", "--raw", "--out"):
        parser.add_argument(name, required=True)
    parser.add_argument("--most", type=int, default=2500)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    with open(os.path.join(HERE, "repositories.tsv"), encoding="utf-8") as file:
        listed = [line.split("\t")[0] for line in file if line.rstrip().endswith("\ttrain")]
    with tempfile.NamedTemporaryFile("w", suffix=".attributes") as attributes:
        attributes.write("".join(f"*.{end} diff={driver}\n" for end, driver in DRIVERS.items()))
        attributes.flush()
        for name in args.names or listed:
            flat = name.replace("/", "+")
            out, mirror = os.path.join(args.out, flat + ".jsonl"), os.path.join(args.mirrors, flat, "repo")
            raw = os.path.join(args.raw, flat + ".jsonl.gz")
            if os.path.exists(out) or not os.path.isdir(mirror) or not os.path.exists(raw):
                continue
            one(name, mirror, raw, out, args.most, attributes.name)


def one(name, mirror, raw, out, most, attributes):
    by_path = {}
    with gzip.open(raw, "rt", encoding="utf-8") as file:
        for it in map(json.loads, file):
            if it["lang"] != "markdown" and not it["test"] and not it["open"] and it["kind"] not in ("Module", "Constant", "Variable", "Field"):
                by_path.setdefault(it["path"], []).append(it)
    count = 0
    with open(out + ".part", "w", encoding="utf-8") as file:
        for subject, files in told(mirror, most, attributes):
            subject, code = worded(subject), [path for path in files if path.rsplit(".", 1)[-1] in DRIVERS and not TEST.search(path)]
            if not subject or not 1 <= len(code) <= 3:
                continue
            found = [it for path in code for it in changed(by_path.get(path, ()), *files[path])]
            inner = [it for it in found if it["kind"] in ("Function", "Method", "Constructor", "Macro", "Operator", "Property")] or found
            if 1 <= len(inner) <= 3:
                count += len(inner)
                for it in inner:
                    file.write(json.dumps({"subject": subject, "path": it["path"], "first": it["first"], "name": it["name"]}) + "\n")
    os.replace(out + ".part", out)
    print(name, count, flush=True)


if __name__ == "__main__":
    sys.exit(main())
