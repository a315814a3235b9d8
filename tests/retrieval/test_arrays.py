"""Arrays on disk are filled through memory, and a full disk is an error like any other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from retrieval.arrays import on_disk

FILL = """
import sys
from pathlib import Path
from retrieval.arrays import on_disk
on_disk(Path(sys.argv[1]) / "array.npy", "float32", (100_000,))[:] = 1
"""
IN_SMALL_DISK = 'mount -t tmpfs -o size=64k none "$1" && shift && exec "$@"'
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("shape", [(3, 4), (5,), (0,), (0, 4)])
def test_what_was_filled_in_is_read_back(tmp_path: Path, shape: tuple[int, ...]) -> None:
    array = on_disk(tmp_path / "array.npy", np.float16, shape)
    assert not array.any()
    array[:] = np.arange(array.size).reshape(shape)
    del array
    found = np.load(tmp_path / "array.npy", allow_pickle=False)
    assert found.dtype == np.float16 and found.tolist() == np.arange(found.size).reshape(shape).tolist()


def test_a_full_disk_is_an_error_and_no_end_of_the_process(tmp_path: Path) -> None:
    small = ["unshare", "-rm", "sh", "-c", IN_SMALL_DISK, "sh", str(tmp_path)]
    try:
        subprocess.run([*small, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no small disk can be mounted here")
    command = [*small, sys.executable, "-c", FILL, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip().split("\n")[-1]) == (1, "OSError: [Errno 28] No space left on device")
