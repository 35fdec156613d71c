"""Other methods on the features of CamVid's banks, scored as `eigenseg evaluate` scores ours, and the table of all.

camvid_peers.py kmeans|minibatch|ncut|per_image|probe --work WORK --labels CAMVID ...: fits, scores on val, writes WORK/peer-NAME.json
camvid_peers.py table --work WORK --labels CAMVID ...: prints what WORK holds, ours and theirs

Seconds are those from the start of Python to the end of the fit, features read, libraries loaded; the peak is the resident set until then.
"""

import time

START = time.perf_counter()  # before the libraries, whose loading a user waits for too

import argparse
import json
import sys
from pathlib import Path

import numpy
from PIL import Image

HEADER_BYTES = 4096
ROW_ALIGNMENT = 64
CHUNK_ROWS = 1 << 15
MATCHINGS = ("iou", "majority", "hungarian")
# Features of a bank in float16 against those of the backbone in float32, sums in another order: a few pixels at borders.
SCORING_TOLERANCE = 0.1
MISSING_LIBRARY = 3  # the exit status by which camvid.sh goes on without a method


# --- banks


class Bank:
    """The high features and the images of a bank."""

    def __init__(self, folder):
        self.folder = Path(folder)
        settings = json.loads((self.folder / "manifest.json").read_text())["bank"]
        self.channels = settings["high"]
        self.type = numpy.dtype({"f16": "<f2", "f32": "<f4"}[settings["dtype"]])
        if settings["border"] != "fit":
            raise SystemExit(f"{folder}: border {settings['border']}; patches that are partly padding are not known here")
        lines = (self.folder / "images.tsv").read_text().splitlines()
        names = lines[0].split("\t")
        self.images = [dict(zip(names, line.split("\t"))) for line in lines[1:]]
        last = self.images[-1]
        self.rows = int(last["first-row"]) + int(last["grid-rows"]) * int(last["grid-columns"])

    def high(self):
        """All rows in float32; never twice in memory."""
        row_bytes = self.channels * self.type.itemsize
        stride = -(-row_bytes // ROW_ALIGNMENT) * ROW_ALIGNMENT
        rows = numpy.empty((self.rows, self.channels), numpy.float32)
        filled = 0
        for file in sorted(self.folder.glob("high-*.bank")):
            held = min((file.stat().st_size - HEADER_BYTES) // stride, self.rows - filled)
            with open(file, "rb") as stream:
                stream.seek(HEADER_BYTES)
                for first in range(0, held, CHUNK_ROWS):
                    count = min(CHUNK_ROWS, held - first)
                    block = numpy.frombuffer(stream.read(count * stride), self.type).reshape(count, -1)
                    rows[filled + first : filled + first + count] = block[:, : self.channels]
            filled += held
        if filled != self.rows:
            raise SystemExit(f"{self.folder}: {filled} rows in its files, {self.rows} in images.tsv")
        return rows


def patches(image):
    """Where an image's rows are, and its grid."""
    grid = int(image["grid-rows"]), int(image["grid-columns"])
    first = int(image["first-row"])
    return slice(first, first + grid[0] * grid[1]), grid


class Labels:
    """CamVid's label maps."""

    def __init__(self, camvid, split):
        classes = json.loads((Path(camvid) / "classes.json").read_text())
        self.folder = Path(camvid) / "labels" / split
        self.classes = len(classes["classes"])
        self.void = classes["void_index"]

    def of(self, image):
        return numpy.asarray(Image.open(self.folder / (Path(image["path"]).stem + ".png"))).astype(numpy.int64)


# --- segments and scores, as eigenseg's


def axis(size, cells):
    """The weights, [size, cells], of bilinear interpolation between the cells' centres; beyond the outermost ones they repeat."""
    place = numpy.clip((numpy.arange(size) + 0.5) * cells / size - 0.5, 0, cells - 1)
    first = place.astype(int)
    second = numpy.minimum(first + 1, cells - 1)
    weights = numpy.zeros((size, cells), numpy.float32)
    weights[numpy.arange(size), first] = 1 - (place - first)
    weights[numpy.arange(size), second] += place - first
    return weights


def segments(logits, grid, shape):
    """The index of the largest upsampled logit for every pixel."""
    planes = logits.reshape(*grid, -1).astype(numpy.float32)
    down = numpy.tensordot(axis(shape[0], grid[0]), planes, axes=1)
    across = axis(shape[1], grid[1])
    result = numpy.empty(shape, numpy.int64)
    for row in range(shape[0]):
        result[row] = (across @ down[row]).argmax(1)
    return result


def count(found, truth, clusters, labels):
    """Pixels by [cluster, class], void ones left out."""
    judged = truth != labels.void
    pairs = found[judged] * labels.classes + truth[judged]
    return numpy.bincount(pairs, minlength=clusters * labels.classes).reshape(clusters, labels.classes)


def confusion(bank, labels, clusters, logits_of):
    """The counts over a bank's images; logits_of gives those of a slice of rows."""
    total = numpy.zeros((clusters, labels.classes), numpy.int64)
    for image in bank.images:
        rows, grid = patches(image)
        truth = labels.of(image)
        total += count(segments(logits_of(rows), grid, truth.shape), truth, clusters, labels)
    return total


def match(counts, matching):
    """The class of each cluster, -1 for none."""
    if matching == "majority":
        return counts.argmax(1)
    if matching == "iou":
        union = counts.sum(1, keepdims=True) + counts.sum(0, keepdims=True) - counts
        return (counts / numpy.maximum(union, 1)).argmax(1)
    from scipy.optimize import linear_sum_assignment

    found = numpy.full(len(counts), -1)
    clusters, classes = linear_sum_assignment(counts, maximize=True)
    found[clusters] = classes
    return found


def predictions(counts, class_of_cluster):
    """Pixels by [predicted class, class]; the last row is of clusters without a class."""
    found = numpy.zeros((counts.shape[1] + 1, counts.shape[1]), numpy.int64)
    numpy.add.at(found, class_of_cluster, counts)
    return found


def scores(found):
    """Accuracy and mean IoU in percent; classes that neither truth nor prediction contains are not in the mean."""
    both = numpy.diagonal(found)
    union = found.sum(0) + found[:-1].sum(1) - both
    present = union > 0
    return [100 * both.sum() / found.sum(), 100 * (both[present] / union[present]).mean()]


def all_scores(counts):
    return {matching: scores(predictions(counts, match(counts, matching))) for matching in MATCHINGS}


def nearest(rows, centroids):
    """Logits of the nearest centroid: -|x - c|^2 without |x|^2, which is the same for all clusters."""
    squares = (centroids * centroids).sum(1)
    return lambda part: 2 * rows[part] @ centroids.T - squares


# --- the methods: each returns its scores and what there is to say, and calls done() when it is fitted


def fit_kmeans(args, done):
    from sklearn.cluster import KMeans

    found = KMeans(args.clusters, random_state=args.seed, copy_x=False).fit(args.train.high())
    done()
    return centroid_scores(args, found), f"{found.n_iter_} passes, n_init 1, tolerance 1e-4"


def fit_minibatch(args, done):
    from sklearn.cluster import MiniBatchKMeans

    found = MiniBatchKMeans(args.clusters, random_state=args.seed).fit(args.train.high())
    done()
    return centroid_scores(args, found), f"{found.n_steps_} batches of 1024"


def centroid_scores(args, found):
    rows = args.val.high()
    return all_scores(confusion(args.val, args.labels_of("val"), args.clusters, nearest(rows, found.cluster_centers_)))


def fit_ncut(args, done):
    import torch
    from ncut_pytorch import Ncut

    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    with torch.no_grad():
        cut = Ncut(n_eig=args.clusters, device="cpu").fit(unit(torch.from_numpy(args.train.high())))
        cut.kway_fit(args.clusters, args.clusters)
        done()
        rows = unit(torch.from_numpy(args.val.high()))
        logits = cut.kway_transform(rows, args.clusters, args.clusters, normalize=True).numpy()
    counts = confusion(args.val, args.labels_of("val"), args.clusters, lambda part: logits[part])
    return all_scores(counts), f"Nystroem on {len(cut._nystrom_x)} patches, k-way rotation of {args.clusters} eigenvectors"


def unit(rows):
    return rows.div_(rows.norm(dim=1, keepdim=True).clamp_min_(1e-12))


def fit_per_image(args, done):
    """Clusters of one image mean nothing in another one, so each image's are named by its own labels."""
    from sklearn.cluster import SpectralClustering

    rows = args.val.high()
    rows /= numpy.maximum(numpy.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    clusters = args.per_image_clusters
    labelled = []
    for image in args.val.images:
        part = rows[patches(image)[0]]
        method = SpectralClustering(clusters, affinity="precomputed", random_state=args.seed)
        labelled.append(method.fit_predict(numpy.maximum(part @ part.T, 0)))
    done()
    labels = args.labels_of("val")
    totals = {matching: 0 for matching in MATCHINGS}
    for image, found in zip(args.val.images, labelled):
        truth = labels.of(image)
        own = segments(numpy.eye(clusters)[found], patches(image)[1], truth.shape)
        counts = count(own, truth, clusters, labels)
        for matching in MATCHINGS:
            totals[matching] = totals[matching] + predictions(counts, match(counts, matching))
    remark = f"{clusters} clusters an image, each image's named by its own labels: {clusters * len(labelled)} names from the truth"
    return {matching: scores(total) for matching, total in totals.items()}, remark


def fit_probe(args, done):
    import torch

    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    labels = args.labels_of("train")
    rows = args.train.high()
    shares = torch.from_numpy(class_shares(args.train, labels))
    mean, deviation = rows.mean(0), rows.std(0)
    features = torch.from_numpy(rows).sub_(torch.from_numpy(mean)).div_(torch.from_numpy(deviation))
    probe = torch.nn.Linear(args.train.channels, labels.classes)
    size, epochs = 4096, args.probe_epochs
    optimizer = torch.optim.Adam(probe.parameters(), lr=3e-3)
    updates = epochs * -(-len(features) // size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, updates)
    for _ in range(epochs):
        for batch in torch.randperm(len(features)).split(size):
            loss = -(shares[batch] * probe(features[batch]).log_softmax(1)).sum() / shares[batch].sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    done()
    weight, bias = probe.weight.detach().numpy() / deviation, probe.bias.detach().numpy()
    bias = bias - weight @ mean
    high = args.val.high()
    counts = confusion(args.val, args.labels_of("val"), labels.classes, lambda part: high[part] @ weight.T + bias)
    own = scores(predictions(counts, numpy.arange(labels.classes)))
    return {"own": own}, f"trained on the labels of train, {epochs} epochs; its outputs are classes, nothing is matched"


def class_shares(bank, labels):
    """The share of each class among a patch's pixels; void pixels count for none."""
    shares = numpy.zeros((bank.rows, labels.classes), numpy.float32)
    for image in bank.images:
        part, grid = patches(image)
        truth = labels.of(image)
        down = (numpy.arange(truth.shape[0]) * 2 + 1) * grid[0] // (2 * truth.shape[0])
        across = (numpy.arange(truth.shape[1]) * 2 + 1) * grid[1] // (2 * truth.shape[1])
        cell = down[:, None] * grid[1] + across
        size = grid[0] * grid[1]
        pixels = numpy.bincount(cell.ravel(), minlength=size)
        shares[part] = count(cell, truth, size, labels) / pixels[:, None]
    return shares


METHODS = {
    "kmeans": ("K-means, scikit-learn KMeans", fit_kmeans, ["sklearn"]),
    "minibatch": ("K-means, scikit-learn MiniBatchKMeans", fit_minibatch, ["sklearn"]),
    "ncut": ("Nystroem normalised cut, ncut-pytorch", fit_ncut, ["ncut_pytorch", "torch"]),
    "per_image": ("per-image spectral clustering, scikit-learn", fit_per_image, ["sklearn", "scipy"]),
    "probe": ("linear probe (supervised), torch", fit_probe, ["torch"]),
}


def peak_mib():
    """The largest resident set so far; unlike getrusage's it holds nothing of the process that started this one."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("no VmHWM in /proc/self/status: peak memory cannot be read on this system")


def versions(modules):
    from importlib.metadata import version

    distributions = {"sklearn": "scikit-learn", "ncut_pytorch": "ncut-pytorch"}
    return ", ".join(f"{distributions.get(m, m)} {version(distributions.get(m, m))}" for m in ["numpy", *modules])


def libraries():
    """Which kernels the products come from."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return "not known without threadpoolctl"
    names = {
        f"{lib['internal_api']} {lib.get('version') or ''} {lib.get('architecture') or ''}".strip() + f" x {lib['num_threads']}"
        for lib in threadpool_info()
    }
    return "; ".join(sorted(names))


def fit(args):
    title, method, modules = METHODS[args.command]
    fitted = {}

    def done():
        fitted["seconds"] = time.perf_counter() - START
        fitted["peak"] = peak_mib()

    try:
        matched, remark = method(args, done)
        result = {"title": title, **fitted, "scores": matched, "remark": remark}
        result |= {"versions": versions(modules), "libraries": libraries()}
    except ImportError as e:
        print(f"{title} is left out: {e}")
        raise SystemExit(MISSING_LIBRARY)
    (Path(args.work) / f"peer-{args.command}.json").write_text(json.dumps(result))
    print(", ".join(f"{k} {a:.1f} / {m:.1f}" for k, (a, m) in matched.items()))


# --- the table


def safetensor(file, name):
    """One float32 tensor of a file, and its metadata."""
    content = Path(file).read_bytes()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    entry = header[name]
    if entry["dtype"] != "F32":
        raise SystemExit(f"{file}: {name} is {entry['dtype']}, not F32")
    first, end = entry["data_offsets"]
    return numpy.frombuffer(content[8 + size + first : 8 + size + end], "<f4").reshape(entry["shape"])


def evaluated(file, model=None):
    """The scores of one model in what evaluate or spectral wrote, by matching."""
    results = json.loads(Path(file).read_text())["results"]
    return {r["matching"]: [r["accuracy"], r["miou"]] for r in results if model is None or Path(r["model"]).name == model}


def both_ways(args):
    """Scores our K-means' centroids here; the table is worth nothing if that differs from what evaluate says."""
    file = Path(args.work) / "kmeans.safetensors"
    centroids = safetensor(file, "centroids")
    rows = args.val.high()
    here = all_scores(confusion(args.val, args.labels_of("val"), len(centroids), nearest(rows, centroids)))
    there = evaluated(Path(args.work) / "all.json", file.name)
    worst = max(abs(here[m][i] - there[m][i]) for m in MATCHINGS for i in (0, 1))
    print("scoring, checked on the centroids of our K-means (accuracy / mIoU):")
    for matching in MATCHINGS:
        print("  {:<10} here {:.3f} / {:.3f}, eigenseg evaluate {:.3f} / {:.3f}".format(matching, *here[matching], *there[matching]))
    agree = worst <= SCORING_TOLERANCE
    print(f"  the largest difference is {worst:.3f} points: {'they agree' if agree else 'THEY DO NOT AGREE'} (within {SCORING_TOLERANCE})")
    return agree


def stage_figures(work):
    figures = {}
    for line in (Path(work) / "stages.txt").read_text().splitlines():
        name, seconds, peak, others = line.split()
        figures[name] = float(seconds), float(peak) / 1024, float(others)
    return figures


def ours(args, stages):
    """Our rows: what a method needs beyond the features."""
    work = Path(args.work)
    rows = []

    def row(title, scored, names, found, remark):
        if all(name in stages for name in [scored, *names]):
            seconds = sum(stages[n][0] for n in names)
            busy = sum(stages[n][0] * stages[n][2] for n in names) / seconds
            rows.append((title, found(), seconds, max(stages[n][1] for n in names), busy, remark))

    def model(name):
        return lambda: evaluated(work / "all.json", name)

    row("K-means, ours", "evaluate-all", ["kmeans"], model("kmeans.safetensors"), "train --method kmeans-features")
    spectrum = ["graph-val", "spectral"]
    row("exact spectrum, ours", "spectral", spectrum, lambda: evaluated(work / "spectral.json"), "of val's own patches: graph, spectral")
    row("Ours", "evaluate-all", ["graph", "train"], model("ours.safetensors"), "graph, train")
    row("Ours*", "evaluate-all", ["graph", "train", "star"], model("star.safetensors"), "graph, train, train --method kmeans-hidden")
    return rows


def peers(args, stages):
    """The rows of other methods, what their kernels were, and the titles of those that are not done."""
    rows, kernels, missing = [], [], []
    for name, (title, _, _) in METHODS.items():
        if "peer-" + name not in stages:
            missing.append(title)
            continue
        found = json.loads((Path(args.work) / f"peer-{name}.json").read_text())
        remark = f"{found['remark']}; {found['versions']}"
        rows.append((title, found["scores"], found["seconds"], found["peak"], stages["peer-" + name][2], remark))
        kernels.append(f"{title}: {found['libraries']}")
    return rows, kernels, missing


COLUMNS = ("method", *MATCHINGS, "seconds", "peak MiB", "others %", "remark")


def cells(row):
    title, found, seconds, peak, busy, remark = row
    # Trained classes need no matching: the one pair of figures stands in the first column, with a remark.
    found = {"iou": found["own"]} if "own" in found else found
    pairs = ["{:.1f} / {:.1f}".format(*found[m]) if m in found else "-" for m in MATCHINGS]
    return [title, *pairs, f"{seconds:.1f}", f"{peak:.0f}", f"{busy:.0f}", remark]


def print_table(rows):
    lines = [list(COLUMNS)] + [cells(row) for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    for line in lines:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip())
    print()
    for i, line in enumerate(lines):
        print("| " + " | ".join(line) + " |")
        if i == 0:
            print("|" + " --- |" * len(COLUMNS))


def share_of_probe(rows):
    miou = {row[0]: row[1] for row in rows}
    probe = miou.get(METHODS["probe"][0])
    for name in ("K-means, ours", "Ours", "Ours*"):
        if probe and name in miou:
            print(f"{name}: {100 * miou[name]['iou'][1] / probe['own'][1]:.0f} % of the linear probe's mIoU (iou matching)")


def table(args):
    stages = stage_figures(args.work)
    theirs, kernels, missing = peers(args, stages)
    rows = theirs + ours(args, stages)
    if not rows:
        print("no method is done, so there is no table")
        return
    print()
    agree = both_ways(args) if "evaluate-all" in stages else None
    if agree is None:
        print("scoring is not checked: EIGENSEG_COMPARE left the part 'ours' out")
    print()
    images = len(args.val.images)
    print(f"CamVid val, {images} images at the size of their labels, void left out; accuracy / mIoU in percent, K = {args.clusters}")
    print("seconds and peak of what a method needs beyond the features; others: what the machine did besides, in percent of all processors")
    print("iou, majority and hungarian name clusters by the labels that they are scored on")
    print()
    print_table(rows)
    print()
    share_of_probe(rows)
    for line in kernels:
        print("kernels:", line)
    for title in missing:
        print("left out:", title)
    if agree is False:
        raise SystemExit(1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=[*METHODS, "table"])
    parser.add_argument("--work", required=True)
    parser.add_argument("--labels", required=True)
    for option, default in (("clusters", 64), ("seed", 0), ("threads", 1), ("per-image-clusters", 11), ("probe-epochs", 20)):
        parser.add_argument("--" + option, type=int, default=default)
    args = parser.parse_args()
    args.labels_of = lambda split: Labels(args.labels, split)
    for name, folder in (("train", "bank"), ("val", "val")):
        if not (Path(args.work) / folder / "images.tsv").exists():
            raise SystemExit(f"{args.work} has no bank of {name}; EIGENSEG_COMPARE must hold the part 'run' before the others")
        setattr(args, name, Bank(Path(args.work) / folder))
    if args.command == "table":
        table(args)
    else:
        fit(args)


if __name__ == "__main__":
    main()
