"""Keep a few processes running as one: start them in order, start again what dies, end all of them together.

A child that dies is started again after a pause that grows; one that dies again and again right after its
start ends the whole with a line that says so. Ctrl-C, SIGTERM and a closed terminal end everything within a
few seconds and leave nothing running.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import TextIO

from app.host.process import has_ended, kill_session, start_process

COLOURS = ("36", "32", "33", "35", "34", "31")
LONGEST_LINE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Command:
    """One process to keep running."""

    name: str
    argv: Sequence[str]
    #: Added to the environment of the parent.
    env: Mapping[str, str] = field(default_factory=dict)
    #: Its output is shown only when it dies.
    quiet: bool = False
    #: The others lean on it: it is ended after them.
    base: bool = False
    #: The next command is started once this answers True; None: at once.
    is_ready: Callable[[], bool] | None = None
    #: Called once, the first time it is ready.
    on_ready: Callable[[], None] | None = None
    #: Open files that it inherits.
    pass_fds: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what."""

    ready_seconds: float = 90.0
    stop_seconds: float = 4.0
    #: A life shorter than this counts as a failed start …
    fast_seconds: float = 10.0
    #: … and so many in a row end the whole.
    fast_deaths: int = 3
    #: Pause before the first new start; doubles with each failed one.
    backoff_seconds: float = 0.5


PATIENCE = Patience()


class _Child:
    """A command, the process it runs in just now, and how it fared."""

    def __init__(self, command: Command, colour: str) -> None:
        self.command = command
        self.colour = colour
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.start_at: float | None = None  # when to start it again
        self.is_ready = False
        self.was_ready = False
        self.ready_check_at = 0.0
        self.fast_deaths = 0
        self.rest = b""  # output after the last line end
        self.tail: deque[str] = deque(maxlen=20)


class _Failed(Exception):
    """The whole cannot go on; the message is for the user."""


def supervise(commands: Sequence[Command], *, patience: Patience = PATIENCE, out: TextIO = sys.stdout) -> int:
    """Run the commands until a signal ends them. Call it from the main thread.

    Returns the exit code: 0 after a signal, 1 when a command could not be kept running (a line said which).
    """
    return _Supervisor(commands, patience, out).run()


