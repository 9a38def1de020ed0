// What taking in an instance of 512×512 costs `serieswise receive` beside DCMTK's storescp, which writes it as it comes,
// neither hashed nor sealed. DCMTK's storescu sends, over several associations at once.
//   node bench/receive.mjs [--instances 2000] [--associations 4] [--rounds 1] [--flush] [--kill]
// --kill: no measurement; the receiver is killed in the middle, the senders repeat, and what it says that it has is held
// to what was sent. Linux.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    instances: { type: 'string', default: '2000' },
    associations: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '1' },
    flush: { type: 'boolean', default: false },
    kill: { type: 'boolean', default: false },
  },
});
const [instances, associations, rounds] = [values.instances, values.associations, values.rounds].map(Number);
const load = (file) => import(pathToFileURL(path.join(root, 'dist', file)).href);
const { encodeElement, encodeFileMeta, concatBytes } = await load('dicom/encode.js');
const { tag } = await load('dicom/tags.js');
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-receive-'));
const digests = makeInstances();
try {
  if (values.kill) process.exitCode = (await surviveKill()) ? 0 : 1;
  else await compare();
} finally {
  fs.rmSync(work, { recursive: true, force: true });
}

/** Files by association; digests of their data sets by SOP Instance UID. */
function makeInstances() {
  const EXPLICIT = { explicitVr: true, littleEndian: true };
  const write = (keyword, vr, value) => encodeElement(tag(keyword), vr, value, EXPLICIT);
  const sopClassUid = '1.2.840.10008.5.1.4.1.1.2';
  const pixels = randomBytes(512 * 512 * 2);
  const made = new Map();
  for (let index = 0; index < instances; index += 1) {
    const sopInstanceUid = `2.25.77.${index}`;
    const study = index % associations;
    const dataset = concatBytes([
      write('SOPClassUID', 'UI', sopClassUid),
      write('SOPInstanceUID', 'UI', sopInstanceUid),
      write('Modality', 'CS', 'CT'),
      write('StudyInstanceUID', 'UI', `2.25.77.${study}`),
      write('SeriesInstanceUID', 'UI', `2.25.78.${study}`),
      write('InstanceNumber', 'IS', String(index)),
      write('PixelData', 'OW', pixels),
    ]);
    const meta = encodeFileMeta({
      sopClassUid,
      sopInstanceUid,
      transferSyntaxUid: '1.2.840.10008.1.2.1',
      implementationClassUid: '2.25.1',
      implementationVersionName: 'BENCH',
    });
    const folder = path.join(work, 'in', String(study));
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, `${index}.dcm`), concatBytes([meta, dataset]));
    made.set(sopInstanceUid, createHash('sha256').update(dataset).digest('hex'));
  }
  return made;
}

