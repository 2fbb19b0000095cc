#!/usr/bin/env python3
"""Several servers on one workspace: what the second one costs, and what happens when the one that writes is killed.

    benches/processes.py --portolan BIN [--rounds 200] [--servers 8] [--removals 100] [--seed N] ROOT...

For each root, which is not changed: index it, start a server, ask it 20 names, start a second one: the time from its start to
its first answer, and what both trees take together (PSS) more than the first alone, after both were asked the same and have
rested.

Then, on a copy of the last root: servers that are asked random names, round after round. In each round a file is saved, the
server that writes is killed (SIGKILL, up to 300 ms later), another must take over, all must find what was saved and nothing
that it replaced, a new server is started. With --removals, rounds in which the index's directory is removed while all are
asked. Printed: take-over and visibility, answers that were wrong or missing, parsers that readers had running, first answers,
and whether a last run finds the index whole. It fails where an answer was wrong or missing, or a server failed.
"""
import argparse, json, os, random, shutil, signal, subprocess, sys, tempfile, time

from lsp_client import Server
from process_tree import pss_of_tree

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def descendants(pid):
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            for child in open(f"/proc/{pid}/task/{task}/children").read().split():
                found += [int(child)] + descendants(int(child))
    except OSError:
        pass
    return found


def find(server, name):
    """The declarations of exactly this name, as comparable places."""
    found = server.ask("workspace/symbol", {"query": name})
    return sorted((s["location"]["uri"], s["location"]["range"]["start"]["line"]) for s in found if s["name"] == name)


def names_of(server):
    seen = {s["name"] for a in LETTERS for s in server.ask("workspace/symbol", {"query": a})}
    return sorted(name for name in seen if len(name) > 4 and name.isidentifier())


def index(binary, root, cache):
    out = subprocess.run([binary, "index", root, "--json", "--cache-dir", cache], check=True, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL)
    return json.loads(out.stdout)


