"""Reads what `segment --format coco-rle,polygons,fiftyone,voc,cityscapes` wrote with the tools that it was written for.

Usage: check_masks.py FOLDER. Every tool that is installed reads its form; what it finds must be, pixel by pixel, what the label maps
NAME.png hold. Prints a line for each tool, with its version or that it is missing, and fails at the first difference. FiftyOne needs
MongoDB; where none starts, mongomock is taken if it is installed, else its importer is asked without a database.
"""

import contextlib
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import sys
import tempfile

import numpy as np
from PIL import Image

folder = pathlib.Path(sys.argv[1])
meaning = json.loads((folder / "classes.json").read_text())
NAMES = [c["name"] for c in meaning["classes"]]
COLORS = [tuple(c["rgb"]) for c in meaning["classes"]]


def pixels(file):
    return np.array(Image.open(file))


def truth(stem):
    """Class indices; -1 is no class."""
    labels = pixels(folder / f"{stem}.png").astype(int)
    labels[labels >= len(NAMES)] = -1
    return labels


def same(found, stem, tool):
    expected = truth(stem)
    assert found.shape == expected.shape, f"{tool}: {stem} is {found.shape}, expected {expected.shape}"
    differing = int((found != expected).sum())
    assert differing == 0, f"{tool}: {stem} differs in {differing} of {expected.size} pixels"


STEMS = {
    pathlib.Path(sample["filepath"]).relative_to("data").with_suffix("").as_posix()
    for sample in json.loads((folder / "fiftyone" / "samples.json").read_text())["samples"]
}


def coco():
    from pycocotools.coco import COCO

    for name in ["coco-rle.json", "coco-polygons.json"]:
        with contextlib.redirect_stdout(None):
            data = COCO(str(folder / name))
        assert [c["name"] for c in data.loadCats(data.getCatIds())] == NAMES
        stems = set()
        for image in data.loadImgs(data.getImgIds()):
            stem = pathlib.Path(image["file_name"]).with_suffix("").as_posix()
            found = np.full((image["height"], image["width"]), -1)
            for annotation in data.loadAnns(data.getAnnIds(imgIds=[image["id"]])):
                mask = data.annToMask(annotation).astype(bool)
                assert (found[mask] == -1).all(), f"{name}: masks of {stem} overlap"
                assert mask.sum() == annotation["area"], f"{name}: area in {stem}"
                found[mask] = annotation["category_id"] - 1
            same(found, stem, name)
            stems.add(stem)
        assert stems == STEMS
    return "coco-rle.json and coco-polygons.json"


def mongomock_for_fiftyone():
    import mongomock
    import mongomock.codec_options
    import pymongo
    from mongomock.store import ServerStore

    store = ServerStore()

    class Client(mongomock.MongoClient):
        _closed = False

        def __init__(self, *args, **kwargs):
            super().__init__(_store=store)

        def server_info(self):
            return {"version": "7.0.2", "versionArray": [7, 0, 2, 0]}

    mongomock.codec_options.is_supported = lambda options: None
    pymongo.MongoClient = Client
    os.environ["FIFTYONE_DATABASE_URI"] = "mongodb://localhost"


def mongod_is_here():
    if "FIFTYONE_DATABASE_URI" in os.environ:
        return True
    found = importlib.util.find_spec("fiftyone")
    return any((pathlib.Path(found.origin).parent / "db" / "bin").glob("mongod"))


def fiftyone():
    os.environ.setdefault("FIFTYONE_DO_NOT_TRACK", "1")
    with tempfile.TemporaryDirectory() as work:
        os.environ.setdefault("FIFTYONE_DATABASE_DIR", work)
        how = "Dataset.from_dir"
        if not mongod_is_here():
            try:
                mongomock_for_fiftyone()
                how += " on mongomock"
            except ImportError:
                how = "its importer, without a database"
        import fiftyone as fo

        root = str(folder / "fiftyone")
        if how.startswith("its"):
            from fiftyone.utils.data.importers import LegacyFiftyOneDatasetImporter

            with LegacyFiftyOneDatasetImporter(root) as importer:
                samples = list(importer)
                targets = importer.get_dataset_info()["default_mask_targets"]
                targets = {int(value): name for value, name in targets.items()}
        else:
            samples = fo.Dataset.from_dir(dataset_dir=root, dataset_type=fo.types.FiftyOneDataset, progress=False)
            targets = samples.default_mask_targets
        assert targets == {i + 1: name for i, name in enumerate(NAMES)}, targets
        stems = set()
        for sample in samples:
            stem = pathlib.Path(sample.filepath).relative_to(folder.resolve() / "fiftyone" / "data").with_suffix("").as_posix()
            found = sample.ground_truth.get_mask().astype(int) - 1
            same(found, stem, "fiftyone")
            assert Image.open(sample.filepath).size == found.shape[::-1]
            stems.add(stem)
        assert stems == STEMS
        return how


