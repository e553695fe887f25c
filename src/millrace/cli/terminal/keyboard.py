"""The keyboard, while nobody reads it."""

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_keyboard() -> Iterator[None]:
    """What is typed is not shown, and is there for the next prompt: Ctrl-D too. Ctrl-C still is a signal.

    A prompt within takes the keyboard while it asks and gives it back as it was. Changes nothing where the input is no
    terminal.
    """
    try:
        import termios  # noqa: PLC0415 - not there on Windows
    except ImportError:
        yield
        return
    try:
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
    except (OSError, ValueError, termios.error):
        yield
        return
    quiet = [*before[:6], list(before[6])]
    quiet[3] = (quiet[3] & ~termios.ECHO) | termios.NOFLSH  # Ctrl-C stops the answer, not the next question
    # The line discipline forgets an end of input that is pressed before a prompt; as a key like others it is kept.
    quiet[6][termios.VEOF] = bytes([os.fpathconf(descriptor, "PC_VDISABLE")])
    termios.tcsetattr(descriptor, termios.TCSADRAIN, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
