// The public buckets of IDC over plain HTTPS: ListObjectsV2 and ranged GET of S3, without credentials. Objects lie at
// BUCKET/crdc_series_uuid/INSTANCE.dcm; addresses are path-style, so a server on this machine can stand in.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Why an object or listing could not be had. `kind` decides what follows:
 * `transient` (network, 5xx, 429, cut short) is tried again with growing pauses; `changed` (the bytes are not those of
 * the listing) is fetched anew from the first byte; `missing` and `refused` (404, 403, other 4xx) and `malformed` are
 * final for the series; `disk` stops everything.
 */
export class StoreError extends Error {
  constructor(kind, message, cause) {
    super(message, { cause });
    this.name = 'StoreError';
    this.kind = kind;
  }
}

const STATUS_KIND = {
  403: 'refused',
  404: 'missing',
  408: 'transient',
  412: 'changed',
  416: 'changed',
  429: 'transient',
};

/** A full or read-only disk as what it is; null for every other error. */
export function diskErrorOf(error) {
  const isDisk = ['ENOSPC', 'EROFS', 'EDQUOT', 'EACCES', 'EIO'].includes(error?.code);
  return isDisk ? new StoreError('disk', `cannot write (${error.code})`, error) : null;
}

function kindOfError(error) {
  if (error instanceof StoreError) return error;
  const code = error?.code ?? error?.name;
  return diskErrorOf(error) ?? new StoreError('transient', `the connection failed (${code})`, error);
}

/**
 * Does `work` again while its failure is worth it.
 * @param options tries (in all), pauseMs (before the second try; doubles, at most a minute, with jitter), onRetry(kind)
 */
export async function withRetries(work, { tries, pauseMs, onRetry = () => {} }) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (caught) {
      const error = kindOfError(caught);
      if (attempt >= tries || (error.kind !== 'transient' && error.kind !== 'changed')) throw error;
      onRetry(error.kind);
      await sleep(Math.min(60_000, pauseMs * 2 ** (attempt - 1)) * (0.5 + Math.random()));
    }
  }
}

const PROTOCOLS = {
  'http:': { request: http.request, agent: new http.Agent({ keepAlive: true }) },
  'https:': { request: https.request, agent: new https.Agent({ keepAlive: true }) },
};

/**
 * The answer's head, its body to be read. Ends when nothing has come for `idleMs`: a body may take long, a silence may
 * not. Node's own client, since an abort of `fetch` can get lost when the collector has run.
 */
function get(url, headers, idleMs) {
  const { request, agent } = PROTOCOLS[new URL(url).protocol];
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers, agent }, resolve);
    sent.setTimeout(idleMs, () => sent.destroy(Object.assign(new Error('silence'), { code: 'ETIMEDOUT' })));
    sent.on('error', reject);
    sent.end();
  });
}

/** Throws what a status means, unless it is one of `expected`. The body is read away, so that the connection is free. */
function expectStatus(response, ...expected) {
  if (expected.includes(response.statusCode)) return;
  response.resume();
  const kind = STATUS_KIND[response.statusCode] ?? (response.statusCode >= 500 ? 'transient' : 'refused');
  throw new StoreError(kind, `the store answered ${response.statusCode}`);
}

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const decodeXml = (escaped) =>
  escaped.replaceAll(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, name) =>
    decimal
      ? String.fromCodePoint(Number(decimal))
      : hex
        ? String.fromCodePoint(Number.parseInt(hex, 16))
        : (ENTITIES[name] ?? whole),
  );
const field = (xml, name) => {
  const match = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml);
  return match === null ? null : decodeXml(match[1]);
};

/**
 * The objects below a prefix, all pages.
 * @returns {Promise<{key: string, bytes: number, etag: string}[]>} sorted by key
 */
export async function listObjects({ endpoint, idleMs }, bucket, prefix) {
  const objects = [];
  let token = null;
  do {
    const query = new URLSearchParams({ 'list-type': '2', prefix });
    if (token !== null) query.set('continuation-token', token);
    const response = await get(`${endpoint}/${bucket}?${query}`, {}, idleMs);
    expectStatus(response, 200);
    const xml = await text(response);
    if (!xml.includes('</ListBucketResult>')) throw new StoreError('malformed', 'the listing is none of S3');
    for (const [, body] of xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
      const object = {
        key: field(body, 'Key'),
        bytes: Number(field(body, 'Size')),
        etag: field(body, 'ETag'),
      };
      // A key names a file here: nothing but the series' own folder and one name.
      if (!object.key?.startsWith(prefix) || !/^\w[\w.-]*$/.test(object.key.slice(prefix.length))) {
        throw new StoreError('malformed', 'the listing names an object outside the series');
      }
      objects.push(object);
    }
    token = field(xml, 'IsTruncated') === 'true' ? field(xml, 'NextContinuationToken') : null;
  } while (token !== null);
  return objects.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** The MD5 that an ETag is, where the object was uploaded in one part; else null: then the size alone is checked. */
export function md5OfEtag(etag) {
  return /^"?([0-9a-f]{32})"?$/.exec(etag ?? '')?.[1] ?? null;
}

/**
 * Fetches one object to `file`: a part that is there already is continued, size and digest are checked, and only the
 * whole object gets the name.
 * @param onBytes is told of bytes as they come, also of those of a try that fails
 */
export async function fetchObject({ endpoint, idleMs }, bucket, object, file, onBytes) {
  const part = `${file}.part`;
  let have = fs.existsSync(part) ? fs.statSync(part).size : 0;
  if (have > object.bytes) have = 0;
  if (have < object.bytes || object.bytes === 0) {
    const headers = { 'accept-encoding': 'identity', 'if-match': object.etag };
    if (have > 0) headers.range = `bytes=${have}-`;
    const url = `${endpoint}/${bucket}/${object.key.split('/').map(encodeURIComponent).join('/')}`;
    const response = await get(url, headers, idleMs);
    if (response.statusCode === 412 || response.statusCode === 416) fs.rmSync(part, { force: true });
    expectStatus(response, 200, 206);
    // 200 to a ranged request is the whole object. What was written stays also when the rest does not come.
    await pipeline(
      response,
      async function* (chunks) {
        for await (const chunk of chunks) {
          onBytes(chunk.length);
          yield chunk;
        }
      },
      fs.createWriteStream(part, { flags: response.statusCode === 206 && have > 0 ? 'a' : 'w' }),
    );
  }
  await check(part, object);
  fs.renameSync(part, file);
}

async function check(part, object) {
  const size = fs.existsSync(part) ? fs.statSync(part).size : 0;
  if (size < object.bytes) throw new StoreError('transient', 'the object came cut short');
  const md5 = md5OfEtag(object.etag);
  const isRight = size === object.bytes && (md5 === null || md5 === (await md5OfFile(part)));
  if (isRight) return;
  fs.rmSync(part);
  throw new StoreError('changed', 'the bytes are not those of the listing');
}

export async function md5OfFile(file) {
  const hash = createHash('md5');
  for await (const chunk of fs.createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}
