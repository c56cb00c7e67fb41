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


def belongings(model: type[models.Model] = Account, path: str = "") -> Iterator[Belonging]:
    """Everything below the account, what refers to something before what it refers to.

    Relations come in the order of the models' definitions; what is defined later may refer to what is defined earlier.
    """
    for relation in reversed(model._meta.related_objects):
        if relation.on_delete is not models.CASCADE:
            continue
        child = Belonging(
            cast(type[models.Model], relation.related_model), relation.field.name + (f"__{path}" if path else "")
        )
        yield from belongings(child.model, child.path)
        yield child
