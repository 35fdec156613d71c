"""K-means by FAISS and scikit-learn: kmeans_peers.py ROWS.f32 START.f32 DIM PASSES THREADS INERTIA PEER

PEER is faiss, lloyd or elkan. All rows, from the centroids in START. FAISS makes PASSES passes, since it knows no convergence;
scikit-learn stops by the same rule as ours (its own default). Prints wall and processor seconds, inertia over all rows, passes, the
first pass whose inertia is within 0.1 % of INERTIA ("-" where the peer does not tell), and the peer's version.
"""
import sys
import time
import warnings

import numpy as np


def inertia(rows, centroids):
    centroids = centroids.astype(np.float64)
    norms = np.einsum("kd,kd->k", centroids, centroids)
    total = 0.0
    for first in range(0, len(rows), 8192):
        some = rows[first : first + 8192].astype(np.float64)
        nearest = (norms - 2 * (some @ centroids.T)).min(axis=1)
        total += float((np.einsum("nd,nd->n", some, some) + nearest).clip(min=0).sum())
    return total


def by_faiss(rows, start, passes, threads, wanted):
    import faiss

    faiss.omp_set_num_threads(threads)
    kmeans = faiss.Kmeans(
        rows.shape[1], len(start), niter=passes, max_points_per_centroid=len(rows) // len(start) + 1
    )

    def fit():
        kmeans.train(rows, init_centroids=start)
        return kmeans.centroids, passes

    def near():
        # An objective is of the centroids that a pass begins with; one pass is the least that we make.
        return next((max(i, 1) for i, value in enumerate(kmeans.obj) if value <= wanted * 1.001), "-")

    return fit, near, f"faiss-cpu {faiss.__version__}"


def by_sklearn(rows, start, algorithm):
    import sklearn
    from sklearn.cluster import KMeans

    def fit():
        found = KMeans(len(start), init=start, n_init=1, max_iter=300, algorithm=algorithm).fit(rows)
        return found.cluster_centers_, found.n_iter_

    return fit, lambda: "-", f"scikit-learn {sklearn.__version__} {algorithm}"


def main():
    rows_path, start_path, dim, passes, threads, wanted, peer = sys.argv[1:8]
    rows = np.fromfile(rows_path, dtype=np.float32).reshape(-1, int(dim))
    start = np.fromfile(start_path, dtype=np.float32).reshape(-1, int(dim))
    if peer == "faiss":
        fit, near, name = by_faiss(rows, start, int(passes), int(threads), float(wanted))
    else:
        fit, near, name = by_sklearn(rows, start, peer)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        processor, wall = time.process_time(), time.perf_counter()
        centroids, made = fit()
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
    reached = inertia(rows, centroids)
    print(f"{wall:.2f}\t{processor:.2f}\t{reached:.9g}\t{made}\t{near()}\t{name}", flush=True)


main()
