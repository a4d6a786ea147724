"""What is compared: for each problem its kind, and for each kind the measure, Southwell's options and the peers."""

from dataclasses import dataclass
from typing import Callable

import numpy as np

import measure
import rivals
import southwell
from problems import GROUP_SIZE

POINTS = 20  # strengths of a path, evenly spaced on a log scale from lambda_max down
TIGHT = 1e-12  # tolerance of dual points for lower bounds


@dataclass
class Kind:
    """`strength(X, y, ratio)` is lambda; `bounds(X, y, lam, coef, dual)` is (primal, dual) of a point."""

    settings: dict
    strength: Callable
    bounds: Callable
    peers: list
    # Whether the lower bound wants a dual point, which Southwell finds; any point gives a valid bound, a good one a tight one.
    wants_dual: bool = False


def groups_of(X):
    return np.arange(X.shape[1]) // GROUP_SIZE


def of_largest(logistic, grouped=False):
    """lambda as a share of the smallest one whose solution is zero."""
    return lambda X, y, ratio: float(
        ratio * measure.lambda_max(X, y, logistic, groups_of(X) if grouped else None)
    )


def plain(bounds):
    """The same without a dual point."""
    return lambda X, y, lam, w, _: bounds(X, y, lam, w)


def svm(power, loss, peers):
    """lambda = 1 / C."""

    def bounds(X, y, lam, w, dual):
        return measure.svm(X, y, lam, w, power, y * dual)

    return Kind({"loss": loss, "penalty": "ridge"}, lambda X, y, C: 1.0 / C, bounds, peers, wants_dual=True)


KINDS = {
    "lasso": Kind(
        {"loss": "squared", "penalty": "l1"},
        of_largest(False),
        plain(measure.squared),
        [rivals.sklearn_lasso, rivals.celer_lasso, rivals.skglm_lasso, rivals.adelie_lasso],
    ),
    "logistic lasso": Kind(
        {"loss": "logistic", "penalty": "l1"},
        of_largest(True),
        plain(measure.logistic_l1),
        [rivals.sklearn_logistic, rivals.celer_logistic, rivals.skglm_logistic, rivals.liblinear_logistic],
    ),
    "group lasso": Kind(
        {"loss": "squared", "penalty": "group", "group_size": GROUP_SIZE},
        of_largest(False, grouped=True),
        lambda X, y, lam, w, _: measure.squared(X, y, lam, w, groups_of(X)),
        [rivals.celer_group, rivals.skglm_group, rivals.adelie_group],
    ),
    "ridge logistic": Kind(
        {"loss": "logistic", "penalty": "ridge"},
        lambda X, y, ratio: float(ratio),
        plain(measure.logistic_l2),
        [
            rivals.sklearn_ridge("lbfgs"), rivals.sklearn_ridge("newton-cg"), rivals.sklearn_ridge("newton-cholesky"),
            rivals.liblinear_ridge("primal"), rivals.liblinear_ridge("dual"),
        ],
    ),
    "lasso path": Kind(
        {"loss": "squared", "penalty": "l1"},
        lambda X, y, ratio: float(measure.lambda_max(X, y, False)) * np.geomspace(1.0, ratio, POINTS),
        plain(measure.squared),
        [rivals.sklearn_path, rivals.celer_path, rivals.skglm_path],
    ),
    "hinge": svm(1, "hinge", [rivals.liblinear_svm(3, "dual")]),
    "squared hinge": svm(
        2, "squared-hinge", [rivals.liblinear_svm(1, "dual"), rivals.liblinear_svm(2, "primal")]
    ),
}  # fmt: skip

# For each case its problem, its kind, and the strengths: lambda / lambda_max (of the last point of a path), for the ridge
# lambda itself, for the support vector machines C.
CASES = {
    "lasso_dense": ("lasso_dense", "lasso", [0.1, 0.01]),
    "lasso_sparse": ("lasso_sparse", "lasso", [0.1, 0.01]),
    "lasso_dense_path": ("lasso_dense", "lasso path", [0.01]),
    "lasso_sparse_path": ("lasso_sparse", "lasso path", [0.01]),
    "logistic_l1_dense": ("logistic_l1_dense", "logistic lasso", [0.1, 0.01]),
    "logistic_l1_sparse": ("logistic_l1_sparse", "logistic lasso", [0.1, 0.05, 0.01]),
    "group_lasso": ("group_lasso", "group lasso", [0.1, 0.01]),
    "logistic_l2_dense": ("logistic_l2_dense", "ridge logistic", [1.0]),
    "logistic_l2_sparse": ("logistic_l2_sparse", "ridge logistic", [1.0]),
    "svm_hinge": ("svm_sparse", "hinge", [1.0]),
    "svm_squared_hinge": ("svm_sparse", "squared hinge", [1.0]),
}


class Case:
    """One problem at one strength, with the measure that all programs have to meet."""

    def __init__(self, name, X, y, ratio, library):
        self.name, self.X, self.y, self.ratio = name, X, y, ratio
        self.kind = KINDS[CASES[name][1]]
        self.lam = self.kind.strength(X, y, ratio)
        self.settings = self.kind.settings | {"lambda": self.lam}
        self.dual = None
        if self.kind.wants_dual:
            _, self.dual = library.bcd(southwell.View(X), y, with_dual=True, tolerance=TIGHT, **self.settings)

    def gap(self, coef):
        """The relative gap; of a path, whose coefficients come in columns, that of its worst point."""
        if isinstance(self.lam, np.ndarray):
            return max(self.gap_at(lam, w) for lam, w in zip(self.lam, np.asarray(coef).T))
        return self.gap_at(self.lam, coef)

    def gap_at(self, lam, coef):
        return float(measure.relative_gap(*self.kind.bounds(self.X, self.y, lam, coef, self.dual)))

    def peers(self):
        """Every peer that can solve the problem and is installed; names of those that are not."""
        found, absent = [], []
        for make in self.kind.peers:
            try:
                found.append(make(self.X, self.y, self.lam))
            except ImportError as error:
                absent.append(error.name or str(error))
        return [rival for rival in found if rival], absent

    def ours(self, library):
        if isinstance(self.lam, np.ndarray):
            return rivals.our_path(library, self.X, self.y, self.lam)
        return rivals.ours(library, self.X, self.y, self.settings)
