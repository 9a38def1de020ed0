import { condition, defineSignal, setHandler } from '@temporalio/workflow';
import { PAUSE_SIGNAL, RESUME_SIGNAL } from './contracts.ts';

export const pauseSignal = defineSignal(PAUSE_SIGNAL);
export const resumeSignal = defineSignal(RESUME_SIGNAL);

/**
 * Whether a workflow may begin further steps. Ask `isOn` before `over` is awaited: where nothing was paused, nothing is
 * added to a history, and histories from before there were pauses replay.
 */
export interface Pause {
  readonly isOn: boolean;
  /** @throws CancelledFailure when the workflow is cancelled meanwhile */
  over(): Promise<void>;
}

/** @param onChange told after each signal that changes something */
export function watchPause(isOnAtStart: boolean, onChange: (isOn: boolean) => void = () => {}): Pause {
  let isOn = isOnAtStart;
  const set = (value: boolean) => {
    if (isOn === value) return;
    isOn = value;
    onChange(value);
  };
  setHandler(pauseSignal, () => set(true));
  setHandler(resumeSignal, () => set(false));
  return {
    get isOn() {
      return isOn;
    },
    over: () => condition(() => !isOn),
  };
}
