"""A hostile tree that changes all the time: answers stay right and quick, nothing leaks, nothing runs, nothing is written.

    --maker SCRIPT   makes such trees: `make DIR --scale S`, `live DIR --seconds N` (changes DIR/live), `check DIR`, `clean DIR`
    --portolan BIN   (target/release/portolan)     --scales .02,.1,1     --seconds N   of changes at each scale   (600)
    --names N   (50)     --pause S   between questions   (.05)     --most-ms N   for the 95th percentile   (50)

The maker is a program of its own: without one this part shows nothing. It makes files next to DIR too, in DIR.outside: a
`manifest.json` with the words `canary` (in files outside the tree, which links lead to) and `secret` (in ignored, unreadable
and secret files), and a folder `tripwire`, empty until something of the tree is run. Needs root, setpriv, prlimit: the server
is another user, who may write nothing but its cache and the tripwires.

Names of files of the tree are asked for by workspace/symbol, over and over, from a cold start to the end of the changes, and
must be found from the moment the index is complete. Then: files that nobody opened and nobody may read are asked about, each
entry of the tree is accounted for, and all answers equal those of a new server on a new index.
"""
import argparse, json, os, random, re, resource, shutil, signal, stat, subprocess, sys, tempfile, threading, time
from urllib.parse import quote, unquote_to_bytes

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../benches"))
from lsp_client import Refused, Server
from process_tree import pss_of_tree

USER = 65534
AS_ANOTHER = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--"]
# What a tree like this does to a program without bounds must not reach the machine.
BOUNDED = ["prlimit", f"--as={6 << 30}", "--core=0", "--", *AS_ANOTHER]
PATIENCE = 60
DECLARED = re.compile(rb"^(?:pub )?(?:def|class|fn) +([A-Za-z_][A-Za-z0-9_]{2,60})\b", re.M)
ESCAPES = {ord(k): v for k, v in zip('tnravbf"\\', b"\t\n\r\a\v\b\f\"\\")}


def walk(top):
    """(path beneath `top`, as bytes, and what lstat says) of all entries; links are not followed, folders come first."""
    todo = [b""]
    while todo:
        at = todo.pop()
        try:
            entries = [(os.path.join(at, it.name), it.stat(follow_symlinks=False))
                       for it in os.scandir(os.path.join(os.fsencode(top), at))]
        except OSError:
            continue  # a path longer than the system takes
        yield from sorted(entries, key=lambda it: it[0])
        todo += [path for path, status in entries if stat.S_ISDIR(status.st_mode)]


def read(path):
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(1 << 20)


def choose(top, count, luck):
    """`count` names, each declared first in one file alone, from as many folders as there are: name and file. Files that may
    be ignored, that others may not read, that are binary, long or about to change do not count."""
    closed, ruled, found = set(), set(), {}
    for path, status in walk(top):
        folder, name = os.path.split(path)
        others = status.st_mode & 0o007
        if stat.S_ISDIR(status.st_mode):
            if folder in closed or others & 5 != 5 or path == b"live" or name.startswith(b".") or name in (b"node_modules", b"cache"):
                closed.add(path)
        elif stat.S_ISREG(status.st_mode) and name in (b".gitignore", b".ignore") and status.st_size:
            ruled.add(folder)
        elif stat.S_ISREG(status.st_mode) and folder not in closed and others & 4 and status.st_size <= 1 << 20:
            if name.endswith((b".py", b".rs")):
                text = read(os.path.join(os.fsencode(top), path))
                declared = DECLARED.search(text)
                if declared and b"\0" not in text[:8192]:
                    found.setdefault(declared[1].decode(), []).append(path)
    free = lambda path: not any(path == it or path.startswith(it + b"/") for it in ruled)
    shelves = {}
    for name, paths in found.items():
        if len(paths) == 1 and free(paths[0]):
            shelves.setdefault(paths[0].split(b"/")[0], []).append((name, paths[0]))
    chosen = []
    for shelf in shelves.values():
        luck.shuffle(shelf)
    while len(chosen) < count and any(shelves.values()):
        chosen += [shelf.pop() for shelf in shelves.values() if shelf]
    return chosen[:count]


class Listening:
    """The server's output, in which some bytes must never stand."""

    def __init__(self, file, forbidden):
        self.file, self.forbidden, self.heard = file, forbidden, []

    def readline(self):
        return self.file.readline()

    def read(self, length):
        body = self.file.read(length)
        if any(it in body for it in self.forbidden):
            self.heard.append(body[:300])
        return body


