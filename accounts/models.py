"""People, the accounts they share, and the keys their programs use."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.plans import PLANS, Plan


class UserManager(BaseUserManager["User"]):
    """Makes users by e-mail address; there are no user names."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractUser):
    """A person who signs in with an e-mail address, kept in lower case."""

    username = None  # type: ignore[assignment]  # removed: the e-mail address is the name
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(unique=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    """The name of the zone in which the person's pages tell the time."""

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="email_once_whatever_the_case")]

    def __str__(self) -> str:
        return self.email


class Session(AbstractBaseSession):
    """A browser that is signed in, or about to be; accounts/sessions.py reads and writes it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")

    @classmethod
    def get_session_store_class(cls) -> type[Any]:
        from accounts.sessions import SessionStore

        return SessionStore


class Account(models.Model):
    """The tenant: keys, agents, traces, plan and usage belong to it."""

    name = models.CharField(max_length=255)
    plan_slug = models.CharField(max_length=16, choices=[(plan.slug, plan.name) for plan in PLANS.values()])
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)
    """When its owner deleted it; from then on nobody gets in and accounts/closing.py erases what is left."""
    silent_minutes = models.PositiveIntegerField(default=60)
    """A running trace that has not been heard of for longer than this becomes a timeout."""
    members: models.ManyToManyField[User, Membership] = models.ManyToManyField(
        User, through="Membership", related_name="accounts"
    )

    def __str__(self) -> str:
        return self.name

    @property
    def plan(self) -> Plan:
        return PLANS[self.plan_slug]


class Membership(models.Model):
    """A person's place in an account."""

    class Role(models.TextChoices):
        OWNER = "owner"
        MEMBER = "member"

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    wants_alerts = models.BooleanField(default=True)
    """Whether this person gets the account's alert mails."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "user"], name="member_once_per_account")]

    def __str__(self) -> str:
        return f"{self.user} in {self.account}"


class ApiKey(models.Model):
    """A secret that lets a program act for the account; only its SHA-256 is kept."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=255)
    prefix = models.CharField(max_length=24)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.name})"


class Export(models.Model):
    """All data of an account in one file, asked for by a member; accounts/exports.py writes and forgets it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="exports")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    rows_done = models.PositiveBigIntegerField(default=0)
    rows_total = models.PositiveBigIntegerField(default=0)
    size = models.PositiveBigIntegerField(null=True)
    """Of the finished file, in bytes."""
    finished_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"export of {self.created_at:%Y-%m-%d}"

    @property
    def is_running(self) -> bool:
        return self.finished_at is None and self.failed_at is None
