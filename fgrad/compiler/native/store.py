"""Machine code from earlier runs: in the user's own cache folder, and checked before use."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import Final

__all__ = ["Store"]

_DIGEST: Final = 32


class Store:
    """Files named by a digest of what they were compiled from, each with a digest of its content.

    The folder is what the environment variable FGRAD_CACHE says, `off` for none, else `fgrad` in
    the user's cache folder. It is used only if it is the user's own and closed to others; what
    cannot be read, or is not what was written, is compiled again.
    """

    def __init__(self) -> None:
        self._folder = _folder()

    def get(self, key: str) -> bytes | None:
        """What was kept under a key."""
        if self._folder is None:
            return None
        try:
            content = self._path(key).read_bytes()
        except OSError:
            return None
        digest, compiled = content[:_DIGEST], content[_DIGEST:]
        return compiled if digest == _digest(key.encode() + compiled) else None

    def put(self, key: str, compiled: bytes) -> None:
        """Keep this under a key: whoever reads at the same time sees all of it, or none."""
        if self._folder is None:
            return
        try:
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
                file.write(_digest(key.encode() + compiled) + compiled)
            Path(file.name).replace(self._path(key))
        except OSError:
            return  # a full disk is no reason not to compute

    def _path(self, key: str) -> Path:
        return Path(self._folder or "", _digest(key.encode()).hex())


def _digest(content: bytes) -> bytes:
    from hashlib import sha256

    return sha256(content).digest()


def _folder() -> Path | None:
    """The folder, made if need be; None if there is to be none or it is not the user's alone."""
    said = os.environ.get("FGRAD_CACHE")
    if said == "off":
        return None
    folder = Path(said) if said else _users_caches() / "fgrad"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError:
        return None
    private = status.st_uid == os.getuid() and not status.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    return folder if private else None


def _users_caches() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
