"""Before it comes into view a widget waits for its files; what stands there is accessible, and fits a phone."""

import inspect

import pytest

from dcgan_lib import widgets
from tests.browser.shown import grave, shown

CLASSES = [thing for name in widgets.__all__ if inspect.isclass(thing := getattr(widgets, name))]
NEVER_IN_VIEW = "window.IntersectionObserver = class { observe() {} unobserve() {} disconnect() {} };"


@pytest.mark.parametrize("widget", [cls for cls in CLASSES if cls is not widgets.FrameSlider])
def test_what_has_not_come_into_view_is_accessible_and_fits_a_phone(browser, widget):
    with shown(browser, widget(), width=390, init=NEVER_IN_VIEW) as (page, said):
        assert grave(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert said.everything() == []
