"""A page whose scripts are off shows, for each widget, its picture and its sentence, and no control that is dead.

A notebook stores a widget's view, which needs scripts, beside other forms of the same output; from these Sphinx takes
the best one that a page can show, and that is the view. Before it does, the picture and the sentence (see
`dcgan_lib/widgets/still.py`) are put behind the view, for those who will not see it.
"""

from docutils import nodes
from myst_nb.core.render import WIDGET_VIEW_MIMETYPE
from sphinx.transforms.post_transforms import SphinxPostTransform

PICTURES = ("image/svg+xml", "image/png")
SENTENCE = "text/markdown"
ASKS_FOR_SCRIPTS = "Scripts are off in this browser. Where they are on, this figure can be moved."
ASKS_FOR_A_KERNEL = "This control needs a running kernel: open the chapter in Colab or JupyterLab."


class StandIns(SphinxPostTransform):
    """Runs just before myst_nb's SelectMimeType, which drops the other forms."""

    default_priority = 3
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        for bundle in list(self.document.findall(nodes.container)):
            if bundle.get("nb_element") == "mime_bundle":
                add_stand_in(bundle)


def add_stand_in(bundle: nodes.container) -> None:
    """Behind a widget's view in the output's forms: what is shown in its place where scripts are off."""
    forms = {form["mime_type"]: form.children for form in bundle.children}
    if not (view := forms.get(WIDGET_VIEW_MIMETYPE)):
        return
    sentences = [sentence.deepcopy() for sentence in forms.get(SENTENCE, [])]
    pictures = [picture.deepcopy() for kind in PICTURES for picture in forms.get(kind, [])][:1]
    for picture in pictures:
        picture["alt"] = " ".join(s.astext() for s in sentences) or picture.get("alt") or ASKS_FOR_SCRIPTS
    known = bool(sentences or pictures)  # a stock widget has neither
    last = nodes.paragraph(text=ASKS_FOR_SCRIPTS if known else ASKS_FOR_A_KERNEL, classes=["needs-scripts"])
    form = view[0].parent
    form += nodes.raw(text='<noscript><div class="widget-still">', format="html")
    form += [*(pictures or sentences), last]
    form += nodes.raw(text="</div></noscript>", format="html")