def datumaro():
    import datumaro as dm

    def check(data, tool, numbers):
        named = [label.name for label in data.categories()[dm.AnnotationType.label]]
        stems = set()
        for item in data:
            stem = item.id.removeprefix("images/") if tool == "cityscapes" else item.id
            found = np.full(truth(stem).shape, -1)
            for mask in item.annotations:
                found[mask.image.astype(bool)] = numbers[named[mask.label]]
            same(found, stem, f"datumaro {tool}")
            assert item.media.data.shape[:2] == found.shape
            stems.add(stem)
        assert stems == STEMS, stems

    voc = dm.Dataset.import_from(str(folder / "voc"), "voc_segmentation")
    spoken = [name.replace(": ", " ") for name in NAMES]
    check(voc, "voc", {"background": -1} | {name: i for i, name in enumerate(spoken)})
    cityscapes = dm.Dataset.import_from(str(folder / "cityscapes"), "cityscapes")
    spoken = ["_".join(name.split()) for name in NAMES]
    check(cityscapes, "cityscapes", {"unlabeled": -1} | {name: i for i, name in enumerate(spoken)})
    return "voc as voc_segmentation, cityscapes"


def torchvision():
    from torchvision.datasets import Cityscapes

    data = Cityscapes(str(folder / "cityscapes"), split="train", mode="fine", target_type=["semantic", "color"])
    stems = set()
    for (image, (labels, color)), file in zip(data, data.images):
        city, name = pathlib.Path(file).parts[-2:]
        stem = ("" if city == "images" else city + "/") + name.removesuffix("_leftImg8bit.png")
        found = np.array(labels).astype(int) - 1
        same(found, stem, "torchvision")
        assert image.size == labels.size == color.size
        palette = pixels(folder / "voc" / "SegmentationClass" / f"{stem}.png")
        assert (palette - 1 == np.where(found < 0, 255, found)).all()
        stems.add(stem)
    assert stems == STEMS
    return "cityscapes, labelIds and color"


def pillow():
    """The palette's colours are those of labelmap.txt and of Cityscapes' colour maps, each class has one of its own."""
    lines = (folder / "voc" / "labelmap.txt").read_text().splitlines()[1:]
    colors = [tuple(int(c) for c in line.split(":")[1].split(",")) for line in lines]
    assert len(set(colors)) == len(colors) == len(NAMES) + 1
    assert [a == b for a, b in zip(colors[1:], COLORS)].count(False) < len(NAMES)
    for stem in STEMS:
        image = Image.open(folder / "voc" / "SegmentationClass" / f"{stem}.png")
        assert image.mode == "P"
        same(np.array(image).astype(int) - 1, stem, "palette")
        city, _, name = stem.rpartition("/")
        color = pixels(folder / "cityscapes/gtFine/train" / (city or "images") / f"{name}_gtFine_color.png")
        assert (np.array(image.convert("RGB")) == color).all()
    return "voc's palette, cityscapes' colours"


read = 0
for module, package, check in [
    ("pycocotools", "pycocotools", coco),
    ("fiftyone", "fiftyone", fiftyone),
    ("datumaro", "datumaro", datumaro),
    ("torchvision", "torchvision", torchvision),
    ("PIL", "pillow", pillow),
]:
    if importlib.util.find_spec(module) is None:
        print(f"{package}: not installed")
        continue
    print(f"{package} {importlib.metadata.version(package)}: {check()}", flush=True)
    read += 1
print(f"{read} readers")
