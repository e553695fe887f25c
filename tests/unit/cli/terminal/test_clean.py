from millrace.cli.terminal.clean import clean, one_line


def test_escape_sequences_lose_their_power() -> None:
    assert clean("a\x1b[31mb\x1b]0;title\x07c\x9b2Jd\x7f") == "a[31mb]0;titlec2Jd"
    assert clean("one\r\ntwo\rthree\tfour") == "one\ntwothree\tfour"


def test_lone_surrogates_can_be_written() -> None:
    assert clean("a\ud800b") == "a?b"


def test_letters_stay() -> None:
    assert clean("Ä 日本 👩‍👩‍👧 عربى") == "Ä 日本 👩‍👩‍👧 عربى"


def test_one_line() -> None:
    assert one_line(" a\n\n b\x1b\tc ") == "a b c"
