"""Under which name a pod stores, when its spool has been emptied beneath it."""

from pathlib import Path

import pytest

from flow_runtime.collector.lives import name_in_store


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name in ("spool", "tmp"):
        (tmp_path / name).mkdir()
    return tmp_path


def name(directory: Path, pod: str = "uid") -> str:
    return name_in_store(pod, directory / "spool", directory / "tmp")


def empty(directory: Path) -> None:
    """Do what a restart of the node does to a spool in memory."""
    for path in (directory / "spool").iterdir():
        path.unlink()


def test_a_pod_stores_under_its_uid_however_often_its_collector_begins(directory: Path) -> None:
    assert [name(directory) for _ in range(3)] == ["uid"] * 3


def test_a_spool_that_was_emptied_begins_with_number_1_under_another_name(directory: Path) -> None:
    assert name(directory) == "uid"
    empty(directory)
    assert [name(directory) for _ in range(2)] == ["uid.2"] * 2
    empty(directory)
    assert name(directory) == "uid.3"


def test_pods_do_not_count_each_others_spools(directory: Path) -> None:
    assert name(directory) == "uid"
    empty(directory)
    assert name(directory, "another") == "another"


@pytest.mark.parametrize("damaged", ["", "no number", "-1"])
def test_a_damaged_mark_costs_a_name_and_no_record(directory: Path, damaged: str) -> None:
    assert name(directory) == "uid"
    [mark] = (directory / "spool").iterdir()
    mark.write_text(damaged)
    assert [name(directory) for _ in range(2)] == ["uid.2"] * 2


def test_where_no_mark_can_be_left_the_name_is_the_uid(directory: Path) -> None:
    assert name_in_store("uid", directory / "spool", directory / "not there") == "uid"
