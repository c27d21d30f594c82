"""docs/features.md says what the catalogue says."""

from pathlib import Path

from features import declaration
from features.describe import example, page

DOCUMENT = Path(__file__).parents[2] / "docs" / "features.md"


def test_the_document_is_the_page_that_the_catalogue_makes() -> None:
    assert DOCUMENT.read_text() == page(example()), "run python -m features.describe > docs/features.md"


def test_every_template_and_signal_has_a_line() -> None:
    text = page(example())
    names = [
        template.name.format(signal="<signal>", window="<window>")
        for value in vars(declaration).values()
        for template in (value if isinstance(value, tuple) else (value,))
        if isinstance(template, declaration.Template) and template.name != "{signal}"
    ]
    names += [signal.name for signal in example().signals]
    assert [name for name in names if f"| `{name}` |" not in text] == []
