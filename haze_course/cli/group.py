"""What all commands share: a group whose errors are one line, and checks of what they will write.

Exit codes: 0 all well; 1 a notebook failed or was interrupted; 2 something to correct first.
"""

import errno
import hashlib
from pathlib import Path

import click

from haze_course.machine import MissingExtra, needs_extra

FOLDER = click.Path(path_type=Path)
timeout_option = click.option(
    "--timeout",
    default=900,
    show_default=True,
    type=click.IntRange(min=1),
    help="Seconds a cell may take.",
)


class UserError(click.ClickException):
    """What a user can correct: the message, and exit code 2."""

    exit_code = 2


class Commands(click.Group):
    """What a user can correct becomes one line and exit code 2, never a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            with needs_extra("course"):
                return super().invoke(ctx)
        except BrokenPipeError:  # `haze-course ... | head`
            raise
        except (ValueError, OSError, MissingExtra) as error:
            if ctx.params.get("traceback"):
                raise
            raise UserError(_explain(error)) from error


def check_result(path: Path, suffix: str, *, force: bool) -> None:
    """Before anything is computed: the name says what it will hold, and nothing is lost."""
    if path.suffix.lower() != suffix:
        raise ValueError(f"{path}: expected a name ending in {suffix}")
    if path.is_dir() or (path.exists() and not force):
        what = "is a folder" if path.is_dir() else "is there already"
        raise ValueError(f"{path} {what}; choose another name, or --force to replace a file")
    path.parent.mkdir(parents=True, exist_ok=True)


def method_name(model: str) -> str:
    """What tables call a network: a shipped name, or a file's with a hash, as two may share one."""
    from haze_course.nets.weights import checkpoint_path
    from haze_course.paths import data_folder

    file = Path(model)
    if not file.is_file() or checkpoint_path(model).parent == data_folder() / "checkpoints":
        return file.stem
    return f"{file.stem} {hashlib.sha256(file.read_bytes()).hexdigest()[:8]}"


def _explain(error: Exception) -> str:
    """An error of the system in the form of ours: file, what was found, what to do."""
    if not isinstance(error, OSError) or error.errno is None:
        return str(error)
    hint = {
        errno.ENOENT: "check the name",
        errno.ENOSPC: "free some space, what was finished is kept",
        errno.EEXIST: "it is a file where a folder is needed; choose another name",
        errno.ENOTDIR: "it or a part of it is a file, not a folder; choose another name",
        errno.EISDIR: "it is a folder where a file is needed; choose another name",
        errno.ENOMEM: "close other programs",
    }.get(error.errno)
    if error.filename is None:
        return f"{error.strerror}; {hint}" if hint else str(error.strerror)
    hint = hint or "choose another place, or change its permissions"
    return f"{error.filename}: {error.strerror}; {hint}"
