from pathlib import Path

import pytest

from millrace.server.data_dir import opened_data_dir
from millrace.server.settings_errors import SettingsError


def test_one_holds_the_folder_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    with opened_data_dir(folder, exclusive=True):
        with (
            pytest.raises(SettingsError, match="Another Millrace uses the data folder"),
            opened_data_dir(folder, exclusive=True),
        ):
            pass
        with opened_data_dir(folder, exclusive=False):
            pass
    with opened_data_dir(folder, exclusive=True):
        pass
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(SettingsError, match=r"file.* cannot be used: .*--data-dir"),
        opened_data_dir(tmp_path / "file", exclusive=True),
    ):
        pass
