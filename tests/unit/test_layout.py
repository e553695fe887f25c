"""The repository's own promises: tests beside their source, no build output, no registry named."""

import ast
import re
import subprocess
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "millrace"
UNIT = ROOT / "tests" / "unit"

# Tests of the whole repository or of the package as one, which mirror no single module.
ABOUT_THE_WHOLE = {"test_dependencies.py", "test_deployment.py", "test_layout.py", "test_public_names.py"}

# The hosts of package registries, in two pieces, so that this file does not name them either.
REGISTRY_HOSTS = tuple(
    first + last
    for first, last in (
        ("pypi.", "org"),
        ("files.python", "hosted.org"),
        ("registry.npm", "js.org"),
        ("registry.yarn", "pkg.com"),
        ("npm.pkg.", "github.com"),
        ("index.", "crates.io"),
        ("proxy.", "golang.org"),
        ("registry-1.", "docker.io"),
        ("deb.", "debian.org"),
        ("archive.", "ubuntu.com"),
    )
)

# What tools write and nobody edits. Generated protocol types (*.gen.ts) are committed on purpose.
BUILD_OUTPUT = re.compile(
    r"(^|/)(node_modules|dist|build|__pycache__|\.venv|\.make|test-results|playwright-report|[^/]+\.egg-info)/"
    r"|^src/millrace/web/|^bench/results/|^data/"
    r"|\.(pyc|pyo|so|whl|tsbuildinfo|map|sqlite3?|db|log)$"
)


def committed() -> tuple[PurePosixPath, ...]:
    """Every file that git tracks, as a path from the root."""
    if not (ROOT / ".git").exists():
        pytest.skip("what is committed is known only in a git checkout")
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)
    return tuple(PurePosixPath(name) for name in listing.stdout.decode().split("\0") if name)


def modules() -> set[PurePosixPath]:
    """Every module, from src/millrace, with a package standing for its __init__.py; without the migrations."""
    found = (path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts and path.stem != "__main__")
    named = {path.parent if path.stem == "__init__" else path.with_suffix("") for path in found}
    return {PurePosixPath(path.relative_to(SOURCE).as_posix()) for path in named - {SOURCE}}


def does_something(module: PurePosixPath) -> bool:
    """Whether a module has a function with a body; one that only declares values and ports has nothing to prove."""
    path = SOURCE / module.with_suffix(".py")
    if not path.is_file():
        return False
    functions = (
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return any(not isinstance(statement, ast.Expr) for function in functions for statement in function.body)


def mirrored(test: PurePosixPath, sources: set[PurePosixPath]) -> PurePosixPath | None:
    """The module or package that a unit test is about.

    test_fold.py is fold.py's, and so is test_fold_merging.py where the first grew too long.
    """
    words = test.stem.removeprefix("test_").split("_")
    for count in range(len(words), 0, -1):
        for name in ("_".join(words[:count]), "_" + "_".join(words[:count])):
            if test.parent / name in sources:
                return test.parent / name
    return None


def unit_tests() -> set[PurePosixPath]:
    """Every unit test file, from tests/unit."""
    found = {PurePosixPath(path.relative_to(UNIT).as_posix()) for path in UNIT.rglob("test_*.py")}
    return {path for path in found if path.as_posix() not in ABOUT_THE_WHOLE}


def imported_by_tests() -> set[PurePosixPath]:
    """The modules of Millrace that some test imports by name."""
    names: set[str] = set()
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {PurePosixPath(*name.split(".")[1:]) for name in names if name.startswith("millrace.")}


def test_every_unit_test_mirrors_a_module() -> None:
    sources = modules()
    strays = sorted(str(test) for test in unit_tests() if mirrored(test, sources) is None)
    assert not strays, f"these tests mirror no module of src/millrace, which may have been renamed: {strays}"


def test_every_module_is_proved() -> None:
    sources = modules()
    about = {mirrored(test, sources) for test in unit_tests()}
    proved = about | imported_by_tests()
    missing = sorted(
        f"{source}.py"
        for source in sources
        if does_something(source) and source not in proved and not about & set(source.parents)
    )
    assert not missing, f"no unit test mirrors these or their package, and no test imports them by name: {missing}"


def test_no_build_output_is_committed() -> None:
    output = [str(path) for path in committed() if BUILD_OUTPUT.search(path.as_posix())]
    assert not output, f"build output is committed: {output}"


def test_no_committed_file_names_a_registry() -> None:
    named = [
        f"{path}: {host}"
        for path in committed()
        if (ROOT / path).is_file()
        for host in REGISTRY_HOSTS
        if host.encode() in (ROOT / path).read_bytes()
    ]
    assert not named, f"a registry is the machine's business, not the project's: {named}"


def test_links_between_documents_lead_somewhere() -> None:
    link = re.compile(r"\]\((?!\w+:|#)([^)\s#]+)")
    broken = [
        f"{path} -> {target}"
        for path in committed()
        if path.suffix == ".md" and (ROOT / path).is_file()
        for target in link.findall((ROOT / path).read_text(encoding="utf-8"))
        if not (ROOT / path.parent / target).exists()
    ]
    assert not broken, f"these links lead nowhere: {broken}"


def test_each_decision_has_a_number_of_its_own() -> None:
    notes = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(name[:4]) for name in notes] == list(range(1, len(notes) + 1)), notes