class _Supervisor:
    def __init__(self, commands: Sequence[Command], patience: Patience, out: TextIO) -> None:
        self.children = [_Child(command, COLOURS[place % len(COLOURS)]) for place, command in enumerate(commands)]
        self.patience = patience
        self.out = out
        self.coloured = out.isatty() and "NO_COLOR" not in os.environ
        self.width = max([len("qiao"), *(len(command.name) for command in commands)])
        self.selector = selectors.DefaultSelector()
        self.signalled_at: float | None = None
        self.impatient = False

    def run(self) -> int:
        code = 0
        with self._signals():
            try:
                while self.signalled_at is None:
                    self._pump(0.1)
                    self._bury_the_dead()
                    self._start_due()
            except _Failed as failure:
                self._say("qiao", str(failure))
                code = 1
            finally:
                self._stop_all()
        return code

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Take the ending signals for a block; another one, over a second later, ends without waiting."""

        def taken(_number: int, _frame: FrameType | None) -> None:
            now = time.monotonic()
            if self.signalled_at is None:
                self.signalled_at = now
            # `make` and the terminal may both pass on the same one.
            elif now - self.signalled_at > 1:
                self.impatient = True

        numbers = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # started with nohup: it stays ignored
            numbers.append(signal.SIGHUP)
        before = {number: signal.signal(number, taken) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    # starting

    def _start_due(self) -> None:
        """Start what is due, in order; at the first start each waits until those before it are ready."""
        now = time.monotonic()
        for child in self.children:
            if child.process is None and (child.start_at is None or child.start_at <= now):
                self._start(child)
            if child.process is not None and not child.is_ready:
                self._check_ready(child, now)
            if not child.was_ready:
                return

    def _start(self, child: _Child) -> None:
        command = child.command
        try:
            child.process = start_process(command.argv, env=command.env, pass_fds=command.pass_fds)
        except OSError as error:
            raise _Failed(f"{command.name} cannot be started: {error}") from error
        child.started_at = child.ready_check_at = time.monotonic()
        child.is_ready = False
        child.rest = b""
        child.tail.clear()
        assert child.process.stdout is not None  # noqa: S101 - start_process always makes the pipe
        os.set_blocking(child.process.stdout.fileno(), False)
        self.selector.register(child.process.stdout, selectors.EVENT_READ, child)

    def _check_ready(self, child: _Child, now: float) -> None:
        check = child.command.is_ready
        if check is not None:
            if now < child.ready_check_at:
                return
            if not check():
                child.ready_check_at = time.monotonic() + 0.2
                if now - child.started_at > self.patience.ready_seconds:
                    waited = self.patience.ready_seconds
                    raise _Failed(f"{child.command.name} was not ready within {waited:g} s; all is ended")
                return
        child.is_ready = True
        if not child.was_ready:
            child.was_ready = True
            if child.command.on_ready is not None:
                child.command.on_ready()

    # deaths

    def _bury_the_dead(self) -> None:
        for child in self.children:
            if child.process is not None and has_ended(child.process):
                self._bury(child)

    def _bury(self, child: _Child) -> None:
        """Note a death, end what it left behind, set the time of the next start."""
        name, reason, lived = child.command.name, self._end(child), time.monotonic() - child.started_at
        if child.command.quiet:
            for line in child.tail:
                self._say(name, line, child.colour)
        child.fast_deaths = child.fast_deaths + 1 if lived < self.patience.fast_seconds else 0
        if child.fast_deaths >= self.patience.fast_deaths:
            raise _Failed(
                f"{name} ended {child.fast_deaths} times right after its start ({reason}); "
                "what it said is above. All is ended"
            )
        pause = self.patience.backoff_seconds * 2 ** max(0, child.fast_deaths - 1)
        self._say("qiao", f"{name} ended ({reason}); starting it again in {pause:g} s")
        child.start_at = time.monotonic() + pause

    def _end(self, child: _Child) -> str:
        """End what is left of a child's session, read its last words; says how it ended."""
        process = child.process
        if process is None or process.stdout is None:
            return "not running"
        kill_session(process.pid)
        code = process.wait()
        self._read(child)
        if child.rest:
            self._take_line(child, child.rest)
            child.rest = b""
        if process.stdout in self.selector.get_map():
            self.selector.unregister(process.stdout)
        process.stdout.close()
        child.process = None
        return f"exit code {code}" if code >= 0 else signal.Signals(-code).name

    # stopping

    def _stop_all(self) -> None:
        """End everything: first those that lean on others, then the others; whoever is slow is killed."""
        if any(child.process is not None for child in self.children):
            self._say("qiao", "ending")
        for base in (False, True):
            running = [c for c in self.children if c.process is not None and c.command.base is base]
            for child in running:
                if child.process is not None:
                    child.process.terminate()
            deadline = time.monotonic() + self.patience.stop_seconds
            while time.monotonic() < deadline and not self.impatient:
                if all(c.process is None or has_ended(c.process) for c in running):
                    break
                self._pump(0.05)
            for child in running:
                self._end(child)

    # output

    def _pump(self, seconds: float) -> None:
        """Pass on what the children say, for at most that long."""
        if not self.selector.get_map():
            time.sleep(seconds)
            return
        for key, _mask in self.selector.select(seconds):
            if not self._read(key.data):
                self.selector.unregister(key.fileobj)

    def _read(self, child: _Child) -> bool:
        """Read what is there; False at the end of the output."""
        process = child.process
        if process is None or process.stdout is None:
            return False
        for _round in range(64):
            try:
                piece = os.read(process.stdout.fileno(), 65536)
            except BlockingIOError:
                return True
            if not piece:
                return False
            *lines, child.rest = (child.rest + piece).split(b"\n")
            for line in lines:
                self._take_line(child, line)
            if len(child.rest) > LONGEST_LINE:
                self._take_line(child, child.rest)
                child.rest = b""
        return True

    def _take_line(self, child: _Child, line: bytes) -> None:
        text = line.decode("utf-8", errors="replace").rstrip()
        if child.command.quiet:
            child.tail.append(text)
        else:
            self._say(child.command.name, text, child.colour)

    def _say(self, name: str, text: str, colour: str = "1") -> None:
        prefix = f"{name:<{self.width}} |"
        if self.coloured:
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        try:
            print(prefix, text, file=self.out, flush=True)
        except OSError:
            # Nobody reads any more (`make run | head`): end quietly.
            self.out = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
            self.signalled_at = self.signalled_at or time.monotonic()
