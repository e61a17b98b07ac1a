"""Pushes all memory of a process that it can write to, and shares with nobody, out to
swap: python3 page_out.py PID. The kernel does the same by itself when memory is short."""

import ctypes
import os
import re
import sys

PROCESS_MADVISE = 440
MADV_PAGEOUT = 21


class Part(ctypes.Structure):
    _fields_ = [("start", ctypes.c_void_p), ("length", ctypes.c_size_t)]


libc = ctypes.CDLL(None, use_errno=True)
process = int(sys.argv[1])
handle = os.pidfd_open(process)
refused = 0
with open(f"/proc/{process}/maps") as maps:
    parts = [re.match(r"(\w+)-(\w+) rw-p", line) for line in maps]
for part in filter(None, parts):
    start, end = (int(address, 16) for address in part.groups())
    one = Part(start, end - start)
    done = libc.syscall(PROCESS_MADVISE, handle, ctypes.byref(one), 1, MADV_PAGEOUT, 0)
    refused += done < 0
sys.exit(f"{refused} parts: {os.strerror(ctypes.get_errno())}" if refused == len(parts) else 0)
