/**
 * Traces by OpenTelemetry, sent by OTLP over HTTP. Where to, how many and under which name the standard's variables say
 * (OTEL_EXPORTER_OTLP_*, OTEL_TRACES_SAMPLER, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES). Loaded when one of them
 * asks for traces.
 */
import { SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { detectResourcesSync, envDetectorSync, Resource } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider, type ReadableSpan } from '@opentelemetry/sdk-trace-node';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import {
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryWorkflowClientInterceptor,
} from '@temporalio/interceptors-opentelemetry';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { ActivityObserver } from './observe-activities.ts';
import { productVersion } from './package-root.ts';

export interface Tracing {
  /** Gives the workflow of a run the trace that its activities go on with (`workflows/trace-interceptors.ts`). */
  client: WorkflowClientInterceptor;
  /** A span for each attempt at an activity. */
  activity: ActivityInterceptorsFactory;
  /** Tells an activity's span which run, stage and batch it is of, and how it failed. */
  observer: ActivityObserver;
  /** A span `run` around the work of a client. @param failureOf the code of a result that is a failure */
  traceRun<Result>(
    run: string,
    work: () => Promise<Result>,
    failureOf: (result: Result) => string | null,
  ): Promise<Result>;
  /** Sends what is left; a collector that does not answer is waited for as long as OTEL_EXPORTER_OTLP_TIMEOUT says. */
  close(): Promise<void>;
}

/** Stacks of exceptions name folders of the machine. */
class StacklessSpanProcessor extends BatchSpanProcessor {
  override onEnd(span: ReadableSpan): void {
    for (const { attributes } of span.events) delete attributes?.['exception.stacktrace'];
    super.onEnd(span);
  }
}

export function startTracing(): Tracing {
  // Neither host nor process: the command line of a process names the folders of the source.
  const named = new Resource({ 'service.name': 'serieswise', 'service.version': productVersion() });
  const provider = new NodeTracerProvider({
    resource: named.merge(detectResourcesSync({ detectors: [envDetectorSync] })),
    spanProcessors: [new StacklessSpanProcessor(new OTLPTraceExporter())],
  });
  provider.register();
  const tracer = provider.getTracer('serieswise');
  const interceptor = new OpenTelemetryWorkflowClientInterceptor({ tracer });
  return {
    // Starts alone: progress is asked for every few seconds.
    client: { startWithDetails: (input, next) => interceptor.startWithDetails(input, next) },
    activity: (context) => ({ inbound: new OpenTelemetryActivityInboundInterceptor(context, { tracer }) }),
    observer: {
      started({ stage, run, batch, attempt }) {
        trace.getActiveSpan()?.setAttributes({
          'serieswise.stage': stage,
          'serieswise.run': run,
          'serieswise.attempt': attempt,
          ...(batch === null ? {} : { 'serieswise.batch': batch }),
        });
      },
      ended(_activity, end) {
        if (!end.ok) trace.getActiveSpan()?.setAttribute('serieswise.code', end.code);
      },
    },
    traceRun: (run, work, failureOf) =>
      tracer.startActiveSpan('run', { attributes: { 'serieswise.run': run } }, async (span) => {
        try {
          const result = await work();
          const code = failureOf(result);
          if (code !== null) span.setStatus({ code: SpanStatusCode.ERROR, message: code });
          return result;
        } catch (error) {
          span.setStatus({ code: SpanStatusCode.ERROR });
          throw error;
        } finally {
          span.end();
        }
      }),
    close: () => provider.shutdown().catch(() => {}),
  };
}
