"""Exposition: metrics as text, in OpenMetrics 1.0 or in Prometheus' own format 0.0.4.

Sources: the OpenMetrics specification (prometheus.io/docs/specs/om/open_metrics_spec) and Prometheus' exposition
formats (prometheus.io/docs/instrumenting/exposition_formats).
"""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

Form = Literal["openmetrics", "prometheus"]
MEDIA_TYPES: Final[dict[Form, str]] = {
    "openmetrics": "application/openmetrics-text; version=1.0.0; charset=utf-8",
    "prometheus": "text/plain; version=0.0.4; charset=utf-8",
}
EOF: Final = "# EOF\n"
"""How OpenMetrics ends, so that a text that was cut off is not taken for whole."""

Labels = Iterable[tuple[str, object]]

_ESCAPES: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


class Family(NamedTuple):
    """A metric with its samples. `name` is that of the samples: a counter's ends in `_total`."""

    name: str
    help: str
    kind: Literal["gauge", "counter"] = "gauge"

    def head(self, form: Form) -> str:
        """The lines before the samples. OpenMetrics calls a counter by its name without the `_total`."""
        name = self.name
        if self.kind == "counter" and form == "openmetrics":
            name = name.removesuffix("_total")
        return f"# HELP {name} {self.help}\n# TYPE {name} {self.kind}\n"

    def sample(self, value: float, labels: Labels = ()) -> str:
        """One line."""
        return line(self.name, pairs(labels), value)


def line(name: str, labels: str, value: float) -> str:
    """A sample. `labels` as `pairs` made them."""
    return f"{name}{{{labels}}} {value!r}\n" if labels else f"{name} {value!r}\n"


def pairs(labels: Labels) -> str:
    """`a="1",b="2"`; a label that is "" or None is none, in both formats."""
    return ",".join([f'{name}="{escaped(value)}"' for name, value in labels if value not in ("", None)])


def escaped(value: object) -> str:
    """A label's value. What is no text (a lone surrogate, which JSON may hold) cannot be sent."""
    text = str(value)
    if not text.isprintable() or "\\" in text or '"' in text:
        text = text.translate(_ESCAPES)
        return text.encode("utf-8", "replace").decode()
    return text
