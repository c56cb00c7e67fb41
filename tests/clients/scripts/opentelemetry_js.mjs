// Spans written by hand as OpenTelemetry's GenAI conventions say. OTLP's JavaScript exporters send in chunks, without a
// length; OTEL_EXPORTER_OTLP_TRACES_PROTOCOL says which of the two is used.
import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";

const MODEL = "gpt-5-mini";
const QUESTION = "What is the weather in Paris? Do I need an umbrella?";
const PARAMETERS = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const TOOLS = [{ type: "function", function: { name: "get_weather", parameters: PARAMETERS } }];

const isJson = process.env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL === "http/json";
const { OTLPTraceExporter } = isJson
  ? await import("@opentelemetry/exporter-trace-otlp-http")
  : await import("@opentelemetry/exporter-trace-otlp-proto");
const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ "service.name": process.env.OTEL_SERVICE_NAME, "service.version": "1.0.0" }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
});
provider.register();
const tracer = trace.getTracer("weather", "1.0.0");

function inSpan(name, attributes, work, kind = SpanKind.INTERNAL) {
  return tracer.startActiveSpan(name, { kind, attributes }, async (span) => {
    try {
      return await work(span);
    } catch (problem) {
      span.recordException(problem);
      span.setStatus({ code: SpanStatusCode.ERROR, message: problem.message });
      throw problem;
    } finally {
      span.end();
    }
  });
}

async function post(messages) {
  const answer = await fetch(`${process.env.OPENAI_BASE_URL}/chat/completions`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${process.env.OPENAI_API_KEY}` },
    body: JSON.stringify({ model: MODEL, messages, tools: TOOLS }),
  });
  if (!answer.ok) throw new Error(`The model answered ${answer.status}.`);
  return answer.json();
}

function parts(message) {
  if (message.role === "tool") {
    return [{ type: "tool_call_response", id: message.tool_call_id, response: message.content }];
  }
  const calls = (message.tool_calls ?? []).map(({ id, function: called }) => ({
    type: "tool_call", id, name: called.name, arguments: JSON.parse(called.arguments),
  }));
  return message.content ? [{ type: "text", content: message.content }, ...calls] : calls;
}

const spoken = (messages) => JSON.stringify(messages.map((one) => ({ role: one.role, parts: parts(one) })));

const chat = (messages) => inSpan(`chat ${MODEL}`, {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "openai",
  "gen_ai.request.model": MODEL,
  "gen_ai.request.temperature": 0.5,
  "gen_ai.input.messages": spoken(messages),
}, async (span) => {
  const { id, model, choices: [choice], usage } = await post(messages);
  span.setAttributes({
    "gen_ai.response.id": id,
    "gen_ai.response.model": model,
    "gen_ai.response.finish_reasons": [choice.finish_reason],
    "gen_ai.output.messages": JSON.stringify([
      { role: "assistant", parts: parts(choice.message), finish_reason: choice.finish_reason },
    ]),
    "gen_ai.usage.input_tokens": usage.prompt_tokens,
    "gen_ai.usage.output_tokens": usage.completion_tokens,
    "gen_ai.usage.cache_read.input_tokens": usage.prompt_tokens_details.cached_tokens,
  });
  return choice.message;
}, SpanKind.CLIENT);

const callTool = ({ id, function: called }) => inSpan(`execute_tool ${called.name}`, {
  "gen_ai.operation.name": "execute_tool",
  "gen_ai.tool.name": called.name,
  "gen_ai.tool.call.id": id,
  "gen_ai.tool.call.arguments": called.arguments,
}, async (span) => {
  span.setAttribute("gen_ai.tool.call.result", "14 °C, rain");
  return "14 °C, rain";
});

await inSpan("invoke_agent weather-agent", {
  "gen_ai.operation.name": "invoke_agent",
  "gen_ai.agent.name": "weather-agent",
  "gen_ai.conversation.id": "session-42",
}, async () => {
  const messages = [{ role: "user", content: QUESTION }];
  const asked = await chat(messages);
  const result = await callTool(asked.tool_calls[0]);
  await chat([...messages, asked, { role: "tool", tool_call_id: asked.tool_calls[0].id, content: result }]);
});
await provider.shutdown();
