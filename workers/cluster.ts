/** Connections to Temporal: an embedded server, or the cluster that the environment names. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Client,
  Connection,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
  type WorkflowClientInterceptor,
} from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { SEARCH_ATTRIBUTES } from '../workflows/contracts.ts';
import { isClusterConfigured } from './machine.ts';
import { dataConverterFromEnvironment } from './payload-codec.ts';

/** Where a server is and how to talk to it. */
export interface ServerAddress {
  address: string;
  namespace: string;
  tls?: object | boolean;
  apiKey?: string;
}

/** The cluster of `TEMPORAL_ADDRESS` with the SDK's usual settings for TLS, API key and namespace; null without it. */
export function clusterFromEnvironment(): ServerAddress | null {
  if (!isClusterConfigured()) return null;
  const { connectionOptions, namespace } = loadClientConnectConfig({ disableFile: true });
  return {
    address: connectionOptions.address ?? '',
    namespace: namespace ?? 'default',
    ...(connectionOptions.tls === undefined || connectionOptions.tls === null
      ? {}
      : { tls: connectionOptions.tls }),
    ...(typeof connectionOptions.apiKey === 'string' ? { apiKey: connectionOptions.apiKey } : {}),
  };
}

/** Retries of a client's calls: whether there may be more, and until when one may wait for its turn. */
interface RetryState {
  isClosing: boolean;
  dueAt: number;
}

const retries = new WeakMap<Client, RetryState>();
const MAX_RETRY_DELAY_MS = 2_000;

/**
 * A client; `identity` tells neither machine nor person.
 * @throws StageFailure when the payload key is not usable; the SDK's error when the server cannot be reached
 */
export async function connectClient(
  server: ServerAddress,
  interceptor?: WorkflowClientInterceptor,
): Promise<Client> {
  const dataConverter = dataConverterFromEnvironment();
  const state: RetryState = { isClosing: false, dueAt: 0 };
  const usual = defaultGrpcRetryOptions();
  const retry = makeGrpcRetryInterceptor({
    retryableDecider: (attempt, status) => !state.isClosing && usual.retryableDecider(attempt, status),
    delayFunction(attempt, status) {
      const delayMs = Math.min(MAX_RETRY_DELAY_MS, usual.delayFunction(attempt, status));
      state.dueAt = Math.max(state.dueAt, Date.now() + delayMs);
      return delayMs;
    },
  });
  const connection = await Connection.connect({
    address: server.address,
    connectTimeout: '15 seconds',
    interceptors: [retry],
    ...(server.tls === undefined ? {} : { tls: server.tls as never }),
    ...(server.apiKey === undefined ? {} : { apiKey: server.apiKey }),
  });
  const client = new Client({
    connection,
    namespace: server.namespace,
    identity: 'serieswise-client',
    ...(interceptor === undefined ? {} : { interceptors: { workflow: [interceptor] } }),
    ...(dataConverter === undefined ? {} : { dataConverter }),
  });
  retries.set(client, state);
  return client;
}

/**
 * Closes a client that may still be waiting for an answer. A call that the SDK repeats on a closed connection throws
 * out of a timer, where nothing can catch it: so no more are begun, and the last one is waited for.
 */
export async function closeClient(client: Client): Promise<void> {
  const state = retries.get(client);
  if (state !== undefined) {
    state.isClosing = true;
    const waitMs = state.dueAt - Date.now();
    if (waitMs >= 0) await sleep(waitMs + 50);
  }
  await client.connection.close();
}

/** Whether a cluster knows the search attributes of runs, so that workflows may set them. */
export async function knowsSearchAttributes(client: Client, namespace: string): Promise<boolean> {
  try {
    const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace });
    return Object.keys(SEARCH_ATTRIBUTES).every((name) => customAttributes?.[name] !== undefined);
  } catch {
    return false;
  }
}
