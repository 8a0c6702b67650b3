import pytest

from tests.training.sprouting.beds import packed_base
from tidemill.experts.package import ExpertPackage


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> ExpertPackage:
    """A sparse encoder that things are grown from, and nothing is written into."""
    return packed_base(tmp_path_factory.mktemp("shipped"))
