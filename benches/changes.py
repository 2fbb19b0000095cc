"""What the benches of changes beside this file share: a copy of a root whose files may be replaced, declarations by language,
and the CPU of a process tree."""
import os, random, subprocess

DECLARES = {
    ".go": "\nfunc {name}() int {{\n\treturn {number}\n}}\n",
    ".rs": "\nfn {name}() -> u32 {{\n    {number}\n}}\n",
    ".py": "\n\ndef {name}():\n    return {number}\n",
    ".ts": "\nexport function {name}() {{\n  return {number};\n}}\n",
    ".js": "\nfunction {name}() {{\n  return {number};\n}}\n",
    ".c": "\nint {name}(void)\n{{\n\treturn {number};\n}}\n",
}
TICKS = os.sysconf("SC_CLK_TCK")


def copy_of(root, beside):
    """A tree of hard links to the files of `root`."""
    at = os.path.join(beside, "root")
    subprocess.run(["cp", "-al", root, at], check=True)
    return at


def indexed(binary, root, cache):
    """The files (relative paths) that the index of a root holds."""
    out = subprocess.run([binary, "status", "--files", root, "--cache-dir", cache], check=True, capture_output=True,
                         text=True, errors="surrogateescape").stdout
    return {line.split("\t")[0] for line in out.splitlines() if line.endswith("\tindexed")}


def sources(root, least, most, count, seed, among=None):
    """`count` source files (relative paths) of a size between two, drawn by lot, of those in `among` where it is given."""
    found = []
    for folder, names, files in os.walk(root):
        names.sort()
        names[:] = [it for it in names if not it.startswith(".")]
        for name in sorted(files):
            path = os.path.join(folder, name)
            if DECLARES.get(os.path.splitext(name)[1]) and not os.path.islink(path) and least <= os.path.getsize(path) <= most:
                found.append(os.path.relpath(path, root))
    found = [it for it in found if among is None or it in among]
    return sorted(random.Random(seed).sample(found, min(count, len(found))))


def declaration(path, name, number):
    return DECLARES[os.path.splitext(path)[1]].format(name=name, number=number).encode()


def read(path):
    with open(path, "rb") as f:
        return f.read()


def replace(path, content):
    """As git does it: the name goes and comes back with another file, so no other link to it changes."""
    os.unlink(path)
    with open(path, "wb") as f:
        f.write(content)


def cpu_of_tree(pid):
    """CPU seconds of a process, its children, and those that it has waited for."""
    total, todo = 0, [pid]
    while todo:
        at = todo.pop()
        try:
            with open(f"/proc/{at}/stat") as f:
                total += sum(map(int, f.read().rpartition(")")[2].split()[11:15]))
            for task in os.listdir(f"/proc/{at}/task"):
                with open(f"/proc/{at}/task/{task}/children") as f:
                    todo += map(int, f.read().split())
        except OSError:
            pass
    return total / TICKS


def packs_in(cache):
    """Number and bytes of all packs."""
    found = [os.path.join(folder, it) for folder, _, files in os.walk(cache) for it in files if it.endswith(".pack")]
    sizes = []
    for it in found:
        try:
            sizes.append(os.path.getsize(it))
        except FileNotFoundError:
            pass  # merged away since it was listed
    return len(sizes), sum(sizes)
