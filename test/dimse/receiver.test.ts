import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { SOP_CLASSES, TRANSFER_SYNTAXES } from '../../dicom/uids.ts';
import { echo } from '../../dimse/client.ts';
import { COMMAND, encodeCommand } from '../../dimse/command.ts';
import { encodeAssociateRequest, encodeData, encodeRelease, PDU } from '../../dimse/pdu.ts';
import { type Receiver, type ReceiverOptions, startReceiver } from '../../dimse/receiver.ts';
import { makeDataset, makeObject } from '../fixtures/dicom-objects.ts';
import { describeWithProgram } from '../fixtures/judges.ts';

const UIDS = { studyUid: '2.25.1', seriesUid: '2.25.1.1', sopUid: '2.25.1.1.1' };
const IMPLEMENTATION = { classUid: '2.25.1', versionName: 'ZZTEST' };
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanUps.splice(0).reverse()) await clean();
});

async function start(
  options: Partial<ReceiverOptions> = {},
): Promise<{ receiver: Receiver; kept: Buffer[]; lost: number[] }> {
  const kept: Buffer[] = [];
  const lost: number[] = [];
  const receiver = await startReceiver({
    host: '127.0.0.1',
    port: 0,
    aeTitle: 'SERIESWISE',
    callingAeTitles: null,
    peers: null,
    tls: null,
    maxAssociations: 4,
    idleMs: 5_000,
    openInstance() {
      const chunks: Buffer[] = [];
      return {
        write: (chunk) => void chunks.push(Buffer.from(chunk)),
        abort: () => void lost.push(chunks.length),
        end() {
          kept.push(Buffer.concat(chunks));
          return 'kept';
        },
      };
    },
    ...options,
  });
  cleanUps.push(() => receiver.close());
  return { receiver, kept, lost };
}

/** Bytes of an association that stores one object, in P-DATA of at most `pduBytes`. */
function storeBytes(dataset: Uint8Array, pduBytes: number, calledAeTitle = 'SERIESWISE'): Buffer {
  const { ctImageStorage: sopClassUid } = SOP_CLASSES;
  const request = {
    calledAeTitle,
    callingAeTitle: 'ZZTEST',
    contexts: [
      { id: 1, abstractSyntax: sopClassUid, transferSyntaxes: [TRANSFER_SYNTAXES.explicitVrLittleEndian] },
    ],
    maxPduBytes: 16_384,
    roles: [],
  };
  const command = encodeCommand({
    field: COMMAND.storeRequest,
    messageId: 1,
    hasDataset: true,
    sopClassUid,
    sopInstanceUid: UIDS.sopUid,
  });
  return Buffer.concat([
    encodeAssociateRequest(request, IMPLEMENTATION),
    ...encodeData(1, true, command, pduBytes),
    ...encodeData(1, false, dataset, pduBytes),
    encodeRelease(PDU.releaseRequest),
  ]);
}

/** Sends bytes in pieces, and gives the types of the PDUs that come back. */
function send(port: number, bytes: Buffer, piece: number): Promise<number[]> {
  return new Promise((resolve) => {
    const answer: Buffer[] = [];
    const socket = net.connect({ host: '127.0.0.1', port });
    socket.on('data', (chunk) => answer.push(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      const all = Buffer.concat(answer);
      const types: number[] = [];
      for (let offset = 0; offset + 6 <= all.length; offset += 6 + all.readUInt32BE(offset + 2))
        types.push(all[offset]!);
      resolve(types);
    });
    for (let offset = 0; offset < bytes.length; offset += piece)
      socket.write(bytes.subarray(offset, offset + piece));
    socket.end();
  });
}

