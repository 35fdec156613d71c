"""Search by faiss-cpu from Python: median processor and wall seconds, and the recall, separated by tabs.

faiss_search.py FILE DIM K THREADS ROUNDS [LISTS PROBES]: the file holds float32 rows; with lists and probes by inverted lists, else exact.
"""

import statistics
import sys
import time

import faiss
import numpy

SAMPLE = 512
TRAINING_ROWS = 64  # of a list


def make_index(dim, lists, probes):
    if lists == 0:
        return faiss.IndexFlatIP(dim)
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(dim), dim, lists, faiss.METRIC_INNER_PRODUCT)
    index.nprobe = probes
    return index


def recall(unit, found, k):
    """The share of rows found that are at least as near as the k-th of all others, on random rows."""
    chosen = numpy.random.default_rng(0).choice(len(unit), SAMPLE, replace=False)
    shares = []
    for row in chosen:
        scores = unit @ unit[row]
        scores[row] = -2
        last = numpy.partition(scores, -k)[-k]
        others = [i for i in found[row] if i >= 0 and i != row][:k]
        shares.append(numpy.count_nonzero(scores[others] >= last) / k)
    return statistics.mean(shares)


def main():
    file, dim, k, threads, rounds = sys.argv[1], *map(int, sys.argv[2:6])
    lists, probes = map(int, sys.argv[6:8]) if len(sys.argv) > 6 else (0, 0)
    rows = numpy.fromfile(file, dtype=numpy.float32).reshape(-1, dim)
    faiss.omp_set_num_threads(threads)
    cpu, wall = [], []
    for _ in range(rounds):
        start, before = time.perf_counter(), time.process_time()
        unit = rows.copy()
        faiss.normalize_L2(unit)
        index = make_index(dim, lists, probes)
        index.train(unit[numpy.random.default_rng(1).permutation(len(unit))[: TRAINING_ROWS * lists]])
        index.add(unit)
        _, found = index.search(unit, k + 1)
        cpu.append(time.process_time() - before)
        wall.append(time.perf_counter() - start)
    print(f"{statistics.median(cpu):.3f}\t{statistics.median(wall):.3f}\t{recall(unit, found, k):.4f}")


main()
