/** How far the review is: readers, agreement, acceptance sampling. */
import { useEffect, useState } from 'preact/hooks';
import type { ProgressReply, SampleReply } from '../contracts.ts';
import { getProgress, postSample } from './api.ts';
import { count, percent, TASK_NAMES } from './labels.ts';
import type { ReviewModel } from './review-model.ts';

export function Progress({ model, onRead }: { readonly model: ReviewModel; readonly onRead: () => void }) {
  const [progress, setProgress] = useState<ProgressReply | null>(null);
  useEffect(() => {
    getProgress().then(setProgress, (error: Error) => model.say(error.message, 'bad'));
  }, []);
  if (progress === null) return <p class="empty">Loading…</p>;
  const { units, resolved, disputed, excluded, readers, agreement } = progress;
  return (
    <div class="sheet">
      <h2>Progress</h2>
      <ul class="cards">
        <Card value={count(resolved)} name={`of ${count(units)} units reviewed`} />
        <Card value={percent(units === 0 ? 0 : resolved / units, 1)} name="of the queue" />
        <Card value={count(excluded)} name="excluded by someone" />
        {model.session?.role === 'adjudicator' ? <Card value={count(disputed)} name="disputed" /> : null}
      </ul>
      {readers.length === 0 ? <p class="soft">Nothing is decided yet.</p> : null}
      <table hidden={readers.length === 0}>
        <caption>Readers</caption>
        <thead>
          <tr>
            <th scope="col">Reader</th>
            <th scope="col">Role</th>
            <th scope="col">Decided</th>
            <th scope="col">Relabelled</th>
            <th scope="col">Excluded</th>
            <th scope="col">Seconds a unit (median)</th>
          </tr>
        </thead>
        <tbody>
          {readers.map((each) => (
            <tr key={`${each.reader} ${each.role}`}>
              <th scope="row">{each.reader}</th>
              <td>{each.role}</td>
              <td>{count(each.decided)}</td>
              <td>{count(each.relabelled)}</td>
              <td>{count(each.excluded)}</td>
              <td>{each.medianSeconds?.toFixed(1) ?? ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {model.session?.role === 'adjudicator' ? (
        <table>
          <caption>Agreement of readers on units that both have labelled</caption>
          <thead>
            <tr>
              <th scope="col">Readers</th>
              <th scope="col">Task</th>
              <th scope="col">Units</th>
              <th scope="col">Agree</th>
              <th scope="col">Cohen’s kappa</th>
              <th scope="col">95 % interval</th>
            </tr>
          </thead>
          <tbody>
            {agreement.map((each) => (
              <tr key={`${each.first} ${each.second} ${each.task}`}>
                <th scope="row">
                  {each.first}, {each.second}
                </th>
                <td>{TASK_NAMES[each.task]}</td>
                <td>{count(each.units)}</td>
                <td>{each.observed === null ? '' : percent(each.observed, 1)}</td>
                <td>{each.kappa?.toFixed(3) ?? 'undefined'}</td>
                <td>{each.low === null ? '' : `${each.low.toFixed(3)} to ${each.high!.toFixed(3)}`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <p class="soft">How readers agree is shown to adjudicators: readers stay blind to one another.</p>
      )}
      <Sampling model={model} onRead={onRead} />
    </div>
  );
}

function Card({ value, name }: { readonly value: string; readonly name: string }) {
  return (
    <li>
      <b>{value}</b>
      <span>{name}</span>
    </li>
  );
}

function Sampling({ model, onRead }: { readonly model: ReviewModel; readonly onRead: () => void }) {
  const [errorPercent, setErrorPercent] = useState(1.5);
  const [confidencePercent, setConfidencePercent] = useState(95);
  const [allowedErrors, setAllowedErrors] = useState(0);
  // With what was asked: the fields may say something else by the time of the answer.
  const [answer, setAnswer] = useState<Answer | null>(null);
  const filter = { ...model.filter, state: 'all' as const, sample: null };
  useEffect(() => {
    const isValid =
      errorPercent > 0 && errorPercent < 100 && confidencePercent > 50 && confidencePercent < 100;
    if (!isValid || !(allowedErrors >= 0)) return undefined;
    let isLatest = true;
    postSample(filter, errorPercent / 100, confidencePercent / 100, allowedErrors).then(
      (reply) => {
        if (isLatest) setAnswer({ reply, errorPercent, confidencePercent });
      },
      (error: Error) => model.say(error.message, 'bad'),
    );
    return () => {
      isLatest = false;
    };
  }, [errorPercent, confidencePercent, allowedErrors]);
  const number = (name: string, value: number, step: number, onValue: (value: number) => void) => (
    <label>
      {name}
      <input
        type="number"
        value={value}
        min={0}
        step={step}
        onInput={(event) => onValue(Number(event.currentTarget.value))}
      />
    </label>
  );
  return (
    <section class="sampling">
      <h2>Acceptance sampling</h2>
      <p class="soft">
        How many units, drawn at random, have to be read to show that few labels are wrong. A unit is wrong
        when one of its labels is, or when it has to be excluded.
      </p>
      <div class="row">
        {number('Show an error below, %', errorPercent, 0.5, setErrorPercent)}
        {number('With confidence, %', confidencePercent, 1, setConfidencePercent)}
        {number('Allowing wrong units', allowedErrors, 1, setAllowedErrors)}
      </div>
      {answer === null ? null : <Verdict {...{ model, ...answer, onRead }} />}
    </section>
  );
}

interface Answer {
  readonly reply: SampleReply;
  readonly errorPercent: number;
  readonly confidencePercent: number;
}

interface VerdictProps extends Answer {
  readonly model: ReviewModel;
  readonly onRead: () => void;
}

function Verdict({ model, reply, errorPercent, confidencePercent, onRead }: VerdictProps) {
  const { population, needed, read, errors, mostErrorRate, low, high, shown } = reply;
  if (needed === null)
    return <p>No sample of {count(population)} can show that: it would take more units than there are.</p>;
  const begin = async () => {
    await model.load({ ...model.filter, state: 'all', sample: needed });
    onRead();
  };
  return (
    <>
      <p class={shown ? 'verdict shown' : 'verdict'}>
        {shown ? 'Shown. ' : ''}Read <b>{count(needed)}</b> of {count(population)} to show an error below{' '}
        {errorPercent} % with {confidencePercent} % confidence. <b>{count(read)}</b> read,{' '}
        <b>{count(errors)}</b> wrong.
      </p>
      {mostErrorRate === null ? null : (
        <p class="soft">
          So far: at most {percent(mostErrorRate, 2)} wrong with {confidencePercent} % confidence (exact,
          drawing without replacement); 95 % interval of Clopper and Pearson {percent(low!, 2)} to{' '}
          {percent(high!, 2)}.
        </p>
      )}
      <button type="button" class="primary" onClick={() => void begin()}>
        Read this sample
      </button>
    </>
  );
}
