"""Southwell against SciPy, pyamg and CHOLMOD on sparse positive definite systems of graphs: seconds to one residual.

    python graph.py --library PATH/libsouthwell.so
    python graph.py --library PATH/libsouthwell.so --problem lattice --side 500 --labelled 0.001 --rounds 21

All in one process on one thread. What is timed is everything from A and b (CSR) to x: copies, ordering, factorization or
multigrid setup, and the solve. The target is |b - Ax| / |b|, measured here. Iterative programs get the target as their
tolerance, and a tenth of it where that misses. Then come the rounds, one solve of each program after the other; the ratio
is taken within a round. pyamg and scikit-sparse are left out where they are not installed.
"""

import os

for variable in ("OMP", "OPENBLAS", "MKL", "NUMBA", "BLIS", "RAYON"):  # before numpy is imported
    os.environ[variable + "_NUM_THREADS"] = "1"

import argparse  # noqa: E402
import ctypes as c  # noqa: E402
import json  # noqa: E402
import statistics  # noqa: E402
import sys  # noqa: E402

import numpy as np  # noqa: E402
from scipy import sparse  # noqa: E402
from scipy.sparse import linalg  # noqa: E402

import southwell  # noqa: E402
from compare import SLOW  # noqa: E402
from rounds import median_interval, timed, verdict  # noqa: E402


def lattice(side, rng):
    node = np.arange(side * side).reshape(side, side)
    edges = np.r_[np.c_[node[:-1].ravel(), node[1:].ravel()], np.c_[node[:, :-1].ravel(), node[:, 1:].ravel()]]
    return side * side, edges, np.ones(len(edges))


def roads(side, rng):
    """A lattice with 38 % of its streets missing, each of the others in three pieces of random length."""
    n, edges, _ = lattice(side, rng)
    edges = edges[rng.random(len(edges)) < 0.62]
    m = len(edges)
    first, second = n + np.arange(m), n + m + np.arange(m)
    pieces = np.r_[np.c_[edges[:, 0], first], np.c_[first, second], np.c_[second, edges[:, 1]]]
    return n + 2 * m, pieces, 1 / rng.uniform(0.05, 1, 3 * m)


def neighbours(side, rng):
    """Random points in a square, joined to their 6 nearest; near ones more strongly."""
    from scipy.spatial import cKDTree

    n = side * side
    points = rng.random((n, 2))
    _, near = cKDTree(points).query(points, 7)
    pairs = np.c_[np.repeat(np.arange(n), 6), near[:, 1:].ravel()]
    edges = np.unique(np.sort(pairs, axis=1), axis=0)
    length = np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1)
    return n, edges, np.exp(-((length / length.mean()) ** 2))


PROBLEMS = {"lattice": (lattice, 1000), "roads": (roads, 400), "neighbours": (neighbours, 550)}


def system(name, side, labelled, seed):
    """A and b over the nodes without a label in components with one."""
    rng = np.random.default_rng(seed)
    make, default = PROBLEMS[name]
    n, edges, weight = make(side or default, rng)
    W = sparse.coo_matrix((weight, edges.T), shape=(n, n)).tocsr()
    W = (W + W.T).tocsr()
    known = np.zeros(n, bool)
    known[rng.choice(n, max(1, int(labelled * n)), replace=False)] = True
    y = np.where(known, rng.standard_normal(n), 0.0)
    count, component = sparse.csgraph.connected_components(W)
    reached = np.zeros(count, bool)
    reached[component[known]] = True
    unknown = ~known & reached[component]
    A = (sparse.diags(np.asarray(W.sum(axis=1)).ravel()) - W).tocsr()[unknown][:, unknown].tocsr()
    A.sort_indices()
    return A, np.asarray(W[unknown][:, known] @ y[known]).ravel()


def ours(library, A, b):
    raw, pointer = library.raw, c.c_void_p
    raw.swl_graph_new_quadratic.argtypes = [pointer] * 5
    raw.swl_graph_solve.argtypes = [pointer] * 4
    raw.swl_graph_values.argtypes = [pointer, pointer, c.c_int64]
    raw.swl_graph_free.argtypes, raw.swl_graph_free.restype = [pointer], None

    def solve(tolerance):
        options, graph, x = pointer(), pointer(), np.empty(len(b))
        view, right = southwell.View(A), southwell.Dense(southwell.address(b), len(b), 1, len(b), 0, 0)
        try:
            library.call("swl_options_new", b"graph", c.byref(options))
            library.call("swl_options_set_f64", options, b"tolerance", tolerance)
            make = [c.addressof(view.matrix), c.addressof(right), options, None, c.addressof(graph)]
            library.call("swl_graph_new_quadratic", *make)
            library.call("swl_graph_solve", graph, options, None, None)
            library.call("swl_graph_values", graph, southwell.address(x), x.size)
        finally:
            raw.swl_graph_free(graph)
            raw.swl_options_free(options)
        return x

    return solve


