"""What all comparisons share: timing one run, and the ratio of two programs over rounds."""

import gc
import math
import multiprocessing
import statistics
import time

PAR = 1.05  # slower: the whole interval above; faster: below its inverse


def timed(solve, setting):
    """(what `solve(setting)` gives, seconds), with the garbage collector kept out of it."""
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        result = solve(setting)
        return result, time.perf_counter() - start
    finally:
        gc.enable()


def limited(solve, setting, limit):
    """As `timed`; with a limit in a process of its own, which is ended after so many seconds: (None, limit)."""
    if not limit:
        return timed(solve, setting)
    fork = multiprocessing.get_context("fork")  # the data are there already
    receiver, sender = fork.Pipe(duplex=False)
    child = fork.Process(target=lambda: sender.send(timed(solve, setting)), daemon=True)
    child.start()
    sender.close()
    try:
        return receiver.recv() if receiver.poll(limit) else (None, limit)
    finally:
        child.kill()
        child.join()


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
