"""Full disk, read-only, quota, limits, no inotify, the clock set back: answers go on, one notice each, nothing is lost.

    --portolan BIN   (target/release/portolan)     --only NAME[,NAME]     --keep (the working directory)

Needs root, `unshare`, and faketime (Debian package); a trouble that this machine cannot make is told and fails the run.
"""
import argparse, contextlib, json, os, shutil, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../benches"))
from lsp_client import Server

FOLDERS, FILES = 120, 3
# Vectors are not what is tried here.
QUIET = ["embeddings.enabled=false", "watch.rescan_seconds=2"]


class Place:
    """A workspace in which the file `f` of the folder `d` declares `name_d_f_version` and nothing else of interest."""

    def __init__(self, top, bulk):
        self.top, self.root, self.cache = top, os.path.join(top, "root"), os.path.join(top, "cache")
        os.makedirs(self.cache)
        self.bulk, self.versions = bulk, {}
        for folder in range(FOLDERS):
            os.makedirs(f"{self.root}/d{folder}")
            for file in range(FILES):
                self.write(folder, file, 0)

    def write(self, folder, file, version):
        self.versions[folder, file] = version
        lines = [f"pub fn filler_{folder}_{file}_{number}() -> u64 {{ {number} }}" for number in range(self.bulk)]
        with open(f"{self.root}/d{folder}/f{file}.rs", "w") as out:
            out.write(f"pub fn {self.name(folder, file)}() {{}}\n" + "\n".join(lines) + "\n")

    def name(self, folder, file, version=None):
        return f"name_{folder}_{file}_{self.versions[folder, file] if version is None else version}"

    def change(self, folder, file):
        """Gives the name that is gone and the one that has come."""
        old = self.name(folder, file)
        self.write(folder, file, self.versions[folder, file] + 1)
        return old, self.name(folder, file)

    def serve(self, **options):
        server = Server(options.pop("binary", BINARY), self.root, self.cache, settings=QUIET, **options)
        return server


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def found(server, name):
    return [it for it in server.ask("workspace/symbol", {"query": name}) if it["name"] == name]


def wait(server, patience=120):
    until = time.monotonic() + patience
    while server.ask("portolan/status", {})["stage"] != "embedded":
        check(time.monotonic() < until, "the index is never complete")
        time.sleep(0.05)


def until(condition, patience, what):
    end = time.monotonic() + patience
    while not condition():
        check(time.monotonic() < end, f"not within {patience} s: {what}")
        time.sleep(0.1)


def answers_all(server, place):
    """Each name is found once, in its file."""
    for (folder, file) in place.versions:
        name = place.name(folder, file)
        hits = found(server, name)
        where = [it["location"]["uri"] for it in hits]
        check(len(hits) == 1 and where[0].endswith(f"/d{folder}/f{file}.rs"), f"{name} is found at {where}")


def follows(server, place, folder, patience=30):
    """A change on disk reaches the answers; the old name is gone."""
    old, new = place.change(folder, 1)
    until(lambda: found(server, new), patience, f"{new} is found")
    check(not found(server, old), f"{old} is still found")


def notices(server, *wanted):
    """Each wanted text in exactly one message shown, and no message else. A notice may be some seconds behind."""
    def all_shown():
        server.ask("portolan/status", {})
        return all(any(text in it for it in server.shown) for text in wanted)
    with contextlib.suppress(AssertionError):
        until(all_shown, 10, "")
    shown = list(server.shown)
    for text in wanted:
        hits = [it for it in shown if text in it]
        check(len(hits) == 1, f"{len(hits)} notices with '{text}' among {server.shown}")
        shown.remove(hits[0])
    check(not shown, f"notices that nobody expected: {shown}")


def is_saved(server):
    return server.ask("portolan/status", {})["roots"][0]["saved"]


def is_good_again(place):
    """Without any trouble: all answers, nothing to tell, and the next start finds all done."""
    for start in (0, 1):
        server = place.serve()
        wait(server)
        answers_all(server, place)
        notices(server)
        files = server.ask("portolan/status", {})["files"]
        check(is_saved(server), "the index is not on disk")
        server.stop()
        if start:
            check(files["parsed"] == 0, f"the next start parsed {files}")


@contextlib.contextmanager
def tmpfs(place, size):
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place.cache], check=True)
    try:
        yield lambda options: subprocess.run(["mount", "-o", f"remount,{options}", place.cache], check=True)
    finally:
        subprocess.run(["umount", "-l", place.cache], check=False)


