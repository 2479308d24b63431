"""The collector's process: `python -m flow_runtime.collector SETTINGS`."""

import signal
import sys

# Until there is someone to handle them they wait: in a container, the kernel would throw them away.
signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))

from flow_runtime.collector.main import main  # noqa: E402

sys.exit(main(sys.argv[1:]))
