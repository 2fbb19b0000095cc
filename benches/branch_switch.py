#!/usr/bin/env python3
"""A branch is switched beneath a running server, and back: many files get another content at once, then the old one again.

    benches/branch_switch.py --portolan BIN [--limit LIMIT] [--files 1500] [--rounds 2] ROOT...

For each root (a tree of hard links to it is what changes): a server indexes it. There: in each of the drawn files a function
is added; from the last write on, the server is asked for 20 of these names until all are found, each time after it was asked
whether it waits for something: an answer that is wrong although nothing was said to wait is counted. Back: the old contents;
now none of the names may be found. Printed: seconds until all is right and nothing waits, CPU of the server's processes,
files parsed and reused; and, where LIMIT is given (see cold_index.py), its CPU for reading, hashing and parsing just the
changed files, twice: what it takes to know them.
"""
import argparse, json, os, shutil, subprocess, tempfile, time

from changes import copy_of, cpu_of_tree, declaration, indexed, packs_in, read, replace, sources
from lsp_client import Server

ASKED = 20


def right(server, root, names, there):
    """Whether every name is found in its file (there) or nowhere (back)."""
    for name, path in names.items():
        uri = "file://" + os.path.join(root, path)
        found = [it["location"]["uri"] for it in server.ask("workspace/symbol", {"query": name}) if it["name"] == name]
        if found != ([uri] if there else []):
            return False
    return True


def switch(server, root, contents, names, there):
    before, cpu = server.ask("portolan/status", {}), cpu_of_tree(server.child.pid)
    begun = time.time()
    for path, content in contents.items():
        replace(os.path.join(root, path), content)
    written = time.time()
    unmarked = 0
    while True:
        waits = server.ask("portolan/status", {})["changes"]["waiting"]
        correct = right(server, root, names, there)
        if correct and not waits:
            break
        unmarked += not correct and not waits
        if time.time() - written > 300:
            raise SystemExit("never right")
        time.sleep(0.1)
    took = time.time() - written
    time.sleep(0.5)
    after = server.ask("portolan/status", {})
    did = {it: after["changes"][it] - before["changes"][it] for it in ("parsed", "reused")}
    print(f"  {'there' if there else 'back'}: {took:.2f} s after {written - begun:.2f} s of writing; CPU "
          f"{cpu_of_tree(server.child.pid) - cpu:.2f} s; {did['parsed']} parsed, {did['reused']} reused; "
          f"{unmarked} wrong answers not marked; load {os.getloadavg()[0]:.1f}", flush=True)


def limit_of(binary, root, contents):
    """CPU seconds and wall seconds that the limit takes for these files."""
    with tempfile.NamedTemporaryFile("w", suffix=".list") as listed:
        listed.write("".join(os.path.join(root, path) + "\n" for path in contents))
        listed.flush()
        begun = time.time()
        out = subprocess.run([binary, "--mode", "hashparse", "--threads", "2", "--list", listed.name, root],
                             check=True, capture_output=True, text=True).stdout
    it = json.loads(out.strip().splitlines()[-1])
    return it["user_s"] + it["sys_s"], time.time() - begun, it["bytes"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portolan", required=True)
    parser.add_argument("--limit")
    parser.add_argument("--files", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("roots", nargs="+")
    args = parser.parse_args()
    for source in map(os.path.abspath, args.roots):
        place = tempfile.mkdtemp(prefix="portolan-switch-", dir=os.environ.get("TMPDIR"))
        try:
            root, cache = copy_of(source, place), os.path.join(place, "cache")
            server = Server(args.portolan, root, cache)
            server.wait(("embedded",))
            paths = sources(root, 200, 200_000, args.files, 7, indexed(args.portolan, root, cache))
            old = {path: read(os.path.join(root, path)) for path in paths}
            print(f"{os.path.basename(source)}: {len(paths)} files, {sum(map(len, old.values())) / 1e6:.1f} MB; "
                  f"indexed after {time.time() - server.begun:.0f} s", flush=True)
            for number in range(args.rounds):
                names = {path: f"switched_{number}_to_{at}" for at, path in enumerate(paths)}
                new = {path: old[path] + declaration(path, names[path], at) for at, path in enumerate(paths)}
                asked = {names[path]: path for path in paths[:: max(1, len(paths) // ASKED)][:ASKED]}
                switch(server, root, new, asked, True)
                if args.limit:
                    cpu, wall, size = limit_of(args.limit, root, paths)
                    print(f"  the limit for these files: {cpu:.2f} s CPU, {wall:.2f} s wall, {size / 1e6:.1f} MB", flush=True)
                switch(server, root, old, asked, False)
                print("  packs: %d, %.1f MB" % ((it := packs_in(cache))[0], it[1] / 1e6), flush=True)
            server.stop()
        finally:
            shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
