/** The review server: loopback alone, one person, one output folder. */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { z } from 'zod';
import type { RunDocument } from '../../activities/run-document.ts';
import { LABELS } from '../../models/labels.ts';
import { isSeriesUnitKey, thumbnailPathOf } from '../../stages/publish/output-paths.ts';
import type { RunInspection } from '../../workers/inspect-run.ts';
import { packageRoot, productVersion } from '../../workers/package-root.ts';
import { addHeaders, guard } from './access.ts';
import type { SessionReply } from './contracts.ts';
import { readProgress, readSample } from './progress.ts';
import { QueueError, ReviewQueue } from './queue.ts';
import { decisionRequest, pageRequest, queueRequest, sampleRequest } from './requests.ts';
import { type Reviewer, ReviewStoreError } from './review-store.ts';
import { RunWatch } from './run-watch.ts';
import { VolumeError, Volumes } from './volumes.ts';

export interface ReviewServerOptions {
  readonly folder: string;
  readonly who: Reviewer;
  /** 0: a free one. */
  readonly port: number;
  /** What is known of the run from its state folder; null where there is none. */
  readonly inspect: () => Promise<RunInspection | null>;
  /** run.json of the folder; null while no run has ended there. */
  readonly readRun: () => RunDocument | null;
}

export interface ReviewServer {
  /** Address with the token. */
  readonly url: string;
  close(): Promise<void>;
}

/** What is open of the output folder, once a run has ended there. */
interface Opened {
  readonly run: RunDocument;
  readonly queue: ReviewQueue;
  readonly volumes: Volumes;
}

/** Files of the page, as the build has made them. */
const PAGE_FILES: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
  '/icon.svg': ['icon.svg', 'image/svg+xml'],
};

/** Starts the server and says where it is. @throws the error of the system where the port is taken */
export async function startReviewServer(options: ReviewServerOptions): Promise<ReviewServer> {
  const token = randomBytes(24).toString('base64url');
  const place = new OpenedFolder(options);
  await place.open();
  const app = createApp(place, options, token, () => port);
  const server = createAdaptorServer({ fetch: app.fetch, hostname: '127.0.0.1' });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/?token=${token}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
      await place.close();
    },
  };
}

/** The folder's tables, opened anew when a run or another reader has written. */
class OpenedFolder {
  private readonly folder: string;
  private readonly who: Reviewer;
  private readonly readRun: () => RunDocument | null;
  private opening: Promise<Opened | null> = Promise.resolve(null);

  constructor({ folder, who, readRun }: ReviewServerOptions) {
    this.folder = folder;
    this.who = who;
    this.readRun = readRun;
  }

  /** What is open now; null while no run has ended in the folder. */
  current(): Promise<Opened | null> {
    return this.opening;
  }

  /** Opens, or opens anew what is out of date. A failure leaves what was open before, and the next call tries again. */
  open(): Promise<Opened | null> {
    const last = this.opening;
    const opened = last.then(async (before) => {
      if (before !== null && !before.queue.isOutdated()) return before;
      const run = this.readRun();
      if (run === null) return before;
      const queue = await ReviewQueue.open(this.folder, this.who, run.pipeline_digest);
      const manifest = { query: async (sql: string) => ({ columns: [], rows: await queue.ask(sql) }) };
      await before?.queue.close();
      return { run, queue, volumes: new Volumes(this.folder, run.pipeline.preprocess, manifest) };
    });
    this.opening = opened.catch(() => last);
    return opened;
  }

  async close(): Promise<void> {
    await (await this.opening)?.queue.close();
  }
}