def full(top):
    """The cache on a disk of 8 MB, too small; later there is room."""
    place = Place(top, 1_500)
    with tmpfs(place, "8m") as remount:
        server = place.serve()
        wait(server)
        answers_all(server, place)
        check(not is_saved(server), "8 MB were enough: nothing was tried")
        follows(server, place, 3)
        notices(server, "memory only")
        remount("size=256m")
        until(lambda: is_saved(server), 90, "the index is saved where there is room")
        notices(server, "memory only", "on disk again")
        answers_all(server, place)
        server.stop()
        is_good_again(place)


def full_later(top):
    """A disk that fills up under an index that was whole: what was on it stays good."""
    place = Place(top, 20)
    with tmpfs(place, "8m"):
        is_good_again(place)
        server = place.serve()
        wait(server)
        with contextlib.suppress(OSError), open(place.cache + "/rest", "wb") as rest:
            while True:
                rest.write(b"\1" * 65_536)
        for folder in range(30):
            place.change(folder, 0)
        follows(server, place, 31)
        notices(server, "memory only")
        answers_all(server, place)
        # Another process finds the older index, and brings it up to date for itself.
        server.child.kill()
        server.child.wait()
        server = place.serve()
        wait(server)
        answers_all(server, place)
        notices(server, "memory only")
        server.stop()
        os.remove(place.cache + "/rest")
        is_good_again(place)


def read_only(top):
    """A mount that is read-only with an index on it, then writable again."""
    place = Place(top, 20)
    with tmpfs(place, "64m") as remount:
        is_good_again(place)
        remount("ro")
        server = place.serve()
        wait(server)
        answers_all(server, place)
        follows(server, place, 5)
        notices(server, "memory only")
        remount("rw")
        until(lambda: is_saved(server), 90, "the index is saved where it can be written")
        notices(server, "memory only", "on disk again")
        server.stop()
        is_good_again(place)


def read_only_empty(top):
    """A read-only mount with nothing on it."""
    place = Place(top, 20)
    with tmpfs(place, "64m") as remount:
        remount("ro")
        server = place.serve()
        wait(server)
        answers_all(server, place)
        follows(server, place, 5)
        notices(server, "memory only")
        server.stop()
        remount("rw")
        is_good_again(place)


