/** All keys. */
import { useEffect, useRef } from 'preact/hooks';

type Group = readonly [name: string, keys: readonly (readonly [key: string, does: string])[]];

const KEYS: readonly Group[] = [
  [
    'Decide',
    [
      ['Enter or A', 'accept the labels as shown, and go on'],
      ['B, V, C', 'change body part, axis, contrast'],
      ['X', 'exclude the unit, and go on'],
      ['U', 'undo the last decision, and go back to it'],
      ['4, 5, …', 'take over what a reader said (adjudicators)'],
    ],
  ],
  [
    'Move',
    [
      ['N or →', 'next unit'],
      ['P or ←', 'previous unit'],
      ['G', 'between grid and single view'],
      ['↑ ↓', 'in the grid by rows; in the single view through slices'],
      ['Page Up, Page Down', 'by a screen; eight slices'],
      ['Home, End', 'first and last unit; first and last slice'],
    ],
  ],
  [
    'Look',
    [
      ['1, 2, 3', 'plane through slices, rows, columns'],
      ['W, Shift+W', 'next and previous window'],
      ['Wheel, drag', 'through slices; move the cross'],
    ],
  ],
  [
    'Else',
    [
      ['F', 'to the filters'],
      ['R', 'load the queue again'],
      ['S', 'progress and sampling'],
      ['L', 'the run'],
      ['?', 'this list'],
      ['Escape', 'close'],
    ],
  ],
];

interface HelpProps {
  readonly isKeyboardOn: boolean;
  readonly onKeyboard: (on: boolean) => void;
  readonly onClose: () => void;
}

export function Help({ isKeyboardOn, onKeyboard, onClose }: HelpProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current!.showModal(), []);
  return (
    <dialog ref={dialog} class="help" aria-label="Keys" onClose={onClose}>
      <h2>Keys</h2>
      <div class="key-groups">
        {KEYS.map(([group, keys]) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {keys.map(([name, does]) => (
                <div key={name}>
                  <dt>
                    <kbd>{name}</kbd>
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={isKeyboardOn}
          onChange={(event) => onKeyboard(event.currentTarget.checked)}
        />
        Single letters are keys (turn off when an input method or a screen reader needs them)
      </label>
      <form method="dialog">
        <button type="submit" class="primary">
          Close
        </button>
      </form>
    </dialog>
  );
}
