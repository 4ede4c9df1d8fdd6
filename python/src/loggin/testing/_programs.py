"""Where the program `loggin-server` is: of the wheel of that name, or another that is named or on the path."""

from __future__ import annotations

import os
import shutil
from importlib import metadata
from pathlib import Path

from loggin.testing._control import LocalServerError

# Names the program, before all other places.
VARIABLE = "LOGGIN_SERVER"
_NAME = "loggin-server"
_FILES = frozenset({_NAME, f"{_NAME}.exe"})


def find(named: str | os.PathLike[str] | None) -> Path:
    """The program: the one that is named, by an argument or the environment, the wheel's, or the one on the path."""
    named = named or os.environ.get(VARIABLE)
    if named:
        found = shutil.which(named)
        if found is None:
            raise LocalServerError(
                "not_installed", f"{os.fspath(named)} is no program ({VARIABLE} or `program` names it)"
            )
        return Path(found)
    return _of_wheel() or _on_path()


def _of_wheel() -> Path | None:
    """Where pip has put it, also where the environment's programs are not on the path."""
    try:
        files = metadata.files(_NAME) or ()
    except metadata.PackageNotFoundError:
        return None
    paths = (Path(str(file.locate())) for file in files if file.name in _FILES)
    return next((path.resolve() for path in paths if path.is_file()), None)


def _on_path() -> Path:
    found = shutil.which(_NAME)
    if found is None:
        raise LocalServerError(
            "not_installed",
            f"{_NAME} is not installed: `pip install {_NAME}` brings it, or {VARIABLE} names the program",
        )
    return Path(found)
