"""Southwell against scikit-learn, celer and liblinear on the lasso, the logistic lasso and support vector machines.

Seconds to one target:

    python compare.py --library PATH/libsouthwell.so
    python compare.py --library PATH/libsouthwell.so --problem lasso_dense --ratio 0.01 --rounds 21

All in one process on one thread. Each program gets the loosest power of ten of its own tolerance whose solution
has a relative duality gap (measured here, the same way for all) of at most the target. Then come the rounds, one fit
of each program after the other; the ratio is taken within a round, so that what slows the machine slows both sides.
"""

import os

for variable in ("OMP", "OPENBLAS", "MKL", "NUMBA", "BLIS", "RAYON"):  # before numpy is imported
    os.environ[variable + "_NUM_THREADS"] = "1"

import argparse  # noqa: E402
import gc  # noqa: E402
import json  # noqa: E402
import math  # noqa: E402
import statistics  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import warnings  # noqa: E402

import measure  # noqa: E402
import problems  # noqa: E402
import rivals  # noqa: E402
import southwell  # noqa: E402

RATIOS = {
    "lasso_dense": [0.1, 0.01], "lasso_sparse": [0.1, 0.01],
    "logistic_l1_dense": [0.1, 0.01], "logistic_l1_sparse": [0.1, 0.05, 0.01],
    "svm_hinge": [1.0], "svm_squared_hinge": [1.0],
}  # fmt: skip
LAST_TOLERANCE = 1e-13
SLOW = 10.0  # a peer this many times slower than the best takes no part in the rounds
PAR = 1.05  # slower: the whole interval above; faster: below its inverse


def timed(solve, tolerance):
    """(coefficients, seconds) of one fit, with the garbage collector kept out of it."""
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        coef = solve(tolerance)
        return coef, time.perf_counter() - start
    finally:
        gc.enable()


class Case:
    """One problem at one penalty, with the measure that all programs have to meet."""

    def __init__(self, name, X, y, ratio):
        self.name, self.X, self.y, self.ratio = name, X, y, ratio
        self.logistic = name.startswith("logistic")
        self.power = {"svm_hinge": 1, "svm_squared_hinge": 2}.get(name)
        self.alpha = None  # a tight dual point, for the support vector machines
        self.lam = 1.0 / ratio if self.power else float(ratio * measure.lambda_max(X, y, self.logistic))

    def gap(self, coef):
        if self.power:
            return float(measure.relative_gap(*measure.svm(self.X, self.y, self.lam, coef, self.power, self.alpha)))
        evaluate = measure.logistic_l1 if self.logistic else measure.squared
        return float(measure.relative_gap(*evaluate(self.X, self.y, self.lam, coef)))


class Runner:
    """A program on a case: its rung of the ladder, and what the rounds gave."""

    def __init__(self, rival, case):
        self.rival, self.case = rival, case
        self.tolerance = self.gap = self.failure = None
        self.seconds = []

    def climb(self, target, budget):
        """Finds the loosest power of ten that meets the target; the last fit's time is `once`."""
        tolerance, spent = self.rival.first, 0.0
        while True:
            try:
                coef, self.once = timed(self.rival.solve, tolerance)
            except southwell.SouthwellError as error:
                self.failure = str(error)
                return
            self.tolerance, self.gap = tolerance, self.case.gap(coef)
            spent += self.once
            if self.gap <= target:
                return
            if spent > budget or tolerance < LAST_TOLERANCE * 1.5:
                self.failure = f"gap {self.gap:.1e} at tolerance {tolerance:.0e} after {spent:.0f} s"
                return
            tolerance = float(f"{tolerance / 10:.0e}")

    def round(self):
        coef, seconds = timed(self.rival.solve, self.tolerance)
        self.seconds.append(seconds)
        self.gap = max(self.gap, self.case.gap(coef))

    def median(self):
        return statistics.median(self.seconds)


