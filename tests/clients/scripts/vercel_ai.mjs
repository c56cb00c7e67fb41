// The AI SDK with its experimental telemetry: a tool loop, an embedding and a stream.
import { createOpenAI } from "@ai-sdk/openai";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { trace } from "@opentelemetry/api";
import { embed, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ "service.name": process.env.OTEL_SERVICE_NAME }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
});
provider.register();

const QUESTION = "What is the weather in Paris? Do I need an umbrella?";
const openai = createOpenAI({ baseURL: process.env.OPENAI_BASE_URL, apiKey: process.env.OPENAI_API_KEY });
const experimental_telemetry = {
  isEnabled: true,
  functionId: "weather-agent",
  metadata: { sessionId: "session-42", userId: "user-7", tags: ["weather", "test"] },
};
const getWeather = tool({
  description: "The current weather in a city.",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => ({ city, weather: "14 °C, rain" }),
});

await trace.getTracer("weather").startActiveSpan("weather-question", async (span) => {
  await embed({ model: openai.embedding("text-embedding-3-small"), value: QUESTION, experimental_telemetry });
  await generateText({
    model: openai.chat("gpt-5-mini"),
    system: "You answer questions about the weather.",
    prompt: QUESTION,
    tools: { get_weather: getWeather },
    stopWhen: stepCountIs(3),
    experimental_telemetry,
  });
  const stream = streamText({ model: openai.chat("gpt-5-mini"), prompt: "And tomorrow?", experimental_telemetry });
  await stream.consumeStream();
  span.end();
});
await provider.shutdown();
