"""The bench as developers start it: real processes, one yardstick, the smallest sizes."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 60


async def bench(output: Path, *options: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench", "--quick", "--output", str(output), *options),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        text, _ = await asyncio.wait_for(process.communicate(), LIMIT_S)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, text.decode()


def read(output: Path) -> dict[str, Any]:
    [path] = output.glob("*.json")
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document


def pictures(output: Path) -> int:
    return len(list(output.glob("*.png")))


async def test_the_floor_relays_every_token_and_is_measured(tmp_path: Path) -> None:
    code, text = await bench(tmp_path, "--servers", "floor", "--only", "paced,turns", "--assert")
    assert code == 0, text
    document = read(tmp_path)
    paced, turns = document["medians"]["floor"]["paced"], document["medians"]["floor"]["turns"]
    assert paced["mismatches"] == turns["mismatches"] == 0
    assert paced["texts_verified"] >= 50
    assert 1 < paced["cpu_us_per_token"] < 1000
    assert 0 < paced["latency_p50_ms"] <= paced["latency_p99_ms"]
    assert 0 < turns["cpu_ms_per_turn"] < 100
    assert document["machine"]["cores"] >= 1
    assert [target["verdict"] for target in document["targets"]] == ["met"]
    assert pictures(tmp_path) == 1


async def test_the_estimate_of_emotion_is_measured_without_a_server(tmp_path: Path) -> None:
    code, text = await bench(tmp_path, "--only", "affect")
    assert code == 0, text
    figures = {target["title"]: target for target in read(tmp_path)["targets"]}
    assert figures["emotion of a message, p50, ms"]["limit"] == 0.3
    assert figures["emotion of a message, p99, ms"]["limit"] == 1.0
    assert {name for name in figures if name.startswith(("load", "memory", "hostile"))} == {
        "load, ms",
        "memory after 4,000 messages, MiB",
        "hostile text, the worst, ms",
    }


async def test_a_name_that_is_none_is_answered_with_those_there_are(tmp_path: Path) -> None:
    code, text = await bench(tmp_path, "--servers", "flor")
    assert code == 2
    assert "floor" in text
    assert "usual" in text


async def test_a_feed_that_does_not_start_is_named(tmp_path: Path) -> None:
    code, text = await bench(tmp_path, "--servers", "floor", "--feed", f"{sys.executable} -c 'raise SystemExit(7)'")
    assert code == 2
    assert "the feed did not start" in text
