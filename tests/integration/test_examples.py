"""The examples run as they stand, one after the other in a process of their own, and print what they should."""

from __future__ import annotations

import json
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
    "own_reranker.py": "answer 0.50 是。门票为30元，学生半价。[1]\nrefusal 0.00 文档中没有找到这个问题的答案：找到的段落都没有提到“资助”。最接近的内容见出处。\n",
    "own_retriever.py": "default: 2023年报 2024年报\nnewest: 2024年报\n",
}


# Runs each script as `python SCRIPT` does, and prints its output and its error as a line of JSON.
RUNNER = """
import contextlib, io, json, runpy, sys, traceback
for script in sys.argv[1:]:
    error = ""
    with contextlib.redirect_stdout(io.StringIO()) as output:
        try:
            runpy.run_path(script, run_name="__main__")
        except BaseException:
            error = traceback.format_exc()
    print(json.dumps([output.getvalue(), error]), flush=True)
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """The output and the error of each example. One process runs them all, since it takes longer to start than they to run."""
    folder = tmp_path_factory.mktemp("examples")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("YINJU_")}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "TMPDIR": str(folder)}
    command = [sys.executable, "-c", RUNNER, *(str(ROOT / "examples" / name) for name in EXAMPLES)]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert ended.returncode == 0, ended.stderr
    return {name: tuple(json.loads(line)) for name, line in zip(EXAMPLES, ended.stdout.splitlines(), strict=True)}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_prints_what_it_should(ran: dict[str, tuple[str, str]], name: str) -> None:
    output, error = ran[name]
    assert error == ""
    assert output == OUTPUT[name]
