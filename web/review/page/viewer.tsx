/** The model input of a unit in three planes. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { QueueItem, SessionReply } from '../contracts.ts';
import { type LoadedVolume, thumbnailOf } from './api.ts';
import {
  axesOfPlane,
  drawPlane,
  greysOf,
  nameOfPlane,
  PLANES,
  type Plane,
  ratioOf,
  WINDOWS,
} from './planes.ts';
import type { ReviewModel } from './review-model.ts';

/** Where one looks; kept from unit to unit, as a share of each dimension. */
export interface Sight {
  readonly plane: Plane;
  readonly window: number;
  readonly at: readonly [number, number, number];
}

export const FIRST_SIGHT: Sight = { plane: 0, window: 0, at: [0.5, 0.5, 0.5] };

/** Moves the plane that is looked at by some of its slices. */
export function scroll(sight: Sight, shape: SessionReply['shape'], plane: Plane, by: number): Sight {
  const last = shape[plane] - 1;
  const index = Math.min(last, Math.max(0, Math.round(sight.at[plane] * last) + by));
  const at = sight.at.map((share, each) => (each === plane ? index / Math.max(1, last) : share));
  return { ...sight, at: at as unknown as Sight['at'] };
}

interface ViewerProps {
  readonly model: ReviewModel;
  readonly item: QueueItem;
  readonly sight: Sight;
  readonly onSight: (sight: Sight) => void;
}

type Shown = { unit: string; volume: LoadedVolume } | { unit: string; problem: string } | null;

export function Viewer({ model, item, sight, onSight }: ViewerProps) {
  const [shown, setShown] = useState<Shown>(null);
  const { shape, windowHu } = model.session!;
  useEffect(() => {
    let isCurrent = true;
    model.volumeOf(item.place)?.then(
      (volume) => isCurrent && setShown({ unit: item.unit, volume }),
      (error: Error) => isCurrent && setShown({ unit: item.unit, problem: error.message }),
    );
    return () => {
      isCurrent = false;
    };
  }, [item.unit]);

  const isReady = shown !== null && shown.unit === item.unit;
  const volume = isReady && 'volume' in shown ? shown.volume : null;
  const problem = isReady && 'problem' in shown ? shown.problem : null;
  const greys = greysOf(windowHu, WINDOWS[sight.window]!.hu);
  const order = [sight.plane, ...PLANES.filter((plane) => plane !== sight.plane)];
  if (problem !== null) {
    return (
      <div class="viewer no-voxels">
        <p role="status">{problem}</p>
        <img src={thumbnailOf(item.unit)} alt={`Three planes of ${item.unit}`} />
      </div>
    );
  }
  return (
    <div class="viewer" data-unit={volume === null ? '' : item.unit}>
      {order.map((plane, position) => (
        <PlaneView
          key={plane}
          {...{ item, sight, onSight, plane, shape, volume, greys }}
          isMain={position === 0}
        />
      ))}
      <fieldset class="windows">
        <legend class="hidden">Window</legend>
        {WINDOWS.map(({ name, hu }, index) => (
          <button
            type="button"
            key={name}
            aria-pressed={index === sight.window}
            title={`${(hu ?? windowHu)[0]} to ${(hu ?? windowHu)[1]} HU`}
            onClick={() => onSight({ ...sight, window: index })}
          >
            {name}
          </button>
        ))}
        <span class="soft">
          {WINDOWS[sight.window]!.hu?.join(' to ') ?? windowHu.join(' to ')} HU
          {volume?.isMade ? ' · made again from DICOM' : ''}
        </span>
      </fieldset>
    </div>
  );
}

interface PlaneProps {
  readonly item: QueueItem;
  readonly sight: Sight;
  readonly onSight: (sight: Sight) => void;
  readonly plane: Plane;
  readonly isMain: boolean;
  readonly shape: SessionReply['shape'];
  readonly volume: LoadedVolume | null;
  readonly greys: Uint8Array;
}

function PlaneView({ item, sight, onSight, plane, isMain, shape, volume, greys }: PlaneProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const last = shape[plane] - 1;
  const index = Math.round(sight.at[plane] * last);
  const name = nameOfPlane(item.plane, plane);
  const axes = axesOfPlane(item.plane, plane);
  const [vertical, horizontal] = axes;
  useLayoutEffect(() => {
    if (volume === null) return;
    drawPlane(canvas.current!, volume.data, shape, { plane, axes, index }, greys);
    canvas.current!.dataset.unit = item.unit;
  }, [volume, index, sight.window]);

  const point = (event: PointerEvent) => {
    if (event.type === 'pointermove' && (event.buttons & 1) === 0) return;
    const box = canvas.current!.getBoundingClientRect();
    const share = (value: number) => Math.min(1, Math.max(0, value));
    const at = [...sight.at] as [number, number, number];
    at[vertical] = share((event.clientY - box.top) / box.height);
    at[horizontal] = share((event.clientX - box.left) / box.width);
    onSight({ ...sight, at });
  };
  return (
    <figure class={isMain ? 'plane main' : 'plane'}>
      <figcaption>
        <button
          type="button"
          aria-pressed={isMain}
          onClick={() => onSight({ ...sight, plane })}
          title={`Key ${plane + 1}`}
        >
          {name}
        </button>
        <span class="tabular">
          {index + 1} / {last + 1}
        </span>
      </figcaption>
      <div
        class="stage"
        onWheel={(event) => {
          event.preventDefault();
          onSight(scroll(sight, shape, plane, Math.sign(event.deltaY)));
        }}
      >
        <div
          class="picture"
          style={{ '--ratio': ratioOf(item.extentMm ?? shape, axes) }}
          onPointerDown={point}
          onPointerMove={point}
        >
          <canvas
            ref={canvas}
            width={shape[horizontal]}
            height={shape[vertical]}
            role="img"
            aria-label={`${name} plane, slice ${index + 1} of ${last + 1}`}
          />
          <i class="cross down" style={{ left: `${100 * sight.at[horizontal]!}%` }} />
          <i class="cross across" style={{ top: `${100 * sight.at[vertical]!}%` }} />
        </div>
        {volume === null ? <span class="loading">Loading…</span> : null}
      </div>
      <input
        type="range"
        min={0}
        max={last}
        value={index}
        aria-label={`${name} slice`}
        onInput={(event) => onSight(scroll(sight, shape, plane, Number(event.currentTarget.value) - index))}
      />
    </figure>
  );
}
