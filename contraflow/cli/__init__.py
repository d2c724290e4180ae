"""The command line `contraflow`: answers on stdout, progress and logs on stderr, exit codes that mean something.

One command a file. Nothing heavy is imported before a command runs, so that `--help` comes at once; a test names the
modules that must stay out.
"""

from __future__ import annotations

import os
import sys
import traceback


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    from contraflow.cli.app import app
    from contraflow.cli.exit_codes import ExitCode
    from contraflow.cli.failure import explain
    from contraflow.cli.terminal import Terminal

    terminal = Terminal()
    try:
        app(prog_name="contraflow", obj=terminal)
    except BrokenPipeError:
        # Whoever read our answer has seen enough (`| head`). Python would complain once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:  # noqa: BLE001 - whatever it is, it becomes one line and an exit code
        if terminal.debug:
            traceback.print_exc()
        code, line = explain(error)
        terminal.say(f"contraflow: {line}")
        sys.exit(code)
    except SystemExit as left:
        if left.code == ExitCode.INTERRUPTED:  # typer's word for a KeyboardInterrupt
            terminal.say("contraflow: interrupted; nothing is left running")
        raise
