"""The table of fault codes. docs/reference/faults.md is generated from it; codes are stable, texts are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

from hotswap.source.model import Fault


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One row: what a code means and what to do about it."""

    code: str
    title: str
    meaning: str
    remedy: str


_ROWS: Final = (
    FaultKind(
        "HS101",
        "syntax error",
        "The saved file does not compile. Nothing has changed; the old code serves.",
        "Mend the marked line and save again.",
    ),
    FaultKind(
        "HS102",
        "unreadable file",
        "The saved file could not be opened or read.",
        "Check its permissions; the next save tries again.",
    ),
    FaultKind(
        "HS103",
        "undecodable file",
        "The bytes of the file do not fit the encoding it declares (UTF-8 when it declares none).",
        "Save it as UTF-8, or add a coding cookie to its first line.",
    ),
    FaultKind(
        "HS201",
        "statement raised",
        "A changed statement, or one that depends on it, raised when it ran. Everything was rolled back.",
        "Mend the line named by the last frame and save again.",
    ),
    FaultKind(
        "HS202",
        "import of a new module failed",
        "A module that is imported for the first time raised. Everything was rolled back.",
        "Mend that module; saving it is enough.",
    ),
    FaultKind(
        "HS203",
        "hook raised",
        "A function registered with hotswap.dispose, hotswap.migrate or hotswap.on_file raised. "
        "Everything was rolled back.",
        "Mend the hook and save again.",
    ),
    FaultKind(
        "HS204",
        "file hook raised",
        "A function registered with hotswap.on_file raised on a changed data file.",
        "Mend the data file or the hook and save again.",
    ),
    FaultKind(
        "HS301",
        "the swap itself failed",
        "hotswap made a mistake. Everything was rolled back; the old code serves.",
        "Please report it with the frames shown; an exec reload gets the new code running.",
    ),
    FaultKind(
        "HS401",
        "the new code does not import",
        "A trial import in a child process failed before an exec reload. The old code serves.",
        "Mend the line named by the last frame and save again.",
    ),
    FaultKind(
        "HS402",
        "preflight took too long",
        "The trial import in a child process did not end within 20 seconds, or three times what the "
        "program took to start itself. The old code serves.",
        "See what the new code waits for while it is imported.",
    ),
    FaultKind(
        "HS403",
        "exec reload failed",
        "The process could not be replaced: the carrier was not writable, execve failed, or the working directory "
        "is gone. The old code serves with every connection.",
        "The message names the cause; the next save tries again.",
    ),
    FaultKind(
        "HS501",
        "the inotify watch table is full",
        "The kernel gives no more watches. What could not be watched is polled; the program runs on.",
        "Raise fs.inotify.max_user_watches with the command shown.",
    ),
    FaultKind(
        "HS502",
        "no inotify instance left",
        "The kernel gives no more inotify instances to this user. What could not be watched is polled.",
        "Raise fs.inotify.max_user_instances with the command shown.",
    ),
    FaultKind(
        "HS503",
        "too many open files",
        "The process has no descriptor left to watch with. What could not be watched is polled.",
        "Raise the limit with the command shown.",
    ),
    FaultKind(
        "HS504",
        "unreadable directory",
        "A directory that holds tracked files cannot be read.",
        "Give yourself the right to read it, with the command shown.",
    ),
    FaultKind(
        "HS505",
        "cannot watch a directory",
        "The system refused to watch a directory, for the reason shown. It is polled.",
        "See the reason.",
    ),
    FaultKind(
        "HS506",
        "too many directories to watch",
        "The included globs reach more directories than are watched.",
        "Narrow --reload-include, or exclude what is generated.",
    ),
    FaultKind(
        "HS601",
        "the app raised while it was imported",
        "The target's import raised at start.",
        "Mend the line named by the last frame and start again. After an exec reload hotswap "
        "waits for the file to be saved instead, and holds the connections.",
    ),
    FaultKind(
        "HS602",
        "no app found",
        "The target holds no ASGI app under a name hotswap looks for.",
        "Name it: `hotswap package.module:attribute`, or add --factory when it is made by a call.",
    ),
    FaultKind(
        "HS603",
        "the app's start-up failed",
        "The lifespan's start-up raised.",
        "Mend the line named by the last frame.",
    ),
    FaultKind(
        "HS604",
        "cannot bind",
        "The address is taken or not allowed.",
        "Stop who holds it, or choose another --port.",
    ),
    FaultKind(
        "HS701",
        "settings refused",
        "A value of .env or of a settings class does not validate. Nothing has changed.",
        "Mend the value and save again.",
    ),
    FaultKind(
        "HS702", "migration failed", "A database migration raised.", "Mend it and save again."
    ),
    FaultKind(
        "HS703",
        "options refused",
        "[tool.hotswap] in pyproject.toml holds an unknown key or a wrong value. The old options hold.",
        "The message suggests the nearest key.",
    ),
    FaultKind(
        "HS704",
        "a script does not parse",
        "A saved JavaScript file has a syntax error. Open pages keep running the last good version.",
        "Mend the marked line and save again.",
    ),
)

KINDS: Final[Mapping[str, FaultKind]] = {row.code: row for row in _ROWS}


def syntax_fault(error: SyntaxError, path: str) -> Fault:
    """Describe a file that does not compile (HS101), or whose bytes do not decode (HS103)."""
    message = str(error.msg or error)
    undecodable = "codec can't decode" in message or "encoding problem" in message
    undecodable = undecodable or ("(unicode error)" in message and error.text is None)
    kind = KINDS["HS103" if undecodable else "HS101"]
    return Fault(
        code=kind.code,
        title=kind.title,
        message=message,
        path=path,
        line=error.lineno or 0,
        column=error.offset or 0,
        text=(error.text or "").rstrip(),
        hint="" if kind.code == "HS101" else kind.remedy,
    )
