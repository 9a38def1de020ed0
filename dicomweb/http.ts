/** Requests with attempts, waits, a rate and time-outs that a trickle of bytes does not satisfy. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { DicomwebError, isWorthRetrying } from './errors.ts';

export interface HttpSettings {
  /** Value of the Authorization header; null for none. */
  authorization: string | null;
  /** PEM texts for TLS; null where the system's defaults do. */
  tls: { ca: string | null; cert: string | null; key: string | null; passphrase: string | null };
  attempts: number;
  firstWaitMs: number;
  longestWaitMs: number;
  timeoutMs: number;
  /** Requests a second. */
  perSecond: number;
}

/** An answer whose body has not been read. */
export interface HttpAnswer {
  status: number;
  contentType: string;
  etag: string | null;
  /** Value of the header Warning: QIDO-RS says by 299 that there are more results (PS3.18 section 8.3.4.4). */
  warning: string;
  body: AsyncIterable<Uint8Array>;
}

interface Outgoing {
  method: 'GET' | 'POST';
  url: string;
  headers: Readonly<Record<string, string>>;
  body?: Uint8Array;
}

interface ExchangeOptions {
  accept?: (status: number) => boolean;
  mayRetry?: () => boolean;
}

/** Bytes a second below which an answer counts as stalled. */
const LEAST_RATE = 1_000;

export class HttpClient {
  private readonly settings: HttpSettings;
  private readonly agent: Agent;
  private nextStartMs = 0;

  constructor(settings: HttpSettings) {
    const { ca, cert, key, passphrase } = settings.tls;
    const { timeoutMs } = settings;
    this.settings = settings;
    this.agent = new Agent({
      connect: {
        timeout: Math.min(timeoutMs, 30_000),
        ...(ca === null ? {} : { ca }),
        ...(cert === null ? {} : { cert }),
        ...(key === null ? {} : { key }),
        ...(passphrase === null ? {} : { passphrase }),
      },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
  }

  /** Asks, as `exchange` does. */
  get<Result>(
    url: string,
    headers: Readonly<Record<string, string>>,
    read: (answer: HttpAnswer) => Promise<Result>,
    signal: AbortSignal,
    options: ExchangeOptions = {},
  ): Promise<Result> {
    return this.exchange({ method: 'GET', url, headers }, read, signal, options);
  }

  /** Sends, as `exchange` does: the body must be such that the server may get it twice. */
  post<Result>(
    url: string,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
    read: (answer: HttpAnswer) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result> {
    return this.exchange({ method: 'POST', url, headers, body }, read, signal, {});
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }

  /**
   * Sends a request, and reads the answer by `read`, which may be called once for each attempt.
   * @param options.accept whether a status other than 2xx is an answer too
   * @param options.mayRetry whether another attempt may follow an error that is worth one
   * @throws DicomwebError of the last attempt; whatever `read` throws besides
   */
  private async exchange<Result>(
    outgoing: Outgoing,
    read: (answer: HttpAnswer) => Promise<Result>,
    signal: AbortSignal,
    options: ExchangeOptions,
  ): Promise<Result> {
    const { accept = () => false, mayRetry = () => true } = options;
    const { attempts, firstWaitMs, longestWaitMs } = this.settings;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.attempt(outgoing, read, signal, accept);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof DicomwebError) || !isWorthRetrying(error.code)) throw error;
        if (attempt >= attempts || !mayRetry()) throw error;
        const wait = Math.min(firstWaitMs * 2 ** (attempt - 1), longestWaitMs);
        // Half of the wait is drawn, so that many workers do not come back at once.
        const drawn = wait / 2 + (wait / 2) * Math.random();
        await sleep(Math.min(Math.max(drawn, error.retryAfterMs ?? 0), longestWaitMs), undefined, { signal });
      }
    }
  }

  private async attempt<Result>(
    outgoing: Outgoing,
    read: (answer: HttpAnswer) => Promise<Result>,
    signal: AbortSignal,
    accept: (status: number) => boolean,
  ): Promise<Result> {
    await this.waitForTurn(signal);
    const { authorization, timeoutMs } = this.settings;
    let isAnswered = false;
    try {
      const { url, method, headers, body } = outgoing;
      const answer = await request(url, {
        dispatcher: this.agent,
        method,
        ...(body === undefined ? {} : { body }),
        headers: { ...headers, ...(authorization === null ? {} : { authorization }) },
        signal,
      });
      isAnswered = true;
      const { statusCode: status } = answer;
      if ((status < 200 || status > 299) && !accept(status)) {
        await answer.body.dump({ limit: 64 * 1024 }).catch(() => {});
        throw new DicomwebError(codeOf(status), status, retryAfterOf(answer.headers['retry-after']));
      }
      const etag = answer.headers.etag;
      try {
        return await read({
          status,
          contentType: String(answer.headers['content-type'] ?? ''),
          etag: typeof etag === 'string' ? etag : null,
          warning: String(answer.headers.warning ?? ''),
          body: watchRate(answer.body, timeoutMs),
        });
      } finally {
        // What was not read is of no use; a connection in the middle of an answer cannot be used again.
        answer.body.on('error', () => {}).destroy();
      }
    } catch (error) {
      throw toDicomwebError(error, isAnswered);
    }
  }

  private async waitForTurn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const now = Date.now();
    const start = Math.max(now, this.nextStartMs);
    this.nextStartMs = start + 1000 / this.settings.perSecond;
    if (start > now) await sleep(start - now, undefined, { signal });
  }
}

/** Ends a body that comes too slowly: undici's own time-out is satisfied by a byte now and then. */
async function* watchRate(body: AsyncIterable<Buffer>, timeoutMs: number): AsyncGenerator<Buffer> {
  let windowStart = Date.now();
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    const elapsed = Date.now() - windowStart;
    if (elapsed >= timeoutMs) {
      if (bytes < (LEAST_RATE * elapsed) / 1000) throw new DicomwebError('timed-out');
      windowStart = Date.now();
      bytes = 0;
    }
    yield chunk;
  }
}

function codeOf(status: number): DicomwebError['code'] {
  if (status === 401 || status === 403) return 'unauthorized';
  if (status === 404 || status === 410) return 'not-found';
  if (status === 408 || status === 429 || (status >= 500 && status !== 501)) return 'server-error';
  return 'refused';
}

function retryAfterOf(header: string | string[] | undefined): number | null {
  const seconds = Number(header);
  return header !== undefined && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}

function toDicomwebError(error: unknown, isAnswered: boolean): unknown {
  if (error instanceof DicomwebError || !(error instanceof Error)) return error;
  const { code = '', name, message } = error as NodeJS.ErrnoException;
  if (name === 'AbortError') return error;
  if (code === 'UND_ERR_BODY_TIMEOUT' || code === 'UND_ERR_HEADERS_TIMEOUT')
    return new DicomwebError('timed-out');
  const isCut = /^(UND_ERR_SOCKET|UND_ERR_RES_CONTENT_LENGTH_MISMATCH|ECONNRESET|EPIPE)$/.test(code);
  if (isCut || message === 'terminated' || name === 'HTTPParserError')
    return new DicomwebError(isAnswered ? 'truncated' : 'server-error');
  if (!isAnswered && /^(UND_ERR_|E[A-Z]+$|ERR_TLS|ERR_SSL|CERT_|DEPTH_|SELF_|UNABLE_)/.test(code))
    return new DicomwebError('unreachable');
  return error;
}
