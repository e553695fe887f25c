import os
from pathlib import Path
from typing import Any

import pytest

from millrace.logs.redis_address import RedisAddress
from millrace.server.settings import Settings, is_loopback, load_settings, unknown_variables
from millrace.server.settings_errors import SettingsError


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("MILLRACE_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def mistakes(overrides: dict[str, Any] | None = None, config: Path | None = None) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        load_settings(overrides, config=config)
    return list(refused.value.sentences)


def test_options_win_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "millrace.toml").write_text(
        'port = 1\nhost = "::1"\n[limits]\nqueue = 1\nturns_per_minute = 1\nframes_per_second = 1\n'
        '[providers.mine]\nbase_url = "http://127.0.0.1:1/v1"\n'
    )
    monkeypatch.setenv("MILLRACE_PORT", "2")
    monkeypatch.setenv("MILLRACE_LIMITS__TURNS_PER_MINUTE", "2")
    monkeypatch.setenv("MILLRACE_LIMITS__QUEUE", "2")
    monkeypatch.setenv("MILLRACE_PROVIDERS__MINE__API_KEY", "key")
    monkeypatch.setenv("MILLRACE_PROVIDERS__MINE__MODELS", "a, b")
    monkeypatch.setenv("MILLRACE_ROUTES__DEFAULT", "mine/a, mine/b")
    monkeypatch.setenv("MILLRACE_ROUTES__SMART__MODELS", '["mine/b"]')
    monkeypatch.setenv("MILLRACE_ROUTES__SMART__HEDGE", "true")
    settings = load_settings({"port": 3, "limits": {"queue": 3}})
    assert (settings.port, settings.host) == (3, "::1")
    limits = settings.limits
    assert (limits.queue, limits.turns_per_minute, limits.frames_per_second) == (3, 2, 1)
    mine = settings.providers["mine"]
    assert (mine.base_url, mine.models) == ("http://127.0.0.1:1/v1", ("a", "b"))
    assert settings.routes["default"].models == ("mine/a", "mine/b")
    assert (settings.routes["smart"].models, settings.routes["smart"].hedge) == (("mine/b",), True)
    assert mine.api_key is not None
    assert mine.api_key.get_secret_value() == "key"


def test_settings_made_by_hand_read_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MILLRACE_PORT", "2")
    (tmp_path / "millrace.toml").write_text("port = 1\n")
    assert Settings().port == 8000


def test_another_file_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("port = 7\n")
    monkeypatch.setenv("MILLRACE_CONFIG", "other.toml")
    assert load_settings().port == 7
    monkeypatch.setenv("MILLRACE_CONFIG", "missing.toml")
    assert mistakes() == ["The settings file missing.toml cannot be read: No such file or directory."]


def test_an_unknown_name_is_a_mistake_and_the_right_one_is_offered(tmp_path: Path) -> None:
    file = tmp_path / "millrace.toml"
    file.write_text("prt = 1\n[limits]\nturns_per_minut = 1\n[providers.x]\nbse_url = 'y'\n[zzzzz]\na = 1\n")
    assert mistakes() == [
        'There is no setting "limits.turns_per_minut" in millrace.toml. Did you mean "limits.turns_per_minute"?',
        'There is no setting "providers.x.bse_url" in millrace.toml. Did you mean "providers.x.base_url"?',
        'There is no setting "prt" in millrace.toml. Did you mean "port"?',
        'There is no setting "zzzzz" in millrace.toml.',
    ]


def test_a_broken_file_is_said_to_be_broken(tmp_path: Path) -> None:
    (tmp_path / "millrace.toml").write_text("port = \n")
    (sentence,) = mistakes()
    assert sentence.startswith("millrace.toml is not valid TOML: ")
    (tmp_path / "millrace.toml").write_bytes(b"\xff")
    assert mistakes() == ["millrace.toml is not written in UTF-8."]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"port": 70_000},
            "The setting port (MILLRACE_PORT) is wrong: input should be less than or equal to 65535.",
        ),
        (
            {"auth": {"mode": "open"}},
            "The setting auth.mode (MILLRACE_AUTH__MODE) is wrong: input should be 'guest', 'accounts' or 'jwt'.",
        ),
        (
            {"jwt_secret": "short-and-secret"[:15]},
            "The setting jwt_secret (MILLRACE_JWT_SECRET) is wrong: must be at least 16 bytes; "
            "`openssl rand -hex 32` makes one.",
        ),
        (
            {"allowed_origins": ["https://*.a.com"]},
            'The setting allowed_origins (MILLRACE_ALLOWED_ORIGINS) is wrong: "https://*.a.com" is not an origin: '
            'write scheme://host[:port] without a path or "*".',
        ),
        (
            {"auth": {"mode": "jwt"}},
            "Mode jwt needs jwt_secret (shared with the issuer) or jwt.jwks_url (its public keys).",
        ),
        (
            {"jwt": {"algorithms": "HS256,RS256"}},
            "The setting jwt (MILLRACE_JWT) is wrong: algorithms must be all HS* (a shared secret) or all public-key "
            "ones, never mixed.",
        ),
        (
            {"jwt": {"jwks_url": "https://issuer.example.com/keys"}},
            'The setting jwt (MILLRACE_JWT) is wrong: jwks_url needs public-key algorithms, ["RS256"] for example.',
        ),
    ],
)
def test_a_wrong_value_is_one_sentence_without_the_value(values: dict[str, Any], sentence: str) -> None:
    assert mistakes(values) == [sentence]


