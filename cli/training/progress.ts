/** Shows how far training is: a live bar on a terminal, a line an epoch and every few seconds elsewhere. */
import cliProgress from 'cli-progress';

/** A line of the trainer's standard output. */
export interface TrainingEvent {
  event: 'start' | 'read' | 'step' | 'epoch' | 'export' | 'done' | 'interrupted' | 'failed';
  code?: string;
  device?: string;
  torch?: string;
  task?: string;
  epoch?: number;
  epochs?: number;
  done?: number;
  total?: number;
  train_loss?: number;
  validation_loss?: number;
  validation_accuracy?: number;
  best_epoch?: number;
}

const LINE_INTERVAL_MS = 5_000;

export function createTrainingDisplay(stream: NodeJS.WriteStream): {
  show(event: TrainingEvent): void;
  stop(): void;
} {
  const bar = stream.isTTY
    ? new cliProgress.SingleBar(
        { format: '{what} [{bar}] {value}/{total} · {duration_formatted}', stream, clearOnComplete: true },
        cliProgress.Presets.shades_classic,
      )
    : null;
  let running = false;
  let shownAt = Date.now();
  const stop = () => {
    if (running) bar?.stop();
    running = false;
  };
  const say = (text: string) => {
    stop();
    stream.write(`${text}\n`);
  };
  return {
    stop,
    show(event) {
      const { done = 0, total = 0 } = event;
      if (event.event === 'start') say(`torch ${event.torch} on ${event.device}`);
      else if (event.event === 'export') say('exporting and measuring');
      else if (event.event === 'epoch') {
        say(
          `${event.task}: epoch ${event.epoch} of ${event.epochs}, loss ${event.train_loss?.toFixed(4)}, validation ` +
            `${event.validation_loss?.toFixed(4)}, right ${(100 * (event.validation_accuracy ?? 0)).toFixed(1)} % ` +
            `(best epoch ${event.best_epoch})`,
        );
      } else if (event.event === 'step' || event.event === 'read') {
        const what = event.event === 'read' ? 'reading tensors' : `${event.task}, epoch ${event.epoch}`;
        if (bar !== null) {
          if (!running) bar.start(Math.max(1, total), 0, { what });
          running = true;
          bar.setTotal(Math.max(1, total));
          bar.update(done, { what });
        } else if (Date.now() - shownAt >= LINE_INTERVAL_MS) {
          shownAt = Date.now();
          stream.write(`${what}: ${done} of ${total}\n`);
        }
      }
    },
  };
}