def serve(binary, root, cache, forbidden):
    os.makedirs(cache)
    os.chown(cache, USER, USER)
    environment = {**os.environ, "HOME": cache, "XDG_CACHE_HOME": cache}
    server = Server(binary, root, os.path.join(cache, "index"), before=BOUNDED, environment=environment)
    server.child.stdout = Listening(server.child.stdout, forbidden)
    return server


def ask(server, method, params):
    """The result, or what the server said instead; one that does not answer at all ends the run."""
    signal.alarm(PATIENCE)
    try:
        return server.ask(method, params)
    except Refused as refusal:
        return refusal
    finally:
        signal.alarm(0)


def located(server, name):
    """Where a symbol of just this name is: URI and place."""
    hits = ask(server, "workspace/symbol", {"query": name})
    if isinstance(hits, Refused):
        raise hits
    return {(it["location"]["uri"], json.dumps(it["location"].get("range"))) for it in hits or () if it["name"] == name}


def path_of(uri, root):
    return os.path.relpath(unquote_to_bytes(uri[len("file://"):]), os.fsencode(root))


def settle(server):
    """Until the server has seen everything: three looks a second apart that tell the same."""
    same, last, end = 0, None, time.monotonic() + 2 * PATIENCE
    while same < 3:
        told = ask(server, "portolan/status", {})
        now = told["stage"], told["files"], told["passages"], told["changes"]
        same = same + 1 if now == last and told["stage"] == "embedded" and not told["changes"]["waiting"] else 0
        last = now
        if time.monotonic() > end:
            sys.exit(f"never at rest: {now}")
        time.sleep(1)


def unquoted(path):
    """A path as `portolan status --files` writes it."""
    if not path.startswith(b'"'):
        return path
    piece = lambda m: bytes([int(m[1], 8) if m[1].isdigit() else ESCAPES[m[1][0]]])
    return re.sub(rb"\\([0-7]{3}|.)", piece, path[1:-1])


def listed(binary, root, cache):
    """What `status --files` says of each path."""
    environment = {**os.environ, "HOME": cache, "XDG_CACHE_HOME": cache}
    out = subprocess.run([*BOUNDED, binary, "status", root, "--files", "--cache-dir", os.path.join(cache, "index")], check=True,
                         stdout=subprocess.PIPE, env=environment).stdout
    rows = [line.split(b"\t") for line in out.splitlines()]
    told = {unquoted(path): what for path, *what in rows}
    return told if len(told) == len(rows) else sys.exit("status names a path twice")


def unaccounted(root, told):
    """How many entries there are but folders, and those told of not once (by themselves or by a folder that they are in)."""
    out = subprocess.run(["find", root, "!", "-type", "d", "-printf", "%P\\0"], stdout=subprocess.PIPE).stdout
    entries = out.split(b"\0")[:-1]
    whole = lambda path: [b"/".join(path.split(b"/")[:end]) for end in range(1, path.count(b"/") + 2)]
    return len(entries), [it for it in entries if sum(part in told for part in whole(it)) != 1]


def share(times, part):
    times = sorted(times)
    return times[min(len(times) - 1, int(len(times) * part))] if times else float("nan")


