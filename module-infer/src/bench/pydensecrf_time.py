"""Prints the median milliseconds of pydensecrf on a picture: 27 classes, 10 iterations, the published parameters, the lattices included."""
import statistics
import sys
import time

import numpy
import pydensecrf.densecrf
from PIL import Image

CLASSES = 27
# A copy: NumPy 2 shares the picture's memory read-only, which pydensecrf refuses.
rgb = numpy.array(Image.open(sys.argv[1]).convert("RGB"), dtype=numpy.uint8, order="C")
height, width, _ = rgb.shape
logits = numpy.random.default_rng(1).normal(size=(CLASSES, height * width)).astype(numpy.float32)
unary = numpy.ascontiguousarray(numpy.log(numpy.exp(logits).sum(0)) - logits)
times = []
for _ in range(5):
    start = time.perf_counter()
    crf = pydensecrf.densecrf.DenseCRF2D(width, height, CLASSES)
    crf.setUnaryEnergy(unary)
    crf.addPairwiseGaussian(sxy=1, compat=3)
    crf.addPairwiseBilateral(sxy=67, srgb=3, rgbim=rgb, compat=4)
    crf.inference(10)
    times.append(1000 * (time.perf_counter() - start))
print(statistics.median(times))
