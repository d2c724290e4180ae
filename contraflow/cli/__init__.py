"""The command line `contraflow`: answers on stdout, progress and logs on stderr, exit codes that mean something.

One command a file. Nothing heavy is imported before a command runs, so that `--help` comes at once; a test names the
modules that must stay out.
"""

from __future__ import annotations

import sys
import traceback


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    from contraflow.cli.app import app
    from contraflow.cli.failure import explain
    from contraflow.cli.terminal import Terminal

    terminal = Terminal()
    try:
        app(prog_name="contraflow", obj=terminal)
    except Exception as error:  # noqa: BLE001 - whatever it is, it becomes one line and an exit code
        if terminal.debug:
            traceback.print_exc()
        code, line = explain(error)
        terminal.say(f"contraflow: {line}")
        sys.exit(code)
    except KeyboardInterrupt:
        terminal.say("contraflow: interrupted")
        sys.exit(130)
