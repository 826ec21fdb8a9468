"""The entry point: all commands under one name, each read when it is called."""

import importlib

import click

from haze_course.cli.group import Commands

FILES = {  # command -> the file that holds it
    "run": "lessons",
    "sweep": "sweep",
    "start": "lessons",
    "progress": "lessons",
    "doctor": "lessons",
    "train": "training",
    "dehaze": "pictures",
    "evaluate": "pictures",
    "data": "reside",
    "export": "export",
    "instructor": "lessons",
    "links": "lessons",
}


class LazyCommands(Commands):
    """Reads the file of the command that was asked for: only training waits for torch."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in the order of the table."""
        return list(FILES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        if cmd_name not in FILES:
            return None
        module = importlib.import_module(f"haze_course.cli.{FILES[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="haze-course")
@click.option("--traceback", is_flag=True, help="Show where in the code an error arose.")
def main(*, traceback: bool) -> None:
    """Single-image haze removal, hands on."""
