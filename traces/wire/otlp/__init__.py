"""OTLP, the protocol of OpenTelemetry: exports are decoded here and read in our own words; traces/api is the caller."""
