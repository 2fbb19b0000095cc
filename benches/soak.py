"""A day of typing in minutes: edits to one document with requests between them and files that come, change and go on disk.

Usage: soak.py BINARY [--file FILE] [--edits 100000] [--requests 20000] [--events 5000] [--rate 260]
               [--before 2500] [--warm-up 30000] [--wild]

Edits come as they do from a person: runs of them beside one another at places all over the file, each of which may break
the text (brackets, names cut in two), and all of which are taken back some time later, so that the text stays a program
that is broken in up to 40 places. `--wild`: none is taken back; after 20,000 edits the text is noise. `--rate` is edits a
second (0: as fast as they go); nothing waits for an answer but a fifth request for the first of four.

Events are saves, creations, deletions and renames of files of some KiB, and saves of the document, that only the watcher
tells of. After each tenth, when all of them can be asked and it has been quiet for `--quiet` seconds (the server gives back
what it does not need each ten), memory (PSS), descriptors, threads and processes of the whole tree are looked at. Shown are
the growth of memory (the slope through the tenths: allocators give back late, so that two points say little) and how much of it the tiers of the cache are; whether the rest is flat (never more in the later half than in the earlier one); the 99th percentile of answers of the last
tenth against the first, each from the moment it was asked; and at the end whether every file is found by what it declares
now and the outline equals that of a fresh copy. Exit status 1 where one of them falls short.

Warm-up are `--before` events, then `--warm-up` edits with their share of requests and events, which are not among the
`--edits`: until then the index comes to as many packs, and to as much of what lives no more, as it keeps. The tiers are held to 2 MiB, so that they are full by then (`--set cache.memory_budget_mb=100` is what
an editor has).
"""
import argparse, collections, json, os, random, shutil, sys, tempfile, threading, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from lsp_client import Refused, Server
from process_tree import processes_of_tree, pss_of_tree

PIECES = ["", "", "", "x", " ", "\n", "(", ")", "{", "}", "fn added() {}\n", "\U0001f9ed", "é", "// note\n", "s"]
WOUNDS, IN_FLIGHT, TENTHS, PATIENCE = 40, 4, 10, 60
FILES = 100
# Tiers that are full when it has warmed up: what grows then is no cache that fills.
FULL = "cache.memory_budget_mb=2"
# An ordinary file has some KiB: of those that live no more the index keeps a MiB, which is reached while it warms up.
BODY = "".join(f"\n/// What is done {at} times.\nfn helper_{at}(it: &[u64]) -> u64 {{\n    it.iter().map(|it| it * {at}).sum()\n}}\n" for at in range(40))
ABLE = {"textDocument": {"documentSymbol": {"hierarchicalDocumentSymbolSupport": True}, "diagnostic": {}}}
LANGUAGES = {"rs": "rust", "py": "python", "go": "go", "c": "c", "ts": "typescript", "java": "java", "hpp": "cpp"}
# Methods with the capability that stands for each; our own are always there.
METHODS = {"textDocument/documentSymbol": "documentSymbolProvider", "textDocument/foldingRange": "foldingRangeProvider",
           "textDocument/selectionRange": "selectionRangeProvider", "textDocument/diagnostic": "diagnosticProvider",
           "workspace/symbol": "workspaceSymbolProvider", "textDocument/definition": "definitionProvider",
           "textDocument/references": "referencesProvider", "workspace/executeCommand": "executeCommandProvider",
           "portolan/status": None, "portolan/semanticSearch": None}


