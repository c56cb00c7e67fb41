"""Tables of the naive build."""

import uuid

from django.db import models


class Customer(models.Model):
    name = models.CharField(max_length=255)
    traces_per_month = models.PositiveIntegerField(default=1_000_000_000)

    def __str__(self) -> str:
        return self.name


class ApiKey(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    key = models.CharField(max_length=100, unique=True)

    def __str__(self) -> str:
        return self.key[:16]


class Agent(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    name = models.CharField(max_length=255)

    class Meta:
        unique_together = [("customer", "name")]

    def __str__(self) -> str:
        return self.name


class Trace(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, null=True)
    name = models.CharField(max_length=255, blank=True)
    prompt = models.TextField(blank=True)
    response = models.TextField(blank=True)
    provider = models.CharField(max_length=255, blank=True)
    model = models.CharField(max_length=255, blank=True)
    input_tokens = models.PositiveIntegerField(null=True)
    output_tokens = models.PositiveIntegerField(null=True)
    total_latency_ms = models.PositiveIntegerField(null=True)
    status = models.CharField(max_length=16)
    error_message = models.TextField(null=True)
    metadata = models.JSONField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Step(models.Model):
    trace = models.ForeignKey(Trace, on_delete=models.CASCADE, related_name="steps")
    name = models.CharField(max_length=255)
    status = models.CharField(max_length=16, default="ok")
    timestamp = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    latency_ms = models.PositiveIntegerField(null=True)
    input = models.JSONField(null=True)
    output = models.JSONField(null=True)

    def __str__(self) -> str:
        return self.name
