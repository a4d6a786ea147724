"""Southwell against hoag, sparse-ho and scikit-learn: strengths of logistic regression by their validation loss.

    python bilevel.py FILE.svm.gz --library target/release/libsouthwell.so --model single --hoag PYTHON --sparse-ho PYTHON
    python bilevel.py FILE.svm.gz --library target/release/libsouthwell.so --model features --hoag PYTHON

The lower level is sum_train log(1 + exp(-y x.w)) + 1/2 sum_j exp(a_j) w_j^2 with one a for all features (single) or one for
each (features), a in [-6, 6] from a = 0; half of the rows, by a fixed permutation, are to train, the others to validate.
sparse-ho has no such model: its is the logistic lasso, from a tenth of lambda_max, and only its loss and time compare.
scikit-learn: LogisticRegressionCV with the validation half as its only fold, on grids of 10 and 50.

Only the strengths that a program gives are judged: the lower problem is solved again here to 1e-10, and the mean validation
loss taken there. Programs run in turn for the rounds, each in a process of its own that has read the data before its clock
starts; hoag and sparse-ho want other versions of SciPy than one another, hence the interpreters. hoag is run for several
numbers of outer iterations (100 are its default), projected to the same box: it takes a second step after its own
projection. Prints a table of Markdown: of each other program also the quickest form of Southwell's whose loss is no worse,
and the median over the rounds of its seconds by the other's.
"""

import argparse
import contextlib
import functools
import io
import json
import os
import statistics
import subprocess
import sys
import time
import warnings

LOW, HIGH = -6.0, 6.0
SEED = 1
POOLS = ("OMP", "OPENBLAS", "MKL", "NUMBA", "BLIS", "RAYON")
# Steps at most of Southwell and outer iterations of hoag, the points of scikit-learn's grids; one more form of a program
# is one more word. southwell stops at a thousandth of the first hypergradient, southwell-fine at a tenth of that.
FORMS = {
    "single": ["southwell", "southwell-fine", "hoag-10", "hoag-30", "hoag-100", "sklearn-10", "sklearn-50", "sparse-ho-30"],
    "features": ["southwell-5", "southwell-20", "southwell-100", "hoag-10", "hoag-30", "hoag-100", "hoag-quadratic-30",
                 "hoag-cubic-30"],
}  # fmt: skip


