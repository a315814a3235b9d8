"""An environment of its own for each rival, made when it is first needed.

All get the versions of torch, transformers and sentence-transformers that Graft itself is pinned to, so that no rival
runs on an older or newer encoder than another.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"
SHARED = ("torch", "transformers", "sentence-transformers")


def python_of(requirements: Path, environments: Path) -> Path:
    """The interpreter of an environment that holds some requirements, made or renewed unless it is there.

    Raises:
        CalledProcessError: Something could not be installed; pip has said what.
    """
    home = environments / requirements.stem
    python, record = home / "bin" / "python", home / "installed.txt"
    pins = [line for line in CONSTRAINTS.read_text(encoding="utf8").splitlines() if line.split("==")[0] in SHARED]
    wanted = "\n".join([*pins, requirements.read_text(encoding="utf8")])
    if record.exists() and record.read_text(encoding="utf8") == wanted:
        return python
    print(f"installing {requirements.stem} into {home}, a few minutes and 1.5 GB ...", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    constraints = home / "constraints.txt"
    constraints.write_text("\n".join(pins), encoding="utf8")
    pip: list[str | Path] = [python, "-m", "pip", "install", "-qq", "--no-cache-dir", "--disable-pip-version-check"]
    torch = next(pin for pin in pins if pin.startswith("torch=="))
    # the CPU build comes first where an index offers it: what else needs torch would fetch several GB of CUDA
    if subprocess.run([*pip, f"{torch}+cpu"], capture_output=True, check=False).returncode:
        subprocess.run([*pip, torch], check=True)
    subprocess.run([*pip, "-r", requirements, "-c", constraints], check=True)
    record.write_text(wanted, encoding="utf8")
    return python
