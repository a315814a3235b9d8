"""Arrays that are written through memory, so that they may be larger than it."""

from __future__ import annotations

import errno
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import DTypeLike, NDArray


def on_disk(path: Path, dtype: DTypeLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """An array in a new `.npy` file, of zeros, to be filled.

    Its place on the disk is taken at once: where a disk is full, filling it would end the process (SIGBUS).

    Raises:
        OSError: The disk is full.
    """
    if not math.prod(shape):
        np.save(path, np.empty(shape, dtype))  # what is empty cannot be mapped
        return np.empty(shape, dtype)
    array = open_memmap(path, "w+", dtype, shape)
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            try:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
            except OSError as error:
                if error.errno not in {errno.EINVAL, errno.EOPNOTSUPP}:  # some file systems take no place ahead
                    raise
    return array
