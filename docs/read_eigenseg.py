"""Reads Eigenseg's files: read_eigenseg.py BANK|GRAPH|MODEL prints what they hold. docs/formats.md says what stands where."""
import json, pathlib, struct, sys


def bank(folder, level="high"):
    """The manifest, the images, and a function that gives the numbers of a row (a patch) of a level."""
    folder = pathlib.Path(folder)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert (manifest["format"], manifest["version"]) == ("eigenseg-bank", 1)
    names, *lines = (folder / "images.tsv").read_text("utf-8").splitlines()
    images = [dict(zip(names.split("\t"), line.split("\t"))) for line in lines]
    files = [file.open("rb") for file in sorted(folder.glob(f"{level}-*.bank"))]
    magic, version, _, _, dtype, channels, stride, rows_per_file, _ = struct.unpack("<8s6i2q", files[0].read(48))
    assert (magic, version) == (b"EIGSBANK", 1)

    def row(number):
        file = files[number // rows_per_file]
        file.seek(4096 + number % rows_per_file * stride)
        return struct.unpack(f"<{channels}{'fe'[dtype]}", file.read(channels * (4, 2)[dtype]))

    return manifest["bank"], images, row


def graph(file):
    """Rows, neighbours a row, and a function that gives the ids and cosine similarities of a row's neighbours."""
    file = open(file, "rb")
    magic, version, _, rows, k = struct.unpack("<8s2i2q", file.read(32))
    assert (magic, version) == (b"EIGSKNN1", 1)

    def neighbors(number):
        found = []
        for begin, kind in (4096, "I"), (4096 + (4 * rows * k + 63) // 64 * 64, "f"):
            file.seek(begin + 4 * k * number)
            found.append(struct.unpack(f"<{k}{kind}", file.read(4 * k)))
        return found

    return rows, k, neighbors


def model(file):
    """The configuration, names of the clusters or None, and the tensors as (shape, numbers)."""
    data = pathlib.Path(file).read_bytes()
    length = struct.unpack("<q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    meta = header.pop("__metadata__")
    assert meta["format"] == "eigenseg-segmenter" and meta["version"] in ("1", "2")
    kinds = {"F32": "f", "F16": "e"}
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        if entry["dtype"] in kinds:
            tensors[name] = (entry["shape"], memoryview(data[begin:end]).cast(kinds[entry["dtype"]]))
    return json.loads(meta["config"]), json.loads(meta.get("names", "null")), tensors


if __name__ == "__main__":
    path = pathlib.Path(sys.argv[1])
    if path.is_dir():
        settings, images, row = bank(path)
        last = sum(int(images[-1][name]) for name in ["first-row"]) + int(images[-1]["grid-rows"]) * int(images[-1]["grid-columns"]) - 1
        print(json.dumps({"images": len(images), "rows": last + 1, "first": row(0)[:4], "last": row(last)[:4], "dtype": settings["dtype"]}))
    elif path.suffix == ".safetensors":
        config, names, tensors = model(path)
        print(json.dumps({"method": config["method"], "tensors": {name: [shape, values[0], values[-1]] for name, (shape, values) in tensors.items()}}))
    else:
        rows, k, neighbors = graph(path)
        print(json.dumps({"rows": rows, "neighbors": k, "first": neighbors(0), "last": neighbors(rows - 1)}))
