/** Gathers requests of concurrent callers into batches, with a bound on how long the first of them waits. */

export interface BatchLimits {
  /** Requests that one batch holds at most. */
  maxSize: number;
  /** How long a request waits for others while the network is idle, ms. */
  maxWaitMs: number;
}

/**
 * One batch runs and one waits, so that the network never idles. A batch that is not full is sent when nothing runs
 * and its first request has waited long enough; while something runs it goes on filling up.
 */
const MAX_OPEN_BATCHES = 2;

export class BatchQueue<Request> {
  private readonly limits: BatchLimits;
  private readonly send: (batch: Request[]) => void;
  private readonly waiting: { request: Request; dueAt: number }[] = [];
  private openBatches = 0;
  private timer: NodeJS.Timeout | null = null;

  /** @param send takes a batch; `finish` is called once it is answered */
  constructor(limits: BatchLimits, send: (batch: Request[]) => void) {
    this.limits = limits;
    this.send = send;
  }

  add(request: Request): void {
    this.waiting.push({ request, dueAt: performance.now() + this.limits.maxWaitMs });
    this.dispatch();
  }

  /** A batch was answered: the next one may go. */
  finish(): void {
    this.openBatches -= 1;
    this.dispatch();
  }

  /** Ends the queue. @returns the requests that were not sent */
  drain(): Request[] {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    return this.waiting.splice(0).map(({ request }) => request);
  }

  private dispatch(): void {
    const { maxSize } = this.limits;
    while (this.waiting.length >= maxSize && this.openBatches < MAX_OPEN_BATCHES) this.sendFirst(maxSize);
    const [first] = this.waiting;
    if (first === undefined || this.openBatches > 0) return;
    const waitMs = first.dueAt - performance.now();
    if (waitMs <= 0) this.sendFirst(maxSize);
    else
      this.timer ??= setTimeout(() => {
        this.timer = null;
        this.dispatch();
      }, waitMs);
  }

  private sendFirst(count: number): void {
    this.openBatches += 1;
    this.send(this.waiting.splice(0, count).map(({ request }) => request));
  }
}
