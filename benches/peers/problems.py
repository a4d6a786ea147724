"""The problems of the comparison, each from a seed of its own.

    python problems.py                       the problems with their shapes
    python problems.py lasso_dense FOLDER    writes X and y for another program

`generate(name)` gives (X, y): dense X in column-major order, sparse X as CSC with int32 indices. The objectives are
plain sums: sum of losses, 1/2 (z - y)^2 or log(1 + exp(-y z)), plus lam times the penalty.
"""

import argparse
import pathlib

import numpy as np
from scipy import sparse


def planted(rng, features, active):
    """A coefficient vector with `active` entries drawn from N(0, 1)."""
    w = np.zeros(features)
    w[rng.choice(features, active, replace=False)] = rng.standard_normal(active)
    return w


def noisy(rng, signal, snr):
    """The signal plus white noise of norm ||signal|| / snr."""
    noise = rng.standard_normal(signal.size)
    return signal + noise * (np.linalg.norm(signal) / (snr * np.linalg.norm(noise)))


def labels(rng, scores, flipped):
    """The signs of the centred scores, a fraction of them wrong."""
    y = np.where(scores > np.median(scores), 1.0, -1.0)
    y[rng.random(y.size) < flipped] *= -1.0
    return y


def gaussian_columns(rng, rows, columns, density):
    """CSC matrix with round(rows * density) entries from N(0, 1) in every column."""
    each = max(1, round(rows * density))
    indices = rng.integers(0, rows, size=(columns, each))
    indices.sort(axis=1)
    values = rng.standard_normal(indices.size)
    matrix = sparse.csc_matrix((values, indices.ravel(), np.arange(columns + 1) * each), shape=(rows, columns))
    matrix.sum_duplicates()
    return matrix


def documents(rng, rows, columns, mean_length):
    """Text-like CSR matrix: Zipf words weighted (1 + log count) * idf, rows of unit length."""
    lengths = np.maximum(rng.poisson(mean_length, rows), 5)
    frequency = 1.0 / (np.arange(columns) + 10.0)
    cumulative = np.cumsum(frequency / frequency.sum())
    words = np.searchsorted(cumulative, rng.random(lengths.sum())).clip(max=columns - 1)
    words = rng.permutation(columns)[words]
    places = (np.repeat(np.arange(rows), lengths), words)
    counts = sparse.coo_matrix((np.ones(words.size), places), shape=(rows, columns)).tocsr()
    counts.sum_duplicates()
    counts.data = 1.0 + np.log(counts.data)
    holding = np.bincount(counts.indices, minlength=columns)
    counts.data *= (1.0 + np.log((1.0 + rows) / (1.0 + holding)))[counts.indices]
    norms = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel())
    counts.data /= np.repeat(norms, np.diff(counts.indptr))
    counts.sort_indices()
    return counts


def lasso_dense(rng, n=1000, p=10_000):
    """Gaussian design, 100 active features, signal-to-noise ratio 3."""
    X = np.asfortranarray(rng.standard_normal((n, p)))
    return X, noisy(rng, X @ planted(rng, p, 100), 3.0)


def lasso_sparse(rng, n=20_000, p=200_000):
    """The same with a sparse design of density 1e-3, 200 active features."""
    X = gaussian_columns(rng, n, p, 1e-3)
    return X, noisy(rng, X @ planted(rng, p, 200), 3.0)


def logistic_l1_dense(rng, n=1000, p=10_000):
    """Gaussian design, 100 active features, 5 % of the labels flipped."""
    X = np.asfortranarray(rng.standard_normal((n, p)))
    return X, labels(rng, X @ planted(rng, p, 100), 0.05)


def logistic_l1_sparse(rng, n=20_000, p=100_000):
    """Text-like rows of about 100 distinct words, a tenth of the words active, 5 % of the labels flipped."""
    X = documents(rng, n, p, 150).tocsc()
    return X, labels(rng, X @ planted(rng, p, p // 10), 0.05)


GROUP_SIZE = 10


def group_lasso(rng, n=1000, p=10_000):
    """Gaussian design, groups of consecutive features, 10 of them active, signal-to-noise ratio 3."""
    X = np.asfortranarray(rng.standard_normal((n, p)))
    w = np.zeros((p // GROUP_SIZE, GROUP_SIZE))
    w[rng.choice(len(w), 10, replace=False)] = rng.standard_normal((10, GROUP_SIZE))
    return X, noisy(rng, X @ w.ravel(), 3.0)


def logistic_l2_dense(rng, n=50_000, p=500):
    """Gaussian design whose columns have scales from 1 to 0.03, 5 % of the labels flipped."""
    X = np.asfortranarray(rng.standard_normal((n, p)) * np.geomspace(1.0, 0.03, p))
    return X, labels(rng, X @ rng.standard_normal(p), 0.05)


def logistic_l2_sparse(rng, n=100_000, p=50_000):
    """Text-like rows of about 50 distinct words, 5 % of the labels flipped."""
    X = documents(rng, n, p, 60).tocsc()
    return X, labels(rng, X @ rng.standard_normal(p), 0.05)


def svm_sparse(rng, n=100_000, p=50_000):
    """The same sizes for support vector machines."""
    return logistic_l2_sparse(rng, n, p)


PROBLEMS = {
    f.__name__: f
    for f in (
        lasso_dense, lasso_sparse, logistic_l1_dense, logistic_l1_sparse, group_lasso, logistic_l2_dense,
        logistic_l2_sparse, svm_sparse,
    )
}  # fmt: skip


def generate(name, seed=0, **shape):
    """(X, y) of a problem; `n` and `p` override its shape. One independent stream per name."""
    X, y = PROBLEMS[name](np.random.Generator(np.random.PCG64([seed, *name.encode()])), **shape)
    if sparse.issparse(X):
        X.indices, X.indptr = X.indices.astype(np.int32), X.indptr.astype(np.int32)
    return X, y


def write(name, folder, seed):
    """X.npy or X.mtx, and y.npy."""
    from scipy.io import mmwrite

    X, y = generate(name, seed)
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if sparse.issparse(X):
        mmwrite(folder / "X.mtx", X, precision=17)
    else:
        np.save(folder / "X.npy", X)
    np.save(folder / "y.npy", y)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problem", nargs="?", choices=sorted(PROBLEMS))
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.problem and args.folder:
        write(args.problem, args.folder, args.seed)
    elif args.problem:
        parser.error("the folder to write to is missing")
    else:
        for name, make in PROBLEMS.items():
            rows, columns = make.__defaults__
            print(f"{name:20} {rows} x {columns}: {make.__doc__}")


if __name__ == "__main__":
    main()