def peers(A, b):
    """Name -> solve(tolerance) of every peer that is installed."""
    found = {
        "scipy-cg": lambda tol: linalg.cg(A, b, rtol=tol, maxiter=20_000)[0],
        "scipy-cg-jacobi": lambda tol: linalg.cg(A, b, rtol=tol, maxiter=20_000, M=sparse.diags(1 / A.diagonal()))[0],
    }
    try:
        import pyamg

        found["pyamg-rs"] = lambda tol: pyamg.ruge_stuben_solver(A, max_coarse=500).solve(b, tol=tol, maxiter=500, accel="cg")
        found["pyamg-sa"] = lambda tol: pyamg.smoothed_aggregation_solver(A, max_coarse=500).solve(
            b, tol=tol, maxiter=500, accel="cg"
        )
    except ImportError:
        print("pyamg is not installed: left out")
    try:
        from sksparse.cholmod import cholesky

        found["cholmod"] = lambda tol: cholesky(A.tocsc(), ordering_method="amd", mode="supernodal")(b)
    except ImportError:
        print("scikit-sparse is not installed: left out")
    return found


def contest(name, A, b, library, rounds, target):
    residual = lambda x: float(np.linalg.norm(b - A @ x) / np.linalg.norm(b))  # noqa: E731
    programs = {"southwell": ours(library, A, b)} if library else {}
    programs |= peers(A, b)
    tolerance, once, met = {}, {}, {}
    for who, solve in programs.items():
        for tolerance[who] in (target, 0.1 * target):
            x, once[who] = timed(solve, tolerance[who])
            met[who] = residual(x)
            if met[who] <= target:
                break
    fit = [who for who in programs if met[who] <= target]
    racing = [who for who in fit if once[who] <= SLOW * min(once[w] for w in fit)]
    seconds = {who: [] for who in racing}
    for _ in range(rounds):
        for who in racing:
            seconds[who].append(timed(programs[who], tolerance[who])[1])
    result = {"problem": name, "unknowns": len(b), "entries": A.nnz, "load": os.getloadavg()[0], "seconds": seconds}
    print(f"\n{name}: {len(b)} unknowns, {A.nnz} entries (load {result['load']:.1f})")
    for who in programs:
        if who in racing:
            print(f"  {who:16} {statistics.median(seconds[who]):9.4f} s  (fastest {min(seconds[who]):.4f}; residual {met[who]:.1e})")
        else:
            print(f"  {who:16} not counted: {once[who]:.3g} s, residual {met[who]:.1e}")
    others = [who for who in racing if who != "southwell"]
    if "southwell" in racing and others:
        best = min(others, key=lambda who: statistics.median(seconds[who]))
        middle, low, high = median_interval([a / b for a, b in zip(seconds["southwell"], seconds[best])])
        result |= {"best": best, "speed": middle, "low": low, "high": high, "verdict": verdict(low, high)}
        print(f"  southwell / {best}: {middle:.3f} [{low:.3f}, {high:.3f}]  {result['verdict']}", flush=True)
    elif "southwell" in racing:
        result["verdict"] = "faster"
    return result


def main():
    """Exit code 1 if Southwell failed or was slower on some problem."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", help="Southwell's shared library; without it the peers run alone")
    parser.add_argument("--problem", action="append", choices=list(PROBLEMS), help="may be given several times")
    parser.add_argument("--side", type=int, help="nodes on a side (default: by problem)")
    parser.add_argument("--labelled", type=float, default=0.01, help="share of labelled nodes")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--target", type=float, default=1e-8, help="relative residual to reach")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", help="file for the records, one JSON object a line")
    args = parser.parse_args()
    library = southwell.Library(args.library) if args.library else None
    bad = 0
    for name in args.problem or PROBLEMS:
        result = contest(name, *system(name, args.side, args.labelled, args.seed), library, args.rounds, args.target)
        bad += bool(library) and result.get("verdict", "SLOWER") == "SLOWER"
        if args.save:
            with open(args.save, "a") as file:
                print(json.dumps(result), file=file)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
