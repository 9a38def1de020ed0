import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Crosswalk } from '../../../activities/store/crosswalk.ts';
import { openState, type State } from '../../../activities/store/state.ts';
import type { IdentityPair } from '../../../stages/deidentify/pseudonyms.ts';
import { runProgram } from '../../cli/program.ts';
import { findStrings, makeFolder } from '../../e2e/run-folders.ts';
import { repositoryRoot } from '../../fixtures/shared-data.ts';

const RUN = '0123456789abcdef';
let folder: string;
let state: State;

beforeEach(() => {
  folder = makeFolder('crosswalk');
  state = openState(path.join(folder, 'state'));
});
afterEach(() => {
  delete process.env.SERIESWISE_CROSSWALK_KEY_FILE;
  fs.rmSync(folder, { recursive: true, force: true });
});

const pair = (index: number): IdentityPair => ({
  kind: 'patient',
  pseudonym: `SWPATIENT${index}`,
  source: `ZZCANARY${index}`,
  issuer: 'ZZISSUER',
});
const fill = (batches: number, of: State = state) => {
  const crosswalk = Crosswalk.create(of);
  for (let batch = 0; batch < batches; batch += 1) crosswalk.add(RUN, batch, [pair(batch)]);
};
const sourcesOf = (crosswalk: Crosswalk | null) => {
  const found = new Set<string>();
  const { unreadable } = crosswalk!.read(({ source }) => found.add(source));
  expect(unreadable).toBe(0);
  return found;
};
const keyFile = (name: string, digits: string) => {
  const file = path.join(folder, name);
  fs.writeFileSync(file, digits.repeat(32), { mode: 0o600 });
  return file;
};

describe('the crosswalk', () => {
  it('keeps what was added to a batch before, and shows nothing of it', () => {
    const crosswalk = Crosswalk.create(state);
    crosswalk.add(RUN, 0, [pair(1)]);
    crosswalk.add(RUN, 0, [pair(2)]);
    crosswalk.add(RUN, 0, []);
    expect(sourcesOf(Crosswalk.open(state))).toEqual(new Set(['ZZCANARY1', 'ZZCANARY2']));
    expect(crosswalk.has(RUN, 0)).toBe(true);
    expect(crosswalk.has(RUN, 1)).toBe(false);
    crosswalk.add(RUN, 1, []);
    expect(crosswalk.has(RUN, 1)).toBe(true);
    expect(findStrings([state.folder], ['ZZCANARY', 'ZZISSUER', 'SWPATIENT'])).toEqual([]);
    for (const entry of fs.readdirSync(path.join(state.folder, 'crosswalk'), {
      recursive: true,
      withFileTypes: true,
    })) {
      const mode = fs.statSync(path.join(entry.parentPath, entry.name)).mode & 0o777;
      expect(mode).toBe(entry.isDirectory() ? 0o700 : 0o600);
    }
  });

  it('does not open with another key, and says which one is wanted', () => {
    fill(1);
    process.env.SERIESWISE_CROSSWALK_KEY_FILE = keyFile('other', '5a');
    expect(() => Crosswalk.open(state)).toThrow(/another key.*SERIESWISE_CROSSWALK_KEY_FILE/);
    expect(() => Crosswalk.create(state)).toThrow('another key');
    const strange = { ...state, key: Buffer.alloc(32, 9) };
    delete process.env.SERIESWISE_CROSSWALK_KEY_FILE;
    expect(() => Crosswalk.open(strange)).toThrow('another key');
  });

  it('does not take a part for that of another batch', () => {
    fill(2);
    const parts = path.join(state.folder, 'crosswalk/parts');
    const [first, second] = fs.readdirSync(parts).map((name) => path.join(parts, name));
    for (const name of fs.readdirSync(first!))
      fs.copyFileSync(path.join(first!, name), path.join(second!, 'x.sealed'));
    expect(Crosswalk.open(state)!.read(() => {}).unreadable).toBe(1);
  });
});

