/** The queue as pictures: as many rows as fit are there, whatever the length of the queue. */
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { QueueItem } from '../contracts.ts';
import { thumbnailOf } from './api.ts';
import { percent, showLabel, TASKS } from './labels.ts';
import { describeDecision, type ReviewModel } from './review-model.ts';

const CARD_WIDTH = 300;
const CARD_HEIGHT = 178;
const GAP = 12;

interface GridProps {
  readonly model: ReviewModel;
  /** Told how many cards stand in a row, for the arrow keys. */
  readonly onColumns: (columns: number) => void;
  readonly onOpen: () => void;
}

export function Grid({ model, onColumns, onOpen }: GridProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [columns, setColumns] = useState(1);
  const [, redraw] = useState(0);
  const rows = Math.ceil(model.total / columns);
  const virtualizer = useRef<Virtualizer<HTMLDivElement, HTMLDivElement> | null>(null);
  const options = {
    count: rows,
    getScrollElement: () => scroller.current,
    estimateSize: () => CARD_HEIGHT + GAP,
    overscan: 2,
    paddingStart: GAP,
    paddingEnd: GAP,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: () => redraw((n) => n + 1),
  };
  virtualizer.current ??= new Virtualizer(options);
  virtualizer.current.setOptions(options);

  useLayoutEffect(() => virtualizer.current!._didMount(), []);
  useLayoutEffect(() => virtualizer.current!._willUpdate());
  useLayoutEffect(() => {
    const element = scroller.current!;
    const measure = () => {
      const fitting = Math.max(1, Math.floor((element.clientWidth - GAP) / (CARD_WIDTH + GAP)));
      setColumns(fitting);
      onColumns(fitting);
      virtualizer.current!.measure();
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    virtualizer.current!.scrollToIndex(Math.floor(model.selected / columns), { align: 'auto' });
  }, [model.selected, columns, model.queue?.snapshot]);

  const cards = virtualizer.current.getVirtualItems().flatMap((row) =>
    Array.from({ length: columns }, (_, column) => {
      const place = row.index * columns + column;
      if (place >= model.total) return null;
      const style = {
        transform: `translate(${GAP + column * (CARD_WIDTH + GAP)}px, ${row.start}px)`,
        width: `${CARD_WIDTH}px`,
        height: `${CARD_HEIGHT}px`,
      };
      const isSelected = place === model.selected;
      return (
        // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the listbox that the option belongs to
        <div
          key={place}
          id={`unit-${place}`}
          role="option"
          tabIndex={-1}
          aria-selected={isSelected}
          aria-setsize={model.total}
          aria-posinset={place + 1}
          class={isSelected ? 'card selected' : 'card'}
          style={style}
          onClick={() => model.select(place)}
          onDblClick={onOpen}
        >
          <Card item={model.itemAt(place)} />
        </div>
      );
    }),
  );
  return (
    <div
      ref={scroller}
      class="grid"
      role="listbox"
      tabIndex={0}
      aria-label="Series units, most doubtful first"
      aria-activedescendant={model.total > 0 ? `unit-${model.selected}` : undefined}
    >
      <div
        role="presentation"
        class="grid-inner"
        style={{ height: `${virtualizer.current.getTotalSize()}px` }}
      >
        {cards}
      </div>
    </div>
  );
}

function Card({ item }: { readonly item: QueueItem | undefined }) {
  if (item === undefined) return <span class="loading">…</span>;
  return (
    <>
      <img src={thumbnailOf(item.unit)} alt="" width={300} height={100} loading="eager" decoding="async" />
      <span class="card-labels">
        {TASKS.map((task) => {
          const { label, score, agreement } = item.tasks[task];
          const given = item.decision?.labels?.[task];
          const isChanged = given !== undefined && given !== label;
          const kind = isChanged ? 'changed' : agreement === 'conflict' ? 'conflict' : '';
          return (
            <span key={task} class={`label ${kind}`}>
              {showLabel(task, given ?? label)}
              {isChanged ? null : <small>{percent(score)}</small>}
            </span>
          );
        })}
      </span>
      <span class="card-foot">
        <code>{item.unit.slice(0, 10)}</code>
        {item.conflict > 1 ? <span class="mark conflict">header differs</span> : null}
        {item.decision === null ? null : (
          <span class={`mark ${item.decision.action}`}>{describeDecision(item.decision)}</span>
        )}
      </span>
    </>
  );
}
