// Fills an Orthanc with files and runs one pipeline over it by DICOMweb, C-GET, C-MOVE and our receiver, and over the
// same instances as a folder: `manifest/` and `dicom/` have to be the same. What the PACS rejects or alters is listed.
//   node scripts/compare-sources.mjs [--input DIR] [--keep DIR] [--retrieve-only]
// With --retrieve-only nothing is run: what each way brings into the private state is compared, by data set.
// Needs Orthanc with its DICOMweb plug-in, DCMTK's storescu, and a network namespace of its own (root), into which it
// goes by itself.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const option = (name) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};
if (process.env.SERIESWISE_NAMESPACE === undefined) {
  const inner = spawnSync('unshare', ['-n', process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, SERIESWISE_NAMESPACE: 'own' },
  });
  process.exit(inner.status ?? 1);
}
spawnSync('ip', ['link', 'set', 'lo', 'up']);

const input = path.resolve(option('input') ?? path.join(root, '../shared/data/ct-dicom'));
const work = option('keep') ?? fs.mkdtempSync(path.join(os.tmpdir(), 'compare-sources-'));
fs.mkdirSync(path.join(work, 'orthanc'), { recursive: true });
const { identifyObject } = await import(
  pathToFileURL(path.join(root, 'dist/stages/retrieve/identify-object.js')).href
);
const BASE = 'http://127.0.0.1:8042';
const settings = {
  StorageDirectory: path.join(work, 'orthanc'),
  IndexDirectory: path.join(work, 'orthanc'),
  HttpPort: 8042,
  DicomPort: 4242,
  DicomAet: 'ORTHANC',
  RemoteAccessAllowed: false,
  AuthenticationEnabled: false,
  DicomAlwaysAllowFind: true,
  DicomAlwaysAllowGet: true,
  DicomAlwaysAllowMove: true,
  DicomModalities: { serieswise: ['SERIESWISE', '127.0.0.1', 11112], inbox: ['INBOX', '127.0.0.1', 11113] },
  Plugins: ['/usr/share/orthanc/plugins/libOrthancDicomWeb.so'],
  DicomWeb: { Enable: true },
};
fs.writeFileSync(path.join(work, 'orthanc.json'), JSON.stringify(settings));
const orthanc = spawn('Orthanc', [path.join(work, 'orthanc.json')], { stdio: 'ignore' });
let status = 1;
try {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await fetch(`${BASE}/system`).catch(() => null);
    if (answer?.ok) break;
    if (attempt > 300) throw new Error('Orthanc does not answer');
    await sleep(200);
  }
  const { rejected, studies } = await fill();
  status = process.argv.includes('--retrieve-only')
    ? await compareRetrieved()
    : await compare(rejected, studies);
} finally {
  orthanc.kill();
  await new Promise((resolve) => (orthanc.exitCode === null ? orthanc.once('exit', resolve) : resolve()));
  if (option('keep') === undefined) fs.rmSync(work, { recursive: true, force: true });
}
process.exit(status);

/** Sends every file to Orthanc, and lays what it took into a folder under the names that instances of a PACS have. */
async function fill() {
  const rejected = [];
  const studies = new Set();
  const taken = new Set();
  for (const entry of fs.readdirSync(input, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const bytes = fs.readFileSync(file);
    const relative = path.relative(input, file);
    const answer = await fetch(`${BASE}/instances`, { method: 'POST', body: bytes });
    const text = await answer.text();
    const { studyUid, seriesUid, sopUid } = identifyObject(bytes, true);
    const isInstance = answer.ok && !text.startsWith('[');
    if (!isInstance || studyUid === '' || seriesUid === '' || sopUid === '') {
      rejected.push(`${relative}: ${isInstance ? 'no valid UIDs' : `HTTP ${answer.status}`}`);
      continue;
    }
    const name = `${studyUid}/${seriesUid}/${sopUid}.dcm`;
    const { Status: state, ID: id } = JSON.parse(text);
    // One image in several transfer syntaxes has one UID: the PACS keeps the first.
    if (state === 'AlreadyStored' || taken.has(name)) continue;
    const kept = Buffer.from(await (await fetch(`${BASE}/instances/${id}/file`)).arrayBuffer());
    if (!kept.equals(bytes)) rejected.push(`${relative}: altered`);
    taken.add(name);
    studies.add(studyUid);
    const target = path.join(work, 'folder', name);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, bytes);
  }
  const list = [...studies].sort();
  fs.writeFileSync(path.join(work, 'studies.csv'), `study_instance_uid\n${list.join('\n')}\n`);
  return { rejected, studies: list };
}

