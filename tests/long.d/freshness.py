"""Answers by meaning are never stale: edits of open documents with questions between, and in the end a fresh index.

    --portolan BIN   (target/release/portolan)     --root DIR   a folder of code (this one)
    --edits N        how many (10000)              --seed N     the first one's (1)

A copy of the folder is served, some of its files are open. Each edit puts a new function somewhere, takes one away that was put
there before, or writes another over it; one in twenty is saved. After each the server is asked for it in words: a function that
stands there must be told, one that is gone must not be told, and what every answer names must stand where the answer says.
In the end all is saved, and the answers to questions equal those of a server with a new index.
"""
import argparse, os, random, shutil, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../benches"))
from lsp_client import Server

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--portolan", default=os.path.join(HERE, "../../target/release/portolan"))
parser.add_argument("--root", default=os.path.join(HERE, "../.."))
parser.add_argument("--edits", type=int, default=10_000)
parser.add_argument("--seed", type=int, default=1)
arguments = parser.parse_args()
luck = random.Random(arguments.seed)

DEEDS = "polish gather scatter juggle borrow soften unfold whisper harvest tangle".split()
THINGS = "otter lantern glacier teapot walnut comet violin harbour meadow saddle thimble orchard".split()
WAYS = "quietly slowly gladly neatly barely warmly oddly rarely boldly calmly".split()
FORMS = {".rs": "fn {name}() {{ /* {note} */ }}", ".py": "def {name}():\n    \"\"\"{note}\"\"\"",
         ".go": "func {name}() {{ /* {note} */ }}", ".js": "function {name}() {{ /* {note} */ }}",
         ".ts": "function {name}() {{ /* {note} */ }}", ".rb": "def {name}\n  # {note}\nend"}
LANGUAGES = {".rs": "rust", ".py": "python", ".go": "go", ".js": "javascript", ".ts": "typescript", ".rb": "ruby"}
DOCUMENTS, ROUND = 12, 250


class Document:
    """An open file: its lines, and by name the functions that were put there."""

    def __init__(self, server, path):
        self.server, self.path, self.uri, self.version = server, path, "file://" + path, 1
        self.form = FORMS[os.path.splitext(path)[1]]
        with open(path, encoding="utf-8") as file:
            self.lines = file.read().split("\n")
        self.own, self.put = len(self.lines), {}
        server.send({"method": "textDocument/didOpen", "params": {"textDocument": {
            "uri": self.uri, "languageId": LANGUAGES[os.path.splitext(path)[1]], "version": 1, "text": "\n".join(self.lines)}}})

    def change(self, first, last, lines):
        """Other lines in the place of `first..last`, in the text and on the server."""
        self.version += 1
        text = "".join(line + "\n" for line in lines)
        self.lines[first:last] = lines
        self.server.send({"method": "textDocument/didChange", "params": {
            "textDocument": {"uri": self.uri, "version": self.version},
            "contentChanges": [{"range": {"start": {"line": first, "character": 0}, "end": {"line": last, "character": 0}},
                                "text": text}]}})

    def place(self, name):
        """The lines of a function that was put there: it begins where its name stands."""
        first = next(at for at, line in enumerate(self.lines) if name in line)
        return first, first + len(self.put[name])

    def add(self, name, note):
        lines = self.form.format(name=name, note=note).split("\n") + [""]
        self.put[name] = lines
        # Behind what was there: a function may stand between others, not within one.
        at = self.own - 1
        self.change(at, at, lines)

    def remove(self, name):
        first, last = self.place(name)
        del self.put[name]
        self.change(first, last, [])

    def save(self):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("\n".join(self.lines))
        self.server.send({"method": "textDocument/didSave", "params": {"textDocument": {"uri": self.uri}}})


def names():
    """Names that occur once."""
    seen = set()
    while True:
        words = [luck.choice(DEEDS), luck.choice(THINGS), luck.choice(WAYS)]
        word = "".join(luck.choice("bdfgklmnprstvz") + luck.choice("aeiou") for _ in range(3))
        if word not in seen:
            seen.add(word)
            yield "_".join([*words, word]), f"{words[0]} the {words[1]} {words[2]} for {word}"