describe('the receiver', () => {
  test('keeps a data set to the byte, however it is cut', async () => {
    const { receiver, kept } = await start();
    const dataset = makeDataset(UIDS, 5000);
    for (const [pduBytes, piece] of [
      [16_384, 100_000],
      [128, 7],
      [0, 1000],
    ] as const) {
      const types = await send(receiver.port, storeBytes(dataset, pduBytes), piece);
      expect(types).toEqual([PDU.associateAccept, PDU.data, PDU.releaseResponse]);
      expect(kept.pop()?.equals(dataset)).toBe(true);
    }
  });

  test('never takes an instance that is cut off', async () => {
    const { receiver, kept, lost } = await start();
    const bytes = storeBytes(makeDataset(UIDS, 5000), 1024);
    for (const length of [bytes.length - 20, bytes.length - 2000, 400]) {
      await send(receiver.port, bytes.subarray(0, length), 500);
      expect(kept).toEqual([]);
    }
    expect(lost.length).toBeGreaterThan(0);
  });

  test('ends an association that is no DICOM, or breaks the limits', async () => {
    const problems: string[] = [];
    const { receiver } = await start({ onProblem: (code) => problems.push(code) });
    await send(receiver.port, Buffer.from('GET / HTTP/1.1\r\nHost: zz\r\n\r\n'), 100);
    const huge = Buffer.from([4, 0, 0xff, 0xff, 0xff, 0xff, 0, 0]);
    await send(receiver.port, huge, 100);
    expect(problems).toEqual(['bad-pdu', 'bad-pdu']);
    await expect(
      echo(
        {
          host: '127.0.0.1',
          port: receiver.port,
          calledAeTitle: 'SERIESWISE',
          callingAeTitle: 'ZZTEST',
          tls: null,
          timeoutMs: 5000,
        },
        new AbortController().signal,
      ),
    ).resolves.toBeUndefined();
  });

  test('rejects other titles and addresses', async () => {
    const dataset = makeDataset(UIDS);
    const other = await start();
    expect(await send(other.receiver.port, storeBytes(dataset, 0, 'OTHER'), 1000)).toEqual([
      PDU.associateReject,
    ]);
    const titles = await start({ callingAeTitles: ['ELSE'] });
    expect(await send(titles.receiver.port, storeBytes(dataset, 0), 1000)).toEqual([PDU.associateReject]);
    const peers = await start({ peers: ['192.0.2.1'] });
    expect(await send(peers.receiver.port, storeBytes(dataset, 0), 1000)).toEqual([]);
    expect([...other.kept, ...titles.kept, ...peers.kept]).toEqual([]);
  });

  test('tells the sender what could not be kept, and goes on', async () => {
    const { receiver } = await start({
      openInstance() {
        throw new Error('disk full');
      },
    });
    const types = await send(receiver.port, storeBytes(makeDataset(UIDS), 0), 1000);
    expect(types).toEqual([PDU.associateAccept, PDU.data, PDU.releaseResponse]);
  });
});

describeWithProgram('storescu')('storescu', () => {
  test('sends over four associations at once, and over TLS', async () => {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), 'receiver-'));
    cleanUps.push(() => fs.rmSync(home, { recursive: true, force: true }));
    for (let index = 0; index < 40; index += 1) {
      const folder = path.join(home, String(index % 4));
      fs.mkdirSync(folder, { recursive: true });
      const object = makeObject({ ...UIDS, sopUid: `2.25.1.1.${index}` }, 20_000);
      fs.writeFileSync(path.join(folder, `${index}.dcm`), object);
    }
    const { receiver, kept } = await start();
    const { spawn } = await import('node:child_process');
    const codes = await Promise.all(
      [0, 1, 2, 3].map(
        (folder) =>
          new Promise((resolve) => {
            const args = [
              '-aec',
              'SERIESWISE',
              '+sd',
              '127.0.0.1',
              String(receiver.port),
              path.join(home, String(folder)),
            ];
            spawn('storescu', args, { stdio: 'ignore' }).on('exit', resolve);
          }),
      ),
    );
    expect(codes).toEqual([0, 0, 0, 0]);
    expect(kept.length).toBe(40);
    // What this sender keeps of private elements the receiver keeps.
    expect(kept.every((dataset) => dataset.includes('ZZ private value'))).toBe(true);
  });

  const hasOpenssl = spawnSync('openssl', ['version']).error === undefined;
  test.skipIf(!hasOpenssl)('takes TLS with certificates of both sides, and nothing else', async () => {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), 'receiver-tls-'));
    cleanUps.push(() => fs.rmSync(home, { recursive: true, force: true }));
    const at = (name: string) => path.join(home, name);
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-subj',
        '/CN=localhost',
        '-days',
        '2',
        '-keyout',
        at('key.pem'),
        '-out',
        at('cert.pem'),
      ],
      { stdio: 'ignore' },
    );
    const cert = fs.readFileSync(at('cert.pem'), 'utf8');
    const key = fs.readFileSync(at('key.pem'), 'utf8');
    const { receiver } = await start({ tls: { cert, key, ca: cert, passphrase: null } });
    const peer = {
      host: 'localhost',
      port: receiver.port,
      calledAeTitle: 'SERIESWISE',
      callingAeTitle: 'ZZTEST',
      timeoutMs: 5000,
    };
    const { signal } = new AbortController();
    const own = { ca: cert, cert, key, passphrase: null };
    await expect(echo({ ...peer, tls: own }, signal)).resolves.toBeUndefined();
    await expect(echo({ ...peer, tls: { ...own, cert: null, key: null } }, signal)).rejects.toThrow();
    await expect(echo({ ...peer, tls: null, timeoutMs: 1000 }, signal)).rejects.toThrow();
  });
});
