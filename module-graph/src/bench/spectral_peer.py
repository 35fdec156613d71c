"""Leading eigenvectors by SciPy's eigsh beside ours: spectral_peer.py FOLDER COUNT TOLERANCE THREADS

FOLDER holds what SpectralComparison wrote: the kernel and our eigenpairs. eigsh gets the same matrix, in float32 as it is, and
the same bound on residuals as a fraction of the largest eigenvalue. Prints wall and processor seconds, the worst residual
|A v - lambda v| of eigsh and of ours, both computed here in float64, over the largest eigenvalue, the largest difference of eigenvalues
over the largest of them, products with the matrix, and the versions.
"""
import sys
import time

import numpy as np
import scipy
import scipy.sparse as sparse
from scipy.sparse.linalg import LinearOperator, eigsh
from threadpoolctl import threadpool_info, threadpool_limits


def residuals(matrix, values, vectors):
    worst = 0.0
    for i, value in enumerate(values):
        vector = vectors[:, i].astype(np.float64)
        vector /= np.linalg.norm(vector)
        worst = max(worst, float(np.linalg.norm(matrix @ vector - value * vector)))
    return worst


def main():
    folder, count, tolerance, threads = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    pointers = np.fromfile(f"{folder}/pointers.i64", dtype=np.int64)
    entries = np.fromfile(f"{folder}/entries.i32f32", dtype=[("column", np.int32), ("value", np.float32)])
    rows = len(pointers) - 1
    index = np.int32 if len(entries) < 2**31 else np.int64
    matrix = sparse.csr_matrix(
        (
            np.ascontiguousarray(entries["value"]),
            np.ascontiguousarray(entries["column"]),
            pointers.astype(index),
        ),
        shape=(rows, rows),
    )
    products = 0

    def product(vector):
        nonlocal products
        products += 1
        return matrix @ vector

    operator = LinearOperator(matrix.shape, matvec=product, dtype=matrix.dtype)
    start = np.random.default_rng(0).standard_normal(rows).astype(np.float32)
    with threadpool_limits(threads):
        processor, wall = time.process_time(), time.perf_counter()
        values, vectors = eigsh(operator, k=count, which="LA", tol=tolerance, v0=start)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
    order = np.argsort(-values)
    values, vectors = values[order], vectors[:, order]
    ours = np.fromfile(f"{folder}/values.f64")
    own = np.fromfile(f"{folder}/vectors.f32", dtype=np.float32).reshape(rows, count)
    exact = matrix.astype(np.float64)
    largest = float(ours[0])
    blas = ", ".join(sorted({f"{i['internal_api']} {i['version']}" for i in threadpool_info() if i["user_api"] == "blas"}))
    print(
        f"{wall:.2f}\t{processor:.2f}\t{residuals(exact, values, vectors) / largest:.2e}\t{residuals(exact, ours, own) / largest:.2e}"
        f"\t{np.abs(values - ours).max() / largest:.1e}\t{products}\tSciPy {scipy.__version__} eigsh, {blas}",
        flush=True,
    )


main()
