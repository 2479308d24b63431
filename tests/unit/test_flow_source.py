"""A flow's files: a ConfigMap's mount, a folder, one archive; and archives that mean harm."""

import io
import tarfile
from pathlib import Path

import pytest

from flow_runtime.flow.errors import InvalidSource
from flow_runtime.flow.source import MAX_BYTES, MAX_FILES, unpack


def archive(folder: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    with tarfile.open(folder / "flow.tar.gz", "w:gz", compresslevel=1) as tar:
        for info, content in members:
            info.size = len(content) or info.size
            tar.addfile(info, io.BytesIO(content) if content else None)
    return folder


def file(name: str, content: bytes = b"nodes: []") -> tuple[tarfile.TarInfo, bytes]:
    return tarfile.TarInfo(name), content


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


def test_a_configmap_mount_becomes_plain_files(tmp_path: Path) -> None:
    mount, target = tmp_path / "mount", tmp_path / "work"
    data = mount / "..2026_11_22"
    data.mkdir(parents=True)
    (data / "flow.dag.yaml").write_text("nodes: []")
    (mount / "..data").symlink_to("..2026_11_22")
    (mount / "flow.dag.yaml").symlink_to("..data/flow.dag.yaml")
    assert unpack(mount, target) == target
    assert [path.name for path in target.iterdir()] == ["flow.dag.yaml"]
    assert not (target / "flow.dag.yaml").is_symlink()


def test_a_folder_is_copied_with_its_folders_and_what_was_there_before_is_gone(tmp_path: Path) -> None:
    (tmp_path / "flow" / "docs").mkdir(parents=True)
    (tmp_path / "flow" / "docs" / "a.md").write_text("a")
    (tmp_path / "work" / "old").mkdir(parents=True)
    (tmp_path / "work" / "old" / "x.py").write_text("")
    unpack(tmp_path / "flow", tmp_path / "work")
    assert [str(path.relative_to(tmp_path / "work")) for path in (tmp_path / "work").rglob("*.*")] == [
        "docs/a.md"
    ]


def test_an_archive_is_unpacked(tmp_path: Path) -> None:
    source = archive(tmp_path / "mount", file("flow.dag.yaml"), file("docs/a.md"))
    found = unpack(source, tmp_path / "work")
    assert (found / "docs" / "a.md").is_file()
    assert unpack(source / "flow.tar.gz", tmp_path / "work") == found


def test_the_one_folder_of_an_archive_is_the_flow(tmp_path: Path) -> None:
    source = archive(tmp_path / "mount", file("my-flow/flow.dag.yaml"))
    assert unpack(source, tmp_path / "work") == tmp_path / "work" / "my-flow"


def test_a_link_inside_the_flow_becomes_a_copy_of_the_file(tmp_path: Path) -> None:
    members = (file("a.md", b"a"), link("docs/b.md", "../a.md"), link("c.md", "a.md", tarfile.LNKTYPE))
    found = unpack(archive(tmp_path / "mount", *members), tmp_path / "work")
    assert [(found / name).read_text() for name in ("docs/b.md", "c.md")] == ["a", "a"]
    assert not (found / "docs" / "b.md").is_symlink()


def test_copies_of_a_link_count_as_what_they_hold(tmp_path: Path) -> None:
    members = (file("a", bytes(MAX_BYTES // 2)), link("b", "a"), link("c", "a"))
    with pytest.raises(InvalidSource, match="64 MiB"):
        unpack(archive(tmp_path / "mount", *members), tmp_path / "work")


def test_a_link_out_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "flow").mkdir()
    (tmp_path / "flow" / "evil").symlink_to(tmp_path / "secret")
    with pytest.raises(InvalidSource, match="evil is a link out"):
        unpack(tmp_path / "flow", tmp_path / "work")


HARMFUL = {
    "a file outside": [file("../evil")],
    "a link outside": [link("evil", "/etc")],
    "a link up": [link("evil", "../..")],
    "a hard link outside": [link("evil", "/etc/passwd", tarfile.LNKTYPE)],
    "a link to itself": [link("evil", "evil")],
    "a device": [link("evil", "", tarfile.CHRTYPE)],
    "too many files": [file(f"{number}", b"x") for number in range(MAX_FILES + 1)],
}


@pytest.mark.parametrize("members", HARMFUL.values(), ids=HARMFUL)
def test_an_archive_is_refused_for(members: list[tuple[tarfile.TarInfo, bytes]], tmp_path: Path) -> None:
    with pytest.raises(InvalidSource):
        unpack(archive(tmp_path / "mount", *members), tmp_path / "work")
    assert not (tmp_path / "evil").exists()


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    (tmp_path / "mount").mkdir()
    with tarfile.open(tmp_path / "mount" / "flow.tar.gz", "w:gz", compresslevel=1) as tar:
        info = tarfile.TarInfo("zeros")
        info.size = 65 * 1024 * 1024
        tar.addfile(info, io.BytesIO(bytes(info.size)))
    with pytest.raises(InvalidSource, match="64 MiB"):
        unpack(tmp_path / "mount", tmp_path / "work")
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08cut"])
def test_a_broken_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "flow.tar.gz").write_bytes(content)
    with pytest.raises(InvalidSource, match=r"flow\.tar\.gz"):
        unpack(tmp_path, tmp_path / "work")


def test_a_flow_that_is_not_mounted_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(InvalidSource, match="ConfigMap"):
        unpack(tmp_path / "gone", tmp_path / "work")
