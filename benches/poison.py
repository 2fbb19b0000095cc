#!/usr/bin/env python3
"""Files that hang or kill their parser while everything else is asked.

    benches/poison.py --portolan BIN [--names 200] [--files 400] ROOT

Copies the first files of ROOT, indexes them with the server, asks names while nothing goes on; then writes ten poison files
beside them, five whose parser never ends and five whose parser aborts (`PORTOLAN_FAULTS=1` makes parsers obey such marks),
and a good file, and asks the same names over and over until all ten are listed. Printed: the times of the answers, quiet and
beside the work, and their ratios; when the good file was found; how long each lost parser's replacement took until it was
ready (the server's own log); how the files are listed. It fails where an answer was not that of before, or where the files
are not listed within three minutes.
"""
import argparse, os, random, re, shutil, statistics, sys, tempfile, time

from lsp_client import Server

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def copy(root, to, most):
    """The first `most` source files of `root`, at their places."""
    copied, ends = 0, (".rs", ".py", ".go", ".ts", ".java", ".c", ".rb")
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(it for it in folders if not it.startswith("."))
        for name in sorted(names):
            source = os.path.join(folder, name)
            if copied < most and name.endswith(ends) and not os.path.islink(source):
                at = os.path.join(to, os.path.relpath(source, root))
                os.makedirs(os.path.dirname(at), exist_ok=True)
                shutil.copyfile(source, at)
                copied += 1
    return copied


def find(server, name):
    found = server.ask("workspace/symbol", {"query": name})
    return sorted((s["location"]["uri"], s["location"]["range"]["start"]["line"]) for s in found if s["name"] == name)


def timed(server, names, expected=None):
    """Milliseconds of each answer; the answers. Sends one question after the other, as somebody who types does."""
    times, answers = [], {}
    for name in names:
        begun = time.perf_counter()
        answers[name] = find(server, name)
        times.append((time.perf_counter() - begun) * 1e3)
        if expected is not None and answers[name] != expected[name]:
            sys.exit(f"{name}: another answer than before")
        time.sleep(0.01)
    return times, answers


def at(times, share):
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def tell(what, times):
    print(f"{what:<28} p50 {at(times, .5):6.2f} ms, p95 {at(times, .95):6.2f} ms, worst {max(times):6.1f} ms, "
          f"{len(times)} answers", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--portolan", required=True)
    parser.add_argument("--names", type=int, default=200)
    parser.add_argument("--files", type=int, default=400)
    parser.add_argument("root")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        root = os.path.join(place, "root")
        print(f"{copy(options.root, root, options.files)} files; load {os.getloadavg()[0]:.1f}")
        log = open(os.path.join(place, "log"), "w+")
        settings = ["embeddings.enabled=false", "log.level=debug"]
        server = Server(options.portolan, root, os.path.join(place, "cache"), settings=settings, stderr=log,
                        environment={**os.environ, "PORTOLAN_FAULTS": "1"})
        server.wait(("indexed", "embedded"))
        seen = {s["name"] for a in LETTERS for s in server.ask("workspace/symbol", {"query": a})}
        names = sorted(it for it in seen if len(it) > 4 and it.isidentifier())
        names = random.Random(1).sample(names, min(options.names, len(names)))
        _, expected = timed(server, names)
        time.sleep(3)
        quiet = [it for _ in range(3) for it in timed(server, names, expected)[0]]

        faults = ["hang", "abort"] * 5
        poison = [os.path.join(root, f"poison_{number}_{fault}.rs") for number, fault in enumerate(faults)]
        begun = time.time()
        for number, (path, fault) in enumerate(zip(poison, faults)):
            with open(path, "w") as file:
                file.write(f"// portolan-fault:{fault}\nfn poison_{number}() {{}}\n")
        with open(os.path.join(root, "saved_meanwhile.rs"), "w") as file:
            file.write("fn saved_beside_the_poison() {}\n")
        saved = time.time()
        beside, listed, seen_after = [], {}, None
        while len(listed) < len(poison):
            if seen_after is None and find(server, "saved_beside_the_poison"):
                seen_after = time.time() - saved
            beside += timed(server, names[:50], expected)[0]
            random.shuffle(names)
            told = server.ask("portolan/status", {})["quarantined"]
            listed = {it["uri"]: it["reason"] for it in told if "had not ended" not in it["reason"]}
            if time.time() - begun > 180:
                sys.exit(f"only {len(listed)} of {len(poison)} are listed: {listed}")
        took = time.time() - begun
        server.stop()
        log.seek(0)
        replaced = [int(it) for it in re.findall(r"a lost worker is replaced.*?milliseconds\S*?=\S*?(\d+)",
                                                 re.sub(r"\x1b\[[0-9;]*m", "", log.read()))]
    tell("quiet", quiet)
    tell(f"beside the poison ({took:.0f} s)", beside)
    print(f"ratio p50 {at(beside, .5) / at(quiet, .5):.2f}, p95 {at(beside, .95) / at(quiet, .95):.2f}")
    print("a file saved after them " + (f"was found after {seen_after:.1f} s" if seen_after else "was not found meanwhile"))
    if not replaced:
        sys.exit("no replacement in the log")
    print(f"replaced {len(replaced)} parsers: median {statistics.median(replaced):.0f} ms, longest {max(replaced)} ms")
    for path in poison:
        print(f"{os.path.basename(path)}: {listed['file://' + path]}")


main()
