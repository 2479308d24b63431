"""`python -m flow_operator`."""

from flow_operator.main import main

raise SystemExit(main())
