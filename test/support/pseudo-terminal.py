# Runs a command in a terminal of its own: what is typed comes from stdin, what the screen shows goes to stdout.
#   python3 pseudo-terminal.py COMMAND [ARGUMENT…]
# The terminal knows its size only if COLUMNS says it.
import os
import pty
import sys

columns = os.environ.get('COLUMNS')
sized = [] if columns is None else ['sh', '-c', 'stty cols "$COLUMNS" rows 24; exec "$@"', 'sh']
sys.exit(os.waitstatus_to_exitcode(pty.spawn([*sized, *sys.argv[1:]])))
