"""What one would write in an afternoon: read a file, gzip it, PUT it, remove it. FOLDER BUCKET."""

import gzip
import sys
from pathlib import Path

import obstore
from obstore.store import S3Store


def main(folder: Path, bucket: str, secret: Path) -> None:
    keys = {path.name: path.read_text() for path in secret.iterdir()}
    store = S3Store(bucket, config=keys, client_options={"allow_http": True})  # type: ignore[arg-type]
    for path in sorted(folder.glob("*.jsonl")):
        lines = path.read_bytes().splitlines(keepends=True)
        obstore.put(store, f"by-hand/{path.stem}.jsonl.gz", gzip.compress(b"".join(lines), 6))
        path.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
