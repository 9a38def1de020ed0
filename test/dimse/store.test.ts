import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { encodingOfTransferSyntax } from '../../dicom/encode.ts';
import { encodeDataset } from '../../dicom/encode-dataset.ts';
import { readDicom } from '../../dicom/read.ts';
import { TAGS } from '../../dicom/tags.ts';
import { SOP_CLASSES, TRANSFER_SYNTAXES } from '../../dicom/uids.ts';
import { getString } from '../../dicom/values.ts';
import { type DimsePeer, echo, type OutgoingInstance, store } from '../../dimse/client.ts';
import { type ReceiverOptions, startReceiver } from '../../dimse/receiver.ts';
import { freePort } from '../fixtures/free-port.ts';
import { describeWithProgram } from '../fixtures/judges.ts';

const signal = new AbortController().signal;
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanUps.splice(0).reverse()) await clean();
});

const INSTANCE: OutgoingInstance = {
  sopClassUid: SOP_CLASSES.comprehensiveSrStorage,
  sopInstanceUid: '2.25.1.1.1',
  encode: (transferSyntaxUid) =>
    encodeDataset(
      {
        SOPClassUID: SOP_CLASSES.comprehensiveSrStorage,
        SOPInstanceUID: '2.25.1.1.1',
        Modality: 'SR',
        PatientID: 'ZZTEST',
        StudyInstanceUID: '2.25.1',
        SeriesInstanceUID: '2.25.1.1',
        // Longer than a PDU.
        TextValue: 'ZZ'.repeat(100_000),
      },
      encodingOfTransferSyntax(transferSyntaxUid),
    ),
};

const peerAt = (port: number, calledAeTitle = 'PACS'): DimsePeer => ({
  host: '127.0.0.1',
  port,
  calledAeTitle,
  callingAeTitle: 'SERIESWISE',
  tls: null,
  timeoutMs: 5_000,
});

async function startPacs(end: () => 'kept' | 'refused') {
  const kept: { sopInstanceUid: string; transferSyntaxUid: string; callingAeTitle: string; bytes: Buffer }[] =
    [];
  const options: ReceiverOptions = {
    host: '127.0.0.1',
    port: 0,
    aeTitle: 'PACS',
    callingAeTitles: null,
    peers: null,
    tls: null,
    maxAssociations: 4,
    idleMs: 5_000,
    openInstance({ sopInstanceUid, transferSyntaxUid, callingAeTitle }) {
      const chunks: Buffer[] = [];
      return {
        write: (chunk) => void chunks.push(Buffer.from(chunk)),
        abort() {},
        end() {
          kept.push({ sopInstanceUid, transferSyntaxUid, callingAeTitle, bytes: Buffer.concat(chunks) });
          return end();
        },
      };
    },
  };
  const receiver = await startReceiver(options);
  cleanUps.push(() => receiver.close());
  return { peer: peerAt(receiver.port), kept };
}

test('gives an instance to the byte, in explicit VR where it is taken', async () => {
  const { peer, kept } = await startPacs(() => 'kept');
  await store(peer, INSTANCE, signal);
  const { explicitVrLittleEndian: transferSyntaxUid } = TRANSFER_SYNTAXES;
  const [{ bytes, ...told }] = kept as [(typeof kept)[number]];
  expect(told).toEqual({
    sopInstanceUid: INSTANCE.sopInstanceUid,
    transferSyntaxUid,
    callingAeTitle: 'SERIESWISE',
  });
  expect(bytes.equals(INSTANCE.encode(transferSyntaxUid))).toBe(true);
});

test('tells an instance that is not taken, and a peer without room, by their status', async () => {
  const strict = await startPacs(() => 'refused');
  await expect(store(strict.peer, INSTANCE, signal)).rejects.toMatchObject({
    code: 'failed',
    status: 0xc000,
  });
  const full = await startPacs(() => {
    throw new Error('disk full');
  });
  await expect(store(full.peer, INSTANCE, signal)).rejects.toMatchObject({ code: 'failed', status: 0xa700 });
  const other = { ...strict.peer, calledAeTitle: 'OTHER' };
  await expect(store(other, INSTANCE, signal)).rejects.toMatchObject({ code: 'rejected' });
});

describeWithProgram('storescp')('storescp', () => {
  test('gets implicit VR where it takes nothing else', { timeout: 20_000 }, async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-store-'));
    cleanUps.push(() => fs.rmSync(folder, { recursive: true, force: true }));
    const port = await freePort();
    const server: ChildProcess = spawn('storescp', ['+xi', '-od', folder, String(port)], { stdio: 'ignore' });
    cleanUps.push(() => server.kill('SIGKILL'));
    const peer = peerAt(port, 'STORESCP');
    for (let attempt = 0; attempt < 100; attempt += 1) {
      if (
        await echo(peer, signal).then(
          () => true,
          () => false,
        )
      )
        break;
      await sleep(50);
    }
    await store(peer, INSTANCE, signal);
    const [name] = fs.readdirSync(folder);
    const file = readDicom(fs.readFileSync(path.join(folder, name!)));
    expect(file.transferSyntaxUid).toBe(TRANSFER_SYNTAXES.implicitVrLittleEndian);
    expect(getString(file, file.dataset, TAGS.PatientID)).toBe('ZZTEST');
    expect(getString(file, file.dataset, 0x0040a160)).toHaveLength(200_000);
  });
});
