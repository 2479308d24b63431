"""`make readers`: what docs/records.md says of Spark, as it stands there, on records in a folder."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.integration.test_readers import fill
from tests.unit.records_page import snippet

PYTHON = Path(__file__).parents[1] / ".cache" / "readers" / "bin" / "python"
EXPECTED = ("|0123456789ab|    3|", "|bbbbbbbbbbbb|    1|", "How heavy is it?|LLMUnavailable|")


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder))
        code = snippet("spark").replace("s3a://flow-records", folder)
        environ = os.environ | {"SPARK_LOCAL_IP": "127.0.0.1"}
        done = subprocess.run(
            [PYTHON, "-c", code], stdout=subprocess.PIPE, text=True, check=True, env=environ
        )
    print(done.stdout)
    missing = [each for each in EXPECTED if each not in done.stdout]
    print(f"not there: {missing}" if missing else "as docs/records.md says", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
