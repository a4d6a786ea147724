"""The real data sets of agree.py: where each lies below the data folder and how the command is told to read it.

A set has one form for the command and the same numbers for numpy. Most files are given to the command as they are,
which tries its readers too; what it cannot read, or what has to be scaled first, is written anew to a folder of ours.
"""

import gzip
import pathlib
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

LASSO, LOGISTIC, RIDGE, GROUP = "lasso", "logistic-l1", "logistic-l2", "group-lasso"
CLASSES = (LASSO, LOGISTIC, RIDGE)


@dataclass(frozen=True)
class Source:
    """A file below the data folder. `target`: column of the target in delimited text."""

    name: str
    path: str
    problems: tuple = (LASSO,)
    target: str = ""
    positive: str = ""  # the label that becomes +1, all others -1; empty: labels are -1 and +1, or numbers
    target_file: str = ""
    scaled: bool = False  # raw values of mixed sizes: divide columns by their deviation (dense ones centred too)
    headless: bool = False  # the first line is neither names nor data
    drop: tuple = ()  # columns by name that are not features
    groups: object = None  # size, or a file of `column,group` lines


def libsvm(name, path, **more):
    return Source(name, "classification/" + path, CLASSES, **more)


def uci(name):
    return Source(name, f"regression/{name}/data.csv.gz", target="-1")


SOURCES = [
    libsvm("a1a", "a1a/a1a"),
    libsvm("a9a", "a9a/a9a.gz"),
    libsvm("mushrooms", "mushrooms/mushrooms.gz", positive="2"),
    libsvm("news20", "news20/news20.gz", positive="1"),
    libsvm("heart_scale", "heart_scale/heart_scale"),
    libsvm("german", "german_numer_scale/german_scale.txt"),
    libsvm("rcv1-1000", "rcv1-1000/rcv1_small.svm.gz"),
    libsvm("pcmac", "pcmac/pcmac.svm.gz"),
    libsvm("madelon", "madelon/madelon.svm.gz", scaled=True),
    libsvm("isolet", "isolet-1560/isolet-1560.svm.gz", positive="1"),
    libsvm("spambase", "spambase/spambase.svm.gz", scaled=True),
    libsvm("svmguide1", "svmguide1/svmguide1.csv", target="0", positive="1", headless=True),
    libsvm("breast_cancer", "breast_cancer/breast_cancer.csv", target="-1", positive="1", headless=True),
    Source("golub", "expression/golub/golub.svm.gz", CLASSES, scaled=True),
    Source("alon", "expression/alon/alon.svm.gz", CLASSES, scaled=True),
    Source("khan", "expression/khan/khan.svm.gz", CLASSES, positive="2"),
    Source("singh", "expression/singh/singh.svm.gz", CLASSES, scaled=True),
    Source("digits", "digits/digits8x8/digits.csv.gz", (*CLASSES, GROUP), target="-1", positive="0", groups=8),
    *map(uci, "autompg bike concrete elevators energy housing kin40k pol protein skillcraft wine".split()),
    Source("cal_housing", "regression/cal_housing/cal_housing.data.gz", target="median_house_value"),
    Source("diabetes", "regression/diabetes/diabetes_data_raw.csv", target_file="diabetes_target.csv"),
    Source("prostate", "regression/prostate/prostate.csv", target="lpsa", drop=("train",)),
    Source("knex", "sparse/KNex/KNex.mtx", target_file="KNex_y.txt"),
    Source("bardet", "grouplasso/bardet-gglasso/bardet.csv", (LASSO, GROUP), target="y", groups=5),
    Source(
        "birthwt", "grouplasso/birthwt-grpreg/Birthwt.csv", (LASSO, GROUP), target="bwt", drop=("low",),
        groups="groups.csv",
    ),
    Source("exp1", "synthetic-icml2015/exp1/exp1.svm.gz"),
    Source("exp2", "synthetic-icml2015/exp2/exp2.svm.gz", CLASSES),
    Source("exp3", "synthetic-icml2015/exp3/exp3.svm.gz", (LASSO, GROUP), groups=10),
]  # fmt: skip


@dataclass
class DataSet:
    """X and y for numpy; for each problem the flags that make the command read the same."""

    name: str
    X: object
    y: np.ndarray
    problems: tuple
    flags: dict
    groups: np.ndarray = None
    group_flags: list = field(default_factory=list)

    def kind(self):
        return "sparse" if sparse.issparse(self.X) else "dense"


def lines(path):
    opened = gzip.open(path, "rt") if path.suffix == ".gz" else open(path)
    with opened as file:
        return file.read().splitlines()


def read_delimited(path, source):
    """(names, numbers): names is empty where the file has none."""
    text = lines(path)
    delimiter = "," if "," in text[-1] else None
    first = [cell.strip() for cell in text[0].split(delimiter)]
    named = not source.headless and any(not is_number(cell) for cell in first)
    numbers = np.loadtxt(text[1:] if named or source.headless else text, delimiter=delimiter, ndmin=2)
    return (first if named else []), numbers


def is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True


