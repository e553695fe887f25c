"""What stands below an answer: its sources, and what it took."""

from typing import Any

from rich.text import Text

from millrace.cli.terminal.clean import one_line


def sources(metadata: dict[str, Any]) -> list[Text]:
    """A heading and a line for each source, in the order of their marks; nothing where nothing was cited."""
    found = [each for each in metadata.get("citations") or () if isinstance(each, dict)]
    return [Text("Sources", "bold"), *(_source(each, place) for place, each in enumerate(found, 1))] if found else []


def figures(metadata: dict[str, Any]) -> str:
    """Model, tokens, cost and time on one line; empty where nothing is known."""
    usage = metadata.get("usage") or {}
    parts: list[str] = [one_line(str(metadata.get("model") or ""))]
    if usage.get("input_tokens") or usage.get("output_tokens"):
        about = "about " if usage.get("estimated") else ""
        parts.append(f"tokens: {about}{usage.get('input_tokens', 0):,} in, {usage.get('output_tokens', 0):,} out")
    if isinstance(cost := metadata.get("cost"), int | float) and cost > 0:
        parts.append(f"${cost:.4f}" if cost >= 0.0001 else "less than $0.0001")
    if isinstance(took := metadata.get("response_time_ms"), int | float):
        parts.append(f"{took / 1000:.1f} s" if took >= 100 else f"{took:.0f} ms")
    return " · ".join(part for part in parts if part)


def _source(citation: dict[str, Any], place: int) -> Text:
    title, url = one_line(str(citation.get("title") or "")), one_line(str(citation.get("url") or ""))
    line = Text(f"[{citation.get('number') or place}] ", "cyan")
    line.append(title or url, "none")
    if url and title:
        line.append(f"  {url}", "dim")
    return line
