"""Before it comes into view a widget waits for its files; what stands there meanwhile is accessible too."""

import inspect

import pytest

from dcgan_lib import widgets
from tests.browser.shown import grave, shown

CLASSES = [thing for name in widgets.__all__ if inspect.isclass(thing := getattr(widgets, name))]
NEVER_IN_VIEW = "window.IntersectionObserver = class { observe() {} unobserve() {} disconnect() {} };"


@pytest.mark.parametrize("widget", [cls for cls in CLASSES if cls is not widgets.FrameSlider])
def test_what_has_not_come_into_view_is_accessible(browser, widget):
    with shown(browser, widget(), init=NEVER_IN_VIEW) as (page, said):
        assert grave(page) == []
    assert said.everything() == []
