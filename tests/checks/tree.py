"""The files of the repository as the checks see them, and what a check says about one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath


@dataclass(frozen=True, order=True)
class Problem:
    """One thing to fix: where it is, and what to do about it."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True)
class File:
    """A file of the repository: its path from the root, with `/`, and its content."""

    path: str
    content: bytes

    @cached_property
    def text(self) -> str:
        """The content as text; empty for a binary file, which no check reads."""
        if b"\0" in self.content:
            return ""
        return self.content.decode("utf-8", errors="replace")

    @cached_property
    def lines(self) -> list[str]:
        return self.text.split("\n")[:-1] if self.text.endswith("\n") else self.text.split("\n")

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    @property
    def stem(self) -> str:
        return PurePosixPath(self.path).stem

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.path).suffix

    @property
    def folders(self) -> tuple[str, ...]:
        """The names of the folders above the file, outermost first."""
        return PurePosixPath(self.path).parts[:-1]

    def under(self, *prefixes: str) -> bool:
        """Whether the file is one of these paths, or stands in one of these folders."""
        return any(self.path == prefix or self.path.startswith(f"{prefix}/") for prefix in prefixes)

    def problem(self, line: int, message: str) -> Problem:
        return Problem(self.path, line, message)

    def line_at(self, offset: int) -> int:
        """The number, from 1, of the line that holds this offset of `text`."""
        return self.text.count("\n", 0, offset) + 1


@dataclass(frozen=True)
class Tree:
    """Every file that is or would be committed: what `.gitignore` names is not there."""

    files: tuple[File, ...]

    @classmethod
    def of_repository(cls, root: Path) -> Tree:
        listing = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root,
            check=True,
            capture_output=True,
        )
        names = sorted(set(listing.stdout.decode().split("\0")) - {""})
        paths = [(name, root / name) for name in names]
        return cls(tuple(File(name, path.read_bytes()) for name, path in paths if path.is_file()))

    @classmethod
    def of_texts(cls, texts: dict[str, str]) -> Tree:
        """A tree that a test makes up."""
        return cls(tuple(File(path, text.encode()) for path, text in sorted(texts.items())))

    def with_suffix(self, *suffixes: str) -> Iterator[File]:
        return (file for file in self.files if file.suffix in suffixes)

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder that holds a file, at any depth."""
        return frozenset(
            "/".join(file.folders[:depth]) for file in self.files for depth in range(1, len(file.folders) + 1)
        )

    @cached_property
    def paths(self) -> frozenset[str]:
        return frozenset(file.path for file in self.files) | self.folders
