/** The queue as pictures: as many rows as fit are there, whatever the length of the queue. */
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { QueueItem, Task } from '../contracts.ts';
import { thumbnailOf } from './api.ts';
import { percent, showLabel } from './labels.ts';
import { describeDecision, type ReviewModel } from './review-model.ts';

/** Cards are at least so wide, and share out what is left of the row. */
const LEAST_WIDTH = 290;
const TEXT_HEIGHT = 70;
const GAP = 12;

interface GridProps {
  readonly model: ReviewModel;
  /** Told how many cards stand in a row, for the arrow keys. */
  readonly onColumns: (columns: number) => void;
  readonly onOpen: () => void;
}

export function Grid({ model, onColumns, onOpen }: GridProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [{ columns, width }, setLayout] = useState({ columns: 1, width: LEAST_WIDTH });
  // Thumbnails are three squares side by side.
  const height = Math.round(width / 3) + TEXT_HEIGHT;
  const [, redraw] = useState(0);
  const rows = Math.ceil(model.total / columns);
  const virtualizer = useRef<Virtualizer<HTMLDivElement, HTMLDivElement> | null>(null);
  const options = {
    count: rows,
    getScrollElement: () => scroller.current,
    estimateSize: () => height + GAP,
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
      const space = element.clientWidth - GAP;
      const fitting = Math.max(1, Math.floor(space / (LEAST_WIDTH + GAP)));
      setLayout({ columns: fitting, width: Math.floor(space / fitting) - GAP });
      onColumns(fitting);
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => virtualizer.current!.measure(), [height]);
  useEffect(() => {
    virtualizer.current!.scrollToIndex(Math.floor(model.selected / columns), { align: 'auto' });
  }, [model.selected, columns, height, model.queue?.snapshot]);

  const cards = virtualizer.current.getVirtualItems().flatMap((row) =>
    Array.from({ length: columns }, (_, column) => {
      const place = row.index * columns + column;
      if (place >= model.total) return null;
      const style = {
        transform: `translate(${GAP + column * (width + GAP)}px, ${row.start}px)`,
        width: `${width}px`,
        height: `${height}px`,
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
  const chip = (task: Task) => {
    const { label, score, agreement } = item.tasks[task];
    const given = item.decision?.labels?.[task] ?? label;
    const kind = given !== label ? 'changed' : agreement === 'conflict' ? 'conflict' : '';
    return (
      <span class={`label ${kind}`}>
        {showLabel(given)}
        {given === label ? <small>{percent(score)}</small> : null}
      </span>
    );
  };
  return (
    <>
      <img src={thumbnailOf(item.unit)} alt="" width={384} height={128} decoding="async" />
      <span class="card-line">
        {chip('body_part')}
        <code>{item.unit.slice(0, 10)}</code>
      </span>
      <span class="card-line">
        {chip('axis')}
        {chip('contrast')}
        {item.decision === null ? null : (
          <span class={`mark ${item.decision.action}`}>{describeDecision(item.decision)}</span>
        )}
      </span>
    </>
  );
}
