import time
from pathlib import Path

import pytest

from millrace.ops.clock import SystemClock
from millrace.server.script_tokens import script_token
from millrace.server.secret import signing_secret
from millrace.server.settings import Settings
from millrace.server.settings_errors import SettingsError
from millrace.server.tokens import LocalTokens


@pytest.mark.parametrize(
    ("lifetime", "seconds"), [("90", 90), ("90s", 90), ("30m", 1800), ("12h", 43_200), ("2d", 172_800)]
)
async def test_a_token_is_good_as_long_as_it_was_asked_for(tmp_path: Path, lifetime: str, seconds: int) -> None:
    settings = Settings(data_dir=tmp_path)
    token = script_token(settings, "script", lifetime)
    principal = await LocalTokens(signing_secret(settings), SystemClock()).verify(token)
    assert principal.user_id == "script"
    assert seconds - 5 < (principal.expires_at or 0) - time.time() <= seconds


def test_a_secret_that_cannot_be_kept_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="signing secret cannot be read"):
        script_token(Settings(data_dir=tmp_path / "file"), "script", "1d")
