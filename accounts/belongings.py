"""What hangs from an account, found from the models: for whoever erases an account.

Found and not listed, so that a table which is added later is not forgotten here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from django.db import models

from accounts.models import Account


@dataclass(frozen=True, slots=True)
class Belonging:
    """A model whose rows go with their account, and the path from a row to the account's id."""

    model: type[models.Model]
    path: str

    def rows(self, account_id: int) -> models.QuerySet[Any]:
        return self.model._default_manager.filter(**{self.path: account_id})


def belongings() -> Iterator[Belonging]:
    """Every model below the account, once, what refers to something before what it refers to.

    Where several paths lead to a model the shortest is taken of those on which no row is missing.
    """
    paths: dict[type[models.Model], list[tuple[bool, int, str]]] = {}
    for model, path, is_sparse in _paths(Account, "", is_sparse=False):
        paths.setdefault(model, []).append((is_sparse, path.count("__"), path))
    for model, found in paths.items():
        yield Belonging(model, min(found)[-1])


def _paths(model: type[models.Model], path: str, *, is_sparse: bool) -> Iterator[tuple[type[models.Model], str, bool]]:
    """Each way from the account down to a row, and whether rows may hang from the account without it.

    Relations come in the order of the models' definitions; what is defined later may refer to what is defined earlier.
    """
    for relation in reversed(model._meta.related_objects):
        if relation.on_delete is not models.CASCADE:
            continue
        child = cast(type[models.Model], relation.related_model)
        longer = relation.field.name + (f"__{path}" if path else "")
        may_miss = is_sparse or relation.field.null
        yield from _paths(child, longer, is_sparse=may_miss)
        yield child, longer, may_miss
