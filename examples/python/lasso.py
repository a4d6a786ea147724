"""A lasso through the C interface, by ctypes and the standard library alone.

    python3 lasso.py [LIBRARY [DATA]]

LIBRARY is the shared library (../../target/release/libsouthwell.so unless given), DATA a table with a line of names whose last
column is the target (../../data/diabetes.csv). A NumPy array goes the same way without a copy: Fortran order, and
a.ctypes.data for the pointer.
"""

import csv
import ctypes
import os
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


class Vec(ctypes.Structure):
    """swl_vec: a view of numbers."""

    _fields_ = [("data", ctypes.c_void_p), ("len", ctypes.c_int64), ("scalar", ctypes.c_int32), ("pad_", ctypes.c_int32)]


class Dense(ctypes.Structure):
    """swl_dense: a view of a dense matrix; order 0 is column by column."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("rows", ctypes.c_int64),
        ("cols", ctypes.c_int64),
        ("ld", ctypes.c_int64),
        ("scalar", ctypes.c_int32),
        ("order", ctypes.c_int32),
    ]


class Matrix(ctypes.Structure):
    """swl_matrix: a view of any matrix; kind 0 is dense."""

    _fields_ = [("kind", ctypes.c_int32), ("pad_", ctypes.c_int32), ("view", ctypes.c_void_p)]


# Calls of ours from C: what they return other than 0 stops the solve.
Progress = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p)


class Control(ctypes.Structure):
    """swl_control: here its progress alone; what is left out is 0."""

    _fields_ = [
        ("struct_size", ctypes.c_uint32),
        ("every", ctypes.c_uint32),
        ("cancel", ctypes.c_void_p),
        ("progress", Progress),
        ("log", ctypes.c_void_p),
        ("ctx", ctypes.c_void_p),
        ("log_level", ctypes.c_int32),
        ("pad_", ctypes.c_int32),
    ]


class Certificate(ctypes.Structure):
    """swl_certificate: objective, dual value, and what lies between them."""

    _fields_ = [
        ("struct_size", ctypes.c_uint32),
        ("kind", ctypes.c_int32),
        ("rigor", ctypes.c_int32),
        ("pad_", ctypes.c_int32),
        ("value", ctypes.c_double),
        ("target", ctypes.c_double),
        ("primal", ctypes.c_double),
        ("dual", ctypes.c_double),
    ]


class SouthwellError(Exception):
    """A call that failed: the message says which argument, what was expected, what was found."""


class Library:
    """The shared library. Calls that return a status raise SouthwellError when they fail."""

    def __init__(self, path):
        self.c = ctypes.CDLL(path)
        self.c.swl_status_name.restype = ctypes.c_char_p
        self.c.swl_last_message.restype = ctypes.c_size_t

    def call(self, name, *arguments):
        function = getattr(self.c, name)
        function.restype = ctypes.c_int32
        status = function(*arguments)
        if status != 0:
            text = ctypes.create_string_buffer(self.c.swl_last_message(None, ctypes.c_size_t(0)))
            self.c.swl_last_message(text, ctypes.c_size_t(len(text)))
            raise SouthwellError(self.c.swl_status_name(status).decode() + ": " + text.value.decode())


class Lasso:
    """min 1/2 |y - A x - b|^2 + lambda sum_j |x_j|, with any option of the solver: Lasso(library, lambda_ratio=0.1)."""

    def __init__(self, library, **options):
        self.library = library
        self.options = ctypes.c_void_p()
        library.call("swl_options_new", b"bcd", ctypes.byref(self.options))
        for key, value in options.items():
            # Every option can be set as text.
            text = ("true" if value else "false") if isinstance(value, bool) else str(value)
            library.call("swl_options_set_str", self.options, key.encode(), text.encode())

    def fit(self, columns, y):
        """Solves; Ctrl-C ends it with the best answer so far. Sets coef, intercept and certificate."""
        library, rows, cols = self.library, len(y), len(columns)
        data = (ctypes.c_double * (rows * cols))(*(value for column in columns for value in column))
        target = (ctypes.c_double * rows)(*y)
        dense = Dense(ctypes.addressof(data), rows, cols, rows, 0, 0)
        matrix = Matrix(0, 0, ctypes.addressof(dense))
        vector = Vec(ctypes.addressof(target), rows, 0, 0)
        problem, stopped = ctypes.c_void_p(), []
        # Python runs the handler of a signal only while it runs itself, so the solve has to call it from time to time.
        progress = Progress(lambda context, report: 1 if stopped else 0)
        control = Control(struct_size=ctypes.sizeof(Control), progress=progress)
        before = signal.signal(signal.SIGINT, lambda *_: stopped.append(True))
        try:
            # The arrays are copied: they may go once this has returned.
            views = ctypes.byref(matrix), ctypes.byref(vector)
            library.call("swl_bcd_new", *views, None, None, ctypes.byref(control), ctypes.byref(problem))
            library.call("swl_bcd_solve", problem, self.options, ctypes.byref(control), None)
            coef, intercept = (ctypes.c_double * cols)(), ctypes.c_double()
            library.call("swl_bcd_coef", problem, coef, ctypes.c_int64(cols))
            library.call("swl_bcd_intercept", problem, ctypes.byref(intercept), ctypes.c_int64(1))
            certificate = Certificate(struct_size=ctypes.sizeof(Certificate))
            library.call("swl_bcd_certificate", problem, ctypes.byref(certificate))
        finally:
            signal.signal(signal.SIGINT, before)
            library.c.swl_bcd_free(problem)
        self.coef, self.intercept, self.certificate = list(coef), intercept.value, certificate
        return self

    def __del__(self):
        self.library.c.swl_options_free(self.options)


def main(arguments):
    path = arguments[0] if arguments else os.path.join(HERE, "../../target/release/libsouthwell.so")
    table = arguments[1] if len(arguments) > 1 else os.path.join(HERE, "../../data/diabetes.csv")
    with open(table, newline="") as file:
        names, *rows = csv.reader(file)
    columns = [[float(value) for value in column] for column in zip(*rows)]
    y = columns.pop()
    library = Library(path)
    lasso = Lasso(library, lambda_ratio=0.1, intercept=True, standardize=True).fit(columns, y)
    for name, value in zip(names, lasso.coef):
        print(f"coef[{name}] = {value:.6f}")
    found = lasso.certificate
    print(f"intercept {lasso.intercept:.4f}, objective {found.primal:.6f}, within {found.value:.1e} of the least")
    try:
        Lasso(library, lambda_rato=0.1)
    except SouthwellError as error:
        print(error)


if __name__ == "__main__":
    main(sys.argv[1:])
