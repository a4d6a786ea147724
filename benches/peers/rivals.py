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
from problems import GROUP_SIZE


MOST_DENSE = 5000  # features of a dense Hessian


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


def skglm_lasso(X, y, lam):
    from skglm import Lasso

    return skglm(Lasso, (lam / y.size,), X, y)


def skglm_logistic(X, y, lam):
    from skglm import SparseLogisticRegression

    return skglm(SparseLogisticRegression, (lam / y.size,), X, y)


def skglm_group(X, y, lam):
    from skglm import GroupLasso

    return skglm(GroupLasso, (GROUP_SIZE, lam / y.size), X, y)


def skglm(Model, arguments, X, y):
    def solve(tolerance, max_iter=500):
        return Model(*arguments, fit_intercept=False, tol=tolerance, max_iter=max_iter).fit(X, y).coef_.ravel()

    solve(1e-3)  # compiles everything that a fit runs through, before the ladder's budget counts
    return Rival("skglm", importlib.metadata.version("skglm"), solve, 1e-1)


def celer_group(X, y, lam):
    from celer import GroupLasso

    def solve(tolerance):
        model = GroupLasso(GROUP_SIZE, lam / y.size, fit_intercept=False, tol=tolerance, max_iter=200)
        return model.fit(X, y).coef_

    return Rival("celer", importlib.metadata.version("celer"), solve, 1e-1)


def adelie_lasso(X, y, lam):
    return adelie(X, y, lam, 1)


def adelie_group(X, y, lam):
    return adelie(X, y, lam, GROUP_SIZE)


def adelie(X, y, lam, size):
    import adelie as ad

    if sparse.issparse(X):
        design = ad.matrix.sparse(X, method="naive", n_threads=1)
    else:
        design = ad.matrix.dense(X, method="naive", n_threads=1)
    starts = np.arange(0, X.shape[1], size)

    def solve(tolerance):
        state = ad.grpnet(
            design, ad.glm.gaussian(y), groups=starts, penalty=np.ones(len(starts)), lmda_path=[lam / y.size],
            intercept=False, tol=tolerance, n_threads=1, early_exit=False, progress_bar=False,
        )  # fmt: skip
        return np.asarray(state.betas.todense()).ravel()

    return Rival("adelie", importlib.metadata.version("adelie"), solve, 1e-5)


def sklearn_ridge(solver):
    def make(X, y, lam):
        from sklearn.linear_model import LogisticRegression

        if solver == "newton-cholesky" and X.shape[1] > MOST_DENSE:
            return None
        rows = by_rows(X)

        def solve(tolerance):
            model = LogisticRegression(C=1.0 / lam, solver=solver, fit_intercept=False, tol=tolerance, max_iter=20_000)
            return model.fit(rows, y).coef_.ravel()

        return Rival(f"scikit-learn {solver}", importlib.metadata.version("scikit-learn"), solve, 1e-1)

    return make


def liblinear_ridge(form):
    def make(X, y, lam):
        solve = liblinear(X, y, {"primal": 0, "dual": 7}[form], 1.0 / lam)
        return Rival(f"liblinear {form}", importlib.metadata.version("liblinear-official"), solve, 1e-1)

    return make


def liblinear_svm(kind, form):
    """-s 3 for the hinge; -s 1 (dual) and -s 2 (primal) for its square."""

    def make(X, y, lam):
        version = importlib.metadata.version("liblinear-official")
        return Rival(f"liblinear {form}", version, liblinear(X, y, kind, 1.0 / lam), 1e-1)

    return make


def ours(library, X, y, settings):
    """Southwell through its C library on one thread."""
    view = southwell.View(X)

    def solve(tolerance):
        return library.bcd(view, y, **settings, tolerance=tolerance, threads=1)

    return Rival("southwell", "", solve, 1e-1)


def our_path(library, X, y, lambdas):
    """Southwell's path through its C library on one thread."""
    view = southwell.View(X)

    def solve(tolerance):
        return library.path(view, y, lambdas, loss="squared", penalty="l1", tolerance=tolerance, threads=1)

    return Rival("southwell", "", solve, 1e-4)
