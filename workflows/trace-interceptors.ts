/**
 * Hands the trace that a run was started with on to its activities, its batches and what it continues as. Only a header
 * is passed: nothing of OpenTelemetry runs among workflows, and a trace changes no history's commands.
 */
import type { WorkflowInterceptorsFactory } from '@temporalio/workflow';

/** The header of @temporalio/interceptors-opentelemetry, which clients write and activities read. */
const TRACE_HEADER = '_tracer-data';

export const interceptors: WorkflowInterceptorsFactory = () => {
  let trace = {};
  const withTrace = <Input extends { headers: object }>(input: Input): Input => ({
    ...input,
    headers: { ...input.headers, ...trace },
  });
  return {
    inbound: [
      {
        execute(input, next) {
          const header = input.headers[TRACE_HEADER];
          if (header !== undefined) trace = { [TRACE_HEADER]: header };
          return next(input);
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next(withTrace(input)),
        startChildWorkflowExecution: (input, next) => next(withTrace(input)),
        continueAsNew: (input, next) => next(withTrace(input)),
      },
    ],
  };
};
