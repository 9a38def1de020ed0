// How the tools of a row are started: ours and floors from bench/tools/, peers from bench/peers/.
import path from 'node:path';
import { root } from './paths.mjs';
import { peerEnvironment, peerPython } from './peers.mjs';
import { startResident } from './tools.mjs';

/** A tool of bench/tools/FILE. */
export function node(file, tool, args) {
  const script = path.join(root, 'bench/tools', file);
  return () => startResident([process.execPath, script, tool, JSON.stringify(args)]);
}

/** A tool of bench/peers/FILE. */
export function python(file, tool, args, options = {}) {
  const script = path.join(root, 'bench/peers', file);
  return () =>
    startResident(
      [options.python ?? peerPython, script, tool, JSON.stringify(args)],
      options.env ?? peerEnvironment(),
    );
}

/** Every tool did the same number of everything that it counts. @throws Error */
export function agreeOn(...keys) {
  return (results) => {
    const told = new Map([...results].filter(([, result]) => keys.every((key) => key in result)));
    const [[first, expected]] = told;
    for (const [name, result] of told)
      for (const key of keys)
        if (JSON.stringify(result[key]) !== JSON.stringify(expected[key]))
          throw new Error(`${name} and ${first} differ in ${key}: ${result[key]}, ${expected[key]}`);
    return `${[...told.keys()].join(', ')}: equal ${keys.join(', ')}`;
  };
}
