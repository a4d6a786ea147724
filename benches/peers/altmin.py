"""Southwell against implicit, cmfrec and plain ALS in NumPy and Numba: seconds of one sweep (both half-steps) of completion.

    python altmin.py --sweep target/release/examples/altmin_sweep --rank 20 --rank 64 --table TABLE.md
    python altmin.py --sweep target/release/examples/altmin_sweep --rows 5000 --cols 2000 --observed 500000 --rounds 11

Every program is a process of its own that has read the same triplets, single precision and the same number of threads,
OpenBLAS as fast as it is here (its kernels chosen by itself). What is timed is what a sweep adds: (seconds of 3 sweeps from
the start - seconds of 1) / 2, so that neither setup nor conversions count. After one look at each, the programs that are
not far behind the fastest run in turn for the rounds; the ratio is taken within a round.

implicit-*: its weighted model of implicit feedback, whose zeros count too; on absolute values. Its sweep costs a Gram
matrix of a factor more than one of explicit feedback. implicit-cg and cmfrec-cg take 3 steps on each row whatever they
reach; Southwell reduces the gradient of each row tenfold, or solves exactly where that is cheaper. numpy-cholesky: a
product with BLAS for each row's Gram matrix, all rows factored in one batched call. numba-cholesky: compiled loops.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

PEERS = ["implicit-cg", "implicit-cholesky", "cmfrec-cg", "cmfrec-cholesky", "numpy-cholesky", "numba-cholesky"]
POOLS = ("OMP", "OPENBLAS", "MKL", "NUMBA", "BLIS", "RAYON")
RIDGE = 0.1


# ------------------------------------------------------------------ the programs, each in a process of its own


def load(folder):
    import numpy as np

    m, n = map(int, open(os.path.join(folder, "shape.txt")).read().split())
    row, col = (np.fromfile(os.path.join(folder, f"{name}.i32"), dtype=np.int32) for name in ("row", "col"))
    value = np.fromfile(os.path.join(folder, "value.f64")).astype(np.float32)
    return m, n, row, col, value


def start(m, n, k):
    import numpy as np

    rng = np.random.default_rng(0)
    return tuple((rng.standard_normal((size, k)) / k**0.5).astype(np.float32) for size in (m, n))


def both_orders(m, n, row, col, value):
    from scipy import sparse

    by_row = sparse.csr_matrix((value, (row, col)), shape=(m, n))
    return by_row, by_row.T.tocsr()


def implicit(variant, data, k, threads):
    import numpy as np
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy import sparse

    m, n, row, col, value = data
    matrix = sparse.csr_matrix((np.abs(value), (row, col)), shape=(m, n))

    def sweeps(count):
        AlternatingLeastSquares(
            k, regularization=RIDGE, alpha=1.0, use_cg=variant == "cg", iterations=count, num_threads=threads, random_state=0
        ).fit(matrix, show_progress=False)

    return sweeps


def cmfrec(variant, data, k, threads):
    from cmfrec import CMF
    from scipy import sparse

    m, n, row, col, value = data
    matrix = sparse.coo_matrix((value, (row, col)), shape=(m, n))

    def sweeps(count):
        CMF(
            k=k, lambda_=RIDGE, method="als", use_cg=variant == "cg", finalize_chol=False, user_bias=False, item_bias=False,
            center=False, niter=count, use_float=True, nthreads=threads, verbose=False, precompute_for_predictions=False,
            handle_interrupt=False, random_state=0,
        ).fit(matrix)  # fmt: skip

    return sweeps


def numpy_als(variant, data, k, threads):
    import numpy as np

    orders = both_orders(*data)

    def half(matrix, other, out):
        rows = matrix.shape[0]
        grams, right = np.empty((rows, k, k), np.float32), np.empty((rows, k, 1), np.float32)
        indptr, indices, values = matrix.indptr, matrix.indices, matrix.data
        for i in range(rows):
            part = slice(indptr[i], indptr[i + 1])
            block = other[indices[part]]
            np.matmul(block.T, block, out=grams[i])
            np.matmul(block.T, values[part], out=right[i, :, 0])
        grams += RIDGE * np.eye(k, dtype=np.float32)
        out[:] = np.linalg.solve(grams, right)[:, :, 0]

    def sweeps(count):
        u, v = start(*data[:2], k)
        for _ in range(count):
            half(orders[0], v, u)
            half(orders[1], u, v)

    return sweeps


def numba_half_step():
    """half(indptr, indices, values, other, ridge, by_degree, out): the rows of one factor, compiled."""
    import numba
    import numpy as np

    @numba.njit(parallel=True, fastmath=True)
    def half(indptr, indices, values, other, ridge, by_degree, out):
        k = other.shape[1]
        for i in numba.prange(indptr.size - 1):
            gram, right = np.zeros((k, k), np.float32), np.zeros(k, np.float32)
            for t in range(indptr[i], indptr[i + 1]):
                v = other[indices[t]]
                for a in range(k):
                    va = v[a]
                    right[a] += values[t] * va
                    for b in range(a + 1):
                        gram[a, b] += va * v[b]
            for a in range(k):
                gram[a, a] += ridge * (indptr[i + 1] - indptr[i] if by_degree else 1)
            for a in range(k):
                for b in range(a):
                    s = gram[a, b]
                    for c in range(b):
                        s -= gram[a, c] * gram[b, c]
                    gram[a, b] = s / gram[b, b]
                s = gram[a, a]
                for c in range(a):
                    s -= gram[a, c] * gram[a, c]
                gram[a, a] = np.sqrt(max(s, np.float32(1e-30)))
            for a in range(k):
                for c in range(a):
                    right[a] -= gram[a, c] * right[c]
                right[a] /= gram[a, a]
            for a in range(k - 1, -1, -1):
                for c in range(a + 1, k):
                    right[a] -= gram[c, a] * right[c]
                right[a] /= gram[a, a]
            out[i] = right

    return half


def numba_als(variant, data, k, threads):
    import numpy as np

    half = numba_half_step()
    orders = both_orders(*data)

    def run(matrix, other, out):
        half(matrix.indptr, matrix.indices, matrix.data, other, np.float32(RIDGE), False, out)

    u, v = start(*data[:2], k)
    run(orders[0][:1], v, u[:1])  # compiles

    def sweeps(count):
        u, v = start(*data[:2], k)
        for _ in range(count):
            run(orders[0], v, u)
            run(orders[1], u, v)

    return sweeps


def serve(name, folder, k, threads):
    """Answers each line "sweeps" on stdin by seconds on stdout."""
    import warnings

    warnings.filterwarnings("ignore")
    program, _, variant = name.partition("-")
    make = {"implicit": implicit, "cmfrec": cmfrec, "numpy": numpy_als, "numba": numba_als}[program]
    sweeps = make(variant, load(folder), k, threads)
    print("ready", flush=True)
    for line in sys.stdin:
        clock = time.perf_counter()
        sweeps(int(line))
        print(f"{time.perf_counter() - clock:.6f}", flush=True)


# ------------------------------------------------------------------ the comparison


class Program:
    """A process that runs sweeps on demand."""

    def __init__(self, name, command, environment):
        self.name, self.seconds, self.failure = name, [], None
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        if self.process.stdout.readline().strip() != "ready":
            self.failure = (self.process.stderr.read().strip().splitlines() or ["no answer"])[-1]

    def ask(self, sweeps):
        self.process.stdin.write(f"{sweeps}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def sweep(self):
        once = self.ask(1)
        return (self.ask(3) - once) / 2

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait()


def make(folder, m, n, observed, seed):
    """One cell, drawn at random, of each of `observed` pieces of the matrix; rank 20 with noise 0.1."""
    import numpy as np

    rng = np.random.default_rng(seed)
    step = m * n // observed
    cells = np.arange(observed, dtype=np.int64) * step + rng.integers(0, step, observed)
    row, col = np.divmod(cells, n)
    u, v = rng.standard_normal((m, 20)) / 20**0.5, rng.standard_normal((n, 20))
    value = np.empty(observed)
    for first in range(0, observed, 1 << 20):
        part = slice(first, first + (1 << 20))
        value[part] = np.einsum("ij,ij->i", u[row[part]], v[col[part]])
    value += 0.1 * rng.standard_normal(observed)
    os.makedirs(folder, exist_ok=True)
    row.astype(np.int32).tofile(os.path.join(folder, "row.i32"))
    col.astype(np.int32).tofile(os.path.join(folder, "col.i32"))
    value.tofile(os.path.join(folder, "value.f64"))
    with open(os.path.join(folder, "shape.txt"), "w") as file:
        file.write(f"{m} {n}\n")


def contest(args, k, peers):
    from rounds import median_interval, verdict

    environment = {**os.environ, **{f"{pool}_NUM_THREADS": str(args.threads) for pool in POOLS}}
    # OpenBLAS chooses its kernels for this processor itself.
    for variable in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        environment.pop(variable, None)
    common = ["--data", args.folder, "--rank", str(k), "--threads", str(args.threads)]
    ours = [args.sweep, *common, "--precision", "f32", "--ridge", str(RIDGE), "--rotate", "--serve"]
    programs = [Program("southwell", ours, environment)] if args.sweep else []
    for peer in peers:
        programs.append(Program(peer, [sys.executable, os.path.abspath(__file__), "--serve", peer, *common], environment))
    for p in programs:
        if p.failure is None:
            p.once = p.sweep()
        print(f"  rank {k}: {p.name:18} {p.failure or f'{p.once:8.3f} s'}", flush=True)
    fit = [p for p in programs if p.failure is None]
    fastest = min(p.once for p in fit if p.name != "southwell")
    near = sorted((p for p in fit if p.name != "southwell" and p.once <= 2.5 * fastest), key=lambda p: p.once)
    racing = [p for p in fit if p.name == "southwell"] + near
    for _ in range(args.rounds):
        for p in racing:
            p.seconds.append(p.sweep())
    for p in programs:
        p.close()
    result = {"rank": k, "load": os.getloadavg()[0], "programs": []}
    for p in programs:
        entry = {"name": p.name, "once": getattr(p, "once", None), "failure": p.failure, "seconds": p.seconds}
        result["programs"].append(entry)
    if args.sweep and near:
        best = min(near, key=lambda p: statistics.median(p.seconds))
        middle, low, high = median_interval([a / b for a, b in zip(racing[0].seconds, best.seconds)])
        result |= {"best": best.name, "ratio": middle, "low": low, "high": high, "verdict": verdict(low, high)}
        print(f"  rank {k}: southwell / {best.name}: {middle:.3f} [{low:.3f}, {high:.3f}] {result['verdict']}", flush=True)
    return result


def table(args, results):
    lines = [
        f"{args.rows} x {args.cols}, {args.observed} observations, {args.threads} threads, single precision, "
        f"{args.rounds} rounds:",
        "",
        "| rank | program | seconds of a sweep, median | fastest | southwell / program |",
        "|---|---|---|---|---|",
    ]
    for r in results:
        ours = next((p for p in r["programs"] if p["name"] == "southwell"), None)
        for p in r["programs"]:
            if p["failure"]:
                lines.append(f"| {r['rank']} | {p['name']} | failed: {p['failure']} | | |")
                continue
            seconds = p["seconds"] or [p["once"]]
            ratio = ""
            if ours and p is not ours:
                base = statistics.median(ours["seconds"] or [ours["once"]])
                ratio = f"{base / statistics.median(seconds):.2f}" + ("" if p["seconds"] else " (one look)")
            if p["name"] == r.get("best"):
                ratio = f"**{r['ratio']:.2f}** [{r['low']:.2f}, {r['high']:.2f}] {r['verdict']}"
            lines.append(f"| {r['rank']} | {p['name']} | {statistics.median(seconds):.3f} | {min(seconds):.3f} | {ratio} |")
    return "\n".join(lines) + "\n"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sweep", help="the example altmin_sweep; without it the peers run alone")
    parser.add_argument("--folder", default="altmin-data", help="where the triplets are written")
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--cols", type=int, default=20_000)
    parser.add_argument("--observed", type=int, default=20_000_000)
    parser.add_argument("--rank", type=int, action="append", help="may be given several times; default 20 and 64")
    parser.add_argument("--peer", action="append", choices=PEERS, help="may be given several times; default all")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--table", help="file for a table in Markdown")
    parser.add_argument("--save", help="file for the records, one JSON object a line")
    parser.add_argument("--serve", choices=PEERS, help=argparse.SUPPRESS)
    parser.add_argument("--data", help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    """Exit code 1 if Southwell failed or was slower at some rank."""
    args = arguments()
    if args.serve:
        serve(args.serve, args.data, args.rank[0], args.threads)
        return 0
    make(args.folder, args.rows, args.cols, args.observed, args.seed)
    results = []
    for k in args.rank or [20, 64]:
        results.append(contest(args, k, args.peer or PEERS))
        if args.save:
            with open(args.save, "a") as file:
                print(json.dumps(results[-1]), file=file)
    text = table(args, results)
    print(text)
    if args.table:
        with open(args.table, "w") as file:
            file.write(text)
    return 1 if args.sweep and any(r.get("verdict", "SLOWER") == "SLOWER" for r in results) else 0


if __name__ == "__main__":
    sys.exit(main())