def load(path):
    import numpy as np
    from sklearn.datasets import load_svmlight_file

    X, y = load_svmlight_file(path)
    labels = np.unique(y)
    if labels.size != 2:
        raise SystemExit(f"{path}: expected two labels, found {labels.size}")
    y = np.where(y == labels[1], 1.0, -1.0)
    order = np.random.RandomState(SEED).permutation(y.size)
    train, val = order[: y.size // 2], order[y.size // 2 :]
    return X[train].tocsr(), y[train], X[val].tocsr(), y[val]


# ------------------------------------------------------------------ the programs: each gives log-strengths


def southwell(args, X, y, X_val, y_val, steps, tolerance=1e-3):
    import numpy as np

    from southwell import Library

    library = Library(args.library)
    n, d = X.shape[0], X.shape[1] if args.model == "features" else 1
    # Losses are means there: strengths are n times smaller.
    shift = np.log(n)
    rows, val = X.tocsc(), X_val.tocsc()
    limit = {"max_iterations": steps} if steps else {}

    def solve():
        bounds = np.full(d, LOW - shift), np.full(d, HIGH - shift)
        return shift + library.tune(
            (rows, y), (val, y_val), args.model == "features", np.full(d, -shift), bounds, tolerance=tolerance, **limit
        )

    return solve


def hoag(args, X, y, X_val, y_val, iterations, sequence="exponential"):
    import numpy as np
    import scipy.optimize._lbfgsb as extension
    import scipy.optimize.lbfgsb as public

    public._lbfgsb = extension  # where hoag looks for it
    from hoag import hoag_lbfgs
    from hoag.logistic import _logistic_grad_hess, _logistic_loss_and_grad
    from scipy import sparse

    features = args.model == "features"

    def loss_and_grad(w, a):
        value, gradient = _logistic_loss_and_grad(w, X, y, 0.0)
        penalty = np.exp(a)
        return value + 0.5 * (penalty * w) @ w, gradient + penalty * w

    def hessian(w, a):
        apply, penalty = _logistic_grad_hess(w, X, y, 0.0)[1], np.exp(a)
        return lambda s: apply(s) + penalty * s

    def crossed(w, a):
        return sparse.diags(np.exp(a) * w) if features else np.exp(a[0]) * w

    def solve():
        with contextlib.redirect_stdout(io.StringIO()):
            _, a, _ = hoag_lbfgs(
                loss_and_grad, hessian, crossed, lambda w, a: _logistic_loss_and_grad(w, X_val, y_val, 0.0),
                np.zeros(X.shape[1]), lambda0=np.zeros(X.shape[1] if features else 1), maxiter=iterations,
                projection=lambda a: np.clip(a, LOW, HIGH), tolerance_decrease=sequence,
            )  # fmt: skip
        return np.clip(np.atleast_1d(a), LOW, HIGH)

    return solve


def sklearn(_, X, y, X_val, y_val, points):
    import numpy as np
    from scipy import sparse
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.model_selection import PredefinedSplit

    both, labels = sparse.vstack([X, X_val]).tocsr(), np.concatenate([y, y_val])
    split = PredefinedSplit(np.concatenate([-np.ones(y.size), np.zeros(y_val.size)]))

    def solve():
        model = LogisticRegressionCV(
            Cs=np.exp(np.linspace(-HIGH, -LOW, points)), cv=split, scoring="neg_log_loss", refit=False,
            fit_intercept=False, solver="lbfgs", tol=1e-4, max_iter=1000,
        ).fit(both, labels)  # fmt: skip
        return -np.log(np.ravel(model.C_))

    return solve


def sparse_ho(_, X, y, X_val, y_val, iterations):
    import numpy as np
    from celer import LogisticRegression
    from scipy import sparse
    from sparse_ho import ImplicitForward
    from sparse_ho.criterion import HeldOutLogistic
    from sparse_ho.ho import grad_search
    from sparse_ho.models import SparseLogreg
    from sparse_ho.optimizers import GradientDescent
    from sparse_ho.utils import Monitor

    both, labels = sparse.vstack([X, X_val]).tocsc(), np.concatenate([y, y_val])
    train, val = np.arange(y.size), np.arange(y.size, labels.size)
    alpha_max = np.abs(X.T @ y).max() / (2 * y.size)

    def solve():
        monitor = Monitor()
        grad_search(
            ImplicitForward(tol_jac=1e-4, n_iter_jac=1000), HeldOutLogistic(train, val),
            SparseLogreg(estimator=LogisticRegression(penalty="l1", fit_intercept=False, max_iter=100)),
            GradientDescent(n_outer=iterations, tol=1e-5, p_grad_norm=1.0), both, labels, alpha_max / 10, monitor,
        )  # fmt: skip
        return np.log(np.ravel(monitor.alphas[int(np.argmin(monitor.objs))]))

    return solve


PROGRAMS = {
    "southwell": southwell, "southwell-fine": functools.partial(southwell, tolerance=1e-4), "hoag": hoag, "sklearn": sklearn, "sparse-ho": sparse_ho,
    "hoag-quadratic": functools.partial(hoag, sequence="quadratic"), "hoag-cubic": functools.partial(hoag, sequence="cubic"),
}  # fmt: skip


def one(args):
    """One run in this process: reads, warms up where code is compiled, solves, prints its seconds and strengths."""
    program = program_of(args.peer)
    number = 0 if program == args.peer else int(args.peer.rpartition("-")[2])
    solve = PROGRAMS[program](args, *load(args.file), number)
    if program == "sparse-ho":
        solve()  # numba compiles
    start = time.perf_counter()
    a = solve()
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "a": [float(v) for v in a]}))


# ------------------------------------------------------------------ the judge


