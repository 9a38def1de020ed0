// How fast `serieswise receive` takes in instances of 512×512 from DCMTK's storescu over several associations.
//   node bench/receive.mjs [instances] [associations]
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const [instances = 2000, associations = 4] = process.argv.slice(2).map(Number);
const load = (file) => import(pathToFileURL(path.join(root, 'dist', file)).href);
const { encodeElement, encodeFileMeta, concatBytes } = await load('dicom/encode.js');
const { tag } = await load('dicom/tags.js');
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-receive-'));
const EXPLICIT = { explicitVr: true, littleEndian: true };
const CT = '1.2.840.10008.5.1.4.1.1.2';
const pixels = randomBytes(512 * 512 * 2);
for (let index = 0; index < instances; index += 1) {
  const sopUid = `2.25.77.${index}`;
  const write = (keyword, vr, value) => encodeElement(tag(keyword), vr, value, EXPLICIT);
  const file = concatBytes([
    encodeFileMeta({
      sopClassUid: CT,
      sopInstanceUid: sopUid,
      transferSyntaxUid: '1.2.840.10008.1.2.1',
      implementationClassUid: '2.25.1',
      implementationVersionName: 'BENCH',
    }),
    write('SOPClassUID', 'UI', CT),
    write('SOPInstanceUID', 'UI', sopUid),
    write('Modality', 'CS', 'CT'),
    write('StudyInstanceUID', 'UI', `2.25.77.${index % associations}`),
    write('SeriesInstanceUID', 'UI', `2.25.78.${index % associations}`),
    write('PixelData', 'OW', pixels),
  ]);
  const folder = path.join(work, 'in', String(index % associations));
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, `${index}.dcm`), file);
}
const args = ['receive', '--port', '0', '--state', path.join(work, 'state'), '--json'];
const receiver = spawn(process.execPath, [path.join(root, 'bin/serieswise'), ...args], {
  stdio: ['ignore', 'pipe', 'pipe'],
});
const port = await new Promise((resolve) =>
  receiver.stderr.on('data', (chunk) => {
    const match = /:(\d+) as/.exec(String(chunk));
    if (match !== null) resolve(match[1]);
  }),
);
let told = '';
receiver.stdout.on('data', (chunk) => {
  told += chunk;
});
// Of Linux: user and system time of a process, in ticks of 10 ms.
const cpuSeconds = () => {
  const stat = fs.readFileSync(`/proc/${receiver.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(stat[11]) + Number(stat[12])) / 100;
};
const cpuBefore = cpuSeconds();
const started = performance.now();
await Promise.all(
  [...Array(associations).keys()].map((folder) => {
    const sender = spawn(
      'storescu',
      ['-aec', 'SERIESWISE', '+sd', '127.0.0.1', port, path.join(work, 'in', String(folder))],
      { stdio: 'ignore' },
    );
    return new Promise((resolve) => sender.on('exit', resolve));
  }),
);
const seconds = (performance.now() - started) / 1000;
const cpu = cpuSeconds() - cpuBefore;
receiver.kill('SIGINT');
await new Promise((resolve) => receiver.on('exit', resolve));
const { instances: kept, bytes } = JSON.parse(told);
fs.rmSync(work, { recursive: true, force: true });
console.log(
  `${kept} of ${instances} instances (${(bytes / 1e6).toFixed(0)} MB) over ${associations} associations: ` +
    `${(kept / seconds).toFixed(0)} a second, ${(kept / cpu).toFixed(0)} a CPU second of the receiver; load ${os.loadavg()[0].toFixed(1)}`,
);