def median_interval(values, level=0.95):
    """(median, low, high): the interval between two order statistics that holds the true median at this level."""
    ordered, n = sorted(values), len(values)
    tail = 0.0
    for rank in range(n // 2):
        tail += math.comb(n, rank) / 2**n
        if 2 * tail > 1 - level:
            break
    else:
        rank = n // 2
    low = max(rank - 1, 0)
    return statistics.median(ordered), ordered[low], ordered[n - 1 - low]


def verdict(low, high):
    if low > PAR:
        return "SLOWER"
    return "faster" if high < 1 / PAR else "par"


def contest(case, library, rounds, target, budget):
    """Runs a case and gives its record."""
    if case.power:
        ours, case.alpha = rivals.our_svm(library, case.X, case.y, case.lam, case.power)
        others = rivals.liblinear_svm(case.X, case.y, case.lam, case.power)
        players = [Runner(r, case) for r in [ours, *others]]
    else:
        players = [Runner(r, case) for r in rivals.peers(case.logistic, case.X, case.y, case.lam)]
    if library and not case.power:
        players.insert(0, Runner(rivals.ours(library, case.logistic, case.X, case.y, case.lam), case))
    for player in players:
        player.climb(target, budget)
    fit = [p for p in players if p.failure is None]
    fastest = min((p.once for p in fit), default=0.0)
    for player in fit:
        if player.once > SLOW * fastest and player.rival.name != "southwell":
            player.failure = f"{player.once:.3g} s in the ladder: too slow for the rounds"
    racing = [p for p in fit if p.failure is None]
    for _ in range(rounds):
        for player in racing:
            player.round()
    return record(case, players, racing, target)


def record(case, players, racing, target):
    """The figures of a case as plain values."""
    result = {"problem": case.name, "ratio": case.ratio, "programs": [], "load": os.getloadavg()[0]}
    for p in players:
        entry = {"name": p.rival.name, "version": p.rival.version, "tolerance": p.tolerance, "gap": p.gap}
        if p in racing:
            entry |= {"median": p.median(), "fastest": min(p.seconds), "seconds": p.seconds, "met": p.gap <= target}
        else:
            entry["left_out"] = p.failure
        result["programs"].append(entry)
    us = next((p for p in racing if p.rival.name == "southwell"), None)
    counted = [p for p in racing if p is not us and p.gap <= target]
    if us and counted:
        best = min(counted, key=Runner.median)
        ratios = [a / b for a, b in zip(us.seconds, best.seconds)]
        middle, low, high = median_interval(ratios)
        result |= {"best": best.rival.name, "speed": middle, "low": low, "high": high, "verdict": verdict(low, high)}
    return result


def show(result):
    """Prints a case."""
    strength = "C" if result["problem"].startswith("svm") else "lambda / lambda_max"
    print(f"\n{result['problem']}, {strength} = {result['ratio']:g} (load {result['load']:.1f})")
    for p in result["programs"]:
        start = f"  {p['name']:13}{p['version']:8}"
        if "left_out" in p:
            print(f"{start} not counted: {p['left_out']}")
        else:
            missed = "" if p["met"] else "  MISSED THE TARGET in a round: not counted"
            print(
                f"{start} {p['median']:9.4f} s  (fastest {p['fastest']:.4f}; "
                f"tolerance {p['tolerance']:.0e}, gap {p['gap']:.1e}){missed}"
            )
    if "speed" in result:
        print(
            f"  southwell / {result['best']}: {result['speed']:.3f} "
            f"[{result['low']:.3f}, {result['high']:.3f}]  {result['verdict']}",
            flush=True,
        )


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", help="Southwell's shared library; without it the peers run alone")
    parser.add_argument("--problem", action="append", choices=sorted(RATIOS), help="may be given several times")
    parser.add_argument("--ratio", action="append", type=float, help="lambda / lambda_max, or C for svm; may be given several times")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--target", type=float, default=1e-6, help="relative duality gap to reach")
    parser.add_argument("--budget", type=float, default=60.0, help="seconds for one program's ladder")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shape", type=int, nargs=2, metavar=("N", "P"), help="other rows and columns, for a trial")
    parser.add_argument("--save", help="file for the records, one JSON object a line")
    return parser.parse_args()


def main():
    """Exit code 1 if Southwell failed or was slower on some case."""
    args = arguments()
    warnings.filterwarnings("ignore")  # peers warn on every rung that is too loose or too tight
    library = southwell.Library(args.library) if args.library else None
    shape = dict(zip("np", args.shape)) if args.shape else {}
    bad = 0
    for name in args.problem or RATIOS:
        if name.startswith("svm") and not library:
            print(f"\n{name}: left out, its lower bound comes from a dual point of the library")
            continue
        X, y = problems.generate(name, args.seed, **shape)
        for ratio in args.ratio or RATIOS[name]:
            result = contest(Case(name, X, y, ratio), library, args.rounds, args.target, args.budget)
            show(result)
            bad += bool(library) and result.get("verdict", "SLOWER") == "SLOWER"
            if args.save:
                with open(args.save, "a") as file:
                    print(json.dumps(result), file=file)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
