"""A language server over pipes, for the benches beside this file and for tests/long: its requests get null, its
notifications are dropped, but for the messages that it shows."""
import json, os, subprocess, sys, threading, time


class Refused(SystemExit):
    """An error answer, of which a bench ends that does not expect it."""

    def __init__(self, number, error):
        super().__init__(str(error))
        self.number, self.error = number, error


class Server:
    """Started on `root`, by `before` (`["unshare", "-Ur"]`) where that is given; `begun` is when it was, `shown` what it
    showed to the user until the last answer, `able` the client's capabilities. One thread may send while another takes the answers."""

    def __init__(self, binary, root, cache, before=(), settings=(), environment=None, stderr=subprocess.DEVNULL,
                 able=None):
        self.begun = time.time()
        options = [it for setting in settings for it in ("--set", setting)]
        self.child = subprocess.Popen([*before, binary, "serve", "--cache-dir", cache, *options], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=stderr, env=environment)
        self.next_id, self.shown, self.sending = 0, [], threading.Lock()
        uri = "file://" + root
        told = self.ask("initialize", {"processId": os.getpid(), "rootUri": uri, "capabilities": able or {},
                                       "workspaceFolders": [{"uri": uri, "name": "root"}]})
        self.capabilities = told["capabilities"]
        self.initialized = time.time()
        self.send({"method": "initialized", "params": {}})

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        with self.sending:
            self.child.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            self.child.stdin.flush()

    def request(self, method, params):
        """Sends a request and gives its id."""
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
                if message["method"] == "window/showMessage":
                    self.shown.append(message["params"]["message"])
                if "id" in message:
                    self.send({"id": message["id"], "result": None})
            elif "error" in message:
                raise Refused(message["id"], message["error"])
            else:
                return message["id"], message["result"]

    def ask(self, method, params):
        """The result of one request; answers to others are dropped."""
        asked = self.request(method, params)
        while True:
            number, result = self.answer()
            if number == asked:
                return result

    def wait(self, stages):
        """Until the status names one of these stages."""
        while self.ask("portolan/status", {})["stage"] not in stages:
            time.sleep(0.05)

    def stop(self):
        self.ask("shutdown", None)
        self.send({"method": "exit"})
        self.child.wait()
