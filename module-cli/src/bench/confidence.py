"""Ranks pixels by figures of their patches' logits, and compares with where the segments are wrong: confidence.py MODEL LOGITS LABELS."""

import struct
import sys

import numpy as np
from PIL import Image
from scipy.stats import rankdata, spearmanr

CLASSES = 11  # CamVid's; 11 is void


def read(path):
    with open(path, "rb") as file:
        while head := file.read(2):
            name = file.read(struct.unpack(">H", head)[0]).decode()
            rows, columns, clusters, height, width, divisor = struct.unpack(">5if", file.read(24))
            logits = np.frombuffer(file.read(4 * rows * columns * clusters), ">f4").astype(float).reshape(-1, clusters)
            segments = np.frombuffer(file.read(2 * height * width), ">u2").astype(int).reshape(height, width)
            yield name, rows, columns, logits, segments, divisor


def auroc(figure, wrong):
    """How probable it is that a right pixel has a higher figure than a wrong one."""
    ranks = rankdata(figure)
    bad, good = wrong.sum(), (~wrong).sum()
    return 1 - (ranks[wrong].sum() - bad * (bad + 1) / 2) / (bad * good)


def figures(logits, divisor, classes):
    order = np.sort(logits, axis=1)
    chosen = logits.argmax(axis=1)
    same = classes[None, :] == classes[chosen][:, None]
    return {
        "softmax over the divisor": 1 / np.exp((logits - order[:, -1:]) / divisor).sum(axis=1),
        "margin to the next cluster": order[:, -1] - order[:, -2],
        "margin, relative": (order[:, -1] - order[:, -2]) / np.maximum(np.abs(order[:, -2]), 1e-9),
        "largest logit": order[:, -1],
        "margin to another name": order[:, -1] - np.where(same, -np.inf, logits).max(axis=1),
    }


def main():
    model, logits_file, labels_folder = sys.argv[1:]
    images = []
    counts = None
    for name, rows, columns, logits, segments, divisor in read(logits_file):
        labels = np.asarray(Image.open(f"{labels_folder}/{name}.png")).astype(int)
        judged = labels < CLASSES
        if counts is None:
            counts = np.zeros((logits.shape[1], CLASSES))
        np.add.at(counts, (segments[judged], labels[judged]), 1)
        images.append((rows, columns, logits, segments, labels, judged, divisor))
    union = counts.sum(axis=1, keepdims=True) + counts.sum(axis=0, keepdims=True) - counts
    classes = (counts / np.maximum(union, 1)).argmax(axis=1)

    found, wrong = {}, []
    for rows, columns, logits, segments, labels, judged, divisor in images:
        height, width = segments.shape
        patch = (np.arange(height) * rows // height)[:, None] * columns + (np.arange(width) * columns // width)[None, :]
        for figure, values in figures(logits, divisor, classes).items():
            found.setdefault(figure, []).append(values[patch][judged])
        wrong.append((classes[segments] != labels)[judged])
    every = np.concatenate(wrong)
    right = [1 - each.mean() for each in wrong]
    print(f"{model}: {len(images)} images, {100 - 100 * every.mean():.1f} % of the pixels right")
    for figure, values in found.items():
        value = np.concatenate(values)
        tenth = np.minimum(10 * (rankdata(value, "min") - 1) // len(value), 9).astype(int)
        shown = [f"{100 - 100 * every[tenth == t].mean():.0f}" if (tenth == t).any() else "-" for t in range(10)]
        agreement = spearmanr([each.mean() for each in values], right).statistic
        print(f"  {figure:27} AUROC {auroc(value, every):.3f}, rank correlation with an image's accuracy {agreement:.2f}")
        print(f"  {'':27} right by tenths, lowest first: {' '.join(shown)} %")
        if figure.startswith("softmax"):
            bins = np.minimum((10 * value).astype(int), 9)
            error = sum(abs((value[bins == b] - ~every[bins == b]).sum()) for b in range(10)) / len(value)
            print(f"  {'':27} mean {100 * value.mean():.1f} %, expected calibration error {100 * error:.1f} points")


if __name__ == "__main__":
    main()
