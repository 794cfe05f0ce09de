/**
 * OTLP's protobuf, as far as logs and spans are read: the definitions are those
 * of https://github.com/open-telemetry/opentelemetry-proto (v1).
 *
 * Template: adw_agents 1.3.0
 */
import protobuf from "protobufjs/light.js";
import { NOT_RECORDS } from "./doors.ts";

const field = (id: number, type: string) => ({ id, type });
const list = (id: number, type: string) => ({ id, type, rule: "repeated" });
const attributes = (id: number) => list(id, "KeyValue");

const root = protobuf.Root.fromJSON({
  nested: {
    LogsRequest: { fields: { resourceLogs: list(1, "ResourceLogs") } },
    ResourceLogs: {
      fields: {
        resource: field(1, "Resource"),
        scopeLogs: list(2, "ScopeLogs"),
      },
    },
    ScopeLogs: { fields: { logRecords: list(2, "LogRecord") } },
    LogRecord: {
      fields: {
        timeUnixNano: field(1, "fixed64"),
        observedTimeUnixNano: field(11, "fixed64"),
        severityNumber: field(2, "int32"),
        severityText: field(3, "string"),
        body: field(5, "AnyValue"),
        attributes: attributes(6),
        traceId: field(9, "bytes"),
        spanId: field(10, "bytes"),
        eventName: field(12, "string"),
      },
    },
    TracesRequest: { fields: { resourceSpans: list(1, "ResourceSpans") } },
    ResourceSpans: {
      fields: {
        resource: field(1, "Resource"),
        scopeSpans: list(2, "ScopeSpans"),
      },
    },
    ScopeSpans: { fields: { spans: list(2, "Span") } },
    Span: {
      fields: {
        traceId: field(1, "bytes"),
        spanId: field(2, "bytes"),
        parentSpanId: field(4, "bytes"),
        name: field(5, "string"),
        kind: field(6, "int32"),
        startTimeUnixNano: field(7, "fixed64"),
        endTimeUnixNano: field(8, "fixed64"),
        attributes: attributes(9),
        status: field(15, "Status"),
      },
    },
    Status: {
      fields: { message: field(2, "string"), code: field(3, "int32") },
    },
    MetricsRequest: { fields: {} },
    Resource: { fields: { attributes: attributes(1) } },
    KeyValue: {
      fields: { key: field(1, "string"), value: field(2, "AnyValue") },
    },
    AnyValue: {
      oneofs: {
        value: {
          oneof: [
            "stringValue",
            "boolValue",
            "intValue",
            "doubleValue",
            "arrayValue",
            "kvlistValue",
            "bytesValue",
          ],
        },
      },
      fields: {
        stringValue: field(1, "string"),
        boolValue: field(2, "bool"),
        intValue: field(3, "int64"),
        doubleValue: field(4, "double"),
        arrayValue: field(5, "ArrayValue"),
        kvlistValue: field(6, "KeyValueList"),
        bytesValue: field(7, "bytes"),
      },
    },
    ArrayValue: { fields: { values: list(1, "AnyValue") } },
    KeyValueList: { fields: { values: list(1, "KeyValue") } },
    Response: { fields: { partialSuccess: field(1, "PartialSuccess") } },
    PartialSuccess: {
      fields: { rejected: field(1, "int64"), errorMessage: field(2, "string") },
    },
  },
});
const types = {
  logs: root.lookupType("LogsRequest"),
  traces: root.lookupType("TracesRequest"),
  metrics: root.lookupType("MetricsRequest"),
};
const response = root.lookupType("Response");

/** The request as OTLP/JSON writes it; undefined when it is none. */
export function decodeRequest(
  signal: keyof typeof types,
  body: Uint8Array,
): unknown {
  const type = types[signal];
  try {
    return type.toObject(type.decode(body), { longs: String, bytes: String });
  } catch {
    return undefined;
  }
}

export function encodeResponse(rejected: number): Uint8Array {
  const partialSuccess = { rejected, errorMessage: NOT_RECORDS };
  return response.encode(rejected === 0 ? {} : { partialSuccess }).finish();
}
