/** One unit: its pictures, what the model and the header say, and what the reader decides. */
import type { QueueItem, Task } from '../contracts.ts';
import { percent, showLabel, showReason, TASK_KEYS, TASK_NAMES, TASKS } from './labels.ts';
import { describeDecision, type ReviewModel } from './review-model.ts';
import { type Sight, Viewer } from './viewer.tsx';

interface SingleProps {
  readonly model: ReviewModel;
  readonly sight: Sight;
  readonly onSight: (sight: Sight) => void;
  readonly onRelabel: (task: Task) => void;
}

export function Single({ model, sight, onSight, onRelabel }: SingleProps) {
  const item = model.current;
  if (item === undefined)
    return <p class="empty">{model.total === 0 ? 'Nothing is left here.' : 'Loading…'}</p>;
  return (
    <div class="single">
      <Viewer {...{ model, item, sight, onSight }} />
      <aside aria-label="Labels and decision">
        <h2>
          <code>{item.unit}</code>
        </h2>
        <p class="soft tabular">
          {item.place + 1} of {model.total.toLocaleString('en-US')}
          {item.decision === null ? null : (
            <span class={`mark ${item.decision.action}`}>{describeDecision(item.decision)}</span>
          )}
        </p>
        {TASKS.map((task) => (
          <TaskPanel key={task} {...{ model, item, task, onRelabel }} />
        ))}
        {item.others.length > 0 ? <Readers model={model} item={item} /> : null}
        <div class="actions">
          <Action name="Accept" keys="Enter" kind="primary" onClick={() => model.accept()} />
          <Action name="Exclude" keys="X" onClick={() => model.exclude()} />
          <Action name="Undo" keys="U" onClick={() => model.undo()} />
          <Action name="Previous" keys="P" onClick={() => model.select(model.selected - 1)} />
          <Action name="Next" keys="N" onClick={() => model.select(model.selected + 1)} />
        </div>
        <Why item={item} />
        <dl class="facts">
          {item.facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </aside>
    </div>
  );
}

interface ActionProps {
  readonly name: string;
  readonly keys: string;
  readonly kind?: string;
  readonly onClick: () => unknown;
}

function Action({ name, keys, kind = '', onClick }: ActionProps) {
  return (
    <button type="button" class={kind} onClick={() => void onClick()}>
      {name} <kbd>{keys}</kbd>
    </button>
  );
}

interface TaskPanelProps {
  readonly model: ReviewModel;
  readonly item: QueueItem;
  readonly task: Task;
  readonly onRelabel: (task: Task) => void;
}

function TaskPanel({ model, item, task, onRelabel }: TaskPanelProps) {
  const { label, score, second, header, agreement } = item.tasks[task];
  const given = model.labelsOf(item)[task];
  return (
    <section class="task" data-task={task}>
      <h3>{TASK_NAMES[task]}</h3>
      <p class="given">
        <b class={given === label ? '' : 'changed'}>{showLabel(given)}</b>
        <button type="button" onClick={() => onRelabel(task)}>
          Change<span class="hidden"> {TASK_NAMES[task].toLowerCase()}</span>{' '}
          <kbd>{TASK_KEYS[task].toUpperCase()}</kbd>
        </button>
      </p>
      <div class="score" role="presentation">
        <i style={{ width: `${100 * score}%` }} />
      </div>
      <p class="soft">
        {given === label ? '' : `Model: ${showLabel(label)}, `}
        {percent(score)}
        {second === null || second === label ? '' : `, then ${showLabel(second)}`}
      </p>
      <p class={agreement === 'conflict' ? 'header conflict' : 'header soft'}>
        {header === null
          ? 'Header is silent'
          : `Header: ${showLabel(header)}${agreement === 'conflict' ? ', which differs' : ''}`}
      </p>
    </section>
  );
}

/** What readers said, for the adjudicator. */
function Readers({ model, item }: { readonly model: ReviewModel; readonly item: QueueItem }) {
  return (
    <section class="readers">
      <h3>Readers</h3>
      {item.others.map((other, index) => (
        <button key={other.reader} type="button" onClick={() => void model.adopt(other)}>
          <kbd>{index + 4}</kbd> {other.reader}:{' '}
          {other.labels === null ? 'exclude' : TASKS.map((task) => showLabel(other.labels![task])).join(', ')}
        </button>
      ))}
    </section>
  );
}

function Why({ item }: { readonly item: QueueItem }) {
  const factors = [
    ['conflict', item.conflict.toFixed(0)],
    ['uncertainty', item.uncertainty.toFixed(2)],
    ['rarity', item.rarity.toFixed(1)],
  ];
  return (
    <details class="why">
      <summary>Why it stands here</summary>
      <p class="soft tabular">
        {factors.map(([name, value]) => `${name} ${value}`).join(' × ')} ={' '}
        {(item.conflict * item.uncertainty * item.rarity).toFixed(2)}
      </p>
      {item.reasons.length === 0 ? null : (
        <ul>
          {item.reasons.map((reason) => (
            <li key={reason}>{showReason(reason)}</li>
          ))}
        </ul>
      )}
    </details>
  );
}