class Round:
    """One scale."""

    def __init__(self, options, scale, top):
        self.options, self.top, self.root = options, top, os.path.join(top, "tree")
        self.faults, self.peak, self.times = [], 0, []
        self.maker("make", "--scale", str(scale))
        with open(self.root + ".outside/manifest.json") as file:
            told = json.load(file)
        self.forbidden = [told["canary"].encode(), told["secret"].encode()]
        self.unlink_what_is_outside()
        self.chosen = choose(self.root, options.names, random.Random(options.seed))
        self.outside_checked = json.loads(self.maker("check"))
        self.entries = sum(1 for _ in walk(self.root))

    def maker(self, verb, *more):
        return subprocess.run([sys.executable, self.options.maker, verb, self.root, *more], stdout=subprocess.PIPE).stdout

    def unlink_what_is_outside(self):
        """A hard link to a file outside is a file of the tree like any other; without it no answer may hold the canary."""
        outside = {it.st_ino for _, it in walk(self.root + ".outside") if stat.S_ISREG(it.st_mode)}
        for path, status in walk(self.root):
            if stat.S_ISREG(status.st_mode) and status.st_nlink > 1 and status.st_ino in outside:
                os.unlink(os.path.join(os.fsencode(self.root), path))

    def check(self, holds, what):
        if not holds:
            self.faults.append(what)
            print("   FAULT", what, flush=True)

    def run(self):
        cache = os.path.join(self.top, "cache")
        server = serve(self.options.portolan, self.root, cache, self.forbidden)
        done = threading.Event()
        watcher = threading.Thread(target=self.watch, args=(server.child.pid, done))
        watcher.start()
        live = subprocess.Popen([sys.executable, self.options.maker, "live", self.root, "--seconds", str(self.options.seconds)],
                                stdout=subprocess.DEVNULL)
        try:
            self.question(server, live)
            live.wait()
            settle(server)
            self.pry(server)
            before = self.answers(server)
            self.check(not server.child.stdout.heard, f"heard: {server.child.stdout.heard[:3]}")
            print("   shown to the user:", sorted({it.replace(self.top, "") for it in server.shown}) or "nothing")
        finally:
            live.kill()
            done.set()
            watcher.join()
        told = listed(self.options.portolan, self.root, cache)
        found, wrong = unaccounted(self.root, told)
        self.check(not wrong, f"{len(wrong)} of {found} entries not accounted for once: {wrong[:5]}")
        self.end(server)
        self.search(cache)
        fresh = serve(self.options.portolan, self.root, os.path.join(self.top, "cache-2"), self.forbidden)
        settle(fresh)
        after = self.answers(fresh)
        other = [it for it in before if before[it] != after[it]]
        self.check(not other, f"{len(other)} answers differ from a new index's: "
                   f"{[(it, sorted(before[it] ^ after[it])[:3]) for it in other[:3]]}")
        fresh.stop()
        anew = listed(self.options.portolan, self.root, os.path.join(self.top, "cache-2"))
        other = [it for it in told.keys() | anew.keys() if told.get(it) != anew.get(it)]
        self.check(not other, f"{len(other)} files are told of otherwise than by a new index: "
                   f"{[(it, told.get(it), anew.get(it)) for it in other[:5]]}")
        told = json.loads(self.maker("check"))
        self.check(not told["tripwires_fired"], f"tripwires: {told['tripwires_fired']}")
        self.check(told == self.outside_checked, f"the tree was changed: {told}")

    def watch(self, pid, done):
        while not done.wait(0.2):
            self.peak = max(self.peak, pss_of_tree(pid))

    def question(self, server, live):
        """Asks while the changes go on."""
        begun, complete, looked, missing = time.monotonic(), None, 0, {}
        while live.poll() is None:
            for name, path in self.chosen:
                now = time.monotonic()
                if complete is None and now - looked > 0.3:
                    looked = now
                    if ask(server, "portolan/status", {})["stage"] in ("indexed", "embedded"):
                        complete = now - begun
                asked = time.perf_counter()
                hits = located(server, name)
                self.times.append(((time.perf_counter() - asked) * 1e3, now - begun, name))
                if complete is not None and path not in {path_of(uri, self.root) for uri, _ in hits}:
                    missing.setdefault(path, []).append(round(now - begun, 1))
                if live.poll() is not None:
                    break
                time.sleep(self.options.pause)
        self.check(complete is not None, "the index was never complete")
        self.check(not missing, f"{sum(map(len, missing.values()))} answers lacked their file: {list(missing.items())[:3]}")
        for what, some in (("until the index was complete", lambda at: complete is None or at <= complete),
                           ("afterwards", lambda at: complete is not None and at > complete), ("throughout", lambda at: True)):
            times = [ms for ms, at, _ in self.times if some(at)]
            print(f"   {len(times)} answers {what}: p50 {share(times, .5):.1f}, p95 {share(times, .95):.1f}, "
                  f"p99 {share(times, .99):.1f}, longest {max(times, default=0):.1f} ms", flush=True)
        print("   complete after", complete and round(complete, 1), "s; slowest (ms, at s, name):",
              [(round(ms), round(at, 1), name) for ms, at, name in sorted(self.times, reverse=True)[:5]])
        late = share([ms for ms, _, _ in self.times], .95)
        self.check(late <= self.options.most_ms, f"the 95th percentile is {late:.1f} ms")

    def pry(self, server):
        """Asks about what nobody opened: links, special files, files that hold a secret or may not be read."""
        count = 0
        for path, status in walk(self.root):
            if stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode) and status.st_mode & 4 and not self.is_secret(path, status):
                continue
            uri, count = "file://" + quote(os.path.join(os.fsencode(self.root), path)), count + 1
            document = {"textDocument": {"uri": uri}}
            ask(server, "textDocument/documentSymbol", document)
            ask(server, "textDocument/definition", {**document, "position": {"line": 0, "character": 5}})
        for word in self.forbidden:
            for query in (word.decode(), word.decode().lower(), "?" + word.decode()):
                ask(server, "workspace/symbol", {"query": query})
            ask(server, "portolan/semanticSearch", {"query": word.decode(), "limit": 50})
        print(f"   asked about {count} files that nobody may read")

    def is_secret(self, path, status):
        return status.st_size <= 1 << 20 and any(it in read(os.path.join(os.fsencode(self.root), path)) for it in self.forbidden)

    def answers(self, server):
        """All there is to compare; each of the chosen names must be found where it is."""
        names = [name for name, _ in self.chosen]
        for path, status in walk(os.path.join(self.root, "live")):
            if stat.S_ISREG(status.st_mode):
                declared = DECLARED.search(read(os.path.join(os.fsencode(self.root), b"live", path)))
                names += [declared[1].decode()] if declared else []
        found = {name: located(server, name) for name in sorted(set(names))}
        lost = [path for name, path in self.chosen if path not in {path_of(uri, self.root) for uri, _ in found[name]}]
        self.check(not lost, f"at rest {len(lost)} of {len(self.chosen)} names are not found: {lost[:5]}")
        print(f"   at rest {len(found)} names asked, {sum(1 for it in found.values() if it)} found")
        return found

    def end(self, server):
        pid, before = server.child.pid, resource.getrusage(resource.RUSAGE_CHILDREN)
        ask(server, "shutdown", None)
        server.send({"method": "exit"})
        signal.alarm(PATIENCE)
        _, status, used = os.wait4(pid, 0)
        signal.alarm(0)
        server.child.returncode = os.waitstatus_to_exitcode(status)
        self.check(server.child.returncode == 0, f"ended with {server.child.returncode}")
        print(f"   peak PSS {self.peak:.0f} MiB, {used.ru_utime + used.ru_stime:.1f} s of CPU, {len(self.times)} questions")

    def search(self, cache):
        """No byte of what is outside or secret is in the index. The search itself is proved by names that must be there."""
        start = os.path.commonprefix(self.forbidden)
        forbidden = [start, start.lower()] if len(start) >= 8 else self.forbidden
        seen, hits = set(), []
        for folder, _, files in os.walk(cache):
            for name in files:
                with open(os.path.join(folder, name), "rb") as file:
                    data = file.read()
                seen |= {it for it, _ in self.chosen if it.encode() in data}
                hits += [(name, it) for it in forbidden if it in data]
        self.check(not hits, f"in the index: {hits}")
        self.check(seen, "no name at all is seen in the bytes of the index: the search for the others shows nothing")
        print(f"   {len(seen)} of {len(self.chosen)} names seen in the bytes of the index")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portolan", default=os.path.join(HERE, "../../target/release/portolan"))
    parser.add_argument("--maker")
    parser.add_argument("--scales", default=".02,.1,1")
    for name, default in (("seconds", 600.0), ("names", 50), ("pause", 0.05), ("most-ms", 50.0), ("seed", 1)):
        parser.add_argument("--" + name, type=type(default), default=default)
    options = parser.parse_args()
    options.portolan = os.path.abspath(options.portolan)
    if not options.maker:
        print("not run: a hostile tree needs --maker")
        return 0
    if os.geteuid():
        sys.exit("needs root, to be another user")
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(f"no answer within {PATIENCE} s"))
    bad = 0
    for scale in options.scales.split(","):
        top = tempfile.mkdtemp(prefix="portolan-hostile-")
        os.chmod(top, 0o755)
        tree = None
        try:
            tree = Round(options, scale, top)
            print(f"scale {scale}: {tree.entries} entries, {options.seconds} s of changes, {len(tree.chosen)} names, "
                  f"load {os.getloadavg()[0]:.1f}", flush=True)
            tree.run()
            print(f"   {len(tree.faults)} faults, load {os.getloadavg()[0]:.1f}", flush=True)
            bad += len(tree.faults)
        finally:
            subprocess.run([sys.executable, options.maker, "clean", os.path.join(top, "tree")])
            shutil.rmtree(top, ignore_errors=True)
    return 1 if bad else 0


sys.exit(main())
