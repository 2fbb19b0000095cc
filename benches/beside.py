"""How much longer an answer takes while the server indexes: the same questions quiet and beside a rescan of everything.

Usage: beside.py BINARY ROOT [--rounds 3] [--questions 200] [--out FILE]

The server runs on an index of ROOT that is complete; `tracking.track_if_modified=false` makes a rescan read and hash every
file again, and a second root, a copy of a part of ROOT that no index knows, is parsed and embedded. Each round asks the same
mixed questions (names, definitions, outlines, questions in words) quiet, then while that goes on. Printed are p50 and p95 of
both, in milliseconds, and their ratios, and the median of how much longer the same question took (of its medians); a question
that was asked after the work had ended does not count.
"""
import argparse, json, os, random, shutil, statistics, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lsp_client import Server

WORDS = ["where are requests retried", "parse a configuration file", "close the connection", "write the log to disk",
         "compare two versions", "split a path into parts", "limit the number of workers", "read the next token",
         "report an error to the user", "wait until a task has ended"]


def sources(root, suffixes=(".rs", ".go", ".py", ".c", ".ts")):
    found = []
    for folder, names, files in os.walk(root):
        names[:] = sorted(n for n in names if not n.startswith(".") and n not in ("target", "node_modules", "vendor"))
        found += [os.path.join(folder, f) for f in sorted(files) if f.endswith(suffixes)]
    return found


def questions(server, files, count, rng):
    """The same list for each round: every fourth a name, a definition, an outline, a question in words."""
    out, opened = [], []
    for path in rng.sample(files, min(len(files), count // 4)):
        text = open(path, errors="replace").read()
        if len(text) > 200_000:
            continue
        uri = "file://" + path
        language = {"rs": "rust", "go": "go", "py": "python", "c": "c", "ts": "typescript"}[path.rsplit(".", 1)[1]]
        opened.append((uri, language, text))
        words = [(l, c) for l, line in enumerate(text.split("\n")) for c in range(1, len(line))
                 if line[c].isalpha() and line[c].isascii() and not line[c - 1].isalnum()]
        if not words:
            continue
        l, c = rng.choice(words)
        name = "".join(ch for ch in text.split("\n")[l][c:c + 24].split("(")[0].split(" ")[0] if ch.isalnum() or ch == "_")
        out.append(("textDocument/documentSymbol", {"textDocument": {"uri": uri}}))
        out.append(("textDocument/definition", {"textDocument": {"uri": uri}, "position": {"line": l, "character": c}}))
        out.append(("workspace/symbol", {"query": name or "main"}))
        out.append(("portolan/semanticSearch", {"query": rng.choice(WORDS) + " " + name, "limit": 10}))
    for uri, language, text in opened[:20]:
        server.send({"method": "textDocument/didOpen", "params": {"textDocument": {
            "uri": uri, "languageId": language, "version": 1, "text": text}}})
    return out


def ask(server, asked, busy=None, again=None):
    """Method, milliseconds and number of each question; with `busy` only of those asked while that says so. It is looked at after each ten
    questions, and ten in which the work ended do not count; `again` then begins it anew, or the round is over."""
    times, ten = [], []
    for number, (method, params) in enumerate(asked):
        begun = time.perf_counter()
        server.ask(method, params)
        ten.append((method, (time.perf_counter() - begun) * 1e3, number))
        if number % 10 != 9:
            continue
        still = not busy or busy()
        times, ten = times + ten * still, []
        if not still:
            if not again:
                break
            again()
    return times


def at(times, share):
    times = sorted(times)
    return times[min(len(times) - 1, int(len(times) * share))] if times else float("nan")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary"), parser.add_argument("root")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--out", help="write the times there, as JSON")
    parser.add_argument("--set", action="append", default=[], help="a setting, as for portolan --set")
    options = parser.parse_args()
    root, rng = os.path.realpath(options.root), random.Random(1)
    scratch = tempfile.mkdtemp(prefix="beside-")
    os.environ["PORTOLAN_TRACKING_TRACK_IF_MODIFIED"] = "false"
    for setting in options.set:
        name, _, value = setting.partition("=")
        os.environ["PORTOLAN_" + name.replace(".", "_").upper()] = value
    try:
        server = Server(options.binary, root, os.path.join(scratch, "cache"))
        server.wait(["embedded"])
        files = sources(root)
        asked = questions(server, files, options.questions, rng)
        # What a pass ends with. Not all that is found is done: what a look inside shows to be binary is left out.
        whole = counted(server)
        ask(server, asked)
        quiet, beside = [], []
        for number in range(options.rounds):
            quiet += ask(server, asked)
            # Two kinds of work by turns: everything read again, as often as it takes, and a new root parsed and embedded.
            again = number % 2 == 0
            if again:
                rescan(server, whole)
                busy = lambda: counted(server) != whole
                got = ask(server, asked, busy, lambda: rescan(server, whole))
            else:
                other = os.path.join(scratch, f"root{number}")
                copy(files, root, other, 6000)
                server.send({"method": "workspace/didChangeWorkspaceFolders", "params": {"event": {
                    "added": [{"uri": "file://" + other, "name": "other"}], "removed": []}}})
                busy = lambda: server.ask("portolan/status", {})["stage"] != "embedded"
                until(busy)
                got = ask(server, asked, busy)
            print(f"round {number}: {'rescan' if again else 'second root'}: {len(got)} answers beside it", file=sys.stderr)
            beside += got
            until(lambda: not busy(), 600)
            if not again:
                server.send({"method": "workspace/didChangeWorkspaceFolders", "params": {"event": {
                    "added": [], "removed": [{"uri": "file://" + other, "name": "other"}]}}})
        server.stop()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    table(quiet, beside)
    if options.out:
        json.dump({"quiet": quiet, "beside": beside}, open(options.out, "w"))


def counted(server):
    files = server.ask("portolan/status", {})["files"]
    return files["found"], files["done"]


def rescan(server, whole):
    server.ask("workspace/executeCommand", {"command": "portolan.server.rescan"})
    until(lambda: counted(server) != whole)


def until(condition, patience=5):
    end = time.time() + patience
    while not condition():
        if time.time() > end:
            sys.exit(f"not within {patience} s")
        time.sleep(0.01)


def copy(files, root, to, most):
    for path in files[:most]:
        there = os.path.join(to, os.path.relpath(path, root))
        os.makedirs(os.path.dirname(there), exist_ok=True)
        with open(path, "rb") as source, open(there, "wb") as out:
            # Another content, so that nothing of it is known.
            out.write(source.read() + b"\n// beside\n")


def table(quiet, beside):
    methods = ["all"] + sorted({m for m, _, _ in quiet})
    print(f"{'method':28} {'quiet p50':>9} {'p95':>8} {'beside p50':>10} {'p95':>8} {'ratio p50':>9} {'p95':>6} {'same':>6} {'count':>6}")
    for method in methods:
        q, b = ([(t, n) for m, t, n in times if method in ("all", m)] for times in (quiet, beside))
        of = lambda some, number: [t for t, n in some if n == number]
        same = [at(of(b, n), .5) / at(of(q, n), .5) for n in {n for _, n in b}]
        row = [at([t for t, _ in some], part) for some in (q, b) for part in (.5, .95)]
        print(f"{method:28} {row[0]:9.2f} {row[1]:8.2f} {row[2]:10.2f} {row[3]:8.2f} "
              f"{row[2] / row[0]:9.2f} {row[3] / row[1]:6.2f} {at(same, .5):6.2f} {len(b):6}")


main()
