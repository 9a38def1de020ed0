/** What keys do. Every action of the page has one. */
import type { Task } from '../contracts.ts';
import { TASK_KEYS, TASKS } from './labels.ts';
import { type Plane, WINDOWS } from './planes.ts';
import { NO_FILTER, type ReviewModel } from './review-model.ts';
import { type Sight, scroll } from './viewer.tsx';

export type View = 'grid' | 'single' | 'progress' | 'run';

/** What the keys act on. */
export interface KeyTarget {
  readonly model: ReviewModel;
  readonly view: View;
  readonly sight: Sight;
  /** Cards in a row of the grid. */
  readonly columns: number;
  readonly isKeyboardOn: boolean;
  /** A dialog is open: keys are its own. */
  readonly isBusy: boolean;
  readonly setView: (view: View) => void;
  readonly setSight: (sight: Sight) => void;
  readonly setTask: (task: Task | null) => void;
  readonly setHelpOpen: (open: boolean) => void;
}

const SLICES_A_PAGE = 8;
const ROWS_A_PAGE = 4;

/** @param read gives the present target */
export function createKeyHandler(read: () => KeyTarget): (event: KeyboardEvent) => void {
  return (event) => {
    const target = read();
    if (target.isBusy || event.ctrlKey || event.metaKey || event.altKey) return;
    const element = event.target as HTMLElement;
    if (element.matches('select, textarea, input[type=text], input[type=number]')) return;
    const isLetter = event.key.length === 1;
    if (isLetter && !target.isKeyboardOn) return;
    // Enter and the space bar press the button that has the focus, arrows move the slider that has it.
    if (event.key === 'Enter' && element.matches('button, a, summary, input')) return;
    if (element.matches('input[type=range]') && !isLetter) return;
    if (handle(event, target)) event.preventDefault();
  };
}

/** @returns whether the key meant something */
function handle(event: KeyboardEvent, target: KeyTarget): boolean {
  const { model } = target;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const go = GO[key];
  if (go !== undefined) {
    go(target);
    return true;
  }
  if (target.view !== 'grid' && target.view !== 'single') return false;
  const task = TASKS.find((each) => TASK_KEYS[each] === key);
  // A key that is held down must not run through the queue.
  if (event.repeat && (DECIDE.has(key) || task !== undefined)) return true;
  if (task !== undefined) {
    if (model.current !== undefined) target.setTask(task);
    return true;
  }
  if (key === 'Enter' && target.view === 'grid') {
    target.setView('single');
    return true;
  }
  const decide = DECIDE.get(key);
  if (decide !== undefined) {
    void decide(model);
    return true;
  }
  if (key === 'n' || key === 'ArrowRight') model.select(model.selected + 1);
  else if (key === 'p' || key === 'ArrowLeft') model.select(model.selected - 1);
  else if (target.view === 'grid') return moveInGrid(key, target);
  else return moveInSlices(event, key, target);
  return true;
}

const GO: Readonly<Record<string, (target: KeyTarget) => void>> = {
  '?': ({ setHelpOpen }) => setHelpOpen(true),
  g: ({ view, setView }) => setView(view === 'grid' ? 'single' : 'grid'),
  s: ({ setView }) => setView('progress'),
  l: ({ setView }) => setView('run'),
  r: ({ model }) => void model.load(model.filter ?? NO_FILTER),
  f: ({ setView }) => {
    setView('grid');
    setTimeout(() => document.getElementById('first-filter')?.focus());
  },
  Escape: ({ setView }) => setView('grid'),
};

const DECIDE: ReadonlyMap<string, (model: ReviewModel) => Promise<void>> = new Map([
  ['Enter', (model: ReviewModel) => model.accept()],
  ['a', (model: ReviewModel) => model.accept()],
  ['x', (model: ReviewModel) => model.exclude()],
  ['u', (model: ReviewModel) => model.undo()],
]);

function moveInGrid(key: string, { model, columns }: KeyTarget): boolean {
  const by: Record<string, number> = {
    ArrowDown: columns,
    ArrowUp: -columns,
    PageDown: ROWS_A_PAGE * columns,
    PageUp: -ROWS_A_PAGE * columns,
    Home: -model.total,
    End: model.total,
  };
  const step = by[key];
  if (step === undefined) return false;
  model.select(model.selected + step);
  return true;
}

function moveInSlices(event: KeyboardEvent, key: string, target: KeyTarget): boolean {
  const { model, sight, setSight } = target;
  const { shape } = model.session!;
  const slices: Record<string, number> = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: SLICES_A_PAGE,
    PageUp: -SLICES_A_PAGE,
    Home: -shape[sight.plane],
    End: shape[sight.plane],
  };
  const step = slices[key];
  if (step !== undefined) setSight(scroll(sight, shape, sight.plane, step));
  else if (key === '1' || key === '2' || key === '3')
    setSight({ ...sight, plane: (Number(key) - 1) as Plane });
  else if (key === 'w') {
    const by = event.shiftKey ? WINDOWS.length - 1 : 1;
    setSight({ ...sight, window: (sight.window + by) % WINDOWS.length });
  } else {
    const other = /^[4-9]$/.test(key) ? model.current?.others[Number(key) - 4] : undefined;
    if (other === undefined) return false;
    if (!event.repeat) void model.adopt(other);
  }
  return true;
}
