"""ModelSerializers of the naive build."""

from typing import Any

from rest_framework import serializers

from bench.naive.models import Step, Trace


class StepSerializer(serializers.ModelSerializer[Step]):
    class Meta:
        model = Step
        fields = ["name", "timestamp", "latency_ms"]


class TraceSerializer(serializers.ModelSerializer[Trace]):
    steps = StepSerializer(many=True)

    class Meta:
        model = Trace
        fields = [
            *("prompt", "response", "provider", "model", "steps", "input_tokens", "output_tokens"),
            *("total_latency_ms", "status", "error_message"),
        ]

    def create(self, validated_data: dict[str, Any]) -> Trace:
        steps = validated_data.pop("steps")
        trace = Trace.objects.create(**validated_data)
        for step in steps:
            Step.objects.create(trace=trace, **step)
        return trace


class RunSerializer(serializers.ModelSerializer[Trace]):
    class Meta:
        model = Trace
        fields = ["name", "status", "started_at", "ended_at", "metadata"]


class SpanSerializer(serializers.ModelSerializer[Step]):
    started_at = serializers.DateTimeField(source="timestamp")

    class Meta:
        model = Step
        fields = ["name", "status", "started_at", "ended_at", "input", "output"]
