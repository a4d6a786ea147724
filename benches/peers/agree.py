"""Whether the command `southwell` finds the optima that scikit-learn, celer and liblinear find, on real data.

    python agree.py --data FOLDER --southwell PATH/southwell
    python agree.py --data FOLDER --only rcv1 --only golub --quick

FOLDER holds classification/, expression/, regression/ and so on (datasets.py lists the files; absent ones are named
and skipped). Each case is one run of `southwell bcd` and one of `southwell verify`. A case fails if

- the command fails, or its outcome is not `converged`;
- its gap, or the gap that `verify` finds, is above the tolerance times the loss of the null model;
- its objective is not that of its coefficients, recomputed here (1e-9 relative);
- its objective is above the reference by more than 1e-6 of it (or, where the penalty is so weak that the tolerance
  asked for allows more, by more than that: marked ~), or below the reference's own lower bound;
- its gap is a lie: a point is known that is better than the gap allows.

Columns: data set, rows, columns, problem, ratio (lambda / lambda_max; for ridge C), outcome, gap and verified gap over
the loss of the null model, objective against the reference (relative), seconds of the solve, and of the whole run.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

import numpy as np

import datasets
import measure
import reference
from datasets import GROUP, LASSO, LOGISTIC, RIDGE

RATIOS = [1 / 2, 1 / 10, 1 / 100, 1 / 1000]
COSTS = [0.01, 1.0, 100.0]  # ridge: lambda = 1 / C
AGREEMENT = 1e-6
ROUNDING = 1e-12  # of the loss of the null model
MODELS = {
    LASSO: ["--loss", "squared", "--penalty", "l1"],
    LOGISTIC: ["--loss", "logistic", "--penalty", "l1"],
    GROUP: ["--loss", "squared", "--penalty", "group"],
    RIDGE: ["--loss", "logistic", "--penalty", "ridge"],
}


@dataclass
class Case:
    """One problem on one data set at one strength of the penalty."""

    data: datasets.DataSet
    kind: str
    strength: float  # a ratio; for ridge C

    def logistic(self):
        return self.kind in (LOGISTIC, RIDGE)

    def lam(self):
        if self.kind == RIDGE:
            return 1.0 / self.strength
        groups = self.data.groups if self.kind == GROUP else None
        return float(self.strength * measure.lambda_max(self.data.X, self.data.y, self.logistic(), groups))

    def null_loss(self):
        return measure.null_loss(self.data.y, self.logistic())

    def flags(self):
        strength = ["--lambda", repr(self.lam())] if self.kind == RIDGE else ["--lambda-ratio", repr(self.strength)]
        groups = self.data.group_flags if self.kind == GROUP else []
        return MODELS[self.kind] + strength + groups


@dataclass
class Verdict:
    """What became of a case: the figures of its row and the reasons to fail it."""

    outcome: str = "-"
    gap: float = float("nan")
    verified: float = float("nan")
    difference: float = float("nan")
    seconds: float = float("nan")
    wall: float = float("nan")
    reasons: tuple = ()
    note: str = ""


def command(arguments, limit):
    """(the JSON object or None, seconds, what went wrong or '')."""
    start = time.perf_counter()
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return None, time.perf_counter() - start, f"no end after {limit:g} s"
    except OSError as error:
        raise SystemExit(f"{arguments[0]}: {error.strerror}") from None
    seconds = time.perf_counter() - start
    said = (done.stderr.strip() or "nothing on stderr").splitlines()[-1][:160]
    wrong = f"exit code {done.returncode}: {said}" if done.returncode else ""
    try:
        return json.loads(done.stdout), seconds, wrong
    except json.JSONDecodeError:
        return None, seconds, wrong or "no JSON on stdout"


def gap_of(answer):
    """The certificate of an answer; nan if there is none or it is not a gap."""
    certificate = (answer or {}).get("certificate") or {}
    value = certificate.get("value")
    return float(value) if value is not None and "gap" in str(certificate.get("kind", "")) else float("nan")


def fit(case, program, folder, options):
    """Runs the command: (answer, coefficients or None, seconds, what went wrong, the model's file)."""
    out, model = folder / "coef.txt", folder / "model.json"
    for old in (out, model):
        old.unlink(missing_ok=True)
    answer, wall, wrong = command(
        [
            program, "bcd", *case.data.flags[case.kind], *case.flags(), "--tolerance", repr(options.tolerance),
            "--threads", str(options.threads), "--json", "--out", str(out), "--model", str(model),
        ],
        options.limit,
    )  # fmt: skip
    coef = np.loadtxt(out, ndmin=1) if out.exists() else None
    if coef is not None and coef.shape != (case.data.X.shape[1],):
        wrong, coef = f"{coef.size} coefficients for {case.data.X.shape[1]} columns", None
    return answer, coef, wall, wrong, model


def verify(case, program, model, options):
    """(verified gap, what went wrong)."""
    answer, _, wrong = command(
        [program, "verify", "--model", str(model), *case.data.flags[case.kind], "--json"], options.limit
    )
    return gap_of(answer), wrong


def judge(case, program, folder, options):
    """Fits, verifies and compares a case."""
    answer, coef, wall, wrong, model = fit(case, program, folder, options)
    verdict = Verdict(wall=wall)
    reasons = [f"bcd: {wrong}"] if wrong else []
    if answer:
        verdict.outcome, verdict.seconds = str(answer.get("outcome")), answer.get("seconds_solve", float("nan"))
        if verdict.outcome != "converged":
            reasons.append("not converged")
    if answer and coef is not None:
        reasons += compare(case, answer, coef, verdict, options)
    if model.exists():
        gap, wrong = verify(case, program, model, options)
        verdict.verified = gap / case.null_loss()
        if wrong:
            reasons.append(f"verify: {wrong}")
        elif not verdict.verified <= options.tolerance + ROUNDING:
            reasons.append("verified gap above the tolerance")
    elif not wrong:
        reasons.append("no model file")
    verdict.reasons = tuple(reasons)
    return verdict


def compare(case, answer, coef, verdict, options):
    """Reasons against the answer in its figures, the objective and the reference."""
    reasons, null, gap = [], case.null_loss(), gap_of(answer)
    verdict.gap = gap / null
    if not verdict.gap <= options.tolerance + ROUNDING:
        reasons.append("gap above the tolerance")
    primal, _ = reference.evaluate(case.kind, case.data, case.lam(), coef)
    if not abs(answer["objective"] - primal) <= 1e-9 * primal + ROUNDING * null:
        reasons.append(f"objective {answer['objective']:.10g} is {primal:.10g} in truth")
    best = reference.reference(case.kind, case.data, case.lam(), options.cache)
    above = primal - best.objective
    verdict.difference = above / best.objective
    if above > max(AGREEMENT * best.objective, options.tolerance * null):
        reasons.append(f"objective above that of {best.program}")
    elif above > AGREEMENT * best.objective:
        verdict.note = "~ within the tolerance asked for"
    if above < -best.gap - ROUNDING * null:
        reasons.append("objective below a lower bound: a bug of this script or of the reading of files")
    if above > gap + ROUNDING * null:
        reasons.append(f"the gap is wrong: {best.program} is better by {above:.3g}, the gap is {gap:.3g}")
    if best.gap > AGREEMENT * best.objective:
        verdict.note += f" {best.program} is within {best.gap / best.objective:.0e} only"
    return reasons


def strengths(kind, quick):
    if kind == RIDGE:
        return [1.0] if quick else COSTS
    return [0.1] if quick else RATIOS


def cases(data, options):
    """The cases of a data set in the order of the table."""
    return [
        Case(data, kind, strength)
        for kind in data.problems
        if not options.problem or kind in options.problem
        for strength in strengths(kind, options.quick)
    ]


HEADER = (
    f"{'data set':14}{'n':>6} {'p':>6} {'':7}{'problem':12}{'ratio, C':>8}  {'outcome':10}"
    f"{'gap':>8} {'verified':>8} {'objective':>10} {'solve s':>8} {'run s':>7}"
)


def row(case, v):
    n, p = case.data.X.shape
    state = "" if not v.reasons else "  FAILED: " + "; ".join(v.reasons)
    return (
        f"{case.data.name:14}{n:6} {p:6} {case.data.kind():7}{case.kind:12}{case.strength:8g}  {v.outcome:10}"
        f"{v.gap:8.1e} {v.verified:8.1e} {v.difference:+10.1e} {v.seconds:8.3f} {v.wall:7.2f}{state}"
        + (f"  {v.note.strip()}" if v.note else "")
    )


def chosen(options):
    return [s for s in datasets.SOURCES if not options.only or any(part in s.name for part in options.only)]


def prepare(options, folder):
    """Only computes the references, for the folder of --cache."""
    for source in chosen(options):
        data = datasets.load(source, options.data, folder)
        for case in cases(data, options) if data else []:
            start = time.perf_counter()
            best = reference.reference(case.kind, data, case.lam(), options.cache)
            print(
                f"{data.name:14}{case.kind:12}{case.strength:8g} {best.objective:18.10e} "
                f"gap {best.gap / best.objective:8.1e} {time.perf_counter() - start:7.2f} s",
                flush=True,
            )


def run(options, folder):
    """Runs everything and prints the table; gives the number of failures."""
    total, failures, names, loose, absent = 0, [], set(), 0, []
    print(HEADER)
    for source in chosen(options):
        data = datasets.load(source, options.data, folder)
        if data is None:
            absent.append(source.name)
            continue
        for case in cases(data, options):
            verdict = judge(case, options.southwell, folder, options)
            print(row(case, verdict), flush=True)
            total, loose = total + 1, loose + bool(verdict.note)
            names.add(data.name)
            if verdict.reasons:
                failures.append(f"{data.name} {case.kind} {case.strength:g}")
    print(f"\n{total} cases on {len(names)} data sets: {total - len(failures)} agree, {len(failures)} failed, "
          f"{loose} with a note")  # fmt: skip
    if absent:
        print("absent: " + ", ".join(absent))
    for name in failures:
        print("failed: " + name)
    return len(failures) if total else 1


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=pathlib.Path, help="folder of the data sets")
    parser.add_argument("--southwell", default="southwell", help="the command")
    parser.add_argument("--only", action="append", help="data sets whose name holds this; may be given several times")
    parser.add_argument("--problem", action="append", choices=sorted(MODELS), help="may be given several times")
    parser.add_argument("--quick", action="store_true", help="one strength per problem: ratio 1/10, C = 1")
    parser.add_argument("--tolerance", type=float, default=1e-8, help="relative to the loss of the null model")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--limit", type=float, default=600.0, help="seconds for one run of the command")
    parser.add_argument("--cache", help="folder that keeps the references between runs")
    parser.add_argument("--references", action="store_true", help="only compute the references")
    return parser.parse_args()


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="southwell-agree-") as folder:
        if options.references:
            return prepare(options, pathlib.Path(folder))
        return 1 if run(options, pathlib.Path(folder)) else 0


if __name__ == "__main__":
    sys.exit(main())
