#!/usr/bin/env python3
"""The question before the index: a fresh server on an empty cache is asked for 20 names at once, right after `initialize`.

    benches/cold_answer.py --portolan BIN [--rounds 3] ROOT...

The names, and the declarations that belong to them, are drawn from an index of the root that is made first: names of own
code (no tests, nothing vendored) that are declared in one place. Prints, over all names and rounds, the time from
`initialize` to the answer, and the share of the answers that hold the declaration; then when the index is complete.
"""
import argparse, json, os, random, shutil, statistics, subprocess, sys, tempfile, time

KINDS = {5, 6, 9, 10, 11, 12, 14, 23, 26}
ASIDE = ("test", "vendor", "third_party", "example", "sample", "generated", "doc")


class Server:
    """A language server over pipes; its requests get null, its notifications are dropped."""

    def __init__(self, binary, root, cache):
        self.child = subprocess.Popen([binary, "serve", "--cache-dir", cache], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.next_id = 0
        uri = "file://" + root
        self.ask("initialize", {"processId": os.getpid(), "rootUri": uri, "capabilities": {},
                                "workspaceFolders": [{"uri": uri, "name": "root"}]})
        self.begun = time.time()
        self.send({"method": "initialized", "params": {}})

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.child.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.child.stdin.flush()

    def request(self, method, params):
        self.next_id += 1
        self.send({"id": self.next_id, "method": method, "params": params})
        return self.next_id

    def answer(self):
        """The next answer: its id and result."""
        while True:
            length = 0
            while (line := self.child.stdout.readline().strip()):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if not length:
                sys.exit("the server has gone")
            message = json.loads(self.child.stdout.read(length))
            if "method" in message:
                if "id" in message:
                    self.send({"id": message["id"], "result": None})
            elif "error" in message:
                sys.exit(str(message["error"]))
            else:
                return message["id"], message["result"]

    def ask(self, method, params):
        asked = self.request(method, params)
        while True:
            number, result = self.answer()
            if number == asked:
                return result

    def wait(self):
        while self.ask("portolan/status", {})["stage"] == "opened":
            time.sleep(0.05)

    def stop(self):
        self.ask("shutdown", None)
        self.send({"method": "exit"})
        self.child.wait()


def place(entry):
    return entry["name"], entry["location"]["uri"], entry["location"]["range"]["start"]["line"]


def draw(server, count):
    """Names of own code with one declaration, and where that is."""
    found = {}
    stems = [a + b for a in "abcdefghilmnoprstuvw" for b in "aeiorl"]
    random.Random(7).shuffle(stems)
    for stem in stems:
        for entry in server.ask("workspace/symbol", {"query": stem})[:40]:
            path = entry["location"]["uri"].lower()
            if entry["kind"] in KINDS and len(entry["name"]) >= 5 and not any(part in path for part in ASIDE):
                found.setdefault(entry["name"], entry)
    names = sorted(found)
    random.Random(8).shuffle(names)
    out = {}
    for name in names:
        same = [it for it in server.ask("workspace/symbol", {"query": name}) if it["name"] == name]
        if len(same) == 1 and name.isidentifier():
            out[name] = place(same[0])
        if len(out) == count:
            break
    return out


def measure(binary, root, cache, truth):
    server = Server(binary, root, cache)
    asked = {server.request("workspace/symbol", {"query": name}): name for name in truth}
    times, right = [], 0
    while asked:
        number, result = server.answer()
        if number in asked:
            name = asked.pop(number)
            times.append(time.time() - server.begun)
            right += truth[name] in [place(it) for it in result]
    server.wait()
    complete = time.time() - server.begun
    server.stop()
    return times, right, complete


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portolan", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("roots", nargs="+")
    args = parser.parse_args()
    for root in map(os.path.abspath, args.roots):
        cache = tempfile.mkdtemp(prefix="portolan-cold-")
        try:
            subprocess.run([args.portolan, "index", root, "--cache-dir", cache], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            server = Server(args.portolan, root, cache)
            server.wait()
            truth = draw(server, 20 * args.rounds)
            server.stop()
            names = list(truth)
            times, right, complete = [], 0, []
            for number in range(args.rounds):
                shutil.rmtree(cache)
                some = {name: truth[name] for name in names[number::args.rounds]}
                took, hits, whole = measure(args.portolan, root, cache, some)
                times += took
                right += hits
                complete.append(whole)
            times.sort()
            p95 = times[min(len(times) - 1, int(len(times) * 0.95))]
            print(f"{os.path.basename(root)}: answer p50 {statistics.median(times):.2f} s, p95 {p95:.2f} s; "
                  f"declaration among them {right}/{len(times)}; index complete after {statistics.median(complete):.1f} s")
        finally:
            shutil.rmtree(cache, ignore_errors=True)


if __name__ == "__main__":
    main()