def read(path, source):
    """(X, labels as in the file) for each of the formats."""
    if ".svm" in path.suffixes or source.path.startswith("classification/") and not source.target:
        from sklearn.datasets import load_svmlight_file

        return load_svmlight_file(str(path), zero_based=False)
    if path.suffix == ".mtx":
        from scipy.io import mmread

        X = sparse.csc_matrix(mmread(path))
        return X, np.loadtxt(path.parent / source.target_file)
    names, numbers = read_delimited(path, source)
    if source.target_file:
        return numbers, np.loadtxt(path.parent / source.target_file)
    at = names.index(source.target) if source.target in names else int(source.target) % numbers.shape[1]
    out = [at, *(names.index(name) for name in source.drop)]
    return np.delete(numbers, out, axis=1), numbers[:, at]


def signs(labels, source):
    """The labels as -1 and +1 where a label is named +1, otherwise as they are."""
    return np.where(labels == float(source.positive), 1.0, -1.0) if source.positive else labels


def settle(X):
    """Dense if more than half of the entries are stored, otherwise CSC."""
    if not sparse.issparse(X):
        return np.asfortranarray(X)
    stored = X.nnz / (X.shape[0] * X.shape[1])
    if stored > 0.5:
        return np.asfortranarray(X.toarray())
    X = X.tocsc()
    X.sort_indices()
    return X


def scale(X):
    """Columns of unit deviation; dense ones centred too. Constant columns stay as they are, or become zero."""
    if sparse.issparse(X):
        mean = np.asarray(X.mean(axis=0)).ravel()
        deviation = np.sqrt(np.asarray(X.multiply(X).mean(axis=0)).ravel() - mean**2)
        return sparse.csc_matrix(X @ sparse.diags(1.0 / np.where(deviation > 0, deviation, 1.0)))
    deviation = X.std(axis=0)
    return np.asfortranarray((X - X.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0))


def write_libsvm(path, X, y):
    """Digits enough to read back as the same numbers (scikit-learn's own writer rounds)."""
    rows = X.tocsr()
    with open(path, "w") as file:
        for i in range(rows.shape[0]):
            part = slice(rows.indptr[i], rows.indptr[i + 1])
            entries = zip(rows.indices[part].tolist(), rows.data[part].tolist())
            print(repr(float(y[i])), *(f"{j + 1}:{v!r}" for j, v in entries), file=file)


def write_anew(folder, name, X, y):
    """Flags for a copy: LIBSVM text if sparse, NPY with a target file if dense."""
    if sparse.issparse(X):
        path = folder / f"{name}.svm"
        write_libsvm(path, X, y)
        return ["--data", str(path)]
    np.save(folder / f"{name}.npy", X)
    np.savetxt(folder / f"{name}.y.txt", y, fmt="%.17g")
    return ["--data", str(folder / f"{name}.npy"), "--target", str(folder / f"{name}.y.txt")]


def original(path, source, folder):
    """Flags for the file as it is, less a first line that is neither names nor data."""
    if source.headless:
        copy = folder / f"{source.name}.csv"
        copy.write_text("\n".join(lines(path)[1:]) + "\n")
        path = copy
    flags = ["--data", str(path)]
    if source.target:
        flags += ["--target-column", source.target]
    if source.target_file:
        flags += ["--target", str(path.parent / source.target_file)]
    return flags


def flags(path, source, X, y, folder):
    """Flags of the command for each problem of the set."""
    if source.scaled or source.drop:
        return dict.fromkeys(source.problems, write_anew(folder, source.name, X, y))
    plain = original(path, source, folder)
    if not source.positive:
        return dict.fromkeys(source.problems, plain)
    numbers = write_anew(folder, source.name + "-signs", X, y)  # squared loss on the labels as numbers
    squares = dict.fromkeys((LASSO, GROUP), numbers)
    return squares | dict.fromkeys((LOGISTIC, RIDGE), plain + ["--positive", source.positive])


def grouping(path, source, features, folder):
    """(label of each feature, flags of the command)."""
    if source.groups is None:
        return None, []
    if isinstance(source.groups, int):
        return np.arange(features) // source.groups, ["--groups", str(source.groups)]
    names = [line.split(",")[1] for line in lines(path.parent / source.groups)[1:]]
    numbers = {name: i for i, name in enumerate(dict.fromkeys(names))}
    labels = np.array([numbers[name] for name in names])
    np.savetxt(folder / f"{source.name}.groups.txt", labels, fmt="%d")
    return labels, ["--groups", str(folder / f"{source.name}.groups.txt")]


def load(source, root, folder):
    """The data set, or None if its file is not there. `folder` takes what has to be written anew."""
    path, folder = pathlib.Path(root) / source.path, pathlib.Path(folder)
    if not path.exists():
        return None
    X, labels = read(path, source)
    X, y = settle(X), signs(np.asarray(labels, float), source)
    if source.scaled:
        X = scale(X)
    groups, group_flags = grouping(path, source, X.shape[1], folder)
    return DataSet(source.name, X, y, source.problems, flags(path, source, X, y, folder), groups, group_flags)
