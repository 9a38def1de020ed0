/** Labels of a task to choose from, by number, by letters or with the arrows. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { QueueItem, Task } from '../contracts.ts';
import { showLabel, TASK_NAMES } from './labels.ts';

interface PaletteProps {
  readonly task: Task;
  readonly item: QueueItem;
  readonly labels: readonly string[];
  readonly onChoose: (label: string) => void;
  readonly onClose: () => void;
}

export function Palette({ task, item, labels, onChoose, onClose }: PaletteProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState('');
  const [active, setActive] = useState(0);
  // What is likely comes first: the second guess and the header's claim are most of all corrections.
  const { second, header } = item.tasks[task];
  const likely = [header, second].filter(
    (label): label is string => label !== null && labels.includes(label),
  );
  const ordered = [...new Set([...likely, ...labels])];
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = ordered.filter((label) =>
    words.every((word) => showLabel(label).toLowerCase().includes(word)),
  );
  useEffect(() => dialog.current!.showModal(), []);
  const onKeyDown = (event: KeyboardEvent) => {
    const digit = /^[1-9]$/.test(event.key) ? found[Number(event.key) - 1] : undefined;
    if (event.key === 'ArrowDown') setActive(Math.min(found.length - 1, active + 1));
    else if (event.key === 'ArrowUp') setActive(Math.max(0, active - 1));
    else if (event.key === 'Enter' && found[active] !== undefined) onChoose(found[active]);
    else if (digit !== undefined) onChoose(digit);
    else return;
    event.preventDefault();
  };
  return (
    <dialog ref={dialog} class="palette" aria-label={`${TASK_NAMES[task]} is`} onClose={onClose}>
      <input
        type="text"
        role="combobox"
        aria-label={`${TASK_NAMES[task]}: type to find`}
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found[active] === undefined ? undefined : `palette-${active}`}
        placeholder={`${TASK_NAMES[task]} …`}
        autocomplete="off"
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div
        id="palette-list"
        class="options"
        role="listbox"
        aria-label={`Labels of ${TASK_NAMES[task].toLowerCase()}`}
      >
        {found.map((label, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the input above has the focus and the keys
          <div
            key={label}
            id={`palette-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            onClick={() => onChoose(label)}
          >
            {index < 9 ? <kbd>{index + 1}</kbd> : <span class="no-key" />}
            <span>{showLabel(label)}</span>
            <small>{label === header ? 'header' : label === second ? 'second guess' : ''}</small>
          </div>
        ))}
      </div>
    </dialog>
  );
}
