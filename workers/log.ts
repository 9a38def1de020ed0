/**
 * The log of a run or a worker: one JSON object a line for each thing that happens. There is no field for free text,
 * so that nothing of the source can get in.
 */
import fs from 'node:fs';
import type { Writable } from 'node:stream';
import type { ActivityObserver, ObservedActivity } from './observe-activities.ts';

type LogLevel = 'error' | 'warn' | 'info' | 'debug';

type LogEvent =
  | 'worker-started'
  | 'worker-stopped'
  | 'run-started'
  | 'run-ended'
  | 'activity-started'
  | 'activity-ended'
  | 'activity-failed';

/** What can be said of an event: keys, codes and names of the program, and numbers. */
export interface LogFields {
  version?: string;
  queues?: readonly string[];
  provider?: string;
  /** Key of the run. */
  run?: string;
  /** How a run ended. */
  outcome?: string;
  stage?: string;
  activity?: string;
  queue?: string;
  batch?: number;
  attempt?: number;
  seconds?: number;
  /** Of failures: the house's code, and whether that was the last attempt. */
  code?: string;
  final?: boolean;
  /** Numbers of a result, those of its parts as `part.name`. */
  counts?: Readonly<Record<string, number>>;
}

export interface Log {
  write(level: LogLevel, event: LogEvent, fields?: LogFields): void;
  /** Writes what this process does. */
  observer: ActivityObserver;
  /** Waits until all is written. */
  close(): Promise<void>;
}

/**
 * Opens a log; lines are added to a file that is there.
 * @param file a path, or `-` for standard output
 * @throws the error of the operating system when the file cannot be opened
 */
export function openLog(file: string): Log {
  const stream: Writable =
    file === '-'
      ? process.stdout
      : fs.createWriteStream(file, { fd: fs.openSync(file, 'a', 0o600), flags: 'a' });
  // A disk that is full takes no lines; the work itself says what is wrong.
  stream.on('error', () => {});
  const write: Log['write'] = (level, event, fields) => {
    stream.write(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...fields })}\n`);
  };
  return {
    write,
    observer: {
      started: (activity) => write('debug', 'activity-started', fieldsOf(activity)),
      ended(activity, end) {
        const fields = { ...fieldsOf(activity), seconds: Math.round(end.seconds * 1e3) / 1e3 };
        if (end.ok) return write('info', 'activity-ended', { ...fields, counts: countsOf(end.result) });
        const { code, isFinal } = end;
        const level = isFinal && code !== 'cancelled' ? 'error' : 'warn';
        write(level, 'activity-failed', { ...fields, code, final: isFinal });
      },
    },
    async close() {
      if (stream !== process.stdout) await new Promise<void>((resolve) => stream.end(() => resolve()));
    },
  };
}

function fieldsOf({ run, stage, activity, queue, batch, attempt }: ObservedActivity): LogFields {
  return { run, stage, activity, queue, ...(batch === null ? {} : { batch }), attempt };
}

function countsOf(result: unknown): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [name, value] of Object.entries(result ?? {})) {
    if (typeof value === 'number') counts[name] = value;
    else if (typeof value === 'object' && value !== null)
      for (const [inner, number] of Object.entries(value))
        if (typeof number === 'number') counts[`${name}.${inner}`] = number;
  }
  return counts;
}
