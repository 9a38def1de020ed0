// A tensor in memory to a label for each task: what a run does with each series unit (`classify`).
import fs from 'node:fs';
import { loadBundle } from '../../dist/models/bundle.js';
import { createClassifier } from '../../dist/models/classifier.js';
import { serveRounds } from '../harness/serve-rounds.mjs';

async function serieswise({ bundleFolder, tensorFile, threads, repeats }) {
  const classifier = await createClassifier(await loadBundle(bundleFolder), { provider: 'cpu', threads });
  const tensor = fs.readFileSync(tensorFile);
  const work = async () => {
    let predictions;
    // A tensor is given away, so each is one of its own, as in a run.
    for (let time = 0; time < repeats; time += 1)
      predictions = await classifier.classify(new Uint8Array(tensor));
    const logits = Object.fromEntries(predictions.map(({ task, logits }) => [task, logits]));
    return { logits, scale: 1 / repeats };
  };
  return { work };
}

await serveRounds({ serieswise });
