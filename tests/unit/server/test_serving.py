import socket

import pytest

from millrace.server.serving import bind, check_exposure, url_of
from millrace.server.settings import Settings
from millrace.server.settings_errors import SettingsError


def settings(**values: object) -> Settings:
    return Settings.model_validate(values)


def test_guests_beyond_this_machine_need_a_word() -> None:
    check_exposure(settings())
    check_exposure(settings(host="0.0.0.0", auth={"allow_guests": True}))
    check_exposure(settings(host="0.0.0.0", auth={"mode": "accounts"}))
    with pytest.raises(SettingsError, match="--allow-guests"):
        check_exposure(settings(host="0.0.0.0"))
    with pytest.raises(SettingsError, match="--allow-guests"):
        check_exposure(settings(host="::"))


def test_a_taken_port_is_said_to_be_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"^Port {port} on 127\.0\.0\.1 is in use\. .* --port\.$"):
            bind("127.0.0.1", port)


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"no address 192\.0\.2\.1 on this machine"):
        bind("192.0.2.1", 0)
    with pytest.raises(SettingsError, match=r"no address nowhere\.invalid"):
        bind("nowhere.invalid", 0)


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", "127.0.0.1"), ("localhost", "localhost"), ("0.0.0.0", "127.0.0.1")],
)
def test_the_address_that_is_shown_can_be_opened(host: str, shown: str) -> None:
    with bind(host, 0) as listener:
        assert url_of(listener, host) == f"http://{shown}:{listener.getsockname()[1]}"
