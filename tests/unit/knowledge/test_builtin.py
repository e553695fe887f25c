import os
import subprocess
import sys
import zipfile
from pathlib import Path

from millrace.knowledge.builtin import builtin_documents, read_documents

ROOT = Path(__file__).resolve().parents[3]


def test_titles_are_the_first_heading_and_ids_the_files_name(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("<p>logo</p>\n\n# Millrace\n\nText.\n", encoding="utf-8")
    (tmp_path / "your-texts.md").write_text("No heading.\n", encoding="utf-8")
    (tmp_path / "empty.md").write_text("\n", encoding="utf-8")
    documents = read_documents(sorted(tmp_path.iterdir()))
    assert [(each.id, each.title) for each in documents] == [
        ("millrace-readme", "Millrace"),
        ("millrace-your-texts", "Your texts"),
    ]


def test_the_repositorys_own_texts_are_there() -> None:
    ids = {document.id for document in builtin_documents()}
    expected = {path for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")] if path.read_text("utf-8").strip()}
    assert ids == {f"millrace-{path.stem.lower()}" for path in expected}


def test_an_installed_package_brings_them_along(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    script = (
        "from millrace.knowledge import builtin; print(builtin.__file__, *(d.id for d in builtin.builtin_documents()))"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
    )
    file, *ids = ran.stdout.split()
    assert Path(file).is_relative_to(tmp_path)
    assert sorted(ids) == sorted(document.id for document in builtin_documents())
