/** What the queue shows. */
import { FACETS, type QueueRequest, STATES } from '../contracts.ts';
import { count, showReason } from './labels.ts';
import { NO_FILTER, type ReviewModel } from './review-model.ts';

const STATE_NAMES: Readonly<Record<(typeof STATES)[number], string>> = {
  all: 'All',
  open: 'Not read by me',
  decided: 'Read by me',
  relabelled: 'Relabelled by me',
  excluded: 'Excluded by me',
  disputed: 'Readers differ',
};
const FACET_NAMES: Readonly<Record<(typeof FACETS)[number], string>> = {
  body_part: 'Body part',
  axis: 'Axis',
  contrast: 'Contrast',
  reason: 'Reason for review',
  manufacturer: 'Manufacturer',
};

export function Filters({ model }: { readonly model: ReviewModel }) {
  const { filter, session } = model;
  const set = (change: Partial<QueueRequest>) => void model.load({ ...filter, sample: null, ...change });
  const states = STATES.filter((state) => state !== 'disputed' || session?.role === 'adjudicator');
  return (
    <form class="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      <label>
        Show
        <select
          id="first-filter"
          value={filter.state}
          onChange={(event) => set({ state: event.currentTarget.value as QueueRequest['state'] })}
        >
          {states.map((state) => (
            <option key={state} value={state}>
              {STATE_NAMES[state]}
            </option>
          ))}
        </select>
      </label>
      {FACETS.map((facet) => (
        <label key={facet}>
          {FACET_NAMES[facet]}
          <select
            value={filter.facets[facet] ?? ''}
            onChange={(event) => set({ facets: { ...filter.facets, [facet]: event.currentTarget.value } })}
          >
            <option value="">Any</option>
            {session?.facets[facet].map(({ value, count: n }) => (
              <option key={value} value={value}>
                {showReason(value)} ({count(n)})
              </option>
            ))}
          </select>
        </label>
      ))}
      <label>
        Key begins with
        <input
          type="text"
          value={filter.key}
          spellcheck={false}
          autocomplete="off"
          placeholder="su…"
          maxLength={26}
          onChange={(event) => set({ key: event.currentTarget.value.trim().toLowerCase() })}
        />
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={filter.conflicts}
          onChange={(event) => set({ conflicts: event.currentTarget.checked })}
        />
        Header differs
      </label>
      <button type="button" onClick={() => void model.load({ ...NO_FILTER, state: 'all' })}>
        Clear
      </button>
      <button type="button" onClick={() => void model.load(filter)}>
        Load again <kbd>R</kbd>
      </button>
      {filter.sample === null ? null : (
        <p class="note">A random sample of {count(model.total)}, in the order in which it was drawn.</p>
      )}
    </form>
  );
}
