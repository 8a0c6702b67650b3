"""Functions and objects that workers of the executor's tests can import."""

import ctypes
import os
import signal
import time
from pathlib import Path

from tidemill.core.errors import InputError, MissingExtraError


def double(number: int) -> int:
    return 2 * number


def echo(thing: object) -> object:
    return thing


def fail_on_odd(number: int) -> int:
    if number % 2:
        raise ValueError(f"{number} is odd")
    return number


def reject(number: int) -> int:
    raise InputError("not usable", path="a.py", line=number, column=1)


def need_extra(number: int) -> int:
    raise MissingExtraError(f"feature {number}", extra="report")


def nap(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def note_then_fail_until(third: tuple[str, int]) -> int:
    """Count the attempts in a file; succeed at the given one."""
    path, wanted = third
    with Path(path).open("a") as file:
        file.write("x")
    begun = len(Path(path).read_text())
    if begun < wanted:
        raise RuntimeError(f"attempt {begun}")
    return begun


def act(word: str) -> str:
    """Do what the word says: the ways in which a worker can go wrong."""
    if word == "exit":
        os._exit(7)
    if word == "crash":
        ctypes.string_at(0)
    if word == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "hang":
        time.sleep(600)
    if word == "memory":
        return str(len(bytearray(4 << 30)))
    if word == "unsendable":
        return lambda: None  # type: ignore[return-value]
    return word


def process_id(_: object) -> int:
    time.sleep(0.05)
    return os.getpid()


def ignores_interrupt(_: object) -> bool:
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def print_loudly(word: str) -> str:
    print(word)  # noqa: T201
    return word


def stop_at_import() -> None:
    os._exit(3)


class Counter:
    """An actor's object with a state that a crash loses."""

    def __init__(self, start: int = 0) -> None:
        self._count = start

    def add(self, number: int) -> int:
        self._count += number
        return self._count

    def wait(self, seconds: float) -> float:
        time.sleep(seconds)
        return seconds

    def fail(self) -> None:
        raise InputError("no", path="x.py", line=3)

    def stumble(self) -> None:
        raise ZeroDivisionError("by nothing")

    def die(self) -> None:
        os._exit(9)


def broken_counter() -> Counter:
    raise OSError("no such weights")
