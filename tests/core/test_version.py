import tidemill
from tidemill.core.version import created_by


def test_the_version_is_the_packages() -> None:
    assert created_by() == f"tidemill {tidemill.__version__}"
