/** Serves metrics over HTTP: GET /metrics, and nothing else. */
import http from 'node:http';
import type net from 'node:net';
import type { Registry } from 'prom-client';
import { StageFailure } from '../activities/failures.ts';

/** Where to listen; port 0 takes any that is free. */
export interface MetricsAddress {
  host: string;
  port: number;
}

export interface MetricsServer {
  url: string;
  close(): Promise<void>;
}

/** @throws StageFailure `metrics-port-busy` */
export async function serveMetrics(
  { host, port }: MetricsAddress,
  registry: Registry,
): Promise<MetricsServer> {
  const server = http.createServer(async (request, response) => {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    const page = await registry.metrics();
    response.writeHead(200, { 'content-type': registry.contentType }).end(page);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', () => {
      const message =
        'The address for metrics cannot be opened: it is in use, not allowed, or not of this machine.';
      reject(new StageFailure('metrics-port-busy', 'environment', message));
    });
    server.listen(port, host, resolve);
  });
  // Metrics alone keep no process alive.
  server.unref();
  const { port: opened } = server.address() as net.AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${opened}/metrics`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
