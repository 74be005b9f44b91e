# Runs a command in a terminal of its own: what is typed comes from stdin, what the screen shows goes to stdout.
#   python3 pseudo-terminal.py COMMAND [ARGUMENT…]
import os
import pty
import sys

sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
