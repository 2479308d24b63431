"""When is a write needed?"""

import pytest

from flow_operator import quantity
from flow_operator.diff import contains


def test_what_the_server_adds_is_no_difference() -> None:
    assert contains({"spec": {"replicas": 3, "paused": False}, "status": {}}, {"spec": {"replicas": 3}})


def test_another_value_or_a_missing_field_is_a_difference() -> None:
    assert not contains({"spec": {"replicas": 2}}, {"spec": {"replicas": 3}})
    assert not contains({"spec": {}}, {"spec": {"replicas": 0}})
    assert not contains({"spec": {}}, {"spec": {"automountServiceAccountToken": False}})
    assert not contains({"value": 1}, {"value": True})


def test_quantities_are_compared_by_value_and_only_where_quantities_are() -> None:
    live = {"resources": {"limits": {"cpu": "500m", "memory": "1Gi"}}}
    assert contains(live, {"resources": {"limits": {"cpu": "0.5", "memory": "1024Mi"}}})
    assert not contains(live, {"resources": {"limits": {"cpu": "0.6"}}})
    assert contains({"emptyDir": {"sizeLimit": "64Mi"}}, {"emptyDir": {"sizeLimit": "65536Ki"}})
    assert not contains({"data": {"cpu": "500m"}}, {"data": {"cpu": "0.5"}})


def test_elements_with_a_name_may_have_company_and_any_order() -> None:
    live = {"containers": [{"name": "injected"}, {"name": "server", "image": "a", "tty": False}]}
    assert contains(live, {"containers": [{"name": "server", "image": "a"}]})
    assert not contains(live, {"containers": [{"name": "server", "image": "b"}]})
    assert not contains(live, {"containers": [{"name": "collector"}]})


def test_plain_lists_must_be_equal() -> None:
    assert contains({"command": ["a", "b"]}, {"command": ["a", "b"]})
    assert not contains({"command": ["a", "b", "c"]}, {"command": ["a", "b"]})
    assert not contains({"command": ["b", "a"]}, {"command": ["a", "b"]})


def test_empty_values_that_the_server_drops_are_no_difference() -> None:
    assert contains({"emptyDir": {}}, {"emptyDir": {"medium": ""}})
    assert contains({}, {"nodeSelector": {}, "args": []})
    assert not contains({"emptyDir": {"medium": "Memory"}}, {"emptyDir": {"medium": ""}})


@pytest.mark.parametrize(
    ("text", "value"),
    [("500m", "0.5"), ("1", "1"), ("2Ki", "2048"), ("1.5Gi", "1610612736"), ("1e3", "1000")],
)
def test_a_quantity_has_the_value_that_kubernetes_gives_it(text: str, value: str) -> None:
    assert str(quantity.parse(text).normalize()) == str(quantity.parse(value).normalize())


@pytest.mark.parametrize("text", ["", "1.2.3", "5 Mi", "Mi", "--1"])
def test_what_is_no_quantity_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        quantity.parse(text)


def test_memory_is_added_in_whole_mebibytes_where_it_can_be() -> None:
    assert quantity.add_mebibytes("1.5Gi", 128) == "1664Mi"
    assert quantity.add_mebibytes("1000000", 1) == "2048576"
