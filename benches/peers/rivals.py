"""The programs compared: for each, a function of its own tolerance that fits from scratch and gives coefficients.

What a program needs the data converted to is done here, before any clock starts: each gets the layout that it
takes without a copy. Penalties are those of the plain-sum objective; each program's own scaling is undone here.
"""

import ctypes
import importlib.metadata
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


def liblinear_svm(X, y, lam, power):
    """-s 3 for the hinge; -s 1 (dual) and -s 2 (primal) for its square."""
    version = importlib.metadata.version("liblinear-official")
    kinds = {1: [3], 2: [1, 2]}[power]
    return [Rival(f"liblinear s{kind}", version, liblinear(X, y, kind, 1.0 / lam), 1e-1) for kind in kinds]


def our_svm(library, X, y, lam, power):
    """Southwell on one thread, and a tight dual point of its own for the lower bound."""
    view, loss = southwell.View(X), "hinge" if power == 1 else "squared-hinge"
    settings = {"loss": loss, "penalty": "ridge", "lambda": lam, "threads": 1}
    _, dual = library.bcd(view, y, with_dual=True, tolerance=1e-12, **settings)
    rival = Rival("southwell", "", lambda tolerance: library.bcd(view, y, tolerance=tolerance, **settings), 1e-1)
    return rival, y * dual


def ours(library, logistic, X, y, lam):
    """Southwell through its C library on one thread."""
    view = southwell.View(X)
    loss = "logistic" if logistic else "squared"

    def solve(tolerance):
        return library.bcd(view, y, loss=loss, penalty="l1", **{"lambda": lam}, tolerance=tolerance, threads=1)

    return Rival("southwell", "", solve, 1e-1)


def peers(logistic, X, y, lam):
    """Every peer that solves the problem."""
    makers = [sklearn_logistic, celer_logistic, liblinear_logistic] if logistic else [sklearn_lasso, celer_lasso]
    return [make(X, y, lam) for make in makers]
