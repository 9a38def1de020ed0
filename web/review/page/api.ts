/** Calls of the page to its server; errors carry the server's words. */
import type {
  DecisionReply,
  DecisionRequest,
  ProgressReply,
  QueueItem,
  QueueReply,
  QueueRequest,
  RunReply,
  SampleReply,
  SessionReply,
} from '../contracts.ts';

class ApiError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

async function request(address: string, body?: unknown): Promise<Response> {
  const response = await fetch(
    address,
    body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
  ).catch(() => {
    throw new ApiError('server-gone', 'The server does not answer. Start it again with `serieswise review`.');
  });
  if (response.ok) return response;
  const { code, message } = await response
    .json()
    .catch(() => ({ code: 'unknown', message: `The server answers ${response.status}.` }));
  throw new ApiError(code, message);
}

async function ask<Reply>(address: string, body?: unknown): Promise<Reply> {
  return (await request(address, body)).json();
}

export const getSession = () => ask<SessionReply>('/api/session');
export const getRun = () => ask<RunReply>('/api/run');
export const getProgress = () => ask<ProgressReply>('/api/progress');
export const postQueue = (filter: QueueRequest) => ask<QueueReply>('/api/queue', filter);
export const postDecision = (decision: DecisionRequest) => ask<DecisionReply>('/api/decisions', decision);

export const getPage = (snapshot: number, from: number, count: number) =>
  ask<QueueItem[]>(`/api/queue?snapshot=${snapshot}&from=${from}&count=${count}`);

export const postSample = (
  filter: QueueRequest,
  errorRate: number,
  confidence: number,
  allowedErrors: number,
) => ask<SampleReply>('/api/sample', { filter, errorRate, confidence, allowedErrors });

/** Voxels `[slice, row, column]`, and whether they were made again from DICOM files. */
export interface LoadedVolume {
  readonly data: Uint8Array;
  readonly isMade: boolean;
}

export async function getVolume(unit: string): Promise<LoadedVolume> {
  const response = await request(`/api/units/${unit}/volume`);
  const isMade = response.headers.get('x-volume-origin') === 'made-again';
  return { data: new Uint8Array(await response.arrayBuffer()), isMade };
}

export const thumbnailOf = (unit: string) => `/api/units/${unit}/thumbnail`;
