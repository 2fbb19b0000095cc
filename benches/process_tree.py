"""What a process and its descendants take, for the benches beside this file."""
import os, resource, subprocess, sys, threading, time


def processes_of_tree(pid):
    """`pid` and its descendants, but for a child before its exec: it shares its parent's memory, which would count twice."""
    out, todo, command = [], [pid], {}
    while todo:
        at = todo.pop()
        try:
            with open(f"/proc/{at}/cmdline", "rb") as f:
                command[at] = f.read()
            with open(f"/proc/{at}/stat") as f:
                parent = int(f.read().rpartition(")")[2].split()[1])
            if command.get(parent) == command[at]:
                continue
            for task in os.listdir(f"/proc/{at}/task"):
                with open(f"/proc/{at}/task/{task}/children") as f:
                    todo += map(int, f.read().split())
            out.append(at)
        except OSError:
            pass
    return out


def pss_of_tree(pid):
    """Sum of PSS in MiB over `pid` and its descendants (0 when it is gone)."""
    total = 0
    for at in processes_of_tree(pid):
        try:
            with open(f"/proc/{at}/smaps_rollup") as f:
                total += next(int(l.split()[1]) for l in f if l.startswith("Pss:"))
        except (OSError, StopIteration):
            pass
    return total / 1024


def run(command, each=0.1, **options):
    """CPU seconds of all processes, wall seconds, peak PSS in MiB (looked at each `each` seconds) and standard output of a
    command; one that fails ends the bench."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start, peak, done = time.time(), [0], threading.Event()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="surrogateescape", **options)

    def watch():
        while not done.wait(each):
            peak[0] = max(peak[0], pss_of_tree(child.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    out = child.communicate()[0]
    done.set()
    watcher.join()
    if child.returncode:
        sys.exit(f"{' '.join(command)}: exit code {child.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.time() - start, peak[0], out
