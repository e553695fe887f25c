"""`python -m bench.affect`: what an estimate of emotion costs; `python -m bench` runs it too.

Times are of the processor, so they stand on a busy machine too. `--assert` exits with 1 where a target is missed,
`--json` prints the figures for `bench.parts`.
"""

import random
import sys
from collections.abc import Callable, Iterator
from functools import partial
from time import thread_time
from typing import NamedTuple

import msgspec
import psutil

MESSAGES = 4_000
LENGTH = 200

_SENTENCES = (
    "Thanks, that helps a lot!",
    "I still do not see why the outer derivative has to be multiplied by the inner one.",
    "Could you show me another example with numbers, please?",
    "Ugh, this keeps failing and I have no idea what the message means.",
    "Oh wait, now I get it: the list is copied before the loop begins.",
    "My teacher said that the war began in {}, but the book says something else.",
    "How does the {} know where to go next?",
    "I'm a bit nervous about the exam on {}.",
    "That is really interesting, I never thought of {} in that way.",
    "What would happen if we used {} instead?",
)


class Target(NamedTuple):
    """A figure, and what it must stay under."""

    name: str
    unit: str
    value: float
    limit: float


def messages(count: int, seed: int = 11) -> Iterator[str]:
    """Messages of `LENGTH` characters; each holds some words that no other has."""
    chance = random.Random(seed)
    for _ in range(count):
        text = ""
        while len(text) < LENGTH:
            text += chance.choice(_SENTENCES).format("".join(chance.choices("abdegiklmnoprstu", k=7))) + " "
        yield text[:LENGTH]


def hostile() -> dict[str, str]:
    """Texts of 100,000 characters that nobody writes."""
    scripts = [*range(0xA0, 0xD800), *range(0xE000, 0x20000)]
    return {
        "one word": "a" * 100_000,
        "words": " ".join(f"w{number}" for number in range(20_000))[:100_000],
        "control": "".join(map(chr, range(32))) * 3_125,
        "scripts": "".join(map(chr, random.Random(5).sample(scripts, 100_000))),
        "emoji": "\U0001f600\U0001f621" * 50_000,
        "fences": "```" * 33_334,
    }


def milliseconds(action: Callable[[], object]) -> float:
    """How much of the processor an action takes."""
    began = thread_time()
    action()
    return (thread_time() - began) * 1e3


def measure() -> list[Target]:
    """Measure all figures. What memory NumPy itself takes is printed and has no target."""
    process = psutil.Process()
    before = process.memory_info().rss
    numpy_ms = milliseconds(lambda: __import__("numpy"))
    with_numpy = process.memory_info().rss
    print(f"NumPy itself: {numpy_ms:.0f} ms, {(with_numpy - before) / 2**20:.1f} MiB", file=sys.stderr)

    from bench.figures import percentile  # noqa: PLC0415 - nothing may be loaded before NumPy was measured
    from millrace.affect.analyzer import LearnerAnalyzer  # noqa: PLC0415
    from millrace.affect.emotions import LinearEmotions  # noqa: PLC0415
    from millrace.model.generation import PromptMessage  # noqa: PLC0415

    base = process.memory_info().rss
    load_ms = milliseconds(LinearEmotions.load)
    classifier = LinearEmotions.load()
    times = [milliseconds(partial(classifier.estimate, text)) for text in messages(MESSAGES)]
    memory = (process.memory_info().rss - base) / 2**20
    worst = max(min(milliseconds(partial(classifier.estimate, text)) for _ in range(3)) for text in hostile().values())

    analyzer = LearnerAnalyzer(classifier)
    history = [
        PromptMessage("user" if place % 2 == 0 else "assistant", text) for place, text in enumerate(messages(40, 12))
    ]
    analyzer.observe(history, "")
    turns = [milliseconds(partial(analyzer.observe, history, text)) for text in messages(500, 13)]
    return [
        Target("load", "ms", load_ms, 50.0),
        Target("memory after 4,000 messages", "MiB", memory, 10.0),
        Target("emotion of a message, p50", "ms", percentile(times, 50), 0.3),
        Target("emotion of a message, p99", "ms", percentile(times, 99), 1.0),
        Target("hostile text, the worst", "ms", worst, 5.0),
        Target("state after 40 messages, p50", "ms", percentile(turns, 50), 1.0),
        Target("state after 40 messages, p99", "ms", percentile(turns, 99), 3.0),
    ]


def main(arguments: list[str]) -> int:
    """Print the figures."""
    figures = measure()
    if "--json" in arguments:
        print(msgspec.json.encode([figure._asdict() for figure in figures]).decode())
        return 0
    for name, unit, value, limit in figures:
        print(f"{name:32} {value:8.3f} {unit:4} (target under {limit:g}) {'' if value < limit else 'MISSED'}")
    return int("--assert" in arguments and any(value >= limit for _, _, value, limit in figures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
