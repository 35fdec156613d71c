"""Losses of power: power_loss.py DIST BASE RESULT STATES SEED ARGUMENTS...

Runs `eigenseg ARGUMENTS` in a copy of the folder BASE under strace, which writes down every change of a file. Then makes STATES folders as a
loss of power could have left them, gives the same command again in each, and compares RESULT (names with commas between them) with that of the
undisturbed run, byte by byte. A state is all changes up to a moment of which
  least   only what had been forced is on the disk,
  most    everything is,
  random  each write that was not forced is or is not, and renames, deletions and new names up to some moment.
A forced file has its name with it, as on ext4, XFS and Btrfs; forced folders have all that happened in them. Needs strace; run by hand."""
import os, pathlib, random, re, shutil, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parents[4]
CALLS = "openat,write,pwrite64,writev,pwritev,lseek,ftruncate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir"
LINE = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+)(?:<(.*?)>)?")
DESCRIPTOR = re.compile(r"(\d+)<((?:\\x[0-9a-f]{2})*)(?:\(deleted\))?>")


def text(escaped):
    return bytes.fromhex(escaped.replace("\\x", ""))


def joined(lines):
    """Calls that another thread's came between are printed in two halves."""
    begun = {}
    for line in lines:
        if line.endswith("<unfinished ...>"):
            begun[line.split(None, 1)[0]] = line[: -len("<unfinished ...>")]
        elif "resumed>" in line:
            thread = line.split(None, 1)[0]
            yield begun.pop(thread) + line.split("resumed>", 1)[1]
        else:
            yield line


def changes(trace, folder):
    """The changes below a folder: (kind, path or (path, path), offset or length, data)."""
    base, positions, found = os.fsencode(str(folder)) + b"/", {}, []

    def inside(path):
        return path[len(base):].decode() if path.startswith(base) else None

    for line in joined(trace.read_text("ascii").splitlines()):
        match = LINE.match(line)
        if not match or int(match[4]) < 0:
            continue
        call, arguments, result = match[2], match[3], int(match[4])
        names = [text(name) for name in re.findall(r'"((?:\\x[0-9a-f]{2})*)"', arguments)]
        if call == "openat":
            path = inside(text(match[5] or ""))
            positions[result] = 0
            if path and "O_CREAT" in arguments:
                found.append(("create", path, 0, b""))
            if path and "O_TRUNC" in arguments:
                found.append(("truncate", path, 0, b""))
            continue
        if call in ("rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat"):
            paths = [inside(os.path.join(os.fsencode(str(folder)), name)) for name in names]
            if all(paths):
                kind = call.removesuffix("2").removesuffix("at")
                found.append((kind, paths[0] if len(paths) == 1 else tuple(paths), 0, b""))
            continue
        descriptor = DESCRIPTOR.match(arguments)
        if not descriptor:
            continue
        number, path = int(descriptor[1]), inside(text(descriptor[2]))
        if call == "lseek":
            positions[number] = result
        elif path is None and call in ("fsync", "fdatasync") and text(descriptor[2]) == base[:-1]:
            found.append(("force", ".", 0, b""))
        elif path is None:
            continue
        elif call == "write":
            at = positions.get(number, 0)
            found.append(("write", path, at, names[0][:result]))
            positions[number] = at + result
        elif call == "pwrite64":
            found.append(("write", path, int(arguments.rsplit(",", 1)[1]), names[0][:result]))
        elif call == "ftruncate":
            found.append(("truncate", path, int(arguments.rsplit(",", 1)[1]), b""))
        elif call in ("fsync", "fdatasync"):
            found.append(("force", path, 0, b""))
        else:
            sys.exit(f"{call} changes {path}, which is not known here")
    return found


class Inode:
    def __init__(self, content=b""):
        self.before, self.made = content, []  # made: (index, kind, offset, data)


