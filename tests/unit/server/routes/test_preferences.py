"""What a user chooses is kept with the user, and is nobody else's."""

from pathlib import Path

from tests.support.app import guest_of, running_app, small_settings


async def test_a_choice_is_the_callers_own_and_lasts(tmp_path: Path) -> None:
    settings = small_settings(tmp_path)
    async with running_app(settings) as app, guest_of(app) as ana, guest_of(app) as ben:
        usual = {"emotion_enabled": True, "emotion_available": True}
        assert (await ana.get("/api/preferences")).json() == usual
        off = await ana.patch("/api/preferences", json={"emotion_enabled": False})
        assert (off.status_code, off.json()["emotion_enabled"]) == (200, False)
        for nothing in ({}, {"emotion_enabled": None}, {"color": "red"}):
            assert (await ana.patch("/api/preferences", json=nothing)).json() == off.json()
        assert (await ana.patch("/api/preferences", json={"emotion_enabled": "perhaps"})).status_code == 400
        assert (await ben.get("/api/preferences")).json() == usual
        cookies = ana.cookies
    switched_off = small_settings(tmp_path, generation={"emotion_enabled": False})
    async with running_app(switched_off) as app, guest_of(app) as ana:
        ana.cookies = cookies
        assert (await ana.get("/api/preferences")).json() == {"emotion_enabled": False, "emotion_available": False}