async function startReceiver(state) {
  const args = ['receive', '--port', '0', '--state', state, '--json', ...(values.flush ? ['--flush'] : [])];
  const child = spawn(process.execPath, [path.join(root, 'bin/serieswise'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const told = [];
  child.stdout.on('data', (chunk) => told.push(chunk));
  const port = await new Promise((resolve) =>
    child.stderr.on('data', (chunk) => {
      const match = /:(\d+) as/.exec(String(chunk));
      if (match !== null) resolve(match[1]);
    }),
  );
  return {
    child,
    port,
    async stop() {
      child.kill('SIGINT');
      await new Promise((resolve) => child.once('close', resolve));
      return JSON.parse(Buffer.concat(told)).instances;
    },
  };
}

/** storescp with a process for each association. */
async function startPeer(folder) {
  fs.mkdirSync(folder);
  const probe = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const port = String(probe.address().port);
  await new Promise((resolve) => probe.close(resolve));
  const args = [
    '--fork',
    '--bit-preserving',
    '--max-pdu',
    '131072',
    '-aet',
    'SERIESWISE',
    '-od',
    folder,
    port,
  ];
  const child = spawn('storescp', args, { stdio: 'ignore' });
  for (let isUp = false; !isUp; await sleep(50))
    isUp = await new Promise((resolve) => {
      const socket = net.connect(Number(port), '127.0.0.1', () => resolve(true));
      socket.on('connect', () => socket.destroy()).on('error', () => resolve(false));
    });
  return {
    child,
    port,
    async stop() {
      child.kill('SIGTERM');
      await new Promise((resolve) => child.once('close', resolve));
      return fs.readdirSync(folder).length;
    },
  };
}

/** @returns exit codes of the senders */
function sendAll(port) {
  return Promise.all(
    [...Array(associations).keys()].map((study) => {
      const args = ['-aec', 'SERIESWISE', '+sd', '127.0.0.1', port, path.join(work, 'in', String(study))];
      const sender = spawn('storescu', args, { stdio: 'ignore' });
      return new Promise((resolve) => sender.on('exit', resolve));
    }),
  );
}

/** User and system time of a process and of its children that ended, from ticks of 10 ms. */
function cpuMsOf({ pid }) {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return stat.slice(11, 15).reduce((sum, ticks) => sum + 10 * Number(ticks), 0);
}

async function compare() {
  const starts = {
    serieswise: () => startReceiver(path.join(work, 'state')),
    storescp: () => startPeer(path.join(work, 'peer')),
  };
  const sums = { serieswise: 0, storescp: 0 };
  for (let round = 1; round <= rounds; round += 1) {
    for (const [name, start] of Object.entries(starts)) {
      const receiver = await start();
      const before = cpuMsOf(receiver.child);
      const started = performance.now();
      await sendAll(receiver.port);
      const seconds = (performance.now() - started) / 1000;
      // storescp notes the end of its processes only now and then.
      if (name === 'storescp') await reapChildren(receiver);
      const cpuMs = (cpuMsOf(receiver.child) - before) / instances;
      sums[name] += cpuMs;
      const kept = await receiver.stop();
      for (const folder of ['state', 'peer'])
        fs.rmSync(path.join(work, folder), { recursive: true, force: true });
      console.log(
        `${name.padEnd(10)} ${kept} of ${instances} kept, ${(instances / seconds).toFixed(0)} a second, ` +
          `${cpuMs.toFixed(2)} CPU ms an instance; load ${os.loadavg()[0].toFixed(1)}`,
      );
    }
  }
  console.log(`CPU of serieswise over that of storescp: ${(sums.serieswise / sums.storescp).toFixed(2)}`);
}

/** A connection makes storescp wait for those of its processes that have ended. */
async function reapChildren({ port, child }) {
  await sleep(200);
  await new Promise((resolve) => {
    const socket = net.connect(Number(port), '127.0.0.1', () => socket.destroy());
    socket.on('close', resolve);
  });
  await sleep(200);
  if (child.exitCode !== null) throw new Error('storescp ended');
}

async function surviveKill() {
  const { inboxFile, inboxFolder, readInbox } = await load('activities/store/inbox.js');
  const { createSealer } = await load('activities/store/sealed.js');
  const { openState } = await load('activities/store/state.js');
  const { createPseudonymizer } = await load('stages/deidentify/pseudonyms.js');
  const { readDicom } = await load('dicom/read.js');
  const state = path.join(work, 'state');
  const inbox = inboxFolder(state, 'default');
  const count = () =>
    fs.existsSync(inbox)
      ? fs.readdirSync(inbox, { recursive: true }).filter((name) => name.endsWith('.sealed')).length
      : 0;
  const first = await startReceiver(state);
  const broken = sendAll(first.port);
  while (count() < instances / 2) await sleep(20);
  first.child.kill('SIGKILL');
  const codes = await broken;
  const before = count();
  const second = await startReceiver(state);
  const again = await sendAll(second.port);
  await second.stop();
  const { key } = openState(state);
  const sealer = createSealer(key);
  const { sourceKey } = createPseudonymizer(key);
  const records = [...readInbox(inbox, sealer)].flat();
  const isWhole = ({ path: name, sopUid }) => {
    const file = sealer.open(fs.readFileSync(inboxFile(inbox, sourceKey(name, null))));
    const { bodyOffset } = readDicom(file, { untilPixelData: true });
    return createHash('sha256').update(file.subarray(bodyOffset)).digest('hex') === digests.get(sopUid);
  };
  const whole = records.filter(isWhole).length;
  const different = new Set(records.map(({ sopUid }) => sopUid)).size;
  console.log(
    `killed with ${before} of ${instances} instances there (senders ended with ${codes.join(', ')}); sent again ` +
      `(${again.join(', ')}): ${records.length} records, ${different} different instances, ${whole} whole, ${count()} files`,
  );
  return [records.length, different, whole, count()].every((number) => number === instances);
}
