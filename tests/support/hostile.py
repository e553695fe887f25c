"""Texts of about 100,000 characters that nobody writes, and that must cost a reader of texts next to nothing."""

import random

HOSTILE = {
    "one word": "a" * 100_000,
    "words": " ".join(f"w{number}" for number in range(20_000)),
    "control characters": "".join(map(chr, range(32))) * 3_125,
    "every script": "".join(
        map(chr, random.Random(5).sample([*range(0xA0, 0xD800), *range(0xE000, 0x20000)], 100_000))
    ),
    "emoji": "\U0001f600\U0001f621\U0001f389" * 33_333,
    "surrogates": "\ud800\udfff" * 50_000,
    "fences": "```" * 33_333,
    "ticks": "`a\n" * 33_333,
    "negations": "not " * 25_000,
    "names": "Ab " * 33_333,
    "marks": "?!.,:;[]()'-" * 8_333,
    "combining": "e\u0301\u0302\u0303" * 25_000,
}
