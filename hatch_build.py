"""A step of building the wheel: the documentation goes into it, because the embedded provider answers from it."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.builders.wheel import WheelBuilderConfig


class DocumentationHook(BuildHookInterface[WheelBuilderConfig]):
    """Puts README.md and docs/*.md where `millrace.knowledge.builtin` looks for them."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files. An editable install (`version` "editable") has none: it reads the repository's own."""
        if version == "standard":
            root = Path(self.root)
            for path in (root / "README.md", *sorted((root / "docs").glob("*.md"))):
                build_data["force_include"][str(path)] = f"millrace/knowledge/docs/{path.name}"
