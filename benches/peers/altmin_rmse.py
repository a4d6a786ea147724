"""Southwell against libmf, cmfrec and a plain ALS in Numba: seconds to the same error on held-out ratings.

    python altmin_rmse.py --library target/release/libsouthwell.so --data movielens --table TABLE.md
    python altmin_rmse.py --library target/release/libsouthwell.so --data power-law --rounds 3 --settings 1 --budget 200

Every program fits in single precision with the same rank and threads, each setting of its grid for 1, 2, 3, 4, 6, 8, ..
sweeps from scratch until its error on the test entries has risen twice or the budget is spent. What is timed is the fit,
from triplets in memory to a model that can predict. The level is 0.2 % above the least error that any of the *other*
programs reached with any setting and number of sweeps; then each program runs its fastest way to the level in turn for
the rounds, and the ratios are taken within a round.

Settings are chosen on the test entries, for all programs alike: the question here is speed at equal error, not the error.
cmfrec and Southwell have joint biases and ridges by degree or not; libmf (stochastic gradients) and the plain ALS
fit what is left of the mean. implicit has no model of explicit ratings and takes no part.

movielens: 100K, fold u1 (research use; from the folder `--folder`, as u1.base.gz and u1.test.gz). douban: train.csv.gz and
test.csv.gz of the 3000 x 3000 benchmark there. power-law: 100,000 x 20,000, 20 million ratings of a matrix of rank 10 with biases
and noise; how often a row or column occurs falls by a power law; 2 % more are held out. With `--settings N` each program
keeps the N settings of its grid that had the least error on a tenth of the rows and columns (as many ratings in each)
within 16 sweeps.
"""

import argparse
import json
import os
import sys

POOLS = ("OMP", "OPENBLAS", "MKL", "NUMBA", "BLIS", "RAYON")
SWEEPS = [1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128]
TRIAL_SWEEPS = 16
SHORT = 0.5
SLACK = 1.002


def power_law(m=100_000, n=20_000, observed=20_000_000, held_out=400_000, rank=10):
    import numpy as np

    rng = np.random.default_rng(3)

    def draw(size, exponent, count):
        weight = (np.arange(size) + 20.0) ** -exponent
        return rng.permutation(size)[np.searchsorted(np.cumsum(weight / weight.sum()), rng.random(count)).clip(max=size - 1)]

    cells = np.empty(0, np.int64)
    while cells.size < observed + held_out:
        count = (observed + held_out - cells.size) * 5 // 4
        cells = np.unique(np.concatenate([cells, draw(m, 0.4, count) * n + draw(n, 0.6, count)]))
    cells = rng.permutation(cells)[: observed + held_out]
    row, col = np.divmod(cells, n)
    u, v = rng.standard_normal((m, rank)), rng.standard_normal((n, rank)) / rank**0.5
    b, c = 0.4 * rng.standard_normal(m), 0.4 * rng.standard_normal(n)
    value = 3.5 + b[row] + c[col] + 0.7 * rng.standard_normal(row.size)
    for first in range(0, row.size, 1 << 20):
        part = slice(first, first + (1 << 20))
        value[part] += 0.5 * np.einsum("ij,ij->i", u[row[part]], v[col[part]])
    value = value.clip(1.0, 5.0).astype(np.float32)
    row, col = row.astype(np.int32), col.astype(np.int32)
    return (m, n), *((row[p], col[p], value[p]) for p in (slice(observed), slice(observed, None)))


def table_of(path, separator, header, base=1):
    import numpy as np

    columns = np.loadtxt(path, delimiter=separator, skiprows=header, usecols=(0, 1, 2))
    row, col = (columns[:, k].astype(np.int32) - base for k in (0, 1))
    return row, col, columns[:, 2].astype(np.float32)


def load(name, folder):
    """(shape, train, test), each of the two (row, col, value)."""
    if name == "power-law":
        return power_law()
    if name == "movielens":
        base = os.path.join(folder, "ml-100k")
        return (943, 1682), *(table_of(os.path.join(base, f"u1.{part}.gz"), "\t", 0) for part in ("base", "test"))
    base = os.path.join(folder, "douban")
    return (3000, 3000), *(table_of(os.path.join(base, f"{part}.csv.gz"), ",", 1) for part in ("train", "test"))


# ------------------------------------------------------------------ the programs: settings -> fit(sweeps) -> predict


def southwell_fits(data, rank, threads, library):
    import southwell

    shape, (row, col, value), _ = data
    library = southwell.Library(library)

    def of(ridge, power):
        def fit(sweeps):
            model = library.altmin(
                shape, row, col, value, rank=rank, ridge=ridge, ridge_power=power, biases="true", precision="single",
                threads=threads, max_iterations=sweeps, tolerance=1e-8, search="plain",
            )  # fmt: skip
            return model.predict

        return fit

    ways = [(r, 1.0) for r in (0.02, 0.05, 0.1, 0.15)] + [(r, 0.0) for r in (5.0, 10.0, 20.0)]
    return {f"ridge {r:g}{' by degree' * (p > 0)}, biases": of(r, p) for r, p in ways}


