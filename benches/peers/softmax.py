"""Multinomial logistic regression on real data, against scikit-learn: the same objective, and the times of both.

    python benches/peers/softmax.py --data DATA --southwell target/release/southwell

On each set and strength the command is run to a duality gap of 1e-8 of the loss of the null model and verified; numpy
recomputes the objective from the coefficients. scikit-learn's saga (L1) or lbfgs (ridge) runs with a tight tolerance and
a limit of iterations. A case fails if ours is above scikit-learn's by more than 1e-6 of it, or not certified.
Times are of one run each: the command's own seconds, and those of `fit`.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
from scipy import sparse
from scipy.special import logsumexp
from sklearn.datasets import dump_svmlight_file, load_svmlight_file
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

SETS = {
    "digits": "digits/digits8x8/digits.csv.gz",
    "isolet": "classification/isolet-1560/isolet-1560.svm.gz",
    "khan": "expression/khan/khan.svm.gz",
    "news20": "classification/news20/news20.gz",
}
# Penalty, and lambda / lambda_max for L1 or lambda for ridge.
CASES = [("l1", 0.1), ("l1", 0.01), ("ridge", 1.0)]


def read(path):
    """Columns of about unit size, and classes from 0."""
    if path.name.endswith(".csv.gz"):
        table = np.loadtxt(path, delimiter=",")
        X, y = table[:, :-1], table[:, -1]
    else:
        X, y = load_svmlight_file(str(path))
        X = X.toarray() if X.nnz > 0.3 * np.prod(X.shape) else X.tocsc()
    y = np.unique(y, return_inverse=True)[1]
    if sparse.issparse(X):
        return X[:, np.asarray(abs(X).max(axis=0).todense()).ravel() > 0], y
    spread = X.std(axis=0)
    return (X - X.mean(axis=0))[:, spread > 0] / spread[spread > 0], y


def objective(X, y, W, b, penalty, lam):
    Z = X @ W + b
    loss = (logsumexp(Z, axis=1) - Z[np.arange(len(y)), y]).sum()
    return loss + lam * (abs(W).sum() if penalty == "l1" else 0.5 * (W**2).sum())


def ours(program, folder, penalty, strength):
    flag = "--lambda-ratio" if penalty == "l1" else "--lambda"
    model = folder / "model.json"
    common = ["--data", str(folder / "data.svm"), "--json"]
    fit = [program, "bcd", *common, "--loss", "softmax", "--penalty", penalty, flag, str(strength)]
    fit += ["--intercept", "--tolerance", "1e-8", "--model", str(model)]
    answer = json.loads(subprocess.run(fit, capture_output=True, text=True, check=False).stdout)
    verify = [program, "verify", "--model", str(model), *common]
    verified = subprocess.run(verify, capture_output=True, check=False).returncode == 0
    saved = json.loads(model.read_text())
    k = saved["outputs"]
    W, b = np.reshape(saved["coefficients"], (-1, k)), np.array(saved["intercepts"])
    return W, b, answer, verified


def theirs(X, y, penalty, lam, most):
    # newton-cg and lbfgs leave the intercept unpenalized; the objective is C times the losses plus the penalty.
    solver = "saga" if penalty == "l1" else "lbfgs"
    mixed = {"l1_ratio": 1.0 if penalty == "l1" else 0.0}
    fit = LogisticRegression(solver=solver, C=1 / lam, tol=1e-9, max_iter=most, **mixed)
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", FutureWarning)
        fit.fit(X.tocsr() if sparse.issparse(X) else X, y)
    return fit.coef_.T, fit.intercept_, time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--southwell", default="target/release/southwell")
    parser.add_argument("--only", action="append", help="these sets alone")
    parser.add_argument("--iterations", type=int, default=3000, help="limit for scikit-learn")
    options = parser.parse_args()
    failed = False
    print(f"{'set':8} {'penalty':7} {'strength':>8} {'ours':>18} {'theirs - ours':>14} {'seconds':>8} {'theirs':>8}")
    for name, path in SETS.items():
        path = options.data / path
        if (options.only and name not in options.only) or not path.exists():
            print(f"{name:8} skipped")
            continue
        X, y = read(path)
        with tempfile.TemporaryDirectory() as temporary:
            folder = pathlib.Path(temporary)
            dump_svmlight_file(X, y, str(folder / "data.svm"), zero_based=False)
            for penalty, strength in CASES:
                W, b, answer, verified = ours(options.southwell, folder, penalty, strength)
                lam = answer["lambda"]
                mine = objective(X, y, W, b, penalty, lam)
                V, c, seconds = theirs(X, y, penalty, lam, options.iterations)
                other = objective(X, y, V, c, penalty, lam)
                spent = answer["seconds_setup"] + answer["seconds_solve"]
                why = []
                if not verified or answer["outcome"] != "converged":
                    why.append(f"not certified ({answer['outcome']})")
                if mine > other + 1e-6 * abs(other):
                    why.append("above scikit-learn's")
                if abs(mine - answer["objective"]) > 1e-9 * abs(mine):
                    why.append("objective is not as reported")
                failed |= bool(why)
                text = f"  FAILED: {', '.join(why)}" if why else ""
                print(
                    f"{name:8} {penalty:7} {strength:8} {mine:18.9f} {other - mine:14.3e} {spent:8.3f} {seconds:8.2f}{text}",
                    flush=True,
                )
    sys.exit(failed)


if __name__ == "__main__":
    main()
