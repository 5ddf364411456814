"""Parameters of lists: reading, refusing, sorting, paging, and variables as filters."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.operate.api.engine_rest.conftest import Api, process

LISTS = (
    "deployment",
    "process-definition",
    "process-instance",
    "execution",
    "task",
    "external-task",
    "variable-instance",
    "incident",
    "job",
    "job-definition",
    "event-subscription",
    "history/process-instance",
    "history/activity-instance",
    "history/variable-instance",
    "history/incident",
    "history/task",
)


@pytest.mark.parametrize("name", LISTS)
def test_every_list_sorts_by_all_it_says_and_counts_what_it_shows(api: Api, order: str, name: str) -> None:
    # given
    operation = api.get("/openapi.json")["paths"][f"/engine-rest/{name}"]["get"]
    [sort_by] = [each for each in operation["parameters"] if each["name"] == "sortBy"]
    # when
    everything = api.get(f"/{name}")
    # then
    for key in sort_by["schema"]["enum"]:
        up = api.get(f"/{name}", sortBy=key, sortOrder="asc")
        down = api.get(f"/{name}", sortBy=key, sortOrder="desc")
        assert sorted(map(str, up)) == sorted(map(str, down)) == sorted(map(str, everything)), key
    assert api.get(f"/{name}/count") == {"count": len(everything)}
    assert api.get(f"/{name}", firstResult="1", maxResults="1") == everything[1:2]
    assert api.get(f"/{name}", maxResults="0") == []


@pytest.mark.parametrize("name", LISTS)
def test_every_parameter_of_every_list_is_understood_or_refused(api: Api, order: str, name: str) -> None:
    # given
    operation = api.get("/openapi.json")["paths"][f"/engine-rest/{name}"]["get"]
    values = {"boolean": "true", "integer": "1", "date-time": "2025-01-01T00:00:00.000%2B0000"}
    # then
    for parameter in operation["parameters"]:
        schema = parameter["schema"]
        value = values.get(schema.get("format", ""), values.get(schema["type"], "a_eq_1"))
        if parameter["name"] not in ("sortBy", "sortOrder"):
            response = api.send("GET", f"/{name}", **{parameter["name"]: value})
            refused = response.status_code == 400 and b"is not supported yet" in response.content
            odd = parameter["name"] in ("incidentStatus", "dueDates", "createTimes", "delegationState")
            assert response.status_code == 200 or refused or odd, (parameter["name"], response.content)


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"sortBy": "instanceId"}, "Only a single sorting parameter specified. sortBy and sortOrder required"),
        ({"sortOrder": "asc"}, "Only a single sorting parameter specified. sortBy and sortOrder required"),
        ({"sortBy": "colour", "sortOrder": "asc"}, "Cannot set query parameter 'sortBy' to value 'colour'"),
        ({"sortBy": "instanceId", "sortOrder": "up"}, "Cannot set query parameter 'sortOrder' to value 'up'"),
        ({"active": "maybe"}, "Cannot set query parameter 'active' to value 'maybe'"),
        ({"maxResults": "x"}, 'Cannot convert value "x" to java type java.lang.Integer'),
        ({"maxResults": "-1"}, "not negative"),
        ({"firstResult": "99999999999"}, "java.lang.Integer"),
        ({"variables": "amount"}, "variable query parameter has to have format KEY_OPERATOR_VALUE"),
        ({"variables": "a_b_c_d"}, "variable query parameter has to have format KEY_OPERATOR_VALUE"),
        ({"variables": "amount_is_1"}, "Invalid variable comparator specified: is"),
        ({"variables": ",".join(["a_eq_1"] * 101)}, "at most 100 conditions"),
    ],
)
def test_wrong_parameters_are_refused_by_name(api: Api, params: dict[str, str], reason: str) -> None:
    refusal = api.refused("GET", "/process-instance", **params)
    assert (refusal.status, refusal.type) == (400, "InvalidRequestException")
    assert reason in refusal.message


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ([], "Expected the body to be a JSON object, found a list"),
        ({"colour": "red"}, "Unrecognized field 'colour'"),
        ({"businessKey": 5}, "Cannot set query parameter 'businessKey' to value '5'"),
        ({"processInstanceIds": "1"}, "'processInstanceIds'"),
        ({"processInstanceIds": [1]}, "'processInstanceIds'"),
        ({"processInstanceIds": ["1"] * 30_001}, "at most 30000 values"),
        ({"active": "maybe"}, "java.lang.Boolean"),
        ({"variables": {}}, "expected a list, found an object"),
        ({"variables": [5]}, "found a number"),
        ({"variables": [{"name": 1, "operator": "eq", "value": 1}]}, "to be text, found a number"),
        ({"variables": [{"name": "a", "operator": "eq", "value": [1]}]}, "expected a plain value"),
        ({"variables": [{"name": "a", "operator": "like", "value": 1}]}, "expected a text"),
        ({"sorting": "asc"}, "Expected 'sorting' to be a list"),
        ({"sorting": [{"sortBy": "instanceId"}]}, "'sortOrder' to value 'None'"),
        ({"orQueries": {}}, "Expected 'orQueries' to be a list of objects"),
        ({"orQueries": [{"colour": 1}]}, "Unrecognized field 'colour'"),
    ],
)
def test_wrong_bodies_are_refused_by_name(api: Api, body: Any, reason: str) -> None:
    refusal = api.refused("POST", "/process-instance", body)
    assert (refusal.status, refusal.type) == (400, "InvalidRequestException")
    assert reason in refusal.message


def test_unknown_parameters_of_an_address_are_passed_over(api: Api, order: str) -> None:
    assert [each["id"] for each in api.get("/process-instance", colour="red")] == [order]


def test_null_in_a_body_is_as_if_it_were_absent(api: Api, order: str) -> None:
    assert api.post("/process-instance/count", {"businessKey": None, "sorting": None, "orQueries": None}) == {
        "count": 1
    }


class TestVariables:
    """Which process instances conditions on variables find."""

    VALUES: dict[str, Any] = {"n": 5, "f": 2.5, "t": "Text", "b": True, "z": None, "o": '{"a":1}'}
    TYPES = {"o": "Json"}

    @pytest.fixture
    def instance(self, api: Api) -> str:
        api.deploy(process("one", "user:a"))
        api.start("one")
        variables = {
            **{name: {"value": value, "type": self.TYPES.get(name)} for name, value in self.VALUES.items()},
            "d": {"value": "2025-01-02T03:04:05.000+0100", "type": "Date"},
        }
        return api.start("one", variables=variables)

    @pytest.mark.parametrize(
        ("name", "operator", "value", "fits"),
        [
            ("n", "eq", 5, True),
            ("n", "eq", 5.0, True),
            ("n", "eq", "5", False),
            ("n", "neq", 6, True),
            ("n", "neq", 5, False),
            ("missing", "neq", 5, False),
            ("n", "gt", 4.9, True),
            ("n", "gt", 5, False),
            ("n", "gteq", 5, True),
            ("n", "lt", "6", False),
            ("f", "lteq", 2.5, True),
            ("t", "eq", "Text", True),
            ("t", "eq", "text", False),
            ("t", "gt", "Te", True),
            ("t", "like", "T%t", True),
            ("t", "like", "t%", False),
            ("t", "like", "Tex\\", False),
            ("t", "notLike", "X%", True),
            ("n", "like", "5", False),
            ("b", "eq", True, True),
            ("b", "eq", 1, False),
            ("b", "gt", False, False),
            ("z", "eq", None, True),
            ("n", "eq", None, False),
            ("n", "neq", None, True),
            ("d", "eq", "2025-01-02T02:04:05.000+0000", True),
            ("d", "lt", "2025-01-02T02:04:06.000+0000", True),
        ],
    )
    def test_a_condition_in_a_body(
        self, api: Api, instance: str, name: str, operator: str, value: Any, fits: bool
    ) -> None:
        body = {"variables": [{"name": name, "operator": operator, "value": value}]}
        assert [each["id"] for each in api.post("/process-instance", body)] == [instance] * fits

    @pytest.mark.parametrize(
        ("condition", "fits"),
        [
            ("n_eq_5", True),
            ("n_gt_4", True),
            ("t_eq_Text", True),
            ("t_like_T%", True),
            ("n_eq_5,t_eq_Other", False),
            ("n_eq_five", False),
        ],
    )
    def test_a_condition_in_an_address(self, api: Api, instance: str, condition: str, fits: bool) -> None:
        assert [each["id"] for each in api.get("/process-instance", variables=quote(condition))] == [instance] * fits

    def test_case_can_be_ignored(self, api: Api, instance: str) -> None:
        def count(**params: str) -> int:
            return api.get("/process-instance/count", **params)["count"]

        assert count(variables="T_eq_tEXT") == 0
        assert count(variables="T_eq_tEXT", variableNamesIgnoreCase="true") == 0
        assert count(variables="T_eq_tEXT", variableNamesIgnoreCase="true", variableValuesIgnoreCase="true") == 1
        assert count(variables="t_like_t%25", variableValuesIgnoreCase="true") == 1