def cmfrec_fits(data, rank, threads, _):
    from cmfrec import CMF
    from scipy import sparse

    shape, (row, col, value), _ = data
    matrix = sparse.coo_matrix((value, (row, col)), shape=shape)

    def of(ridge, scaled, cg):
        def fit(sweeps):
            model = CMF(
                k=rank, lambda_=ridge, scale_lam=scaled, method="als", use_cg=cg, finalize_chol=False, niter=sweeps,
                use_float=True, nthreads=threads, verbose=False, precompute_for_predictions=False, handle_interrupt=False,
                random_state=0,
            ).fit(matrix)  # fmt: skip
            return model.predict

        return fit

    ways = [(r, True) for r in (0.02, 0.05, 0.1, 0.15)] + [(r, False) for r in (5.0, 10.0, 20.0)]
    name = "ridge {:g}{}, biases, {}".format
    return {name(r, " by degree" * s, "cg" if cg else "cholesky"): of(r, s, cg) for r, s in ways for cg in (True, False)}


def libmf_fits(data, rank, threads, _):
    import numpy as np
    from libmf import mf
    from rounds import limited

    _, (row, col, value), _ = data
    mean = float(value.mean(dtype=np.float64))
    triplets = np.stack([row, col, value - mean], axis=1).astype(np.float32)

    def factors_of(setting):
        ridge, eta, sweeps = setting
        model = mf.MF(
            k=rank, nr_threads=threads, nr_bins=max(20, 2 * threads), nr_iters=sweeps, eta=eta, lambda_p1=0.0,
            lambda_q1=0.0, lambda_p2=ridge, lambda_q2=ridge, quiet=True,
        )  # fmt: skip
        model.fit(triplets)
        return np.asarray(model.p_factors()), np.asarray(model.q_factors())

    def of(ridge, eta):
        def fit(sweeps):
            # Its threads can wait for one another for ever: in a process of its own, again where it does not end.
            tries = (limited(factors_of, (ridge, eta, sweeps), 20 + 5e-6 * sweeps * value.size) for _ in range(5))
            (u, v), seconds = next(found for found in tries if found[0])

            def predict(row, col):
                # The factors of lines up to the last one with an entry.
                known = (row < len(u)) & (col < len(v))
                out = np.full(row.size, mean)
                out[known] += np.nan_to_num(np.einsum("ij,ij->i", u[row[known]], v[col[known]]))
                return out

            predict.seconds = seconds
            return predict

        return fit

    return {f"ridge {r:g}, step {eta:g}": of(r, eta) for r in (0.02, 0.05, 0.1, 0.2) for eta in (0.02, 0.05, 0.1)}


def numba_fits(data, rank, threads, _):
    import altmin
    import numpy as np
    from scipy import sparse

    shape, (row, col, value), _ = data
    half = altmin.numba_half_step()
    tiny = sparse.csr_matrix(np.ones((1, 2), np.float32))
    half(tiny.indptr, tiny.indices, tiny.data, np.ones((2, rank), np.float32), np.float32(1), True, np.ones((1, rank), np.float32))

    def of(ridge):
        def fit(sweeps):
            mean = float(value.mean(dtype=np.float64))
            by_row = sparse.csr_matrix((value - np.float32(mean), (row, col)), shape=shape)
            by_col = by_row.T.tocsr()
            u, v = altmin.start(*shape, rank)
            for _ in range(sweeps):
                half(by_row.indptr, by_row.indices, by_row.data, v, np.float32(ridge), True, u)
                half(by_col.indptr, by_col.indices, by_col.data, u, np.float32(ridge), True, v)

            def predict(row, col):
                return mean + np.einsum("ij,ij->i", u[row], v[col])

            return predict

        return fit

    return {f"ridge {r:g} by degree": of(r) for r in (0.02, 0.05, 0.1, 0.15)}


PROGRAMS = {"southwell": southwell_fits, "cmfrec": cmfrec_fits, "libmf": libmf_fits, "numba-cholesky": numba_fits}


# ------------------------------------------------------------------ the comparison


def rmse(predict, test):
    import numpy as np

    row, col, value = test
    return float(np.sqrt(np.mean((predict(row, col) - value) ** 2, dtype=np.float64)))


def clocked(fit, sweeps):
    """The fit and its seconds, by its own clock if it has one."""
    from rounds import timed

    predict, seconds = timed(fit, sweeps)
    return predict, getattr(predict, "seconds", seconds)


def curve(fit, test, budget, most=SWEEPS[-1]):
    """[(sweeps, seconds, error)] until the error has risen twice or a fit takes more than the budget. Short fits are timed
    three times, and the fastest counts: what is chosen by these seconds is not to be chosen by noise."""
    points, risen = [], 0
    for sweeps in (k for k in SWEEPS if k <= most):
        predict, seconds = clocked(fit, sweeps)
        if seconds < SHORT:
            seconds = min(seconds, *(clocked(fit, sweeps)[1] for _ in range(2)))
        points.append((sweeps, seconds, rmse(predict, test)))
        risen = risen + 1 if len(points) > 1 and points[-1][2] >= min(p[2] for p in points[:-1]) else 0
        if risen == 2 or seconds > budget:
            break
    return points