def ridge_loss(data, a):
    """The mean validation loss of the exact lower solution."""
    import numpy as np
    from scipy.optimize import minimize
    from scipy.special import expit

    X, y, X_val, y_val = data
    penalty = np.exp(np.asarray(a)) * np.ones(X.shape[1])

    def value_and_gradient(w):
        margins = y * (X @ w)
        gradient = X.T @ (-y * expit(-margins)) + penalty * w
        return np.logaddexp(0.0, -margins).sum() + 0.5 * (penalty * w) @ w, gradient

    def product(w, v):
        s = expit(X @ w)
        return X.T @ (s * (1 - s) * (X @ v)) + penalty * v

    w = minimize(value_and_gradient, np.zeros(X.shape[1]), jac=True, hessp=product, method="trust-ncg",
                 options={"gtol": 1e-10, "maxiter": 1000}).x  # fmt: skip
    return np.logaddexp(0.0, -y_val * (X_val @ w)).mean()


def lasso_loss(data, a):
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    X, y, X_val, y_val = data
    strength = 1 / (y.size * np.exp(a[0]))
    model = LogisticRegression(C=strength, penalty="l1", solver="liblinear", fit_intercept=False, tol=1e-10, max_iter=10000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer versions would rather have another argument
        model.fit(X, y)
    return np.logaddexp(0.0, -y_val * (X_val @ model.coef_.ravel())).mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--model", choices=list(FORMS), default="single")
    parser.add_argument("--library", help="libsouthwell.so")
    parser.add_argument("--hoag", help="a Python that has hoag, which wants NumPy 1.24 and SciPy 1.10")
    parser.add_argument("--sparse-ho", help="a Python that has sparse-ho and celer")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer:
        return one(args)
    pythons = {"southwell": sys.executable, "southwell-fine": sys.executable, "sklearn": sys.executable, "sparse-ho": args.sparse_ho}
    pythons |= dict.fromkeys(("hoag", "hoag-quadratic", "hoag-cubic"), args.hoag)
    if not args.library:
        pythons["southwell"] = pythons["southwell-fine"] = None
    forms = [form for form in FORMS[args.model] if pythons[program_of(form)]]
    environment = os.environ | {f"{pool}_NUM_THREADS": str(args.threads) for pool in POOLS}
    runs = {form: [] for form in forms}
    for _ in range(args.rounds):
        for form in forms:
            command = [pythons[program_of(form)], __file__, *sys.argv[1:], "--peer", form]
            ran = subprocess.run(command, capture_output=True, text=True, env=environment)
            if ran.returncode:
                print(f"{form}: {ran.stderr.strip().splitlines()[-1]}", file=sys.stderr)
                runs.pop(form)
                forms = [f for f in forms if f in runs]
                continue
            runs[form].append(json.loads(ran.stdout.splitlines()[-1]))
    data = load(args.file)
    print(f"{os.path.basename(args.file)}, {args.model}: {data[0].shape[0]} rows to train, {data[0].shape[1]} features\n")
    loss = {form: (lasso_loss if form.startswith("sparse-ho") else ridge_loss)(data, runs[form][-1]["a"]) for form in runs}
    print(f"Validation loss at the start: {ridge_loss(data, [0.0]):.6f}\n")
    print("| program | validation loss | seconds (median) | no worse | seconds by this program's |\n|---|---|---|---|---|")
    for form in runs:
        seconds = [run["seconds"] for run in runs[form]]
        best, ratio = "", ""
        if not form.startswith("southwell"):
            ratios = {
                ours: statistics.median(o["seconds"] / s for s, o in zip(seconds, runs[ours]))
                for ours in runs
                if ours.startswith("southwell") and loss[ours] <= loss[form]
            }
            best = min(ratios, key=ratios.get, default="none")
            ratio = f"{ratios[best]:.3f}" if ratios else ""
        print(f"| {form} | {loss[form]:.6f} | {statistics.median(seconds):.3f} | {best} | {ratio} |")


def program_of(form):
    return form if form in PROGRAMS else form.rpartition("-")[0]


if __name__ == "__main__":
    main()
