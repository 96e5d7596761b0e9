"""The cache of objects: private, whole or not there, and never run when it was changed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fgrad.compiler.lock import LOCK
from fgrad.compiler.native.cache import MOST, Cache
from fgrad.compiler.native.entry import Entry
from fgrad.compiler.native.machine import Machine
from tests.jit.reference import ask
from tests.jit.test_native_builtin import SUM

KEY = bytes(range(32))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FGRAD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_what_is_put_is_found(folder: Path) -> None:
    cache = Cache()
    assert cache.get(KEY) is None
    cache.put(KEY, b"content")
    assert Cache().get(KEY) == b"content"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [entry.stat().st_mode & 0o777 for entry in folder.iterdir()] == [0o600]


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: b"",
        lambda entry: entry[:20],
        lambda entry: entry[:-1],
        lambda entry: entry + b"\0",
        lambda entry: entry[:40] + bytes([entry[40] ^ 1]) + entry[41:],
        lambda entry: bytes([entry[0] ^ 1]) + entry[1:],
    ],
    ids=["empty", "half a digest", "truncated", "longer", "another content", "another digest"],
)
def test_an_entry_that_was_changed_is_made_anew(folder: Path, change: object) -> None:
    text = list(Entry(SUM, [None, ask], ()).modules())[-1]
    with LOCK:
        whole = Machine().compile(text, fast=True)
        (entry,) = folder.iterdir()
        written = entry.read_bytes()
        entry.write_bytes(change(written))
        assert Machine().compile(text, fast=True) == whole
    assert entry.read_bytes() == written


def test_an_entry_under_another_key_is_none(folder: Path) -> None:
    cache = Cache()
    cache.put(KEY, b"content")
    (entry,) = folder.iterdir()
    entry.rename(folder / KEY[::-1].hex())
    assert cache.get(KEY[::-1]) is None


def test_what_the_key_depends_on(folder: Path) -> None:
    text = list(Entry(SUM, [None, ask], ()).modules())[-1]
    with LOCK:
        for variant in (text, text + "\n"):
            for fast in (False, True):
                Machine().compile(variant, fast=fast)
    assert len(list(folder.iterdir())) == 4


def test_an_entry_that_cannot_be_read_or_written_is_none(folder: Path) -> None:
    cache = Cache()
    (folder / KEY.hex()).mkdir()
    cache.put(KEY, b"content")
    assert cache.get(KEY) is None
    assert [entry.name for entry in folder.iterdir()] == [KEY.hex()]


def test_a_folder_that_others_can_read_is_not_used(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    cache = Cache()
    cache.put(KEY, b"content")
    assert cache.folder is None
    assert cache.get(KEY) is None
    assert not list(folder.iterdir())


def test_a_link_is_not_used(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(tmp_path / "elsewhere")
    assert Cache().folder is None


def test_where_the_cache_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FGRAD_CACHE", "off")
    assert Cache().folder is None
    monkeypatch.delenv("FGRAD_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert Cache().folder == tmp_path / "x" / "fgrad"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Cache().folder in {tmp_path / ".cache/fgrad", tmp_path / "Library/Caches/fgrad"}


def test_no_place_for_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("FGRAD_CACHE", str(tmp_path / "file" / "cache"))
    assert Cache().folder is None


def test_another_process_runs_what_this_one_compiled(folder: Path) -> None:
    run = (
        "from tests.jit.test_native_builtin import SUM, QUOTIENT, ask, compile_native\n"
        "from fgrad.compiler.native.machine import machine\n"
        "print(compile_native(SUM, ask, ())(1.0, 2.0), compile_native(QUOTIENT, ask, ())(1.0, 0.0))"
    )
    never = "from llvmlite.binding import TargetMachine\nTargetMachine.emit_object = None\n"
    environment = {**os.environ, "FGRAD_CACHE": str(folder)}
    for code in (run, never + run):
        command = [sys.executable, "-c", code]
        shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert shown.stdout.startswith("3.0 the function itself")
    assert len(list(folder.iterdir())) == 3


def test_the_oldest_entries_make_room(folder: Path) -> None:
    cache = Cache()
    folder.mkdir(mode=0o700, exist_ok=True)
    names = [f"{i:064x}" for i in range(MOST)]
    for i, name in enumerate(names):
        (folder / name).touch()
        os.utime(folder / name, ns=(i, i))
    cache.put(KEY, b"content")
    left = {entry.name for entry in folder.iterdir()}
    assert left == {KEY.hex(), *names[MOST // 2 :]}
    assert cache.get(KEY) == b"content"


def test_what_a_killed_process_was_writing_goes_when_it_is_old(folder: Path) -> None:
    cache = Cache()
    killed = (
        "import os, sys\nfrom pathlib import Path\n"
        "from fgrad.compiler.native.cache import Cache\n"
        "Path.replace = lambda *_: os._exit(0)\n"
        "Cache().put(bytes(range(32)), b'content')"
    )
    environment = {**os.environ, "FGRAD_CACHE": str(folder)}
    subprocess.run([sys.executable, "-c", killed], env=environment, check=True)
    (left,) = folder.iterdir()
    (folder / f"{KEY.hex()}.thesis.txt").touch()
    os.utime(folder / f"{KEY.hex()}.thesis.txt", ns=(0, 0))
    cache.put(KEY, b"content")
    assert left.exists()  # somebody may be writing it
    os.utime(left, ns=(0, 0))
    cache.put(KEY, b"content")
    assert {x.name for x in folder.iterdir()} == {KEY.hex(), f"{KEY.hex()}.thesis.txt"}


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_an_entry_that_others_can_write_is_not_used(folder: Path, mode: int) -> None:
    cache = Cache()
    cache.put(KEY, b"content")
    (folder / KEY.hex()).chmod(mode)
    assert cache.get(KEY) is None
    cache.put(KEY, b"content")
    assert cache.get(KEY) == b"content"


def test_an_entry_of_another_user_is_not_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache()
    cache.put(KEY, b"content")
    another = (folder / KEY.hex()).stat().st_uid + 1
    monkeypatch.setattr(os, "getuid", lambda: another)
    assert cache.get(KEY) is None
