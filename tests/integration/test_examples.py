"""The examples run as they stand, each in a process of its own, and print what they should."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("*.py"))
OUTPUT = {
    "own_composer.py": "sure: 北山观鸟站于2024年5月开放。[1]\n",
    "own_encoder.py": "北山观鸟站: cosine 0.28\n",
    "own_generator.py": "parrot\n北山观鸟站于2024年5月开放。[1]\n语言模型有1句话在文档中找不到依据，已略去。\n",
    "own_reranker.py": "answer 0.50 是。门票为30元，学生半价。[1]\nrefusal 0.00 文档中没有找到这个问题的答案。最接近的内容见出处，但其中没有答案。\n",
    "own_retriever.py": "default: 2023年报 2024年报\nnewest: 2024年报\n",
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_prints_what_it_should(name: str, tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("YINJU_")}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "TMPDIR": str(tmp_path)}
    command = [sys.executable, str(ROOT / "examples" / name)]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert (ran.returncode, ran.stdout) == (0, OUTPUT[name]), ran.stderr