def state(base, log, moment, variant, rng):
    """Files by name after the changes up to a moment, as far as they have come to the disk."""
    names, inodes, namespace, forced_names, forced_until = {}, [], [], set(), {}
    for path in base.rglob("*"):
        if path.is_file():
            names[str(path.relative_to(base))] = Inode(path.read_bytes())
    start = dict(names)
    for index, (kind, path, offset, data) in enumerate(log[:moment]):
        if kind == "create" and path not in names:
            names[path] = Inode()
            namespace.append((index, "create", path, names[path]))
        elif kind in ("write", "truncate") and path in names:
            names[path].made.append((index, kind, offset, data))
        elif kind == "rename":
            names[path[1]] = names.pop(path[0])
            namespace.append((index, "rename", path, names[path[1]]))
        elif kind == "unlink" and path in names:
            namespace.append((index, "unlink", path, names.pop(path)))
        elif kind == "force" and path in names:
            forced_until[id(names[path])] = index
            forced_names |= {i for i, what, _, inode in namespace if what == "create" and inode is names[path]}
        elif kind == "force":
            folder = "" if path == "." else path + "/"
            for i, what, where, _ in namespace:
                last = where[1] if what == "rename" else where
                if os.path.dirname(last) == folder.rstrip("/"):
                    forced_names.add(i)
    loose = [i for i, *_ in namespace if i not in forced_names]
    cut = {"least": -1, "most": moment}.get(variant, rng.choice([-1] + loose))
    files = dict(start)
    for index, what, path, inode in namespace:
        if index not in forced_names and index > cut:
            continue
        if what == "create":
            files[path] = inode
        elif what == "unlink":
            files.pop(path, None)
        else:
            files.pop(path[0], None)
            files[path[1]] = inode
    contents = {}
    for path, inode in files.items():
        content = bytearray(inode.before)
        for index, kind, offset, data in inode.made:
            forced = index <= forced_until.get(id(inode), -1)
            if not (forced or variant == "most" or variant == "random" and rng.random() < 0.5):
                continue
            if kind == "truncate":
                del content[offset:]
                content.extend(bytes(offset - len(content)))
            else:
                content.extend(bytes(max(0, offset + len(data) - len(content))))
                content[offset : offset + len(data)] = data
        contents[path] = bytes(content)
    return contents


def run(dist, folder, arguments, prefix=()):
    script = f'. "{ROOT}/module-cli/src/main/launcher/eigenseg.sh"; start_eigenseg "$@"'
    environment = dict(os.environ, EIGENSEG_JAVA_OPTS=f"-Duser.home={folder.parent}", XDG_STATE_HOME=str(folder.parent))
    command = [*prefix, "bash", "-c", script, "eigenseg", dist, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def results(folder, names):
    found = {}
    for name in names:
        paths = [folder / name] if (folder / name).is_file() else (folder / name).rglob("*")
        for path in paths:
            if path.is_file() and not re.fullmatch(r"\..*\.(tmp|lock)|\.lock", path.name):
                found[str(path.relative_to(folder))] = path.read_bytes()
    return found


def main(dist, base, names, states, seed, *arguments):
    dist, base, names, rng = str(pathlib.Path(dist).resolve()), pathlib.Path(base), names.split(","), random.Random(int(seed))
    work = pathlib.Path(tempfile.mkdtemp()).resolve()
    try:
        whole = work / "whole"
        shutil.copytree(base, whole)
        strace = ["strace", "-f", "-y", "-xx", "-s", "1000000000", "-e", "signal=none", "--seccomp-bpf", "-e", "trace=" + CALLS]
        done = run(dist, whole, arguments, [*strace, "-o", str(work / "trace")])
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
        log = changes(work / "trace", whole)
        expected = results(whole, names)
        forces = sum(kind == "force" for kind, *_ in log)
        print(f"{len(log)} changes, {forces} forces, {len(expected)} results", flush=True)
        edges = [i + d for i, (kind, *_) in enumerate(log) if kind in ("force", "rename", "unlink") for d in (0, 1)]
        wrong = 0
        for number in range(int(states)):
            moment = rng.choice(edges) if number % 2 else rng.randrange(len(log) + 1)
            variant = ("least", "most", "random")[number % 3]
            place = work / "lost"
            shutil.copytree(base, place)
            for old in [path for path in place.rglob("*") if path.is_file()]:
                old.unlink()
            for path, content in state(base, log, moment, variant, rng).items():
                (place / path).parent.mkdir(parents=True, exist_ok=True)
                (place / path).write_bytes(content)
            again = run(dist, place, arguments)
            if again.returncode or results(place, names) != expected:
                wrong += 1
                print(f"{variant} after {moment} changes: exit code {again.returncode}\n{again.stderr}", flush=True)
            shutil.rmtree(place)
        print(f"power losses: {int(states) - wrong} passed, {wrong} failed")
        return wrong > 0
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