def ask(server, query, limit=10):
    return server.ask("portolan/semanticSearch", {"query": query, "limit": limit})["items"]


def stale(items, documents):
    """What is told of open documents and does not stand there."""
    for it in items:
        lines = documents[it["location"]["uri"]].lines if it["location"]["uri"] in documents else None
        at = it["selectionRange"]["start"]["line"]
        if lines is not None and it["name"] and (at >= len(lines) or it["name"] not in lines[at]):
            yield f"{it['name']} is not in line {at + 1} of {it['location']['uri']}"


def files(root):
    for folder, folders, inside in os.walk(root):
        folders[:] = sorted(it for it in folders if not it.startswith(".") and it not in ("target", "node_modules"))
        for name in sorted(inside):
            path = os.path.join(folder, name)
            if os.path.splitext(name)[1] in FORMS and 500 < os.path.getsize(path) < 60_000:
                yield path


def compared(server, questions):
    keys = ("name", "path", "lines", "score", "reason", "preview")
    return [[[it[key] for key in keys] for it in ask(server, question, 20)] for question in questions]


def settle(server):
    """Until nothing is to be looked at any more, and everything has its vectors."""
    server.wait(["embedded"])
    while not server.ask("portolan/semanticSearch", {"query": "settled", "limit": 1})["completeness"]["whole"]:
        time.sleep(0.05)


scratch = tempfile.mkdtemp(prefix="portolan-freshness-")
root = os.path.join(scratch, "root")
shutil.copytree(os.path.abspath(arguments.root), root, symlinks=True, ignore=shutil.ignore_patterns(".git", "target", "node_modules"))
server = Server(os.path.abspath(arguments.portolan), root, os.path.join(scratch, "cache"))
settle(server)
opened = [Document(server, path) for path in luck.sample(sorted(files(root)), DOCUMENTS)]
documents, made, faults, asked = {it.uri: it for it in opened}, names(), [], []
begun = time.monotonic()
for turn in range(arguments.edits):
    document = luck.choice(opened)
    deed = luck.random() if document.put else 0.0
    gone = None
    if deed >= 0.5 or len(document.put) > 30:
        gone = luck.choice(sorted(document.put))
        document.remove(gone)
    name = None
    if deed < 0.7:
        name, note = next(made)
        document.add(name, note)
    if luck.random() < 0.05:
        document.save()
    query = note if name else gone.replace("_", " ")
    items = ask(server, query)
    asked.append(query)
    faults += stale(items, documents)
    if gone and any(it["name"] == gone for it in items):
        faults.append(f"{gone} is told and is gone")
    if name and all(it["name"] != name for it in items):
        faults.append(f"{name} is not told for {query!r}: {[it['name'] for it in items]}")
    if (turn + 1) % (ROUND * 4) == 0:
        print(f"{turn + 1} edits, {len(faults)} faults, {(time.monotonic() - begun) / (turn + 1) * 1000:.1f} ms each", flush=True)
for document in opened:
    document.save()
    server.send({"method": "textDocument/didClose", "params": {"textDocument": {"uri": document.uri}}})
settle(server)
questions = luck.sample(asked, min(100, len(asked)))
ours = compared(server, questions)
server.stop()
server = Server(os.path.abspath(arguments.portolan), root, os.path.join(scratch, "other"))
settle(server)
theirs = compared(server, questions)
server.stop()
shutil.rmtree(scratch)
other = [(question, a, b) for question, a, b in zip(questions, ours, theirs) if a != b]
print(f"{arguments.edits} edits, {len(faults)} faults; of {len(questions)} questions {len(other)} are answered otherwise by a fresh index")
for it in faults[:20]:
    print("   ", it)
for question, a, b in other[:5]:
    rank = next((at for at, pair in enumerate(zip(a, b)) if pair[0] != pair[1]), min(len(a), len(b)))
    print(f"    {question!r}, {rank + 1}:", a[rank:rank + 1], "is", b[rank:rank + 1], "in a fresh index")
sys.exit(1 if faults or other else 0)
