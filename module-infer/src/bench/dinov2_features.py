"""Features of photographs by DINOv2-S/14, decoding included: ours, torch eager and compiled, ONNX Runtime, OpenVINO, in turns in one run.

dinov2_features.py CHECKPOINT IMAGES THREADS WORK COMMAND...

COMMAND starts our side: it gets WORK and the photographs as further arguments, writes there what it made of the first one, and takes
all photographs once for every line that it reads. All sides run on the same pixels once, and their features are compared; what each
makes of the file itself (decoded, resized) is compared too. Prints for each engine its name, the median of milliseconds an image, and
what was compared, tabulators between them; ours comes first.
"""

import contextlib
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy
import timm
import torch
from PIL import Image
from safetensors.torch import load_file
from timm.models.vision_transformer import checkpoint_filter_fn

WIDTH, HEIGHT, PATCH = 490, 364, 14
PHOTOGRAPHS = 8
ROUNDS = 5
PAUSE = 0.5  # threads that spin for a while after their work must be asleep before the next engine begins
LEVELS = ("low", "mid", "high")
TOLERANCE = 5e-3  # of features with a standard deviation of about 2; a product in another order makes up to 1e-3


class Features(torch.nn.Module):
    def __init__(self, vit):
        super().__init__()
        self.vit = vit
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))

    def forward(self, pixels):
        vit = self.vit
        x = (pixels - self.mean) / self.deviation
        x = vit.norm_pre(vit.patch_drop(vit._pos_embed(vit.patch_embed(x))))
        levels = []
        for i, block in enumerate(vit.blocks):
            x = block(x)
            if i == 0 or i == len(vit.blocks) // 2:
                levels.append(x[:, 1:])
        return levels[0], levels[1], vit.norm(x)[:, 1:]


def pixels_of(file):
    rgb = torch.from_numpy(numpy.asarray(Image.open(file).convert("RGB")).copy())
    planes = rgb.permute(2, 0, 1)[None].float()
    return torch.nn.functional.interpolate(planes, size=(HEIGHT, WIDTH), mode="bilinear", align_corners=False) / 255


class Ours:
    def __init__(self, command, work, files):
        self.name = "ours"
        self.process = subprocess.Popen([*command, work, *files], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.answer()

    def answer(self):
        if self.process.stdout.readline() != "done\n":
            sys.exit("our side ended early")

    def photographs(self, files):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Peer:
    """What maps a tensor of pixels to three arrays."""

    def __init__(self, name, run):
        self.name = name
        self.run = run

    def photographs(self, files):
        for file in files:
            self.run(pixels_of(file))


def torch_peers(model, version):
    def eager(pixels):
        with torch.inference_mode():
            return [level.numpy() for level in model(pixels)]

    yield Peer(f"torch {version}, timm {timm.__version__}, eager", eager)
    import torch._inductor.config as inductor

    inductor.freezing = True  # weights become constants, packed once
    compiled = torch.compile(model)

    def frozen(pixels):
        with torch.no_grad():
            return [level.numpy() for level in compiled(pixels)]

    yield Peer(f"torch {version}, torch.compile, frozen", frozen)


def exported_peers(model, threads, work):
    file = os.path.join(work, "dinov2.onnx")
    with torch.no_grad(), contextlib.redirect_stdout(sys.stderr):
        torch.onnx.export(model, (torch.zeros(1, 3, HEIGHT, WIDTH),), file, input_names=["pixels"], output_names=list(LEVELS))
    try:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        yield Peer(f"ONNX Runtime {onnxruntime.__version__}", lambda pixels: session.run(None, {"pixels": pixels.numpy()}))
    except ImportError:
        print("no onnxruntime here", file=sys.stderr)
    try:
        import openvino

        settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        network = openvino.Core().compile_model(file, "CPU", settings)
        yield Peer(
            f"OpenVINO {openvino.__version__.split('-')[0]}, float32",
            lambda pixels: [network([pixels.numpy()])[i] for i in range(len(LEVELS))],
        )
    except ImportError:
        print("no openvino here", file=sys.stderr)


def stored(work, name, shape):
    return numpy.fromfile(os.path.join(work, name + ".f32"), dtype="<f4").reshape(shape)


def compare(peer, pixels, work):
    """The largest difference of the features of the very same pixels."""
    tokens = (HEIGHT // PATCH) * (WIDTH // PATCH)
    worst = 0
    for level, found in zip(LEVELS, peer.run(torch.from_numpy(pixels.copy())), strict=True):
        worst = max(worst, float(numpy.abs(stored(work, level, (1, tokens, -1)) - found).max()))
    if not worst < TOLERANCE:
        sys.exit(f"{peer.name}: features differ by {worst:.2e}")
    return worst


def main():
    checkpoint, images, threads, work, command = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5:]
    torch.set_num_threads(threads)
    files = [str(file) for file in sorted(Path(images).glob("*.jpg"))[:PHOTOGRAPHS]]
    vit = timm.create_model("vit_small_patch14_dinov2", pretrained=False, img_size=(HEIGHT, WIDTH), num_classes=0).eval()
    weights = {name: tensor.float() for name, tensor in load_file(checkpoint).items()}
    vit.load_state_dict(checkpoint_filter_fn(weights, vit))
    model = Features(vit).eval()
    ours = Ours(command, work, files)
    peers = [*torch_peers(model, torch.__version__), *exported_peers(model, threads, work)]
    pixels = stored(work, "pixels", (1, 3, HEIGHT, WIDTH))
    decoded = numpy.abs(pixels_of(files[0]).numpy() - pixels)
    print(f"pixels of the first photograph differ by at most {255 * decoded.max():.1e} of 255", file=sys.stderr)
    notes = {peer.name: f"features within {compare(peer, pixels, work):.1e}" for peer in peers}
    engines = [ours, *peers]
    times = {engine.name: [] for engine in engines}
    for round_ in range(ROUNDS + 1):
        for engine in engines:
            time.sleep(PAUSE)
            start = time.perf_counter()
            engine.photographs(files)
            if round_ > 0:
                times[engine.name].append(1000 * (time.perf_counter() - start) / len(files))
    ours.close()
    for engine in engines:
        print(engine.name, f"{statistics.median(times[engine.name]):.2f}", notes.get(engine.name, ""), sep="\t")


main()
