"""A thin ctypes face on Southwell's C library: block coordinate descent, completion, streams of rounds and the tuning of
logistic regression, as much of it as the comparisons need.

The data are borrowed, not copied (`swl_keep`), where their layout is one that the library takes: dense arrays in
column-major or row-major order, CSC or CSR, f64 or f32, all with either width of indices.
"""

import ctypes as c

import numpy as np
from scipy import sparse

RELEASE = c.CFUNCTYPE(None, c.c_void_p)
TRIPLETS = 2  # SWL_TRIPLETS


class Dense(c.Structure):
    _fields_ = [
        ("data", c.c_void_p), ("rows", c.c_int64), ("cols", c.c_int64), ("ld", c.c_int64),
        ("scalar", c.c_int32), ("order", c.c_int32),
    ]  # fmt: skip


class Sparse(c.Structure):
    _fields_ = [
        ("rows", c.c_int64), ("cols", c.c_int64), ("nnz", c.c_int64),
        ("indptr", c.c_void_p), ("indices", c.c_void_p), ("values", c.c_void_p),
        ("layout", c.c_int32), ("index", c.c_int32), ("scalar", c.c_int32), ("pad_", c.c_int32),
    ]  # fmt: skip


class Triplets(c.Structure):
    _fields_ = [
        ("rows", c.c_int64), ("cols", c.c_int64), ("nnz", c.c_int64),
        ("row", c.c_void_p), ("col", c.c_void_p), ("values", c.c_void_p),
        ("index", c.c_int32), ("scalar", c.c_int32), ("base", c.c_int32), ("pad_", c.c_int32),
    ]  # fmt: skip


class Matrix(c.Structure):
    _fields_ = [("kind", c.c_int32), ("pad_", c.c_int32), ("view", c.c_void_p)]


class Vec(c.Structure):
    _fields_ = [("data", c.c_void_p), ("len", c.c_int64), ("scalar", c.c_int32), ("pad_", c.c_int32)]


class Keep(c.Structure):
    _fields_ = [("ctx", c.c_void_p), ("release", RELEASE)]


class Grid(c.Structure):
    _fields_ = [
        ("struct_size", c.c_uint32), ("kind", c.c_int32), ("count", c.c_int64), ("lambdas", c.POINTER(Vec)),
        ("gap", c.c_double), ("max_explained", c.c_double), ("max_nonzeros", c.c_int64),
    ]  # fmt: skip


class Model(c.Structure):
    """`swl_bilevel_model`."""

    _fields_ = [
        ("struct_size", c.c_uint32), ("problem", c.c_int32), ("sharing", c.c_int32), ("intercept", c.c_int32),
        ("classes", c.c_int64), ("group_of_feature", c.c_void_p), ("features", c.c_int64), ("smoothing", c.c_double),
    ]  # fmt: skip


LOGISTIC, SHARING_SINGLE, SHARING_FEATURE = 1, 0, 1  # SWL_BILEVEL_LOGISTIC, SWL_SHARING_..


class SouthwellError(RuntimeError):
    """A call of the library failed; the text is its own message."""


def scalar_tag(array):
    return {np.dtype(np.float64): 0, np.dtype(np.float32): 1}[array.dtype]


def address(array):
    return array.ctypes.data_as(c.c_void_p)


class View:
    """A `swl_matrix` on a numpy array or a scipy CSC or CSR matrix, which it keeps alive."""

    def __init__(self, X):
        self.shape = X.shape
        self.holds = X
        self.inner = self.of_sparse(X) if sparse.issparse(X) else self.of_dense(X)
        kind = 1 if sparse.issparse(X) else 0
        self.matrix = Matrix(kind, 0, c.cast(c.pointer(self.inner), c.c_void_p))

    @staticmethod
    def of_dense(X):
        rows, cols = X.shape
        if X.flags.f_contiguous:
            return Dense(address(X), rows, cols, rows, scalar_tag(X), 0)
        if X.flags.c_contiguous:
            return Dense(address(X), rows, cols, cols, scalar_tag(X), 1)
        raise ValueError("expected a contiguous array, found strides")

    @staticmethod
    def of_sparse(X):
        if X.indptr.dtype != X.indices.dtype:
            raise ValueError("expected indptr and indices of one width, found two")
        index = {np.dtype(np.int32): 0, np.dtype(np.int64): 1}[X.indices.dtype]
        layout = {"csc": 0, "csr": 1}[X.format]
        arrays = (address(X.indptr), address(X.indices), address(X.data))
        return Sparse(*X.shape, X.nnz, *arrays, layout, index, scalar_tag(X.data), 0)


