"""How many pods each ReplicaSet may have: bounds hold whatever the state."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.local.controllers.rollout import Bounds, Scale, bounds, new_replicas, old_replicas


@pytest.mark.parametrize(
    ("desired", "surge", "unavailable", "expected"),
    [
        (1, "25%", "25%", Bounds(1, 1, 0)),
        (4, "25%", "25%", Bounds(4, 1, 1)),
        (10, "25%", "25%", Bounds(10, 3, 2)),
        (3, 0, 0, Bounds(3, 0, 1)),
        (3, "0%", 5, Bounds(3, 0, 3)),
        (0, "25%", "25%", Bounds(0, 0, 0)),
    ],
)
def test_percentages_round_surge_up_and_unavailable_down(desired, surge, unavailable, expected):
    assert bounds(desired, surge, unavailable) == expected


def test_a_word_that_is_no_percentage_is_refused():
    with pytest.raises(ValueError, match="'half' is neither"):
        bounds(3, "half", 1)


scales = st.builds(
    lambda replicas, share: (replicas, min(replicas, share)),
    st.integers(0, 6),
    st.integers(0, 6),
)


@given(
    st.integers(1, 6), st.integers(0, 3), st.integers(0, 3), scales, st.lists(scales, max_size=3)
)
def test_a_step_never_leaves_the_bounds(desired, surge, unavailable, new, old):
    limit = bounds(desired, surge, unavailable)
    new_scale = Scale("new", *new)
    old_scales = [Scale(f"old-{index}", *scale) for index, scale in enumerate(old)]
    others = sum(scale.replicas for scale in old_scales)

    wanted = new_replicas(limit, new_scale.replicas, others)
    grown = wanted > new_scale.replicas
    assert not grown or wanted + others <= limit.most

    counts = old_replicas(limit, new_scale, old_scales)
    available = new_scale.available + sum(scale.available for scale in old_scales)
    left = new_scale.available + sum(
        min(scale.available, counts[scale.name]) for scale in old_scales
    )
    assert all(0 <= counts[scale.name] <= scale.replicas for scale in old_scales)
    assert left >= min(available, limit.least)


def test_broken_old_pods_go_before_good_ones():
    counts = old_replicas(
        Bounds(4, 1, 1), Scale("new", 1, 1), [Scale("good", 2, 2), Scale("broken", 2, 0)]
    )
    assert counts == {"good": 2, "broken": 0}
