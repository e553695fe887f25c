"""What is imported is asked for, and the locks hold what is asked for."""

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]

# What a framework is made of is imported beside it, in the version the framework wants.
PARTS = {"cryptography": "pyjwt", "pydantic_core": "pydantic", "starlette": "fastapi", "uvloop": "uvicorn"}

# Extras that are too large to be set up for everybody.
LARGE_EXTRAS = frozenset({"affect-onnx"})


def locked(lock: str) -> dict[str, list[tuple[Version, str]]]:
    """The versions a lock holds, by name, each with its environment marker."""
    found: dict[str, list[tuple[Version, str]]] = {}
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        if line and line[0].isalnum():
            requirement = Requirement(line.removesuffix("\\").strip())
            version = Version(str(requirement.specifier).removeprefix("=="))
            found.setdefault(canonicalize_name(requirement.name), []).append((version, str(requirement.marker or "")))
    return found


def asked_for(*groups: str, without: frozenset[str] = frozenset()) -> list[Requirement]:
    """What pyproject.toml asks for: for running (extras too, but some), and the groups with those they include."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lines: list[str] = list(project["project"]["dependencies"])
    for name, extra in project["project"].get("optional-dependencies", {}).items():
        lines += [] if name in without else extra
    pending = list(groups)
    while pending:
        for item in project["dependency-groups"][pending.pop()]:
            if isinstance(item, str):
                lines.append(item)
            else:
                pending.append(item["include-group"])
    return [Requirement(line) for line in lines]


def imported(*folders: str) -> dict[str, str]:
    """The third-party packages that the Python files in these folders import by their top name, with one file each."""
    names: dict[str, str] = {}
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules = [node.module]
            for module in modules:
                names.setdefault(module.split(".")[0], str(path.relative_to(ROOT)))
    ours = {"millrace", "tests", "bench", "chaos", "soak", "examples"}
    return {name: file for name, file in names.items() if name not in sys.stdlib_module_names | ours}


@pytest.mark.parametrize(
    ("folders", "groups"),
    [(("src",), ("train",)), (("src", "tests", "bench", "chaos", "soak", "examples"), ("dev",))],
    ids=["running", "working"],
)
def test_what_is_imported_is_asked_for(folders: tuple[str, ...], groups: tuple[str, ...]) -> None:
    asked = {canonicalize_name(requirement.name) for requirement in asked_for(*groups)}
    providers = packages_distributions()
    missing = {
        name: file
        for name, file in imported(*folders).items()
        if not asked & {PARTS.get(name), *(canonicalize_name(provider) for provider in providers.get(name, []))}
    }
    assert not missing, f"imported, but not asked for in pyproject.toml: {missing}"


@pytest.mark.parametrize(
    ("lock", "group", "without"),
    [("requirements.lock", "build", LARGE_EXTRAS), ("requirements-dev.lock", "dev", frozenset())],
)
def test_the_locks_hold_what_is_asked_for(lock: str, group: str, without: frozenset[str]) -> None:
    held = locked(lock)
    missing = [
        str(requirement)
        for requirement in asked_for(group, without=without)
        if not any(
            requirement.specifier.contains(version) for version, _ in held.get(canonicalize_name(requirement.name), [])
        )
    ]
    assert not missing, f"{lock} lacks {missing}: `make lock` renews it"


def test_both_locks_hold_the_same_versions() -> None:
    runtime, everything = locked("requirements.lock"), locked("requirements-dev.lock")
    different = {name for name, versions in runtime.items() if everything.get(name) != versions}
    assert not different, f"the locks differ in {sorted(different)}: `make lock` renews them"


def test_locked_packages_are_hashed_and_name_no_index() -> None:
    for lock in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / lock).read_text(encoding="utf-8")
        packages = sum(len(versions) for versions in locked(lock).values())
        assert packages > 50
        assert text.count(" \\\n    --hash=") >= packages
        assert "://" not in text