def way_to(curves, level):
    """(seconds, setting, sweeps) of the fastest fit that is at the level; None where there is none."""
    reached = [(t, setting, k) for setting, points in curves.items() for k, t, e in points if e <= level]
    return min(reached, default=None)


def race(args, data):
    from rounds import median_interval, verdict

    test, fits, curves = data[2], {}, {}
    small = power_law(10_000, 2_000, 2_000_000, 40_000) if args.settings and args.data == "power-law" else None
    for name, make in PROGRAMS.items():
        if name == "southwell" and not args.library or args.program and name not in args.program:
            continue
        fits[name] = make(data, args.rank, args.threads, args.library)
        if small:
            trials = make(small, args.rank, args.threads, args.library)
            errors = {s: min(e for _, _, e in curve(fit, small[2], args.budget, TRIAL_SWEEPS)) for s, fit in trials.items()}
            kept = sorted(errors, key=errors.get)[: args.settings]
            print(f"  {name:16} keeps {'; '.join(kept)}", flush=True)
            fits[name] = {s: fits[name][s] for s in kept}
        curves[name] = {setting: curve(fit, test, args.budget) for setting, fit in fits[name].items()}
        least = min((e, s) for s, points in curves[name].items() for _, _, e in points)
        print(f"  {name:16} least error {least[0]:.4f} ({least[1]})", flush=True)
    level = SLACK * min(e for name, c in curves.items() if name != "southwell" for points in c.values() for _, _, e in points)
    ways = {name: way_to(c, level) for name, c in curves.items()}
    racing = {name: way for name, way in ways.items() if way}
    seconds = {name: [] for name in racing}
    for _ in range(args.rounds):
        for name, (_, setting, sweeps) in racing.items():
            seconds[name].append(clocked(fits[name][setting], sweeps)[1])
    result = {"data": args.data, "rank": args.rank, "level": level, "load": os.getloadavg()[0], "programs": {}}
    for name, way in ways.items():
        least = min(e for points in curves[name].values() for _, _, e in points)
        result["programs"][name] = {"least": least, "way": way, "seconds": seconds.get(name)}
    others = [name for name in racing if name != "southwell"]
    if "southwell" in racing:
        best = min(others, key=lambda name: sorted(seconds[name])[len(seconds[name]) // 2])
        middle, low, high = median_interval([a / b for a, b in zip(seconds["southwell"], seconds[best])])
        result |= {"best": best, "ratio": middle, "low": low, "high": high, "verdict": verdict(low, high)}
    return result


def table(results):
    lines = [
        "| data | RMSE to reach | program | least RMSE of all settings | fastest way | seconds, median | southwell / program |",
        "|---|---|---|---|---|---|---|",
    ]
    for r in results:
        ours = r["programs"].get("southwell", {}).get("seconds")
        for name, p in r["programs"].items():
            start = f"| {r['data']}, rank {r['rank']} | {r['level']:.4f} | {name} | {p['least']:.4f} |"
            if not p["way"]:
                lines.append(f"{start} not reached | | |")
                continue
            _, setting, sweeps = p["way"]
            median = sorted(p["seconds"])[len(p["seconds"]) // 2]
            ratio = "" if name == "southwell" or not ours else f"{sorted(ours)[len(ours) // 2] / median:.2f}"
            if name == r.get("best"):
                ratio = f"**{r['ratio']:.2f}** [{r['low']:.2f}, {r['high']:.2f}] {r['verdict']}"
            lines.append(f"{start} {setting}, {sweeps} sweeps | {median:.3f} | {ratio} |")
    return "\n".join(lines) + "\n"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", help="Southwell's shared library; without it the peers run alone")
    parser.add_argument("--data", action="append", choices=["movielens", "douban", "power-law"], help="default: all three")
    parser.add_argument("--program", action="append", choices=list(PROGRAMS), help="default: all of them")
    parser.add_argument("--folder", default="../shared/data/recommender", help="where movielens and douban are")
    parser.add_argument("--rank", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--budget", type=float, default=60.0, help="seconds of the longest fit of a setting")
    parser.add_argument("--settings", type=int, help="power-law: settings kept of each program after a trial on a tenth")
    parser.add_argument("--save", help="appends one JSON object for each data set")
    parser.add_argument("--table", help="writes the table here")
    return parser.parse_args()


def main():
    args = arguments()
    for pool in POOLS:  # before numpy is imported
        os.environ[f"{pool}_NUM_THREADS"] = str(args.threads)
    for variable in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        os.environ.pop(variable, None)
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    results = []
    for name in args.data or ["movielens", "douban", "power-law"]:
        args.data = name
        print(name, flush=True)
        if name != "power-law" and not os.path.isdir(args.folder):
            print(f"  left out: no folder {args.folder}")
            continue
        results.append(race(args, load(name, args.folder)))
        if args.save:
            with open(args.save, "a") as file:
                file.write(json.dumps(results[-1]) + "\n")
    text = table(results)
    print(text)
    if args.table:
        with open(args.table, "w") as file:
            file.write(text)


if __name__ == "__main__":
    main()
