#!/usr/bin/env python3
"""Warm start: a fresh server on an index that exists answers 100 names at once; the answers after it has looked at every
file again must equal those that the server before it gave.

    benches/warm_start.py --portolan BIN [--rounds 3] ROOT...

For each root: index it into an empty cache; start a server, wait until all is revalidated, ask 100 names (drawn from its own
answers), stop it; then per round start a fresh server and print the time from its start to the first answer, the time until
everything is revalidated, and whether all 100 answers are equal and complete.
"""
import argparse, json, os, shutil, statistics, subprocess, sys, tempfile, time


class Server:
    """A language server over pipes; messages that are no answers are dropped, requests of the server get null."""

    def __init__(self, binary, root, cache):
        self.start = time.time()
        self.child = subprocess.Popen([binary, "serve", "--cache-dir", cache], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.next_id = 0
        uri = "file://" + root
        self.ask("initialize", {"processId": os.getpid(), "rootUri": uri, "capabilities": {},
                                "workspaceFolders": [{"uri": uri, "name": "root"}]})
        self.tell("initialized", {})

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.child.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.child.stdin.flush()

    def tell(self, method, params):
        self.send({"method": method, "params": params})

    def ask(self, method, params):
        self.next_id += 1
        self.send({"id": self.next_id, "method": method, "params": params})
        while True:
            length = 0
            while (line := self.child.stdout.readline().strip()):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if not length:
                sys.exit("the server has gone")
            message = json.loads(self.child.stdout.read(length))
            if "method" in message and "id" in message:
                self.send({"id": message["id"], "result": None})
            elif message.get("id") == self.next_id:
                if "error" in message:
                    sys.exit(f"{method}: {message['error']}")
                return message["result"]

    def names(self, names):
        return [self.ask("workspace/symbol", {"query": name}) for name in names]

    def wait(self):
        """Until the status says that every root is indexed and embedded."""
        while self.ask("portolan/status", {})["stage"] != "embedded":
            time.sleep(0.05)

    def stop(self):
        self.ask("shutdown", None)
        self.tell("exit", None)
        self.child.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portolan", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("roots", nargs="+")
    args = parser.parse_args()
    for root in map(os.path.abspath, args.roots):
        cache = tempfile.mkdtemp(prefix="portolan-warm-")
        try:
            subprocess.run([args.portolan, "index", root, "--cache-dir", cache], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            before = Server(args.portolan, root, cache)
            before.wait()
            seen = sorted({s["name"] for q in "abcdefghijklmnopqrstuvwxyz" for s in before.names([q])[0] if len(s["name"]) > 3})
            names = seen[:: max(1, len(seen) // 100)][:100]
            wanted = before.names(names)
            before.stop()
            firsts = []
            for number in range(args.rounds):
                server = Server(args.portolan, root, cache)
                first = server.names(names[:1])[0]
                firsts.append(time.time() - server.start)
                server.wait()
                valid = time.time() - server.start
                equal = sum(a == b for a, b in zip(server.names(names), wanted))
                print(os.path.basename(root), number + 1, f"first answer {firsts[-1] * 1000:.0f} ms ({len(first)} symbols), "
                      f"revalidated after {valid:.2f} s, {equal} of {len(names)} answers equal, load {os.getloadavg()[0]:.1f}",
                      flush=True)
                server.stop()
            print(os.path.basename(root), "median", f"first answer {statistics.median(firsts) * 1000:.0f} ms", flush=True)
        finally:
            shutil.rmtree(cache, ignore_errors=True)


main()
