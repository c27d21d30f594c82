"""One envelope for every error, with a status that a CRM's client understands."""

from serving.wire.errors import Problem, RequestError


def test_the_envelope_has_code_message_field_and_request_id_and_nothing_else() -> None:
    error = RequestError(Problem.INVALID_LEAD, "is missing; it must be there", "leads[3].created_at")
    assert error.envelope("r1") == {
        "error": {
            "code": "invalid_lead",
            "message": "is missing; it must be there",
            "field": "leads[3].created_at",
            "request_id": "r1",
        }
    }
    assert str(error) == "leads[3].created_at: is missing; it must be there"


def test_no_problem_is_answered_with_422_and_every_code_is_unique() -> None:
    assert 422 not in {one.status for one in Problem}
    assert len({one.code for one in Problem}) == len(Problem)


def test_a_code_that_another_room_has_named_takes_the_place_of_ours() -> None:
    envelope = RequestError(Problem.INVALID_LEAD, "was created later", code="created_later").envelope("r1")
    assert envelope["error"]["code"] == "created_later"
