"""Optima to compare with, by scikit-learn, liblinear and (group lasso) celer, solved tightly.

What a program returns is polished by Newton's method on its support, and the better of the two points counts. Each
reference says how good it is: `gap` is the distance of its objective from a lower bound computed in measure.py.
References are kept in a folder if one is named, since they take longer than the runs that they judge.
"""

import hashlib
import json
import pathlib
import warnings
from dataclasses import asdict, dataclass

import numpy as np
from scipy import sparse
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.sparse.linalg import LinearOperator, cg
from scipy.special import expit

import measure
import rivals
from datasets import GROUP, LASSO, LOGISTIC, RIDGE

TIGHT = 1e-9  # relative gap that ends the search for a better reference
MOST_POLISHED = 3000  # largest support that is polished with a dense Hessian


@dataclass
class Reference:
    """The objective of a feasible point, and a bound on its distance from the optimum."""

    objective: float
    gap: float
    program: str


def evaluate(kind, data, lam, w):
    """(primal, dual) of the problem at w."""
    if kind == LOGISTIC:
        return measure.logistic_l1(data.X, data.y, lam, w)
    if kind == RIDGE:
        return measure.logistic_l2(data.X, data.y, lam, w)
    return measure.squared(data.X, data.y, lam, w, data.groups if kind == GROUP else None)


# ---------------------------------------------------------------- polishing


def curvature(X, weights):
    """X' diag(weights) X, dense; weights None: X'X."""
    if weights is None:
        product = X.T @ X
    else:
        product = X.T @ (sparse.diags(weights) @ X if sparse.issparse(X) else weights[:, None] * X)
    return product.toarray() if sparse.issparse(product) else product


def solve_symmetric(H, b):
    try:
        return cho_solve(cho_factor(H), b)
    except LinAlgError:
        return np.linalg.lstsq(H, b, rcond=1e-14)[0]


def loss_parts(kind, data, w):
    """(gradient with respect to Xw, its second derivative or None)."""
    z = data.X @ w
    if kind in (LASSO, GROUP):
        return z - data.y, None
    wrong = expit(-data.y * z)
    return -data.y * wrong, wrong * (1 - wrong)


def penalty_parts(lam, v, labels):
    """(gradient, Hessian or None) of lam sum_g ||v_g|| at v without zero groups."""
    if labels is None:
        return lam * np.sign(v), None
    norms = measure.group_norms(v, labels)[labels]
    unit = v / norms
    same = labels[:, None] == labels[None, :]
    return lam * unit, lam * same * (np.eye(v.size) - np.outer(unit, unit)) / norms[:, None]


def polish_sparse(kind, data, lam, w, steps=20):
    """Newton on the groups (or features) that are not zero; those that change sign leave."""
    w = w.copy()
    groups = data.groups if kind == GROUP else None
    labels = np.arange(w.size) if groups is None else groups
    for _ in range(steps):
        active = (np.sqrt(np.bincount(labels, weights=w * w)) > 1e-12)[labels]
        w[~active] = 0.0
        if not 0 < active.sum() <= MOST_POLISHED:
            break
        S, v = data.X[:, np.flatnonzero(active)], w[active]
        slope, weights = loss_parts(kind, data, w)
        at, bend = penalty_parts(lam, v, None if groups is None else np.unique(groups[active], return_inverse=True)[1])
        H = curvature(S, weights) + (0.0 if bend is None else bend)
        moved = v - solve_symmetric(H, S.T @ slope + at)
        if groups is None:
            moved[np.sign(moved) != np.sign(v)] = 0.0
        w[active] = moved
        if np.linalg.norm(moved - v) <= 1e-14 * np.linalg.norm(v):
            break
    return w


def newton_step(data, lam, weights, gradient):
    p = data.X.shape[1]
    if p <= MOST_POLISHED:
        return solve_symmetric(curvature(data.X, weights) + lam * np.eye(p), -gradient)
    product = LinearOperator((p, p), matvec=lambda v: data.X.T @ (weights * (data.X @ v)) + lam * v)
    return cg(product, -gradient, rtol=1e-6, maxiter=500)[0]


def polish_ridge(data, lam, w, steps=15):
    """Damped Newton for the ridge logistic."""
    value = measure.logistic_l2(data.X, data.y, lam, w)[0]
    for _ in range(steps):
        slope, weights = loss_parts(RIDGE, data, w)
        step, size = newton_step(data, lam, weights, lam * w + data.X.T @ slope), 1.0
        while size > 1e-6 and measure.logistic_l2(data.X, data.y, lam, w + size * step)[0] > value:
            size /= 2
        if size <= 1e-6:
            break
        w = w + size * step
        value, bound = measure.logistic_l2(data.X, data.y, lam, w)
        if value - bound <= 1e-14 * value:
            break
    return w


