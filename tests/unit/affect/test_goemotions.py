from pathlib import Path

import pytest

from millrace.affect.goemotions import read_labels, read_part


def test_rows_are_text_labels_and_id(tmp_path: Path) -> None:
    (tmp_path / "emotions.txt").write_text("joy\nanger\nneutral\n")
    (tmp_path / "dev.tsv").write_text('"so "glad" \u2028 x\t0,2\tid1\nno\t1\tid2\n', encoding="utf-8")
    assert read_labels(tmp_path) == ("joy", "anger", "neutral")
    part = read_part(tmp_path, "dev", 3)
    assert part.texts == ['"so "glad" \u2028 x', "no"]
    assert part.truth.tolist() == [[1, 0, 1], [0, 1, 0]]


def test_a_row_of_another_shape_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dev.tsv").write_text("no label\n")
    with pytest.raises(ValueError, match="unpack"):
        read_part(tmp_path, "dev", 3)
