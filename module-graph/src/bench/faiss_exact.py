"""Exact search by faiss-cpu from Python: median processor and wall seconds, separated by a tab.

faiss_exact.py FILE DIM K THREADS ROUNDS: the file holds float32 rows.
"""

import statistics
import sys
import time

import faiss
import numpy


def main():
    file, dim, k, threads, rounds = sys.argv[1], *map(int, sys.argv[2:])
    rows = numpy.fromfile(file, dtype=numpy.float32).reshape(-1, dim)
    faiss.omp_set_num_threads(threads)
    cpu, wall = [], []
    for _ in range(rounds):
        start, before = time.perf_counter(), time.process_time()
        unit = rows.copy()
        faiss.normalize_L2(unit)
        index = faiss.IndexFlatIP(dim)
        index.add(unit)
        index.search(unit, k + 1)
        cpu.append(time.process_time() - before)
        wall.append(time.perf_counter() - start)
    print(f"{statistics.median(cpu):.3f}\t{statistics.median(wall):.3f}")


main()
