/** What the page knows: the queue, where the reader is, and what was decided. Components redraw when it changes. */
import type {
  Decision,
  Labels,
  QueueItem,
  QueueReply,
  QueueRequest,
  SessionReply,
  Task,
} from '../contracts.ts';
import { getPage, getSession, getVolume, type LoadedVolume, postDecision, postQueue } from './api.ts';

const PAGE = 120;
const PAGES_KEPT = 40;
const VOLUMES_KEPT = 5;
const AHEAD = 2;

export const NO_FILTER: QueueRequest = {
  state: 'all',
  conflicts: false,
  key: '',
  facets: {},
  sample: null,
};

/** What is said below: `bad` stays until the next thing is said. */
export interface Notice {
  readonly text: string;
  readonly kind: 'info' | 'saved' | 'bad';
}

export class ReviewModel {
  session: SessionReply | null = null;
  filter: QueueRequest = NO_FILTER;
  queue: QueueReply | null = null;
  selected = 0;
  decided = 0;
  notice: Notice = { text: '', kind: 'info' };
  private readonly items = new Map<number, QueueItem>();
  private readonly pages = new Map<number, Promise<void>>();
  private readonly volumes = new Map<string, Promise<LoadedVolume>>();
  private readonly listeners = new Set<() => void>();
  private shownAt = performance.now();
  private deciding: Promise<unknown> = Promise.resolve();

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }

  say(text: string, kind: Notice['kind'] = 'info'): void {
    this.notice = { text, kind };
    this.changed();
  }

  private complain(error: unknown): void {
    this.say(error instanceof Error ? error.message : String(error), 'bad');
  }

  /** Asks who reads what, and loads the queue when there is one. */
  async begin(): Promise<void> {
    try {
      this.session = await getSession();
      // What was read before is done: a reader goes on with what is open.
      const state = this.session.role === 'adjudicator' ? 'disputed' : 'open';
      if (this.session.ready) await this.load({ ...NO_FILTER, state });
      this.changed();
    } catch (error) {
      this.complain(error);
    }
  }

  /** Fixes a new order of what the filter leaves, and goes to its beginning. */
  async load(filter: QueueRequest): Promise<void> {
    try {
      const queue = await postQueue(filter);
      this.filter = filter;
      this.queue = queue;
      this.items.clear();
      this.pages.clear();
      this.selected = 0;
      await this.need(0);
      this.show();
    } catch (error) {
      this.complain(error);
    }
  }

  get total(): number {
    return this.queue?.total ?? 0;
  }

  /** The unit at a place, or undefined until it is there; asking for it fetches it. */
  itemAt(place: number): QueueItem | undefined {
    const item = this.items.get(place);
    if (item === undefined && place >= 0 && place < this.total) void this.need(place);
    return item;
  }

  get current(): QueueItem | undefined {
    return this.itemAt(this.selected);
  }

  private need(place: number): Promise<void> {
    const page = Math.floor(place / PAGE);
    const known = this.pages.get(page);
    if (known !== undefined) return known;
    const { snapshot } = this.queue!;
    const loading = getPage(snapshot, page * PAGE, PAGE).then(
      (items) => {
        if (this.queue?.snapshot !== snapshot) return;
        for (const item of items) this.items.set(item.place, item);
        this.changed();
      },
      (error) => {
        this.pages.delete(page);
        this.complain(error);
      },
    );
    this.pages.set(page, loading);
    for (const oldest of this.pages.keys()) {
      if (this.pages.size <= PAGES_KEPT) break;
      this.pages.delete(oldest);
      for (let each = oldest * PAGE; each < (oldest + 1) * PAGE; each++) this.items.delete(each);
    }
    return loading;
  }

  select(place: number): void {
    const last = Math.max(0, this.total - 1);
    this.selected = Math.min(last, Math.max(0, place));
    this.show();
  }

  private show(): void {
    this.shownAt = performance.now();
    this.changed();
  }

  /** The voxels of a unit; those of the next ones come along. */
  volumeOf(place: number): Promise<LoadedVolume> | null {
    const item = this.itemAt(place);
    if (item === undefined) return null;
    const loading = this.fetchVolume(item.unit);
    loading
      .then(() => {
        if (this.selected !== place) return;
        for (let ahead = 1; ahead <= AHEAD; ahead++) {
          const next = this.itemAt(place + ahead);
          if (next !== undefined) this.fetchVolume(next.unit).catch(() => {});
        }
      })
      .catch(() => {});
    return loading;
  }

  private fetchVolume(unit: string): Promise<LoadedVolume> {
    const volume = this.volumes.get(unit) ?? getVolume(unit);
    this.volumes.delete(unit);
    this.volumes.set(unit, volume);
    for (const oldest of this.volumes.keys()) {
      if (this.volumes.size <= VOLUMES_KEPT) break;
      this.volumes.delete(oldest);
    }
    return volume;
  }

  /** The labels that stand for a unit on the page: the reader's, else the predicted ones. */
  labelsOf(item: QueueItem): Labels {
    const { body_part, axis, contrast } = item.tasks;
    return (
      item.decision?.labels ?? { body_part: body_part.label, axis: axis.label, contrast: contrast.label }
    );
  }

  accept(): Promise<void> {
    return this.decide((item) => {
      const labels = this.labelsOf(item);
      const isChanged = (['body_part', 'axis', 'contrast'] as const).some(
        (task) => labels[task] !== item.tasks[task].label,
      );
      return { action: isChanged ? 'relabel' : 'accept', labels };
    }, true);
  }

  exclude(): Promise<void> {
    return this.decide(() => ({ action: 'exclude', labels: null }), true);
  }

  /** Stays on the unit: there may be more to correct. */
  relabel(task: Task, label: string): Promise<void> {
    return this.decide(
      (item) => ({ action: 'relabel', labels: { ...this.labelsOf(item), [task]: label } }),
      false,
    );
  }

  /** Takes over what a reader said: for adjudicators. */
  adopt(reader: Decision): Promise<void> {
    return this.decide(() => reader, true);
  }

  private decide(
    choose: (item: QueueItem) => Pick<Decision, 'action' | 'labels'>,
    goesOn: boolean,
  ): Promise<void> {
    const place = this.selected;
    const run = async (): Promise<void> => {
      const item = this.items.get(place);
      if (item === undefined) return;
      const { action, labels } = choose(item);
      const readingMs = Math.round(performance.now() - this.shownAt);
      const reply = await postDecision(
        action === 'exclude' || labels === null
          ? { action: 'exclude', unit: item.unit, readingMs }
          : { action, unit: item.unit, labels, readingMs },
      );
      this.items.set(place, { ...item, decision: reply.decision });
      this.decided = reply.decided;
      if (goesOn && this.selected === place && place + 1 < this.total) this.selected = place + 1;
      this.shownAt = performance.now();
      const last = goesOn && place + 1 >= this.total ? ' This was the last one.' : '';
      this.say(`Saved: ${describeDecision(reply.decision)}.${last}`, 'saved');
    };
    return this.enqueue(run);
  }

  undo(): Promise<void> {
    return this.enqueue(async () => {
      const reply = await postDecision({ action: 'undo' });
      this.decided = reply.decided;
      for (const [place, item] of this.items) {
        if (item.unit !== reply.unit) continue;
        this.items.set(place, { ...item, decision: reply.decision });
        this.selected = place;
      }
      this.show();
      this.say(`Undone on ${reply.unit.slice(0, 10)}: now ${describeDecision(reply.decision)}.`, 'saved');
    });
  }

  /** One decision after the other, whatever the speed of the keys. */
  private enqueue(work: () => Promise<void>): Promise<void> {
    const done = this.deciding.then(work).catch((error: unknown) => {
      const text = error instanceof Error ? error.message : String(error);
      this.say(`Not saved. ${text}`, 'bad');
    });
    this.deciding = done;
    return done;
  }
}

/** A decision in words. */
export function describeDecision(decision: Decision | null): string {
  if (decision === null) return 'open';
  return { accept: 'accepted', relabel: 'relabelled', exclude: 'excluded' }[decision.action];
}