function createApp(
  place: OpenedFolder,
  { folder, who, inspect, readRun }: ReviewServerOptions,
  token: string,
  port: () => number,
): Hono {
  const app = new Hono();
  const watch = new RunWatch(inspect, readRun);
  const pageFolder = path.join(packageRoot(), 'dist/web/review/page');
  app.use(addHeaders);
  app.use(guard(token, port));
  app.use(bodyLimit({ maxSize: 64 * 1024, onError: (context) => refuse(context, 'request-invalid', 413) }));
  for (const [address, [file, type]] of Object.entries(PAGE_FILES)) {
    app.get(address, (context) =>
      context.body(fs.readFileSync(path.join(pageFolder, file)), 200, { 'content-type': type }),
    );
  }

  app.get('/api/session', async (context) => context.json(await describeSession(await place.open(), who)));
  app.get('/api/run', async (context) => context.json(await watch.look()));
  app.post('/api/queue', async (context) => {
    const request = await readBody(context, queueRequest);
    const opened = await place.open();
    if (opened === null) return refuse(context, 'not-ready', 409);
    return context.json(await opened.queue.takeSnapshot(request));
  });
  app.get('/api/queue', async (context) => {
    const { queue } = await requireOpened(place);
    const { snapshot, from, count } = parse(pageRequest, context.req.query());
    return context.json(await queue.readPage(snapshot, from, count));
  });
  app.post('/api/decisions', async (context) => {
    const request = await readBody(context, decisionRequest);
    const { queue } = await requireOpened(place);
    return context.json(await queue.decide(request));
  });
  app.get('/api/progress', async (context) =>
    context.json(await readProgress((await requireOpened(place)).queue)),
  );
  app.post('/api/sample', async (context) => {
    const { filter, ...plan } = await readBody(context, sampleRequest);
    return context.json(await readSample((await requireOpened(place)).queue, filter, plan));
  });
  app.get('/api/units/:unit/volume', async (context) => {
    const unit = readUnit(context);
    const { data, isMade } = await (await requireOpened(place)).volumes.read(unit);
    return context.body(data as Uint8Array<ArrayBuffer>, 200, {
      'content-type': 'application/octet-stream',
      'x-volume-origin': isMade ? 'made-again' : 'kept',
    });
  });
  app.get('/api/units/:unit/thumbnail', (context) => {
    const file = path.join(folder, thumbnailPathOf(readUnit(context)));
    // Of this folder's own making: a link would lead elsewhere.
    if (fs.lstatSync(file, { throwIfNoEntry: false })?.isFile() !== true)
      return refuse(context, 'no-thumbnail', 404);
    return context.body(fs.readFileSync(file), 200, { 'content-type': 'image/png' });
  });
  app.notFound((context) => refuse(context, 'not-found', 404));
  app.onError((error, context) => {
    if (error instanceof RequestError) return refuse(context, error.code, error.status);
    if (error instanceof QueueError) return context.json({ code: error.code, message: error.message }, 409);
    if (error instanceof ReviewStoreError)
      return context.json(
        { code: error.code, message: error.message },
        error.code === 'reader-busy' ? 409 : 507,
      );
    if (error instanceof VolumeError) return context.json({ code: 'no-volume', message: error.message }, 404);
    process.stderr.write(`Unexpected: ${error.stack ?? error.message}\n`);
    return refuse(context, 'internal-error', 500);
  });
  return app;
}

async function describeSession(opened: Opened | null, who: Reviewer): Promise<SessionReply> {
  const { shape, window_hu: windowHu } = opened?.run.pipeline.preprocess ?? {
    shape: [1, 1, 1] as [number, number, number],
    window_hu: [-1000, 400] as [number, number],
  };
  return {
    version: productVersion(),
    ...who,
    pipeline: opened?.run.pipeline.name ?? null,
    ready: opened !== null,
    shape,
    windowHu,
    vocabulary: LABELS,
    facets: (await opened?.queue.facets()) ?? {
      ...{ body_part: [], axis: [], contrast: [], reason: [], manufacturer: [] },
    },
  };
}

type RefusalCode = 'not-found' | 'not-ready' | 'request-invalid' | 'no-thumbnail' | 'internal-error';

const MESSAGES: Readonly<Record<RefusalCode, string>> = {
  'not-found': 'There is nothing here.',
  'not-ready': 'No run has ended in this folder yet.',
  'request-invalid': 'The server does not understand this request.',
  'no-thumbnail': 'The run kept no thumbnail of this unit.',
  'internal-error': 'Something went wrong in the server; its terminal says what.',
};

class RequestError extends Error {
  readonly code: RefusalCode;
  readonly status: 400 | 404 | 409;

  constructor(code: RefusalCode, status: 400 | 404 | 409) {
    super(MESSAGES[code]);
    this.code = code;
    this.status = status;
  }
}

function refuse(context: Context, code: RefusalCode, status: 400 | 404 | 409 | 413 | 500) {
  return context.json({ code, message: MESSAGES[code] }, status);
}

async function requireOpened(place: OpenedFolder): Promise<Opened> {
  const opened = await place.current();
  if (opened === null) throw new RequestError('not-ready', 409);
  return opened;
}

function readUnit(context: Context): string {
  const unit = context.req.param('unit') ?? '';
  if (!isSeriesUnitKey(unit)) throw new RequestError('not-found', 404);
  return unit;
}

async function readBody<Schema extends z.ZodType>(
  context: Context,
  schema: Schema,
): Promise<z.infer<Schema>> {
  const body: unknown = await context.req.json().catch(() => null);
  return parse(schema, body);
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new RequestError('request-invalid', 400);
  return parsed.data;
}
