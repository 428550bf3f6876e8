"""The lessons' figures: everything except curves has the colour of the text around, in light and in dark."""

from __future__ import annotations

import re

import pytest


def test_what_is_added_to_axes_has_the_style_of_the_lessons() -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from demos import COLOURS, axes
    from demos.classroom.pictures import picture

    figure, plot = axes()
    plot.plot([0, 1], [0, 1], label="a line")
    plot.axhline(0.5, color="C4")
    plot.annotate("an annotation", (0.5, 0.2))
    plot.legend()
    drawn = picture(figure).html
    colours = set(re.findall("#[0-9a-f]{6}(?=[;\"'])", drawn))
    assert colours == {COLOURS[0], COLOURS[4]}
    for words in ("a line", "an annotation"):
        (style,) = re.findall(rf'<text style="([^"]*)"[^>]*>{words}', drawn)
        assert "fill: currentColor" in style
