"""Files and folders, and the system's limits."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from exceptions.cases import Cases
from exceptions.world import World

FILES = Cases("file")

for name, kind, provoke in (
    ("missing", "FileNotFoundError", lambda world: (world.folder / "no").read_text()),
    ("is_a_folder", "IsADirectoryError", lambda world: world.folder.read_text()),
    (
        "folder_is_a_file",
        "NotADirectoryError",
        lambda world: list(world.file("a").iterdir()),
    ),
    ("exists", "FileExistsError", lambda world: world.folder.mkdir()),
    ("name_too_long", "OSError", lambda world: (world.folder / ("a" * 300)).touch()),
    ("nul_in_name", "ValueError", lambda world: (world.folder / "a\0b").stat()),
    ("no_link", "OSError", lambda world: world.file("a").readlink()),
    ("bad_descriptor", "OSError", lambda _: os.fstat(99_999)),
    (
        "same_file",
        "shutil.SameFileError",
        lambda world: shutil.copy(*[world.file("a")] * 2),
    ),
    (
        "no_such_encoding",
        "LookupError",
        lambda world: world.file("a").read_text("utf-88"),
    ),
    (
        "not_text",
        "UnicodeDecodeError",
        lambda world: world.file("b", b"\xff").read_text(),
    ),
    ("no_archive_format", "ValueError", lambda _: shutil.make_archive("a", "rar")),
):
    FILES.add(name, kind, provoke)


@FILES.of("PermissionError")
def not_permitted(world: World) -> None:
    os.link(world.folder, world.folder / "folder_by_another_name")


@FILES.of("OSError")
def not_empty(world: World) -> None:
    world.file("something")
    world.folder.rmdir()


@FILES.of("OSError")
def disk_is_full(_: World) -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        full.write(b"one more")


@FILES.of("OSError")
def links_in_a_circle(world: World) -> None:
    circle = world.folder / "circle"
    circle.symlink_to(circle)
    circle.read_text()


@FILES.of("BlockingIOError")
def pipe_is_full(_: World) -> None:
    reads, writes = os.pipe()
    try:
        os.set_blocking(writes, False)
        while True:
            os.write(writes, bytes(65_536))
    finally:
        os.close(reads)
        os.close(writes)


@FILES.of("io.UnsupportedOperation")
def opened_for_reading(world: World) -> None:
    with world.file("a").open() as file:
        file.write("b")


@FILES.of("ValueError")
def closed(world: World) -> None:
    with world.file("a").open() as file:
        pass
    file.read()


@FILES.of("shutil.Error")
def tree_half_copied(world: World) -> None:
    tree = world.folder / "tree"
    tree.mkdir()
    (tree / "dangling").symlink_to(tree / "nothing")
    shutil.copytree(tree, world.folder / "copy")


@FILES.of("ExceptionGroup")
def several_missing(world: World) -> None:
    errors: list[Exception] = []
    for name in ("one", "two"):
        try:
            (world.folder / name).read_bytes()
        except OSError as error:
            errors.append(error)
    raise ExceptionGroup("several files", errors)
