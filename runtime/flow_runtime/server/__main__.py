"""python -m flow_runtime.server SETTINGS [--host 0.0.0.0] [--port 8080] [--metrics-port 9090]"""

import sys

from flow_runtime.server import garbage

if __name__ == "__main__":
    garbage.hold()  # before all other modules are imported
    from flow_runtime.server.main import main

    sys.exit(main())
