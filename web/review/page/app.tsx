/** The page: one model, four views, and the keys. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Task } from '../contracts.ts';
import { Filters } from './filters.tsx';
import { Grid } from './grid.tsx';
import { Help } from './help.tsx';
import { createKeyHandler, type KeyTarget, type View } from './keys.ts';
import { count } from './labels.ts';
import { Palette } from './palette.tsx';
import { Progress } from './progress.tsx';
import type { ReviewModel } from './review-model.ts';
import { Run } from './run.tsx';
import { Single } from './single.tsx';
import { FIRST_SIGHT, type Sight } from './viewer.tsx';

const VIEWS: readonly (readonly [view: View, name: string, key: string])[] = [
  ['grid', 'Grid', 'G'],
  ['single', 'Single', 'G'],
  ['progress', 'Progress', 'S'],
  ['run', 'Run', 'L'],
];

export function App({ model }: { readonly model: ReviewModel }) {
  const [, redraw] = useState(0);
  const [view, setView] = useState<View>('grid');
  const [sight, setSight] = useState<Sight>(FIRST_SIGHT);
  const [task, setTask] = useState<Task | null>(null);
  const [isHelpOpen, setHelpOpen] = useState(false);
  const [isKeyboardOn, setKeyboardOn] = useState(true);
  const columns = useRef(1);
  useEffect(() => model.subscribe(() => redraw((n) => n + 1)), []);
  useEffect(() => {
    if (model.session?.ready === false) setView('run');
  }, [model.session]);

  const target: KeyTarget = {
    ...{ model, view, sight, columns: columns.current },
    isKeyboardOn,
    isBusy: task !== null || isHelpOpen,
    ...{ setView, setSight, setTask, setHelpOpen },
  };
  const latest = useRef(target);
  latest.current = target;
  useEffect(() => {
    const handler = createKeyHandler(() => latest.current);
    document.addEventListener('keydown', handler);
    return () => document.removeEventListener('keydown', handler);
  }, []);
  useEffect(() => {
    if (view === 'grid') document.querySelector<HTMLElement>('.grid')?.focus({ preventScroll: true });
  }, [view, model.queue?.snapshot]);

  const { session, notice, current } = model;
  if (session === null) return <p class="empty">{notice.text === '' ? 'Loading…' : notice.text}</p>;
  return (
    <div class={`app view-${view}`}>
      <header>
        <h1>
          <img src="/icon.svg" alt="" width={22} height={22} /> Serieswise <span class="soft">review</span>
        </h1>
        <nav aria-label="Views">
          {VIEWS.map(([each, name]) => (
            <button
              key={each}
              type="button"
              aria-current={view === each ? 'page' : undefined}
              disabled={!session.ready && each !== 'run'}
              onClick={() => setView(each)}
            >
              {name}
            </button>
          ))}
        </nav>
        <span class="spacer" />
        <span class="soft tabular place">
          {model.queue === null
            ? ''
            : `${count(Math.min(model.total, model.selected + 1))} of ${count(model.total)}`}
        </span>
        <span class="chip" title={session.role}>
          {session.role === 'adjudicator' ? 'Adjudicator' : 'Reader'} {session.reader}
        </span>
        <button type="button" onClick={() => setHelpOpen(true)}>
          Keys <kbd>?</kbd>
        </button>
      </header>
      <main>
        {view === 'grid' ? (
          <>
            <Filters model={model} />
            {model.total === 0 && model.queue !== null ? (
              <p class="empty">Nothing is left here. Choose other filters.</p>
            ) : (
              <Grid
                model={model}
                onColumns={(n) => {
                  columns.current = n;
                }}
                onOpen={() => setView('single')}
              />
            )}
          </>
        ) : null}
        {view === 'single' ? <Single {...{ model, sight }} onSight={setSight} onRelabel={setTask} /> : null}
        {view === 'progress' ? <Progress model={model} onRead={() => setView('single')} /> : null}
        {view === 'run' ? <Run model={model} onReady={() => void model.begin()} /> : null}
      </main>
      <footer class={notice.kind}>
        <span role="status">{notice.text === '' ? 'Press ? for all keys.' : notice.text}</span>
      </footer>
      {task !== null && current !== undefined ? (
        <Palette
          task={task}
          item={current}
          labels={session.vocabulary[task]}
          onChoose={(label) => {
            setTask(null);
            void model.relabel(task, label);
          }}
          onClose={() => setTask(null)}
        />
      ) : null}
      {isHelpOpen ? (
        <Help isKeyboardOn={isKeyboardOn} onKeyboard={setKeyboardOn} onClose={() => setHelpOpen(false)} />
      ) : null}
    </div>
  );
}