def second(args, root):
    """What a second server costs."""
    cache = tempfile.mkdtemp(prefix="portolan-second-")
    try:
        index(args.portolan, root, cache)
        first = Server(args.portolan, root, cache)
        first.wait(("embedded",))
        asked = names_of(first)
        asked = asked[:: max(1, len(asked) // 20)][:20]
        answers = [find(first, name) for name in asked]
        time.sleep(args.rest)
        alone = pss_of_tree(first.child.pid)
        other = Server(args.portolan, root, cache)
        begun_equal = find(other, asked[0]) == answers[0]
        took = time.time() - other.begun
        equal = sum(find(other, name) == answer for name, answer in zip(asked, answers))
        time.sleep(args.rest)
        both = pss_of_tree(first.child.pid) + pss_of_tree(other.child.pid)
        print(f"{os.path.basename(root)}: first answer of the second {took * 1000:.0f} ms (equal: {begun_equal}), {equal} of "
              f"{len(asked)} answers equal; one server {alone:.0f} MiB, both {both:.0f}: adds {both - alone:.1f} MiB, "
              f"load {os.getloadavg()[0]:.1f}", flush=True)
        other.stop()
        first.stop()
    finally:
        shutil.rmtree(cache, ignore_errors=True)


class Harm(Exception):
    pass


class Group:
    """Servers on one copy of a workspace."""

    def __init__(self, args, root, home):
        self.args, self.random = args, random.Random(args.seed)
        self.root, self.cache = os.path.join(home, os.path.basename(root)), os.path.join(home, "cache")
        shutil.copytree(root, self.root, symlinks=True, ignore=shutil.ignore_patterns(".git", "target", "node_modules"))
        index(args.portolan, self.root, self.cache)
        self.servers = []
        self.firsts, self.taken, self.seen, self.asked = [], [], [], []
        self.wrong, self.harm, self.parsers = [], 0, 0
        self.start()
        self.servers[0].wait(("embedded",))
        names = names_of(self.servers[0])
        self.names = self.random.sample(names, min(300, len(names)))
        self.answers = {name: find(self.servers[0], name) for name in self.names}
        self.saved = "nothing_saved_yet"
        while len(self.servers) < args.servers:
            self.start()

    def start(self):
        server = Server(self.args.portolan, self.root, self.cache)
        server.ask("workspace/symbol", {"query": "parse"})
        self.firsts.append(time.time() - server.begun)
        self.servers.append(server)

    def ask_some(self, server, count):
        for name in self.random.sample(self.names, count):
            begun = time.time()
            answer = find(server, name)
            self.asked.append(time.time() - begun)
            if answer != self.answers[name]:
                self.wrong.append((name, len(answer), len(self.answers[name])))

    def is_writer(self, server):
        return server.ask("portolan/status", {})["roots"][0]["writer"]

    def writers(self):
        found = [server for server in self.servers if self.is_writer(server)]
        for server in self.servers:
            if server not in found and any("worker" in command(pid) for pid in descendants(server.child.pid)):
                self.parsers += 1
        return found

    def save(self, number):
        """A file of its own gets another function; what it declared before is gone."""
        before, self.saved = self.saved, f"saved_in_round_{number}_{self.random.randrange(10**6)}"
        with open(os.path.join(self.root, "saved_by_the_bench.rs"), "w") as file:
            file.write(f"pub fn {self.saved}() {{}}\n")
        return before

    def until(self, what, is_so, patience=60):
        begun = time.time()
        while not is_so():
            if time.time() - begun > patience:
                raise Harm(f"not in {patience} s: {what}")
            for server in self.random.sample(self.servers, min(2, len(self.servers))):
                self.ask_some(server, 1)
        return time.time() - begun

    def until_seen(self, before):
        waiting = list(self.servers)

        def all_see():
            waiting[:] = [it for it in waiting if not find(it, self.saved) or find(it, before)]
            return not waiting
        return self.until("all servers find what was saved", all_see)

    def killed(self, number):
        writer = self.writers()
        if len(writer) != 1:
            raise Harm(f"{len(writer)} servers write")
        before = self.save(number)
        time.sleep(self.random.random() * 0.3)
        self.servers.remove(writer[0])
        writer[0].child.send_signal(signal.SIGKILL)
        writer[0].child.wait()
        self.taken.append(self.until("another server takes over", self.writers))
        self.seen.append(self.until_seen(before))
        self.start()

    def removed(self, number):
        before = self.save(number)
        time.sleep(self.random.random() * 0.3)
        shutil.rmtree(self.cache, ignore_errors=True)
        place = lambda: any("manifest" in files for _, _, files in os.walk(self.cache))
        self.taken.append(self.until("the index is written again", place))
        self.seen.append(self.until_seen(before))

    def report(self, what, rounds):
        p = lambda of, q: f"{sorted(of)[min(len(of) - 1, int(len(of) * q))]:.2f} s" if of else "-"
        print(f"{what}, {rounds} rounds with {len(self.servers)} servers, seed {self.args.seed}: back after p50 {p(self.taken, .5)}, "
              f"max {p(self.taken, 1)}; saved file seen by all p50 {p(self.seen, .5)}, max {p(self.seen, 1)}; "
              f"{len(self.asked)} questions p95 {p(self.asked, .95)}, {len(self.wrong)} wrong or missing; "
              f"readers seen with a parser {self.parsers}; first answers p50 {p(self.firsts, .5)}, max {p(self.firsts, 1)}; "
              f"load {os.getloadavg()[0]:.1f}", flush=True)
        for it in self.wrong[:5]:
            print("  wrong:", it)
        self.harm += len(self.wrong)
        self.taken, self.seen, self.asked, self.wrong, self.firsts, self.parsers = [], [], [], [], [], 0

    def end(self):
        for server in self.servers:
            server.stop()
        last = index(self.args.portolan, self.root, self.cache)
        print(f"at the end: complete {last['complete']}, {last['files']} files, {last['parsed']} parsed again")
        if self.harm or not last["complete"]:
            sys.exit(f"{self.harm} answers were wrong or missing")


def command(pid):
    try:
        return open(f"/proc/{pid}/cmdline").read()
    except OSError:
        return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portolan", required=True)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--removals", type=int, default=100)
    parser.add_argument("--servers", type=int, default=8)
    parser.add_argument("--rest", type=float, default=15, help="seconds without questions before memory is measured")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("roots", nargs="+")
    args = parser.parse_args()
    roots = [os.path.abspath(root) for root in args.roots]
    for root in roots:
        second(args, root)
    if not args.rounds and not args.removals:
        return
    home = tempfile.mkdtemp(prefix="portolan-processes-")
    try:
        group = Group(args, roots[-1], home)
        for what, rounds, job in (("killed", args.rounds, group.killed), ("removed", args.removals, group.removed)):
            for number in range(rounds):
                job(number)
            group.report(what, rounds)
        group.end()
    finally:
        for server in group.servers if "group" in dir() else []:
            server.child.kill()
        shutil.rmtree(home, ignore_errors=True)


main()
