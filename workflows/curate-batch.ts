import { cpu, gpu } from './activity-proxies.ts';
import { forEachBounded } from './bounded.ts';
import type { CurateBatchInput, CurateBatchResult } from './contracts.ts';
import { watchPause } from './pause.ts';

/** Takes one batch (whole studies) through deidentify, group, preprocess, classify and publish. */
export async function curateBatch(input: CurateBatchInput): Promise<CurateBatchResult> {
  const { run, limits, batch } = input;
  const { classifyUnits } = gpu(input.gpuTaskQueue);
  const pause = watchPause(false);
  const { unchanged } = await cpu.deidentifyBatch({ run, batch });
  if (unchanged) return { unchanged, instances: {}, series: {} };
  if (pause.isOn) await pause.over();
  const { pending } = await cpu.groupBatch({ run, batch });
  const chunks = Math.ceil(pending / limits.unitsPerActivity);
  await forEachBounded({ from: 0, to: chunks, limit: limits.openUnitActivities, pause }, async (chunk) => {
    const from = chunk * limits.unitsPerActivity;
    const units = { run, batch, from, to: Math.min(from + limits.unitsPerActivity, pending) };
    await cpu.preprocessUnits(units);
    if (pause.isOn) await pause.over();
    await classifyUnits(units);
  });
  if (pause.isOn) await pause.over();
  const { instances, series } = await cpu.publishBatch({ run, batch });
  return { unchanged: false, instances, series };
}
