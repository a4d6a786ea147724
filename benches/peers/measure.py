"""Optimality measures, the same for every program: numpy and scipy only, nothing of the programs measured.

Objectives are plain sums of losses plus the penalty. Each function takes the data and a point and gives
(primal, dual): the dual point is built here from the residual and scaled to be feasible, so that primal - dual
bounds primal - optimum from above for any point. Away from the optimum that bound is loose, never wrong.
"""

import numpy as np
from scipy.special import expit, xlogy


def relative_gap(primal, dual):
    """(primal - lower bound) / primal."""
    return (primal - dual) / primal if primal > 0 else 0.0


def log_loss(margins):
    """sum of log(1 + exp(-margin))."""
    return np.logaddexp(0.0, -margins).sum()


def group_norms(v, groups):
    """||v_g|| for each group; `groups` labels each feature from 0, None: every feature alone."""
    return np.abs(v) if groups is None else np.sqrt(np.bincount(groups, weights=v * v))


def null_loss(y, logistic):
    """The loss of the zero model."""
    return y.size * np.log(2.0) if logistic else y @ y / 2


def lambda_max(X, y, logistic, groups=None):
    """The smallest lambda with a zero solution."""
    gradient = X.T @ (y / 2 if logistic else y)
    return group_norms(gradient, groups).max()


def squared(X, y, lam, w, groups=None):
    """1/2 ||y - Xw||^2 + lam sum_g ||w_g||."""
    residual = y - X @ w
    square = residual @ residual
    primal = square / 2 + lam * group_norms(w, groups).sum()
    steepest = group_norms(X.T @ residual, groups).max()
    scale = (residual @ y) / square if square > 0 else 0.0  # the best multiple of the residual ...
    bound = lam / steepest if steepest > 0 else np.inf
    theta = residual * np.clip(scale, -bound, bound)  # ... that is dual feasible
    return primal, theta @ y - theta @ theta / 2


def logistic_l1(X, y, lam, w):
    """sum log(1 + exp(-y x.w)) + lam ||w||_1."""
    margins = y * (X @ w)
    primal = log_loss(margins) + lam * np.abs(w).sum()
    u = expit(-margins)
    steepest = np.abs(X.T @ (y * u)).max()
    if steepest > lam:
        u *= lam / steepest
    return primal, -(xlogy(u, u) + xlogy(1 - u, 1 - u)).sum()


def svm(X, y, lam, w, power, alpha):
    """sum max(0, 1 - y x.w)^power + lam/2 ||w||^2; the lower bound is the dual value at `alpha`, whoever found it."""
    primal = (np.maximum(0.0, 1.0 - y * (X @ w)) ** power).sum() + lam / 2 * (w @ w)
    alpha = np.clip(alpha, 0.0, 1.0 if power == 1 else None)
    v = X.T @ (alpha * y)
    return primal, alpha.sum() - v @ v / (2 * lam) - (alpha @ alpha / 4 if power == 2 else 0.0)


def logistic_l2(X, y, lam, w):
    """sum log(1 + exp(-y x.w)) + lam/2 ||w||^2; the lower bound is that of strong convexity."""
    margins = y * (X @ w)
    primal = log_loss(margins) + lam / 2 * (w @ w)
    gradient = lam * w - X.T @ (y * expit(-margins))
    return primal, primal - gradient @ gradient / (2 * lam)
