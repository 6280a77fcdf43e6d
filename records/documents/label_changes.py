"""Changes of a document's labels: all given anew, or some added to those that are there, or taken away."""

from dataclasses import dataclass

from records.vocabulary.codes import Label


@dataclass(frozen=True, slots=True)
class LabelChange:
    """`given`: the labels from now on. None: those that are there, with `added` and without `removed`."""

    given: frozenset[Label] | None = None
    added: frozenset[Label] = frozenset()
    removed: frozenset[Label] = frozenset()

    def of(self, present: frozenset[Label]) -> frozenset[Label]:
        """The labels after the change."""
        return self.given if self.given is not None else present - self.removed | self.added
