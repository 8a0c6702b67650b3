import subprocess
import sys

import pytest

from tidemill.core.errors import SettingError
from tidemill.serving.policies.adaptive_lrfu import AdaptiveLrfu
from tidemill.serving.policies.lru import Lru
from tidemill.serving.policies.table import DEFAULT_POLICY, POLICIES, policy


def test_every_policy_has_its_name() -> None:
    assert set(POLICIES) == {
        "adaptive-lrfu", "gdsf", "lfu-da", "lru", "s3-fifo", "sieve", "w-tinylfu",
    }  # fmt: skip
    assert isinstance(policy("lru", 10), Lru)
    assert isinstance(policy(DEFAULT_POLICY, 10), AdaptiveLrfu)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("s3fifo", "Did you mean s3-fifo?"), ("?", "Known: adaptive-lrfu, lru, gdsf, lfu-da")],
)
def test_an_unknown_name_is_refused_with_what_is_near(name: str, hint: str) -> None:
    with pytest.raises(SettingError, match="there is no cache policy") as caught:
        policy(name, 10)
    assert hint in str(caught.value)


def test_a_capacity_below_zero_is_refused() -> None:
    with pytest.raises(SettingError, match="a tier of -1 bytes"):
        policy("lru", -1)


def test_policies_load_neither_torch_nor_numpy() -> None:
    script = (
        "import sys, tidemill.serving.policies.table, tidemill.serving.policies.simulation,"
        " tidemill.serving.policies.traces; print({'torch', 'numpy'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert run.stdout.strip() == "set()"