# ---------------------------------------------------------------- the programs


def lasso_points(data, lam):
    """scikit-learn, on X'X where that is the smaller one; where it crawls, accelerated proximal gradients."""
    from sklearn.linear_model import Lasso

    n, p = data.X.shape
    small = p <= 3000 and n > p
    X = data.X.toarray(order="F") if small and sparse.issparse(data.X) else data.X
    for passes in (2000, 100_000):
        model = Lasso(lam / n, fit_intercept=False, tol=1e-12, max_iter=passes, precompute=small)
        w = model.fit(X, data.y).coef_
        yield "scikit-learn", w
    if small:
        yield "proximal gradients", accelerated(data, lam, None, w, 200_000)


def group_points(data, lam):
    """celer, since scikit-learn has no group lasso; where it stalls, accelerated proximal gradients."""
    from celer import GroupLasso

    groups = [np.flatnonzero(data.groups == g).tolist() for g in range(data.groups.max() + 1)]
    model = GroupLasso(groups, lam / data.y.size, fit_intercept=False, tol=1e-12, max_iter=10)
    w = model.fit(data.X, data.y).coef_
    yield "celer", w
    for steps in (10_000, 200_000):
        w = accelerated(data, lam, data.groups, w, steps)
        yield "proximal gradients", w


def accelerated(data, lam, groups, w, steps):
    """FISTA with restarts; the problems are small, so that a step costs a product with X'X."""
    Q, b = curvature(data.X, None), data.X.T @ data.y
    labels = np.arange(w.size) if groups is None else groups
    size = 1.0 / np.linalg.eigvalsh(Q)[-1]
    ahead, momentum = w, 1.0
    for _ in range(steps):
        moved = ahead - size * (Q @ ahead - b)
        norms = np.maximum(measure.group_norms(moved, groups), 1e-300)
        moved *= np.maximum(0.0, 1.0 - size * lam / norms)[labels]
        grown = (1.0 + np.sqrt(1.0 + 4.0 * momentum**2)) / 2.0
        if (ahead - moved) @ (moved - w) > 0:  # uphill: start the momentum anew
            grown, momentum = 1.0, 1.0
        ahead, w, momentum = moved + (momentum - 1.0) / grown * (moved - w), moved, grown
    return w


def logistic_points(data, lam):
    solve = rivals.liblinear(data.X, data.y, 6, 1.0 / lam)
    for tolerance in (1e-6, 1e-9):
        yield "liblinear", solve(tolerance)


def ridge_points(data, lam):
    solve = rivals.liblinear(data.X, data.y, 0, 1.0 / lam)
    for tolerance in (1e-8, 1e-12):
        yield "liblinear", solve(tolerance)


POINTS = {LASSO: lasso_points, GROUP: group_points, LOGISTIC: logistic_points, RIDGE: ridge_points}


def compute(kind, data, lam):
    """The best point of the programs, polished or not, that is tight if any is."""
    best = None
    for program, w in POINTS[kind](data, lam):
        better = polish_ridge(data, lam, w) if kind == RIDGE else polish_sparse(kind, data, lam, w)
        for point in (w, better):
            primal, dual = evaluate(kind, data, lam, point)
            if best is None or primal - dual < best.gap:
                best = Reference(float(primal), float(max(primal - dual, 0.0)), program)
        if best.gap <= TIGHT * best.objective:
            break
    return best


def fingerprint(kind, data, lam):
    """A name for the problem that changes with its data."""
    parts = (data.X.data, data.X.indices, data.X.indptr) if sparse.issparse(data.X) else (data.X,)
    digest = hashlib.sha256(f"{kind} {lam:.12e} {data.X.shape}".encode())
    for part in (*parts, data.y) if data.groups is None else (*parts, data.y, data.groups):
        digest.update(np.ascontiguousarray(part.T))
    return digest.hexdigest()[:24]


def reference(kind, data, lam, cache=None):
    """The reference of a problem, from the folder `cache` if it is there."""
    file = pathlib.Path(cache) / f"{data.name}-{kind}-{fingerprint(kind, data, lam)}.json" if cache else None
    if file and file.exists():
        return Reference(**json.loads(file.read_text()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = compute(kind, data, lam)
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(found)))
    return found
