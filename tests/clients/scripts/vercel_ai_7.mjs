// Version 7 of the AI SDK with its own integration of OpenTelemetry: a tool loop and a stream.
import { createOpenAI } from "@ai-sdk/openai";
import { OpenTelemetry } from "@ai-sdk/otel";
import { trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { generateText, isStepCount, registerTelemetry, streamText, tool } from "ai";
import { z } from "zod";

const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ "service.name": process.env.OTEL_SERVICE_NAME }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
});
provider.register();
registerTelemetry(new OpenTelemetry());

const openai = createOpenAI({ baseURL: process.env.OPENAI_BASE_URL, apiKey: process.env.OPENAI_API_KEY });
const telemetry = { isEnabled: true, functionId: "weather-agent" };
const getWeather = tool({
  description: "The current weather in a city.",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => ({ city, weather: "14 °C, rain" }),
});

await trace.getTracer("weather").startActiveSpan("weather-question", async (span) => {
  await generateText({
    model: openai.chat("gpt-5-mini"),
    instructions: "You answer questions about the weather.",
    prompt: "What is the weather in Paris? Do I need an umbrella?",
    tools: { get_weather: getWeather },
    stopWhen: isStepCount(3),
    telemetry,
  });
  await streamText({ model: openai.chat("gpt-5-mini"), prompt: "And tomorrow?", telemetry }).consumeStream();
  span.end();
});
await provider.shutdown();
