"""What a file may cost: ten times what the costliest real one cost, and a share of its size."""

import pytest

from content.limits import DEFAULT_LIMITS, Limits

MB = 10**6


@pytest.mark.parametrize(
    ("size", "seconds"), [(0, 8), (MB - 1, 8), (MB, 9), (8 * MB, 16), (52 * MB, 60), (2**31, 60)]
)
def test_cpu_grows_with_the_size_up_to_a_bound(size: int, seconds: int) -> None:
    assert DEFAULT_LIMITS.cpu_of(size) == seconds


def test_a_larger_basis_than_the_bound_holds() -> None:
    assert Limits(cpu_seconds=100).cpu_of(2**31) == 100
