import fs from 'node:fs';
import path from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { describe } from 'vitest';

/** The executable of an installed Chromium, looked for on the PATH without starting it; null where there is none. */
export function findChromium(): string | null {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    const found = folders.map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file));
    if (found !== undefined) return found;
  }
  return null;
}

/** A `describe` that needs a real browser; without one it is skipped by name. */
export const describeWithBrowser = findChromium() === null ? describe.skip : describe;

/** Starts the installed Chromium. */
export function launchBrowser(): Promise<Browser> {
  // Chromium's own sandbox refuses to work for root, which tests in containers are.
  return chromium.launch({ executablePath: findChromium()!, args: ['--no-sandbox'] });
}