class Library:
    """The shared library at `path`, with the signatures declared."""

    def __init__(self, path):
        self.raw = c.CDLL(str(path))
        pointer, out = c.c_void_p, c.POINTER(c.c_void_p)
        for name, arguments in {
            "swl_options_new": [c.c_char_p, out],
            "swl_options_set_f64": [pointer, c.c_char_p, c.c_double],
            "swl_options_set_i64": [pointer, c.c_char_p, c.c_int64],
            "swl_options_set_str": [pointer, c.c_char_p, c.c_char_p],
            "swl_bcd_new": [c.POINTER(Matrix), c.POINTER(Vec), pointer, c.POINTER(Keep), pointer, out],
            "swl_bcd_solve": [pointer, pointer, pointer, pointer],
            "swl_bcd_coef": [pointer, pointer, c.c_int64],
            "swl_bcd_dual": [pointer, pointer, c.c_int64],
            "swl_bcd_path": [pointer, pointer, c.POINTER(Grid), pointer, c.POINTER(c.c_int64)],
            "swl_bcd_path_coef": [pointer, c.c_int64, pointer, c.c_int64],
            "swl_altmin_new": [c.POINTER(Matrix), c.POINTER(Vec), pointer, pointer, out],
            "swl_altmin_solve": [pointer, pointer, pointer, pointer],
            "swl_altmin_predict": [pointer, c.POINTER(Matrix), pointer, c.c_int64],
            "swl_groupwise_new": [c.c_int64, c.c_int64, c.c_uint32, pointer, pointer, out],
            "swl_groupwise_run": [
                pointer, c.POINTER(Dense), c.POINTER(Vec), pointer, pointer, pointer, pointer, pointer, c.c_int64, pointer,
            ],
            "swl_bilevel_new": [
                c.POINTER(Model), c.POINTER(Matrix), c.POINTER(Vec), c.POINTER(Matrix), c.POINTER(Vec), pointer, pointer, out,
            ],
            "swl_bilevel_set_bounds": [pointer, pointer, pointer, c.c_int64],
            "swl_bilevel_solve": [pointer, pointer, c.c_int64, pointer, pointer, pointer],
            "swl_bilevel_theta": [pointer, pointer, c.c_int64],
        }.items():
            function = getattr(self.raw, name)
            function.argtypes, function.restype = arguments, c.c_int32
        for name in ("swl_options_free", "swl_bcd_free", "swl_altmin_free", "swl_bilevel_free", "swl_groupwise_free"):
            function = getattr(self.raw, name)
            function.argtypes, function.restype = [pointer], None
        self.raw.swl_last_message.argtypes = [c.c_char_p, c.c_size_t]
        self.raw.swl_last_message.restype = c.c_size_t

    def call(self, name, *arguments):
        """Calls a function that returns a status; raises what `swl_last_message` says if it failed."""
        status = getattr(self.raw, name)(*arguments)
        if status != 0:
            text = c.create_string_buffer(2048)
            self.raw.swl_last_message(text, len(text))
            raise SouthwellError(f"{name} ({status}): {text.value.decode(errors='replace')}")

    def options(self, settings, family="bcd"):
        """A new options object of a family; the caller frees it."""
        handle = c.c_void_p()
        self.call("swl_options_new", family.encode(), c.byref(handle))
        for key, value in settings.items():
            if isinstance(value, str):
                self.call("swl_options_set_str", handle, key.encode(), value.encode())
            elif isinstance(value, float):
                self.call("swl_options_set_f64", handle, key.encode(), value)
            else:
                self.call("swl_options_set_i64", handle, key.encode(), value)
        return handle

    def bcd(self, view, y, with_dual=False, **settings):
        """The coefficients of one fit from scratch (and its dual point): options, problem, solve, read, free. No data
        are copied."""

        def solve(solver, options):
            coef = np.empty(view.shape[1])
            self.call("swl_bcd_solve", solver, options, None, None)
            self.call("swl_bcd_coef", solver, address(coef), coef.size)
            if with_dual:
                dual = np.empty(view.shape[0])
                self.call("swl_bcd_dual", solver, address(dual), dual.size)
                return coef, dual
            return coef

        return self.with_problem(view, y, settings, solve)

    def path(self, view, y, lambdas, **settings):
        """The coefficients of a path from scratch, one column for each of the falling strengths."""

        def solve(solver, options):
            coefs = np.empty((len(lambdas), view.shape[1]))
            strengths = Vec(address(lambdas), lambdas.size, scalar_tag(lambdas), 0)
            grid = Grid(c.sizeof(Grid), 1, 0, c.pointer(strengths), 0.0, 0.0, 0)
            count = c.c_int64()
            self.call("swl_bcd_path", solver, options, c.byref(grid), None, c.byref(count))
            for k in range(count.value):
                self.call("swl_bcd_path_coef", solver, k, address(coefs[k]), coefs.shape[1])
            return coefs.T

        return self.with_problem(view, y, settings, solve)

    def with_problem(self, view, y, settings, solve):
        """Makes options and problem, runs `solve(solver, options)`, frees both."""
        options, solver = self.options(settings), c.c_void_p()
        target = Vec(address(y), y.size, scalar_tag(y), 0)
        keep = Keep(None, RELEASE(lambda context: None))  # numpy owns the data and outlives the handle
        try:
            self.call("swl_bcd_new", view.matrix, target, options, keep, None, c.byref(solver))
            return solve(solver, options)
        finally:
            self.raw.swl_bcd_free(solver)
            self.raw.swl_options_free(options)

    def tune(self, training, validation, per_feature, start, bounds, **settings):
        """The log-strengths of a logistic regression by its validation loss: options, problem, solve, read, free. Both
        parts are pairs of a matrix and labels -1 and 1, which are copied."""
        options, solver = self.options(settings, "bilevel"), c.c_void_p()
        views = [View(X) for X, _ in (training, validation)]
        vectors = [Vec(address(y), y.size, scalar_tag(y), 0) for _, y in (training, validation)]
        sharing = SHARING_FEATURE if per_feature else SHARING_SINGLE
        model = Model(c.sizeof(Model), LOGISTIC, sharing, 0, 0, None, 0, 0.0)
        theta = np.empty(start.size)
        try:
            self.call(
                "swl_bilevel_new", model, views[0].matrix, vectors[0], views[1].matrix, vectors[1], None, None,
                c.byref(solver),
            )  # fmt: skip
            self.call("swl_bilevel_set_bounds", solver, address(bounds[0]), address(bounds[1]), start.size)
            self.call("swl_bilevel_solve", solver, address(start), start.size, options, None, None)
            self.call("swl_bilevel_theta", solver, address(theta), theta.size)
            return theta
        finally:
            self.raw.swl_bilevel_free(solver)
            self.raw.swl_options_free(options)

    def altmin(self, shape, row, col, value, **settings):
        """A completion from scratch; row and col are of int32 or int64, value of float64 or float32."""
        return Completion(self, shape, row, col, value, settings)

    def groupwise(self, x, y, groups, count, settings):
        """The predictions of a stream of rounds with `count` groups, in one call; `groups` has those of each row."""
        options, stream = self.options(settings, "groupwise"), c.c_void_p()
        starts = np.concatenate([[0], np.cumsum([len(g) for g in groups])]).astype(np.int64)
        ids = np.concatenate(groups).astype(np.int64)
        rows, labels = View(x).inner, Vec(address(y), y.size, scalar_tag(y), 0)
        out = np.empty(y.size)
        try:
            self.call("swl_groupwise_new", x.shape[1], count, 0, None, options, c.byref(stream))
            arrays = (None, address(starts), address(ids))
            self.call("swl_groupwise_run", stream, rows, labels, *arrays, None, address(out), out.size, None)
            return out
        finally:
            self.raw.swl_groupwise_free(stream)
            self.raw.swl_options_free(options)


class Completion:
    """A fitted completion of a matrix; its handle is freed with the object."""

    def __init__(self, library, shape, row, col, value, settings):
        self.library, self.shape, self.handle = library, shape, c.c_void_p()
        options = library.options(settings, "altmin")
        try:
            entries = self.triplets(row, col, value)
            library.call("swl_altmin_new", entries, None, options, None, c.byref(self.handle))
            library.call("swl_altmin_solve", self.handle, options, None, None)
        finally:
            library.raw.swl_options_free(options)

    def __del__(self):
        self.library.raw.swl_altmin_free(self.handle)

    def triplets(self, row, col, value):
        index = {np.dtype(np.int32): 0, np.dtype(np.int64): 1}[row.dtype]
        data = (address(row), address(col), None if value is None else address(value))
        scalar = 0 if value is None else scalar_tag(value)
        self.view = Triplets(*self.shape, row.size, *data, index, scalar, 0, 0)
        return Matrix(TRIPLETS, 0, c.cast(c.pointer(self.view), c.c_void_p))

    def predict(self, row, col):
        out = np.empty(row.size)
        self.library.call("swl_altmin_predict", self.handle, self.triplets(row, col, None), address(out), out.size)
        return out
