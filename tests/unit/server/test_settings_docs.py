import pytest

from millrace.server.settings import Settings
from millrace.server.settings_docs import TARGET, settings_page
from millrace.server.settings_groups import LimitSettings


def test_the_page_is_up_to_date() -> None:
    if not TARGET.parent.is_dir():
        pytest.skip("the documentation is not installed")
    assert TARGET.read_text(encoding="utf-8") == settings_page(), "run python -m millrace.server.settings_docs"


def test_every_setting_is_described_with_its_variable() -> None:
    page = settings_page()
    assert "`MILLRACE_JWT_SECRET`" in page
    for name, field in LimitSettings.model_fields.items():
        assert f"`MILLRACE_LIMITS__{name.upper()}`" in page
        assert field.description
    assert all(field.description for field in Settings.model_fields.values())
    assert "PydanticUndefined" not in page
