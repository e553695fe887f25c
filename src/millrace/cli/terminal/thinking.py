"""How an answer came about, in lines for people. Pure."""

from collections.abc import Iterable

from rich.text import Text

from millrace.cli.client.shapes import Story
from millrace.cli.terminal.clean import clean, one_line


def step_line(kind: str, content: str, confidence: float | None) -> Text:
    """A step of reasoning: what it does, how sure the model is where it said so, and what is thought."""
    sure = "" if confidence is None else f" ({confidence:.0%} sure)"
    return Text(f"{one_line(kind)}{sure}: ", "dim italic").append(clean(content), "dim")


def time_line(duration_ms: int, steps: int) -> Text:
    """How long the model thought, and in how many steps."""
    seconds = duration_ms / 1000
    took = f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    counted = "" if not steps else f" · {steps} step{'' if steps == 1 else 's'}"
    return Text(f"Thought for {took}{counted}", "dim")


def story_lines(story: Story) -> Iterable[Text]:
    """All that is kept: the steps, the time, and where somebody else went on; nothing where nothing was."""
    for step in story.reasoning_steps:
        yield step_line(step.type, step.content, step.confidence)
    if story.reasoning_time_ms is not None:
        yield time_line(story.reasoning_time_ms, len(story.reasoning_steps))
    for seam in story.seams:
        if seam.type == "turn_resumed":
            yield Text(f"Resumed after an interruption, at character {seam.position:,}", "dim")
        else:
            left, taken = one_line(seam.from_model), one_line(seam.to_model)
            why = f" ({one_line(seam.reason)})" if seam.reason else ""
            yield Text(f"{taken} went on for {left}{why}, at character {seam.position:,}", "dim")
