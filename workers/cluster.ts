/** Connections to Temporal: an embedded server, or the cluster that the environment names. */
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { SEARCH_ATTRIBUTES } from '../workflows/contracts.ts';
import { isClusterConfigured } from './machine.ts';

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

/** A client; `identity` tells neither machine nor person. @throws when the server cannot be reached */
export async function connectClient(server: ServerAddress): Promise<Client> {
  const connection = await Connection.connect({
    address: server.address,
    connectTimeout: '15 seconds',
    ...(server.tls === undefined ? {} : { tls: server.tls as never }),
    ...(server.apiKey === undefined ? {} : { apiKey: server.apiKey }),
  });
  return new Client({ connection, namespace: server.namespace, identity: 'serieswise-client' });
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
