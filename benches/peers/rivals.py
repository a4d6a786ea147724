"""The programs compared: for each, a function of its own tolerance that fits from scratch and gives coefficients.

What a program needs the data converted to is done here, before any clock starts: each gets the layout that it
takes without a copy. Penalties are those of the plain-sum objective; each program's own scaling is undone here.
"""

import ctypes
import importlib.metadata
import importlib.util
from dataclasses import dataclass
from typing import Callable

import numpy as np
from scipy import sparse

import southwell


@dataclass
class Rival:
    """`solve(tolerance)` is what is timed; `first` is the tolerance at which the ladder starts."""

    name: str
    version: str
    solve: Callable
    first: float


def by_rows(X):
    return X.tocsr() if sparse.issparse(X) else np.ascontiguousarray(X)


def sklearn_lasso(X, y, lam):
    from sklearn.linear_model import Lasso

    def solve(tolerance):
        model = Lasso(lam / y.size, fit_intercept=False, tol=tolerance, max_iter=100_000, copy_X=False)
        return model.fit(X, y).coef_

    return Rival("scikit-learn", importlib.metadata.version("scikit-learn"), solve, 1e-1)


def celer_lasso(X, y, lam):
    from celer import Lasso

    def solve(tolerance):
        return Lasso(lam / y.size, fit_intercept=False, tol=tolerance, max_iter=200).fit(X, y).coef_

    return Rival("celer", importlib.metadata.version("celer"), solve, 1e-1)


def sklearn_path(X, y, lambdas):
    from sklearn.linear_model import lasso_path

    def solve(tolerance):
        return lasso_path(X, y, alphas=lambdas / y.size, tol=tolerance, max_iter=100_000, precompute=False, copy_X=False)[1]

    return Rival("scikit-learn", importlib.metadata.version("scikit-learn"), solve, 1e-6)


def celer_path(X, y, lambdas):
    from celer import celer_path

    def solve(tolerance):
        return celer_path(X, y, "lasso", alphas=lambdas / y.size, tol=tolerance, max_iter=200, prune=1)[1]

    return Rival("celer", importlib.metadata.version("celer"), solve, 1e-6)


def skglm_path(X, y, lambdas):
    from skglm import Lasso

    def solve(tolerance):
        model = Lasso(fit_intercept=False, tol=tolerance, max_iter=200, warm_start=True)
        return model.path(X, y, lambdas / y.size)[1]

    return Rival("skglm", importlib.metadata.version("skglm"), solve, 1e-5)


def sklearn_logistic(X, y, lam):
    from sklearn.linear_model import LogisticRegression

    rows = by_rows(X)

    def solve(tolerance):
        model = LogisticRegression(
            C=1.0 / lam, l1_ratio=1.0, solver="liblinear", fit_intercept=False, tol=tolerance, max_iter=10_000,
            random_state=0,
        )  # fmt: skip
        return model.fit(rows, y).coef_.ravel()

    return Rival("scikit-learn", importlib.metadata.version("scikit-learn"), solve, 1e-1)


def celer_logistic(X, y, lam):
    from celer import LogisticRegression

    def solve(tolerance):
        return LogisticRegression(C=1.0 / lam, tol=tolerance, max_iter=200).fit(X, y).coef_.ravel()

    return Rival("celer", importlib.metadata.version("celer"), solve, 1e-1)


def liblinear_logistic(X, y, lam):
    solve = liblinear(X, y, 6, 1.0 / lam)
    return Rival("liblinear", importlib.metadata.version("liblinear-official"), solve, 1e-1)


def liblinear(X, y, kind, C):
    """`train -s kind -c C -e tolerance` of the official library, without a bias."""
    from liblinear.liblinear import problem
    from liblinear.liblinearutil import parameter, train

    data = problem(y, by_rows(X))
    libc = ctypes.CDLL(None)

    def solve(tolerance):
        libc.srand(1)  # it draws from the C library, so that a second run would differ from the first
        model = train(data, parameter(f"-s {kind} -c {C!r} -e {tolerance!r} -B -1 -q"))
        found, _ = model.get_decfun()
        coef = np.zeros(X.shape[1])
        coef[: len(found)] = found
        return coef if model.get_labels()[0] == 1 else -coef

    return solve


def ours(library, logistic, X, y, lam):
    """Southwell through its C library on one thread."""
    view = southwell.View(X)
    loss = "logistic" if logistic else "squared"

    def solve(tolerance):
        return library.bcd(view, y, loss=loss, penalty="l1", **{"lambda": lam}, tolerance=tolerance, threads=1)

    return Rival("southwell", "", solve, 1e-1)


def our_path(library, X, y, lambdas):
    """Southwell's path through its C library on one thread."""
    view = southwell.View(X)

    def solve(tolerance):
        return library.path(view, y, lambdas, loss="squared", penalty="l1", tolerance=tolerance, threads=1)

    return Rival("southwell", "", solve, 1e-4)


def path_peers(X, y, lambdas):
    """Every peer that solves a lasso path; skglm where it is installed."""
    makers = [sklearn_path, celer_path]
    if importlib.util.find_spec("skglm"):
        makers.append(skglm_path)
    return [make(X, y, lambdas) for make in makers]


def peers(logistic, X, y, lam):
    """Every peer that solves the problem."""
    makers = [sklearn_logistic, celer_logistic, liblinear_logistic] if logistic else [sklearn_lasso, celer_lasso]
    return [make(X, y, lam) for make in makers]