def quota(top):
    """A user's quota on ext4: its refusal has a number of its own. The server runs as nobody, since root has none."""
    place = Place(top, 1_500)
    image = top + "/image"
    with open(image, "wb") as out:
        out.truncate(256 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-O", "quota", image], check=True)
    subprocess.run(["mount", "-o", "loop,usrquota", image, place.cache], check=True)
    try:
        os.chmod(place.cache, 0o777)
        os.chmod(top, 0o755)
        nobody = 65534
        subprocess.run(["setquota", "-u", str(nobody), "4096", "4096", "0", "0", place.cache], check=True)
        before = ["setpriv", f"--reuid={nobody}", f"--regid={nobody}", "--clear-groups"]
        server = place.serve(before=before, binary=for_all(top))
        wait(server)
        answers_all(server, place)
        check(not is_saved(server), "the quota was enough: nothing was tried")
        notices(server, "memory only")
        subprocess.run(["setquota", "-u", str(nobody), "0", "0", "0", "0", place.cache], check=True)
        until(lambda: is_saved(server), 90, "the index is saved where the quota lets it")
        notices(server, "memory only", "on disk again")
        server.stop()
    finally:
        subprocess.run(["umount", "-l", place.cache], check=False)


def for_all(top):
    """The binary where every user may start it."""
    copy = os.path.join(top, "portolan")
    shutil.copy(BINARY, copy)
    os.chmod(copy, 0o755)
    return copy


def file_size(top):
    """`ulimit -f`: by default the system answers a longer file with a deadly signal."""
    place = Place(top, 400)
    server = place.serve(before=["bash", "-c", 'ulimit -f 256; exec "$@"', "bash"])
    wait(server)
    answers_all(server, place)
    check(not is_saved(server), "256 KiB were enough: nothing was tried")
    follows(server, place, 7)
    notices(server, "memory only")
    server.stop()
    is_good_again(place)


def address_space(top):
    """`ulimit -v`: room for the process and little more; then not even for its threads."""
    place = Place(top, 400)
    server = place.serve(before=["bash", "-c", 'ulimit -v 700000; exec "$@"', "bash"])
    server.send({"method": "textDocument/didOpen", "params": {"textDocument": {
        "uri": f"file://{place.root}/d0/f0.rs", "languageId": "rust", "version": 1, "text": "fn open_one() {}\n"}}})
    outline = server.ask("textDocument/documentSymbol", {"textDocument": {"uri": f"file://{place.root}/d0/f0.rs"}})
    check("open_one" in json.dumps(outline), f"an open document has no outline: {outline}")
    def is_told():
        status = server.ask("portolan/status", {})
        return server.shown or status and status["stage"] == "embedded"
    until(is_told, 60, "the index is complete, or a notice says why not")
    check(len(server.shown) <= 1, f"more than one notice: {server.shown}")
    server.stop()
    server = place.serve(before=["bash", "-c", f'ulimit -v {VIRTUAL}; exec "$@"', "bash"])
    wait(server)
    answers_all(server, place)
    follows(server, place, 7)
    server.ask("portolan/status", {})
    check(len(server.shown) <= 1, f"more than one notice: {server.shown}")
    server.stop()
    is_good_again(place)


def watches(top):
    """A user who may watch 50 folders, of 121; then one who may watch none at all."""
    place = Place(top, 20)
    for limit, notice in (("max_inotify_watches", "only some folders are watched"),
                          ("max_inotify_instances", "folders cannot be watched")):
        count = 50 if limit == "max_inotify_watches" else 0
        script = f'echo {count} > /proc/sys/user/{limit} && exec "$@"'
        server = place.serve(before=["unshare", "-Ur", "bash", "-c", script, "bash"])
        wait(server)
        answers_all(server, place)
        for folder in (0, 60, FOLDERS - 1):
            follows(server, place, folder)
        notices(server, notice)
        server.stop()
    is_good_again(place)


def clock(top):
    """The clock set back by ten years while files are of today, then set to 2100."""
    place = Place(top, 20)
    is_good_again(place)
    for moment in ("-3650d", "@2100-01-01 00:00:00"):
        environment = {**os.environ, "LD_PRELOAD": faketime_library(), "FAKETIME": moment, "NO_FAKE_STAT": "1",
                       "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_RESET": "1"}
        server = place.serve(environment=environment)
        wait(server)
        answers_all(server, place)
        for folder in (1, 2, 3):
            follows(server, place, folder)
        # Two changes within one tick of a coarse clock.
        place.change(4, 1)
        follows(server, place, 4)
        notices(server)
        server.stop()
        server = place.serve(environment=environment)
        wait(server)
        answers_all(server, place)
        server.stop()
        is_good_again(place)
    # A file with a time of the future, changed without changing its length or that time.
    future = time.time() + 10 * 365 * 86_400
    path = f"{place.root}/d9/f1.rs"
    os.utime(path, (future, future))
    server = place.serve()
    wait(server)
    follows(server, place, 9)
    os.utime(path, (future, future))
    server.stop()
    place.change(9, 1)
    os.utime(path, (future, future))
    server = place.serve()
    wait(server)
    answers_all(server, place)
    server.stop()


def faketime_library():
    for folder in ("/usr/lib/x86_64-linux-gnu/faketime", "/usr/lib/aarch64-linux-gnu/faketime", "/usr/lib64/faketime"):
        library = folder + "/libfaketimeMT.so.1"
        if os.path.exists(library):
            return library
    raise AssertionError("faketime is not installed (Debian package faketime)")


PARTS = [full, full_later, read_only, read_only_empty, quota, file_size, address_space, watches, clock]
parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--portolan", default=os.path.join(HERE, "../../target/release/portolan"))
parser.add_argument("--only", default="")
parser.add_argument("--virtual", type=int, default=2_000_000, help="KiB for `ulimit -v`")
parser.add_argument("--keep", action="store_true")
arguments = parser.parse_args()
BINARY, VIRTUAL = os.path.abspath(arguments.portolan), arguments.virtual
only = {it for it in arguments.only.split(",") if it}
failed = []
for part in (it for it in PARTS if not only or it.__name__ in only):
    top = tempfile.mkdtemp(prefix="portolan-disk-")
    begun = time.monotonic()
    try:
        part(top)
        print(f"{part.__name__:16} good   {time.monotonic() - begun:6.1f} s", flush=True)
    except (AssertionError, subprocess.CalledProcessError, OSError, SystemExit) as error:
        failed.append(part.__name__)
        print(f"{part.__name__:16} FAILED {time.monotonic() - begun:6.1f} s: {error}", flush=True)
    finally:
        if not arguments.keep:
            shutil.rmtree(top, ignore_errors=True)
sys.exit(1 if failed else 0)
