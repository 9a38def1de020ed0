import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { DicomwebClient, SERVER_HABITS } from '../../dicomweb/client.ts';
import { makeObject } from '../fixtures/dicom-objects.ts';

const FILE = makeObject({ studyUid: '2.25.1', seriesUid: '2.25.1.1', sopUid: '2.25.1.1.1' });
const signal = new AbortController().signal;
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanUps.splice(0).reverse()) await clean();
});

/** Answers requests in turn, the last answer again and again; keeps what came. */
async function startServer(answers: [status: number, body: string][]) {
  const requests: { line: string; type: string; body: Buffer }[] = [];
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const type = request.headers['content-type'] ?? '';
    requests.push({ line: `${request.method} ${request.url}`, type, body: Buffer.concat(chunks) });
    const [status, body] = answers[Math.min(requests.length, answers.length) - 1]!;
    response.writeHead(status, { 'content-type': 'application/dicom+json' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new DicomwebClient({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/dicom-web/`,
    pageSize: 1,
    habits: SERVER_HABITS.generic,
    http: {
      authorization: null,
      tls: { ca: null, cert: null, key: null, passphrase: null },
      attempts: 3,
      firstWaitMs: 5,
      longestWaitMs: 10,
      timeoutMs: 5_000,
      perSecond: 1_000,
    },
  });
  cleanUps.push(() => new Promise((resolve) => server.close(resolve)));
  cleanUps.push(() => client.close());
  return { client, requests };
}

const STORED = JSON.stringify({ '00081199': { vr: 'SQ', Value: [{}] } });
const FAILED = JSON.stringify({ '00081198': { vr: 'SQ', Value: [{}] } });

test('sends one part with the file to the byte, again while the server is busy', async () => {
  const { client, requests } = await startServer([
    [503, ''],
    [200, STORED],
  ]);
  await client.store(FILE, signal);
  expect(requests.map(({ line }) => line)).toEqual(Array(2).fill('POST /dicom-web/studies'));
  for (const { type, body } of requests) {
    const boundary = /^multipart\/related; type="application\/dicom"; boundary=(\w+)$/.exec(type)?.[1];
    const head = `--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`;
    expect(body).toEqual(Buffer.concat([Buffer.from(head), FILE, Buffer.from(`\r\n--${boundary}--\r\n`)]));
  }
});

test.each([
  ['no body', 200, ''],
  ['stored', 200, STORED],
  ['stored, in a list', 200, `[${STORED}]`],
  ['stored with a warning', 202, STORED],
])('takes for stored: %s', async (_name, status, body) => {
  const { client } = await startServer([[status, body]]);
  await expect(client.store(FILE, signal)).resolves.toBeUndefined();
});

test.each([
  ['failed', 202, FAILED],
  ['failed, in a list', 200, `[${FAILED}]`],
  ['202 that says no more', 202, ''],
  ['conflict', 409, FAILED],
])('takes for refused: %s', async (_name, status, body) => {
  const { client, requests } = await startServer([[status, body]]);
  await expect(client.store(FILE, signal)).rejects.toMatchObject({ code: 'refused', status });
  expect(requests).toHaveLength(1);
});

test('tells a server that wants other credentials, or stays busy', async () => {
  const closed = await startServer([[401, '']]);
  await expect(closed.client.store(FILE, signal)).rejects.toMatchObject({ code: 'unauthorized' });
  const busy = await startServer([[503, '']]);
  await expect(busy.client.store(FILE, signal)).rejects.toMatchObject({ code: 'server-error' });
  expect(busy.requests).toHaveLength(3);
});