function serieswise(args) {
  const { status: code, stderr } = spawnSync(path.join(root, 'bin/serieswise'), args, { encoding: 'utf8' });
  if (code !== 0) throw new Error(`serieswise ${args[0]} ended with ${code}: ${stderr.slice(-800)}`);
}

function run(name, source, list = true) {
  const pipeline = path.join(work, `${name}.yaml`);
  fs.writeFileSync(pipeline, JSON.stringify({ name: 'compare', source }));
  const from = list ? path.join(work, list === true ? 'studies.csv' : list) : null;
  const output = path.join(work, `out-${name}`);
  const state = path.join(work, 'state');
  const input_ = from === null ? [] : ['--input', from];
  serieswise(['run', pipeline, ...input_, '--output', output, '--state', state, '--no-report']);
  return output;
}

/** Data sets and rows of `retrievals` by every way, against the files that Orthanc was given. */
async function compareRetrieved() {
  const load = (file) => import(pathToFileURL(path.join(root, 'dist', file)).href);
  const { createStageContext } = await load('activities/context.js');
  const { planRetrieval, readRetrievals, retrieveRequest, rowsOfRetrieval } =
    await load('activities/retrieve.js');
  const { openSource } = await load('activities/sources/open-source.js');
  const { RunFiles } = await load('activities/store/run-files.js');
  const { openState } = await load('activities/store/state.js');
  const { pipelineSchema } = await load('pipelines/schema.js');
  const { readDicom } = await load('dicom/read.js');
  const dataset = (bytes) => {
    const { transferSyntaxUid, bodyOffset } = readDicom(bytes, {
      untilPixelData: true,
      allowTruncated: true,
    });
    return `${transferSyntaxUid} ${createHash('sha256').update(bytes.subarray(bodyOffset)).digest('hex')}`;
  };
  const wanted = new Map();
  for (const entry of fs.readdirSync(path.join(work, 'folder'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    wanted.set(path.relative(path.join(work, 'folder'), file), dataset(fs.readFileSync(file)));
  }
  const state = openState(path.join(work, 'state'));
  const select = { by: 'study_list' };
  const peer = { type: 'dimse', host: '127.0.0.1', port: 4242, called_ae_title: 'ORTHANC', select };
  const ways = {
    dicomweb: { type: 'dicomweb', url: `${BASE}/dicom-web`, server: 'orthanc', select },
    get: peer,
    move: { ...peer, retrieve: { with: 'move', host: '127.0.0.1', port: 11112, settle_s: 1 } },
  };
  const report = { expected: wanted.size, ways: {} };
  let firstRows = null;
  for (const [index, [name, source]] of Object.entries(ways).entries()) {
    const runKey = String(index).padStart(16, '0');
    const places = { input: path.join(work, 'studies.csv'), output: work, bundleFolder: work };
    await (await RunFiles.open(state, runKey)).writeSettings(places);
    const context = await createStageContext(
      state,
      runKey,
      pipelineSchema.parse({ name: 'compare', source }),
    );
    const { files } = context;
    const opened = openSource(context.pipeline.source, context);
    const tools = { context, source: opened, signal: new AbortController().signal, now: () => new Date() };
    const { requests } = await planRetrieval(tools);
    for (let request = 0; request < requests; request += 1) await retrieveRequest(tools, request);
    await opened.close();
    const rows = JSON.stringify(await rowsOfRetrieval(context));
    firstRows ??= rows;
    const found = {
      instances: 0,
      sameDataset: 0,
      unknown: 0,
      complete: !/"outcome":"(partial|missing)"/.test(rows),
      sameRows: rows === firstRows,
    };
    for await (const { studies } of readRetrievals(context))
      for (const { path: instance, sourceKey } of studies.flatMap((study) =>
        study.series.flatMap(({ instances }) => instances),
      )) {
        found.instances += 1;
        const bytes = files.sealer.open(fs.readFileSync(files.localPath(files.names.retrieved(sourceKey))));
        if (!wanted.has(instance)) found.unknown += 1;
        else if (wanted.get(instance) === dataset(bytes)) found.sameDataset += 1;
      }
    report.ways[name] = found;
  }
  console.log(JSON.stringify(report));
  return 0;
}

async function compare(rejected, studies) {
  const select = { by: 'study_list' };
  const peer = { type: 'dimse', host: '127.0.0.1', port: 4242, called_ae_title: 'ORTHANC', select };
  const outputs = { folder: run('folder', { type: 'directory' }, 'folder') };
  outputs.dicomweb = run('dicomweb', {
    type: 'dicomweb',
    url: `${BASE}/dicom-web`,
    server: 'orthanc',
    select,
  });
  outputs.get = run('get', peer);
  const retrieve = { with: 'move', host: '127.0.0.1', port: 11112, settle_s: 2 };
  outputs.move = run('move', { ...peer, retrieve });
  outputs.inbox = await receiveAll(studies);
  let differences = 0;
  console.log(`${studies.length} studies. Not taken, or altered, by the PACS: ${rejected.length}`);
  for (const line of rejected) console.log(`  ${line}`);
  const wanted = digests(outputs.folder);
  for (const [name, output] of Object.entries(outputs)) {
    const found = digests(output);
    const names = [...new Set([...wanted.keys(), ...found.keys()])].filter(
      (file) => !file.startsWith('manifest/retrievals/') && wanted.get(file) !== found.get(file),
    );
    const ofDicom = names.filter((file) => file.startsWith('dicom/')).length;
    const ofManifest = names.filter((file) => file.startsWith('manifest/'));
    const columns = ofManifest.some((file) => file.includes('instances'))
      ? differingColumns(outputs.folder, output)
      : '';
    console.log(
      `${name.padEnd(9)} ${[...found.keys()].filter((file) => file.startsWith('dicom/')).length} files in dicom/, ` +
        `${ofDicom} differ; manifest: ${ofManifest.length === 0 ? 'the same' : `${ofManifest.join(', ')} ${columns}`}`,
    );
    differences += names.length;
  }
  return differences === 0 ? 0 : 1;
}

/** C-STORE by Orthanc to `serieswise receive`, then a run over the inbox. */
async function receiveAll(studies) {
  const state = path.join(work, 'state');
  const args = ['receive', '--port', '11113', '--ae-title', 'INBOX', '--state', state, '--host', '127.0.0.1'];
  const receiver = spawn(path.join(root, 'bin/serieswise'), args, { stdio: ['ignore', 'ignore', 'pipe'] });
  await new Promise((resolve) => receiver.stderr.once('data', resolve));
  for (const uid of studies) {
    const [id] = await (await fetch(`${BASE}/tools/lookup`, { method: 'POST', body: uid })).json();
    const answer = await fetch(`${BASE}/modalities/inbox/store`, { method: 'POST', body: id.ID });
    if (!answer.ok) console.log(`  Orthanc could not send a study: HTTP ${answer.status}`);
  }
  receiver.kill('SIGINT');
  await new Promise((resolve) => receiver.once('exit', resolve));
  return run('inbox', { type: 'inbox', quiet_s: 0 });
}

function digests(folder) {
  const found = new Map();
  for (const part of ['manifest', 'dicom']) {
    const top = path.join(folder, part);
    for (const entry of fs.existsSync(top)
      ? fs.readdirSync(top, { recursive: true, withFileTypes: true })
      : []) {
      if (!entry.isFile()) continue;
      const file = path.join(entry.parentPath, entry.name);
      found.set(
        path.relative(folder, file),
        createHash('sha256').update(fs.readFileSync(file)).digest('hex'),
      );
    }
  }
  return found;
}

/** Columns of `instances` in which two outputs differ, with the number of rows. */
function differingColumns(a, b) {
  const rows = (output) => {
    const answer = spawnSync(
      path.join(root, 'bin/serieswise'),
      ['query', output, 'SELECT * FROM instances', '--format', 'json'],
      { encoding: 'utf8', maxBuffer: 2 ** 28 },
    );
    const parsed = JSON.parse(answer.stdout);
    return new Map((parsed.rows ?? parsed).map((row) => [row.source_key, row]));
  };
  const [left, right] = [rows(a), rows(b)];
  const counts = {};
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    const [x, y] = [left.get(key), right.get(key)];
    if (x === undefined || y === undefined) counts.row = (counts.row ?? 0) + 1;
    else
      for (const column of Object.keys(x))
        if (JSON.stringify(x[column]) !== JSON.stringify(y[column]))
          counts[column] = (counts[column] ?? 0) + 1;
  }
  return JSON.stringify(counts);
}
