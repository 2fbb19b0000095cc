#!/usr/bin/env python3
"""One file of a big workspace is saved a thousand times, and each time asked about.

    benches/saves.py --portolan BIN [--saves 1000] [--only watched|saved] ROOT...

For each root (a tree of hard links to it is what changes): a server indexes it and is asked 200 names, timed: fresh. Then a
source file of about 10 KB is written anew with another function, again and again: `watched` tells the server nothing, `saved`
has the file open as a document and sends didChange and didSave. After each save the server is asked for the new name until it
answers with the right place. Printed: seconds from the write to the right answer, CPU of the server's processes for one save,
packs in the index afterwards and at most, and the same 200 names again, timed.
"""
import argparse, os, shutil, statistics, tempfile, time

from changes import copy_of, cpu_of_tree, declaration, packs_in, read, replace, sources
from lsp_client import Server


def p95(times):
    return sorted(times)[min(len(times) - 1, int(len(times) * 0.95))]


def timed(server, names):
    """Milliseconds of each question, each asked three times, the best of them."""
    out = []
    for name in names:
        took = []
        for _ in range(3):
            begun = time.time()
            server.ask("workspace/symbol", {"query": name})
            took.append((time.time() - begun) * 1000)
        out.append(min(took))
    return out


def draw(server):
    stems = [a + b for a in "abcdefgimnprstw" for b in "aeiorl"]
    found = {it["name"] for stem in stems for it in server.ask("workspace/symbol", {"query": stem})[:20]}
    return sorted(found)[:: max(1, len(found) // 200)][:200]


def save(server, root, path, content, name, mode, version):
    """Writes the file and asks until the answer is right; seconds."""
    uri = "file://" + os.path.join(root, path)
    begun = time.time()
    replace(os.path.join(root, path), content)
    if mode == "saved":
        document = {"uri": uri, "version": version}
        server.send({"method": "textDocument/didChange", "params": {
            "textDocument": document, "contentChanges": [{"text": content.decode(errors="replace")}]}})
        server.send({"method": "textDocument/didSave", "params": {"textDocument": {"uri": uri}}})
    while True:
        found = server.ask("workspace/symbol", {"query": name})
        if [it["location"]["uri"] for it in found if it["name"] == name] == [uri]:
            return time.time() - begun
        if time.time() - begun > 60:
            raise SystemExit(f"{name} was never found")
        time.sleep(0.05)


def run(server, root, cache, path, mode, saves):
    old, took, most = read(os.path.join(root, path)), [], 0
    if mode == "saved":
        server.send({"method": "textDocument/didOpen", "params": {"textDocument": {
            "uri": "file://" + os.path.join(root, path), "languageId": "", "version": 0, "text": old.decode(errors="replace")}}})
    # The questions are part of what is measured.
    begun = cpu_of_tree(server.child.pid)
    for number in range(saves):
        name = f"saved_{mode}_{number}"
        took.append(save(server, root, path, old + declaration(path, name, number), name, mode, number + 1))
        most = max(most, packs_in(cache)[0])
    time.sleep(1)
    cpu = (cpu_of_tree(server.child.pid) - begun) / saves * 1000
    if mode == "saved":
        server.send({"method": "textDocument/didClose", "params": {"textDocument": {"uri": "file://" + os.path.join(root, path)}}})
    print(f"  {mode}: {saves} saves of {path} ({len(old)} bytes): right after p50 {statistics.median(took):.2f} s, p95 "
          f"{p95(took):.2f} s, at most {max(took):.2f} s; CPU {cpu:.1f} ms a save, questions included; packs {packs_in(cache)[0]}, "
          f"at most {most}; load {os.getloadavg()[0]:.1f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portolan", required=True)
    parser.add_argument("--saves", type=int, default=1000)
    parser.add_argument("--only", choices=("watched", "saved"))
    parser.add_argument("roots", nargs="+")
    args = parser.parse_args()
    for source in map(os.path.abspath, args.roots):
        place = tempfile.mkdtemp(prefix="portolan-saves-", dir=os.environ.get("TMPDIR"))
        try:
            root, cache = copy_of(source, place), os.path.join(place, "cache")
            server = Server(args.portolan, root, cache)
            server.wait(("embedded",))
            names, packs = draw(server), packs_in(cache)
            fresh = timed(server, names)
            print(f"{os.path.basename(source)}: indexed after {time.time() - server.begun:.0f} s; {packs[0]} packs, "
                  f"{packs[1] / 1e6:.1f} MB", flush=True)
            path = sources(root, 9_000, 11_000, 1, 7)[0]
            for mode in [args.only] if args.only else ["watched", "saved"]:
                run(server, root, cache, path, mode, args.saves)
            after = timed(server, names)
            print(f"  {len(names)} names: fresh p50 {statistics.median(fresh):.1f} ms, p95 {p95(fresh):.1f} ms; afterwards p50 "
                  f"{statistics.median(after):.1f} ms, p95 {p95(after):.1f} ms", flush=True)
            server.stop()
        finally:
            shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
