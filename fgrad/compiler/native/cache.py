"""Machine code that outlives the process: objects in a private folder, each under a digest.

What the code depends on is in its key: its own text, and what `machine` says about the rest.
Of functions and data outside it an object knows the names only. An entry is used if it is whole,
which its digest tells; anything else is as if it were not there.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["MOST", "Cache", "digest"]

MOST: Final = 2_000
_DIGEST: Final = hashlib.sha256().digest_size
_ENTRY: Final = re.compile(rf"[0-9a-f]{{{2 * _DIGEST}}}")
_UNFINISHED: Final = re.compile(_ENTRY.pattern + r"\.\w+")
_ABANDONED: Final = 3_600
"""The seconds after which nobody is writing a file any more."""


def digest(*parts: bytes) -> bytes:
    """The digest of some parts, wherever one ends and the next begins."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "little") + part)
    return whole.digest()


class Cache:
    """The entries of a folder that belongs to the user alone; none if there is no such folder."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        with suppress(OSError, RuntimeError):  # no such place, or no home to look for it
            self.folder = _private(_folder())

    def get(self, key: bytes) -> bytes | None:
        """The object that was put there under a key, if nothing happened to it."""
        if self.folder is None:
            return None
        path = self.folder / key.hex()
        try:
            if not _is_own(path.lstat()):
                return None
            entry = path.read_bytes()
        except OSError:
            return None
        content = entry[_DIGEST:]
        return content if entry[:_DIGEST] == digest(key, content) else None

    def put(self, key: bytes, content: bytes) -> None:
        """Keep an object under a key, all of it or nothing; where that cannot be, it is not."""
        if self.folder is None:
            return
        with suppress(OSError):
            descriptor, name = tempfile.mkstemp(dir=self.folder, prefix=f"{key.hex()}.")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(digest(key, content) + content)
                Path(name).replace(self.folder / key.hex())
            except OSError:
                Path(name).unlink()
            _thin_out(self.folder)


def _is_own(found: os.stat_result) -> bool:
    """Whether a file is one, for reading a pipe would never end, that only the user can write."""
    return (
        stat.S_ISREG(found.st_mode)
        and found.st_uid == os.getuid()
        and not stat.S_IMODE(found.st_mode) & 0o022
    )


def _thin_out(folder: Path) -> None:
    """Where there are too many entries, drop the half that was written longest ago.

    Drop, too, what processes that were killed have left half written. Only files that are named as
    entries are: the folder may have been chosen by mistake.
    """
    for path in folder.iterdir():
        if _UNFINISHED.fullmatch(path.name) and time.time() - path.stat().st_mtime > _ABANDONED:
            path.unlink(missing_ok=True)
    entries = [path for path in folder.iterdir() if _ENTRY.fullmatch(path.name)]
    if len(entries) > MOST:
        entries.sort(key=lambda entry: entry.stat().st_mtime_ns)
        for entry in entries[: MOST // 2]:
            entry.unlink(missing_ok=True)


def _folder() -> Path | None:
    """The folder that the environment names, or the usual one; None if it says `off`."""
    chosen = os.environ.get("FGRAD_CACHE")
    if chosen:
        return None if chosen == "off" else Path(chosen)
    usual = "~/Library/Caches" if sys.platform == "darwin" else "~/.cache"
    parent = Path(os.environ.get("XDG_CACHE_HOME") or usual).expanduser()
    return parent / "fgrad" if parent.is_absolute() else None


def _private(folder: Path | None) -> Path | None:
    """The folder, made if it is not there, if nobody else can look into it or change it."""
    if folder is None:
        return None
    folder.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return folder if own and not stat.S_IMODE(found.st_mode) & 0o077 else None