@pytest.mark.parametrize("algorithm", ["none", "None", "", "HS999"])
def test_no_token_goes_without_a_signature(algorithm: str) -> None:
    assert "algorithms must be some of" in mistakes({"jwt": {"algorithms": [algorithm]}})[0]


def test_an_unreadable_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_LIMITS", "{")
    (sentence,) = mistakes()
    assert "limits" in sentence


def test_names_that_look_like_settings_are_found() -> None:
    environment = {"MILLRACE_LIMTS__QUEUE": "1", "MILLRACE_PORT": "1", "MILLRACE_CONFIG": "x", "HOME": "/"}
    assert unknown_variables(environment) == ["MILLRACE_LIMTS__QUEUE"]


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("example.com", False),
        ("localhost.example.com", False),
    ],
)
def test_loopback_is_told_from_the_world(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_the_database_is_in_the_data_folder_unless_it_is_elsewhere(tmp_path: Path) -> None:
    assert Settings(data_dir=tmp_path).store_url == f"sqlite:///{tmp_path}/millrace.db"
    elsewhere = Settings(data_dir=tmp_path, database_url="postgresql://db/millrace", log="memory")
    assert elsewhere.store_url == "postgresql://db/millrace"
    assert not elsewhere.uses_data_dir
    assert Settings(data_dir=tmp_path, log="memory").uses_data_dir


def test_secrets_do_not_show() -> None:
    assert "0123456789abcdef" not in repr(Settings.model_validate({"jwt_secret": "0123456789abcdef" * 2}))


def test_the_public_address_is_a_page_of_ours() -> None:
    settings = Settings(public_url="https://Chat.example.com/millrace", allowed_origins=("https://app.example.com",))
    assert settings.page_origins == {"https://chat.example.com", "https://app.example.com"}
    assert settings.root_path == "/millrace"
    assert Settings().page_origins == frozenset()
    assert Settings().root_path == Settings(public_url="https://chat.example.com/").root_path == ""
    assert "public_url" in mistakes({"public_url": "chat.example.com"})[0]


def test_the_usual_names_configure_a_provider(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert load_settings().providers == {}
    monkeypatch.setenv("OPENAI_API_KEY", "usual-key")
    openai = load_settings().providers["openai"]
    assert openai.api_key is not None
    assert (openai.api_key.get_secret_value(), openai.base_url) == ("usual-key", None)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert load_settings().providers["openai"].base_url == "http://127.0.0.1:9/v1"
    (tmp_path / "millrace.toml").write_text("[providers.openai]\nmodels = ['a']\n[providers.other]\n")
    providers = load_settings().providers
    assert list(providers) == ["openai", "other"]
    assert (providers["openai"].models, providers["openai"].base_url) == (("a",), "http://127.0.0.1:9/v1")


def test_the_usual_key_goes_to_no_other_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "usual-key")
    (tmp_path / "millrace.toml").write_text('[providers.openai]\nbase_url = "https://elsewhere.example.com/v1"\n')
    assert load_settings().providers["openai"].api_key is None


def test_every_usual_name_configures_its_provider(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XAI_API_KEY", "x")
    monkeypatch.setenv("GROQ_API_KEY", "g")
    monkeypatch.setenv("GROQ_BASE_URL", "http://127.0.0.1:9/v1")
    (tmp_path / "millrace.toml").write_text('[providers.mistral]\nmodels = ["m"]\n')
    providers = load_settings().providers
    assert list(providers) == ["mistral", "groq", "xai"]
    assert (providers["groq"].base_url, providers["xai"].base_url) == ("http://127.0.0.1:9/v1", None)


def test_a_usual_key_does_not_follow_its_name_to_another_service(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("millrace.providers.config.KINDS", {"openai": "https://one.example/v1", "other": "https://two"})
    monkeypatch.setenv("OPENAI_API_KEY", "usual-key")
    (tmp_path / "millrace.toml").write_text('[providers.openai]\nkind = "other"\n')
    assert load_settings().providers["openai"].api_key is None


def test_one_key_for_both_wires_of_openai(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "usual-key")
    (tmp_path / "millrace.toml").write_text('[providers.openai]\nkind = "openai-responses"\nbackground = true\n')
    openai = load_settings().providers["openai"]
    assert openai.api_key is not None
    assert (openai.kind, openai.background) == ("openai-responses", True)


SHARED = {"redis_url": "redis://cache", "database_url": "postgresql://host/name"}


def test_a_redis_that_is_named_keeps_the_logs() -> None:
    settings = Settings.model_validate(SHARED)
    assert settings.log == "redis"
    assert settings.redis_address == RedisAddress.parse("redis://cache")
    assert not settings.uses_data_dir
    assert Settings.model_validate({**SHARED, "log": "sqlite"}).log == "sqlite"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"log": "redis"}, "Log redis needs redis_url"),
        ({"redis_url": "redis://cache"}, "needs database_url, a PostgreSQL"),
        ({**SHARED, "database_url": "sqlite:///x.db"}, "needs database_url, a PostgreSQL"),
        ({"workers": 2}, "2 workers need redis_url"),
        ({"redis_url": "http://cache"}, "must begin with redis://"),
        ({**SHARED, "redis_prefix": "a{b}"}, "redis_prefix"),
    ],
)
def test_what_several_processes_need_is_said(given: dict[str, Any], says: str) -> None:
    (sentence,) = mistakes(given)
    assert says in sentence
