import pytest
from hypothesis import given
from hypothesis import strategies as st

from glinker_core import ConfigError, DAGExecutor
from glinker_core.builtin.calibration import Calibration, MaxError

SHARES = st.floats(0, 1)


def test_a_temperature_above_one_makes_scores_less_sure_and_a_shift_moves_them():
    assert Calibration(temperature=2.0)(0.9) == pytest.approx(0.75)
    assert Calibration(shift=-2.1972245773)(0.9) == pytest.approx(0.5)


def test_points_are_joined_by_straight_lines_and_go_on_flat():
    line = Calibration(points=((0.2, 0.1), (0.6, 0.5), (0.8, 0.5)))
    assert [line(score) for score in (0.0, 0.2, 0.4, 0.7, 1.0)] == pytest.approx([0.1, 0.1, 0.3, 0.5, 0.5])


@given(st.floats(0.01, 100), st.floats(-100, 100), st.lists(SHARES, min_size=2, max_size=20))
def test_no_calibration_changes_an_order_or_leaves_0_to_1(temperature, shift, scores):
    curves = Calibration(temperature, shift), Calibration(points=((0.1, 0.0), (0.5, 0.5), (0.9, 0.6)))
    for curve in curves:
        after = [curve(score) for score in sorted(scores)]
        assert all(0 <= value <= 1 for value in after)
        assert after == sorted(after)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"temperature": 0}, "temperature"),
        ({"temperature": 2, "points": [[0, 0]]}, "points stand beside a temperature"),
        ({"points": [[0.1, 0.2, 0.3]]}, "points must be pairs"),
        ({"points": [[0.1, 1.2]]}, "points must be pairs"),
        ({"points": [[0.5, 0.1], [0.5, 0.2]]}, "points must rise"),
        ({"points": [[0.5, 0.3], [0.6, 0.2]]}, "points must rise"),
    ],
)
def test_a_curve_that_is_none_is_refused_with_its_place(config, message):
    nodes = [{"id": "l0", "processor": "l0_aggregator", "config": {"calibration": config}}]
    with pytest.raises(ConfigError, match=message):
        DAGExecutor({"nodes": nodes})


def test_an_error_of_everything_or_nothing_is_no_bound():
    for error in (0.0, 1.0):
        with pytest.raises(ValueError, match="error"):
            MaxError(error, 0.5)