class Typing:
    """The text as the editor has it, and the edits to it."""

    def __init__(self, text, luck, wild):
        self.text, self.luck, self.wild, self.length = text, luck, wild, len(text)
        self.cursor, self.taken_back_to, self.wounds = 0, None, []

    def next(self):
        """One change as the protocol has it."""
        if self.wounds and self.taken_back_to is None and len(self.wounds) >= WOUNDS:
            self.taken_back_to = self.luck.randrange(WOUNDS)
        if self.taken_back_to is not None and len(self.wounds) <= self.taken_back_to:
            self.taken_back_to = None
        if self.taken_back_to is not None:
            return self.replace(*self.wounds.pop())
        if self.wild or self.luck.randrange(8) == 0:
            self.cursor = self.luck.randrange(len(self.text) + 1)
        start = min(self.cursor, len(self.text))
        long = self.wild and len(self.text) > self.length
        end = min(len(self.text), start + (self.luck.randrange(4, 12) if long else self.luck.randrange(3)))
        piece = self.luck.choice(PIECES)
        if not self.wild:
            self.wounds.append((start, start + len(piece), self.text[start:end]))
        self.cursor = start + len(piece)
        return self.replace(start, end, piece)

    def replace(self, start, end, piece):
        change = {"range": {"start": self.position(start), "end": self.position(end)}, "text": piece}
        self.text = self.text[:start] + piece + self.text[end:]
        return change

    def position(self, at):
        begin = self.text.rfind("\n", 0, at) + 1
        return {"line": self.text.count("\n", 0, at), "character": len(self.text[begin:at].encode("utf-16-le")) // 2}


class Files:
    """Small files in some folders, each of which declares one name that no other file ever had."""

    def __init__(self, top, luck):
        self.top, self.luck, self.named, self.gone, self.number = top, luck, {}, collections.deque(maxlen=200), 0
        for folder in range(10):
            os.makedirs(f"{top}/d{folder}")
        for _ in range(FILES):
            self.write(self.path())

    def path(self):
        self.number += 1
        return f"{self.top}/d{self.number % 10}/f{self.number}.rs"

    def write(self, path):
        self.number += 1
        if path in self.named:
            self.gone.append(self.named[path])
        self.named[path] = f"soaked_{self.number}"
        with open(path, "w") as file:
            file.write(f"/// Number {self.number}.\npub fn {self.named[path]}(it: u64) -> u64 {{\n    it + {self.number}\n}}\n" + BODY)

    def event(self):
        path = self.luck.choice(list(self.named))
        kind = self.luck.choice(["save", "save", "save", "create", "delete", "rename"])
        if kind == "save":
            self.write(path)
        elif kind == "create" or len(self.named) < FILES // 2:
            self.write(self.path())
        elif kind == "delete":
            os.unlink(path)
            self.gone.append(self.named.pop(path))
        else:
            to = self.path()
            os.rename(path, to)
            self.named[to] = self.named.pop(path)


class Asking:
    """Requests on their way, and the milliseconds of each answer by when it was asked."""

    def __init__(self, server):
        self.server, self.sent, self.times, self.errors = server, {}, [], collections.Counter()
        self.room, self.waiting, self.results = threading.Semaphore(IN_FLIGHT), threading.Condition(), {}
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        try:
            while True:
                result = None
                try:
                    number, result = self.server.answer()
                except Refused as refusal:
                    number = refusal.number
                    self.errors[f"{self.sent[number][0]} {refusal.error['code']}"] += 1
                method, asked, wanted = self.sent[number]
                with self.waiting:
                    del self.sent[number]
                    if wanted:
                        self.results[number] = result
                    else:
                        self.times.append((method, (time.perf_counter() - asked) * 1e3))
                    self.waiting.notify_all()
                if not wanted:
                    self.room.release()
        except (SystemExit, ValueError, OSError):
            with self.waiting:
                self.sent = None
                self.waiting.notify_all()

    def send(self, method, params, wanted):
        with self.waiting:
            if self.sent is None:
                sys.exit("the server has gone")
            # Held until it is entered: no answer can come before.
            self.sent[self.server.next_id + 1] = method, time.perf_counter(), wanted
            return self.server.request(method, params)

    def ask(self, method, params):
        """Asks and goes on, once fewer than so many are unanswered."""
        if not self.room.acquire(timeout=PATIENCE):
            sys.exit(f"no answer within {PATIENCE} s: {self.sent}")
        self.send(method, params, False)

    def result(self, method, params):
        number = self.send(method, params, True)
        self.wait(lambda: number in self.results)
        return self.results.pop(number)

    def wait(self, condition):
        with self.waiting:
            if not self.waiting.wait_for(lambda: self.sent is None or condition(), PATIENCE) or self.sent is None:
                sys.exit(f"no answer within {PATIENCE} s, or the server has gone")

    def finish(self):
        self.wait(lambda: not self.sent)


class Soak:
    def __init__(self, options, top):
        self.options, self.luck = options, random.Random(3)
        with open(options.file, encoding="utf-8", newline="") as file:
            text = file.read()
        root = os.path.join(top, "w")
        os.makedirs(root)
        self.path = os.path.join(root, os.path.basename(options.file))
        self.document = {"uri": "file://" + self.path}
        self.language = LANGUAGES[options.file.rsplit(".", 1)[1]]
        self.typing, self.files = Typing(text, self.luck, options.wild), Files(root, self.luck)
        self.save()
        self.server = Server(options.binary, root, os.path.join(top, "cache"), settings=options.set, able=ABLE)
        self.methods = [it for it, of in METHODS.items() if of is None or self.server.capabilities.get(of)]
        self.open(1)
        self.server.wait(["embedded"])
        self.asking, self.tenths, self.events = Asking(self.server), [], 0

    def open(self, version):
        self.server.send({"method": "textDocument/didOpen", "params": {"textDocument": {
            **self.document, "languageId": self.language, "version": version, "text": self.typing.text}}})

    def save(self):
        with open(self.path, "w", encoding="utf-8", newline="") as file:
            file.write(self.typing.text)

    def warm_up(self):
        for _ in range(self.options.before):
            self.files.event()
            time.sleep(0.02)

    def run(self):
        options = self.options
        tenth, warm, begun, rested = options.edits // TENTHS, options.warm_up, time.monotonic(), 0.0
        for number in range(1, warm + options.edits + 1):
            due = begun + rested + number / options.rate - time.monotonic() if options.rate else 0
            if due > 0:
                time.sleep(due)
            self.server.send({"method": "textDocument/didChange", "params": {
                "textDocument": {**self.document, "version": number + 1}, "contentChanges": [self.typing.next()]}})
            if number * options.requests // options.edits > (number - 1) * options.requests // options.edits:
                self.question()
            if number * options.events // options.edits > (number - 1) * options.events // options.edits:
                self.happen()
            if number == warm:
                self.asking.finish()
                self.asking.times = []
            if number > warm and (number - warm) % tenth == 0:
                pause = time.monotonic()
                self.rest()
                rested += time.monotonic() - pause
        return time.monotonic() - begun - rested

    def happen(self):
        self.events += 1
        if self.events % 25 == 0:
            self.save()
            self.server.send({"method": "textDocument/didSave", "params": {"textDocument": self.document}})
        else:
            self.files.event()

    def question(self):
        method = self.luck.choice(self.methods)
        position = {"line": self.luck.randrange(200), "character": self.luck.randrange(30)}
        known = self.luck.choice(list(self.files.named.values()))
        words = "where are edits applied" if method == "portolan/semanticSearch" else self.luck.choice(["par", "Tran", "answer", known])
        self.asking.ask(method, {"textDocument": self.document, "position": position, "positions": [position],
                                 "context": {"includeDeclaration": True}, "query": words, "command": "portolan.server.status"})

    def rest(self):
        """Looks at the server when it has nothing left to do."""
        self.asking.finish()
        missing = self.wrong()
        end = time.monotonic() + PATIENCE
        while missing and time.monotonic() < end:
            time.sleep(0.2)
            missing = self.wrong()
        time.sleep(self.options.quiet)
        pid = self.server.child.pid
        tree = processes_of_tree(pid)
        count = lambda what: sum(len(os.listdir(f"/proc/{it}/{what}")) for it in tree if os.path.exists(f"/proc/{it}/{what}"))
        times, self.asking.times = self.asking.times, []
        cache = self.asking.result("portolan/status", {})["cache"]
        kept = {tier: (cache[tier]["entries"], cache[tier]["bytes"] >> 10) for tier in ("hot", "warm", "cold", "frozen")}
        self.tenths.append({"kept": sum(kib for _, kib in kept.values()) << 10, "memory": pss_of_tree(pid), "descriptors": count("fd"), "threads": count("task"),
                            "processes": len(tree), "wrong": len(missing), "times": times})
        it = self.tenths[-1]
        print(f"{it['memory']:7.1f} MiB {it['descriptors']:4} descriptors {it['threads']:4} threads {it['processes']:2} processes; "
              f"{len(times)} answers p50 {share(times, .5):6.2f} p95 {share(times, .95):6.2f} p99 {share(times, .99):6.2f} ms; "
              f"{len(missing)} names wrong; "
              f"tiers (entries, KiB) {' '.join(f'{tier} {n} {kib}' for tier, (n, kib) in kept.items())}; load {os.getloadavg()[0]:.1f}", flush=True)

    def wrong(self):
        """Names that are not found where they are, or still found."""
        where = lambda name: [it["location"]["uri"] for it in self.asking.result("workspace/symbol", {"query": name}) or ()
                              if it["name"] == name]
        return [name for path, name in self.files.named.items() if where(name) != ["file://" + path]] + \
            [name for name in self.files.gone if where(name)]

    def equals_a_fresh_copy(self):
        outline = lambda: self.asking.result("textDocument/documentSymbol", {"textDocument": self.document})
        edited = outline()
        self.server.send({"method": "textDocument/didClose", "params": {"textDocument": self.document}})
        self.open(1)
        return edited == outline()


def share(times, part):
    times = sorted(ms for _, ms in times)
    return times[min(len(times) - 1, int(len(times) * part))] if times else float("nan")


def slope(values):
    """By how much a value grows from each to the next (least squares)."""
    middle, mean = (len(values) - 1) / 2, sum(values) / len(values)
    over = sum((at - middle) * (value - mean) for at, value in enumerate(values))
    return over / sum((at - middle) ** 2 for at in range(len(values)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--file", default=os.path.join(HERE, "../src/server/transport.rs"))
    for name, default in (("edits", 100_000), ("requests", 20_000), ("events", 5_000), ("rate", 260), ("quiet", 11), ("before", 2_500), ("warm-up", 30_000)):
        parser.add_argument("--" + name, type=int, default=default)
    parser.add_argument("--set", action="append", default=[FULL], help="a setting, as for portolan --set")
    parser.add_argument("--wild", action="store_true")
    options = parser.parse_args()
    top = tempfile.mkdtemp(prefix="soak-")
    try:
        soak = Soak(options, os.path.realpath(top))
        soak.warm_up()
        seconds = soak.run()
        equal = soak.equals_a_fresh_copy()
        soak.server.child.kill()
        tenths, errors = soak.tenths, sum(soak.asking.errors.values())
    finally:
        shutil.rmtree(top, ignore_errors=True)
    growth = slope([it["memory"] * (1 << 20) for it in tenths]) / (options.edits / TENTHS)
    of_tiers = slope([it["kept"] for it in tenths]) / (options.edits / TENTHS)
    ratio = share(tenths[-1]["times"], .99) / share(tenths[0]["times"], .99)
    half = TENTHS // 2
    grown = [what for what in ("descriptors", "threads", "processes")
             if max(it[what] for it in tenths[half:]) > max(it[what] for it in tenths[:half])]
    wrong = sum(it["wrong"] for it in tenths)
    print(f"{options.edits} edits after {options.warm_up} to warm up, {options.requests} requests of {len(soak.methods)} methods; with the warm-up {soak.events} events, {seconds:.0f} s; "
          f"errors {errors} {dict(soak.asking.errors)}")
    for method in soak.methods:
        of = lambda tenth: [it for it in tenth["times"] if it[0] == method]
        print(f"  {method:28} p99 ms of the first and the last tenth {share(of(tenths[0]), .99):7.2f} {share(of(tenths[-1]), .99):7.2f}")
    print(f"growth {growth:.1f} bytes an edit, {of_tiers:.1f} of them the tiers; {'more ' + ', '.join(grown) if grown else 'descriptors, threads and processes flat'}; "
          f"p99 of the last tenth {ratio:.2f} x the first; {wrong} names wrong; final outline equal: {equal}")
    return 0 if growth < 50 and not grown and ratio <= 1.1 and not wrong and equal else 1


sys.exit(main())
