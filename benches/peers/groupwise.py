"""Southwell against Vowpal Wabbit and river on groupwise regret: the worst group's regret, and rounds per second.

    python groupwise.py --data DATA --library target/release/libsouthwell.so --table TABLE.md
    python groupwise.py --data DATA --only vw --orders 1

DATA has groupwise/insurance/insurance.csv (without it the medical costs are left out). The streams are those of the paper on
groupwise regret (arXiv 2310.04652): the medical costs, and the four labels of its synthetic rounds, drawn as it draws them and
shuffled by its seeds. Every program predicts each label, in [0, 1], before it learns from it. Regret of a group: the squared errors on
its rounds minus those of least squares on the same rounds.

Southwell has one configuration for all streams (CONFIGURATION). Vowpal Wabbit has the best of a grid (VW), chosen for each
stream by its result: features alone or crossed with the groups, adaptive updates with several rates, coin betting, FTRL. River
has its Bayesian linear regression and stochastic gradient descent, with and without crossed features. Rounds per second are those
of a program's own calls, its examples made before the clock starts where it has such.
"""

import argparse
import csv
import pathlib
import random
import time

import numpy as np

SEEDS = [473, 503, 623, 550, 692, 989, 617, 458, 301, 205]
CONFIGURATION = {"crossed": "true"}
VW = {
    f"{cross or 'plain'} {learner}": f"--quiet {cross} {learner}".split()
    for cross in ("", "-q xg")
    for learner in ("-l 0.1", "-l 0.5", "-l 2", "--coin", "--ftrl")
}
RIVER = ("bayes", "sgd", "bayes crossed", "sgd crossed")


class Stream:
    """Rounds: features, groups of each row as a 0/1 table (always on last), labels in [0, 1]."""

    def __init__(self, name, x, member, y):
        self.name, self.x, self.y = name, x, y
        self.member = np.column_stack([member, np.ones(len(y), dtype=bool)])

    def ordered(self, seed):
        order = np.random.RandomState(seed).permutation(len(self.y))
        ordered = Stream(self.name, self.x[order], self.member[order, :-1], self.y[order])
        return ordered

    def worst(self, predictions):
        """The largest regret of a group."""
        errors = (predictions - self.y) ** 2
        regrets = []
        for own in self.member.T:
            theta = np.linalg.lstsq(self.x[own], self.y[own], rcond=None)[0]
            least = np.sum((self.x[own] @ theta - self.y[own]) ** 2)
            regrets.append(errors[own].sum() - least)
        return max(regrets)


def scaled(v):
    return (v - v.min()) / (v.max() - v.min())


def synthetic():
    rows = 100_000
    draw = np.random.RandomState(21)
    random.seed(21)
    x = draw.uniform(size=(rows, 20))
    shape = np.array(random.choices([0, 1, 2], weights=[0.5, 0.3, 0.2], k=rows))
    colour = 3 + np.array(random.choices([0, 1], weights=[0.6, 0.4], k=rows))
    models = draw.uniform(size=(20, 5))
    values = x @ models + draw.normal(0, 0.16, size=(rows, 5))
    order = draw.permutation(5)
    place = np.argsort(order)
    member = np.zeros((rows, 5), dtype=bool)
    member[np.arange(rows), shape] = member[np.arange(rows), colour] = True
    a, b = values[np.arange(rows), shape], values[np.arange(rows), colour]
    x = np.column_stack([x, member])
    labels = {"mean": (a + b) / 2, "min": np.minimum(a, b), "max": np.maximum(a, b), "perm": np.where(place[shape] < place[colour], a, b)}
    return [Stream(f"S-{name}", x, member, scaled(y)) for name, y in labels.items()]


def medical(path):
    rows = list(csv.DictReader(open(path)))
    number = lambda name: np.array([float(row[name]) for row in rows])
    word = lambda name: np.array([row[name] for row in rows])
    age, bmi = number("age"), number("bmi")
    young = [age <= 35, (age > 35) & (age <= 50), age > 50]
    mass = [bmi < 18.5, (bmi >= 18.5) & (bmi < 25), (bmi >= 25) & (bmi < 30), bmi >= 30]
    smokes, male = word("smoker") == "yes", word("sex") == "male"
    regions = [word("region") == name for name in sorted(set(word("region")))]
    numbers = [scaled(number(name)) for name in ("age", "bmi", "children")]
    x = np.column_stack(numbers + [~male, male, ~smokes, smokes] + regions + young + mass).astype(float)
    member = np.column_stack(young + mass + [smokes, ~smokes, male, ~male])
    return Stream("Medical", x, member, scaled(number("charges")))


# ------------------------------------------------------------------ the programs


def vw(stream, flags):
    import vowpalwabbit

    workspace = vowpalwabbit.Workspace(" ".join(flags))
    names = lambda prefix, values: " ".join(f"{prefix}{k}:{v:.9g}" for k, v in enumerate(values) if v)
    lines = [f"{y:.9g} |x {names('', x)} |g {names('', g[:-1])}" for x, g, y in zip(stream.x, stream.member, stream.y)]
    examples = [workspace.parse(line, vowpalwabbit.LabelType.SIMPLE) for line in lines]
    predictions = np.empty(len(lines))
    start = time.perf_counter()
    for t, example in enumerate(examples):
        # The prediction of learn is the one before its update.
        workspace.learn(example)
        predictions[t] = example.get_simplelabel_prediction()
    seconds = time.perf_counter() - start
    for example in examples:
        workspace.finish_example(example)
    workspace.finish()
    return predictions, seconds


