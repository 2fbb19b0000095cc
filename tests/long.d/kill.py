"""Work lost to a kill: a server is killed while it indexes; what the next one parses again is at most the last 5 seconds'.

    --portolan BIN   (target/release/portolan)     --root DIR   a corpus     --rounds N   (5)

The work of a moment is told by the server's own counters. Seconds of work: files parsed again, by the rate before the kill.
"""
import argparse, os, random, shutil, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../benches"))
from lsp_client import Server

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--portolan", default=os.path.join(HERE, "../../target/release/portolan"))
parser.add_argument("--root", default=os.path.join(HERE, "../.."))
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--seed", type=int, default=1)
arguments = parser.parse_args()
luck, root = random.Random(arguments.seed), os.path.abspath(arguments.root)
binary = os.path.abspath(arguments.portolan)


def files(server):
    return server.ask("portolan/status", {})["files"]


def complete(cache):
    server = Server(binary, root, cache)
    server.wait(["embedded"])
    told = files(server)
    server.stop()
    return told


scratch = tempfile.mkdtemp(prefix="portolan-kill-")
total = complete(scratch)["parsed"]
shutil.rmtree(scratch)
worst = 0.0
for number in range(arguments.rounds):
    cache = tempfile.mkdtemp(prefix="portolan-kill-")
    try:
        share = luck.uniform(0.2, 0.95)
        server = Server(binary, root, cache)
        parsed, begun = 0, None
        while True:
            told = files(server)
            if told["parsed"] and begun is None:
                begun = time.monotonic()
            parsed = told["parsed"]
            if parsed >= share * total:
                break
            time.sleep(0.02)
        seconds = time.monotonic() - begun
        server.child.kill()
        server.child.wait()
        told = complete(cache)
        again = max(0, parsed + told["parsed"] - total)
        lost = again * seconds / max(1, parsed)
        worst = max(worst, lost)
        print(f"killed after {seconds:5.1f} s and {parsed} of {total} files: {told['parsed']} parsed by the next, "
              f"{again} of them again: {lost:.1f} s of work", flush=True)
        if complete(cache)["parsed"]:
            sys.exit("a third start parsed something")
    finally:
        shutil.rmtree(cache, ignore_errors=True)
print(f"at most {worst:.1f} s of work lost")
sys.exit(1 if worst > 5 else 0)
