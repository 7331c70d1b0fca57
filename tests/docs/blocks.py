# SPDX-License-Identifier: GPL-2.0-or-later
"""Fenced blocks of Markdown, as our documents have them.

    ```sh              commands, a line each (or continued by a backslash)
    ```console         commands behind "$ ", each followed by what it prints, or the telling lines of it
    ```yaml, ```json   configuration, answers
    ``` or ```text     drawings, and excerpts of files or logs

"sh script" is one script, tried whole (notifying.md, by tests/news/delivery.py). Further words say, in the tutorial, on which machines (sh lb1 lb2) and that a command stays in its terminal (stays).
"""
import dataclasses
import re

LANGUAGES = ("sh", "console", "yaml", "json", "text", "")


@dataclasses.dataclass
class Block:
    file: str
    line: int  # of the fence
    language: str
    words: list
    text: str

    @property
    def place(self):
        return f"{self.file}:{self.line}"

    def commands(self):
        """Of sh and console: [(command, lines it prints)]. Lines of sh have no output; comments are none."""
        found = []
        if self.language == "sh":
            for line in self.text.replace("\\\n", " ").splitlines():
                if line.strip() and not line.startswith("#"):
                    found.append((re.sub(r"\s+#.*$", "", line), []))
        elif self.language == "console":
            for line in self.text.splitlines():
                if line.startswith("$ "):
                    found.append((re.sub(r"\s{2,}#.*$", "", line[2:]), []))
                elif line.strip():
                    found[-1][1].append(line)
        return found


def blocks(path):
    """All of a file."""
    found, inside = [], None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        fence = re.match(r"(\s*)```(.*)$", line)
        if fence and inside is None:
            words = fence[2].split() or [""]
            inside = Block(path.name, number, words[0], words[1:], "")
        elif fence:
            found.append(inside)
            inside = None
        elif inside is not None:
            inside.text += line + "\n"
    assert inside is None, f"{path.name}: a block does not end"
    return found
