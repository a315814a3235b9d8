"""The pages of docs/ do what they say: their commands and Python run, in the order of the page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from chatbot.config import BotConfig

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BIN = Path(sys.executable).parent


def blocks(page: str, language: str) -> list[str]:
    return [body for kind, body in BLOCK.findall((DOCS / page).read_text(encoding="utf8")) if kind == language]


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_commands_and_code_run(page: str, tmp_path: Path, graft_home: Path) -> None:
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "GRAFT_HOME": str(graft_home), "PYTHONPATH": str(DOCS.parent)}
    runs = [["bash", "-euo", "pipefail", "-c", body] for body in blocks(page, "bash")]
    runs += [[sys.executable, "-c", body] for body in blocks(page, "python")]
    for command in runs:
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"
        assert done.stdout.strip(), command[-1]


def test_the_example_config_is_valid() -> None:
    (example,) = blocks("build-a-bot.md", "yaml")
    config = BotConfig.model_validate(yaml.safe_load(example))
    assert set(yaml.safe_load(example)) == set(BotConfig.model_fields) - {"folder"}
    assert config.guardrails.blocked == ["investment advice"]
