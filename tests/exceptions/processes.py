"""Programs that are missing, fail, hang and get killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from exceptions.cases import Cases, Provoke
from exceptions.world import World

from assignment_actions import ErrorReason

PROCESSES = Cases("process")


def ran(*command: str, timeout: float | None = None) -> Provoke:
    """Return what runs a command that should succeed."""
    return lambda _: subprocess.run(
        command, check=True, timeout=timeout, capture_output=True
    )


def signalled(number: signal.Signals) -> Provoke:
    """Return what runs a shell that gets a signal."""
    return ran("sh", "-c", f"kill -{number.value} $$")


PROCESSES.add("missing", "FileNotFoundError", ran("no-such-program"))
PROCESSES.add("fails", "subprocess.CalledProcessError", ran("sh", "-c", "exit 3"))
PROCESSES.add(
    "killed",
    "subprocess.CalledProcessError",
    signalled(signal.SIGKILL),
    reason=ErrorReason.INTERRUPTED,
)
PROCESSES.add(
    "terminated",
    "subprocess.CalledProcessError",
    signalled(signal.SIGTERM),
    reason=ErrorReason.INTERRUPTED,
)
PROCESSES.add(
    "hangs",
    "subprocess.TimeoutExpired",
    ran("sleep", "60", timeout=0.05),
    reason=ErrorReason.TIMEOUT,
)
PROCESSES.add("nul_in_argument", "ValueError", ran("echo", "a\0b"))
PROCESSES.add("argument_too_long", "OSError", ran("echo", "a" * 3_000_000))
PROCESSES.add("folder_is_a_program", "PermissionError", ran("/"))


@PROCESSES.of("PermissionError")
def not_executable(world: World) -> None:
    subprocess.run([world.file("script", b"#!/bin/sh\n")], check=True)


@PROCESSES.of("OSError")
def no_program_at_all(world: World) -> None:
    path = world.file("empty", b"\0\0\0\0")
    path.chmod(0o700)
    subprocess.run([path], check=True)


@PROCESSES.of("FileNotFoundError")
def no_such_folder(world: World) -> None:
    subprocess.run([sys.executable], cwd=world.folder / "nowhere", check=True)


@PROCESSES.of("BrokenPipeError")
def reads_nothing(_: World) -> None:
    with subprocess.Popen(["true"], stdin=subprocess.PIPE) as process:
        process.wait()
        assert process.stdin is not None
        try:
            process.stdin.write(b"anybody?")
            process.stdin.flush()
        finally:
            process.stdin.close()


NEVER = 2**22 + 1  # above every process id there is

PROCESSES.add("gone", "ProcessLookupError", lambda _: os.kill(NEVER, 0))
PROCESSES.add("no_child", "ChildProcessError", lambda _: os.waitpid(NEVER, 0))
