import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningReview, startReview } from './review-server.ts';
import { makeReviewRun } from './synthetic-review.ts';

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-review-access-'));
const folder = path.join(home, 'run');
let review: RunningReview;
let units: string[] = [];

beforeAll(async () => {
  fs.mkdirSync(folder);
  units = await makeReviewRun(folder, 12);
  fs.writeFileSync(path.join(folder, 'secret.txt'), 'ZZSECRET');
  review = await startReview(folder);
});
afterAll(async () => {
  await review?.stop();
  fs.rmSync(home, { recursive: true, force: true });
});

interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}

/** A request exactly as given: neither path nor headers are put right on the way. */
function ask(address: string, headers: http.OutgoingHttpHeaders = {}, body?: string): Promise<Answer> {
  const { hostname, port } = new URL(review.origin);
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const request = http.request({ hostname, port, path: address, method, headers }, (response) => {
      let text = '';
      response.setEncoding('latin1').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: text }),
      );
    });
    request.once('error', reject);
    request.end(body);
  });
}

const bearer = () => ({ authorization: `Bearer ${review.token}` });
const json = { 'content-type': 'application/json' };
const decision = () => JSON.stringify({ action: 'exclude', unit: units[0], readingMs: 1 });

describe('the review server', () => {
  it('wants its token, and puts it from the address into a cookie that no script can read', async () => {
    for (const address of ['/', '/page.js', '/api/session', `/api/units/${units[0]}/thumbnail`]) {
      expect((await ask(address)).status, address).toBe(403);
      expect((await ask(address, { cookie: 'serieswise-review=x' })).status).toBe(403);
      expect((await ask(address, { authorization: 'Bearer wrong' })).status).toBe(403);
    }
    expect((await ask('/?token=wrong')).status).toBe(403);
    expect((await ask(`/api/session?token=${review.token}`)).status).toBe(403);
    const first = await ask(`/?token=${review.token}`);
    expect([first.status, first.headers.location]).toEqual([303, '/']);
    const [cookie] = first.headers['set-cookie']!;
    expect(cookie).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/);
    expect((await ask('/api/session', { cookie: cookie!.split(';')[0] })).status).toBe(200);
  });

  it('answers to no other name, as a rebound address has it', async () => {
    for (const host of ['example.org', `example.org:${new URL(review.origin).port}`, '127.0.0.1'])
      expect((await ask('/api/session', { ...bearer(), host })).status, host).toBe(403);
    expect((await ask(`/?token=${review.token}`, { host: 'example.org' })).status).toBe(403);
  });

  it('takes nothing from other pages', async () => {
    for (const origin of [
      'http://example.org',
      'null',
      'http://127.0.0.1:1',
      review.origin.replace('http', 'https'),
    ]) {
      expect((await ask('/api/session', { ...bearer(), origin })).status, origin).toBe(403);
      expect((await ask('/api/decisions', { ...bearer(), ...json, origin }, decision())).status).toBe(403);
    }
    for (const site of ['cross-site', 'same-site'])
      expect((await ask('/api/session', { ...bearer(), 'sec-fetch-site': site })).status).toBe(403);
    const first = await ask(`/?token=${review.token}`);
    const cookie = first.headers['set-cookie']![0]!.split(';')[0]!;
    expect((await ask('/api/decisions', { ...json, cookie }, decision())).status, 'no origin').toBe(403);
    const form = { cookie, origin: review.origin, 'content-type': 'text/plain' };
    expect((await ask('/api/decisions', form, decision())).status, 'a form').toBe(403);
    expect(fs.existsSync(path.join(folder, 'manifest/reviews'))).toBe(false);
    const own = { ...json, cookie, origin: review.origin };
    expect((await ask('/api/decisions', own, decision())).status).toBe(200);
  });

  it('gives no file but its own', async () => {
    const names = ['secret.txt', '../secret.txt', '..%2fsecret.txt', '%2e%2e/secret.txt', '....//secret.txt'];
    const addresses = names.flatMap((name) => [
      `/${name}`,
      `/api/units/${name}/thumbnail`,
      `/api/units/../../${name}`,
      `/thumbnails/../${name}`,
      `//${name}`,
    ]);
    addresses.push('/run.json', '/manifest/series/part-00000.parquet', `/api/units/${units[0]}%00/thumbnail`);
    addresses.push('/api/units/su000000000000000000000zzz/volume', '/api/units/__proto__/volume');
    for (const address of addresses) {
      const { status, body } = await ask(address, bearer());
      expect(status, address).toBeGreaterThanOrEqual(400);
      expect(body).not.toContain('ZZSECRET');
    }
    // A thumbnail that somebody has put a link in place of.
    const file = path.join(folder, 'thumbnails', `${units[1]}.png`);
    fs.rmSync(file);
    fs.symlinkSync(path.join(folder, 'secret.txt'), file);
    expect((await ask(`/api/units/${units[1]}/thumbnail`, bearer())).status).toBe(404);
  });

  it('sends its policy with every answer, refusals too', async () => {
    for (const address of ['/', '/page.css', '/api/session', '/nothing']) {
      for (const headers of [bearer(), {}]) {
        const { headers: sent } = await ask(address, headers);
        const policy = sent['content-security-policy']!;
        expect(policy).toContain("default-src 'none'");
        expect(policy).toContain("frame-ancestors 'none'");
        expect(policy).not.toMatch(/unsafe|https?:|\*|data:|blob:/);
        expect(sent).toMatchObject({
          'x-content-type-options': 'nosniff',
          'referrer-policy': 'no-referrer',
          'cross-origin-resource-policy': 'same-origin',
          'cache-control': 'no-store',
        });
        expect(sent['access-control-allow-origin']).toBeUndefined();
      }
    }
  });

  it('refuses what is no request of the page', async () => {
    const post = async (address: string, body: unknown) =>
      (await ask(address, { ...bearer(), ...json }, typeof body === 'string' ? body : JSON.stringify(body)))
        .status;
    const queue = { state: 'all', conflicts: false, key: '', facets: {}, sample: null };
    expect(await post('/api/queue', queue)).toBe(200);
    expect(await post('/api/queue', { ...queue, key: "su' OR 1=1" })).toBe(400);
    expect(await post('/api/queue', { ...queue, facets: { patient_id: 'x' } })).toBe(400);
    expect(await post('/api/queue', { ...queue, facets: { axis: "' OR 1=1 --" } })).toBe(200);
    expect(await post('/api/queue', '{')).toBe(400);
    expect(await post('/api/queue', 'x'.repeat(100_000))).toBe(413);
    const labels = { body_part: 'chest', axis: 'axial', contrast: 'no' };
    const relabel = { action: 'relabel', unit: units[0], labels, readingMs: 1 };
    expect(await post('/api/decisions', { ...relabel, unit: 'su000000000000000000000000' })).toBe(200);
    expect(await post('/api/decisions', { ...relabel, unit: 'suffffffffffffffffffffffff' })).toBe(409);
    expect(await post('/api/decisions', { ...relabel, unit: '../x' })).toBe(400);
    expect(await post('/api/decisions', { ...relabel, labels: { ...labels, axis: 'ZZTEST^CANARY' } })).toBe(
      409,
    );
    expect(await post('/api/decisions', { ...relabel, reader: 'r2' })).toBe(400);
  });

  it('tells the page neither hosts nor paths', async () => {
    const queue = JSON.stringify({ state: 'all', conflicts: false, key: '', facets: {}, sample: null });
    await ask('/api/queue', { ...bearer(), ...json }, queue);
    const answers = await Promise.all(
      ['/api/session', '/api/run', '/api/progress', '/api/queue?snapshot=1&from=0&count=100'].map((address) =>
        ask(address, bearer()),
      ),
    );
    for (const { status, body } of answers) {
      expect(status).toBe(200);
      for (const word of ['zz-host-name', folder, os.hostname(), 'secret']) expect(body).not.toContain(word);
    }
  });

  it('listens on loopback alone', async () => {
    const port = Number(new URL(review.origin).port);
    const others = Object.values(os.networkInterfaces())
      .flat()
      .filter((each) => each !== undefined && !each.internal && each.family === 'IPv4')
      .map((each) => each!.address);
    for (const host of others) {
      const isOpen = await new Promise<boolean>((resolve) => {
        const socket = net.connect({ host, port }, () => resolve(true));
        socket.once('error', () => resolve(false)).setTimeout(2_000, () => resolve(false));
      });
      expect(isOpen, host).toBe(false);
    }
  });
});
