"""A Secret as the kubelet mounts it: files that are links through `..data`, which is swapped in one step."""

import shutil
from pathlib import Path


class SecretMount:
    """A folder like the mount of a Secret; `write` is what the kubelet does when the Secret has changed."""

    def __init__(self, directory: Path, **keys: str) -> None:
        self.directory = directory
        self._version = 0
        directory.mkdir(parents=True, exist_ok=True)
        self.write(**keys)

    def write(self, **keys: str) -> None:
        """Swap in a new version with exactly these keys; without any, the Secret was deleted."""
        self._version += 1
        old = self.directory / f"..version_{self._version - 1}"
        new = self.directory / f"..version_{self._version}"
        new.mkdir()
        for key, value in keys.items():
            (new / key).write_text(value)
        link = self.directory / "..data_tmp"
        link.symlink_to(new.name)
        link.rename(self.directory / "..data")
        for key in keys:
            if not (self.directory / key).is_symlink():
                (self.directory / key).symlink_to(f"..data/{key}")
        for path in self.directory.iterdir():
            if not path.name.startswith("..") and path.name not in keys:
                path.unlink()
        shutil.rmtree(old, ignore_errors=True)
