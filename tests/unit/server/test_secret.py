import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from millrace.server.secret import KEY_FILE, signing_secret
from millrace.server.settings import Settings


def test_a_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    key = signing_secret(settings)
    assert len(key) == 64
    assert signing_secret(settings) == key
    assert stat.S_IMODE((tmp_path / "data" / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == [KEY_FILE]


def test_all_who_ask_at_once_get_the_same_key(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(lambda _: signing_secret(settings), range(32)))
    assert len(keys) == 1


def test_the_key_of_the_settings_is_used_as_it_is(tmp_path: Path) -> None:
    settings = Settings.model_validate({"data_dir": tmp_path, "jwt_secret": "x" * 32})
    assert signing_secret(settings) == b"x" * 32
    assert not list(tmp_path.iterdir())
