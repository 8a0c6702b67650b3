import pytest

from tidemill.core.errors import ExpertError
from tidemill.experts.parts import check_roles

ALLOWED = {"values": ("F32", "F16"), "indices": ("U8",)}


def test_parts_are_those_that_are_allowed() -> None:
    check_roles({"indices": "U8", "values": "F16"}, ALLOWED)


@pytest.mark.parametrize(
    ("dtypes", "reason"),
    [
        ({"values": "F32"}, r"parts \['values'\] instead of \['indices', 'values'\]"),
        ({"values": "F32", "indices": "U8", "more": "U8"}, "parts"),
        ({"values": "F64", "indices": "U8"}, "values of kind F64 instead of F32 or F16"),
    ],
)
def test_other_parts_are_refused(dtypes: dict[str, str], reason: str) -> None:
    with pytest.raises(ExpertError, match=reason):
        check_roles(dtypes, ALLOWED)