describe('rotation', () => {
  it('moves everything to the new key, and the old one opens nothing more', () => {
    fill(5);
    const before = state.key;
    const next = keyFile('next', 'a5');
    expect(Crosswalk.open(state)!.rotate(Buffer.alloc(32, 0xa5))).toBe(5);
    expect(() => Crosswalk.open(state)).toThrow('another key');
    process.env.SERIESWISE_CROSSWALK_KEY_FILE = next;
    expect(sourcesOf(Crosswalk.open(state)).size).toBe(5);
    expect(openState(state.folder).key).toEqual(before);
    expect(Crosswalk.open(state)!.rotate(null)).toBe(5);
    expect(sourcesOf(Crosswalk.open(state)).size).toBe(5);
  });

  it('loses nothing wherever it is cut off, and goes on', () => {
    for (let cut = 1; cut <= 6; cut += 1) {
      const own = openState(path.join(folder, `state-${cut}`));
      fill(6, own);
      const next = Buffer.alloc(32, 0xa5);
      const rotate = () =>
        Crosswalk.open(own)!.rotate(next, (done) => {
          if (done === cut) throw new Error('cut off');
        });
      expect(rotate).toThrow('cut off');
      expect(sourcesOf(Crosswalk.open(own)).size).toBe(6);
      process.env.SERIESWISE_CROSSWALK_KEY_FILE = keyFile('next', 'a5');
      expect(sourcesOf(Crosswalk.open(own)).size).toBe(6);
      delete process.env.SERIESWISE_CROSSWALK_KEY_FILE;
      expect(Crosswalk.open(own)!.rotate(next)).toBe(6 - cut);
      expect(() => Crosswalk.open(own)).toThrow('another key');
      process.env.SERIESWISE_CROSSWALK_KEY_FILE = keyFile('next', 'a5');
      expect(sourcesOf(Crosswalk.open(own)).size).toBe(6);
      delete process.env.SERIESWISE_CROSSWALK_KEY_FILE;
    }
  });

  it('keeps what a run adds meanwhile', () => {
    fill(4);
    const writer = Crosswalk.create(state);
    Crosswalk.open(state)!.rotate(null, (done) => {
      for (let batch = 0; batch < 4; batch += 1) writer.add(RUN, batch, [pair(100 + done * 10 + batch)]);
    });
    const found = sourcesOf(Crosswalk.open(state));
    for (let batch = 0; batch < 4; batch += 1) {
      expect(found.has(`ZZCANARY${batch}`)).toBe(true);
      expect(found.has(`ZZCANARY${110 + batch}`)).toBe(true);
    }
  });

  it('is refused while another one is under way, and takes over from a dead one', () => {
    fill(2);
    const lock = path.join(state.folder, 'crosswalk/rotation.lock');
    Crosswalk.open(state)!.rotate(null, () => {
      expect(() => Crosswalk.open(state)!.rotate(null)).toThrow('under way');
    });
    fs.writeFileSync(lock, '999999999');
    Crosswalk.open(state)!.rotate(null);
    expect(fs.existsSync(lock)).toBe(false);
    expect(sourcesOf(Crosswalk.open(state)).size).toBe(2);
  });

  it('survives kills of the program in the middle', async () => {
    const batches = 400;
    fill(batches);
    const next = keyFile('next', 'a5');
    const args = ['crosswalk', 'rotate', '--new-key', next, '--state', state.folder];
    const keyIds = () => {
      const parts = path.join(state.folder, 'crosswalk/parts');
      const ids = new Set<string>();
      for (const batch of fs.readdirSync(parts))
        for (const name of fs.readdirSync(path.join(parts, batch)))
          if (name.endsWith('.sealed') && !name.startsWith('.'))
            ids.add(fs.readFileSync(path.join(parts, batch, name)).toString('hex', 4, 12));
      return ids.size;
    };
    const child = spawn(path.join(repositoryRoot, 'bin/serieswise'), args, { stdio: 'ignore' });
    const exited = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
    for (let waited = 0; keyIds() < 2 && waited < 3_000; waited += 1) await sleep(5);
    child.kill('SIGKILL');
    expect(await exited).toBe('SIGKILL');
    expect(keyIds()).toBe(2);
    expect(sourcesOf(Crosswalk.open(state)).size).toBe(batches);
    const { exitCode, stderr } = runProgram(args);
    expect(exitCode, stderr).toBe(0);
    expect(keyIds()).toBe(1);
    process.env.SERIESWISE_CROSSWALK_KEY_FILE = next;
    expect(sourcesOf(Crosswalk.open(state)).size).toBe(batches);
  });
});

describe('serieswise crosswalk', () => {
  it('answers in both directions, and with 1, 2 or 3 where it cannot', () => {
    fill(2);
    Crosswalk.create(state).add(RUN, 0, [{ ...pair(0), issuer: null, pseudonym: 'SWOTHER' }]);
    const run = (args: string[], env: NodeJS.ProcessEnv = {}) =>
      runProgram(['crosswalk', ...args, '--state', state.folder], env);
    expect(JSON.parse(run(['lookup', 'SWPATIENT1', '--json']).stdout)).toEqual({
      found: [pair(1)],
      unreadableParts: 0,
    });
    const both = JSON.parse(run(['lookup', '--source', 'ZZCANARY0', '--json']).stdout);
    expect(both.found.map((each: IdentityPair) => each.pseudonym)).toEqual(['SWOTHER', 'SWPATIENT0']);
    const one = JSON.parse(run(['lookup', '--source', 'ZZCANARY0', '--issuer', 'ZZISSUER', '--json']).stdout);
    expect(one.found).toHaveLength(1);
    expect(run(['lookup', 'SWNOBODY']).exitCode).toBe(1);
    expect(run(['lookup']).exitCode).toBe(2);
    const wrong = run(['lookup', 'SWPATIENT1'], {
      SERIESWISE_CROSSWALK_KEY_FILE: keyFile('wrong', '5a'),
    });
    expect(wrong.exitCode).toBe(3);
    expect(wrong.stderr).toContain('another key');
    expect(runProgram(['crosswalk', 'lookup', 'X', '--state', path.join(folder, 'empty')]).exitCode).toBe(2);
  });
});