def river(stream, kind):
    from river import linear_model, optim

    if kind.startswith("bayes"):
        model = linear_model.BayesianLinearRegression()
    else:
        model = linear_model.LinearRegression(optimizer=optim.SGD(0.01), l2=0.0)
    rows = []
    for x, g in zip(stream.x, stream.member):
        row = {k: v for k, v in enumerate(x)}
        if "crossed" in kind:
            row.update({(k, h): v for h in np.flatnonzero(g[:-1]) for k, v in enumerate(x)})
        rows.append(row)
    predictions = np.empty(len(rows))
    start = time.perf_counter()
    for t, (row, y) in enumerate(zip(rows, stream.y)):
        predictions[t] = model.predict_one(row)
        model.learn_one(row, y)
    return np.clip(predictions, 0, 1), time.perf_counter() - start


def southwell(stream, library, configuration):
    groups = [np.flatnonzero(row[:-1]) for row in stream.member]
    x, y = np.ascontiguousarray(stream.x), np.ascontiguousarray(stream.y)
    start = time.perf_counter()
    predictions = library.groupwise(x, y, groups, stream.member.shape[1] - 1, configuration)
    return predictions, time.perf_counter() - start


# ------------------------------------------------------------------ the table


def measured(streams, orders, run):
    """For each stream the mean over the orders of the worst regret, and the rounds per second in all."""
    found = {}
    for stream in streams:
        regrets, rates = [], []
        for seed in SEEDS[:orders]:
            ordered = stream.ordered(seed)
            predictions, seconds = run(ordered)
            regrets.append(ordered.worst(predictions))
            rates.append(len(stream.y) / seconds)
        found[stream.name] = (float(np.mean(regrets)), float(np.median(rates)))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, help="the folder with groupwise/insurance/insurance.csv")
    parser.add_argument("--library", type=pathlib.Path, help="libsouthwell.so; without it the peers alone")
    parser.add_argument("--only", choices=("southwell", "vw", "river"), action="append")
    parser.add_argument("--orders", type=int, default=3, help="shuffles of each stream")
    parser.add_argument("--stream", action="append", help="one stream alone: Medical, S-mean, ..")
    parser.add_argument("--rounds", type=int, help="the first rounds of each order alone")
    parser.add_argument("--table", type=pathlib.Path, help="where the table goes, as Markdown")
    args = parser.parse_args()
    streams = synthetic()
    costs = args.data and args.data / "groupwise/insurance/insurance.csv"
    if costs and costs.exists():
        streams.insert(0, medical(costs))
    else:
        print("skipped: Medical, whose data are not there")
    if args.stream:
        streams = [s for s in streams if s.name in args.stream]
    if args.rounds:
        cut = lambda s: Stream(s.name, s.x[: args.rounds], s.member[: args.rounds, :-1], s.y[: args.rounds])
        streams = [cut(s) for s in streams]
    programs = {}
    chosen = args.only or ("southwell", "vw", "river")
    if "southwell" in chosen and args.library:
        from southwell import Library

        library = Library(args.library)
        programs["southwell"] = lambda s: southwell(s, library, CONFIGURATION)
        programs["southwell, default"] = lambda s: southwell(s, library, {})
        programs["southwell, ridge-fast"] = lambda s: southwell(s, library, {"learner": "ridge-fast"})
    if "vw" in chosen:
        programs.update({f"vw {name}": lambda s, flags=flags: vw(s, flags) for name, flags in VW.items()})
    if "river" in chosen:
        programs.update({f"river {kind}": lambda s, kind=kind: river(s, kind) for kind in RIVER})
    results = {}
    for name, run in programs.items():
        results[name] = measured(streams, args.orders, run)
        print(name, "  ".join(f"{s}: {r:.2f} ({v / 1000:.0f} k/s)" for s, (r, v) in results[name].items()), flush=True)
    names = [stream.name for stream in streams]
    lines = ["| program | " + " | ".join(names) + " | rounds per second |", "|---|" + "---|" * (len(names) + 1)]
    for name, found in results.items():
        rate = np.median([found[s][1] for s in names])
        lines.append(f"| {name} | " + " | ".join(f"{found[s][0]:.2f}" for s in names) + f" | {rate:,.0f} |")
    grid = {name: found for name, found in results.items() if name.startswith("vw ")}
    if grid:
        best = {s: min(found[s][0] for found in grid.values()) for s in names}
        lines.append("| vw, best of its grid | " + " | ".join(f"{best[s]:.2f}" for s in names) + " | |")
    text = "\n".join(lines)
    print(text)
    if args.table:
        args.table.write_text(text + "\n")
    if grid and "southwell" in results:
        behind = [s for s in names if results["southwell"][s][0] > best[s]]
        if behind:
            raise SystemExit(f"the worst group is worse off than Vowpal Wabbit's on {', '.join(behind)}")


if __name__ == "__main__":
    main()
