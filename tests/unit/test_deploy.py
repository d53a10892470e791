"""The container and its examples agree with the program: files, settings, commands, users and ports."""

from __future__ import annotations

import re
import shlex
from dataclasses import fields
from pathlib import Path
from typing import Any

import typer
import yaml

from rag.cli.app import app
from rag.settings import Settings

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
RESOURCES = {
    resource["kind"]: resource for resource in yaml.safe_load_all((ROOT / "deploy/kubernetes.yaml").read_text(encoding="utf-8"))
}
SETTINGS = {f"YINJU_{field.name.upper()}" for field in fields(Settings)}
COMMANDS = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def instructions(name: str, of: str = DOCKERFILE) -> list[str]:
    """The arguments of every instruction of this name, in order."""
    joined = re.sub(r"\\\n\s*", " ", of)
    return re.findall(rf"^{name} (.+)$", joined, re.MULTILINE)


def pod() -> dict[str, Any]:
    return RESOURCES["Deployment"]["spec"]["template"]["spec"]


def test_the_image_is_built_from_files_that_there_are_and_that_are_not_ignored() -> None:
    ignored = (ROOT / "deploy/Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    copied = {source for copy in instructions("COPY") if "--from" not in copy for source in shlex.split(copy)[:-1]}
    assert copied == {line[1:] for line in ignored if line.startswith("!")}
    for name in copied:
        assert (ROOT / name).exists(), name


def test_the_image_contains_all_packages_and_extras_that_exist() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    packages = re.search(r"^packages = \[(.+)\]$", project, re.MULTILINE)
    assert packages
    for name in re.findall(r'"(\w+)"', packages[1]):
        assert f"{name} {name}" in instructions("COPY")
        assert f"{name}/__init__.py" in DOCKERFILE
    (extras,) = set(re.findall(r"'\.\[([\w,]+)\]'", DOCKERFILE))
    for extra in extras.split(","):
        assert re.search(rf"^{extra} = \[$", project, re.MULTILINE), extra


def test_nothing_runs_as_root() -> None:
    (user,) = instructions("USER")
    number = int(user.split(":")[0])
    assert number >= 10_000
    assert f"--uid {number} " in DOCKERFILE
    security = pod()["securityContext"]
    assert security["runAsNonRoot"] is True
    assert {security["runAsUser"], security["runAsGroup"], security["fsGroup"]} == {number}
    for container in pod()["containers"]:
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    for name in ("server", "window"):
        assert COMPOSE["services"][name]["read_only"] is True
        assert COMPOSE["services"][name]["cap_drop"] == ["ALL"]


def test_every_environment_variable_is_a_setting() -> None:
    named = set(re.findall(r"\bYINJU_\w+(?==)", " ".join(instructions("ENV"))))
    named |= {name for service in COMPOSE["services"].values() for name in service.get("environment", {})}
    named |= {variable["name"] for container in pod()["containers"] for variable in container["env"]}
    assert {"YINJU_LIBRARY", "YINJU_API_KEYS", "YINJU_AUTH", "YINJU_HOST"} <= named <= SETTINGS
    # The variables that Kubernetes makes for a service called yinju would be taken for settings.
    assert RESOURCES["Service"]["metadata"]["name"] != "yinju" or pod()["enableServiceLinks"] is False


def test_every_command_exists() -> None:
    (default,) = instructions("CMD")
    given = [COMPOSE["services"][name]["command"] for name in ("server", "window")]
    given += [container["args"] for container in pod()["containers"]]
    assert {command[0] for command in [*given, yaml.safe_load(default)]} <= COMMANDS


def test_ports_are_those_of_the_program_and_closed_to_other_machines() -> None:
    exposed = set(map(int, instructions("EXPOSE")[0].split()))
    assert exposed == {Settings().port, Settings().server_port}
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert ports == [f"127.0.0.1:{Settings().server_port}:7861", f"127.0.0.1:{Settings().port}:7860"]
    assert RESOURCES["Service"]["spec"]["ports"][0]["port"] == Settings().server_port
    assert pod()["containers"][0]["ports"][0]["containerPort"] == Settings().server_port


def test_other_containers_may_use_the_name_of_the_service() -> None:
    assert COMPOSE["services"]["server"]["environment"]["YINJU_ALLOW_HOST"] == "server"
    (allowed,) = (each["value"] for each in pod()["containers"][0]["env"] if each["name"] == "YINJU_ALLOW_HOST")
    assert RESOURCES["Service"]["metadata"]["name"] in allowed.split(",")
